/*
 * test_loop_virtual.c
 *	  Ready queue, timers and turns, on the virtual clock.
 */
#include "loop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static Loop *loop;
static char seen[256]; /* what ran, in order */

static void
note(const char *text)
{
	if (strlen(seen) + strlen(text) < sizeof(seen))
		strcat(seen, text);
}

static void
on_note(void *arg)
{
	note(arg);
}

static void
start(void)
{
	loop = loop_new_virtual();
	seen[0] = '\0';
}

static void
test_empty(void)
{
	start();
	ok(loop_is_virtual(loop), "it says that its clock is virtual");
	is_i64(loop_now_ns(loop), 0, "the clock starts at 0");
	loop_run(loop);
	is_i64(loop_now_ns(loop), 0, "running an empty loop returns at once");
	loop_free(loop);
}

static void
test_jobs(void)
{
	LoopJob a = {.fn = on_note, .arg = "a"};
	LoopJob b = {.fn = on_note, .arg = "b"};
	LoopJob c = {.fn = on_note, .arg = "c"};

	start();
	loop_push(loop, &a);
	loop_push(loop, &b);
	loop_push(loop, &a);
	loop_push(loop, &c);
	ok(a.is_queued, "a pushed job is queued");
	loop_unpush(loop, &b);
	loop_unpush(loop, &b);
	loop_run(loop);
	is_str(seen, "ac",
		   "jobs run once each, in order, without the one taken back");
	loop_push(loop, &b);
	loop_unpush(loop, &b);
	loop_push(loop, &a);
	loop_run(loop);
	is_str(seen, "aca", "taking the last one back leaves the queue whole");
	loop_free(loop);
}

static LoopJob again_job;
static bool again_holds;
static LoopJob victim_job;
static int nturns;

static void
on_prepare(void *arg)
{
	(void) arg;
	note("|");
	nturns++;
}

static void
on_again(void *arg)
{
	int *left = arg;

	note("r");
	if (again_holds)
		loop_virtual_hold(loop, 1);
	if (--*left > 0)
		loop_push(loop, &again_job);
}

static void
test_batches(void)
{
	int left = 3;
	LoopJob other = {.fn = on_note, .arg = "o"};

	start();
	again_job = (LoopJob){.fn = on_again, .arg = &left};
	loop_set_prepare(loop, on_prepare, NULL);
	loop_push(loop, &again_job);
	loop_push(loop, &other);
	loop_run(loop);
	is_str(seen, "ror|r|", "a job that pushes itself runs twice a turn");
	loop_set_prepare(loop, NULL, NULL);
	loop_push(loop, &other);
	loop_run(loop);
	is_str(seen, "ror|r|o", "the hook can be taken away");
	loop_free(loop);
}

static void
test_batch_that_holds(void)
{
	int left = 3;
	LoopJob other = {.fn = on_note, .arg = "o"};

	start();
	again_job = (LoopJob){.fn = on_again, .arg = &left};
	again_holds = true;
	loop_set_prepare(loop, on_prepare, NULL);
	loop_push(loop, &again_job);
	loop_push(loop, &other);
	loop_run(loop);
	is_str(seen, "ro|r|r|", "but only once where it holds the loop");
	again_holds = false;
	loop_free(loop);
}

static void
on_unpush_victim(void *arg)
{
	(void) arg;
	note("u");
	loop_unpush(loop, &victim_job);
}

static void
test_unpush_in_batch(void)
{
	LoopJob killer = {.fn = on_unpush_victim};
	LoopJob last = {.fn = on_note, .arg = "l"};

	start();
	victim_job = (LoopJob){.fn = on_note, .arg = "v"};
	loop_set_prepare(loop, on_prepare, NULL);
	loop_push(loop, &killer);
	loop_push(loop, &victim_job);
	loop_push(loop, &last);
	loop_run(loop);
	is_str(seen, "ul|",
		   "a job of this batch can be taken back, the rest runs");
	loop_free(loop);
}

static void
on_push_and_unpush(void *arg)
{
	(void) arg;
	note("p");
	loop_push(loop, &victim_job);
	loop_unpush(loop, &victim_job);
}

static void
test_unpush_after_batch(void)
{
	LoopJob meddler = {.fn = on_push_and_unpush};
	LoopJob b = {.fn = on_note, .arg = "b"};
	LoopJob c = {.fn = on_note, .arg = "c"};

	start();
	loop_set_prepare(loop, on_prepare, NULL);
	loop_push(loop, &meddler);
	loop_push(loop, &b);
	loop_push(loop, &c);
	loop_run(loop);
	is_str(seen, "pbc|",
		   "taking back a job of the next batch shortens only that");
	loop_free(loop);
}

static void
test_timers(void)
{
	LoopTimer t[4];

	start();
	loop_timer_init(&t[0], on_note, "a");
	loop_timer_init(&t[1], on_note, "b");
	loop_timer_init(&t[2], on_note, "c");
	loop_timer_init(&t[3], on_note, "d");
	loop_timer_set(loop, &t[0], 30);
	loop_timer_set(loop, &t[1], 10);
	loop_timer_set(loop, &t[2], 10);
	loop_timer_set(loop, &t[3], 20);
	loop_timer_set(loop, &t[0], 5);
	loop_timer_clear(loop, &t[3]);
	loop_timer_clear(loop, &t[3]);
	loop_run(loop);
	is_str(seen, "abc", "by deadline, ties in the order they were set");
	is_i64(loop_now_ns(loop), 10, "the clock stands at the last deadline");
	loop_timer_set(loop, &t[0], LOOP_NEVER);
	loop_run(loop);
	is_i64(loop_now_ns(loop), 10, "a timer set to never is not armed");
	loop_free(loop);
}

#define MANY 2000

typedef struct ManyTimer
{
	LoopTimer timer;
	bool is_cleared;
	bool has_fired;
} ManyTimer;

static int64_t last_ns;
static int ndisorder;

static void
on_many(void *arg)
{
	ManyTimer *many = arg;

	if (many->is_cleared || many->has_fired ||
		many->timer.deadline_ns < last_ns ||
		many->timer.deadline_ns != loop_now_ns(loop))
		ndisorder++;
	many->has_fired = true;
	last_ns = many->timer.deadline_ns;
}

/* The heap against a rule: in order, on time, once, cleared ones never. */
static void
test_many_timers(void)
{
	ManyTimer *many = calloc(MANY, sizeof(*many));
	int nmissing = 0;

	start();
	srand(7);
	for (int i = 0; i < MANY; i++)
		loop_timer_init(&many[i].timer, on_many, &many[i]);
	for (int i = 0; i < 5 * MANY; i++)
	{
		ManyTimer *one = &many[rand() % MANY];

		one->is_cleared = rand() % 3 == 0;
		if (one->is_cleared)
			loop_timer_clear(loop, &one->timer);
		else
			loop_timer_set(loop, &one->timer, 1 + rand() % 1000);
	}
	for (int i = 0; i < MANY; i++)
		if (many[i].timer.heap_index < 0)
			many[i].is_cleared = true;
	loop_run(loop);
	for (int i = 0; i < MANY; i++)
		nmissing += many[i].has_fired == many[i].is_cleared ? 1 : 0;
	is_i64(ndisorder, 0, "%d timers set, moved and cleared fire in order",
		   MANY);
	is_i64(nmissing, 0, "each armed one fires, each cleared one does not");
	loop_free(loop);
	free(many);
}

static LoopTimer timers[3];

static void
on_meddle(void *arg)
{
	(void) arg;
	note("m");
	loop_timer_clear(loop, &timers[1]);
	loop_timer_set(loop, &timers[2], loop_now_ns(loop));
	loop_timer_set(loop, &timers[0], 0);
	timers[0].fn = on_note;
	timers[0].arg = "p";
}

static void
test_due_together(void)
{
	start();
	nturns = 0;
	loop_set_prepare(loop, on_prepare, NULL);
	loop_timer_init(&timers[0], on_meddle, NULL);
	loop_timer_init(&timers[1], on_note, "x");
	loop_timer_init(&timers[2], on_note, "y");
	for (int i = 0; i < 3; i++)
		loop_timer_set(loop, &timers[i], 10);
	loop_run(loop);
	is_str(seen, "|m|py|",
		   "timers collected together can clear and set each other, "
		   "and what they set runs in the next turn");
	is_i64(loop_now_ns(loop), 10,
		   "a past deadline does not turn the clock back");
	loop_free(loop);
}

static void
on_hold(void *arg)
{
	(void) arg;
	note("h");
	loop_virtual_hold(loop, 100);
	note(loop_now_ns(loop) == 100 ? "+" : "-");
}

static void
test_hold(void)
{
	LoopJob job = {.fn = on_hold};
	LoopJob next = {.fn = on_note, .arg = "n"};
	LoopTimer early;
	LoopTimer late;

	start();
	loop_timer_init(&early, on_note, "e");
	loop_timer_init(&late, on_note, "l");
	loop_timer_set(loop, &late, 150);
	loop_timer_set(loop, &early, 50);
	loop_push(loop, &job);
	loop_push(loop, &next);
	loop_run(loop);
	is_str(seen, "h+nel",
		   "a call that holds the loop moves the clock at once; "
		   "timers it passed run after the batch");
	is_i64(loop_now_ns(loop), 150, "the clock goes on from there");
	loop_free(loop);
}

static void
on_stop(void *arg)
{
	(void) arg;
	note("s");
	loop_stop(loop);
}

static void
test_stop(void)
{
	LoopJob stop = {.fn = on_stop};
	LoopJob next = {.fn = on_note, .arg = "n"};
	LoopTimer timer;

	start();
	loop_timer_init(&timer, on_note, "t");
	loop_timer_set(loop, &timer, 5);
	loop_push(loop, &stop);
	loop_push(loop, &next);
	loop_run(loop);
	is_str(seen, "s", "stop ends the run before the next job");
	is_i64(loop_now_ns(loop), 0, "and before time passes");
	loop_run(loop);
	is_str(seen, "snt", "a second run does what was left");
	loop_free(loop);
}

/* Things a virtual clock cannot have end the program; in a child, that is. */
static void
test_misuse(void)
{
	int status = 0;
	int fds[2];
	char text[200] = "";
	pid_t pid;
	ssize_t got;
	size_t len = 0;

	fflush(stdout);
	if (pipe(fds) != 0 || (pid = fork()) < 0)
	{
		ok(false, "could not start a child");
		return;
	}
	if (pid == 0)
	{
		dup2(fds[1], STDERR_FILENO);
		start();
		loop_watch(loop, 0, LOOP_READ, NULL, NULL);
		_exit(0);
	}
	close(fds[1]);
	while ((got = read(fds[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t) got;
	close(fds[0]);
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	   "watching a descriptor on a virtual clock aborts");
	ok(strstr(text, "loop_watch called on a loop with a virtual clock") !=
		   NULL,
	   "and says why");
}

int
main(void)
{
	test_empty();
	test_jobs();
	test_batches();
	test_batch_that_holds();
	test_unpush_in_batch();
	test_unpush_after_batch();
	test_timers();
	test_many_timers();
	test_due_together();
	test_hold();
	test_stop();
	test_misuse();
	return done_testing();
}
