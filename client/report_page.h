/*
 * report_page.h
 *	  Private to the reports: one page that needs nothing else, put together
 *	  from the parts in page/ and the JSON report for them to draw.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <stdio.h>

typedef struct ReportPage
{
	const char *title;
	const char *const *scripts; /* between core.js and main.js; NULL ends */

	/* What a browser without scripts shows, by report_page_text. */
	void (*summary)(FILE *out, const void *what);

	/* JSON that can stand in a script element. */
	void (*data)(FILE *out, const void *what);
} ReportPage;

extern void report_page(FILE *out, const ReportPage *page, const void *what);

/* Text within HTML; what is no character of it becomes U+FFFD. */
extern void report_page_text(FILE *out, const char *text);

#endif /* REPORT_PAGE_H */
