/*
 * http_redirect.c
 *		An answer that leads elsewhere.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "http_deadlines.h"
#include "http_log.h"
#include "http_redirect.h"

bool
redirect_is_due(const Fetch *fetch)
{
	int status = fetch->result.status;

	return fetch->failure.sqlstate == 0 && fetch->result.follow &&
		   (status == 301 || status == 302 || status == 303 || status == 307 ||
			status == 308);
}

/* The URL it leads to, or NULL and a failure. */
static HttpUrl *
next_url(Fetch *fetch, const char *location)
{
	HttpUrl *url = fetch->request.url;
	HttpUrl *next;

	if (fetch->redirects_left == 0)
	{
		failure_set(
			&fetch->failure, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
			"redirect from %s is one more than asyncdemo.http_max_redirects",
			url_shown(url));
		return NULL;
	}
	next = url_follow(url, location, &fetch->failure);
	if (next && url->tls && !next->tls)
	{
		failure_set(
			&fetch->failure, ERRCODE_INSUFFICIENT_PRIVILEGE,
			"redirect from %s to %s refused: it leads from https to http",
			url_shown(url), url_shown(next));
		return NULL;
	}
	return next;
}

static void
go_to(Fetch *fetch, HttpUrl *next)
{
	request_redirect(&fetch->request, next, fetch->result.status);
	if (next->tls && fetch->result.tls_ms < 0)
		fetch->result.tls_ms = 0;
	fetch->redirects_left--;
	fetch->hop++;
	deadline_renew_connect(fetch);
}

bool
redirect_follow(Fetch *fetch)
{
	MemoryContext caller = MemoryContextSwitchTo(fetch->cxt);
	char *location = result_header(&fetch->result, "location");
	HttpUrl *next = location ? next_url(fetch, location) : NULL;

	if (next)
		go_to(fetch, next);
	MemoryContextSwitchTo(caller);
	if (location && next == NULL)
		log_hop(fetch->role, &fetch->request, fetch->hop, 0, &fetch->failure,
				"");
	return next != NULL;
}
