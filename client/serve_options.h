/*
 * serve_options.h
 *	  The command line of the delay server.
 */
#ifndef SERVE_OPTIONS_H
#define SERVE_OPTIONS_H

#include <stdbool.h>

#include "err.h"

typedef struct ServeOptions
{
	int port;			/* 0: any that is free */
	const char *listen; /* as given; points into argv */
	int parent_fd;		/* end when its other end closes; -1: none */
	bool quiet;
	bool help;
} ServeOptions;

/* Parse argv[1] and what follows. */
extern bool serve_options_parse(ServeOptions *options, int argc, char **argv,
								Err *err);

/* Print the help text; returns the exit code. */
extern int serve_options_help(void);

#endif /* SERVE_OPTIONS_H */
