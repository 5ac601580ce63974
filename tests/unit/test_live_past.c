/*
 * test_live_past.c
 *		What the live view says of the last second, and of those before.
 */
#include "live_private.h"

#include <string.h>

#include "tap.h"

#define MS INT64_C(1000000)

static LivePast past;
static Histogram latency;
static LiveNumbers numbers;
static Gathered gathered;

static void
begin(void)
{
	live_past_clear(&past);
	histogram_empty(&latency);
	past = (LivePast){0};
	live_past_begin(&past, &(Moment){.time_ns = 5000 * MS});
	gathered = (Gathered){.latency = &latency, .numbers = &numbers};
}

/* A frame, so many milliseconds after the begin. */
static void
frame(int64_t at)
{
	numbers = (LiveNumbers){.elapsed_ns = at * MS};
	gathered.moment.time_ns = (5000 + at) * MS;
	live_past_add(&past, &gathered);
}

/* Tasks that end, one every 10 ms, each of which takes took_ms. */
static void
run(int64_t from, int64_t until, int64_t took_ms)
{
	for (int64_t at = from + 100; at <= until; at += 100)
	{
		for (int i = 0; i < 10; i++)
			histogram_add(&latency, took_ms * MS);
		gathered.moment.ended += 10;
		gathered.moment.cpu_ns += 25 * MS;
		gathered.moment.class_ns[CLASS_SERVER] += 100.0 * MS;
		frame(at);
	}
}

static void
test_rates(void)
{
	begin();
	frame(0);
	is_dbl(numbers.rate, 0, 0, "at the very begin nothing is known");
	is_dbl(numbers.cpu, -1, 0, "of the client neither");
	run(0, 500, 1);
	is_dbl(numbers.rate, 100, 1e-6, "half a second is enough for a rate");
	is_i64(numbers.nrates, 0, "but not for a second of its own");
	run(500, 3000, 1);
	is_dbl(numbers.rate, 100, 1e-6, "later it is that of the last second");
	is_dbl(numbers.cpu, 0.25, 1e-6, "and so is what the client uses");
	is_i64(numbers.nrates, 3, "three seconds are over");
	is_dbl(numbers.rates[2], 100, 1e-6, "each with its rate");
	for (int64_t at = 3100; at <= 5000; at += 100)
		frame(at);
	is_dbl(numbers.rate, 0, 1e-6, "nothing ends any more");
	is_dbl(numbers.rate_mean, 60, 1e-6, "the mean is of all the time");
	frame(9050);
	is_i64(numbers.nrates, 9, "seconds without a frame count");
	is_dbl(numbers.rate, 0, 1e-6, "after a stop as well");
	run(9100, 90000, 1);
	is_i64(numbers.nrates, LIVE_RATES, "a minute is kept");
}

static void
test_latency(void)
{
	begin();
	run(0, 2000, 1);
	is_i64(numbers.ended, 200, "in the beginning: all");
	is_i64(numbers.ended_ns / MS, 2000, "since the begin");
	run(2000, 8000, 1);
	run(8000, 13500, 50);
	is_i64(numbers.ended, 550, "five seconds and what has begun");
	is_i64(numbers.ended_ns / MS, 5500, "in so long");
	is_dbl((double) numbers.p50_ns, 50.0 * MS, MS, "what was before is gone");
	is_dbl((double) numbers.p99_ns, 50.0 * MS, MS, "the tail, too");
}

static void
test_classes(void)
{
	begin();
	run(0, 3000, 1);
	gathered.moment.class_ns[CLASS_POOL] += 900.0 * MS;
	frame(3100);
	is_dbl(numbers.now[CLASS_POOL], 0.5, 1e-6, "half of the last second");
	is_dbl(numbers.all[CLASS_SERVER], 3000.0 / 3900, 1e-6, "of all the time");
	ok(numbers.has_class[CLASS_POOL] && !numbers.has_class[CLASS_HTTP],
	   "who had time has a line");
	gathered.moment.class_ns[CLASS_POOL] -= 800.0 * MS;
	run(3100, 9000, 1);
	is_dbl(numbers.now[CLASS_POOL], 0, 1e-6,
		   "what turned out to be another's does not count below nothing");
	ok(numbers.has_class[CLASS_POOL], "a line stays");
}

static void
fails(int n, const char *message, int64_t count)
{
	gathered.failures[n].message = (char *) (uintptr_t) message;
	gathered.failures[n].count = count;
	if (n >= gathered.nfailures)
		gathered.nfailures = n + 1;
}

static void
test_failures(void)
{
	begin();
	fails(0, "a", 1);
	fails(1, "b", 1);
	frame(100);
	is_i64(numbers.nfailures, 2, "two kinds");
	fails(0, "a", 5);
	frame(200);
	is_str(numbers.failures[0].message, "a", "the newest comes first");
	is_i64(numbers.failures[0].count, 5, "with its count");
	frame(300);
	is_str(numbers.failures[0].message, "a", "and stays while nothing comes");
	fails(1, "b", 2);
	frame(400);
	is_str(numbers.failures[0].message, "b", "until another does");
}

int
main(void)
{
	test_rates();
	test_latency();
	test_classes();
	test_failures();
	live_past_clear(&past);
	histogram_clear(&latency);
	return done_testing();
}
