/*
 * live_list.c
 *	  The live view's lists: where time goes, the tasks that run longest,
 *	  errors, messages.
 */
#include <string.h>

#include "live_items.h"
#include "report_put.h"

#define MAX_BAR 60
#define NAME_COLUMNS 10
#define PERCENT_COLUMNS 9
#define LEAST_SINCE_NS INT64_C(1000000)

static void
put_plain_title(FILE *out, const char *title, const ReportStyle *style)
{
	live_put_text(out, title, LIVE_STRONG, style->columns, style);
}

/* -------- where the tasks' time goes -------- */

static int
count_classes(const LiveNumbers *numbers)
{
	int count = 0;

	for (Class class = 0; class < CLASSES; class ++)
		count += numbers->has_class[class];
	return count;
}

static double
class_weight(const LiveNumbers *numbers, Class class)
{
	return numbers->now[class] + numbers->all[class];
}

/* Is it among the "shown" ones that weigh most? */
static bool
class_is_shown(const LiveNumbers *numbers, Class class, int shown)
{
	int heavier = 0;

	for (Class other = 0; other < CLASSES; other++)
	{
		double more =
			class_weight(numbers, other) - class_weight(numbers, class);

		heavier += numbers->has_class[other] &&
				   (more > 0 || (more == 0 && other < class));
	}
	return numbers->has_class[class] && heavier < shown;
}

static Class
class_of_row(const LiveNumbers *numbers, int n, int shown)
{
	Class class = 0;

	for (; class < CLASSES - 1; class ++)
		if (class_is_shown(numbers, class, shown) && n-- == 0)
			break;
	return class;
}

static int
percent_columns(const ReportStyle *style)
{
	return style->columns >= 48	  ? 2 * PERCENT_COLUMNS
		   : style->columns >= 30 ? PERCENT_COLUMNS
								  : 5;
}

static int
bar_columns(const ReportStyle *style)
{
	int bar = style->columns - NAME_COLUMNS - percent_columns(style);

	return bar > MAX_BAR ? MAX_BAR : bar;
}

static void
put_classes_title(FILE *out, const LiveNumbers *numbers,
				  const ReportStyle *style)
{
	int room = NAME_COLUMNS + bar_columns(style);
	int used;

	(void) numbers;
	used = live_put_text(out, "Where the tasks' time goes", LIVE_STRONG,
						 style->columns, style);
	if (used > room || percent_columns(style) < PERCENT_COLUMNS)
		return;
	fprintf(out, "%*s%*s", room - used, "", PERCENT_COLUMNS, "last 1 s");
	if (percent_columns(style) > PERCENT_COLUMNS)
		fprintf(out, "%*s", PERCENT_COLUMNS, "so far");
}

static void
put_class(FILE *out, const LiveNumbers *numbers, int n, int shown,
		  const ReportStyle *style)
{
	Class class = class_of_row(numbers, n, shown);
	const char *color = style->color ? report_class_color(class) : NULL;
	int width = percent_columns(style);

	fprintf(out, "  %-*s", NAME_COLUMNS - 2, class_name(class));
	if (color != NULL)
		fputs(color, out);
	report_put_bar(out, numbers->now[class], bar_columns(style), style->ascii);
	if (color != NULL)
		fputs("\033[0m", out);
	fprintf(out, "%*.0f %%",
			(width > PERCENT_COLUMNS ? PERCENT_COLUMNS : width) - 2,
			100 * numbers->now[class]);
	if (width > PERCENT_COLUMNS)
		fprintf(out, "%*.0f %%", PERCENT_COLUMNS - 2,
				100 * numbers->all[class]);
}

/* -------- the tasks that run longest -------- */

static int
count_tasks(const LiveNumbers *numbers)
{
	return numbers->noldest;
}

static void
put_tasks_title(FILE *out, const LiveNumbers *numbers,
				const ReportStyle *style)
{
	(void) numbers;
	put_plain_title(out, "Running longest", style);
}

/* What it does, as far as it is not the step's own time. */
static const char *
task_waits(const LookTask *task)
{
	switch (task->class)
	{
		case CLASS_QUEUED:
			return task->step != NULL ? "waits at a limit"
									  : "waits for its turn";
		case CLASS_LOOP:
			return task->usual_ns > 0 ? "under way, or the loop is held"
									  : "ready, the loop is held";
		case CLASS_POOL:
			return "waits for a connection";
		case CLASS_THREAD:
			return "waits for a worker";
		case CLASS_CONNECT:
			return "waits for a new connection";
		case CLASS_BACKOFF:
			return "waits to try again";
		case CLASS_CLIENT:
			return task->step != NULL ? "ready" : "between two steps";
		default:
			return "under way";
	}
}

static void
task_what(const LiveNumbers *numbers, int n, char *text, size_t bytes)
{
	const LookTask *task = &numbers->oldest[n];
	char place[160];
	char attempt[32] = "";
	char since[40] = "";
	char time[32];

	if (task->attempt > 1)
		snprintf(attempt, sizeof(attempt), ", attempt %d", task->attempt);
	if (numbers->since_ns[n] >= LEAST_SINCE_NS)
		snprintf(since, sizeof(since), " %s",
				 report_duration(numbers->since_ns[n], time, sizeof(time)));
	if (task->step != NULL)
		snprintf(text, bytes, "%s: %s%s%s",
				 live_place(numbers, task->step, place, sizeof(place)),
				 task_waits(task), since, attempt);
	else
		snprintf(text, bytes, "%s%s", task_waits(task), since);
}

/* With its number, where the name has not got it. */
static void
task_title(const LookTask *task, char *text, size_t bytes)
{
	char number[32];
	size_t len = (size_t) snprintf(number, sizeof(number), "#%llu",
								   (unsigned long long) task->number);
	size_t name = strlen(task->name);

	if (name >= len && strcmp(task->name + name - len, number) == 0)
		number[0] = '\0';
	snprintf(text, bytes, "%s%s%s", task->name, number[0] != '\0' ? " " : "",
			 number);
}

/* As many columns as the longest title takes, so that lists stand still. */
static int
title_columns(const LiveNumbers *numbers, int shown, const ReportStyle *style)
{
	int most = 0;
	char title[128];

	for (int i = 0; i < shown; i++)
	{
		int width;

		task_title(&numbers->oldest[i], title, sizeof(title));
		width = report_put_width(title);
		most = width > most ? width : most;
	}
	return most < style->columns / 3 ? most : style->columns / 3;
}

static void
put_task(FILE *out, const LiveNumbers *numbers, int n, int shown,
		 const ReportStyle *style)
{
	int room = title_columns(numbers, shown, style);
	int left = style->columns - 12;
	char time[32];
	char title[128];
	char what[320];
	int used;

	report_duration(numbers->ran_ns[n], time, sizeof(time));
	fprintf(out, "  %8s  ", time);
	task_title(&numbers->oldest[n], title, sizeof(title));
	used = live_put_text(out, title, NULL, room < left ? room : left, style);
	left -= room + 2;
	if (left < 4)
		return;
	fprintf(out, "%*s", room - used + 2, "");
	task_what(numbers, n, what, sizeof(what));
	live_put_text(out, what, NULL, left, style);
}

/* -------- errors -------- */

static int
count_failures(const LiveNumbers *numbers)
{
	return numbers->nfailures;
}

static void
put_failures_title(FILE *out, const LiveNumbers *numbers,
				   const ReportStyle *style)
{
	live_put_text(out,
				  numbers->nfailures < FAILURES_KEPT
					  ? "Errors, the newest first"
					  : "Errors, the newest first, of the first 16 kinds",
				  LIVE_BAD, style->columns, style);
}

/* One line, whatever it has in it. */
static void
flatten(char *text, size_t bytes, const char *from)
{
	size_t len = 0;

	for (; *from != '\0' && len + 1 < bytes; from++)
		text[len++] = *from == '\n' || *from == '\t' ? ' ' : *from;
	text[len] = '\0';
}

static void
put_failure(FILE *out, const LiveNumbers *numbers, int n, int shown,
			const ReportStyle *style)
{
	const FailureKind *failure = &numbers->failures[n];
	char text[600];
	int used;

	(void) shown;
	used = fprintf(out, "  %6lld x  ", (long long) failure->count);
	flatten(text, sizeof(text), failure->message);
	live_put_text(out, text, NULL, style->columns - used, style);
}

/* -------- messages -------- */

static int
count_messages(const LiveNumbers *numbers)
{
	return numbers->nmessages;
}

static void
put_messages_title(FILE *out, const LiveNumbers *numbers,
				   const ReportStyle *style)
{
	(void) numbers;
	put_plain_title(out, "Messages (printed again in the end)", style);
}

static void
put_message(FILE *out, const LiveNumbers *numbers, int n, int shown,
			const ReportStyle *style)
{
	char text[600];

	flatten(text, sizeof(text),
			numbers->messages[numbers->nmessages - shown + n]);
	fputs("  ", out);
	live_put_text(out, text, NULL, style->columns - 2, style);
}

const LiveList live_lists[LIVE_LISTS] = {
	[LIVE_CLASSES] = {count_classes, put_classes_title, put_class},
	[LIVE_TASKS] = {count_tasks, put_tasks_title, put_task},
	[LIVE_FAILURES] = {count_failures, put_failures_title, put_failure},
	[LIVE_MESSAGES_LIST] = {count_messages, put_messages_title, put_message}};
