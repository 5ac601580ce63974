/*
 * json_pointer.h
 *	  One value out of a JSON text, found by a JSON Pointer (RFC 6901).
 */
#ifndef JSON_POINTER_H
#define JSON_POINTER_H

#include <jansson.h>

#include "err.h"
#include "value.h"

/* Is it a pointer at all?  "" or "/name/0", with ~0 and ~1 as escapes. */
extern bool json_pointer_check(const char *pointer, Err *err);

/*
 * What the pointer leads to, borrowed from root; *out is NULL when there is
 * no such thing.  False only for a text that is no pointer.
 */
extern bool json_pointer_get(json_t *root, const char *pointer, json_t **out,
							 Err *err);

/*
 * Text to JSON, to be given back by json_decref; NULL when it is none: the
 * message tells the byte and the line.  Numbers are only to be looked at in
 * the text: those that no 64 bits can hold are 0 here.
 */
extern json_t *json_read(const char *text, size_t len, Err *err);

/*
 * Read text as JSON and set out to what the pointer leads to: null when there
 * is nothing; a number with its own spelling, of any size; an object or array
 * as its text without blanks.  False when the text is no JSON: the message
 * tells the byte and the line.
 */
extern bool json_to_value(const char *text, size_t len, const char *pointer,
						  Value *out, Err *err);

#endif /* JSON_POINTER_H */
