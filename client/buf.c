/*
 * buf.c
 *	  A growing byte buffer with an upper limit.
 */
#include "buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "utf8.h"

#define FIRST_CAP 64

void
buf_init(Buf *buf, size_t max_bytes)
{
	memset(buf, 0, sizeof(*buf));
	buf->max_bytes = max_bytes;
}

void
buf_free(Buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->max_bytes);
}

void
buf_reset(Buf *buf)
{
	buf->len = 0;
	buf->overflow = false;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

/*
 * Make room for len bytes and the terminator; returns how many of them may be
 * written.  Once something was dropped nothing more is taken, so that what is
 * kept is always the beginning of what was appended.
 */
static size_t
make_room(Buf *buf, size_t len)
{
	size_t cap = buf->cap > 0 ? buf->cap : FIRST_CAP;

	if (buf->overflow)
		return 0;
	if (buf->max_bytes > 0 && len > buf->max_bytes - buf->len)
	{
		buf->overflow = true;
		len = buf->max_bytes - buf->len;
	}
	while (cap <= SIZE_MAX / 2 && cap - 1 < buf->len + len)
		cap *= 2;
	if (cap > buf->cap)
	{
		buf->data = mem_realloc(buf->data, cap);
		buf->cap = cap;
	}
	return len;
}

void
buf_append(Buf *buf, const char *data, size_t len)
{
	len = make_room(buf, len);
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	if (buf->data != NULL)
		buf->data[buf->len] = '\0';
}

void
buf_puts(Buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void
buf_putc(Buf *buf, char c)
{
	buf_append(buf, &c, 1);
}

void
buf_printf(Buf *buf, const char *fmt, ...)
{
	char small[256];
	char *large;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	if (len < 0)
		buf->overflow = true; /* longer than an int can say */
	if (len < (int) sizeof(small))
	{
		buf_append(buf, small, len > 0 ? (size_t) len : 0);
		return;
	}
	large = mem_alloc((size_t) len + 1);
	va_start(args, fmt);
	vsnprintf(large, (size_t) len + 1, fmt, args);
	va_end(args);
	buf_append(buf, large, (size_t) len);
	free(large);
}

/* One character as it stands inside a JSON string (RFC 8259, section 7). */
static void
json_char(Buf *buf, const char *text, int len, uint32_t code)
{
	static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (const char *p = named; len == 1 && *p != '\0'; p += 2)
	{
		if ((uint32_t) *p == code)
		{
			buf_putc(buf, '\\');
			buf_putc(buf, p[1]);
			return;
		}
	}
	if (code < 0x20 || code == 0x7F)
		buf_printf(buf, "\\u%04x", (unsigned) code);
	else
		buf_append(buf, text, (size_t) len);
}

void
buf_json_string(Buf *buf, const char *text, size_t len)
{
	buf_putc(buf, '"');
	for (size_t i = 0; i < len;)
	{
		uint32_t code;
		int n = utf8_decode(text + i, len - i, &code);

		if (n > 0)
			json_char(buf, text + i, n, code);
		else
			buf_puts(buf, "\xEF\xBF\xBD");
		i += n > 0 ? (size_t) n : 1;
	}
	buf_putc(buf, '"');
}
