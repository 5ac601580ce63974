/*
 * row.h
 *	  One row of the input: values by column, and what tells it from others.
 *
 * A Row is plain data with one owner at a time: the reader that fills it,
 * then whoever pulled it, who gives it back to the input (input_give_back)
 * or frees it (row_free).  A row used again keeps its memory, so that reading
 * allocates nothing in the long run.
 */
#ifndef ROW_H
#define ROW_H

#include "siphash.h"
#include "vars.h"

typedef enum RowKind
{
	ROW_NULL,
	ROW_BOOL,	/* "true" or "false" */
	ROW_NUMBER, /* in its own spelling */
	ROW_TEXT,
	ROW_JSON /* the text of an object or a list */
} RowKind;

typedef struct RowField
{
	RowKind kind;
	uint32_t at; /* offset in bytes; a NUL follows the text */
	uint32_t len;
} RowField;

/*
 * 128 bits that tell what is in a row: equal rows have equal hashes, in every
 * run, on every machine, wherever the row and its columns stand.
 */
typedef struct RowHash
{
	uint64_t high;
	uint64_t low;
} RowHash;

typedef struct Row
{
	int64_t number; /* from 1, bad records not counted */
	int64_t line;	/* its first line in the input, from 1; 0: a query's */
	RowHash hash;
	int64_t occurrence; /* equal rows that came before; the job log counts */
	RowField *fields;	/* by column */
	int nfields;
	int fields_cap;
	char *bytes; /* the fields' texts */
	size_t len;
	size_t cap;
	struct Row *next; /* whoever owns it may chain it */
} Row;

/* The names of the columns: those of every row of one input. */
typedef struct RowColumns
{
	char **names;
	SipHash *begun; /* by column: a hash that has eaten the name */
	int count;
} RowColumns;

/* The names are copied; row_columns_clear frees what a RowColumns holds. */
extern void row_columns_init(RowColumns *columns, const char *const *names,
							 int count);
extern void row_columns_add(RowColumns *columns, const char *name, size_t len);
extern int row_columns_find(const RowColumns *columns, const char *name,
							size_t len); /* -1: none */
extern void row_columns_clear(RowColumns *columns);

extern Row *row_new(void);
extern void row_free(Row *row); /* NULL is allowed */

/* -------- filling -------- */

/* Empty, every field NULL; memory beyond what most rows need is given back. */
extern void row_reset(Row *row, int nfields);

/* Bytes for the next field; together a row's are less than 4 GB. */
extern void row_append(Row *row, const char *data, size_t len);

/*
 * What was appended since row->len was "from" is the field's text.  A row
 * that has no such column yet gets it.
 */
extern void row_set(Row *row, int column, RowKind kind, size_t from);

/* Into row->hash, once every field is set. */
extern void row_hash(Row *row, const RowColumns *columns);

/* After row_hash: a value whose name is no column takes part as well. */
extern void row_hash_other(Row *row, const char *name, size_t name_len,
						   RowKind kind, const char *text, size_t len);

/* -------- reading -------- */

/* NUL-terminated; NULL for null. */
extern const char *row_text(const Row *row, int column, size_t *len);
extern void row_value(const Row *row, int column, Value *value);

/* Set the variables; symbols by column, -1 for a name nobody uses. */
extern void row_set_vars(const Row *row, const int *symbols, Vars *vars);

#endif /* ROW_H */
