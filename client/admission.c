/*
 * admission.c
 *	  Which task comes next: bodies in turn or by weight, up to a number, a
 *	  time, a word.
 *
 * The counts belong to the lock; what the plan and the options say is fixed.
 */
#include "admission.h"

#include <pthread.h>
#include <stdlib.h>

#include "mem.h"
#include "schedule.h"

#define DEFAULT_CONCURRENCY 10
#define PASSED_AT_ONCE 1000 /* finished tasks, before others have a turn */

struct Admission
{
	const Plan *plan;
	Job *job; /* NULL: none */
	void (*on_more)(void *arg);
	void *on_more_arg;
	int64_t counts_sum;	 /* of the bodies' counts */
	int64_t weights_sum; /* of their weights; 0: they take turns */
	double rate;		 /* 0: as soon as a slot is free */
	int64_t late_ns;	 /* too late to begin; 0: never */
	int concurrency;
	int64_t total;

	pthread_mutex_t lock;
	int64_t given;	  /* tickets, in order of their numbers */
	int64_t returned; /* of these; passed over ones as well */
	int64_t late;	  /* of these, too */
	RandomState chooser;
	Schedule schedule;
	bool is_stopped;
};

/* Without one, the plan's own tasks run, each body "count" times. */
static bool
has_limit(const RunOptions *options)
{
	return options->tasks > 0 || options->per_slot > 0 ||
		   options->duration_ns > 0;
}

static int64_t
count_total(const Admission *admission, const RunOptions *options)
{
	if (options->tasks > 0)
		return options->tasks;
	if (options->per_slot > 0)
		return options->per_slot * admission->concurrency;
	if (options->duration_ns > 0)
		return INT64_MAX;
	return admission->counts_sum;
}

static void
count_slots(Admission *admission, const RunOptions *options)
{
	bool is_own = !has_limit(options);
	int64_t own =
		admission->counts_sum < INT32_MAX ? admission->counts_sum : INT32_MAX;

	admission->concurrency = options->concurrency;
	if (options->mode == MODE_SEQUENTIAL)
		admission->concurrency = 1;
	if (admission->concurrency == 0)
		admission->concurrency = is_own ? (int) own : DEFAULT_CONCURRENCY;
	admission->total = count_total(admission, options);
	if (admission->total < admission->concurrency)
		admission->concurrency = (int) admission->total;
	if (admission->concurrency < 1)
		admission->concurrency = 1;
}

Admission *
admission_new(const Plan *plan, const RunOptions *options, uint64_t seed,
			  Job *job, void (*on_more)(void *arg), void *arg)
{
	Admission *admission = mem_alloc(sizeof(*admission));

	admission->plan = plan;
	admission->job = job;
	admission->on_more = on_more;
	admission->on_more_arg = arg;
	for (int i = 0; i < plan->nbodies; i++)
		admission->counts_sum += plan->bodies[i].count;
	count_slots(admission, options);
	if (plan->has_weights && has_limit(options))
		for (int i = 0; i < plan->nbodies; i++)
			admission->weights_sum += plan->bodies[i].weight;
	random_seed(&admission->chooser, seed);
	admission->rate = options->rate;
	schedule_init(&admission->schedule, options->schedule, options->rate,
				  seed + 1);
	/* of a job nothing is left undone in silence */
	if (options->rate > 0 && job == NULL)
		admission->late_ns = options->latency_limit_ns;
	pthread_mutex_init(&admission->lock, NULL);
	return admission;
}

void
admission_free(Admission *admission)
{
	if (admission == NULL)
		return;
	pthread_mutex_destroy(&admission->lock);
	free(admission);
}

int
admission_concurrency(const Admission *admission)
{
	return admission->concurrency;
}

int64_t
admission_total(const Admission *admission)
{
	return admission->total;
}

int64_t
admission_count(Admission *admission)
{
	int64_t count;

	pthread_mutex_lock(&admission->lock);
	count = admission->given - admission->returned - admission->late;
	pthread_mutex_unlock(&admission->lock);
	return count;
}

bool
admission_is_own(const Admission *admission)
{
	return admission->total <= admission->counts_sum;
}

/* As pgbench chooses among its scripts; the lock is held. */
static void
choose_body(Admission *admission, Ticket *ticket)
{
	const Body *body = admission->plan->bodies;
	int64_t at =
		random_uniform(&admission->chooser, 0, admission->weights_sum - 1);

	while (at >= body->weight)
		at -= (body++)->weight;
	ticket->body = body;
	ticket->copy = admission->given;
}

/* In the plan's order, each body "count" times, then from the start again. */
static void
next_body(const Admission *admission, int64_t number, Ticket *ticket)
{
	int64_t at = number % admission->counts_sum;
	const Body *body = admission->plan->bodies;

	while (at >= body->count)
		at -= (body++)->count;
	ticket->body = body;
	ticket->copy = number / admission->counts_sum * body->count + at + 1;
}

/*
 * The lock is held.  The next one that the job wants; ADMIT_WAIT: so many were
 * passed over that it is somebody else's turn.
 */
static Admit
next_wanted(Admission *admission, Ticket *ticket)
{
	for (int i = 0; i < PASSED_AT_ONCE; i++)
	{
		if (admission->is_stopped || admission->given >= admission->total)
			return ADMIT_END;
		ticket->number = (uint64_t) ++admission->given;
		if (admission->weights_sum > 0)
			choose_body(admission, ticket);
		if (job_wants(admission->job, ticket->number, NULL, &ticket->key))
			return ADMIT_TASK;
		admission->returned++;
	}
	return ADMIT_WAIT;
}

/* The lock is held.  False: it is too late to begin. */
static bool
take_time(Admission *admission, int64_t now_ns, Ticket *ticket)
{
	ticket->scheduled_ns = 0;
	if (admission->rate <= 0)
		return true;
	if (admission->schedule.given == 0)
		schedule_begin(&admission->schedule, now_ns);
	ticket->scheduled_ns = schedule_next(&admission->schedule);
	if (admission->late_ns == 0 ||
		now_ns - ticket->scheduled_ns <= admission->late_ns)
		return true;
	admission->late++;
	return false;
}

Admit
admission_next(Admission *admission, int64_t now_ns, Ticket *ticket)
{
	Admit admit;

	pthread_mutex_lock(&admission->lock);
	admit = next_wanted(admission, ticket);
	if (admit == ADMIT_TASK && !take_time(admission, now_ns, ticket))
		admit = ADMIT_LATE;
	pthread_mutex_unlock(&admission->lock);
	if (admit == ADMIT_WAIT)
		admission->on_more(admission->on_more_arg);
	else if (admit != ADMIT_END && admission->weights_sum == 0)
		next_body(admission, (int64_t) ticket->number - 1, ticket);
	return admit;
}

void
admission_return(Admission *admission, const Ticket *ticket)
{
	(void) ticket;
	pthread_mutex_lock(&admission->lock);
	admission->returned++;
	pthread_mutex_unlock(&admission->lock);
}

void
admission_stop(Admission *admission)
{
	pthread_mutex_lock(&admission->lock);
	admission->is_stopped = true;
	pthread_mutex_unlock(&admission->lock);
	admission->on_more(admission->on_more_arg);
}

bool
admission_is_stopped(Admission *admission)
{
	bool is_stopped;

	pthread_mutex_lock(&admission->lock);
	is_stopped = admission->is_stopped;
	pthread_mutex_unlock(&admission->lock);
	return is_stopped;
}
