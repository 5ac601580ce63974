/*
 * http_url.c
 *	  An HTTP URL taken apart, and a form of it that is safe to show.
 */
#include "http_url.h"

#include <string.h>
#include <strings.h>

#include "http.h"

/* The part between "://" and the first character that ends it (RFC 3986). */
static const char *
find_authority(const char *url, size_t *len)
{
	const char *start = strstr(url, "://");

	start = start != NULL ? start + 3 : url;
	*len = strcspn(start, "/?#\\");
	return start;
}

/* Behind the last @ of the authority; user info may hold some of its own. */
static const char *
skip_user_info(const char *authority, size_t *len)
{
	for (size_t i = *len; i > 0; i--)
	{
		if (authority[i - 1] != '@')
			continue;
		*len -= i;
		return authority + i;
	}
	return authority;
}

static bool
parse_port(const char *text, size_t len, int *port)
{
	int value = 0;

	if (len == 0)
		return true; /* "host:" means the scheme's own port */
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
		if (value > 65535)
			return false;
	}
	*port = value;
	return value > 0;
}

static bool
split_host_port(const char *text, size_t len, HttpUrl *parts)
{
	size_t host_len = 0;

	if (len > 0 && text[0] == '[')
	{
		while (host_len < len && text[host_len] != ']')
			host_len++;
		if (host_len == len)
			return false;
		host_len++;
	}
	else
		while (host_len < len && text[host_len] != ':')
			host_len++;
	parts->host = text;
	parts->host_len = host_len;
	if (host_len == len)
		return true;
	return text[host_len] == ':' &&
		   parse_port(text + host_len + 1, len - host_len - 1, &parts->port);
}

/* See HttpUrl.is_name. */
static bool
host_is_name(const char *host, size_t len)
{
	bool has_letter = false;

	if (len == 0 || len > 253 || host[0] == '[' || host[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) host[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			has_letter = true;
		else if (!(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_')
			return false;
	}
	/* 0x7f000001 is an address to libcurl, and looking it up does no harm */
	return has_letter && !(len == 9 && strncasecmp(host, "localhost", 9) == 0);
}

static const char *
find_forbidden(const char *url)
{
	while ((unsigned char) *url > ' ' && *url != 0x7F)
		url++;
	return url;
}

static bool
url_refuse(const char *url, Err *err, const char *why)
{
	Buf safe = {.max_bytes = 300};

	http_safe_url(url, &safe);
	err_set(err, ERR_DATA, "the URL \"%s\" %s", safe.data, why);
	buf_free(&safe);
	return false;
}

bool
http_url_parse(const char *url, HttpUrl *parts, Err *err)
{
	const char *text;
	const char *bad = find_forbidden(url);
	size_t len;

	if (*bad != '\0')
	{
		url_refuse(url, err,
				   *bad == ' ' ? "contains a blank"
							   : "contains a control character");
		err_hint(err, "a variable after the host is encoded; elsewhere write "
					  "%%20 for a blank");
		return false;
	}
	parts->is_https = strncasecmp(url, "https://", 8) == 0;
	if (!parts->is_https && strncasecmp(url, "http://", 7) != 0)
	{
		url_refuse(url, err, "is neither http:// nor https://");
		err_hint(err,
				 "write the whole URL, for example http://host:8080/path");
		return false;
	}
	parts->port = parts->is_https ? 443 : 80;
	text = find_authority(url, &len);
	text = skip_user_info(text, &len);
	if (!split_host_port(text, len, parts))
		return url_refuse(url, err,
						  "has a port that is no number from 1 to "
						  "65535");
	if (parts->host_len == 0)
		return url_refuse(url, err, "has no host");
	parts->is_name = host_is_name(parts->host, parts->host_len);
	return true;
}

/*
 * A password with a slash in it makes the authority end too soon; then what
 * seems to be the port is no number, and nothing of the rest is shown.
 */
void
http_safe_url(const char *url, Buf *out)
{
	HttpUrl parts = {0};
	size_t len;
	const char *authority = find_authority(url, &len);
	const char *rest = authority + len;
	const char *host = skip_user_info(authority, &len);
	size_t path_len = strcspn(rest, "?#");

	/* also sets data when there is nothing to show */
	buf_append(out, url, (size_t) (authority - url));
	if (!split_host_port(host, len, &parts))
	{
		buf_puts(out, "…");
		return;
	}
	buf_append(out, host, len);
	buf_append(out, rest, path_len);
	if (rest[path_len] == '?')
		buf_puts(out, "?…");
}
