/*
 * test_schedule.c
 *		The times of --rate: their number in each second, their order, their
 *		bursts.
 */
#include "schedule.h"

#include <math.h>

#include "tap.h"

#define SECOND INT64_C(1000000000)

/* How many of the times fall into the seconds from..to - 1. */
static int64_t
count_between(Schedule *schedule, int64_t from_s, int64_t to_s, bool *ordered)
{
	int64_t count = 0;
	int64_t last = 0;

	*ordered = true;
	for (;;)
	{
		int64_t time = schedule_next(schedule);

		*ordered = *ordered && time >= last;
		last = time;
		if (time >= to_s * SECOND)
			return count;
		if (time >= from_s * SECOND)
			count++;
	}
}

static void
test_uniform(void)
{
	Schedule schedule;
	bool ordered;

	schedule_init(&schedule, SCHEDULE_UNIFORM, 200, 1);
	schedule_begin(&schedule, 5 * SECOND);
	is_i64(schedule_next(&schedule), 5 * SECOND, "the first one at once");
	is_i64(schedule_next(&schedule), 5 * SECOND + 5000000,
		   "then one each 5 ms");
	is_i64(count_between(&schedule, 6, 66, &ordered), 12000,
		   "200 a second for a minute");
	ok(ordered, "in order");
}

static void
test_poisson(double rate, const char *what)
{
	Schedule schedule;
	bool ordered;
	int64_t count;

	schedule_init(&schedule, SCHEDULE_POISSON, rate, 7);
	schedule_begin(&schedule, 0);
	count = count_between(&schedule, 0, 60, &ordered);
	ok(fabs((double) count - 60 * rate) <= 0.01 * 60 * rate + 10, "%s: %lld",
	   what, (long long) count);
	ok(ordered, "%s: in order", what);
}

/* The distances of a Poisson process vary as much as they are long. */
static void
test_bursts(void)
{
	Schedule schedule;
	double sum = 0;
	double squares = 0;
	int64_t last = 0;
	int n = 20000;

	schedule_init(&schedule, SCHEDULE_POISSON, 1000, 3);
	schedule_begin(&schedule, 0);
	for (int i = 0; i < n; i++)
	{
		int64_t time = schedule_next(&schedule);
		double ms = (double) (time - last) / 1e6;

		sum += ms;
		squares += ms * ms;
		last = time;
	}
	ok(fabs(sum / n - 1) < 0.01, "1 ms apart on average: %.3f", sum / n);
	ok(fabs(sqrt(squares / n - sum / n * sum / n) - 1) < 0.05,
	   "with a deviation of 1 ms: %.3f",
	   sqrt(squares / n - sum / n * sum / n));
}

static void
test_seed(void)
{
	Schedule a;
	Schedule b;
	bool same = true;

	schedule_init(&a, SCHEDULE_POISSON, 50, 9);
	schedule_init(&b, SCHEDULE_POISSON, 50, 9);
	for (int i = 0; i < 100; i++)
		same = same && schedule_next(&a) == schedule_next(&b);
	ok(same, "the same seed, the same times");
}

int
main(void)
{
	test_uniform();
	test_poisson(200, "200 a second");
	test_poisson(0.5, "one in two seconds");
	test_poisson(3.7, "3.7 a second");
	test_poisson(25000, "25000 a second");
	test_bursts();
	test_seed();
	return done_testing();
}
