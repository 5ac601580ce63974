/*
 * report_put.h
 *	  Text from outside on a terminal: made harmless, measured, cut, wrapped.
 *
 * Control characters, bidirectional controls and bytes that are no UTF-8 are
 * shown as "?".  With ascii the signs that reports use themselves become
 * their nearest ASCII character, all else "?".
 */
#ifndef REPORT_PUT_H
#define REPORT_PUT_H

#include "report.h"

/* Columns that the text takes. */
extern int report_put_width(const char *text);

/* At most columns of the text; answers the columns used. */
extern int report_put_text(FILE *out, const char *text, int columns,
						   bool ascii);

/*
 * The text in lines of style->columns at most, the first after prefix, the
 * others indented as far.
 */
extern void report_put_wrapped(FILE *out, const char *prefix, const char *text,
							   const ReportStyle *style);

/* A bar of fraction (0 to 1) of columns, blanks for the rest. */
extern void report_put_bar(FILE *out, double fraction, int columns,
						   bool ascii);

/* Items side by side, three blanks between, as many a line as fit. */
typedef struct ReportItems
{
	FILE *out;
	const ReportStyle *style;
	int used; /* columns of the line begun; 0 none */
} ReportItems;

extern void report_put_item(ReportItems *items, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
extern void report_put_items_end(ReportItems *items);

#endif /* REPORT_PUT_H */
