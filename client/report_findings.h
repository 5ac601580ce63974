/*
 * report_findings.h
 *	  Sentences that a report has to say, each with a word before it, for
 *	  whatever form shows them.
 */
#ifndef REPORT_FINDINGS_H
#define REPORT_FINDINGS_H

#include "json_out.h"
#include "report.h"

typedef struct Finding
{
	const char *head; /* "Best", "Note"; "" is none */
	char text[600];
} Finding;

/* Zero bytes are an empty one; findings_clear ends it. */
typedef struct Findings
{
	Finding *list;
	int count;
} Findings;

extern void findings_say(Findings *findings, const char *head, const char *fmt,
						 ...) __attribute__((format(printf, 3, 4)));

extern void findings_clear(Findings *findings);

/* As lines "  Best: …". */
extern void findings_put(FILE *out, const Findings *findings,
						 const ReportStyle *style);

/* As "findings": [{"head": …, "text": …}]. */
extern void findings_json(JsonOut *json, const Findings *findings);

#endif /* REPORT_FINDINGS_H */
