/*
 * http_send.c
 *	  What a hop sends: method, headers and body, and not twice.
 */
#include "http_easy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"

#ifndef ASYNCDEMO_VERSION
#define ASYNCDEMO_VERSION "unknown"
#endif

/* -------- sending once -------- */

#if LIBCURL_VERSION_NUM >= 0x075000
/*
 * When a connection that was kept open breaks before the first byte of the
 * answer, libcurl sends the request again on another one, up to five times.
 * The server may have carried it out all the same, so what may not be
 * repeated must not be, unless not a byte of it has left.
 */
static int
on_before_sending(void *arg, char *their_ip, char *our_ip, int their_port,
				  int our_port)
{
	HttpEasy *easy = arg;

	(void) their_ip;
	(void) our_ip;
	(void) their_port;
	(void) our_port;
	if (easy->nsent++ == 0 || retry_method_may_repeat(easy->hop.method) ||
		http_sent_nothing(easy))
		return CURL_PREREQFUNC_OK;
	easy->refused_resend = true;
	return CURL_PREREQFUNC_ABORT;
}
#endif

void
http_send_once(HttpEasy *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075000
	curl_easy_setopt(easy->curl, CURLOPT_PREREQFUNCTION, on_before_sending);
	curl_easy_setopt(easy->curl, CURLOPT_PREREQDATA, easy);
#else
	(void) easy;
#endif
}

/* Older ones cannot be stopped; on a connection of its own they do not. */
static void
set_fresh_connection(HttpEasy *easy)
{
#if LIBCURL_VERSION_NUM < 0x075000
	curl_easy_setopt(easy->curl, CURLOPT_FRESH_CONNECT,
					 retry_method_may_repeat(easy->hop.method) ? 0L : 1L);
#else
	(void) easy;
#endif
}

/* -------- headers -------- */

/* A header that libcurl takes as it is: "Name: value", no line ends. */
static bool
header_check(const char *header, Err *err)
{
	size_t name_len = strcspn(header, ":");

	if (name_len == 0 || header[name_len] == '\0')
	{
		err_set(err, ERR_DATA, "a header without a name or a colon");
		err_hint(err, "write header=\"Name: value\"");
		return false;
	}
	for (const char *p = header; *p != '\0'; p++)
	{
		bool in_name = p < header + name_len;

		if ((unsigned char) *p >= (in_name ? '!' : ' ') && *p != 0x7F)
			continue;
		if (*p == '\t' && !in_name)
			continue;
		return err_set(err, ERR_DATA, "the header \"%.*s\" contains a %s",
					   (int) strcspn(header, ":\r\n"), header,
					   *p == ' ' ? "blank in its name" : "control character");
	}
	return true;
}

static bool
headers_are_set(const HttpEasy *easy, const HttpHop *hop)
{
	const struct curl_slist *item = easy->headers;

	if (easy->nheaders != hop->nheaders)
		return false;
	for (int i = 0; i < hop->nheaders; i++, item = item->next)
		if (strcmp(item->data, hop->headers[i]) != 0)
			return false;
	return true;
}

static struct curl_slist *
append_header(struct curl_slist *list, const char *header)
{
	struct curl_slist *longer;
	size_t len = strlen(header);
	size_t value = strcspn(header, ":") + 1;

	value += strspn(header + value, " \t");
	if (value == len)
	{
		/* with a colon libcurl would not send it at all */
		char *empty = mem_strndup(header, strcspn(header, ":") + 1);

		empty[strlen(empty) - 1] = ';';
		longer = curl_slist_append(list, empty);
		free(empty);
	}
	else
		longer = curl_slist_append(list, header);
	if (longer == NULL)
		curl_slist_free_all(list);
	return longer;
}

/*
 * "Accept-Encoding: gzip, br, zstd", as far as libcurl can.  It has an option
 * for this and one for the next, but formats those twice for every request; a
 * header of the list costs half of that.  Each character costs 70
 * instructions, so what no server speaks without gzip (deflate) is left out.
 */
static void
encoding_header(Buf *out)
{
	int features = curl_version_info(CURLVERSION_NOW)->features;
	const char *none = "Accept-Encoding: ";

	buf_puts(out, none);
	if (features & CURL_VERSION_LIBZ)
		buf_puts(out, "gzip, ");
#ifdef CURL_VERSION_BROTLI
	if (features & CURL_VERSION_BROTLI)
		buf_puts(out, "br, ");
#endif
#ifdef CURL_VERSION_ZSTD
	if (features & CURL_VERSION_ZSTD)
		buf_puts(out, "zstd, ");
#endif
	if (out->len == strlen(none))
		buf_puts(out, "identity, ");
	out->data[out->len - 2] = '\0';
}

static bool
has_header(const HttpHop *hop, const char *name)
{
	for (int i = 0; i < hop->nheaders; i++)
		if (strncasecmp(hop->headers[i], name, strlen(name)) == 0)
			return true;
	return false;
}

/*
 * Ours come last, unless the request has them: who we are and what we decode;
 * with a body no waiting for "100 Continue", and no form's content type,
 * which libcurl would add.
 */
static struct curl_slist *
append_own_headers(struct curl_slist *list, const HttpHop *hop, bool has_body)
{
	Buf encoding = {0};

	encoding_header(&encoding);
	if (!has_header(hop, "Accept-Encoding:"))
		list = curl_slist_append(list, encoding.data);
	if (!has_header(hop, "User-Agent:"))
		list = curl_slist_append(list,
								 "User-Agent: asyncdemo/" ASYNCDEMO_VERSION);
	if (has_body)
		list = curl_slist_append(list, "Expect:");
	if (has_body && !has_header(hop, "Content-Type:"))
		list = curl_slist_append(list, "Content-Type:");
	buf_free(&encoding);
	return list;
}

static bool
set_headers(HttpEasy *easy, const HttpHop *hop, bool has_body, Err *err)
{
	struct curl_slist *list = NULL;

	if (easy->headers != NULL && easy->has_post_headers == has_body &&
		headers_are_set(easy, hop))
		return true;
	for (int i = 0; i < hop->nheaders; i++)
		if (!header_check(hop->headers[i], err))
			return false;
	for (int i = 0; i < hop->nheaders; i++)
		list = append_header(list, hop->headers[i]);
	list = append_own_headers(list, hop, has_body);
	curl_easy_setopt(easy->curl, CURLOPT_HTTPHEADER, list);
	curl_slist_free_all(easy->headers);
	easy->headers = list;
	easy->nheaders = hop->nheaders;
	easy->has_post_headers = has_body;
	return true;
}

/* -------- method and body -------- */

static bool
method_check(const char *method, Err *err)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (const char *p = method; *p != '\0'; p++)
	{
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			(*p >= '0' && *p <= '9') || strchr(marks, *p) != NULL)
			continue;
		return err_set(err, ERR_DATA, "\"%s\" is no HTTP method", method);
	}
	if (*method == '\0')
		return err_set(err, ERR_DATA, "the HTTP method is empty");
	return true;
}

/* These have a body by nature: without one they say "Content-Length: 0". */
static bool
method_wants_body(const char *method)
{
	return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
		   strcmp(method, "PATCH") == 0;
}

bool
http_send_prepare(HttpEasy *easy, Err *err)
{
	CURL *curl = easy->curl;
	const HttpHop *hop = &easy->hop;
	const char *method = hop->method;
	bool is_get = strcmp(method, "GET") == 0;
	bool has_body = hop->body != NULL || method_wants_body(method);

	easy->nsent = 0;
	easy->refused_resend = false;
	set_fresh_connection(easy);
	if (is_get && !has_body && hop->nheaders == 0 && easy->is_plain_get)
		return true;
	easy->is_plain_get = false;
	if (!method_check(method, err) || !set_headers(easy, hop, has_body, err))
		return false;
	if (has_body)
	{
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
						 (curl_off_t) (hop->body ? hop->body_len : 0));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, hop->body ? hop->body : "");
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST,
						 strcmp(method, "POST") == 0 ? NULL : method);
		return true;
	}
	if (strcmp(method, "HEAD") == 0)
	{
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, NULL);
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
		return true;
	}
	curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L); /* and takes NOBODY away */
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, is_get ? NULL : method);
	easy->is_plain_get = is_get && hop->nheaders == 0;
	return true;
}
