/*
 * http_url.c
 *		A URL that has been checked and taken apart.
 *
 * What parsers are known to disagree about is refused before libcurl's sees
 * it: blanks and control characters, backslashes, percent signs in a host,
 * one slash or three after the scheme.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <ctype.h>

#include <curl/curl.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "http_charset.h"
#include "http_address.h"
#include "http_url.h"

#define HEX_DIGITS "0123456789ABCDEF"

/* How much of a path a message shows. */
#define SHOWN_PATH_MAX_BYTES 500

static bool
set_url(CURLU *parts, const char *text)
{
	return curl_url_set(parts, CURLUPART_URL, text, 0) == CURLUE_OK;
}

/*
 * Is it written as libcurl would write it?  So are most URLs, and to have them
 * written again costs more than all else that is done to them.  Whatever could
 * be changed says no: capitals, addresses in other spellings, brackets, user
 * info, dots that begin a part of the path, a missing path.
 */
static bool
is_normal(const char *url)
{
	const char *host = strstr(url, "://") + 3;
	size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-.");
	const char *path = host + n;
	const char *query;
	const char *dots;
	char name[HOST_MAX_BYTES + 1];
	struct in_addr address;

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return false;
	if (n == 0 || n > HOST_MAX_BYTES)
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	if (name[0] == '.' || name[n - 1] == '.' || strstr(name, "..") ||
		(isdigit((unsigned char) name[0]) &&
		 inet_pton(AF_INET, name, &address) != 1 &&
		 inet_aton(name, &address) != 0))
		return false;
	if (*path == ':')
	{
		size_t digits = strspn(path + 1, "0123456789");

		if (path[1] == '0' || digits == 0 || digits > 5 ||
			atoi(path + 1) > 65535)
			return false;
		path += 1 + digits;
	}
	query = path + strcspn(path, "?#");
	dots = strstr(path, "/.");
	return *path == '/' && (dots == NULL || dots > query);
}

/*
 * The URL that a reference stands for, seen from a base, as libcurl writes it;
 * without a base the reference is the URL.  NULL when it cannot be understood.
 * libcurl's memory is free again before anything is raised.
 */
static char *
normalise(const char *base, const char *reference)
{
	CURLU *parts = curl_url();
	char *text = NULL;
	char *copy = NULL;
	bool understood;

	understood = parts && (base == NULL || set_url(parts, base)) &&
				 set_url(parts, reference) &&
				 curl_url_get(parts, CURLUPART_URL, &text, 0) == CURLUE_OK;
	if (understood)
		copy = MemoryContextAllocExtended(CurrentMemoryContext,
										  strlen(text) + 1, MCXT_ALLOC_NO_OOM);
	if (copy)
		strcpy(copy, text);
	curl_free(text);
	curl_url_cleanup(parts);
	if (parts == NULL || (understood && copy == NULL))
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return copy;
}

static bool
bad_url(HttpFailure *failure, const char *why)
{
	return failure_set(failure, ERRCODE_INVALID_PARAMETER_VALUE,
					   "invalid URL: %s", why);
}

static bool
check_characters(const char *text, HttpFailure *failure)
{
	for (const char *p = text; *p; p++)
	{
		if (*p == ' ')
			return bad_url(failure, "it has a space, which is written %20");
		if ((unsigned char) *p < ' ' || *p == 0x7f)
			return bad_url(failure, "it has a control character");
		if (*p == '\\')
			return bad_url(failure,
						   "it has a backslash, which is written %5C");
	}
	return true;
}

/* Port 0 may mean any port to a system call: nobody is to be asked there. */
static bool
check_port(const char *digits, const char *end, HttpFailure *failure)
{
	bool zero = digits < end;

	for (; digits < end; digits++)
	{
		if (!isdigit((unsigned char) *digits))
			return bad_url(failure, "the port is not a number");
		zero = zero && *digits == '0';
	}
	if (zero)
	{
		return failure_set(failure, ERRCODE_INSUFFICIENT_PRIVILEGE,
						   "request refused: port 0 is never allowed");
	}
	return true;
}

static bool
check_host(const char *host, const char *end, HttpFailure *failure)
{
	const char *p = host;

	if (host < end && *host == '[')
	{
		p = memchr(host, ']', end - host);
		if (p == NULL)
			return bad_url(failure,
						   "the bracket around the address is never closed");
		p++;
		if (p < end && *p != ':')
			return bad_url(
				failure,
				"after the address in brackets only a port can follow");
	}
	for (; p < end && *p != ':'; p++)
	{
		if (!isalnum((unsigned char) *p) && (*p & 0x80) == 0 &&
			!strchr("-._", *p))
			return bad_url(failure,
						   "the host has a character that no host has");
	}
	if (p == host)
		return bad_url(failure, "the host is missing");
	if (p - host > HOST_MAX_BYTES)
		return bad_url(failure, "the host is longer than a name can be");
	return p == end || check_port(p + 1, end, failure);
}

static bool
is_http_scheme(const char *scheme, size_t length)
{
	return (length == 4 && pg_strncasecmp(scheme, "http", 4) == 0) ||
		   (length == 5 && pg_strncasecmp(scheme, "https", 5) == 0);
}

/* Scheme, "://" and authority; *rest is set to what follows. */
static bool
check_front(const char *text, const char **rest, HttpFailure *failure)
{
	const char *authority = strstr(text, "://");
	const char *host;
	size_t scheme = authority ? authority - text : 0;

	if (scheme == 0 || strcspn(text, "/?#@") < scheme)
		return bad_url(failure,
					   *text ? "it does not begin with http:// or https://"
							 : "it is empty");
	if (!is_http_scheme(text, scheme))
		return bad_url(failure, "the scheme is neither http nor https");

	authority += 3;
	*rest = authority + strcspn(authority, "/?#");
	host = *rest;
	while (host > authority && host[-1] != '@')
		host--;
	/* parsers disagree about which of two begins the host */
	if (host > authority && memchr(authority, '@', host - authority - 1))
		return bad_url(failure, "an @ in user info is written %40");
	return check_host(host, *rest, failure);
}

/* What follows the authority travels in ASCII: UTF-8, percent-encoded. */
static void
append_encoded(StringInfo out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *) text; *p; p++)
	{
		if (*p > ' ' && *p < 0x7f)
			appendStringInfoChar(out, *p);
		else
		{
			appendStringInfoChar(out, '%');
			appendStringInfoChar(out, HEX_DIGITS[*p >> 4]);
			appendStringInfoChar(out, HEX_DIGITS[*p & 15]);
		}
	}
}

/*
 * For people, in the database encoding; what that cannot hold stays encoded.
 * NULL when the bytes of the host are no text at all.
 */
static char *
in_database_encoding(char *url)
{
	size_t n = strlen(url);
	const char *text = charset_from_utf8(url, n);
	StringInfoData encoded;

	if (text || !charset_is_valid(PG_UTF8, url, n))
		return unconstify(char *, text);
	initStringInfo(&encoded);
	append_encoded(&encoded, url);
	return encoded.data;
}

static char *
normal_host(char *host)
{
	size_t length = strlen(host);

	if (host[0] == '[')
	{
		host[length - 1] = '\0';
		host++;
		length -= 2;
	}
	else if (length > 1 && host[length - 1] == '.')
		host[--length] = '\0';
	for (char *p = host; *p; p++)
		*p = pg_ascii_tolower((unsigned char) *p);
	return host;
}

/* Where user info, host, port and path stand in a URL that was checked. */
typedef struct Places
{
	const char *user; /* ends before the @; equal to host if there is none */
	const char *host;
	const char *colon; /* before the port, or equal to path */
	const char *path;
} Places;

static Places
find_places(const char *url)
{
	Places places;

	places.user = strstr(url, "://") + 3;
	places.path = places.user + strcspn(places.user, "/?#");
	places.host = places.path;
	while (places.host > places.user && places.host[-1] != '@')
		places.host--;
	places.colon = places.host;
	if (*places.host == '[')
		places.colon += strcspn(places.host, "]");
	while (places.colon < places.path && *places.colon != ':')
		places.colon++;
	return places;
}

char *
url_shown(const HttpUrl *url)
{
	const char *path = find_places(url->full).path;
	size_t length = strcspn(path, "?");
	bool bracket = strchr(url->host, ':') != NULL;
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s://%s%s%s:%d", url->tls ? "https" : "http",
					 bracket ? "[" : "", url->host, bracket ? "]" : "",
					 url->port);
	appendBinaryStringInfo(&text, path,
						   (int) Min(length, SHOWN_PATH_MAX_BYTES));
	if (length > SHOWN_PATH_MAX_BYTES)
		appendStringInfoString(&text, "...");
	failure_make_printable(text.data);
	if (path[length] == '?')
		appendStringInfoString(&text, GetDatabaseEncoding() == PG_UTF8
										  ? "?\xe2\x80\xa6"
										  : "?...");
	return text.data;
}

/* Take apart what libcurl has written; false when a part is missing. */
static bool
fill_url(HttpUrl *url, char *full)
{
	Places places = find_places(full);
	HttpAddress address;

	full[strcspn(full, "#")] = '\0';
	url->full = full;
	url->tls = pg_ascii_tolower((unsigned char) full[4]) == 's';
	url->host = normal_host(pnstrdup(places.host, places.colon - places.host));
	url->port = url->tls ? 443 : 80;
	if (places.colon < places.path)
		url->port = atoi(places.colon + 1);
	url->is_address = address_parse(url->host, &address);
	url->plain = full;
	if (places.user < places.host)
		url->plain =
			psprintf("%.*s%s", (int) (places.user - full), full, places.host);
	url->plain = in_database_encoding(url->plain);
	return *url->host != '\0' && url->plain != NULL &&
		   strlen(full) <= URL_MAX_BYTES;
}

static bool
needs_encoding(const char *text)
{
	for (; *text; text++)
	{
		if ((unsigned char) *text >= 0x7f)
			return true;
	}
	return false;
}

/* The text without its fragment, which is never sent, encoded, with a query.
 */
static char *
complete(const char *text, const char *rest, const char *query)
{
	StringInfoData whole;
	char *encoded;

	if (!needs_encoding(rest) && (query == NULL || *query == '\0'))
		return pstrdup(text);

	initStringInfo(&whole);
	encoded = pnstrdup(rest, strcspn(rest, "#"));
	appendBinaryStringInfo(&whole, text, (int) (rest - text));
	append_encoded(&whole, encoded);
	if (query && *query)
	{
		char last = whole.data[whole.len - 1];

		if (strchr(encoded, '?') == NULL)
			appendStringInfoChar(&whole, '?');
		else if (last != '?' && last != '&')
			appendStringInfoChar(&whole, '&');
		appendStringInfoString(&whole, query);
	}
	return whole.data;
}

HttpUrl *
url_parse(const char *text, const char *query, HttpFailure *failure)
{
	HttpUrl *url = palloc0(sizeof(HttpUrl));
	const char *rest;
	char *full;

	if (!check_characters(text, failure))
		return NULL;
	text = charset_to_utf8(text, strlen(text));
	if (text == NULL)
	{
		bad_url(failure, "it cannot be written in UTF-8");
		return NULL;
	}
	if (!check_front(text, &rest, failure))
		return NULL;
	full = complete(text, rest, query);
	if (strlen(full) > URL_MAX_BYTES)
	{
		bad_url(failure, "it is longer than 256 kB");
		return NULL;
	}
	if (!is_normal(full))
	{
		full = normalise(NULL, full);
		if (full && !check_front(full, &rest, failure))
			full = NULL;
	}
	if (full == NULL || !fill_url(url, full))
	{
		bad_url(failure, "host, port or path cannot be understood");
		return NULL;
	}
	return url;
}

/* The caller's user info stays with the origin that it was given for. */
static void
keep_user_info(const HttpUrl *base, HttpUrl *next)
{
	Places from = find_places(base->full);
	Places to = find_places(next->full);

	if (from.user == from.host || to.user < to.host)
		return;
	next->full =
		psprintf("%.*s%.*s%s", (int) (to.user - next->full), next->full,
				 (int) (from.host - from.user), from.user, to.host);
}

/*
 * The length of the scheme that a reference begins with, or 0 when it is a
 * relative one (RFC 3986, 4.1).  Parsers take an unknown scheme for a path.
 */
static size_t
scheme_length(const char *reference)
{
	size_t n = strspn(reference, "abcdefghijklmnopqrstuvwxyz"
								 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return reference[n] == ':' ? n : 0;
}

static HttpUrl *
bad_redirect(const HttpUrl *base, HttpFailure *failure)
{
	failure_set(failure, ERRCODE_HTTP_MALFORMED,
				"redirect from %s leads to no URL", url_shown(base));
	return NULL;
}

HttpUrl *
url_follow(const HttpUrl *base, const char *location, HttpFailure *failure)
{
	HttpUrl *next = palloc0(sizeof(HttpUrl));
	size_t scheme = scheme_length(location);
	StringInfoData target;
	const char *rest;
	char *full = NULL;

	if (scheme > 0 && !is_http_scheme(location, scheme))
	{
		failure_set(
			failure, ERRCODE_INSUFFICIENT_PRIVILEGE,
			"redirect from %s refused: only http and https are followed",
			url_shown(base));
		return NULL;
	}
	if (scheme > 0 && strncmp(location + scheme, "://", 3) != 0)
		return bad_redirect(base, failure);

	initStringInfo(&target);
	append_encoded(&target, location);
	if (strchr(location, '\\') == NULL)
		full = normalise(base->full, target.data);
	if (full == NULL)
		return bad_redirect(base, failure);
	if (!check_front(full, &rest, failure) || !fill_url(next, full))
	{
		/* a port that is never allowed stays a matter of policy */
		if (failure->sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE)
			return NULL;
		return bad_redirect(base, failure);
	}
	if (url_same_origin(base, next))
		keep_user_info(base, next);
	return next;
}

bool
url_same_origin(const HttpUrl *a, const HttpUrl *b)
{
	return a->tls == b->tls && a->port == b->port &&
		   strcmp(a->host, b->host) == 0;
}
