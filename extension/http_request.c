/*
 * http_request.c
 *		What is asked for: plain data, checked when it is built.
 *
 * Nothing that could end a line or begin another request gets past here: the
 * method is a token, header names are tokens, and header values have no
 * control characters (RFC 9110, sections 5.5 and 5.6.2).
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "compat.h"
#include "http_charset.h"
#include "http_request.h"
#include "http_settings.h"

/* All header lines of a request; libcurl sends no head larger than 1 MB. */
#define HEADERS_MAX_BYTES (256 * 1024)

#define METHOD_MAX_BYTES 100

#define HEX_DIGITS "0123456789ABCDEF"

static bool
bad_argument(HttpFailure *failure, const char *why)
{
	return failure_set(failure, ERRCODE_INVALID_PARAMETER_VALUE, "%s", why);
}

static bool
is_token(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text; text++)
	{
		if (!isalnum((unsigned char) *text) &&
			!strchr("!#$%&'*+-.^_`|~", *text))
			return false;
		if ((unsigned char) *text >= 0x80)
			return false;
	}
	return true;
}

static char *
json_string(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* Headers. */

static bool
is_framing(const char *name)
{
	return pg_strcasecmp(name, "Content-Length") == 0 ||
		   pg_strcasecmp(name, "Transfer-Encoding") == 0;
}

static bool
add_field(HttpRequest *request, const char *name, const char *value,
		  bool is_default)
{
	HttpField *field;

	if ((request->nfields & (request->nfields + 1)) == 0)
	{
		/* full at 0, 1, 3, 7 ... */
		size_t size = (request->nfields * 2 + 1) * sizeof(HttpField);

		request->fields =
			request->fields ? repalloc(request->fields, size) : palloc(size);
	}
	field = &request->fields[request->nfields++];
	field->name = pstrdup(name);
	field->value = value ? pstrdup(value) : NULL;
	field->is_default = is_default;
	return true;
}

/* Blanks around a value are no part of it; RFC 9110, 5.5. */
static const char *
trim(const char *value)
{
	size_t n;

	value += strspn(value, " \t");
	n = strlen(value);
	while (n > 0 && strchr(" \t", value[n - 1]))
		n--;
	return pnstrdup(value, n);
}

static bool
add_header(HttpRequest *request, const char *name, const char *value,
		   HttpFailure *failure)
{
	if (!is_token(name))
		return bad_argument(
			failure,
			"a header name has only letters, digits and !#$%&'*+-.^_`|~");
	if (is_framing(name))
		return failure_set(
			failure, ERRCODE_INVALID_PARAMETER_VALUE,
			"header \"%s\" follows from the body and cannot be given", name);
	for (const char *p = value; p && *p; p++)
	{
		if (((unsigned char) *p < ' ' && *p != '\t') || *p == 0x7f)
			return failure_set(
				failure, ERRCODE_INVALID_PARAMETER_VALUE,
				"the value of header \"%s\" has a control character", name);
	}
	if (value && (value = charset_to_utf8(value, strlen(value))) == NULL)
		return bad_argument(failure, "a header cannot be written in UTF-8");
	return add_field(request, name, value ? trim(value) : NULL, false);
}

static bool
add_header_value(HttpRequest *request, const char *name,
				 const JsonbValue *value, HttpFailure *failure)
{
	if (value->type == jbvNull)
		return add_header(request, name, NULL, failure);
	if (value->type == jbvString)
		return add_header(request, name, json_string(value), failure);
	return bad_argument(
		failure,
		"the value of a header is a string, an array of strings or null");
}

/*
 * Walk over an object or an array of [name, value] pairs.  Each value, and
 * each element of a value that is an array, goes to add().
 */
typedef bool (*PairFn)(void *to, const char *name, const JsonbValue *value,
					   HttpFailure *failure);

static bool
add_values(JsonbIterator **walk, const char *name, const JsonbValue *first,
		   PairFn add, void *to, HttpFailure *failure)
{
	JsonbValue value = *first;
	JsonbIteratorToken token;

	if (value.type != jbvBinary)
		return add(to, name, &value, failure);

	/* a container: an array of plain values, anything else is add's to refuse
	 */
	*walk = JsonbIteratorInit(value.val.binary.data);
	if (JsonbIteratorNext(walk, &value, true) != WJB_BEGIN_ARRAY)
		return add(to, name, first, failure);
	while ((token = JsonbIteratorNext(walk, &value, true)) == WJB_ELEM)
	{
		if (value.type == jbvNull)
			return add(to, name, first, failure);
		if (!add(to, name, &value, failure))
			return false;
	}
	return true;
}

static bool
walk_object(Jsonb *pairs, PairFn add, void *to, HttpFailure *failure)
{
	JsonbIterator *walk = JsonbIteratorInit(&pairs->root);
	JsonbIterator *inner;
	JsonbIteratorToken token;
	JsonbValue value;
	char *name = NULL;

	while ((token = JsonbIteratorNext(&walk, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = json_string(&value);
		else if (token == WJB_VALUE &&
				 !add_values(&inner, name, &value, add, to, failure))
			return false;
	}
	return true;
}

/* One [name, value] of an array. */
static bool
walk_pair(JsonbContainer *pair, PairFn add, void *to, HttpFailure *failure)
{
	JsonbValue *name;
	JsonbValue *value;

	if (!JsonContainerIsArray(pair) || JsonContainerSize(pair) != 2)
		return bad_argument(
			failure, "each element of the array is a pair: [name, value]");
	name = getIthJsonbValueFromContainer(pair, 0);
	value = getIthJsonbValueFromContainer(pair, 1);
	if (name->type != jbvString)
		return bad_argument(failure, "the name of a pair is a string");
	return add(to, json_string(name), value, failure);
}

static bool
walk_array(Jsonb *pairs, PairFn add, void *to, HttpFailure *failure)
{
	for (uint32 i = 0; i < JsonContainerSize(&pairs->root); i++)
	{
		JsonbValue *pair = getIthJsonbValueFromContainer(&pairs->root, i);

		if (pair->type != jbvBinary)
			return bad_argument(
				failure, "each element of the array is a pair: [name, value]");
		if (!walk_pair(pair->val.binary.data, add, to, failure))
			return false;
	}
	return true;
}

static bool
walk_pairs(Jsonb *pairs, PairFn add, void *to, HttpFailure *failure)
{
	if (JB_ROOT_IS_OBJECT(pairs))
		return walk_object(pairs, add, to, failure);
	if (JB_ROOT_IS_ARRAY(pairs) && !JB_ROOT_IS_SCALAR(pairs))
		return walk_array(pairs, add, to, failure);
	return bad_argument(
		failure,
		"headers and params are an object or an array of [name, value] pairs");
}

static bool
on_header(void *to, const char *name, const JsonbValue *value,
		  HttpFailure *failure)
{
	return add_header_value(to, name, value, failure);
}

/* Parameters. */

void
append_percent_encoded(StringInfo out, const char *utf8)
{
	for (const unsigned char *p = (const unsigned char *) utf8; *p; p++)
	{
		if (*p < 0x80 && (isalnum(*p) || strchr("-._~", *p)))
			appendStringInfoChar(out, *p);
		else
		{
			appendStringInfoChar(out, '%');
			appendStringInfoChar(out, HEX_DIGITS[*p >> 4]);
			appendStringInfoChar(out, HEX_DIGITS[*p & 15]);
		}
	}
}

static bool
on_parameter(void *to, const char *name, const JsonbValue *value,
			 HttpFailure *failure)
{
	StringInfo query = to;
	const char *utf8;
	char *text;

	switch (value->type)
	{
		case jbvNull:
			return true;
		case jbvString:
			text = json_string(value);
			break;
		case jbvBool:
			text = pstrdup(value->val.boolean ? "true" : "false");
			break;
		case jbvNumeric:
			text = DatumGetCString(DirectFunctionCall1(
				numeric_out, NumericGetDatum(value->val.numeric)));
			break;
		default:
			return bad_argument(
				failure,
				"a parameter is a string, a number, a boolean, null or an array of them");
	}
	name = charset_to_utf8(name, strlen(name));
	utf8 = charset_to_utf8(text, strlen(text));
	if (name == NULL || utf8 == NULL)
		return bad_argument(failure, "a parameter cannot be written in UTF-8");
	if (query->len > 0)
		appendStringInfoChar(query, '&');
	append_percent_encoded(query, name);
	appendStringInfoChar(query, '=');
	append_percent_encoded(query, utf8);
	return true;
}

char *
query_from_jsonb(Jsonb *params, HttpFailure *failure)
{
	StringInfoData query;

	initStringInfo(&query);
	if (!walk_pairs(params, on_parameter, &query, failure))
		return NULL;
	return query.data;
}

/* Bodies. */

static void
set_body(HttpRequest *request, const char *bytes, size_t n)
{
	request->body = bytes;
	request->body_bytes = n;
}

/* Text, which travels as UTF-8. */
static bool
set_text_body(HttpRequest *request, const char *bytes, size_t n,
			  HttpFailure *failure)
{
	const char *utf8 = charset_to_utf8(bytes, n);

	if (utf8 == NULL)
		return bad_argument(failure, "the body cannot be written in UTF-8");
	set_body(request, utf8, utf8 == bytes ? n : strlen(utf8));
	return true;
}

static bool
has_field(const HttpRequest *request, const char *name)
{
	for (int i = 0; i < request->nfields; i++)
	{
		if (pg_strcasecmp(request->fields[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool
build_body(HttpRequest *request, const RequestArguments *args,
		   HttpFailure *failure)
{
	int given = (args->body != NULL) + (args->body_json != NULL) +
				(args->body_bytes != NULL);
	const char *type = NULL;

	if (given > 1)
		return bad_argument(
			failure,
			"only one of body, body_json and body_bytes can be given");
	if (given == 1 && strcmp(request->method, "HEAD") == 0)
		return bad_argument(failure, "a HEAD request has no body");

	if (args->body)
	{
		if (!set_text_body(request, VARDATA_ANY(args->body),
						   VARSIZE_ANY_EXHDR(args->body), failure))
			return false;
		type = "text/plain; charset=UTF-8";
	}
	else if (args->body_json)
	{
		char *json = JsonbToCString(NULL, &args->body_json->root,
									VARSIZE(args->body_json));

		if (!set_text_body(request, json, strlen(json), failure))
			return false;
		type = "application/json";
	}
	else if (args->body_bytes)
	{
		set_body(request, VARDATA_ANY(args->body_bytes),
				 VARSIZE_ANY_EXHDR(args->body_bytes));
		type = "application/octet-stream";
	}

	if (args->content_type && has_field(request, "Content-Type"))
		return bad_argument(
			failure,
			"content_type and a header Content-Type cannot be given both");
	if (args->content_type)
		return add_header(request, "Content-Type",
						  text_to_cstring(args->content_type), failure);
	if (type && !has_field(request, "Content-Type"))
		return add_field(request, "Content-Type", type, true);
	return true;
}

void
request_keep_body(HttpRequest *request)
{
	char *copy;

	if (request->body == NULL)
		return;
	copy =
		MemoryContextAllocHuge(CurrentMemoryContext, request->body_bytes + 1);
	memcpy(copy, request->body, request->body_bytes);
	request->body = copy;
}

/* The rest. */

static bool
build_method(HttpRequest *request, const RequestArguments *args,
			 HttpFailure *failure)
{
	static const char *const usual[] = {"GET",	 "HEAD",   "POST",	 "PUT",
										"PATCH", "DELETE", "OPTIONS"};
	char *method;

	request->method = "GET";
	if (args->method == NULL)
		return true;
	method = text_to_cstring(args->method);
	if (!is_token(method))
		return bad_argument(
			failure, "a method has only letters, digits and !#$%&'*+-.^_`|~");
	if (pg_strcasecmp(method, "CONNECT") == 0)
		return bad_argument(failure, "method CONNECT is for proxies only");
	if (strlen(method) > METHOD_MAX_BYTES)
		return bad_argument(failure, "a method has at most 100 letters");
	request->method = method;
	for (size_t i = 0; i < lengthof(usual); i++)
	{
		if (pg_strcasecmp(method, usual[i]) == 0)
			request->method = usual[i];
	}
	return true;
}

int64
interval_to_ms(Interval *span, int64 least_ms, const char *what,
			   HttpFailure *failure)
{
	double ms = (span->month * 30.0 + span->day) * SECS_PER_DAY * 1000.0 +
				span->time / 1000.0;

	if (ms < least_ms || ms > HTTP_TIMEOUT_MAX_MS)
	{
		failure_set(failure, ERRCODE_INVALID_PARAMETER_VALUE,
					"%s is out of range: it is from " INT64_FORMAT
					" ms to 1 day",
					what, least_ms);
		return -1;
	}
	return (int64) ceil(ms);
}

static bool
build_url(HttpRequest *request, const RequestArguments *args,
		  HttpFailure *failure)
{
	char *query = NULL;

	if (args->url == NULL)
		return failure_set(failure, ERRCODE_NULL_VALUE_NOT_ALLOWED,
						   "url must not be null");
	if (args->params)
	{
		query = query_from_jsonb(args->params, failure);
		if (query == NULL)
			return false;
	}
	request->url = url_parse(text_to_cstring(args->url), query, failure);
	return request->url != NULL;
}

static bool
check_headers_size(const HttpRequest *request, HttpFailure *failure)
{
	size_t size = 0;

	for (int i = 0; i < request->nfields; i++)
	{
		const HttpField *field = &request->fields[i];

		size += strlen(field->name) + strlen(": \r\n");
		size += field->value ? strlen(field->value) : 0;
	}
	return size <= HEADERS_MAX_BYTES ||
		   bad_argument(failure,
						"the headers are together larger than 256 kB");
}

bool
request_build(HttpRequest *request, const RequestArguments *args,
			  HttpFailure *failure)
{
	memset(request, 0, sizeof(*request));
	request->timeout_ms = http_timeout_ms;
	if (!build_url(request, args, failure) ||
		!build_method(request, args, failure))
		return false;
	if (args->headers &&
		!walk_pairs(args->headers, on_header, request, failure))
		return false;
	if (!build_body(request, args, failure) ||
		!check_headers_size(request, failure))
		return false;
	if (args->timeout)
		request->timeout_ms =
			interval_to_ms(args->timeout, 1, "timeout", failure);
	return request->timeout_ms > 0;
}

/* Redirects. */

/* Headers that tell nothing about the caller but what it can read. */
static bool
is_for_everybody(const HttpField *field)
{
	return pg_strncasecmp(field->name, "Accept", 6) == 0 ||
		   pg_strcasecmp(field->name, "Content-Type") == 0 ||
		   pg_strcasecmp(field->name, "User-Agent") == 0;
}

static void
drop_fields(HttpRequest *request, bool private_ones, bool body_ones)
{
	int kept = 0;

	for (int i = 0; i < request->nfields; i++)
	{
		HttpField *field = &request->fields[i];

		/* a default that the caller suppressed stays suppressed */
		if (private_ones && field->value && !is_for_everybody(field))
			continue;
		if (body_ones && field->is_default)
			continue;
		request->fields[kept++] = *field;
	}
	request->nfields = kept;
}

void
request_redirect(HttpRequest *request, HttpUrl *next, int status)
{
	bool elsewhere = !url_same_origin(request->url, next);
	bool reads = strcmp(request->method, "GET") == 0 ||
				 strcmp(request->method, "HEAD") == 0;
	bool to_get;

	/* 301 and 302 change POST only, as browsers do; RFC 9110, 15.4 */
	if (status == 303)
		to_get = !reads;
	else if (status == 307 || status == 308)
		to_get = elsewhere && !reads;
	else
		to_get = strcmp(request->method, "POST") == 0 || (elsewhere && !reads);

	if (to_get)
		request->method = "GET";
	if (to_get || elsewhere)
		request->body = NULL;
	drop_fields(request, elsewhere, request->body == NULL);
	request->url = next;
}
