/*
 * test_loop_threads.c
 *	  The real loop: workers, the control thread, and calls that block.
 */
#include "loop_helper.h"

/* ---- workers ---- */

#define NWORKS 6

static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;
static int nrunning;
static int nrunning_max;
static int nwanted; /* so many wait for each other, for seconds at most */
static int ndone;
static pthread_t loop_thread;
static bool ran_elsewhere;
static bool done_here;

static void
run_counted(LoopWork *work)
{
	(void) work;
	pthread_mutex_lock(&count_lock);
	if (++nrunning > nrunning_max)
		nrunning_max = nrunning;
	pthread_mutex_unlock(&count_lock);
	sleep_ms(30);
	pthread_mutex_lock(&count_lock);
	for (int i = 0; i < 5000 && nrunning_max < nwanted; i++)
	{
		pthread_mutex_unlock(&count_lock);
		sleep_ms(1);
		pthread_mutex_lock(&count_lock);
	}
	nrunning--;
	ran_elsewhere = !pthread_equal(pthread_self(), loop_thread);
	pthread_mutex_unlock(&count_lock);
}

static void
count_done(LoopWork *work)
{
	(void) work;
	ndone++;
	done_here = pthread_equal(pthread_self(), loop_thread);
}

static void
test_workers(int max_threads, int want_at_once)
{
	LoopWork works[NWORKS];
	bool in_order = true;
	bool has_times = true;
	int64_t begin_ns;

	start();
	loop_thread = pthread_self();
	nrunning_max = ndone = 0;
	nwanted = want_at_once;
	loop_set_workers(loop, max_threads);
	begin_ns = loop_now_ns(loop);
	for (int i = 0; i < NWORKS; i++)
	{
		works[i] = (LoopWork){.run = run_counted, .done = count_done};
		loop_work(loop, &works[i]);
	}
	loop_run(loop);
	for (int i = 0; i < NWORKS; i++)
	{
		if (max_threads == 1 && i > 0 &&
			works[i].begun_ns < works[i - 1].ended_ns)
			in_order = false;
		if (works[i].begun_ns < begin_ns ||
			works[i].ended_ns < works[i].begun_ns + 30 * NS_PER_MS)
			has_times = false;
	}
	is_i64(ndone, NWORKS, "%d workers: the run ends when all works are done",
		   max_threads);
	is_i64(nrunning_max, want_at_once,
		   "as many run at once as there are workers");
	ok(in_order && has_times, "in order, with begin and end noted");
	ok(ran_elsewhere && done_here, "run on a worker, done on the loop");
	loop_free(loop);
}

static void
test_control_work(void)
{
	LoopWork work = {.run = run_counted, .done = count_done};

	start();
	ndone = 0;
	ran_elsewhere = false;
	loop_control(loop, &work);
	loop_run(loop);
	ok(ndone == 1 && ran_elsewhere && done_here,
	   "the control thread runs a work and tells the loop");
	loop_free(loop);
}

/* ---- calls ---- */

static void
test_call_deadline(void)
{
	TestCall call;
	int64_t worst_ns = 0;
	int nearly = 0;
	int nwrong = 0;

	start();
	for (int i = 0; i < 20; i++)
	{
		int64_t deadline_ns = loop_now_ns(loop) + i * 700001;

		call_init(&call, deadline_ns, i % 2 == 0);
		call_block(&call);
		if (call.asked_ns < deadline_ns)
			nearly++;
		if (call.nasked[LOOP_DEADLINE] != 1 || call.nasked[LOOP_CANCEL] != 0 ||
			atomic_load(&call.call.interrupted) != 1 + LOOP_DEADLINE)
			nwrong++;
		if (call.asked_ns - deadline_ns > worst_ns)
			worst_ns = call.asked_ns - deadline_ns;
	}
	is_i64(nearly, 0, "no call is interrupted before its deadline");
	is_i64(nwrong, 0, "each is interrupted once, for its deadline");
	show_late("the worst of 20 deadlines", worst_ns);
	call_init(&call, LOOP_NEVER, true);
	loop_call_begin(loop, &call.call);
	sleep_ms(10);
	loop_call_end(loop, &call.call);
	ok(call.nasked[0] + call.nasked[1] == 0 &&
		   atomic_load(&call.call.interrupted) == 0,
	   "a call without deadline is left alone");
	loop_free(loop);
}

static void
test_call_end_waits(void)
{
	TestCall call;

	start();
	call_init(&call, 1, true);
	call.slow_ms = 30;
	call_block(&call);
	ok(call.has_returned, "loop_call_end waits for interrupt() to return");
	loop_free(loop);
}

static void
run_blocking(LoopWork *work)
{
	call_block(work->arg);
}

/* One that has not begun cannot be canceled. */
static void
await_begin(TestCall *call)
{
	while (!atomic_load(&call->has_begun))
		run_ms(1);
}

static void
on_cancel_call(void *arg)
{
	TestCall *call = arg;

	loop_call_cancel(loop, &call->call);
	loop_call_cancel(loop, &call->call);
}

static void
test_call_cancel(void)
{
	TestCall calls[3];
	LoopWork works[3];
	LoopTimer timer;

	start();
	ndone = 0;
	for (int i = 0; i < 3; i++)
	{
		call_init(&calls[i], LOOP_NEVER, false);
		works[i] = (LoopWork){
			.run = run_blocking, .done = count_done, .arg = &calls[i]};
	}
	calls[2].is_deaf = true;
	calls[2].call.deadline_ns = loop_now_ns(loop) + 200 * NS_PER_MS;
	for (int i = 0; i < 3; i++)
		loop_work(loop, &works[i]);
	for (int i = 0; i < 3; i++)
		await_begin(&calls[i]);
	loop_timer_init(&timer, on_cancel_call, &calls[1]);
	loop_timer_set(loop, &timer, loop_now_ns(loop) + 20 * NS_PER_MS);
	for (int i = 0; i < 100 && ndone == 0; i++)
		run_ms(40); /* once, but for a busy machine */
	is_i64(ndone, 1, "one call of three is cancelled");
	ok(calls[1].nasked[LOOP_CANCEL] == 1 && calls[0].nasked[LOOP_CANCEL] == 0,
	   "the right one, once");
	loop_cancel_calls(loop);
	loop_run(loop);
	ok(ndone == 3 && calls[0].nasked[LOOP_CANCEL] == 1, "then all of them");
	ok(calls[2].nasked[LOOP_CANCEL] == 1 &&
		   calls[2].nasked[LOOP_DEADLINE] == 1,
	   "a call can be asked once for each reason");
	loop_call_cancel(loop, &calls[0].call);
	ok(true, "cancelling a call that has ended does nothing");
	loop_free(loop);
}

static void
test_free_cancels(void)
{
	TestCall call;
	LoopWork work = {.run = run_blocking, .done = count_done, .arg = &call};

	start();
	ndone = 0;
	call_init(&call, LOOP_NEVER, false);
	loop_work(loop, &work);
	await_begin(&call);
	loop_free(loop);
	ok(call.nasked[LOOP_CANCEL] == 1 && ndone == 0,
	   "loop_free cancels the calls of workers and tells nobody");
}

static int nwatchdog;

static void
on_watchdog(void *arg)
{
	(void) arg;
	nwatchdog++;
}

static void
test_watchdog(void)
{
	TestCall call;
	int64_t held_ns;

	start();
	loop_set_watchdog(loop, on_watchdog, NULL, 10);
	call_init(&call, LOOP_NEVER, true);
	held_ns = -loop_now_ns(loop);
	loop_call_begin(loop, &call.call);
	sleep_ms(100);
	loop_call_end(loop, &call.call);
	held_ns += loop_now_ns(loop);
	sleep_ms(50);
	loop_free(loop);
	ok(nwatchdog >= 2 && nwatchdog <= held_ns / (10 * NS_PER_MS),
	   "the watchdog runs every period while a call is registered (%d times)",
	   nwatchdog);
}

int
main(void)
{
	alarm(120); /* a loop that never ends fails as well */
	test_workers(1, 1);
	test_workers(3, 3);
	test_control_work();
	test_call_deadline();
	test_call_end_waits();
	test_call_cancel();
	test_free_cancels();
	test_watchdog();
	return done_testing();
}
