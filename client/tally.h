/*
 * tally.h
 *	  What one shard has counted until now: for those who look on.
 *
 * One thread counts, any may read; the numbers of one look may be a task
 * apart.
 */
#ifndef TALLY_H
#define TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Tally
{
	_Atomic int64_t done;	 /* ended well */
	_Atomic int64_t failed;	 /* canceled ones are neither */
	_Atomic int64_t skipped; /* too late to begin */
	_Atomic int64_t late;	 /* of done and failed: over the latency limit */
	_Atomic int64_t lag_ns;	 /* of done and failed: begun after their time */
	_Atomic int64_t latency_ns;
	_Atomic double latency_squares; /* in ms */
	_Atomic int running;
} Tally;

/* A sum of several, at one moment. */
typedef struct Counts
{
	int64_t done;
	int64_t failed;
	int64_t skipped;
	int64_t late;
	int64_t lag_ns;
	int64_t latency_ns;
	double latency_squares;
	int running;
	int waiting; /* for the pool; not from a tally */
} Counts;

/* A task has ended: well, or failed. */
extern void tally_task(Tally *tally, bool failed, int64_t latency_ns,
					   int64_t lag_ns, bool is_late);
extern void tally_skip(Tally *tally);
extern void tally_running(Tally *tally, int running);

/* Any thread: add what it holds to the sum. */
extern void tally_read(const Tally *tally, Counts *sum);

#endif /* TALLY_H */
