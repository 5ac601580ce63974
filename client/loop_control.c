/*
 * loop_control.c
 *	  The control thread: deadlines and cancelling of calls that the loop
 *	  cannot interrupt.
 *
 * It starts with the first call.  What is in Control belongs to whoever holds
 * its lock; callbacks (interrupt, watchdog, works) run without it, so that
 * they may be slow without holding up loop_call_begin.  While a call holds
 * the loop, this thread also reads loop->watches and writes the arrival times
 * in them: the loop's thread is inside the call and cannot change them.
 */
#include "loop_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

#define SAMPLE_MAX 4096 /* descriptors looked at */
#define SAMPLE_GAP_NS NS_PER_MS
#define SAMPLE_SHARE 5 /* looking takes a fifth of the time at most */
/* After a held call go on ticking: the next one then needs no wake-up. */
#define LINGER_NS (20 * NS_PER_MS)

struct Control
{
	RealLoop *loop;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t settled; /* an interrupt() has returned */
	int pipe_fds[2];
	int64_t wake_ns; /* it looks again by then; 0: it is awake */
	bool closing;	 /* every call is asked to end */
	bool canceling;	 /* likewise, until the loop says loop_allow_calls */
	bool ending;

	LoopCall *calls;
	int nholding;
	LoopCall *interrupting;
	LoopWork *work_head;
	LoopWork **work_tail;

	int64_t watchdog_ns; /* next time; meaningful while there are calls */
	int64_t sample_ns;	 /* next time; while a call holds the loop */
	int64_t linger_ns;	 /* tick until then */
	struct pollfd *fds;
};

void
control_wake_fd(int fd)
{
	int saved_errno = errno;

	/* a full pipe wakes as well, so nothing is lost when this fails */
	if (write(fd, "", 1) < 0)
		errno = saved_errno;
}

/* The lock is held: make the thread look again by need_ns. */
static void
control_need(Control *control, int64_t need_ns)
{
	if (need_ns >= control->wake_ns)
		return;
	control->wake_ns = 0;
	control_wake_fd(control->pipe_fds[1]);
}

static int64_t
earlier(int64_t a_ns, int64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

/* When to look again, if nobody wakes us before. */
static int64_t
next_look_ns(const Control *control, int64_t now_ns)
{
	int64_t next_ns = LOOP_NEVER;

	for (const LoopCall *call = control->calls; call; call = call->next)
		if (!(call->told & (1u << LOOP_DEADLINE)))
			next_ns = earlier(next_ns, call->deadline_ns);
	if (control->calls != NULL && control->loop->watchdog != NULL)
		next_ns = earlier(next_ns, control->watchdog_ns);
	if (control->nholding > 0)
		next_ns = earlier(next_ns, control->sample_ns);
	else if (now_ns < control->linger_ns)
		next_ns = earlier(next_ns, now_ns + SAMPLE_GAP_NS);
	return next_ns;
}

/* Sleep until then or until woken; the lock is not held. */
static void
sleep_until(Control *control, int64_t until_ns)
{
	struct pollfd fd = {.fd = control->pipe_fds[0], .events = POLLIN};
	char drain[64];
	int64_t left_ns = -1;

	if (until_ns != LOOP_NEVER)
	{
		left_ns = until_ns - clock_now_ns();
		if (left_ns <= 0)
			return;
	}
#ifdef __linux__
	{
		struct timespec ts = {
			.tv_sec = (time_t) (left_ns / NS_PER_S),
			.tv_nsec = (long) (left_ns % NS_PER_S),
		};

		if (ppoll(&fd, 1, left_ns < 0 ? NULL : &ts, NULL) <= 0)
			return;
	}
#else
	left_ns = earlier(left_ns, 60 * NS_PER_S);
	if (poll(&fd, 1,
			 left_ns < 0 ? -1
						 : (int) ((left_ns + NS_PER_MS - 1) / NS_PER_MS)) <= 0)
		return;
#endif
	while (read(fd.fd, drain, sizeof(drain)) == (ssize_t) sizeof(drain))
		;
}

/*
 * Note for every watched descriptor since when it has been ready without a
 * break.  One that is not ready now was served by the call itself.
 */
static void
sample_watches(Control *control, int64_t now_ns)
{
	RealLoop *loop = control->loop;
	int n = loop->nwatches < SAMPLE_MAX ? loop->nwatches : SAMPLE_MAX;
	int64_t took_ns;

	if (control->fds == NULL)
		control->fds = mem_alloc(SAMPLE_MAX * sizeof(*control->fds));
	for (int i = 0; i < n; i++)
	{
		control->fds[i].fd = loop->watches[i]->fd;
		control->fds[i].events =
			(short) ((loop->watches[i]->events & LOOP_READ ? POLLIN : 0) |
					 (loop->watches[i]->events & LOOP_WRITE ? POLLOUT : 0));
		control->fds[i].revents = 0;
	}
	if (n > 0 && poll(control->fds, (nfds_t) n, 0) >= 0)
	{
		for (int i = 0; i < n; i++)
		{
			LoopWatch *watch = loop->watches[i];

			if (control->fds[i].revents == 0)
				watch->arrived_poll = UINT64_MAX;
			else if (watch->arrived_poll != loop->poll_number)
			{
				watch->arrived_poll = loop->poll_number;
				watch->arrived_ns = now_ns;
			}
		}
	}
	took_ns = clock_now_ns() - now_ns;
	control->sample_ns = now_ns + SAMPLE_GAP_NS;
	if (took_ns * SAMPLE_SHARE > SAMPLE_GAP_NS)
		control->sample_ns = now_ns + took_ns * SAMPLE_SHARE;
}

/*
 * The second signal asks for all calls, as long as the loop, being held, has
 * not heard of it; so also for calls that begin in the meantime.
 */
static bool
is_signalled(const Control *control)
{
	RealLoop *loop = control->loop;

	return control->nholding > 0 && atomic_load(&loop->signal_count) >= 2 &&
		   atomic_load(&loop->signals_delivered) < 2;
}

/* Interrupt one call that has a reason not told yet; false: there is none. */
static bool
interrupt_next(Control *control, int64_t now_ns)
{
	bool cancel_all =
		control->closing || control->canceling || is_signalled(control);

	for (LoopCall *call = control->calls; call != NULL; call = call->next)
	{
		LoopInterrupt why;
		int nothing = 0;

		if (call->deadline_ns <= now_ns)
			call->asked |= 1u << LOOP_DEADLINE;
		if (cancel_all)
			call->asked |= 1u << LOOP_CANCEL;
		if ((call->asked & ~call->told) == 0)
			continue;
		why = call->asked & ~call->told & (1u << LOOP_DEADLINE) ? LOOP_DEADLINE
																: LOOP_CANCEL;
		call->told |= 1u << why;
		atomic_compare_exchange_strong(&call->interrupted, &nothing,
									   1 + (int) why);
		if (call->interrupt != NULL)
		{
			control->interrupting = call;
			pthread_mutex_unlock(&control->lock);
			call->interrupt(call, why);
			pthread_mutex_lock(&control->lock);
			control->interrupting = NULL;
			pthread_cond_broadcast(&control->settled);
		}
		return true; /* the list may have changed */
	}
	return false;
}

static bool
run_next_work(Control *control)
{
	LoopWork *work = control->work_head;

	if (work == NULL)
		return false;
	control->work_head = work->next;
	if (control->work_head == NULL)
		control->work_tail = &control->work_head;
	pthread_mutex_unlock(&control->lock);
	work->begun_ns = clock_now_ns();
	work->run(work);
	work->ended_ns = clock_now_ns();
	work_done_post(control->loop, work);
	pthread_mutex_lock(&control->lock);
	return true;
}

static bool
run_watchdog(Control *control, int64_t now_ns)
{
	RealLoop *loop = control->loop;

	if (control->calls == NULL || loop->watchdog == NULL ||
		now_ns < control->watchdog_ns)
		return false;
	pthread_mutex_unlock(&control->lock);
	loop->watchdog(loop->watchdog_arg);
	pthread_mutex_lock(&control->lock);
	control->watchdog_ns =
		clock_now_ns() + (int64_t) loop->watchdog_ms * NS_PER_MS;
	return true;
}

/* The third signal, when the loop is held and cannot see to it. */
static void
check_last_signal(Control *control)
{
	if (control->nholding == 0 ||
		atomic_load(&control->loop->signal_count) < 3)
		return;
	pthread_mutex_unlock(&control->lock);
	signal_run_last(control->loop);
	pthread_mutex_lock(&control->lock);
}

static void *
control_main(void *arg)
{
	Control *control = arg;

	pthread_mutex_lock(&control->lock);
	while (!control->ending || control->work_head != NULL)
	{
		int64_t now_ns = clock_now_ns();
		int64_t until_ns;

		check_last_signal(control);
		if (interrupt_next(control, now_ns) || run_next_work(control) ||
			run_watchdog(control, now_ns))
			continue;
		if (control->nholding > 0 && now_ns >= control->sample_ns)
			sample_watches(control, now_ns);
		if (control->nholding > 0)
			control->linger_ns = now_ns + LINGER_NS;
		until_ns = next_look_ns(control, now_ns);
		control->wake_ns = until_ns;
		pthread_mutex_unlock(&control->lock);
		sleep_until(control, until_ns);
		pthread_mutex_lock(&control->lock);
		control->wake_ns = 0;
	}
	pthread_mutex_unlock(&control->lock);
	return NULL;
}

void
control_start(RealLoop *loop)
{
	Control *control;

	if (loop->control != NULL)
		return;
	control = mem_alloc(sizeof(*control));
	control->loop = loop;
	control->work_tail = &control->work_head;
	pthread_mutex_init(&control->lock, NULL);
	pthread_cond_init(&control->settled, NULL);
	if (pipe(control->pipe_fds) != 0)
		loop_die("could not create a pipe: %s", strerror(errno));
	for (int i = 0; i < 2; i++)
	{
		fcntl(control->pipe_fds[i], F_SETFD, FD_CLOEXEC);
		fcntl(control->pipe_fds[i], F_SETFL, O_NONBLOCK);
	}
	if (!thread_start(&control->thread, control_main, control))
		loop_die("could not start a thread: %s", strerror(errno));
	loop->control = control;
	atomic_store(&loop->control_fd, control->pipe_fds[1]);
}

void
control_free(RealLoop *loop)
{
	Control *control = loop->control;

	if (control == NULL)
		return;
	atomic_store(&loop->control_fd, -1);
	pthread_mutex_lock(&control->lock);
	control->ending = true;
	control_need(control, INT64_MIN + 1);
	pthread_mutex_unlock(&control->lock);
	pthread_join(control->thread, NULL);
	close(control->pipe_fds[0]);
	close(control->pipe_fds[1]);
	pthread_mutex_destroy(&control->lock);
	pthread_cond_destroy(&control->settled);
	free(control->fds);
	free(control);
	loop->control = NULL;
}

/* All calls, also those that begin later: the loop is going away. */
void
control_cancel_all(RealLoop *loop)
{
	Control *control = loop->control;

	if (control == NULL)
		return;
	pthread_mutex_lock(&control->lock);
	control->closing = true;
	control_need(control, 1);
	pthread_mutex_unlock(&control->lock);
}

void
loop_call_begin(Loop *base, LoopCall *call)
{
	RealLoop *loop = real_loop(base, "loop_call_begin");
	Control *control;
	int64_t now_ns = clock_now_ns();
	int64_t need_ns = call->deadline_ns;

	control_start(loop);
	control = loop->control;
	if (call->holds_loop)
		loop->hold_begun_ns = now_ns;
	call->asked = 0;
	call->told = 0;
	atomic_store(&call->interrupted, 0);
	call->prev = NULL;
	pthread_mutex_lock(&control->lock);
	if (control->calls == NULL && loop->watchdog != NULL)
	{
		control->watchdog_ns =
			now_ns + (int64_t) loop->watchdog_ms * NS_PER_MS;
		need_ns = earlier(need_ns, control->watchdog_ns);
	}
	if (call->holds_loop)
	{
		base->was_held = true;
		control->nholding++;
		control->sample_ns = now_ns + SAMPLE_GAP_NS;
		need_ns = earlier(need_ns, control->sample_ns);
	}
	call->next = control->calls;
	if (call->next != NULL)
		call->next->prev = call;
	control->calls = call;
	control_need(control,
				 control->closing || control->canceling ? 1 : need_ns);
	pthread_mutex_unlock(&control->lock);
}

void
loop_call_end(Loop *base, LoopCall *call)
{
	RealLoop *loop = real_loop(base, "loop_call_end");
	Control *control = loop->control;

	/* of what came within a shorter one nobody knows the order */
	if (call->holds_loop &&
		clock_now_ns() - loop->hold_begun_ns > SAMPLE_GAP_NS)
		base->has_arrivals = true;
	pthread_mutex_lock(&control->lock);
	while (control->interrupting == call)
		pthread_cond_wait(&control->settled, &control->lock);
	if (call->prev != NULL)
		call->prev->next = call->next;
	else
		control->calls = call->next;
	if (call->next != NULL)
		call->next->prev = call->prev;
	if (call->holds_loop)
		control->nholding--;
	pthread_mutex_unlock(&control->lock);
}

void
loop_call_cancel(Loop *base, LoopCall *which)
{
	Control *control = real_loop(base, "loop_call_cancel")->control;

	if (control == NULL)
		return;
	pthread_mutex_lock(&control->lock);
	for (LoopCall *call = control->calls; call != NULL; call = call->next)
		if (call == which)
			call->asked |= 1u << LOOP_CANCEL;
	control_need(control, 1);
	pthread_mutex_unlock(&control->lock);
}

void
loop_cancel_calls(Loop *base)
{
	RealLoop *loop = real_loop(base, "loop_cancel_calls");
	Control *control = loop->control;

	if (control == NULL)
		return;
	pthread_mutex_lock(&control->lock);
	control->canceling = true;
	control_need(control, 1);
	pthread_mutex_unlock(&control->lock);
}

void
loop_allow_calls(Loop *base)
{
	Control *control = real_loop(base, "loop_allow_calls")->control;

	if (control == NULL)
		return;
	pthread_mutex_lock(&control->lock);
	control->canceling = false;
	pthread_mutex_unlock(&control->lock);
}

void
loop_share_calls(Loop *base)
{
	control_start(real_loop(base, "loop_share_calls"));
}

void
loop_set_watchdog(Loop *base, void (*fn)(void *), void *arg, int period_ms)
{
	RealLoop *loop = real_loop(base, "loop_set_watchdog");

	loop->watchdog = fn;
	loop->watchdog_arg = arg;
	loop->watchdog_ms = period_ms;
}

void
loop_control(Loop *base, LoopWork *work)
{
	RealLoop *loop = real_loop(base, "loop_control");
	Control *control;

	control_start(loop);
	control = loop->control;
	loop->nworks++;
	work->next = NULL;
	pthread_mutex_lock(&control->lock);
	*control->work_tail = work;
	control->work_tail = &work->next;
	control_need(control, 1);
	pthread_mutex_unlock(&control->lock);
}
