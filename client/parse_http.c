/*
 * parse_http.c
 *	  \http NAME METHOD URL [option=value ...].
 */
#include <string.h>
#include <strings.h>

#include "arena.h"
#include "duration.h"
#include "parse_commands.h"

#define MAX_FOLLOW 50
#define MAX_HEADERS 100
#define MAX_MAX_BODY (INT64_C(1) << 30)

static const char usage[] =
	"write \\http NAME METHOD URL, for example \\http q GET http://localhost:8080/price";

/* A request under way. */
typedef struct Request
{
	PlanHttp http;
	Template headers[MAX_HEADERS];
	int64_t timeout_ns; /* -1: not given */
	bool has_expect;
	bool has_follow;
	bool has_max_body;
	bool has_cacert;
	bool has_insecure;
} Request;

typedef struct HttpOption
{
	const char *name;
	bool (*fn)(Parser *p, Request *request, size_t pos);
} HttpOption;

static int
symbol_with(Parser *p, const char *name, const char *suffix)
{
	Buf buf = {0};
	int symbol;

	buf_printf(&buf, "%s%s", name, suffix);
	symbol = symbols_intern(&p->plan->symbols, buf.data, buf.len);
	buf_free(&buf);
	return symbol;
}

/* -------- name, method, URL -------- */

static bool
read_name(Parser *p, PlanHttp *http)
{
	Slice word;
	size_t pos;

	if (lex_at_end(p->lex))
		return parse_fail(p, p->command_pos, usage, "\\http needs a name");
	pos = p->lex->pos;
	word = lex_word(p->lex);
	if (!lex_is_name(word.text, word.len))
		return parse_fail(p, pos, usage,
						  "\"%.*s\" cannot be the name of a request",
						  word.len > 60 ? 60 : (int) word.len, word.text);
	http->name = arena_text(p->plan->arena, word.text, word.len);
	http->status_symbol = symbol_with(p, http->name, "_status");
	http->body_symbol = symbol_with(p, http->name, "_body");
	http->type_symbol = symbol_with(p, http->name, "_type");
	http->time_symbol = symbol_with(p, http->name, "_time");
	return true;
}

/* RFC 9110, section 5.6.2: what methods and header names are made of. */
static bool
is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		   (c >= '0' && c <= '9') ||
		   (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (!is_token_char(text[i]))
			return false;
	}
	return len > 0;
}

static bool
read_method(Parser *p, PlanHttp *http)
{
	static const char *const known[] = {"GET",	  "HEAD",  "POST",	 "PUT",
										"DELETE", "PATCH", "OPTIONS"};
	Slice word;
	size_t pos;

	if (lex_at_end(p->lex))
		return parse_fail(p, p->command_pos, usage,
						  "\\http needs a method behind the name");
	pos = p->lex->pos;
	word = lex_word(p->lex);
	if (!is_token(word.text, word.len))
		return parse_fail(p, pos, usage, "\"%.*s\" is not a method",
						  word.len > 60 ? 60 : (int) word.len, word.text);
	http->method = arena_text(p->plan->arena, word.text, word.len);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		if (lex_slice_is(word, known[i]))
			http->method = known[i];
	}
	return true;
}

static bool
check_url_text(Parser *p, const Template *url, size_t pos)
{
	for (int i = 0; i < url->nparts; i++)
	{
		const Part *part = &url->parts[i];

		for (size_t k = 0; part->form == PART_TEXT && k < part->len; k++)
		{
			unsigned char c = (unsigned char) part->text[k];

			if (c <= ' ' || c == 0x7F)
				return parse_fail(
					p, pos, "write %20 for a blank",
					"a blank or control character cannot stand in a URL");
		}
	}
	return true;
}

/* Where the host begins in the URL's first text; 0 when there is no scheme. */
static size_t
authority_start(const Part *first)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (int i = 0; i < 2; i++)
	{
		size_t len = strlen(schemes[i]);

		if (first->len > len && strncasecmp(first->text, schemes[i], len) == 0)
			return len;
	}
	return 0;
}

/* "http://host::port/": the second colon was meant to begin a variable. */
static bool
has_double_colon(const Part *part, size_t from)
{
	size_t end = from;

	while (end < part->len && strchr("/?#", part->text[end]) == NULL)
		end++;
	return part->text[from] != '[' &&
		   memmem(part->text + from, end - from, "::", 2) != NULL;
}

static bool
not_in_host(Parser *p, Place place)
{
	return parse_fail_at(
		p, place,
		"let one variable hold scheme, host and port, and begin the URL with it; \\: is a plain colon",
		"a variable cannot be a part of a URL's host");
}

/*
 * A variable at the very start is pasted: it holds scheme and host.  Others
 * must come behind the host, so that a value can never change where the
 * request goes to.
 */
static bool
place_url_variables(Parser *p, Template *url)
{
	bool behind_host = false;

	for (int i = 0; i < url->nparts; i++)
	{
		Part *part = &url->parts[i];
		size_t from = i == 0 ? authority_start(part) : 0;

		if (part->form == PART_TEXT)
		{
			for (size_t k = from; k < part->len; k++)
				behind_host =
					behind_host || strchr("/?#", part->text[k]) != NULL;
		}
		else if (i == 0)
			part->form = PART_URL_START;
		else if (!behind_host)
			return not_in_host(
				p, (Place){p->lex->file, part->line, part->column});
	}
	return true;
}

static bool
read_url(Parser *p, PlanHttp *http)
{
	Template *url = &http->url;
	size_t pos;

	if (lex_at_end(p->lex))
		return parse_fail(p, p->command_pos, usage,
						  "\\http needs a URL behind the method");
	pos = p->lex->pos;
	if (!template_read_value(&p->reader, PART_URL, url))
		return false;
	if (url->nparts == 0 || (url->parts[0].form == PART_TEXT &&
							 authority_start(&url->parts[0]) == 0))
		return parse_fail(
			p, pos,
			"write the whole URL, or begin it with a variable that holds scheme and host, such as :http",
			"a URL begins with http:// or https://");
	if (url->parts[0].form == PART_TEXT &&
		has_double_colon(&url->parts[0], authority_start(&url->parts[0])))
		return not_in_host(p, lex_place(p->lex, pos));
	return check_url_text(p, url, pos) && place_url_variables(p, url);
}

/* -------- options -------- */

static bool
twice(Parser *p, size_t pos, const char *name)
{
	return parse_fail(p, pos, "keep one of them", "%s is given twice", name);
}

static bool
option_header(Parser *p, Request *request, size_t pos)
{
	Template *header = &request->headers[request->http.nheaders];
	const Part *first;
	const char *colon;

	if (request->http.nheaders == MAX_HEADERS)
		return parse_fail(p, pos, NULL, "a request has %d headers at most",
						  MAX_HEADERS);
	if (!template_read_value(&p->reader, PART_HEADER, header))
		return false;
	first = &header->parts[0];
	colon = header->nparts > 0 && first->form == PART_TEXT
				? memchr(first->text, ':', first->len)
				: NULL;
	if (colon == NULL ||
		!is_token(first->text, (size_t) (colon - first->text)))
		return parse_fail(
			p, pos,
			"write header=\"Name: value\", with a plain name and a blank behind the colon",
			"this is not a header");
	for (int i = 0; i < header->nparts; i++)
	{
		const Part *part = &header->parts[i];

		if (part->form == PART_TEXT &&
			(memchr(part->text, '\n', part->len) != NULL ||
			 memchr(part->text, '\r', part->len) != NULL))
			return parse_fail(p, pos, "give header= once for each header",
							  "a header cannot have a line end in it");
	}
	request->http.nheaders++;
	return true;
}

static bool
option_body(Parser *p, Request *request, size_t pos)
{
	if (request->http.body_kind != HTTP_NO_BODY)
		return parse_fail(p, pos, "keep one of body= and json=",
						  "the request has a body already");
	request->http.body_kind = HTTP_TEXT_BODY;
	return template_read_value(&p->reader, PART_PASTE, &request->http.body);
}

static bool
option_json(Parser *p, Request *request, size_t pos)
{
	if (request->http.body_kind != HTTP_NO_BODY)
		return parse_fail(p, pos, "keep one of body= and json=",
						  "the request has a body already");
	request->http.body_kind = HTTP_JSON_BODY;
	return template_read_json(&p->reader, &request->http.body);
}

static bool
option_timeout(Parser *p, Request *request, size_t pos)
{
	const char *text = lex_value_text(p->lex, p->err);

	if (text == NULL)
		return false;
	if (request->timeout_ns >= 0 || p->marks.has_timeout)
		return twice(p, pos, "the request's timeout");
	if (!duration_parse(text, strlen(text), &request->timeout_ns) ||
		request->timeout_ns == 0)
		return parse_fail(
			p, pos,
			"write timeout=2 or timeout=2s for two seconds; units are us, ms, s, min, h",
			"\"%s\" is not a span of time", text);
	return true;
}

/* Up to three digits; -1 when it is anything else. */
static int
small_number(const char *text, size_t len)
{
	int number = 0;

	if (len == 0 || len > 3)
		return -1;
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number;
}

/* 200, 2xx, 200-299, any */
static bool
parse_statuses(const char *text, int *lo, int *hi)
{
	size_t len = strlen(text);
	const char *dash = strchr(text, '-');

	if (strcasecmp(text, "any") == 0)
	{
		*lo = 0;
		*hi = 999;
		return true;
	}
	if (len == 3 && strcasecmp(text + 1, "xx") == 0 && text[0] >= '1' &&
		text[0] <= '9')
	{
		*lo = (text[0] - '0') * 100;
		*hi = *lo + 99;
		return true;
	}
	*lo = small_number(text, dash != NULL ? (size_t) (dash - text) : len);
	*hi = dash != NULL ? small_number(dash + 1, strlen(dash + 1)) : *lo;
	return *lo >= 0 && *hi >= *lo;
}

static bool
option_expect(Parser *p, Request *request, size_t pos)
{
	const char *text = lex_value_text(p->lex, p->err);

	if (text == NULL)
		return false;
	if (request->has_expect)
		return twice(p, pos, "expect=");
	request->has_expect = true;
	if (!parse_statuses(text, &request->http.expect_lo,
						&request->http.expect_hi))
		return parse_fail(
			p, pos,
			"write expect=200, expect=2xx, expect=200-299 or expect=any",
			"\"%s\" is not a range of statuses", text);
	return true;
}

static bool
option_follow(Parser *p, Request *request, size_t pos)
{
	const char *text = lex_value_text(p->lex, p->err);

	if (text == NULL)
		return false;
	if (request->has_follow)
		return twice(p, pos, "follow=");
	request->has_follow = true;
	request->http.follow = small_number(text, strlen(text));
	if (request->http.follow < 0 || request->http.follow > MAX_FOLLOW)
		return parse_fail(
			p, pos, "write how many redirects are followed at most: 0 to 50",
			"\"%s\" is not a number of redirects", text);
	return true;
}

/* Bytes, or with kB, MB, GB behind (times 1024). */
static bool
parse_bytes(const char *text, int64_t *bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB"};
	int64_t number = 0;
	size_t digits = 0;

	for (; text[digits] >= '0' && text[digits] <= '9' && digits < 15; digits++)
		number = number * 10 + (text[digits] - '0');
	if (digits == 0)
		return false;
	*bytes = number;
	if (text[digits] == '\0')
		return true;
	for (int i = 0; i < 4; i++)
	{
		if (strcasecmp(text + digits, units[i]) == 0)
		{
			*bytes = number > MAX_MAX_BODY ? number : number << (10 * i);
			return true;
		}
	}
	return false;
}

static bool
option_max_body(Parser *p, Request *request, size_t pos)
{
	const char *text = lex_value_text(p->lex, p->err);
	int64_t bytes;

	if (text == NULL)
		return false;
	if (request->has_max_body)
		return twice(p, pos, "max_body=");
	request->has_max_body = true;
	if (!parse_bytes(text, &bytes))
		return parse_fail(p, pos,
						  "write max_body=500kB or max_body=16MB, for example",
						  "\"%s\" is not a number of bytes", text);
	if (bytes > MAX_MAX_BODY)
		return parse_fail(p, pos,
						  "a body is kept in memory, so 1GB is the most",
						  "\"%s\" is too much for a body", text);
	request->http.max_body_bytes = bytes;
	return true;
}

static bool
option_cacert(Parser *p, Request *request, size_t pos)
{
	request->http.cacert = lex_value_text(p->lex, p->err);
	if (request->http.cacert == NULL)
		return false;
	if (request->has_cacert)
		return twice(p, pos, "cacert=");
	request->has_cacert = true;
	if (request->http.cacert[0] == '\0')
		return parse_fail(p, pos,
						  "write cacert=FILE, with certificates in PEM form",
						  "cacert= needs a file");
	return true;
}

static bool
option_insecure(Parser *p, Request *request, size_t pos)
{
	static const char *const yes[] = {"on", "true", "yes", "1"};
	static const char *const no[] = {"off", "false", "no", "0"};
	const char *text = lex_value_text(p->lex, p->err);

	if (text == NULL)
		return false;
	if (request->has_insecure)
		return twice(p, pos, "insecure=");
	request->has_insecure = true;
	for (int i = 0; i < 4; i++)
	{
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0)
		{
			request->http.insecure = strcasecmp(text, yes[i]) == 0;
			return true;
		}
	}
	return parse_fail(p, pos, "write insecure=on to accept any certificate",
					  "\"%s\" is neither on nor off", text);
}

static const HttpOption options[] = {
	{"header", option_header},	   {"body", option_body},
	{"json", option_json},		   {"timeout", option_timeout},
	{"expect", option_expect},	   {"follow", option_follow},
	{"max_body", option_max_body}, {"cacert", option_cacert},
	{"insecure", option_insecure}};

#define NOPTIONS ((int) (sizeof(options) / sizeof(options[0])))

static bool
unknown_option(Parser *p, Slice name, size_t pos)
{
	const char *names[NOPTIONS];
	const char *nearest;
	char word[64] = "";

	for (int i = 0; i < NOPTIONS; i++)
		names[i] = options[i].name;
	memcpy(word, name.text, name.len > 60 ? 60 : name.len);
	nearest = err_nearest(word, names, NOPTIONS);
	parse_fail(
		p, pos,
		"options are header= body= json= timeout= expect= follow= max_body= cacert= insecure=; a URL or value with blanks needs quotes",
		"unknown option \"%s\" of \\http", word);
	if (nearest != NULL)
		err_hint(p->err, "did you mean %s=?", nearest);
	return false;
}

static bool
read_option(Parser *p, Request *request)
{
	Lexer *lex = p->lex;
	size_t pos = lex->pos;
	Slice name = lex_name(lex);

	for (int i = 0; i < NOPTIONS; i++)
	{
		if (!lex_slice_is(name, options[i].name))
			continue;
		if (options[i].fn == option_insecure && lex_peek(lex, 0) != '=')
		{
			request->has_insecure = request->http.insecure = true;
			return true;
		}
		if (lex_peek(lex, 0) != '=')
		{
			parse_fail(p, pos, NULL, "%s needs a value", options[i].name);
			err_hint(p->err, "write %s=..., without a blank before the value",
					 options[i].name);
			return false;
		}
		lex->pos++;
		/* the blank would end the value before it began */
		if (options[i].fn != option_json &&
			strchr(" \t\r\n", lex_peek(lex, 0)) != NULL)
		{
			parse_fail(p, lex->pos, NULL,
					   "a value is missing behind %s=", options[i].name);
			err_hint(
				p->err,
				"write %s=..., without a blank before the value, or \"\" for nothing",
				options[i].name);
			return false;
		}
		return options[i].fn(p, request, lex->pos);
	}
	if (name.len == 0)
	{
		lex->pos = pos;
		name = lex_word(lex);
	}
	return unknown_option(p, name, pos);
}

static bool
add_request(Parser *p, const Request *request)
{
	PlanStep *step = parse_add_step(p, STEP_HTTP, p->command_pos);

	if (step == NULL)
		return false;
	if (request->timeout_ns >= 0)
		step->timeout_ns = request->timeout_ns;
	step->http = request->http;
	step->label = request->http.name;
	step->http.headers =
		arena_dup(p->plan->arena, request->headers,
				  (size_t) request->http.nheaders * sizeof(Template));
	return true;
}

bool
command_http(Parser *p)
{
	Request request = {.timeout_ns = -1};

	request.http.expect_hi = 399;
	request.http.max_body_bytes = PLAN_MAX_BODY_BYTES;
	if (!read_name(p, &request.http) || !read_method(p, &request.http) ||
		!read_url(p, &request.http))
		return false;
	while (!lex_at_end(p->lex))
	{
		if (!read_option(p, &request))
			return false;
	}
	return add_request(p, &request);
}
