/*
 * serve.h
 *	  The delay server: "asyncdemo serve", and the same as a child process.
 *
 * It answers each request after the time that its URL asks for, so that there
 * is something to wait for.  It is always a process of its own and never
 * shares the client's loop.
 */
#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

/*
 * The whole program: argv[0] is "serve", options follow.  Prints its URL on a
 * line of its own, serves until SIGINT, SIGTERM or the end of the parent's
 * pipe, and returns the exit code: 0, or 1 when it could not serve.
 */
extern int serve_main(int argc, char **argv);

/*
 * A delay server on a free port of the loopback, for this process.  It ends
 * with serve_stop, and by itself when this process ends in whatever way; a
 * Ctrl-C at the terminal does not reach it.  serve_spawn waits up to ten
 * seconds for it; when it fails there is nothing to stop.
 */
typedef struct ServeChild
{
	pid_t pid;
	int parent_fd; /* closing it ends the server */
	char url[128]; /* "http://127.0.0.1:43211/" */
} ServeChild;

extern bool serve_spawn(ServeChild *child, Err *err);
extern void serve_stop(ServeChild *child); /* harmless after a failure */

#endif /* SERVE_H */
