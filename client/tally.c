/*
 * tally.c
 *	  What one shard has counted until now: for those who look on.
 *
 * There is only one writer, so a load and a store do for an addition.
 */
#include "tally.h"

static void
add(_Atomic int64_t *to, int64_t amount)
{
	atomic_store_explicit(
		to, atomic_load_explicit(to, memory_order_relaxed) + amount,
		memory_order_relaxed);
}

void
tally_task(Tally *tally, bool failed, int64_t latency_ns, int64_t lag_ns,
		   bool is_late)
{
	double ms = (double) latency_ns / 1e6;
	double squares =
		atomic_load_explicit(&tally->latency_squares, memory_order_relaxed);

	add(failed ? &tally->failed : &tally->done, 1);
	add(&tally->latency_ns, latency_ns);
	atomic_store_explicit(&tally->latency_squares, squares + ms * ms,
						  memory_order_relaxed);
	if (lag_ns > 0)
		add(&tally->lag_ns, lag_ns);
	if (is_late)
		add(&tally->late, 1);
}

void
tally_skip(Tally *tally)
{
	add(&tally->skipped, 1);
}

void
tally_running(Tally *tally, int running)
{
	atomic_store_explicit(&tally->running, running, memory_order_relaxed);
}

static int64_t
look(const _Atomic int64_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

void
tally_read(const Tally *tally, Counts *sum)
{
	sum->done += look(&tally->done);
	sum->failed += look(&tally->failed);
	sum->skipped += look(&tally->skipped);
	sum->late += look(&tally->late);
	sum->lag_ns += look(&tally->lag_ns);
	sum->latency_ns += look(&tally->latency_ns);
	sum->latency_squares +=
		atomic_load_explicit(&tally->latency_squares, memory_order_relaxed);
	sum->running +=
		atomic_load_explicit(&tally->running, memory_order_relaxed);
}
