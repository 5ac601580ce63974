/*
 * live_past.c
 *	  What the live view says of time: the last second, the seconds before,
 *	  and what is new.
 */
#include <string.h>

#include "live_private.h"

#define LEAST_PART 0.005 /* of the time, to be worth a line */

/* The oldest that is a second old at most; the newest, if all are older. */
static const Moment *
second_ago(const LivePast *past, int64_t time_ns)
{
	int64_t first = past->nmoments > MOMENTS ? past->nmoments - MOMENTS : 0;

	while (first < past->nmoments - 1 &&
		   past->moments[first % MOMENTS].time_ns <
			   time_ns - NS_PER_S - LOOK_NS / 2)
		first++;
	return &past->moments[first % MOMENTS];
}

static void
fill_parts(double *parts, const double *now, const double *before)
{
	double sum = 0;

	for (int i = 0; i < CLASSES; i++)
	{
		/* what was taken for one class may have turned out to be another's */
		parts[i] = now[i] - (before != NULL ? before[i] : 0);
		parts[i] = parts[i] > 0 ? parts[i] : 0;
		sum += parts[i];
	}
	for (int i = 0; i < CLASSES && sum > 0; i++)
		parts[i] /= sum;
}

/* One that has had a line keeps it, so that the others stay where they are. */
static void
fill_classes(LivePast *past, LiveNumbers *numbers)
{
	for (Class class = 0; class < CLASSES; class ++)
	{
		if (numbers->now[class] >= LEAST_PART ||
			numbers->all[class] >= LEAST_PART)
			past->has_class[class] = true;
		numbers->has_class[class] = past->has_class[class];
	}
}

static void
fill_speed(const LivePast *past, const Moment *now, LiveNumbers *numbers)
{
	const Moment *before = second_ago(past, now->time_ns);
	double seconds = (double) (now->time_ns - before->time_ns) / 1e9;
	double all_s = (double) numbers->elapsed_ns / 1e9;

	numbers->cpu = -1;
	if (all_s > 0)
		numbers->rate_mean = (double) now->ended / all_s;
	fill_parts(numbers->all, now->class_ns, NULL);
	fill_parts(numbers->now, now->class_ns, before->class_ns);
	if (seconds <= 0)
		return;
	numbers->rate = (double) (now->ended - before->ended) / seconds;
	numbers->held = (now->held_ns - before->held_ns) / 1e9 / seconds;
	numbers->cpu = (double) (now->cpu_ns - before->cpu_ns) / 1e9 / seconds;
}

/* The seconds that are over by now; more than one after a stop. */
static void
close_seconds(LivePast *past, const Gathered *gathered)
{
	int64_t elapsed_ns = gathered->numbers->elapsed_ns;
	int64_t ended = gathered->moment.ended;
	int64_t missed = elapsed_ns / NS_PER_S - past->nseconds;

	if (missed <= 0)
		return;
	for (int64_t i = 0; i < missed && i < LIVE_RATES; i++)
	{
		if (past->nrates == LIVE_RATES)
			memmove(past->rates, past->rates + 1,
					(LIVE_RATES - 1) * sizeof(double));
		else
			past->nrates++;
		past->rates[past->nrates - 1] =
			(double) (ended - past->second_ended) / (double) missed;
	}
	for (int64_t i = 0; i < missed && i <= LATENCY_SECONDS; i++)
		histogram_copy(&past->seconds[(past->nseconds + missed - i) %
									  (LATENCY_SECONDS + 1)],
					   gathered->latency);
	past->nseconds += missed;
	past->second_ended = ended;
}

/* Of the last whole seconds and the one that has begun. */
static void
fill_latency(LivePast *past, const Gathered *gathered)
{
	LiveNumbers *numbers = gathered->numbers;
	int64_t oldest = past->nseconds - LATENCY_SECONDS;

	if (oldest < 0)
		oldest = 0;
	histogram_since(&past->recent, gathered->latency,
					&past->seconds[oldest % (LATENCY_SECONDS + 1)]);
	numbers->ended = past->recent.count;
	numbers->ended_ns = numbers->elapsed_ns - oldest * NS_PER_S;
	numbers->p50_ns = histogram_percentile(&past->recent, 0.5);
	numbers->p99_ns = histogram_percentile(&past->recent, 0.99);
}

/* -------- errors, the newest first -------- */

static FailureKind *
known_failure(LivePast *past, const char *message)
{
	for (int i = 0; i < past->nfailures; i++)
		if (strcmp(past->failures[i].message, message) == 0)
			return &past->failures[i];
	return NULL;
}

static void
move_to_front(LivePast *past, FailureKind *failure)
{
	FailureKind moved = *failure;

	memmove(past->failures + 1, past->failures,
			(size_t) (failure - past->failures) * sizeof(FailureKind));
	past->failures[0] = moved;
}

static void
fill_failures(LivePast *past, const Gathered *gathered)
{
	const FailureKind *failures = gathered->failures;
	LiveNumbers *numbers = gathered->numbers;

	for (int i = 0; i < gathered->nfailures; i++)
	{
		FailureKind *known = known_failure(past, failures[i].message);

		if (known == NULL && past->nfailures == FAILURES_KEPT)
			continue;
		if (known == NULL)
		{
			known = &past->failures[past->nfailures++];
			*known = (FailureKind){.message = failures[i].message};
		}
		if (known->count == failures[i].count)
			continue;
		known->count = failures[i].count;
		move_to_front(past, known);
	}
	numbers->nfailures = past->nfailures;
	memcpy(numbers->failures, past->failures, sizeof(past->failures));
}

/* -------- all of it -------- */

void
live_past_begin(LivePast *past, const Moment *first)
{
	past->moments[0] = *first;
	past->nmoments = 1;
}

void
live_past_clear(LivePast *past)
{
	for (int i = 0; i <= LATENCY_SECONDS; i++)
		histogram_clear(&past->seconds[i]);
	histogram_clear(&past->recent);
}

void
live_past_add(LivePast *past, const Gathered *gathered)
{
	LiveNumbers *numbers = gathered->numbers;

	fill_speed(past, &gathered->moment, numbers);
	fill_classes(past, numbers);
	past->moments[past->nmoments++ % MOMENTS] = gathered->moment;
	close_seconds(past, gathered);
	fill_latency(past, gathered);
	memcpy(numbers->rates, past->rates, sizeof(past->rates));
	numbers->nrates = past->nrates;
	fill_failures(past, gathered);
}
