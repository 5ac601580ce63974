/*
 * report_table.c
 *	  A table of text with aligned columns, for people.
 */
#include "report_table.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "report_put.h"

#define GAP 2 /* blanks before each column */

struct ReportTable
{
	int ncolumns;
	char *alignments;
	char **cells; /* row after row; the headers are the first */
	size_t ncells;
	size_t cap;
};

static void
add_cell(ReportTable *table, const char *text)
{
	if (table->ncells == table->cap)
	{
		table->cap = table->cap > 0 ? table->cap * 2 : 32;
		table->cells =
			mem_realloc(table->cells, table->cap * sizeof(*table->cells));
	}
	table->cells[table->ncells++] = mem_strdup(text != NULL ? text : "");
}

ReportTable *
report_table_new(int ncolumns, const char *const *headers,
				 const char *alignments)
{
	ReportTable *table = mem_alloc(sizeof(*table));

	table->ncolumns = ncolumns;
	table->alignments = mem_strdup(alignments);
	for (int i = 0; headers != NULL && i < ncolumns; i++)
		add_cell(table, headers[i]);
	return table;
}

void
report_table_add(ReportTable *table, ...)
{
	va_list args;

	va_start(args, table);
	for (int i = 0; i < table->ncolumns; i++)
		add_cell(table, va_arg(args, const char *));
	va_end(args);
}

/* The column to cut next: one that may be, else any; the widest. */
static int
column_to_cut(const ReportTable *table, const int *widths)
{
	int best = -1;

	for (int pass = 0; pass < 2 && best < 0; pass++)
		for (int i = 0; i < table->ncolumns; i++)
			if (widths[i] > (pass == 0 ? 8 : 0) &&
				(pass == 1 || isupper((unsigned char) table->alignments[i])) &&
				(best < 0 || widths[i] > widths[best]))
				best = i;
	return best;
}

/* Every column as wide as its widest cell, then cut until all fits. */
static void
fit_widths(const ReportTable *table, int columns, int *widths)
{
	int total = 0;
	int cut;

	for (size_t i = 0; i < table->ncells; i++)
	{
		int width = report_put_width(table->cells[i]);
		int column = (int) (i % (size_t) table->ncolumns);

		if (width > widths[column])
			widths[column] = width;
	}
	for (int i = 0; i < table->ncolumns; i++)
		total += widths[i] > 0 ? GAP + widths[i] : 0;
	while (total > columns && (cut = column_to_cut(table, widths)) >= 0)
	{
		total--;
		/* a column cut to nothing loses its gap as well */
		if (--widths[cut] == 0)
			total -= GAP;
	}
}

static void
print_row(FILE *out, const ReportTable *table, char *const *cells,
		  const int *widths, bool ascii)
{
	int pending = 0; /* blanks due before the next text */

	for (int i = 0; i < table->ncolumns; i++)
	{
		bool right = tolower((unsigned char) table->alignments[i]) == 'r';
		int width = report_put_width(cells[i]);

		if (widths[i] == 0)
			continue;
		pending += GAP;
		if (right && width < widths[i])
			pending += widths[i] - width;
		if (width == 0)
		{
			pending += right ? 0 : widths[i];
			continue;
		}
		fprintf(out, "%*s", pending, "");
		/* what is cut before a wide character may leave a column free */
		width = report_put_text(out, cells[i], widths[i], ascii);
		pending = right ? 0 : widths[i] - width;
	}
	fputc('\n', out);
}

void
report_table_print_as(FILE *out, const ReportTable *table, int columns,
					  bool ascii)
{
	int *widths = mem_alloc((size_t) table->ncolumns * sizeof(*widths));

	fit_widths(table, columns, widths);
	for (size_t i = 0; i < table->ncells; i += (size_t) table->ncolumns)
		print_row(out, table, table->cells + i, widths, ascii);
	free(widths);
}

void
report_table_print(FILE *out, const ReportTable *table, int columns)
{
	report_table_print_as(out, table, columns, false);
}

void
report_table_free(ReportTable *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->ncells; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->alignments);
	free(table);
}
