/*
 * http_hop.c
 *	  One hop of a request: what is asked, and where a redirect leads.
 */
#include "http_hop.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_url.h"
#include "mem.h"

void
http_hop_begin(HttpHop *hop, const HttpRequest *request, int64_t now_ns)
{
	http_hop_clear(hop);
	hop->method = request->method;
	hop->url = request->url;
	hop->body = request->body;
	hop->body_len = request->body_len;
	hop->headers = request->headers;
	hop->nheaders = request->nheaders;
	hop->number = 0;
	hop->started_ns = now_ns;
}

void
http_hop_clear(HttpHop *hop)
{
	free(hop->own_url);
	free(hop->own_headers);
	hop->own_url = NULL;
	hop->own_headers = NULL;
}

bool
http_hop_is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 ||
		   status == 308;
}

/* -------- headers -------- */

static bool
header_is(const char *header, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(header, name, len) == 0 &&
		   (header[len] == ':' || header[len] == ' ');
}

/* It tells nothing about the caller but what it can read. */
static bool
is_for_everybody(const char *header)
{
	return strncasecmp(header, "Accept", 6) == 0 ||
		   header_is(header, "Content-Type") ||
		   header_is(header, "User-Agent");
}

static void
keep_headers(HttpHop *hop, bool elsewhere)
{
	size_t n = (size_t) hop->nheaders;
	const char **kept = mem_alloc(n * sizeof(char *) + 1);
	int nkept = 0;

	for (int i = 0; i < hop->nheaders; i++)
	{
		const char *header = hop->headers[i];

		if ((elsewhere && !is_for_everybody(header)) ||
			(hop->body == NULL && header_is(header, "Content-Type")))
			continue;
		kept[nkept++] = header;
	}
	free(hop->own_headers);
	hop->own_headers = kept;
	hop->headers = kept;
	hop->nheaders = nkept;
}

/* -------- following -------- */

/*
 * libcurl resolves a Location against the URL before, but what it would
 * encode when it follows by itself it leaves as it is when it only tells.
 */
static char *
encoded(const char *location)
{
	Buf text = {0};
	char *url;

	for (const char *p = location; *p != '\0'; p++)
	{
		unsigned char c = (unsigned char) *p;

		if (c == ' ' || c >= 0x80)
			buf_printf(&text, "%%%02X", c);
		else
			buf_putc(&text, *p);
	}
	url = mem_strdup(text.len > 0 ? text.data : "");
	buf_free(&text);
	return url;
}

static bool
same_origin(const HttpUrl *a, const HttpUrl *b)
{
	return a->is_https == b->is_https && a->port == b->port &&
		   a->host_len == b->host_len &&
		   strncasecmp(a->host, b->host, a->host_len) == 0;
}

static void
change_method(HttpHop *hop, int status, bool elsewhere)
{
	bool reads =
		strcmp(hop->method, "GET") == 0 || strcmp(hop->method, "HEAD") == 0;
	bool to_get;

	if (status == 303 || elsewhere)
		to_get = !reads;
	else if (status == 307 || status == 308)
		to_get = false;
	else
		to_get = strcmp(hop->method, "POST") == 0;
	if (to_get)
		hop->method = "GET";
	if (to_get || elsewhere)
	{
		hop->body = NULL;
		hop->body_len = 0;
	}
}

static bool
refuse(const HttpUrl *from, const char *to, const char *why, Err *err)
{
	Buf shown = {.max_bytes = 300};

	http_safe_url(to, &shown);
	err_set(err, ERR_HTTP, "%.*s:%d redirected to %s, %s",
			(int) from->host_len, from->host, from->port, shown.data, why);
	err_hint(err, "take follow= away to see the redirect itself");
	buf_free(&shown);
	return false;
}

bool
http_hop_follow(HttpHop *hop, int status, const char *location, int64_t now_ns,
				Err *err)
{
	char *url = encoded(location);
	HttpUrl from;
	HttpUrl to;
	Err unused;
	bool elsewhere;
	bool may_go = false;

	http_url_parse(hop->url, &from, &unused); /* it led to an answer */
	if (strncasecmp(url, "http://", 7) != 0 &&
		strncasecmp(url, "https://", 8) != 0)
		refuse(&from, url, "a URL that is not HTTP", err);
	else if (!http_url_parse(url, &to, &unused))
		refuse(&from, url, "a URL that cannot be used", err);
	else if (from.is_https && !to.is_https)
		refuse(&from, url, "which leads from https to http", err);
	else
		may_go = true;
	if (!may_go)
	{
		free(url);
		return false;
	}
	elsewhere = !same_origin(&from, &to);
	change_method(hop, status, elsewhere);
	keep_headers(hop, elsewhere);
	free(hop->own_url);
	hop->own_url = url;
	hop->url = url;
	hop->number++;
	hop->started_ns = now_ns;
	return true;
}
