/*
 * loop_signal.c
 *	  SIGINT and SIGTERM: counted by the handler, told by the loop.
 *
 * A handler has no argument, so the one loop that owns the signals is known
 * to this file; it is set and cleared by that loop's thread only.
 */
#include "loop_impl.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "leave.h"

static const int signals[] = {SIGINT, SIGTERM};

#define NSIGNALS ((int) (sizeof(signals) / sizeof(signals[0])))

static _Atomic(RealLoop *) owner;
static struct sigaction saved[NSIGNALS];

/* Async-signal-safe throughout: atomics, write(2), and libuv's wake-up. */
static void
on_signal(int number)
{
	int saved_errno = errno;
	RealLoop *loop = atomic_load(&owner);
	int control_fd;

	if (loop == NULL)
		return;
	if (atomic_fetch_add(&loop->signal_count, 1) >= 3)
	{
		/* nobody has reacted to three: leave as if nobody listened */
		struct sigaction plain = {.sa_handler = SIG_DFL};

		leave_prepare();
		sigaction(number, &plain, NULL);
		raise(number);
	}
	control_fd = atomic_load(&loop->control_fd);
	if (control_fd >= 0)
		control_wake_fd(control_fd);
	loop_wake(loop);
	errno = saved_errno;
}

/* Only one caller ever gets to run it: the loop or the control thread. */
void
signal_run_last(RealLoop *loop)
{
	if (!atomic_flag_test_and_set(&loop->last_taken))
		loop->on_last(loop->signal_arg);
}

void
signal_deliver(RealLoop *loop)
{
	while (loop->has_signals)
	{
		int count = atomic_load(&loop->signals_delivered);

		if (atomic_load(&loop->signal_count) <= count)
			break;
		atomic_store(&loop->signals_delivered, ++count);
		if (count < 3)
			loop->on_signal(loop->signal_arg, count);
		else
			signal_run_last(loop);
	}
}

void
signal_free(RealLoop *loop)
{
	if (!loop->has_signals)
		return;
	for (int i = 0; i < NSIGNALS; i++)
		sigaction(signals[i], &saved[i], NULL);
	atomic_store(&owner, NULL);
	loop->has_signals = false;
}

void
loop_set_signals(Loop *base, void (*on_loop)(void *arg, int count),
				 void (*on_last)(void *arg), void *arg)
{
	RealLoop *loop = real_loop(base, "loop_set_signals");
	struct sigaction action = {.sa_handler = on_signal};

	/* calls that can go on after a signal do: it is told by the loop */
	action.sa_flags = SA_RESTART;
	sigemptyset(&action.sa_mask);
	loop->on_signal = on_loop;
	loop->on_last = on_last;
	loop->signal_arg = arg;
	if (loop->has_signals)
		return;
	if (atomic_load(&owner) != NULL)
		loop_die("another loop has the signals");
	loop->has_signals = true;
	atomic_store(&owner, loop);
	for (int i = 0; i < NSIGNALS; i++)
		sigaction(signals[i], &action, &saved[i]);
}

int
loop_signal_count(const Loop *loop)
{
	return loop->is_virtual
			   ? 0
			   : atomic_load(&((const RealLoop *) loop)->signal_count);
}
