/*
 * http_arguments.h
 *		The arguments of the SQL functions that describe a request.
 */
#ifndef ASYNCDEMO_HTTP_ARGUMENTS_H
#define ASYNCDEMO_HTTP_ARGUMENTS_H

#include "fmgr.h"

#include "http_request.h"

/* url, method, headers, params, body…, content_type, timeout: http_fetch's. */
extern void arguments_get(FunctionCallInfo fcinfo, RequestArguments *args);

/* The same without the method; with bodies or without. */
extern void arguments_get_plain(FunctionCallInfo fcinfo,
								RequestArguments *args);
extern void arguments_get_body(FunctionCallInfo fcinfo,
							   RequestArguments *args);

/* A composite value of type http_request, its columns found by name. */
extern void arguments_from_datum(Datum request, RequestArguments *args);

/*
 * A time-out argument in milliseconds, from least_ms to a day, or missing_ms
 * when it is NULL.  Raises 22023.
 */
extern int64 argument_ms(FunctionCallInfo fcinfo, int number, int64 least_ms,
						 int64 missing_ms, const char *what);

#endif /* ASYNCDEMO_HTTP_ARGUMENTS_H */
