/*
 * retry.h
 *	  What may be tried again, after how long, and how often in all.
 *
 * The policy alone: plain data and functions without a clock, a task or a
 * connection.  attempt.c carries it out.
 *
 * Safe, unless on= says otherwise: SQLSTATE 40001 and 40P01 (the server has
 * rolled the work back); a failure to connect (nothing was sent); and for
 * methods that may be repeated (RFC 9110, 9.2.2) a status 429 or 5xx and a
 * connection that broke or was silent too long.
 */
#ifndef RETRY_H
#define RETRY_H

#include "err.h"
#include "random.h"

/*
 * The back-off before attempt n + 1 is a random time below
 * min(cap, base * 2^(n - 1)): "full jitter", so that those who failed
 * together do not come back together.
 */
#define RETRY_BASE_NS (100 * INT64_C(1000000))
#define RETRY_CAP_NS (10 * INT64_C(1000000000))

/* Two transactions that met: the other one is over soon. */
#define RETRY_CONFLICT_BASE_NS (5 * INT64_C(1000000))
#define RETRY_CONFLICT_CAP_NS (1 * INT64_C(1000000000))

/* A server's Retry-After is waited for as long as that, else not at all. */
#define RETRY_AFTER_MAX_NS (300 * INT64_C(1000000000))

/* What was known of the request when it failed. */
typedef enum RetryFault
{
	RETRY_FAULT_NONE,	 /* it was answered; or trying again is no use */
	RETRY_FAULT_CONNECT, /* nothing was sent */
	RETRY_FAULT_LOST,	 /* it may have been carried out */
	RETRY_FAULT_TIMEOUT	 /* the same, and nobody said anything */
} RetryFault;

typedef struct RetryFailure
{
	RetryFault fault;
	char sqlstate[6];		/* empty: none */
	int status;				/* an HTTP answer that failed; 0: none */
	bool may_repeat;		/* the method is idempotent */
	int64_t retry_after_ns; /* what the server asked for; 0: nothing */
} RetryFailure;

/*
 * One word of on=: an SQLSTATE (40001), a class of them (08*), an HTTP status
 * (429, 5xx), "connect", "lost" or "timeout".
 */
extern bool retry_reason_is_known(const char *word, size_t len);

/* Shall this be tried again?  on: the mark's list; NULL: what is safe. */
extern bool retry_is_wanted(const RetryFailure *failure, const char *on);

/* The same for a whole transaction: 40001 and 40P01, which on can narrow. */
extern bool retry_transaction_is_wanted(const RetryFailure *failure,
										const char *on);

/*
 * How long to wait after this attempt (from 1); -1: the server wants to be
 * left alone for longer than RETRY_AFTER_MAX_NS.
 */
extern int64_t retry_delay_ns(const RetryFailure *failure, int attempt,
							  RandomState *random);

/* May the method be repeated without doing more than once would? */
extern bool retry_method_may_repeat(const char *method);

/*
 * The run's budget: "reserve" retries, and one for every 100/percent steps
 * that were begun.  A storm then adds load, but does not multiply it.
 */
typedef struct RetryBudget
{
	int percent;
	int64_t reserve;
	int64_t begun;	/* steps, first attempts */
	int64_t used;	/* retries */
	int64_t denied; /* wanted, but the budget was used up */
} RetryBudget;

/* One retry out of the budget; false: it is used up. */
extern bool retry_budget_take(RetryBudget *budget);

#endif /* RETRY_H */
