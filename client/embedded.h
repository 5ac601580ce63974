/*
 * embedded.h
 *		Files that are built into the program: the experiments' plans, the
 *		parts of the report's page.
 *
 * The tables are made from experiments/ and page/ when the client is built.
 * They are constant data: nobody frees them, they may be read at any time.
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
extern const EmbeddedFile embedded_page[];

#endif /* EMBEDDED_H */
