/*
 * http_log.h
 *		One line in the server's log for a hop of a request.
 */
#ifndef ASYNCDEMO_HTTP_LOG_H
#define ASYNCDEMO_HTTP_LOG_H

#include "http_failure.h"
#include "http_request.h"

/* Does asyncdemo.http_log ask for a hop that ended so? */
extern bool log_wants(const HttpFailure *failure);

/*
 * Write the line if asyncdemo.http_log asks for it: the role, the method, the
 * URL without its secrets, the hop, what became of it, and the address.  The
 * failure's SQLSTATE is 0 when nothing failed.
 */
extern void log_hop(Oid role, const HttpRequest *request, int hop, int status,
					const HttpFailure *failure, const char *address);

#endif /* ASYNCDEMO_HTTP_LOG_H */
