/*
 * value.h
 *	  One variable's value: null, boolean, integer, double or text.
 *
 * A Value owns its text.  Zero bytes are a null.  value_clear frees; the
 * setters reuse the memory that is there, so a Value set again and again
 * (one row after another) does not allocate.
 */
#ifndef VALUE_H
#define VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ValueKind
{
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_DOUBLE,
	VALUE_TEXT
} ValueKind;

typedef struct Value
{
	ValueKind kind;
	union
	{
		bool boolean;
		int64_t integer;
		double number;
	};

	/*
	 * VALUE_TEXT: the text.  A number that came with a spelling of its own
	 * (JSON, a result column) keeps it here (len > 0); otherwise len is 0.
	 */
	char *text;
	size_t len;
	size_t cap;
} Value;

#define VALUE_SCRATCH 40 /* enough for any number's text */

extern void value_set_null(Value *value);
extern void value_set_bool(Value *value, bool boolean);
extern void value_set_int(Value *value, int64_t integer);
extern void value_set_double(Value *value, double number);
extern void value_set_text(Value *value, const char *text, size_t len);

/* A number with its own spelling: becomes INT, DOUBLE, or TEXT if neither. */
extern void value_set_number(Value *value, const char *text, size_t len);

/*
 * What a text says when it is read as a number: VALUE_INT fills *integer,
 * VALUE_DOUBLE *number, VALUE_TEXT means it is none.  text is NUL-terminated.
 */
extern ValueKind value_read_number(const char *text, size_t len,
								   int64_t *integer, double *number);
extern void value_copy(Value *to, const Value *from);
extern void value_clear(Value *value);

/*
 * The value as text, NUL-terminated; NULL for null.  Points into the value or
 * into scratch.  Doubles print so that they read back the same.
 */
extern const char *value_text(const Value *value, char scratch[VALUE_SCRATCH],
							  size_t *len);

/* An integer as text, NUL-terminated; returns its length. */
extern size_t value_int_text(int64_t integer, char scratch[VALUE_SCRATCH]);
extern const char *value_kind_name(ValueKind kind);

#endif /* VALUE_H */
