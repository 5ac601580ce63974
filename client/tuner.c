/*
 * tuner.c
 *	  How many connections are enough: --connections auto.
 *
 * Hill climbing with trials.  A measurement is as long as it takes to see
 * enough leases end; as long as not even one a connection has ended while
 * others wait, more connections are the only thing to try.  At first each
 * trial doubles the size; when one has gained nothing, later ones take a
 * quarter more or less, with rests in between that grow.  What a change must
 * gain is more than what measurements differ by themselves.
 */
#include "tuner.h"

#include <string.h>

#define MEASURE_LOOKS 4		 /* at least */
#define MEASURE_LOOKS_MAX 40 /* then with whatever was seen */
#define MEASURE_ENDED 3		 /* leases a connection */
#define GAIN 1.07			 /* of a larger size, to be kept */
#define LOSS 0.97			 /* of a smaller one, at most */
#define REST_FIRST 5
#define REST_MOST 40

void
tuner_init(Tuner *tuner, int most)
{
	memset(tuner, 0, sizeof(*tuner));
	tuner->most = most;
	tuner->size = most < TUNER_FIRST ? most : TUNER_FIRST;
	tuner->peak = tuner->first = tuner->size;
	tuner->end = TUNER_UNDECIDED;
	tuner->resting = REST_FIRST;
}

static void
measure_anew(Tuner *tuner, int64_t now_ns, int64_t ended)
{
	tuner->begun_ns = now_ns;
	tuner->begun_count = ended;
	tuner->looks = tuner->waits = 0;
}

void
tuner_begin(Tuner *tuner, int64_t now_ns, int64_t ended)
{
	measure_anew(tuner, now_ns, ended);
}

static int
larger(const Tuner *tuner)
{
	bool is_first = tuner->other_size == 0;
	int size = is_first ? tuner->size * 2 : tuner->size + tuner->size / 4 + 1;

	return size < tuner->most ? size : tuner->most;
}

static int
smaller(const Tuner *tuner)
{
	int size = tuner->size - tuner->size / 4 - 1;

	return size > 0 ? size : 1;
}

static bool
begin_trial(Tuner *tuner, int size, double rate)
{
	if (size == tuner->size)
		return false;
	tuner->is_trial = true;
	tuner->before = tuner->size;
	tuner->before_rate = rate;
	tuner->size = size;
	if (size > tuner->peak)
		tuner->peak = size;
	tuner->settles = true;
	return true;
}

static void
rest(Tuner *tuner)
{
	tuner->rest = tuner->resting;
	tuner->resting =
		tuner->resting * 2 < REST_MOST ? tuner->resting * 2 : REST_MOST;
}

/* The trial is over: keep it or go back.  True: the size has changed. */
static bool
judge(Tuner *tuner, double rate)
{
	bool went_up = tuner->size > tuner->before;
	bool keep = went_up ? rate >= GAIN * tuner->before_rate
						: rate >= LOSS * tuner->before_rate;

	tuner->is_trial = false;
	if (keep)
	{
		tuner->other_size = went_up ? tuner->other_size : tuner->before;
		tuner->other_rate = went_up ? tuner->other_rate : tuner->before_rate;
		tuner->best_rate = rate;
		tuner->resting = REST_FIRST;
		return false;
	}
	tuner->other_size = tuner->size;
	tuner->other_rate = rate;
	tuner->best_rate = tuner->before_rate;
	tuner->size = tuner->before;
	if (went_up)
		tuner->end = TUNER_NO_GAIN;
	tuner->tries_less = went_up;
	tuner->settles = true;
	rest(tuner);
	return true;
}

static bool
decide(Tuner *tuner, double rate, bool has_demand)
{
	if (tuner->is_trial && judge(tuner, rate))
		return true;
	if (!tuner->is_trial)
		tuner->best_rate = rate;
	if (tuner->rest > 0)
	{
		tuner->rest--;
		return false;
	}
	if (!has_demand)
	{
		tuner->end = tuner->size < tuner->most ? TUNER_NO_DEMAND : TUNER_LIMIT;
		return false;
	}
	if (tuner->tries_less && tuner->size > 1)
	{
		tuner->tries_less = false;
		return begin_trial(tuner, smaller(tuner), rate);
	}
	if (tuner->size >= tuner->most)
	{
		if (tuner->end != TUNER_SERVER_LIMIT)
			tuner->end = TUNER_LIMIT;
		tuner->tries_less = true;
		rest(tuner);
		return false;
	}
	return begin_trial(tuner, larger(tuner), rate);
}

static bool
has_seen_enough(const Tuner *tuner, int64_t ended)
{
	int64_t wanted = MEASURE_ENDED * (int64_t) tuner->size;

	if (tuner->looks >= MEASURE_LOOKS_MAX)
		return true;
	return tuner->looks >= MEASURE_LOOKS &&
		   ended - tuner->begun_count >= wanted;
}

/* Others wait, and those who were served first have not even ended. */
static bool
is_starved(const Tuner *tuner, int64_t ended)
{
	return tuner->waits == tuner->looks && tuner->size < tuner->most &&
		   ended - tuner->begun_count < tuner->size;
}

bool
tuner_look(Tuner *tuner, int64_t now_ns, int64_t ended, int waiting,
		   int pool_size)
{
	double rate;
	bool has_demand;

	if (pool_size < tuner->size)
	{
		tuner->size = tuner->most = pool_size;
		tuner->end = TUNER_SERVER_LIMIT;
		tuner->is_trial = false;
		measure_anew(tuner, now_ns, ended);
	}
	if (tuner->settles)
	{
		tuner->settles = false; /* connections open or close meanwhile */
		measure_anew(tuner, now_ns, ended);
		return false;
	}
	tuner->looks++;
	tuner->waits += waiting > 0;
	if (tuner->looks == MEASURE_LOOKS && is_starved(tuner, ended))
	{
		tuner->is_trial = false;
		tuner->size =
			tuner->size * 2 < tuner->most ? tuner->size * 2 : tuner->most;
		if (tuner->size > tuner->peak)
			tuner->peak = tuner->size;
		measure_anew(tuner, now_ns, ended);
		return true;
	}
	if (!has_seen_enough(tuner, ended))
		return false;
	rate = (double) (ended - tuner->begun_count) * 1e9 /
		   (double) (now_ns - tuner->begun_ns);
	has_demand = tuner->waits * 2 > tuner->looks;
	measure_anew(tuner, now_ns, ended);
	return decide(tuner, rate, has_demand);
}
