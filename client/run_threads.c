/*
 * run_threads.c
 *	  Shards on threads of their own: start, open, go, finish, join.
 *
 * The first shard runs on the program's own thread, whose loop hears the
 * signals; therefore it never waits but in that loop: the others tell it by
 * ASK_NEWS what they have come to.  They wait for the word to go on a
 * condition variable.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "run_private.h"
#include "loop_call.h"

static int
wait_for_go(Run *run)
{
	int go;

	pthread_mutex_lock(&run->lock);
	while (run->go == 0)
		pthread_cond_wait(&run->may_go, &run->lock);
	go = run->go;
	pthread_mutex_unlock(&run->lock);
	return go;
}

static void
tell_opened(Run *run)
{
	pthread_mutex_lock(&run->lock);
	run->nopened++;
	pthread_mutex_unlock(&run->lock);
	shard_ask(&run->shards[0], ASK_NEWS);
}

static void *
shard_main(void *arg)
{
	Shard *shard = arg;

	shard_open(shard);
	tell_opened(shard->run);
	if (wait_for_go(shard->run) > 0)
		shard_run(shard);
	return NULL;
}

/* Signals are for the first shard: another's calls are not broken by them. */
static bool
start_thread(Shard *shard)
{
	sigset_t all;
	sigset_t old;
	int rc;

	loop_share_calls(shard->loop);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&shard->thread, NULL, shard_main, shard);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = rc;
	return rc == 0;
}

bool
run_start_shards(Run *run)
{
	run->nstarted = 1;
	if (run->nshards > 1)
		loop_share_calls(run->shards[0].loop);
	while (run->nstarted < run->nshards)
	{
		if (!start_thread(&run->shards[run->nstarted]))
			return err_set(&run->err, ERR_IO, "could not start a thread: %s",
						   strerror(errno));
		run->nstarted++;
	}
	return true;
}

static bool
all_opened(Run *run)
{
	bool all;

	pthread_mutex_lock(&run->lock);
	all = run->nopened == run->nstarted - 1;
	pthread_mutex_unlock(&run->lock);
	return all;
}

bool
run_all_finished(Run *run)
{
	bool all;

	pthread_mutex_lock(&run->lock);
	all = run->nfinished == run->nstarted;
	pthread_mutex_unlock(&run->lock);
	return all;
}

void
run_shard_finished(Run *run, Shard *shard)
{
	pthread_mutex_lock(&run->lock);
	run->nfinished++;
	pthread_mutex_unlock(&run->lock);
	if (shard->number > 0)
		shard_ask(&run->shards[0], ASK_NEWS);
}

void
run_on_news(Run *run)
{
	if ((run->awaits_opening && all_opened(run)) ||
		(run->awaits_sampler && run_sampler_is_ready(run)))
		loop_stop(run->shards[0].loop);
}

static void
await_opening(Run *run)
{
	run->awaits_opening = true;
	if (!run_is_given_up(run) && !all_opened(run))
		loop_run(run->shards[0].loop);
	run->awaits_opening = false;
}

/* Open the first shard's connections, then wait for the others'. */
bool
run_open_shards(Run *run)
{
	if (!shard_open(&run->shards[0]))
		run->err = run->shards[0].err;
	else
		await_opening(run);
	if (run->err.kind == ERR_NONE && all_opened(run))
		for (int i = 1; i < run->nstarted; i++)
			if (run->shards[i].open_failed && run->err.kind == ERR_NONE)
				run->err = run->shards[i].err;
	return run->err.kind == ERR_NONE && !run_is_given_up(run) &&
		   all_opened(run);
}

void
run_release_shards(Run *run, bool may_run)
{
	if (!may_run)
	{
		atomic_store(&run->is_given_up, true);
		run_ask_all(run, ASK_ABANDON);
	}
	pthread_mutex_lock(&run->lock);
	run->go = may_run ? 1 : -1;
	pthread_cond_broadcast(&run->may_go);
	pthread_mutex_unlock(&run->lock);
}

void
run_join_shards(Run *run)
{
	for (int i = 1; i < run->nstarted; i++)
		pthread_join(run->shards[i].thread, NULL);
	run->nstarted = run->nstarted > 1 ? 1 : run->nstarted;
}
