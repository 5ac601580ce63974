/*
 * http_log.c
 *		One line in the server's log for a hop of a request.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/elog.h"

#include "http_log.h"
#include "http_settings.h"

bool
log_wants(const HttpFailure *failure)
{
	switch ((HttpLogLevel) http_log)
	{
		case HTTP_LOG_NONE:
			return false;
		case HTTP_LOG_REFUSED:
			return failure->sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE;
		case HTTP_LOG_FAILED:
			return failure->sqlstate != 0;
		case HTTP_LOG_ALL:
			return true;
	}
	return false;
}

void
log_hop(Oid role, const HttpRequest *request, int hop, int status,
		const HttpFailure *failure, const char *address)
{
	const char *role_name;
	const char *verdict = "answered";
	char reason[64];

	if (!log_wants(failure))
		return;
	if (failure->sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE)
		verdict = "refused";
	else if (failure->sqlstate != 0)
		verdict = "failed";
	if (failure->sqlstate != 0)
		snprintf(reason, sizeof(reason), "SQLSTATE %s",
				 unpack_sql_state(failure->sqlstate));
	else
		snprintf(reason, sizeof(reason), "status %d", status);

	role_name = GetUserNameFromId(role, true);

	/* the statement could show what the URL here does not */
	ereport(LOG_SERVER_ONLY,
			(errmsg("asyncdemo: role \"%s\" %s %s hop %d %s (%s) address %s",
					role_name ? role_name : "?", request->method,
					url_shown(request->url), hop, verdict, reason,
					*address ? address : "none"),
			 errhidestmt(true), errhidecontext(true)));
}
