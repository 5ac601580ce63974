/*
 * test_usl.c
 *		The scalability law finds again the parameters that made the points,
 *		and a series of counts keeps them all whatever its width.
 */
#include "usl.h"

#include <math.h>

#include "series.h"
#include "tap.h"

#define MS INT64_C(1000000)

static void
test_exact(double lambda, double sigma, double kappa, const char *what)
{
	static const double n[] = {1, 2, 4, 8, 16, 32, 64, 128};
	double x[8];
	Usl made = {.lambda = lambda, .sigma = sigma, .kappa = kappa};
	Usl usl;

	for (int i = 0; i < 8; i++)
		x[i] = usl_at(&made, n[i]);
	ok(usl_fit(&usl, n, x, 8), "%s: fits", what);
	is_dbl(usl.lambda, lambda, lambda * 1e-6, "%s: lambda", what);
	is_dbl(usl.sigma, sigma, 1e-6, "%s: sigma", what);
	is_dbl(usl.kappa, kappa, 1e-9, "%s: kappa", what);
	is_dbl(usl.r_squared, 1, 1e-6, "%s: explains all", what);
}

static void
test_fit(void)
{
	static const double n[] = {1, 2, 4, 8};
	static const double falling[] = {100, 190, 340, 300};
	static const double linear[] = {100, 210, 430, 900};
	static const double zero[] = {100, 0, 1, 1};
	Usl usl;

	test_exact(1000, 0, 0, "no limit");
	test_exact(1000, 0.05, 0, "contention");
	test_exact(1000, 0.02, 0.0005, "coherency");
	is_dbl(usl_fit(&usl, n, falling, 4) ? usl.peak_n > 2 && usl.peak_n < 8 : 0,
		   1, 0, "a peak between the points is found there");
	ok(usl_fit(&usl, n, linear, 4) && usl.sigma == 0 && usl.kappa == 0,
	   "better than linear: no parameter is below 0");
	is_dbl(usl.peak_n, 0, 0, "and there is no peak");
	ok(!usl_fit(&usl, n, linear, 2), "two points are too few");
	ok(!usl_fit(&usl, n, zero, 4), "nothing got done: no fit");
}

static void
test_series(void)
{
	Series even = {0};
	Series late = {0};
	int64_t sum = 0;

	for (int i = 0; i < 10000; i++)
		series_add(&even, i * MS);
	for (int i = 0; i < even.nwindows; i++)
		sum += even.counts[i];
	is_i64(sum, 10000, "series: none is lost");
	ok(even.nwindows <= SERIES_WINDOWS &&
		   even.width_ns * even.nwindows >= 9999 * MS,
	   "series: wide enough for all");
	is_dbl(series_trend(&even), 0, 0.02, "series: steady");
	for (int i = 0; i < 1000; i++)
		series_add(&late, (1000 - (int64_t) i * i / 1000) * MS);
	ok(series_trend(&late) > 0.2, "series: gets faster");
	series_merge(&late, &even);
	sum = 0;
	for (int i = 0; i < late.nwindows; i++)
		sum += late.counts[i];
	is_i64(sum, 11000, "series: merged");
	is_i64(late.width_ns, even.width_ns, "series: to the wider one");
}

int
main(void)
{
	test_fit();
	test_series();
	return done_testing();
}
