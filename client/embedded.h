/*
 * embedded.h
 *		The experiments' plan files, built into the program.
 *
 * The table is made from experiments/NAME.sql when the client is built.  It is
 * constant data: nobody frees it, and it may be read at any time.
 */
#ifndef EMBEDDED_H
#define EMBEDDED_H

typedef struct EmbeddedFile
{
	const char *name; /* file name without folder: "01_await.sql" */
	const char *text; /* the whole file, as it is in the source */
} EmbeddedFile;

/* Sorted by name in byte order; the last entry's name is NULL. */
extern const EmbeddedFile embedded_experiments[];

#endif /* EMBEDDED_H */
