/*
 * report_activity.c
 *	  What the server was seen to do, for people.
 */
#include "report_activity.h"

#include <stdlib.h>
#include <string.h>

#include "report_cause.h"
#include "report_lock.h"
#include "report_put.h"
#include "report_table.h"

#define NARROW_COLUMNS 40
#define MAX_LOCKS 5
#define FEW_SAMPLES 20 /* fewer make shares a matter of luck */
#define MIN_SHARE 0.005

typedef char Duration[32];
typedef char Number[24];
typedef char Shares[160];

typedef struct ActivityReport
{
	FILE *out;
	const RunResult *result;
	const Activity *activity;
	const ReportStyle *style;
} ActivityReport;

/* -------- shares -------- */

static const char *
kind_text(ActivityKind kind)
{
	static const char *const texts[ACTIVITY_KINDS] = {
		"cpu", "lock", "lwlock", "io", "other waits", "idle"};

	return texts[kind];
}

/*
 * A statement that is over sooner than a look takes is seen at work too
 * seldom: the look itself wants a CPU, and gets it when others do not.
 */
static const char *
share_sign(const ActivitySums *sums, ActivityKind kind, bool is_short)
{
	if (is_short)
		return kind == ACTIVITY_IDLE ? "\u2264 " : "\u2265 ";
	return sums->samples < FEW_SAMPLES ? "\u2248 " : "";
}

/* "lock 80 %, cpu 15 %, idle 5 %", the greatest first. */
static const char *
say_shares(const ActivitySums *sums, bool is_short, Shares text)
{
	bool is_told[ACTIVITY_KINDS] = {false};
	int64_t all_ns = 0;

	text[0] = '\0';
	for (int kind = 0; kind < ACTIVITY_KINDS; kind++)
		all_ns += activity_ns(sums, kind);
	for (int n = 0; n < ACTIVITY_KINDS; n++)
	{
		int best = -1;
		double share;

		for (int kind = 0; kind < ACTIVITY_KINDS; kind++)
			if (!is_told[kind] && (best < 0 || activity_ns(sums, kind) >
												   activity_ns(sums, best)))
				best = kind;
		is_told[best] = true;
		share = all_ns > 0 ? (double) activity_ns(sums, best) / (double) all_ns
						   : 0;
		if (share < MIN_SHARE)
			break;
		report_say(text, sizeof(Shares), "%s%s %s%.0f %%",
				   text[0] != '\0' ? ", " : "", kind_text(best),
				   share_sign(sums, best, is_short), 100 * share);
	}
	if (sums->event[0] != '\0' &&
		sums->ns[ACTIVITY_CPU] + activity_ns(sums, ACTIVITY_IDLE) < all_ns / 2)
		report_say(text, sizeof(Shares), " (%s)", sums->event);
	return text;
}

static void
put_shares(const ActivityReport *report, ReportTable *table, const char *what,
		   const char *line, double sql_ns, double told_ns, int64_t nsql,
		   const ActivitySums *seen)
{
	const Activity *activity = report->activity;
	ActivitySums sums = *seen;
	double mean_ns = nsql > 0 ? sql_ns / (double) nsql : 0;
	bool is_short = activity->looks > 0 && mean_ns * (double) activity->looks <
											   (double) activity->took_ns;
	char sentence[256];
	Duration time;
	Number samples;
	Shares shares;

	if (told_ns > 0 && sql_ns > 0)
		activity_sums_told(&sums, told_ns < sql_ns ? told_ns / sql_ns : 1);
	report_duration((int64_t) sql_ns, time, sizeof(time));
	say_shares(&sums, is_short, shares);
	snprintf(samples, sizeof(samples), "%lld", (long long) sums.samples);
	if (report->style->columns >= NARROW_COLUMNS)
	{
		report_table_add(table, what, line, time, samples, shares);
		return;
	}
	snprintf(sentence, sizeof(sentence), "%.64s%s%s, %s: %s", what,
			 line[0] != '\0' ? ", line " : "", line, time, shares);
	report_put_wrapped(report->out, "  ", sentence, report->style);
}

static void
put_step_shares(const ActivityReport *report, ReportTable *table)
{
	for (int i = 0; i < report->activity->nsteps; i++)
	{
		const ActivitySums *sums = &report->activity->steps[i];
		const StepStats *stats = &report->result->spans->steps[i];
		const PlanStep *step = report_step(report->result, i);
		Number line;

		if (sums->samples == 0 || step == NULL)
			continue;
		snprintf(line, sizeof(line), "%d", step->place.line);
		put_shares(report, table, step->label, line, stats->own.sum_ns,
				   (double) stats->phase_ns[PHASE_SERVER], stats->own.count,
				   sums);
	}
}

/* All statements of a task; the time is what it measured itself. */
static void
put_task_shares(const ActivityReport *report, ReportTable *table)
{
	const Spans *spans = report->result->spans;

	for (int i = 0; i < spans->ntasks; i++)
	{
		const TaskSpans *task = &spans->tasks[i];
		ActivitySums sums = {0};
		int64_t sql_ns = 0;
		int64_t told_ns = 0;
		int nsql = 0;

		for (int j = 0; j < task->nspans; j++)
		{
			const Span *span = &task->spans[j];

			if (class_of_kind(span->step->kind) != CLASS_SERVER)
				continue;
			sql_ns += span->arrived_ns - span->started_ns;
			told_ns += span->phase_ns[PHASE_SERVER];
			nsql++;
		}
		for (int j = 0; j < report->activity->ntasks; j++)
		{
			const ActivityOfTask *one = &report->activity->tasks[j];

			if (one->task == task->number)
				activity_sums_add(&sums, &one->sums);
		}
		if (sums.samples > 0)
			put_shares(report, table, task->name, "", (double) sql_ns,
					   (double) told_ns, nsql, &sums);
	}
}

static void
put_head(const ActivityReport *report)
{
	const Activity *activity = report->activity;
	char text[320];
	Duration every;

	snprintf(text, sizeof(text),
			 "SQL time as the server saw it, estimated from %lld samples, one "
			 "every %s (idle: the statement is on its way, or its answer is, "
			 "or one of them waits to be read):",
			 (long long) activity->looks,
			 report_duration(activity->covered_ns /
								 (activity->looks > 0 ? activity->looks : 1),
							 every, sizeof(every)));
	report_put_wrapped(report->out, "", text, report->style);
}

static void
put_table(const ActivityReport *report, bool by_task)
{
	static const char *const steps[] = {"step", "line", "sql", "samples",
										"of it, about"};
	static const char *const tasks[] = {"task", "", "sql", "samples",
										"of it, about"};
	ReportTable *table = report_table_new(5, by_task ? tasks : steps, "LrrrL");

	if (by_task)
		put_task_shares(report, table);
	else
		put_step_shares(report, table);
	if (report->style->columns >= NARROW_COLUMNS)
		report_table_print_as(report->out, table, report->style->columns,
							  report->style->ascii);
	report_table_free(table);
}

/* -------- locks and open transactions -------- */

static void
put_locks(const ActivityReport *report)
{
	const Activity *activity = report->activity;
	int64_t others_ns = activity->other_locks_ns;

	for (int i = 0; i < activity->nlocks; i++)
	{
		const ActivityLock *lock = &activity->locks[i];
		char text[512] = "";
		Duration time;

		if (i >= MAX_LOCKS)
		{
			others_ns += lock->ns;
			continue;
		}
		report_say_lock(text, sizeof(text), report->result, lock);
		report_say(text, sizeof(text), "; %lld sample%s, %s at once at most",
				   (long long) lock->samples, lock->samples == 1 ? "" : "s",
				   report_duration(lock->longest_ns, time, sizeof(time)));
		report_put_wrapped(report->out, "  Lock: ", text, report->style);
	}
	if (others_ns > 0)
	{
		char text[80] = "others took ";

		report_say_about(text, sizeof(text), others_ns);
		report_put_wrapped(report->out, "  Lock: ", text, report->style);
	}
}

static void
put_idle(const ActivityReport *report)
{
	const ActivityIdle *idle = &report->activity->idle;
	const PlanStep *step = report_step(report->result, idle->step);
	char text[400] = "our transactions were open and idle for ";
	char name[48];
	Duration time;

	if (idle->samples == 0)
		return;
	report_say_about(text, sizeof(text), idle->ns);
	report_say(text, sizeof(text), " in all, %s at once",
			   report_duration(idle->longest_ns, time, sizeof(time)));
	if (step != NULL)
	{
		report_say(text, sizeof(text), " after ");
		report_say_step(
			text, sizeof(text), report->result, step,
			report_say_task(report->result, idle->task, name, sizeof(name)),
			NULL);
	}
	report_put_wrapped(report->out, "  Idle: ", text, report->style);
}

/* -------- what was not seen -------- */

static void
put_blind(const ActivityReport *report)
{
	const Activity *activity = report->activity;
	char text[400];

	if (activity->problem[0] != '\0')
	{
		snprintf(text, sizeof(text), "the server was %s: %s",
				 activity->looks > 0 ? "sampled until then" : "not sampled",
				 activity->problem);
		report_put_wrapped(report->out, "  Note: ", text, report->style);
	}
	else if (activity->looks == 0)
		report_put_wrapped(report->out, "  Note: ",
						   "the run was over before the server could be "
						   "sampled (--sample-interval)",
						   report->style);
	if (activity->hidden > 0)
	{
		snprintf(text, sizeof(text),
				 "%lld of the backends may not be looked at by this role; "
				 "members of pg_read_all_stats may",
				 (long long) activity->hidden);
		report_put_wrapped(report->out, "  Note: ", text, report->style);
	}
	if (activity->elsewhere > 0)
	{
		snprintf(text, sizeof(text),
				 "%lld connection%s to another server, which was not "
				 "sampled",
				 (long long) activity->elsewhere,
				 activity->elsewhere == 1 ? " leads" : "s lead");
		report_put_wrapped(report->out, "  Note: ", text, report->style);
	}
}

void
report_activity(FILE *out, const RunResult *result, const ReportStyle *style,
				bool by_task)
{
	ActivityReport report = {out, result, result->activity, style};
	ActivitySums total;

	if (result->activity == NULL)
		return;
	activity_total(result->activity, &total);
	if (total.samples > 0)
	{
		put_head(&report);
		put_table(&report, by_task);
	}
	else if (result->activity->looks > 0)
		report_put_wrapped(out, "  Note: ",
						   "no statement was under way when the server was "
						   "sampled: they are too short (--sample-interval)",
						   style);
	put_locks(&report);
	put_idle(&report);
	put_blind(&report);
}
