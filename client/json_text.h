/*
 * json_text.h
 *	  Where the tokens of a JSON text begin and end (RFC 8259).
 *
 * The library that reads JSON turns numbers into 64-bit integers and doubles
 * and refuses what does not fit.  What must keep a number's own spelling
 * looks at the text itself, with these.
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <stddef.h>

#include "buf.h"

/* Length of the JSON number at text; 0 when there is none. */
extern size_t json_number_len(const char *text, size_t len);

/*
 * Length of the string at text, quotes included; 0 when it does not end.
 * Only where it ends is told, not whether its escapes are right.
 */
extern size_t json_string_len(const char *text, size_t len);
extern size_t json_blanks_len(const char *text, size_t len);

/*
 * Length of the value that begins at text, which must be JSON and begin
 * without blanks.
 */
extern size_t json_value_len(const char *text, size_t len);

/* Append a JSON text without the blanks between its tokens. */
extern void json_compact(Buf *out, const char *text, size_t len);

#endif /* JSON_TEXT_H */
