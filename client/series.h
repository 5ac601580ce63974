/*
 * series.h
 *	  How often something happened, over time, in constant memory.
 *
 * Windows of equal width begin at 10 ms; when there are more than fit, two
 * become one.  Zero bytes are an empty series.
 */
#ifndef SERIES_H
#define SERIES_H

#include <stdint.h>

#define SERIES_WINDOWS 128

typedef struct Series
{
	int64_t width_ns; /* 0: nothing was added */
	int nwindows;
	uint32_t counts[SERIES_WINDOWS];
} Series;

/* at_ns: since the begin; from 0. */
extern void series_add(Series *series, int64_t at_ns);
extern void series_merge(Series *to, const Series *from);

/*
 * By how much the rate of the second half is above that of the first, as a
 * share of their mean: 0 is steady.  The first tenth (a start is slow) and the
 * last window (it is not over) are left out; 0 for fewer than ten windows.
 */
extern double series_trend(const Series *series);

#endif /* SERIES_H */
