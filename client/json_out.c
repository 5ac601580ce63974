/*
 * json_out.c
 *	  JSON written as it goes, value by value, in memory that does not grow.
 */
#include "json_out.h"

#include <string.h>

#include "utf8.h"

#define FLUSH_BYTES 65536

/* Valid in JSON, but they could steer a terminal that shows it. */
static bool
is_unsafe(uint32_t code)
{
	return (code >= 0x80 && code < 0xA0) || code == 0x061C || code == 0x200E ||
		   code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
		   (code >= 0x2066 && code <= 0x2069);
}

/*
 * What is beyond ASCII stands in strings only, as do "<", ">" and "&", and was
 * made well-formed there; the buffer always ends between two values.
 */
static void
flush(JsonOut *json)
{
	const char *data = json->buf.data;
	size_t len = json->buf.len;
	size_t begin = 0;

	for (size_t i = 0; i < len;)
	{
		uint32_t code = (unsigned char) data[i];
		int n = 1;

		if ((code & 0x80) != 0)
			n = utf8_decode(data + i, len - i, &code);
		if (is_unsafe(code) ||
			(json->in_html && (code == '<' || code == '>' || code == '&')))
		{
			fwrite(data + begin, 1, i - begin, json->out);
			fprintf(json->out, "\\u%04x", (unsigned) code);
			begin = i + (size_t) n;
			json->written += 6 - (size_t) n;
		}
		i += n > 0 ? (size_t) n : 1;
	}
	fwrite(data + begin, 1, len - begin, json->out);
	json->written += len;
	buf_reset(&json->buf);
}

void
json_out_begin(JsonOut *json, FILE *out, bool in_html)
{
	*json = (JsonOut){.out = out, .in_html = in_html};
	buf_init(&json->buf, 0);
}

void
json_out_end(JsonOut *json)
{
	flush(json);
	buf_free(&json->buf);
}

size_t
json_out_bytes(const JsonOut *json)
{
	return json->written + json->buf.len;
}

/* What comes before every value. */
static void
begin_value(JsonOut *json, const char *key)
{
	if (json->comma)
		buf_putc(&json->buf, ',');
	if (json->buf.len >= FLUSH_BYTES)
		flush(json);
	json->comma = true;
	if (key != NULL)
	{
		buf_json_string(&json->buf, key, strlen(key));
		buf_putc(&json->buf, ':');
	}
}

void
json_out_open(JsonOut *json, const char *key, char bracket)
{
	begin_value(json, key);
	buf_putc(&json->buf, bracket);
	json->comma = false;
}

void
json_out_close(JsonOut *json, char bracket)
{
	buf_putc(&json->buf, bracket);
	json->comma = true;
}

void
json_out_text(JsonOut *json, const char *key, const char *text, size_t len)
{
	begin_value(json, key);
	buf_json_string(&json->buf, text, len);
}

void
json_out_string(JsonOut *json, const char *key, const char *text)
{
	if (text != NULL)
	{
		json_out_text(json, key, text, strlen(text));
		return;
	}
	begin_value(json, key);
	buf_puts(&json->buf, "null");
}

void
json_out_int(JsonOut *json, const char *key, int64_t value)
{
	begin_value(json, key);
	buf_printf(&json->buf, "%lld", (long long) value);
}

void
json_out_real(JsonOut *json, const char *key, double value)
{
	char text[64];

	snprintf(text, sizeof(text), "%.15g", value);
	for (char *at = text; *at != '\0'; at++)
		if (*at == ',')
			*at = '.';
	begin_value(json, key);
	buf_puts(&json->buf, text);
}

void
json_out_bool(JsonOut *json, const char *key, bool value)
{
	begin_value(json, key);
	buf_puts(&json->buf, value ? "true" : "false");
}

void
json_out_interval(JsonOut *json, const char *key, double low, double high)
{
	json_out_open(json, key, '[');
	json_out_real(json, NULL, low);
	json_out_real(json, NULL, high);
	json_out_close(json, ']');
}

void
json_out_seconds(JsonOut *json, const char *key, int64_t ns)
{
	uint64_t size = ns < 0 ? -(uint64_t) ns : (uint64_t) ns;

	begin_value(json, key);
	buf_printf(&json->buf, "%s%llu.%09llu", ns < 0 ? "-" : "",
			   (unsigned long long) (size / 1000000000),
			   (unsigned long long) (size % 1000000000));
}
