/*
 * loop_threads.c
 *	  Worker threads: works wait in a queue, threads grow on demand.
 *
 * What is in Workers belongs to whoever holds its lock.  The lock of the done
 * list may be taken inside it, never the other way round.
 */
#include "loop_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

typedef struct Worker
{
	pthread_t thread;
	struct Workers *workers;
	bool is_busy;
} Worker;

struct Workers
{
	RealLoop *loop; /* gone once left_behind */
	pthread_mutex_t lock;
	pthread_cond_t more;
	LoopWork *head;
	LoopWork **tail;
	int nwaiting; /* works in the queue */
	int nidle;	  /* threads that wait for one */
	Worker **threads;
	int nthreads;
	int max_threads;
	int nusers; /* at the end: who is not through with it yet */
	bool ending;
};

/*
 * Signals are for the loop's thread: a worker's blocking call must not be
 * broken by one that another thread is meant to count.
 */
bool
thread_start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	sigset_t all;
	sigset_t old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = rc;
	return rc == 0;
}

void
work_done_post(RealLoop *loop, LoopWork *work)
{
	work->next = NULL;
	pthread_mutex_lock(&loop->done_lock);
	*loop->done_tail = work;
	loop->done_tail = &work->next;
	pthread_mutex_unlock(&loop->done_lock);
	loop_wake(loop);
}

void
work_done_deliver(RealLoop *loop)
{
	LoopWork *work;

	pthread_mutex_lock(&loop->done_lock);
	work = loop->done_head;
	loop->done_head = NULL;
	loop->done_tail = &loop->done_head;
	pthread_mutex_unlock(&loop->done_lock);
	while (work != NULL)
	{
		LoopWork *next = work->next;

		loop->nworks--;
		if (loop->keeps_arrivals)
			arrivals_add(loop,
						 (Arrival){.time_ns = work->ended_ns, .work = work});
		else
			work->done(work); /* the work may be gone afterwards */
		work = next;
	}
}

Workers *
workers_new(RealLoop *loop, int max_threads)
{
	Workers *workers = mem_alloc(sizeof(*workers));

	workers->loop = loop;
	workers->max_threads = max_threads;
	workers->tail = &workers->head;
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->more, NULL);
	return workers;
}

void
workers_set_max(Workers *workers, int max_threads)
{
	pthread_mutex_lock(&workers->lock);
	workers->max_threads = max_threads;
	pthread_mutex_unlock(&workers->lock);
}

static void
workers_destroy(Workers *workers)
{
	pthread_mutex_destroy(&workers->lock);
	pthread_cond_destroy(&workers->more);
	free(workers->threads);
	free(workers);
}

/* Wait for a work; NULL at the end.  The lock is held. */
static LoopWork *
take_work(Workers *workers)
{
	LoopWork *work;

	workers->nidle++;
	while (workers->head == NULL && !workers->ending)
		pthread_cond_wait(&workers->more, &workers->lock);
	workers->nidle--;
	if (workers->ending)
		return NULL;
	work = workers->head;
	workers->head = work->next;
	if (workers->head == NULL)
		workers->tail = &workers->head;
	workers->nwaiting--;
	return work;
}

static void *
worker_main(void *arg)
{
	Worker *self = arg;
	Workers *workers = self->workers;
	LoopWork *work;
	bool was_left;
	bool is_last;

	pthread_mutex_lock(&workers->lock);
	while ((work = take_work(workers)) != NULL)
	{
		self->is_busy = true;
		pthread_mutex_unlock(&workers->lock);
		work->begun_ns = clock_now_ns();
		work->run(work);
		work->ended_ns = clock_now_ns();
		pthread_mutex_lock(&workers->lock);
		if (workers->loop == NULL)
		{
			work->done(work);
			break;
		}
		self->is_busy = false;
		work_done_post(workers->loop, work);
	}
	was_left = self->is_busy;
	is_last = was_left && --workers->nusers == 0;
	pthread_mutex_unlock(&workers->lock);
	if (was_left)
		free(self); /* nobody joins this thread */
	if (is_last)
		workers_destroy(workers);
	return NULL;
}

/* One thread more; the lock is held. */
static void
worker_start(Workers *workers)
{
	Worker *worker = mem_alloc(sizeof(*worker));

	worker->workers = workers;
	if (!thread_start(&worker->thread, worker_main, worker))
	{
		/* with others at work the queue still moves */
		if (workers->nthreads == 0)
			loop_die("could not start a thread: %s", strerror(errno));
		free(worker);
		workers->max_threads = workers->nthreads;
		return;
	}
	workers->threads =
		mem_realloc(workers->threads, (size_t) (workers->nthreads + 1) *
										  sizeof(*workers->threads));
	workers->threads[workers->nthreads++] = worker;
}

void
workers_push(Workers *workers, LoopWork *work)
{
	work->next = NULL;
	pthread_mutex_lock(&workers->lock);
	*workers->tail = work;
	workers->tail = &work->next;
	workers->nwaiting++;
	if (workers->nwaiting > workers->nidle &&
		workers->nthreads < workers->max_threads)
		worker_start(workers);
	pthread_cond_signal(&workers->more);
	pthread_mutex_unlock(&workers->lock);
}

/* Tell the threads to end; how many are busy.  The lock is held. */
static int
workers_end(Workers *workers, void (*drop)(LoopWork *work))
{
	int nbusy = 0;

	workers->ending = true;
	pthread_cond_broadcast(&workers->more);
	while (workers->head != NULL)
	{
		LoopWork *work = workers->head;

		workers->head = work->next;
		if (drop != NULL)
			drop(work);
	}
	for (int i = 0; i < workers->nthreads; i++)
		nbusy += workers->threads[i]->is_busy ? 1 : 0;
	return nbusy;
}

void
workers_free(Workers *workers, bool leave_behind, void (*drop)(LoopWork *work))
{
	Worker **threads = workers->threads;
	int nthreads = workers->nthreads;
	int nbusy;
	int njoin = 0;
	bool is_last;

	pthread_mutex_lock(&workers->lock);
	nbusy = workers_end(workers, drop);
	if (!leave_behind)
		nbusy = 0;
	for (int i = 0; i < nthreads; i++)
	{
		if (nbusy > 0 && threads[i]->is_busy)
			pthread_detach(threads[i]->thread);
		else
			threads[njoin++] = threads[i];
	}
	workers->threads = NULL;
	workers->nusers = nbusy + 1;
	if (leave_behind)
		workers->loop = NULL;
	pthread_mutex_unlock(&workers->lock);

	for (int i = 0; i < njoin; i++)
	{
		pthread_join(threads[i]->thread, NULL);
		free(threads[i]);
	}
	free(threads);
	pthread_mutex_lock(&workers->lock);
	is_last = --workers->nusers == 0;
	pthread_mutex_unlock(&workers->lock);
	if (is_last)
		workers_destroy(workers);
}

void
loop_set_workers(Loop *base, int max_threads)
{
	RealLoop *loop = real_loop(base, "loop_set_workers");

	loop->max_workers = max_threads > 0 ? max_threads : 1;
	if (loop->workers != NULL)
		workers_set_max(loop->workers, loop->max_workers);
}

void
loop_work(Loop *base, LoopWork *work)
{
	RealLoop *loop = real_loop(base, "loop_work");

	if (loop->workers == NULL)
	{
		/* works make calls, so the control thread is there before them */
		control_start(loop);
		loop->workers = workers_new(loop, loop->max_workers);
	}
	loop->nworks++;
	workers_push(loop->workers, work);
}
