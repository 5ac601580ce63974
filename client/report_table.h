/*
 * report_table.h
 *	  A table of text with aligned columns, for people.
 *
 * Cells are UTF-8 and are copied; control and bidirectional characters in
 * them are shown as "?".  Widths are those of a terminal.  report_table_new
 * makes a table, report_table_free ends it; in between rows are added, and
 * it may be printed any number of times.
 */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct ReportTable ReportTable;

/*
 * headers: ncolumns strings (NULL: no header line).  alignments: a letter a
 * column, 'l' or 'r'; a capital one may be cut when the table is too wide
 * (the widest such column first; without any, the widest of all).
 */
extern ReportTable *report_table_new(int ncolumns, const char *const *headers,
									 const char *alignments);

/* ncolumns further arguments, each a const char *; NULL is an empty cell. */
extern void report_table_add(ReportTable *table, ...);

/* No line is wider than columns; each begins with two spaces. */
extern void report_table_print(FILE *out, const ReportTable *table,
							   int columns);

/* The same, and with ascii nothing but ASCII. */
extern void report_table_print_as(FILE *out, const ReportTable *table,
								  int columns, bool ascii);

extern void report_table_free(ReportTable *table);

#endif /* REPORT_TABLE_H */
