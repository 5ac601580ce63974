/*
 * mem.h
 *	  Memory that is there or ends the program with one line.
 *
 * The client does not pretend to recover from a failed allocation.  free()
 * gives back what these return.
 */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>

extern void *mem_alloc(size_t bytes);			   /* zeroed */
extern void *mem_realloc(void *old, size_t bytes); /* new part not zeroed */
extern char *mem_strdup(const char *text);
extern char *mem_strndup(const char *text, size_t len);
extern void *mem_dup(const void *data, size_t bytes);

#endif /* MEM_H */
