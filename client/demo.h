/*
 * demo.h
 *	  "asyncdemo demo": the experiments against a real server.
 */
#ifndef DEMO_H
#define DEMO_H

#include <stdio.h>

/*
 * The whole command: argv[0] is "demo", options follow.  Prints to stdout,
 * complains on stderr, and returns the exit code: 0 when every experiment
 * that could be run came out as expected, 1 for a bad command line, 3 when one
 * did not, 4 without a server, 130 when interrupted.
 */
extern int demo_main(int argc, char **argv);

/* For whoever found no server: where one comes with it. */
extern void demo_hint(FILE *out);

#endif /* DEMO_H */
