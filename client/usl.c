/*
 * usl.c
 *	  The universal scalability law, fitted to measured throughput.
 *
 * With y = N / X and u = N - 1: y = a + b u + c u (u + 1), where a = 1/lambda,
 * b = sigma/lambda and c = kappa/lambda.  A parameter that comes out below 0
 * has no meaning; the fit is then made again without it.
 */
#include "usl.h"

#include <math.h>
#include <string.h>

#define TERMS 3

static void
terms_of(double in_flight, double *terms)
{
	double u = in_flight - 1;

	terms[0] = 1;
	terms[1] = u;
	terms[2] = u * (u + 1);
}

/*
 * Solve the normal equations for the terms that are used; each point counts
 * by the square of X / N, so that errors are relative.
 */
static bool
solve(const double *n, const double *x, int count, const bool *used,
	  double *result)
{
	double matrix[TERMS][TERMS + 1] = {{0}};

	memset(result, 0, TERMS * sizeof(double));
	for (int p = 0; p < count; p++)
	{
		double terms[TERMS];
		double weight = x[p] / n[p] * (x[p] / n[p]);

		terms_of(n[p], terms);
		for (int i = 0; i < TERMS; i++)
		{
			for (int j = 0; j < TERMS; j++)
				matrix[i][j] += weight * terms[i] * terms[j];
			matrix[i][TERMS] += weight * terms[i] * n[p] / x[p];
		}
	}
	for (int i = 0; i < TERMS; i++)
	{
		if (used[i])
			continue;
		for (int j = 0; j < TERMS; j++)
			matrix[i][j] = matrix[j][i] = 0;
		matrix[i][i] = 1;
		matrix[i][TERMS] = 0;
	}
	for (int i = 0; i < TERMS; i++)
	{
		double pivot = matrix[i][i];

		if (fabs(pivot) < 1e-12)
			return false;
		for (int j = i; j <= TERMS; j++)
			matrix[i][j] /= pivot;
		for (int k = 0; k < TERMS; k++)
		{
			double factor = matrix[k][i];

			if (k == i)
				continue;
			for (int j = i; j <= TERMS; j++)
				matrix[k][j] -= factor * matrix[i][j];
		}
	}
	for (int i = 0; i < TERMS; i++)
		result[i] = used[i] ? matrix[i][TERMS] : 0;
	return true;
}

static int
different_numbers(const double *n, int count)
{
	int different = 0;

	for (int i = 0; i < count; i++)
	{
		bool is_new = true;

		for (int j = 0; j < i; j++)
			if (n[j] == n[i])
				is_new = false;
		different += is_new;
	}
	return different;
}

double
usl_at(const Usl *usl, double n)
{
	return usl->lambda * n /
		   (1 + usl->sigma * (n - 1) + usl->kappa * n * (n - 1));
}

static double
fit_quality(const Usl *usl, const double *n, const double *x, int count)
{
	double mean = 0;
	double around_mean = 0;
	double around_fit = 0;

	for (int i = 0; i < count; i++)
		mean += x[i] / count;
	for (int i = 0; i < count; i++)
	{
		double off = x[i] - usl_at(usl, n[i]);

		around_mean += (x[i] - mean) * (x[i] - mean);
		around_fit += off * off;
	}
	return around_mean > 0 ? 1 - around_fit / around_mean : 0;
}

static void
find_peak(Usl *usl)
{
	usl->peak_n = 0;
	usl->peak_x = 0;
	if (usl->kappa > 0 && usl->sigma < 1)
	{
		usl->peak_n = sqrt((1 - usl->sigma) / usl->kappa);
		usl->peak_x = usl_at(usl, usl->peak_n);
	}
	else if (usl->sigma > 0)
		usl->peak_x = usl->lambda / usl->sigma;
}

bool
usl_fit(Usl *usl, const double *n, const double *x, int count)
{
	bool used[TERMS] = {true, true, true};
	double result[TERMS];

	memset(usl, 0, sizeof(*usl));
	for (int i = 0; i < count; i++)
		if (x[i] <= 0 || n[i] <= 0)
			return false;
	if (different_numbers(n, count) < TERMS)
		return false;
	for (;;)
	{
		int lowest = 0;

		if (!solve(n, x, count, used, result) || result[0] <= 0)
			return false;
		for (int i = 1; i < TERMS; i++)
			if (result[i] < 0 && (lowest == 0 || result[i] < result[lowest]))
				lowest = i;
		if (lowest == 0)
			break;
		used[lowest] = false;
	}
	usl->lambda = 1 / result[0];
	usl->sigma = result[1] / result[0];
	usl->kappa = result[2] / result[0];
	usl->r_squared = fit_quality(usl, n, x, count);
	find_peak(usl);
	return true;
}
