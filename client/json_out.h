/*
 * json_out.h
 *	  JSON written as it goes, value by value, in memory that does not grow.
 *
 * Strings are made well-formed UTF-8; control and bidirectional characters in
 * them are escaped, so that they cannot steer a terminal that shows the text.
 * Keys are NULL within arrays.  json_out_end writes what is left.
 */
#ifndef JSON_OUT_H
#define JSON_OUT_H

#include <stdint.h>
#include <stdio.h>

#include "buf.h"

typedef struct JsonOut
{
	FILE *out;
	Buf buf;
	size_t written; /* bytes that left the buffer */
	bool comma;		/* one is due before the next value */
	bool in_html;	/* "<", ">" and "&" are escaped too */
} JsonOut;

extern void json_out_begin(JsonOut *json, FILE *out, bool in_html);
extern void json_out_end(JsonOut *json);

/* Bytes so far, but for what escapes will add to the last 64 kB. */
extern size_t json_out_bytes(const JsonOut *json);

extern void json_out_open(JsonOut *json, const char *key, char bracket);
extern void json_out_close(JsonOut *json, char bracket);

/* NULL text is null. */
extern void json_out_string(JsonOut *json, const char *key, const char *text);
extern void json_out_text(JsonOut *json, const char *key, const char *text,
						  size_t len);
extern void json_out_int(JsonOut *json, const char *key, int64_t value);
extern void json_out_bool(JsonOut *json, const char *key, bool value);

/* A finite number; its decimal sign is a point in any locale. */
extern void json_out_real(JsonOut *json, const char *key, double value);

/* "key": [low, high] */
extern void json_out_interval(JsonOut *json, const char *key, double low,
							  double high);

/* Nanoseconds as seconds, exactly and whatever the locale's decimal sign. */
extern void json_out_seconds(JsonOut *json, const char *key, int64_t ns);

#endif /* JSON_OUT_H */
