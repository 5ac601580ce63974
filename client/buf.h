/*
 * buf.h
 *	  A growing byte buffer with an upper limit.
 *
 * Embedded by value: buf_init or zero bytes to begin, buf_free to end.  data
 * is always NUL-terminated once something was appended.  Appending past
 * max_bytes (0: no limit) sets "overflow" and drops the rest; running out of
 * memory ends the program, as everywhere in the client (mem.h).
 */
#ifndef BUF_H
#define BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Buf
{
	char *data;
	size_t len; /* bytes used, terminator not counted */
	size_t cap;
	size_t max_bytes;
	bool overflow;
} Buf;

extern void buf_init(Buf *buf, size_t max_bytes);
extern void buf_free(Buf *buf);
extern void buf_reset(Buf *buf); /* len = 0, memory kept */
extern void buf_append(Buf *buf, const char *data, size_t len);
extern void buf_puts(Buf *buf, const char *text);
extern void buf_putc(Buf *buf, char c);
extern void buf_printf(Buf *buf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Append text as a JSON string with its quotes; bad UTF-8 becomes U+FFFD. */
extern void buf_json_string(Buf *buf, const char *text, size_t len);

#endif /* BUF_H */
