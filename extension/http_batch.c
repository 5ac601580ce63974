/*
 * http_batch.c
 *		Many requests in one statement, so many at a time.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "clock.h"
#include "http_batch.h"

/* A batch that is running: its members and where it is. */
typedef struct Run
{
	const Batch *batch;
	dlist_head members; /* every fetch of it that exists */
	dlist_head done;
	int active;
	int next;
	int ended;
	int64 deadline_ns;
} Run;

static Fetch *
make_next(Run *run)
{
	Fetch *fetch = fetch_new();
	MemoryContext caller;

	/* known to the run before anything can fail */
	fetch->ordinal = ++run->next;
	dlist_push_tail(&run->members, &fetch->member);
	run->active++;

	caller = MemoryContextSwitchTo(fetch->cxt);
	run->batch->build(run->batch->arg, fetch->ordinal - 1, &fetch->request,
					  &fetch->failure);
	MemoryContextSwitchTo(caller);
	return fetch;
}

static void
set_late(Run *run, Fetch *fetch)
{
	MemoryContext caller = MemoryContextSwitchTo(fetch->cxt);

	if (fetch->failure.sqlstate == 0)
		failure_set(&fetch->failure, ERRCODE_HTTP_DEADLINE,
					"not done within the deadline of " INT64_FORMAT
					" ms for all requests",
					run->batch->deadline_ms);
	MemoryContextSwitchTo(caller);
}

static void
release(Run *run, Fetch *fetch)
{
	dlist_delete(&fetch->member);
	run->active--;
	fetch_release(fetch);
}

static void
hand_out_done(Run *run)
{
	Fetch *fetch;

	while ((fetch = fetch_take_done(&run->done)) != NULL)
	{
		/* that is no property of one request */
		if (fetch->failure.sqlstate == ERRCODE_OUT_OF_MEMORY)
			failure_raise(&fetch->failure, NULL);
		run->batch->on_done(run->batch->arg, fetch);
		run->ended++;
		release(run, fetch);
	}
}

/* The deadline has come: those that are not done are late, all of them. */
static void
end_late(Run *run)
{
	dlist_iter iter;

	dlist_foreach(iter, &run->members)
	{
		Fetch *fetch = dlist_container(Fetch, member, iter.cur);
		HttpFailure late = {0};

		failure_set(&late, ERRCODE_HTTP_DEADLINE,
					"not done within the deadline of " INT64_FORMAT
					" ms for all requests",
					run->batch->deadline_ms);
		fetch_fail(fetch, late.sqlstate, late.message);
	}
	hand_out_done(run);
	while (run->next < run->batch->n)
	{
		Fetch *fetch = make_next(run);

		set_late(run, fetch);
		fetch_start(fetch, &run->done);
		hand_out_done(run);
		CHECK_FOR_INTERRUPTS();
	}
}

/* Kept out of line, away from the caller's PG_TRY. */
static pg_noinline void
run_all(Run *run)
{
	const Batch *batch = run->batch;

	while (run->ended < batch->n)
	{
		while (run->active < batch->concurrency && run->next < batch->n)
		{
			fetch_start(make_next(run), &run->done);
			CHECK_FOR_INTERRUPTS();
		}
		if (dlist_is_empty(&run->done))
			fetches_turn(run->deadline_ns);
		hand_out_done(run);
		if (clock_now_ns() >= run->deadline_ns)
			end_late(run);
	}
}

static pg_noinline void
release_all(Run *run)
{
	while (!dlist_is_empty(&run->members))
		release(run, dlist_container(Fetch, member,
									 dlist_head_node(&run->members)));
}

void
batch_run(const Batch *batch)
{
	Run run = {0};

	run.batch = batch;
	run.deadline_ns = batch->deadline_ms == 0
						  ? NS_NEVER
						  : clock_now_ns() + batch->deadline_ms * NS_PER_MS;
	dlist_init(&run.members);
	dlist_init(&run.done);

	PG_TRY();
	{
		run_all(&run);
	}
	PG_CATCH();
	{
		release_all(&run);
		PG_RE_THROW();
	}
	PG_END_TRY();
	Assert(run.active == 0);
}
