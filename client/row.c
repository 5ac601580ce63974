/*
 * row.c
 *	  One row of the input: values by column, and what tells it from others.
 *
 * A row's hash is the sum, modulo 2^64 in each half, of one SipHash for each
 * value that is not NULL, over column name, kind and text.  A sum, because
 * the same row with its columns in another order, or with a column more that
 * is NULL, is the same work; so is a JSON record with its keys in another
 * order.  SipHash, because it is small enough to own, has published vectors,
 * and nobody knows how to write rows that collide, although the key is no
 * secret: two rows taken for one would leave work undone.
 */
#include "row.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define FIRST_BYTES 256
#define KEPT_BYTES 16384 /* a recycled row keeps so much */

static const unsigned char hash_key[16] = "asyncdemo row 1";

/* -------- columns -------- */

static void
begin_name(SipHash *hash, const char *name, size_t len)
{
	siphash_begin(hash, hash_key);
	siphash_add(hash, name, len);
	siphash_add(hash, "", 1); /* where the name ends */
}

void
row_columns_init(RowColumns *columns, const char *const *names, int count)
{
	memset(columns, 0, sizeof(*columns));
	for (int i = 0; i < count; i++)
		row_columns_add(columns, names[i], strlen(names[i]));
}

void
row_columns_add(RowColumns *columns, const char *name, size_t len)
{
	size_t count = (size_t) columns->count + 1;

	columns->names = mem_realloc(columns->names, count * sizeof(char *));
	columns->begun = mem_realloc(columns->begun, count * sizeof(SipHash));
	columns->names[columns->count] = mem_strndup(name, len);
	begin_name(&columns->begun[columns->count], name, len);
	columns->count++;
}

int
row_columns_find(const RowColumns *columns, const char *name, size_t len)
{
	for (int i = 0; i < columns->count; i++)
		if (strncmp(columns->names[i], name, len) == 0 &&
			columns->names[i][len] == '\0')
			return i;
	return -1;
}

void
row_columns_clear(RowColumns *columns)
{
	for (int i = 0; i < columns->count; i++)
		free(columns->names[i]);
	free(columns->names);
	free(columns->begun);
	memset(columns, 0, sizeof(*columns));
}

/* -------- filling -------- */

Row *
row_new(void)
{
	return mem_alloc(sizeof(Row));
}

void
row_free(Row *row)
{
	if (row == NULL)
		return;
	free(row->fields);
	free(row->bytes);
	free(row);
}

/* New ones are NULL. */
static void
grow_fields(Row *row, int nfields)
{
	if (nfields > row->fields_cap)
	{
		int cap = row->fields_cap > 0 ? row->fields_cap : 8;

		while (cap < nfields)
			cap *= 2;
		row->fields =
			mem_realloc(row->fields, (size_t) cap * sizeof(RowField));
		row->fields_cap = cap;
	}
	for (int i = row->nfields; i < nfields; i++)
		row->fields[i] = (RowField){.kind = ROW_NULL};
	row->nfields = nfields;
}

void
row_reset(Row *row, int nfields)
{
	if (row->cap > KEPT_BYTES)
	{
		free(row->bytes);
		row->bytes = NULL;
		row->cap = 0;
	}
	row->nfields = 0;
	grow_fields(row, nfields);
	row->len = 0;
	row->number = 0;
	row->line = 0;
	row->occurrence = 0;
	row->hash = (RowHash){0};
	row->next = NULL;
}

void
row_append(Row *row, const char *data, size_t len)
{
	if (row->len + len >= row->cap)
	{
		size_t cap = row->cap > 0 ? row->cap : FIRST_BYTES;

		while (cap <= row->len + len)
			cap *= 2;
		row->bytes = mem_realloc(row->bytes, cap);
		row->cap = cap;
	}
	if (len > 0)
		memcpy(row->bytes + row->len, data, len);
	row->len += len;
}

void
row_set(Row *row, int column, RowKind kind, size_t from)
{
	RowField *field;

	if (column >= row->nfields)
		grow_fields(row, column + 1);
	field = &row->fields[column];
	field->kind = kind;
	field->at = (uint32_t) from;
	field->len = (uint32_t) (row->len - from);
	row_append(row, "", 1);
}

static void
add_hash(Row *row, SipHash *begun, RowKind kind, const char *text, size_t len)
{
	/* not the enum's values: hashes go into files that are kept */
	static const char kinds[] = "\0bntj";
	uint64_t result[2];

	siphash_add(begun, &kinds[kind], 1);
	siphash_add(begun, text, len);
	siphash_end(begun, result);
	row->hash.high += result[0];
	row->hash.low += result[1];
}

void
row_hash(Row *row, const RowColumns *columns)
{
	row->hash = (RowHash){0};
	for (int i = 0; i < row->nfields; i++)
	{
		const RowField *field = &row->fields[i];
		SipHash begun = columns->begun[i];

		if (field->kind != ROW_NULL)
			add_hash(row, &begun, field->kind, row->bytes + field->at,
					 field->len);
	}
}

void
row_hash_other(Row *row, const char *name, size_t name_len, RowKind kind,
			   const char *text, size_t len)
{
	SipHash begun;

	if (kind == ROW_NULL)
		return;
	begin_name(&begun, name, name_len);
	add_hash(row, &begun, kind, text, len);
}

/* -------- reading -------- */

const char *
row_text(const Row *row, int column, size_t *len)
{
	const RowField *field = &row->fields[column];

	*len = field->len;
	return field->kind == ROW_NULL ? NULL : row->bytes + field->at;
}

void
row_value(const Row *row, int column, Value *value)
{
	size_t len;
	const char *text = row_text(row, column, &len);

	switch (row->fields[column].kind)
	{
		case ROW_NULL:
			value_set_null(value);
			break;
		case ROW_BOOL:
			value_set_bool(value, text[0] == 't');
			break;
		case ROW_NUMBER:
			value_set_number(value, text, len);
			break;
		case ROW_TEXT:
		case ROW_JSON:
			value_set_text(value, text, len);
			break;
	}
}

void
row_set_vars(const Row *row, const int *symbols, Vars *vars)
{
	for (int i = 0; i < row->nfields; i++)
		if (symbols[i] >= 0)
			row_value(row, i, vars_set(vars, symbols[i]));
}
