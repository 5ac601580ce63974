/*
 * arena.h
 *	  Memory that is given back all at once.
 *
 * A plan's steps, texts and expressions live in one arena.  What it hands out
 * is zeroed, aligned for any type, and valid until arena_free.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

typedef struct Arena Arena;

extern Arena *arena_new(void);
extern void *arena_alloc(Arena *arena, size_t bytes);

/* A copy of len bytes with a NUL behind them. */
extern char *arena_text(Arena *arena, const char *text, size_t len);

/* A copy of any bytes. */
extern void *arena_dup(Arena *arena, const void *data, size_t bytes);

/* Take over a block that came from mem_alloc; arena_free frees it too. */
extern void arena_adopt(Arena *arena, void *block);
extern void arena_free(Arena *arena);

#endif /* ARENA_H */
