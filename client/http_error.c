/*
 * http_error.c
 *	  What a failed transfer is called: a CURLcode in plain words.
 *
 * A message names the host and the path, never user info or the query, and
 * uses libcurl's own text only where that says more than the code.
 */
#include "http_easy.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* The error text as part of a sentence: lower case, no full stop. */
static void
append_detail(const HttpEasy *easy, CURLcode code, Buf *out)
{
	const char *text = easy->error;
	size_t len;

	if (text[0] == '\0')
		text = curl_easy_strerror(code);
	len = strlen(text);
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '.'))
		len--;
	if (len == 0)
		return;
	/* an acronym keeps its case */
	if (len > 1 && isupper((unsigned char) text[0]) &&
		islower((unsigned char) text[1]))
	{
		buf_putc(out, (char) tolower((unsigned char) text[0]));
		text++;
		len--;
	}
	buf_append(out, text, len);
}

static void
append_place(const HttpEasy *easy, Buf *out)
{
	HttpUrl parts;

	if (http_url_parse(easy->hop.url, &parts, NULL))
		buf_printf(out, "%.*s:%d", (int) parts.host_len, parts.host,
				   parts.port);
}

static void
append_seconds(int64_t ns, Buf *out)
{
	buf_printf(out, "%.3g s", (double) ns / 1e9);
}

/* "connection refused", from the system where it said something. */
static void
append_connect_reason(const HttpEasy *easy, Buf *out)
{
	long os_errno = 0;
	Buf reason = {0};

	curl_easy_getinfo(easy->curl, CURLINFO_OS_ERRNO, &os_errno);
	if (os_errno == 0 || os_errno == EINPROGRESS)
		append_detail(easy, CURLE_COULDNT_CONNECT, &reason);
	else
		buf_puts(&reason, strerror((int) os_errno));
	reason.data[0] = (char) tolower((unsigned char) reason.data[0]);
	buf_puts(out, reason.data);
	buf_free(&reason);
}

/* Not by CURLINFO_PRETRANSFER_TIME: libcurl 8.22 sets it while connecting. */
static void
describe_timeout(const HttpEasy *easy, Buf *out)
{
	const HttpRequest *request = easy->request;
	long sent_bytes = 0;

	curl_easy_getinfo(easy->curl, CURLINFO_REQUEST_SIZE, &sent_bytes);
	buf_puts(out, sent_bytes > 0 ? "no complete answer from "
								 : "no connection to ");
	append_place(easy, out);
	buf_puts(out, " after ");
	append_seconds(request->ended_ns - request->started_ns, out);
}

/* "closed after 10 of 100 bytes" */
static void
describe_truncated(const HttpEasy *easy, Buf *out)
{
	curl_off_t got = 0;
	curl_off_t wanted = -1;

	curl_easy_getinfo(easy->curl, CURLINFO_SIZE_DOWNLOAD_T, &got);
	curl_easy_getinfo(easy->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &wanted);
	append_place(easy, out);
	if (wanted >= 0)
		buf_printf(out, " closed after %lld of %lld bytes", (long long) got,
				   (long long) wanted);
	else
		buf_printf(out,
				   " closed in the middle of the answer, after %lld bytes",
				   (long long) got);
}

static void
describe_too_large(const HttpEasy *easy, Buf *out)
{
	buf_puts(out, "the body from ");
	append_place(easy, out);
	buf_printf(out, " is larger than %lld bytes",
			   (long long) easy->request->max_body_bytes);
}

static void
describe_detail(const HttpEasy *easy, CURLcode code, const char *what,
				Buf *out)
{
	append_place(easy, out);
	buf_printf(out, " %s: ", what);
	append_detail(easy, code, out);
}

/*
 * A warm connection that closes without an answer is one that timed out, to
 * libcurl; it tries others, and says so when they all do the same.
 */
static bool
died_without_answer(const HttpEasy *easy)
{
	return strncmp(easy->error, "Connection died", 15) == 0;
}

/* Codes whose message is "HOST:PORT ...: what libcurl says". */
typedef struct PlainError
{
	CURLcode code;
	const char *what;
	const char *hint;
} PlainError;

static const PlainError plain_errors[] = {
	{CURLE_PEER_FAILED_VERIFICATION, "has a certificate that is not trusted",
	 "cacert=FILE names another authority to trust"},
	{CURLE_SSL_CONNECT_ERROR, "does not speak TLS with us",
	 "is it an http:// server, not https://?"},
	{CURLE_WEIRD_SERVER_REPLY, "answered something that is not HTTP", NULL},
	{CURLE_BAD_CONTENT_ENCODING, "sent a body that cannot be decoded", NULL},
	{CURLE_RECV_ERROR, "broke the connection", NULL},
	{CURLE_SEND_ERROR, "broke the connection", NULL},
	{CURLE_OK, "failed", NULL}, /* any other */
};

static const char *
describe_plain(const HttpEasy *easy, CURLcode code, Buf *out)
{
	const PlainError *error = plain_errors;

	while (error->code != code && error->code != CURLE_OK)
		error++;
	describe_detail(easy, code, error->what, out);
	return error->hint;
}

static const char *
describe_connect(const HttpEasy *easy, Buf *out)
{
	buf_puts(out, "could not connect to ");
	append_place(easy, out);
	buf_puts(out, ": ");
	append_connect_reason(easy, out);
	return "check host and port, and that the server is running";
}

static const char *
describe_redirects(const HttpEasy *easy, Buf *out)
{
	append_place(easy, out);
	buf_printf(out, " redirected more than %d times", easy->request->follow);
	return "raise the limit with follow=, or give the final URL";
}

static const char *
describe_cacert(const HttpEasy *easy, Buf *out)
{
	buf_printf(out, "cannot read certificates from \"%s\"",
			   easy->cacert != NULL ? easy->cacert : "");
	return "cacert= needs a file with certificates in PEM form";
}

/* The message; returns the remedy, if there is one. */
static const char *
describe(const HttpEasy *easy, CURLcode code, Buf *out)
{
	switch (code)
	{
		case CURLE_OPERATION_TIMEDOUT:
			describe_timeout(easy, out);
			return NULL;
		case CURLE_COULDNT_CONNECT:
			return describe_connect(easy, out);
		case CURLE_COULDNT_RESOLVE_HOST:
			append_detail(easy, code, out);
			return "check the name, and that this machine's name server "
				   "answers";
		case CURLE_COULDNT_RESOLVE_PROXY:
			append_detail(easy, code, out);
			return "see the environment variables http_proxy and https_proxy";
		case CURLE_PARTIAL_FILE:
			describe_truncated(easy, out);
			return NULL;
		case CURLE_WRITE_ERROR:
		case CURLE_FILESIZE_EXCEEDED:
			describe_too_large(easy, out);
			return "raise the limit with max_body=";
		case CURLE_TOO_MANY_REDIRECTS:
			return describe_redirects(easy, out);
		case CURLE_SSL_CACERT_BADFILE:
			return describe_cacert(easy, out);
		case CURLE_UNSUPPORTED_PROTOCOL:
			describe_detail(easy, code, "answered something that is not HTTP",
							out);
			return NULL;
		default:
			if (code != CURLE_GOT_NOTHING && !died_without_answer(easy))
				return describe_plain(easy, code, out);
			append_place(easy, out);
			buf_puts(out, " closed the connection without an answer");
			return NULL;
	}
}

void
http_error(const HttpEasy *easy, CURLcode code, Err *err)
{
	Buf message = {0};
	const char *hint;

	if (code == CURLE_OUT_OF_MEMORY)
	{
		err_set(err, ERR_IO, "out of memory for a transfer");
		return;
	}
	hint = describe(easy, code, &message);
	err_set(err, code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_HTTP,
			"%s", message.data);
	if (hint != NULL)
		err_hint(err, "%s", hint);
	buf_free(&message);
}

/* Not of an earlier hop either; what opens a proxy's tunnel counts as well. */
bool
http_sent_nothing(const HttpEasy *easy)
{
	long sent_bytes = 0;

	curl_easy_getinfo(easy->curl, CURLINFO_REQUEST_SIZE, &sent_bytes);
	return sent_bytes == 0 && easy->hop.number == 0;
}

/*
 * What is said to be wrong with the request, the answer or the certificate
 * will be so again.
 */
RetryFault
http_fault(const HttpEasy *easy, CURLcode code)
{
	switch (code)
	{
		case CURLE_COULDNT_RESOLVE_HOST:
		case CURLE_COULDNT_RESOLVE_PROXY:
		case CURLE_COULDNT_CONNECT:
		case CURLE_SSL_CONNECT_ERROR:
		case CURLE_GOT_NOTHING:
		case CURLE_SEND_ERROR:
		case CURLE_RECV_ERROR:
		case CURLE_PARTIAL_FILE:
		case CURLE_HTTP2:
		case CURLE_HTTP2_STREAM:
			return http_sent_nothing(easy) ? RETRY_FAULT_CONNECT
										   : RETRY_FAULT_LOST;
		case CURLE_OPERATION_TIMEDOUT:
			return http_sent_nothing(easy) ? RETRY_FAULT_CONNECT
										   : RETRY_FAULT_TIMEOUT;
		default:
			return RETRY_FAULT_NONE;
	}
}
