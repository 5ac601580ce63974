/*
 * predict_origin.c
 *	  Which HTTP steps share connections, and how warm they were.
 *
 * Steps share them when their URLs begin alike: with the same authority, or
 * with the same variable.  How many were warm before the clock started, and
 * whether a server keeps them, shows when what was measured is gone through
 * in the order of time: a request that finds one although all that are known
 * are in use had an older one, and one that makes a new one beside an idle one
 * did so because the server had closed it.  Calls that block have one for
 * themselves, which tells of the server as well.
 */
#include "predict_origin.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

typedef struct Origin
{
	int symbol; /* the variable at the URL's beginning; -1: none */
	const char *text;
	size_t len;			/* of the literal part of the authority */
	int64_t connect_ns; /* the least that was measured */
	bool is_measured;
} Origin;

/* A request takes a connection, or gives one back. */
typedef struct Moment
{
	int64_t time_ns;
	int origin;
	bool blocks;
	bool is_end;
	bool is_cold; /* it makes one */
} Moment;

/* What its server was seen to do with connections. */
typedef struct Habit
{
	int idle;	  /* of async requests, now */
	bool has_own; /* one that blocking calls use, likewise */
	int reused;
	int renewed; /* though there was one */
} Habit;

typedef struct Finding
{
	const Spans *spans;
	Origin *origins; /* from 1 */
	int norigins;	 /* the one that is not used among them */
	int *of_step;	 /* by PlanStep.index; 0: unknown */
	Moment *moments;
	int nmoments;
} Finding;

/* -------- what a URL begins with -------- */

/* Up to where a path begins, from so many bytes on. */
static size_t
authority_len(const char *text, size_t len, size_t from)
{
	while (from < len && strchr("/?#", text[from]) == NULL)
		from++;
	return from;
}

/* False: it cannot be told from the plan's text. */
static bool
origin_of_url(const Template *url, Origin *origin)
{
	const Part *part = url->parts;
	const char *scheme_end;

	*origin = (Origin){.symbol = -1, .text = ""};
	if (url->is_fixed)
	{
		origin->text = url->fixed_text;
		origin->len = strlen(url->fixed_text);
	}
	else if (url->nparts > 0 && part->form == PART_URL_START)
	{
		origin->symbol = part->symbol;
		if (url->nparts > 1 && part[1].form == PART_TEXT)
		{
			origin->text = part[1].text;
			origin->len = authority_len(part[1].text, part[1].len, 0);
		}
		return true;
	}
	else if (url->nparts > 0 && part->form == PART_TEXT)
	{
		origin->text = part->text;
		origin->len = part->len;
	}
	scheme_end = memmem(origin->text, origin->len, "://", 3);
	if (scheme_end == NULL)
		return false;
	origin->len = authority_len(origin->text, origin->len,
								(size_t) (scheme_end + 3 - origin->text));
	return true;
}

static int
origin_number(Finding *finding, const Template *url)
{
	Origin origin;

	if (!origin_of_url(url, &origin))
		return 0;
	for (int i = 1; i < finding->norigins; i++)
		if (finding->origins[i].symbol == origin.symbol &&
			finding->origins[i].len == origin.len &&
			memcmp(finding->origins[i].text, origin.text, origin.len) == 0)
			return i;
	finding->origins[finding->norigins] = origin;
	return finding->norigins++;
}

static void
find_steps(Finding *finding)
{
	const Plan *plan = finding->spans->plan;

	finding->origins = mem_alloc((size_t) (plan->nsteps + 1) * sizeof(Origin));
	finding->norigins = 1;
	finding->of_step = mem_alloc((size_t) plan->nsteps * sizeof(int) + 1);
	for (int b = 0; b < plan->nbodies; b++)
		for (int i = 0; i < plan->bodies[b].nsteps; i++)
		{
			const PlanStep *step = &plan->bodies[b].steps[i];

			if (step->kind == STEP_HTTP)
				finding->of_step[step->index] =
					origin_number(finding, &step->http.url);
		}
}

/* -------- what was measured, in the order of time -------- */

static void
add_moments(Finding *finding, const Span *span)
{
	int origin = finding->of_step[span->step->index];
	Moment *moment = &finding->moments[finding->nmoments];

	if (origin == 0 || span->call == CALL_THREAD)
		return;
	moment[0] = (Moment){.time_ns = span->started_ns,
						 .origin = origin,
						 .blocks = span->call == CALL_BLOCKING,
						 .is_cold = span->phase_ns[PHASE_CONNECT] > 0};
	finding->nmoments++;
	/* what ended in another way took its connection with it */
	if (span->outcome != STEP_OK && span->outcome != STEP_FAILED)
		return;
	moment[1] = (Moment){.time_ns = span->ended_ns,
						 .origin = origin,
						 .blocks = moment->blocks,
						 .is_end = true};
	finding->nmoments++;
}

static int
compare_moments(const void *a, const void *b)
{
	const Moment *x = a;
	const Moment *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return y->is_end - x->is_end;
}

static void
find_moments(Finding *finding)
{
	const Spans *spans = finding->spans;
	size_t nspans = 0;

	for (int i = 0; i < spans->ntasks; i++)
		nspans += (size_t) spans->tasks[i].nspans;
	finding->moments = mem_alloc(2 * nspans * sizeof(Moment) + 1);
	for (int i = 0; i < spans->ntasks; i++)
		for (int j = 0; j < spans->tasks[i].nspans; j++)
			add_moments(finding, &spans->tasks[i].spans[j]);
	qsort(finding->moments, (size_t) finding->nmoments, sizeof(Moment),
		  compare_moments);
}

static void
blocking_moment(Habit *habit, const Moment *moment)
{
	if (moment->is_end)
		habit->has_own = true;
	else if (habit->has_own && moment->is_cold)
		habit->renewed++;
	else if (habit->has_own)
		habit->reused++;
}

static void
async_moment(Habit *habit, ScriptOrigin *origin, const Moment *moment)
{
	if (moment->is_end)
	{
		habit->idle++;
		return;
	}
	if (!moment->is_cold)
		habit->reused++;
	else if (habit->idle > 0)
		habit->renewed++;
	if (habit->idle > 0)
		habit->idle--;
	else if (!moment->is_cold)
		origin->idle++;
}

/* A server may close one now and then: what it does mostly counts. */
static void
go_through(const Finding *finding, ScriptOrigin *origins)
{
	Habit *habits = mem_alloc((size_t) finding->norigins * sizeof(Habit));

	for (int i = 0; i < finding->nmoments; i++)
	{
		const Moment *moment = &finding->moments[i];
		Habit *habit = &habits[moment->origin];

		if (moment->blocks)
			blocking_moment(habit, moment);
		else
			async_moment(habit, &origins[moment->origin], moment);
	}
	for (int i = 0; i < finding->norigins; i++)
		origins[i].keeps =
			habits[i].renewed == 0 || habits[i].reused > habits[i].renewed;
	free(habits);
}

/* -------- the steps -------- */

static void
number_step(const Finding *finding, ScriptStep *step)
{
	Origin *origin;

	step->origin = finding->of_step[step->step->index];
	origin = &finding->origins[step->origin];
	if (!step->is_cold ||
		(origin->is_measured && step->connect_ns >= origin->connect_ns))
		return;
	origin->connect_ns = step->connect_ns;
	origin->is_measured = true;
}

/* It had a connection; with another call it may have to make one. */
static void
guess_connect(const Finding *finding, ScriptStep *step)
{
	const Origin *origin = &finding->origins[step->origin];

	if (!step->is_cold)
		step->connect_ns = origin->connect_ns;
}

static void
each_http_step(const Finding *finding, PredictInput *input,
			   void (*fn)(const Finding *finding, ScriptStep *step))
{
	for (int i = 0; i < input->ntasks; i++)
		for (int j = 0; j < input->tasks[i].nsteps; j++)
			if (input->tasks[i].steps[j].step->kind == STEP_HTTP)
				fn(finding, &input->tasks[i].steps[j]);
}

void
predict_find_origins(const Spans *spans, PredictInput *input)
{
	Finding finding = {.spans = spans};

	find_steps(&finding);
	find_moments(&finding);
	input->norigins = finding.norigins;
	input->origins =
		mem_alloc((size_t) finding.norigins * sizeof(ScriptOrigin));
	go_through(&finding, input->origins);
	each_http_step(&finding, input, number_step);
	each_http_step(&finding, input, guess_connect);
	for (int i = 0; i < finding.norigins; i++)
		input->origins[i].is_near =
			finding.origins[i].connect_ns < PREDICT_NEAR_NS;
	free(finding.origins);
	free(finding.of_step);
	free(finding.moments);
}
