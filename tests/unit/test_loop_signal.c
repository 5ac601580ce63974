/*
 * test_loop_signal.c
 *	  The real loop: signals.
 */
#include "loop_helper.h"
#include "loop_signal.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int counts[8];
static int ncounts;

static void
on_signal_count(void *arg, int count)
{
	(void) arg;
	counts[ncounts++ % 8] = count;
	loop_stop(loop);
}

static int result_fd; /* where a child leaves what it did */

static void
leave(int result)
{
	char byte = (char) result;

	if (write(result_fd, &byte, 1) != 1)
		perror("write");
	_exit(0);
}

static void
on_last(void *arg)
{
	(void) arg;
	leave(77);
}

static void
test_signals(void)
{
	struct sigaction before;
	struct sigaction after;

	sigaction(SIGINT, NULL, &before);
	start();
	loop_set_signals(loop, on_signal_count, on_last, NULL);
	loop_run(loop);
	is_i64(ncounts, 0, "signals alone do not keep the loop going");
	raise(SIGINT);
	run_ms(5000);
	ok(ncounts == 1 && counts[0] == 1, "the first signal is told on the loop");
	raise(SIGTERM);
	run_ms(5000);
	ok(ncounts == 2 && counts[1] == 2, "the second one too");
	loop_free(loop);
	sigaction(SIGINT, NULL, &after);
	ok(before.sa_handler == after.sa_handler,
	   "loop_free gives the signals back");
}

/*
 * What a child left as its result (on_last: 77), or the signal that ended it
 * plus 1000.  An exit code would not do: checkers of memory have their own.
 */
static int
result_of(void (*body)(void))
{
	int fds[2];
	int status = 0;
	char byte = 0;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds) != 0)
		return -1;
	result_fd = fds[1];
	pid = fork();
	if (pid == 0)
	{
		const struct rlimit no_core = {0, 0};

		setrlimit(RLIMIT_CORE, &no_core);
		alarm(20);
		body();
		leave(1);
	}
	close(fds[1]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	if (read(fds[0], &byte, 1) != 1)
		byte = 0;
	close(fds[0]);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : byte;
}

static void *
send_signals(void *arg)
{
	for (int n = *(int *) arg; n > 0; n--)
	{
		sleep_ms(20);
		kill(getpid(), SIGINT);
	}
	return NULL;
}

static int nsend;

/* Signals come while a call holds the loop. */
static void
hold_under_signals(void)
{
	TestCall call;
	pthread_t sender;

	start();
	loop_set_signals(loop, on_signal_count, on_last, NULL);
	call_init(&call, LOOP_NEVER, true);
	call.is_deaf = nsend > 2;
	pthread_create(&sender, NULL, send_signals, &nsend);
	call_block(&call);
	pthread_join(sender, NULL);
	loop_run(loop);
	run_ms(20);
	loop_free(loop);
	leave(10 * call.nasked[LOOP_CANCEL] + ncounts);
}

static void
three_signals_free_loop(void)
{
	start();
	loop_set_signals(loop, on_signal_count, on_last, NULL);
	for (int i = 0; i < 3; i++)
		raise(SIGINT);
	run_ms(5000);
}

static void
four_signals_stuck_loop(void)
{
	start();
	loop_set_signals(loop, on_signal_count, on_last, NULL);
	for (int i = 0; i < 4; i++)
		raise(SIGINT);
}

static void
test_signals_held(void)
{
	ncounts = 0;
	nsend = 2;
	is_i64(result_of(hold_under_signals), 12,
		   "the second signal interrupts a call that holds the loop, once, "
		   "and the loop hears of both afterwards");
	nsend = 3;
	is_i64(result_of(hold_under_signals), 77,
		   "the third one leaves although the loop is held");
	is_i64(result_of(three_signals_free_loop), 77, "and when it is not held");
	is_i64(result_of(four_signals_stuck_loop), 1000 + SIGINT,
		   "a fourth one kills a loop that hears nothing");
}

int
main(void)
{
	alarm(120); /* a loop that never ends fails as well */
	test_signals();
	test_signals_held();
	return done_testing();
}
