/*
 * admission.c
 *	  Which task comes next: bodies in turn or by weight, up to a number, a
 *	  time, a word, the end of the input.
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
	AdmissionHooks hooks;
	Input *input;		 /* NULL: none */
	Output *output;		 /* NULL: none; it has room or not */
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
	bool is_over; /* the input has ended */
};

/* What came of looking for the next task. */
typedef enum Found
{
	FOUND_TASK,
	FOUND_BAD_ROW,
	FOUND_NONE_YET,	 /* of input or room */
	FOUND_ONLY_DONE, /* so many were passed over that it is another's turn */
	FOUND_LOST,		 /* reading the input failed */
	FOUND_END
} Found;

/* Without one, the plan's own tasks run, each body "count" times. */
static bool
has_limit(const RunOptions *options)
{
	return options->tasks > 0 || options->per_slot > 0 ||
		   options->duration_ns > 0 || options->input != NULL;
}

static int64_t
count_total(const Admission *admission, const RunOptions *options)
{
	if (options->tasks > 0)
		return options->tasks;
	if (options->per_slot > 0)
		return options->per_slot * admission->concurrency;
	if (options->duration_ns > 0 || options->input != NULL)
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
			  Job *job, const AdmissionHooks *hooks)
{
	Admission *admission = mem_alloc(sizeof(*admission));

	admission->plan = plan;
	admission->job = job;
	admission->hooks = *hooks;
	admission->input = options->input;
	admission->output = options->output;
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
	if (options->rate > 0 && job == NULL && options->input == NULL)
		admission->late_ns = options->latency_limit_ns;
	pthread_mutex_init(&admission->lock, NULL);
	if (admission->input != NULL)
		input_start(admission->input, hooks->on_more, hooks->arg);
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

/* A number that no task will come of: with an order its place is free. */
static void
give_up_place(Admission *admission, uint64_t number)
{
	if (admission->output != NULL)
		output_submit(admission->output, number, NULL, 0, NULL);
}

/* The row for the next task, if there is an input.  The lock is held. */
static Found
next_row(Admission *admission, Ticket *ticket, Err *err)
{
	ticket->row = NULL;
	ticket->line = 0;
	if (admission->input == NULL)
		return FOUND_TASK;
	switch (input_pull(admission->input, &ticket->row, err))
	{
		case INPUT_ROW:
			ticket->line = ticket->row->line;
			return FOUND_TASK;
		case INPUT_BAD:
			return FOUND_BAD_ROW;
		case INPUT_WAIT:
			return FOUND_NONE_YET;
		case INPUT_END:
			admission->is_over = true;
			return FOUND_END;
		case INPUT_FAILED:
			break;
	}
	admission->is_over = true;
	return FOUND_LOST;
}

/* The lock is held.  The next one that the job wants. */
static Found
next_wanted(Admission *admission, Ticket *ticket, Err *err)
{
	for (int i = 0; i < PASSED_AT_ONCE; i++)
	{
		Found found;

		if (admission->is_stopped || admission->is_over ||
			admission->given >= admission->total)
			return FOUND_END;
		if (admission->output != NULL &&
			!output_has_room(admission->output,
							 (uint64_t) admission->given + 1))
			return FOUND_NONE_YET;
		found = next_row(admission, ticket, err);
		if (found != FOUND_TASK)
			return found;
		ticket->number = (uint64_t) ++admission->given;
		if (admission->weights_sum > 0)
			choose_body(admission, ticket);
		if (job_wants(admission->job, ticket->number,
					  ticket->row != NULL ? &ticket->row->hash : NULL,
					  &ticket->key))
			return FOUND_TASK;
		admission->returned++;
		admission_row_used(admission, ticket);
		give_up_place(admission, ticket->number);
	}
	return FOUND_ONLY_DONE;
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

/* To be called without the lock. */
static void
tell(Admission *admission, Found found, const Err *err)
{
	const AdmissionHooks *hooks = &admission->hooks;

	if (found == FOUND_BAD_ROW)
		hooks->on_bad_row(hooks->arg, err);
	else if (found == FOUND_LOST)
		hooks->on_input_lost(hooks->arg, err);
	else if (found == FOUND_ONLY_DONE)
		hooks->on_more(hooks->arg);
}

Admit
admission_next(Admission *admission, int64_t now_ns, Ticket *ticket)
{
	bool in_time = true;
	Found found;
	Err err;

	do
	{
		pthread_mutex_lock(&admission->lock);
		found = next_wanted(admission, ticket, &err);
		if (found == FOUND_TASK)
			in_time = take_time(admission, now_ns, ticket);
		pthread_mutex_unlock(&admission->lock);
		tell(admission, found, &err);
	} while (found == FOUND_BAD_ROW);
	if (found != FOUND_TASK)
		return found == FOUND_NONE_YET || found == FOUND_ONLY_DONE ? ADMIT_WAIT
																   : ADMIT_END;
	if (admission->weights_sum == 0)
		next_body(admission, (int64_t) ticket->number - 1, ticket);
	if (!in_time)
		give_up_place(admission, ticket->number);
	return in_time ? ADMIT_TASK : ADMIT_LATE;
}

void
admission_row_used(Admission *admission, Ticket *ticket)
{
	if (ticket->row != NULL)
		input_give_back(admission->input, ticket->row);
	ticket->row = NULL;
}

void
admission_return(Admission *admission, Ticket *ticket)
{
	admission_row_used(admission, ticket);
	pthread_mutex_lock(&admission->lock);
	admission->returned++;
	pthread_mutex_unlock(&admission->lock);
	give_up_place(admission, ticket->number);
}

void
admission_stop(Admission *admission)
{
	pthread_mutex_lock(&admission->lock);
	admission->is_stopped = true;
	pthread_mutex_unlock(&admission->lock);
	admission->hooks.on_more(admission->hooks.arg);
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
