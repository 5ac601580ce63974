/*
 * report_parts.c
 *	  The parts of what was waited for, for people.
 */
#include "report_parts.h"

#include "report_put.h"

typedef char Duration[32];

static const char *
part_text(Phase phase)
{
	return phase == PHASE_REST ? "network and the rest" : phase_name(phase);
}

/* "dns 0.1 ms, connect 0.2 ms": what the sums make for each of count. */
static void
put_phases(FILE *out, const ReportStyle *style, const char *front,
		   const int64_t *phase_ns, int64_t count)
{
	char text[512];
	size_t len = (size_t) snprintf(text, sizeof(text), "%s", front);
	bool any = false;
	Duration time;

	for (Phase phase = 0; phase < PHASES && len < sizeof(text); phase++)
	{
		if (phase_ns[phase] <= 0)
			continue;
		len += (size_t) snprintf(
			text + len, sizeof(text) - len, "%s%s %s", any ? ", " : "",
			part_text(phase),
			report_duration(phase_ns[phase] / count, time, sizeof(time)));
		any = true;
	}
	if (any)
		report_put_wrapped(out, "  ", text, style);
}

static void
put_step(FILE *out, const ReportStyle *style, const StepStats *stats)
{
	char front[192];

	if (stats->step == NULL || stats->count == 0)
		return;
	snprintf(front, sizeof(front),
			 "each %.64s of line %d: ", stats->step->label,
			 stats->step->place.line);
	put_phases(out, style, front, stats->phase_ns,
			   stats->told > 0 ? stats->told : stats->count);
}

void
report_parts(FILE *out, const RunResult *result, const ReportStyle *style)
{
	const Spans *spans = result->spans;
	char front[192];
	Duration time;

	for (int i = 0; i < result->plan->nsteps; i++)
		put_step(out, style, &spans->steps[i]);
	if (spans->conns_opened == 0)
		return;
	snprintf(front, sizeof(front),
			 "%d connection%s opened in %s each: ", spans->conns_opened,
			 spans->conns_opened == 1 ? "" : "s",
			 report_duration((int64_t) histogram_mean_ns(&spans->connects),
							 time, sizeof(time)));
	put_phases(out, style, front, spans->connect_phase_ns,
			   spans->conns_opened);
}

void
report_parts_told(FILE *out, const RunResult *result, const ReportStyle *style)
{
	for (int i = 0; i < result->plan->nsteps; i++)
		if (result->spans->steps[i].told > 0)
			put_step(out, style, &result->spans->steps[i]);
}
