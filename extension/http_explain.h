/*
 * http_explain.h
 *		Why a transfer failed, as a SQLSTATE and a sentence.
 *
 * All functions record the failure in the current memory context and return
 * false.
 */
#ifndef ASYNCDEMO_HTTP_EXPLAIN_H
#define ASYNCDEMO_HTTP_EXPLAIN_H

#include "http_result.h"
#include "http_url.h"

/* libcurl gave up: its code, and its own words for it if it had any. */
extern bool explain_code(int code, const char *error, const HttpUrl *url,
						 HttpFailure *failure);

/* We stopped it; true when that was no failure. */
extern bool explain_stop(const HttpResult *result, const HttpUrl *url,
						 HttpFailure *failure);

/* The guard turned it down, at that address unless it is NULL. */
extern bool explain_refusal(const HttpUrl *url, const char *address,
							HttpFailure *failure);

#endif /* ASYNCDEMO_HTTP_EXPLAIN_H */
