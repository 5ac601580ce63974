/*
 * serve_listen.h
 *	  The listening socket of the delay server.
 */
#ifndef SERVE_LISTEN_H
#define SERVE_LISTEN_H

#include <stdbool.h>

#include "err.h"
#include "serve_options.h"

/* Open it, non-blocking; the caller closes *fd. */
extern bool serve_listen(const ServeOptions *options, int *fd, Err *err);

/*
 * Tell where it listens, on a line of standard output that scripts read; warn
 * on standard error, unless quiet, when that is no loopback address.
 */
extern bool serve_print_url(int fd, bool quiet, Err *err);

#endif /* SERVE_LISTEN_H */
