/*
 * template.c
 *	  Text with variables in it, expanded with a task's values.
 *
 * Every form says how a value must be written so that it stays one value:
 * whatever it contains, it cannot leave the place where it was put.
 */
#include "template.h"

#include <math.h>
#include <string.h>

#include "json_text.h"
#include "utf8.h"

/* One part under way: what its form needs to know. */
typedef struct Fill
{
	const Part *part;
	const char *name;
	const Value *value;
	const char *text; /* the value as text; NULL for null */
	size_t len;
	Buf *out;
	Err *err;
} Fill;

static bool
fill_fails(const Fill *fill, const char *problem, const char *remedy)
{
	err_set(fill->err, ERR_DATA, "variable \"%s\" %s", fill->name, problem);
	err_hint(fill->err, "%s", remedy);
	return false;
}

static bool
is_utf8(const char *text, size_t len)
{
	uint32_t code;

	for (size_t i = 0; i < len;)
	{
		int n = utf8_decode(text + i, len - i, &code);

		if (n == 0)
			return false;
		i += (size_t) n;
	}
	return true;
}

/* The server has no text with a NUL byte, nor do libraries that take C text.
 */
static bool
has_no_nul(const Fill *fill)
{
	if (fill->text != NULL && memchr(fill->text, '\0', fill->len) != NULL)
		return fill_fails(
			fill, "has a NUL byte, which cannot be sent as text",
			"take it out at its source, or send it in another form");
	return true;
}

static bool
has_valid_text(const Fill *fill)
{
	if (!is_utf8(fill->text, fill->len))
		return fill_fails(fill, "is not valid UTF-8",
						  "convert the input to UTF-8 first");
	return has_no_nul(fill);
}

static bool
fill_paste_sql(const Fill *fill)
{
	if (!has_no_nul(fill))
		return false;
	if (fill->text == NULL)
	{
		buf_puts(fill->out, "NULL");
		return true;
	}
	/* "5-:x" with a negative x would begin a comment */
	if (fill->len > 0 && fill->text[0] == '-' && fill->out->len > 0 &&
		fill->out->data[fill->out->len - 1] == '-')
		buf_putc(fill->out, ' ');
	buf_append(fill->out, fill->text, fill->len);
	return true;
}

/* Double the quotes and, inside E'', the backslashes. */
static void
append_doubled(Buf *out, const char *text, size_t len, char quote,
			   bool backslashes)
{
	buf_putc(out, quote);
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == quote || (backslashes && text[i] == '\\'))
			buf_putc(out, text[i]);
		buf_putc(out, text[i]);
	}
	buf_putc(out, quote);
}

/* Right for either setting of standard_conforming_strings. */
static bool
fill_literal(const Fill *fill)
{
	bool backslashes;

	if (fill->text == NULL)
	{
		buf_puts(fill->out, "NULL");
		return true;
	}
	if (!has_valid_text(fill))
		return false;
	backslashes = memchr(fill->text, '\\', fill->len) != NULL;
	if (backslashes)
		buf_puts(fill->out, " E");
	append_doubled(fill->out, fill->text, fill->len, '\'', backslashes);
	return true;
}

static bool
fill_identifier(const Fill *fill)
{
	if (fill->text == NULL)
		return fill_fails(fill, "is null, which is no identifier",
						  "set it to the name that is meant");
	if (fill->len == 0)
		return fill_fails(fill, "is empty, which is no identifier",
						  "set it to the name that is meant");
	if (!has_valid_text(fill))
		return false;
	append_doubled(fill->out, fill->text, fill->len, '"', false);
	return true;
}

static bool
fill_url(const Fill *fill)
{
	static const char hex[] = "0123456789ABCDEF";

	if (fill->text == NULL)
		return fill_fails(fill, "is null, which cannot stand in a URL",
						  "test it with \\if before the request");
	for (size_t i = 0; i < fill->len; i++)
	{
		unsigned char c = (unsigned char) fill->text[i];

		/* RFC 3986, section 2.3 */
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c) != NULL))
			buf_putc(fill->out, (char) c);
		else
		{
			buf_putc(fill->out, '%');
			buf_putc(fill->out, hex[c >> 4]);
			buf_putc(fill->out, hex[c & 15]);
		}
	}
	return true;
}

static bool
fill_url_start(const Fill *fill)
{
	if (fill->text == NULL || fill->len == 0)
		return fill_fails(fill, "is empty or null, but the URL begins with it",
						  "set it to something like http://localhost:8080");
	for (size_t i = 0; i < fill->len; i++)
	{
		unsigned char c = (unsigned char) fill->text[i];

		if (c <= ' ' || c == 0x7F)
			return fill_fails(
				fill,
				"has a blank or a control character, which cannot stand in a URL",
				"write %20 for a blank");
	}
	buf_append(fill->out, fill->text, fill->len);
	return true;
}

static bool
fill_header(const Fill *fill)
{
	if (fill->text == NULL)
		return fill_fails(fill, "is null, which cannot stand in a header",
						  "test it with \\if before the request");
	for (size_t i = 0; i < fill->len; i++)
	{
		if (fill->text[i] == '\r' || fill->text[i] == '\n' ||
			fill->text[i] == '\0')
			return fill_fails(
				fill,
				"has a line end or NUL byte, which cannot stand in a header",
				"a header is one line of text");
	}
	buf_append(fill->out, fill->text, fill->len);
	return true;
}

static bool
fill_json(const Fill *fill)
{
	const Value *value = fill->value;

	if (value->kind == VALUE_NULL)
		buf_puts(fill->out, "null");
	else if (value->kind == VALUE_DOUBLE && !isfinite(value->number))
		return fill_fails(fill,
						  "is not a finite number, which JSON cannot say",
						  "test it before the request");
	else if (value->kind == VALUE_TEXT)
	{
		if (!is_utf8(fill->text, fill->len))
			return fill_fails(fill, "is not valid UTF-8",
							  "convert the input to UTF-8 first");
		buf_json_string(fill->out, fill->text, fill->len);
	}
	else if (value->kind != VALUE_BOOL &&
			 json_number_len(fill->text, fill->len) != fill->len)
	{
		/* "+1" or ".5": a spelling that JSON does not know */
		char scratch[VALUE_SCRATCH];
		Value plain = *value;
		size_t len;
		const char *text;

		plain.len = 0;
		text = value_text(&plain, scratch, &len);
		buf_append(fill->out, text, len);
	}
	else
		buf_append(fill->out, fill->text, fill->len);
	return true;
}

static bool
fill_json_text(const Fill *fill)
{
	Buf quoted = {0};

	if (fill->text == NULL)
		return fill_fails(
			fill, "is null, which cannot stand inside a JSON string",
			"put :name where the whole value may stand, to send null");
	if (!is_utf8(fill->text, fill->len))
		return fill_fails(fill, "is not valid UTF-8",
						  "convert the input to UTF-8 first");
	buf_json_string(&quoted, fill->text, fill->len);
	buf_append(fill->out, quoted.data + 1, quoted.len - 2);
	buf_free(&quoted);
	return true;
}

static bool
is_plain_word(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') ||
			  (c != '\0' && strchr("_./:@%+,-=", c) != NULL)))
			return false;
	}
	return len > 0;
}

/* Numbers and names look as in pgbench; anything else cannot be a command. */
static bool
fill_shell(const Fill *fill)
{
	if (!has_no_nul(fill))
		return false;
	if (is_plain_word(fill->text, fill->len))
	{
		buf_append(fill->out, fill->text, fill->len);
		return true;
	}
	buf_putc(fill->out, '\'');
	for (size_t i = 0; i < fill->len; i++)
	{
		if (fill->text[i] == '\'')
			buf_puts(fill->out, "'\\'");
		buf_putc(fill->out, fill->text[i]);
	}
	buf_putc(fill->out, '\'');
	return true;
}

static bool
fill_part(const Fill *fill)
{
	switch (fill->part->form)
	{
		case PART_TEXT:
			break;
		case PART_BIND:
			return fill_paste_sql(fill);
		case PART_LITERAL:
			return fill_literal(fill);
		case PART_IDENTIFIER:
			return fill_identifier(fill);
		case PART_PASTE:
			buf_append(fill->out, fill->text, fill->len);
			return true;
		case PART_URL:
			return fill_url(fill);
		case PART_HEADER:
			return fill_header(fill);
		case PART_JSON:
			return fill_json(fill);
		case PART_JSON_TEXT:
			return fill_json_text(fill);
		case PART_URL_START:
			return fill_url_start(fill);
		case PART_SHELL:
			return fill_shell(fill);
	}
	return true;
}

static bool
expand_variable(const Part *part, const Vars *vars, Buf *out, Err *err)
{
	char scratch[VALUE_SCRATCH];
	Fill fill = {.part = part, .out = out, .err = err};
	bool fine;

	fill.value = vars_get(vars, part->symbol);
	if (fill.value == NULL)
		fine = vars_undefined(vars, part->symbol, err);
	else
	{
		fill.name = vars->symbols->names[part->symbol];
		fill.text = value_text(fill.value, scratch, &fill.len);
		fine = fill_part(&fill);
	}
	if (!fine && err != NULL)
	{
		err->line = part->line;
		err->column = part->column;
	}
	return fine;
}

bool
template_expand(const Template *template, const Vars *vars, bool paste_binds,
				Buf *out, Err *err)
{
	for (int i = 0; i < template->nparts; i++)
	{
		const Part *part = &template->parts[i];

		if (part->form == PART_TEXT)
			buf_append(out, part->text, part->len);
		else if (part->form == PART_BIND && !paste_binds)
			buf_printf(out, "$%d", part->bind);
		else if (!expand_variable(part, vars, out, err))
			return false;
	}
	/* even an empty text is a text */
	if (out->data == NULL)
		buf_append(out, "", 0);
	if (!out->overflow)
		return true;
	err_set(err, ERR_DATA,
			"the text with its variables is longer than %zu bytes",
			out->max_bytes);
	err_hint(err, "use smaller values, or send them in parts");
	return false;
}
