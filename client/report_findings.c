/*
 * report_findings.c
 *	  Sentences that a report has to say.
 */
#include "report_findings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "report_put.h"

void
findings_say(Findings *findings, const char *head, const char *fmt, ...)
{
	Finding *finding;
	va_list args;

	findings->list = mem_realloc(
		findings->list, (size_t) (findings->count + 1) * sizeof(Finding));
	finding = &findings->list[findings->count++];
	finding->head = head;
	va_start(args, fmt);
	vsnprintf(finding->text, sizeof(finding->text), fmt, args);
	va_end(args);
}

void
findings_clear(Findings *findings)
{
	free(findings->list);
	memset(findings, 0, sizeof(*findings));
}

void
findings_put(FILE *out, const Findings *findings, const ReportStyle *style)
{
	char prefix[32];

	for (int i = 0; i < findings->count; i++)
	{
		const Finding *finding = &findings->list[i];

		snprintf(prefix, sizeof(prefix), "  %s%s", finding->head,
				 finding->head[0] != '\0' ? ": " : "");
		report_put_wrapped(out, prefix, finding->text, style);
	}
}

void
findings_json(JsonOut *json, const Findings *findings)
{
	json_out_open(json, "findings", '[');
	for (int i = 0; i < findings->count; i++)
	{
		json_out_open(json, NULL, '{');
		json_out_string(json, "head", findings->list[i].head);
		json_out_string(json, "text", findings->list[i].text);
		json_out_close(json, '}');
	}
	json_out_close(json, ']');
}
