/*
 * http_explain.c
 *		Why a transfer failed, as a SQLSTATE and a sentence.
 */
#include "postgres.h"

#include <curl/curl.h>

#include "http_explain.h"
#include "http_settings.h"

/* Every other code is a connection that broke. */
static const struct
{
	CURLcode code;
	int sqlstate;
	const char *what;
} explanations[] = {
	{CURLE_URL_MALFORMAT, ERRCODE_INVALID_PARAMETER_VALUE,
	 "libcurl cannot use the URL"},
	{CURLE_COULDNT_RESOLVE_HOST,
	 ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
	 "could not resolve the host of"},
	{CURLE_COULDNT_RESOLVE_PROXY,
	 ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
	 "could not resolve the proxy for"},
	{CURLE_COULDNT_CONNECT,
	 ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
	 "could not connect to"},
	{CURLE_OPERATION_TIMEDOUT,
	 ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
	 "could not connect in time to"},
	{CURLE_SSL_CONNECT_ERROR, ERRCODE_HTTP_TLS, "TLS handshake failed with"},
	{CURLE_PEER_FAILED_VERIFICATION, ERRCODE_HTTP_TLS,
	 "could not verify the certificate of"},
	{CURLE_SSL_CACERT_BADFILE, ERRCODE_HTTP_TLS,
	 "could not read asyncdemo.http_ca_file for"},
	{CURLE_SSL_CERTPROBLEM, ERRCODE_HTTP_TLS, "TLS failed with"},
	{CURLE_SSL_CIPHER, ERRCODE_HTTP_TLS, "TLS failed with"},
	{CURLE_SSL_ENGINE_NOTFOUND, ERRCODE_HTTP_TLS, "TLS failed with"},
	{CURLE_SSL_ENGINE_SETFAILED, ERRCODE_HTTP_TLS, "TLS failed with"},
	{CURLE_SSL_ENGINE_INITFAILED, ERRCODE_HTTP_TLS, "TLS failed with"},
	{CURLE_SSL_SHUTDOWN_FAILED, ERRCODE_HTTP_TLS, "TLS failed with"},
	{CURLE_SSL_CRL_BADFILE, ERRCODE_HTTP_TLS, "TLS failed with"},
	{CURLE_SSL_ISSUER_ERROR, ERRCODE_HTTP_TLS, "TLS failed with"},
	{CURLE_SSL_PINNEDPUBKEYNOTMATCH, ERRCODE_HTTP_TLS, "TLS failed with"},
	{CURLE_SSL_INVALIDCERTSTATUS, ERRCODE_HTTP_TLS, "TLS failed with"},
	{CURLE_USE_SSL_FAILED, ERRCODE_HTTP_TLS, "TLS failed with"},
	{CURLE_UNSUPPORTED_PROTOCOL, ERRCODE_HTTP_MALFORMED,
	 "no HTTP response from"},
	{CURLE_WEIRD_SERVER_REPLY, ERRCODE_HTTP_MALFORMED,
	 "malformed response from"},
	{CURLE_BAD_CONTENT_ENCODING, ERRCODE_HTTP_MALFORMED,
	 "body with a broken encoding from"},
	{CURLE_WRITE_ERROR, ERRCODE_HTTP_MALFORMED,
	 "body with a broken encoding from"},
	{CURLE_FILESIZE_EXCEEDED, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
	 "response too large from"},
	{CURLE_OUT_OF_MEMORY, ERRCODE_OUT_OF_MEMORY,
	 "out of memory in libcurl for"},
	{CURLE_GOT_NOTHING, ERRCODE_CONNECTION_FAILURE,
	 "connection closed without a response by"},
	{CURLE_PARTIAL_FILE, ERRCODE_CONNECTION_FAILURE, "response cut short by"},
	{CURLE_RECV_ERROR, ERRCODE_CONNECTION_FAILURE, "connection lost to"},
	{CURLE_SEND_ERROR, ERRCODE_CONNECTION_FAILURE, "connection lost to"},
};

/* libcurl's own words, without its full stop; "" when it had none. */
static char *
curl_words(CURLcode code, const char *error)
{
	char *words = pstrdup(error[0] ? error : curl_easy_strerror(code));
	size_t length = strlen(words);

	while (length > 0 && strchr(". \n\r", words[length - 1]))
		words[--length] = '\0';
	return failure_make_printable(words);
}

static bool
is_ascii(const char *text)
{
	for (; *text; text++)
	{
		if (*text & 0x80)
			return false;
	}
	return true;
}

bool
explain_code(int code, const char *error, const HttpUrl *url,
			 HttpFailure *failure)
{
	int sqlstate = ERRCODE_CONNECTION_FAILURE;
	const char *what = "request failed to";

	/* so it says of hosts that cannot be written in ASCII */
	if (code == CURLE_OUT_OF_MEMORY && !is_ascii(url->host))
		return explain_code(CURLE_URL_MALFORMAT, "", url, failure);
	for (size_t i = 0; i < lengthof(explanations); i++)
	{
		if (explanations[i].code == (CURLcode) code)
		{
			sqlstate = explanations[i].sqlstate;
			what = explanations[i].what;
			break;
		}
	}
	return failure_set(failure, sqlstate, "%s %s: %s", what, url_shown(url),
					   curl_words((CURLcode) code, error));
}

bool
explain_stop(const HttpResult *result, const HttpUrl *url,
			 HttpFailure *failure)
{
	switch (result->stopped)
	{
		case RESULT_FINE:
		case RESULT_BODY_NOT_WANTED:
			return true;
		case RESULT_HEAD_TOO_LARGE:
			return failure_set(
				failure, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
				"headers of the response from %s are larger than %d kB",
				url_shown(url), HEAD_MAX_BYTES / 1024);
		case RESULT_HEAD_MALFORMED:
			return failure_set(failure, ERRCODE_HTTP_MALFORMED,
							   "malformed header in the response from %s",
							   url_shown(url));
		case RESULT_BODY_TOO_LARGE:
			failure_set(failure, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
						"body of the response from %s is larger than %d kB",
						url_shown(url), (int) (result->max_body_bytes / 1024));
			return failure_set_hint(
				failure, "The limit is the setting asyncdemo.http_max_body.");
		case RESULT_MEMORY_FULL:
			failure_set(
				failure, ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
				"bodies of this session's responses are together larger than %d kB",
				http_max_memory_kb);
			return failure_set_hint(
				failure,
				"The limit is the setting asyncdemo.http_max_memory; a lower concurrency needs less.");
		case RESULT_OUT_OF_MEMORY:
			return failure_set(failure, ERRCODE_OUT_OF_MEMORY,
							   "out of memory for the response from %s",
							   url_shown(url));
	}
	return true;
}

bool
explain_refusal(const HttpUrl *url, const char *address, HttpFailure *failure)
{
	char *host = failure_make_printable(pstrdup(url->host));

	failure_set(failure, ERRCODE_INSUFFICIENT_PRIVILEGE,
				"request to %s is not allowed by asyncdemo.http_allow",
				url_shown(url));
	if (address)
		failure_set_detail(
			failure,
			"Host \"%s\" at address %s, port %d, is on no item of the list.",
			host, address, url->port);
	else
		failure_set_detail(failure,
						   "Host \"%s\", port %d, is on no item of the list.",
						   host, url->port);
	return failure_set_hint(
		failure,
		"A superuser can add it to the setting asyncdemo.http_allow.");
}
