/*
 * usl.h
 *	  The universal scalability law, fitted to measured throughput.
 *
 *	X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))
 *
 * lambda is what one alone gets done, sigma the share that cannot overlap
 * (contention), kappa what each pair costs (coherency).  Gunther, Guerrilla
 * Capacity Planning, Springer 2007, chapters 4 to 6.
 */
#ifndef USL_H
#define USL_H

#include <stdbool.h>

typedef struct Usl
{
	double lambda;
	double sigma;
	double kappa;
	double r_squared; /* of X: 1 explains all of it */
	double peak_n;	  /* where X is largest; 0: it only grows */
	double peak_x;	  /* there; with peak_n 0: what it grows to, 0 no limit */
} Usl;

/*
 * Least squares over n points (number in flight, throughput), of N / X, which
 * is linear in the parameters; none below 0.  False for fewer than three
 * different numbers.
 */
extern bool usl_fit(Usl *usl, const double *in_flight,
					const double *throughput, int n);
extern double usl_at(const Usl *usl, double in_flight);

#endif /* USL_H */
