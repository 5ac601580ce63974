/*
 * report_activity.h
 *	  What the server was seen to do: for people, and in JSON.
 */
#ifndef REPORT_ACTIVITY_H
#define REPORT_ACTIVITY_H

#include "activity.h"
#include "json_out.h"
#include "report.h"

/*
 * Shares of the SQL time, for each task if they are few, else for each step;
 * then locks, open transactions, and what was not seen.  Parts of report_text:
 * nothing, unless the server was to be sampled.
 */
extern void report_activity(FILE *out, const RunResult *result,
							const ReportStyle *style, bool by_task);
extern void report_activity_json(JsonOut *json, const RunResult *result);

#endif /* REPORT_ACTIVITY_H */
