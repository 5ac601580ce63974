/*
 * output_file.h
 *	  A file that is there whole or not at all: written beside its place and
 *	  renamed there at the end.
 *
 * "-" is standard output.  What is no regular file (a pipe, /dev/null), and
 * what lies in a folder where no file can be made, is written in place.
 */
#ifndef OUTPUT_FILE_H
#define OUTPUT_FILE_H

#include <stdio.h>

#include "err.h"

typedef struct OutputFile
{
	const char *path; /* as given */
	char *target;	  /* symbolic links followed */
	char *temporary;  /* NULL: written in place */
	FILE *file;
} OutputFile;

/* Could it be written?  Leaves everything as it was. */
extern bool output_file_check(const char *path, Err *err);

/* The stream to write to, or NULL; the path must live until the end. */
extern FILE *output_file_begin(OutputFile *output, const char *path, Err *err);

/* Close, and put it in its place; also says what failed while writing. */
extern bool output_file_end(OutputFile *output, Err *err);

/* "cannot write "path": why", with a hint; false. */
extern bool output_file_failed(const char *path, int error, Err *err);

#endif /* OUTPUT_FILE_H */
