/*
 * http_failure.h
 *		Why a request failed, as a value: it becomes an error in http_fetch and
 *		two columns of a row in the sets.
 */
#ifndef ASYNCDEMO_HTTP_FAILURE_H
#define ASYNCDEMO_HTTP_FAILURE_H

#include "compat.h"

/* Classes of connection trouble that PostgreSQL has no code of its own for. */
#define ERRCODE_HTTP_TIMEOUT MAKE_SQLSTATE('0', '8', 'T', '0', '0')
#define ERRCODE_HTTP_TLS MAKE_SQLSTATE('0', '8', 'T', '0', '1')
#define ERRCODE_HTTP_DEADLINE MAKE_SQLSTATE('0', '8', 'T', '0', '2')
#define ERRCODE_HTTP_MALFORMED MAKE_SQLSTATE('0', '8', 'T', '0', '3')

/* sqlstate 0 means that nothing failed; detail and hint may be NULL. */
typedef struct HttpFailure
{
	int sqlstate;
	char *message;
	char *detail;
	char *hint;
} HttpFailure;

/*
 * Record a failure, its text in the current memory context, and return false,
 * so that a check can end with "return failure_set(...)".
 */
extern bool failure_set(HttpFailure *failure, int sqlstate, const char *format,
						...) printf_like(3, 4);
extern bool failure_set_detail(HttpFailure *failure, const char *format, ...)
	printf_like(2, 3);
extern bool failure_set_hint(HttpFailure *failure, const char *hint);

/* Raise it; who names the request when several are under way, or is NULL. */
pg_noreturn extern void failure_raise(const HttpFailure *failure,
									  const char *who);

/*
 * Bytes that came from outside, fit to be shown: what is not printable ASCII
 * becomes "?", in place.
 */
extern char *failure_make_printable(char *text);

#endif /* ASYNCDEMO_HTTP_FAILURE_H */
