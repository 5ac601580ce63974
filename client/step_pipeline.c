/*
 * step_pipeline.c
 *	  \syncpipeline and \endpipeline: the Sync behind a pipeline's
 *	  statements.
 *
 * The statements are step_sql.c's: each is a step of its own that the task
 * does not wait for.  \endpipeline waits for all of them and gives the lease
 * back.  When the task has failed or is to end, what the server has not
 * committed yet is rolled back: the Sync alone would commit it.
 */
#include "task.h"

#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "conn_pool.h"
#include "mem.h"

typedef struct PipelineWork
{
	ConnRequest request;
	bool is_sent;
	bool has_failed;
	Err *err; /* made by the first failure */
} PipelineWork;

static bool
is_end(const Step *step)
{
	return step->plan->kind == STEP_ENDPIPELINE;
}

static void
on_started(ConnRequest *request)
{
	step_started_at(request->arg, request->started_ns);
}

static void
on_done(ConnRequest *request, const Err *err)
{
	Step *step = request->arg;
	PipelineWork *work = step->pipeline;

	work->has_failed = err != NULL;
	if (err != NULL)
	{
		if (work->err == NULL)
			work->err = mem_alloc(sizeof(Err));
		*work->err = *err;
	}
	if (step->state == STEP_RUNNING)
		step_arrived(step, request->arrived_ns);
	step_wake(step);
}

static void
pipeline_resume(Step *step)
{
	PipelineWork *work = step->pipeline;

	if (is_end(step) && step->lease != NULL)
	{
		bool in_transaction = conn_in_transaction(conn_pool_conn(step->lease));

		if (!in_transaction)
			attempt_unmark(step->task); /* it ended in here */
		lease_end_statement(step, in_transaction);
	}
	step->lease = NULL;
	work->is_sent = false;
	step_done(step, work->has_failed ? work->err : NULL);
}

static void
send_sync(Step *step)
{
	Task *task = step->task;
	PipelineWork *work = step->pipeline;
	ConnRequest *request = &work->request;

	memset(request, 0, sizeof(*request));
	request->flow = CONN_SYNC;
	request->protocol = PROTOCOL_EXTENDED;
	request->on_started = on_started;
	request->on_done = on_done;
	request->arg = step;
	if (task->failed || task->is_canceled)
	{
		request->sql = "ROLLBACK";
		request->is_silent = true; /* "there is no transaction" */
	}
	task->has_batch = false;
	work->is_sent = true;
	conn_submit(conn_pool_conn(task->lease), request);
}

static void
pipeline_start(Step *step)
{
	Task *task = step->task;

	if (step->pipeline == NULL)
		step->pipeline = mem_alloc(sizeof(PipelineWork));
	step->pipeline->has_failed = false;
	if (is_end(step))
		task_end_pipeline(task);
	if (task->lease == NULL)
	{
		step_done(step, NULL); /* there was no statement */
		return;
	}
	step->lease = task->lease;
	if (is_end(step))
		task->lease_user = step;
	if (!task->has_batch)
	{
		pipeline_resume(step);
		return;
	}
	if (!is_end(step))
		step_go_ahead(step);
	send_sync(step);
}

static void
pipeline_cancel(Step *step)
{
	if (step->pipeline->is_sent)
		conn_cancel(conn_pool_conn(step->lease), &step->pipeline->request);
}

static void
pipeline_forget(Step *step)
{
	if (step->pipeline == NULL)
		return;
	free(step->pipeline->err);
	free(step->pipeline);
	step->pipeline = NULL;
}

const StepOps step_pipeline_ops = {
	.start = pipeline_start,
	.resume = pipeline_resume,
	.cancel = pipeline_cancel,
	.forget = pipeline_forget,
};
