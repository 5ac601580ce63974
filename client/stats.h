/*
 * stats.h
 *	  A histogram of durations in constant memory, and percentiles from it.
 *
 * Buckets are log-linear (64 a power of two: at most 1.6 % wide), made when
 * first needed.  Zero bytes are an empty histogram; histogram_clear frees.
 */
#ifndef STATS_H
#define STATS_H

#include <stdbool.h>
#include <stdint.h>

#define HISTOGRAM_SUB_BUCKETS 64

typedef struct Histogram
{
	uint32_t *buckets;
	int nbuckets;
	int64_t count;
	int64_t min_ns;
	int64_t max_ns;
	double sum_ns;
	double sum_squares;
} Histogram;

extern void histogram_add(Histogram *histogram, int64_t ns);
extern void histogram_merge(Histogram *to, const Histogram *from);
extern void histogram_clear(Histogram *histogram);

/* As if nothing had been added; its memory is used again. */
extern void histogram_empty(Histogram *histogram);

/* Make *to the same; its memory is used again. */
extern void histogram_copy(Histogram *to, const Histogram *from);

/*
 * What was added to a histogram since it was copied to "before", as far as
 * buckets tell: least and greatest are theirs, there is no sum of squares.
 */
extern void histogram_since(Histogram *to, const Histogram *now,
							const Histogram *before);

/* fraction 0..1; exact at 0 and 1; 0 when empty. */
extern int64_t histogram_percentile(const Histogram *histogram,
									double fraction);
/* A bucket that is not empty; zero bytes before the first. */
typedef struct HistogramBucket
{
	int next; /* private */
	int64_t low_ns;
	int64_t high_ns; /* the largest value that falls into it */
	uint32_t count;
} HistogramBucket;

/* Go on to the next one, from low to high; false after the last. */
extern bool histogram_next(const Histogram *histogram,
						   HistogramBucket *bucket);

/*
 * The way back: fill a bucket by any value in it.  Count, least, greatest,
 * sum and sum of squares are the caller's to set afterwards.
 */
extern void histogram_fill(Histogram *histogram, int64_t ns, uint32_t count);

extern double histogram_mean_ns(const Histogram *histogram);
extern double histogram_stddev_ns(const Histogram *histogram);

#endif /* STATS_H */
