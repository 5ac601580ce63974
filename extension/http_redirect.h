/*
 * http_redirect.h
 *		An answer that leads elsewhere.
 */
#ifndef ASYNCDEMO_HTTP_REDIRECT_H
#define ASYNCDEMO_HTTP_REDIRECT_H

#include "http_fetch.h"

/* Has it ended with an answer that is to be followed? */
extern bool redirect_is_due(const Fetch *fetch);

/*
 * Turn it into its own next hop, which the guard has yet to judge.  False when
 * this is its end: with a failure, or because the answer names no place.
 */
extern bool redirect_follow(Fetch *fetch);

#endif /* ASYNCDEMO_HTTP_REDIRECT_H */
