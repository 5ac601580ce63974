/*
 * test_activity.c
 *		What a look at the server comes to: which statement was at what, who
 *		waits for whose lock, and that sums hold though the two sides are not
 *		of the same moment.
 */
#include "activity_look.h"

#include <string.h>

#include "tap.h"

#define MS INT64_C(1000000)

static Activity activity;
static ActivityBoard *board;
static ActivityLook *look;

static void
set_up(void)
{
	activity_init(&activity, 3);
	board = activity_board_new(4);
	look = activity_look_new(&activity, board);
}

static void
tear_down(void)
{
	activity_look_free(look);
	activity_board_free(board);
	activity_clear(&activity);
}

/* pids 101 to 104 are connections 1 to 4 */
static void
begin(void)
{
	Buf pids = {0};

	activity_look_begin(look);
	for (int conn = 4; conn >= 1; conn--)
		activity_look_note(look, 100 + conn, conn);
	ok(activity_look_pids(look, &pids), "there is somebody to ask about");
	is_str(pids.data, "{101,102,103,104}", "all of them");
	buf_free(&pids);
}

static void
row(int pid, const char *state, const char *wait_type)
{
	LookRow one = {.pid = pid,
				   .state = state,
				   .wait_type = wait_type,
				   .wait_event = "",
				   .state_ns = 50 * MS};

	activity_look_row(look, &one);
}

static void
blocked(int pid, int by, const char *by_state)
{
	LookRow one = {.pid = pid,
				   .state = "active",
				   .wait_type = "Lock",
				   .wait_event = "transactionid",
				   .is_blocked = true,
				   .blocker_pid = by,
				   .blocker_application = "psql",
				   .blocker_state = by_state,
				   .blocker_ns = 3000 * MS};

	activity_look_row(look, &one);
}

static void
test_kinds(void)
{
	static const struct
	{
		const char *state;
		const char *type;
		ActivityKind kind;
	} cases[] = {{"active", "", ACTIVITY_CPU},
				 {"fastpath function call", "", ACTIVITY_CPU},
				 {"active", "Lock", ACTIVITY_LOCK},
				 {"active", "LWLock", ACTIVITY_LWLOCK},
				 {"active", "IO", ACTIVITY_IO},
				 {"active", "Timeout", ACTIVITY_OTHER},
				 {"active", "Extension", ACTIVITY_OTHER},
				 {"active", "Client", ACTIVITY_IDLE},
				 {"idle", "Client", ACTIVITY_IDLE},
				 {"idle in transaction", "Client", ACTIVITY_IDLE},
				 {"disabled", "", ACTIVITY_IDLE}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_i64(activity_kind(cases[i].state, cases[i].type), cases[i].kind,
			   "%s, %s is %s", cases[i].state, cases[i].type,
			   activity_name(cases[i].kind));
}

static void
test_board(void)
{
	ActivityView view;

	set_up();
	ok(activity_board_read(board, 4, &view) && view.step == -1 &&
		   !view.is_busy,
	   "at first nothing is under way");
	activity_board_begin(board, 4, 9, 2);
	activity_board_read(board, 4, &view);
	ok(view.is_busy && view.task == 9 && view.step == 2, "a statement begins");
	activity_board_end(board, 4, 8, 2);
	activity_board_end(board, 4, 9, 1);
	activity_board_read(board, 4, &view);
	ok(view.is_busy, "the end of another one is not its end");
	activity_board_end(board, 4, 9, 2);
	activity_board_read(board, 4, &view);
	ok(!view.is_busy && view.task == 9 && view.step == 2 && view.turn == 2,
	   "its own is, and it stays the latest");
	activity_board_begin(board, 0, 1, 1);
	activity_board_begin(board, 5, 1, 1);
	ok(!activity_board_read(board, 0, &view) &&
		   !activity_board_read(board, 5, &view),
	   "connections that are not the tasks' own are nobody's");
	tear_down();
}

static void
test_shares(void)
{
	const ActivitySums *sums;

	set_up();
	activity_board_begin(board, 1, 1, 0);
	activity_board_begin(board, 2, 2, 0);
	activity_board_begin(board, 3, 3, 1);
	begin();
	row(101, "active", "");
	row(102, "idle", "Client");
	row(103, "active", "IO");
	row(104, "idle", "Client");
	row(999, "active", ""); /* nobody of ours */
	activity_look_end(look, 20 * MS);
	activity_sort(&activity);
	sums = &activity.steps[0];
	is_i64(sums->samples, 2, "two statements of the step were under way");
	is_i64(activity_ns(sums, ACTIVITY_CPU), 20 * MS, "one on a CPU");
	is_i64(activity_ns(sums, ACTIVITY_IDLE), 20 * MS,
		   "of the other the server knows nothing");
	is_i64(activity_ns(&activity.steps[1], ACTIVITY_IO), 20 * MS, "one reads");
	ok(activity_of_task(&activity, 3, 1) != NULL &&
		   activity_of_task(&activity, 3, 1)->ns[ACTIVITY_IO] == 20 * MS,
	   "told for its task as well");
	ok(activity_of_task(&activity, 3, 0) == NULL &&
		   activity_of_task(&activity, 4, 1) == NULL,
	   "and for no other");
	tear_down();
}

/*
 * The statement that is seen at work begins after we looked at the board, and
 * the one that was there ends before the server looks: over both samples the
 * sums are right.
 */
static void
test_moments(void)
{
	ActivitySums total;

	set_up();
	begin();
	activity_board_begin(board, 1, 1, 0);
	row(101, "active", "");
	activity_look_end(look, 20 * MS);
	begin();
	row(101, "idle", "Client");
	activity_board_end(board, 1, 1, 0);
	activity_look_end(look, 20 * MS);
	activity_total(&activity, &total);
	is_i64(total.flight_ns, 20 * MS, "under way at one of two looks");
	is_i64(activity_ns(&total, ACTIVITY_CPU), 20 * MS, "at work at one, too");
	is_i64(activity_ns(&total, ACTIVITY_IDLE), 0, "so never idle");
	tear_down();
}

static void
test_line(void)
{
	const ActivityLock *lock;

	set_up();
	activity_board_begin(board, 1, 1, 0); /* has it, and does nothing */
	activity_board_end(board, 1, 1, 0);
	activity_board_begin(board, 2, 2, 1);
	activity_board_begin(board, 3, 3, 1);
	for (int i = 0; i < 3; i++)
	{
		begin();
		row(101, "idle in transaction", "Client");
		blocked(102, 101, "idle in transaction");
		blocked(103, 102, "active"); /* stands behind 102 */
		row(104, "idle", "Client");
		activity_look_end(look, 20 * MS);
	}
	activity_sort(&activity);
	is_i64(activity.nlocks, 1, "a line of two waits for one");
	lock = &activity.locks[0];
	is_i64(lock->ns, 120 * MS, "both all the time");
	is_i64(lock->longest_ns, 60 * MS, "each for so long");
	ok(lock->blocker == BLOCKER_OWN && lock->blocker_task == 1 &&
		   lock->blocker_step == 0 && lock->blocker_is_idle,
	   "at its head is the task that sits idle after step 0");
	is_i64(activity.idle.ns, 60 * MS, "which is told, too");
	is_i64(activity.idle.task, 1, "as its");
	/* the next statement's wait is another one */
	activity_board_end(board, 2, 2, 1);
	activity_board_begin(board, 2, 2, 1);
	begin();
	blocked(102, 101, "idle in transaction");
	activity_look_end(look, 20 * MS);
	is_i64(activity.locks[0].longest_ns, 60 * MS, "waits are not joined");
	tear_down();
}

/* Between two statements a transaction is idle for a moment, too. */
static void
test_pause(void)
{
	LookRow pause = {.pid = 101,
					 .state = "idle in transaction",
					 .wait_type = "Client",
					 .wait_event = "ClientRead",
					 .state_ns = 9 * MS};

	set_up();
	for (uint64_t task = 1; task <= 2; task++)
	{
		activity_board_begin(board, 1, task, (int) task - 1);
		activity_board_end(board, 1, task, (int) task - 1);
		activity_board_begin(board, 2, 9, 2);
		begin();
		activity_look_row(look, &pause);
		blocked(102, 101, "idle in transaction");
		activity_look_end(look, 20 * MS);
	}
	is_i64(activity.idle.samples, 0, "that is no idle transaction");
	is_i64(activity.nlocks, 1, "whoever works is one blocker");
	ok(!activity.locks[0].blocker_is_idle && activity.locks[0].blocker_varies,
	   "not idle, and not always the same");
	tear_down();
}

static void
test_others(void)
{
	set_up();
	for (int conn = 1; conn <= 4; conn++)
		activity_board_begin(board, conn, (uint64_t) conn, conn % 3);
	begin();
	blocked(101, 4711, "idle in transaction");
	blocked(102, 4712, NULL);
	blocked(103, 0, NULL);
	blocked(104, 101, "active"); /* behind 101, so behind 4711 */
	activity_look_end(look, 20 * MS);
	is_i64(activity.nlocks, 3, "three of them are waited for");
	is_i64(activity.locks[0].blocker, BLOCKER_OTHER, "another session");
	is_str(activity.locks[0].application, "psql", "with its name");
	is_i64(activity.locks[0].blocker_ns, 3000 * MS, "and its age");
	is_i64(activity.locks[0].samples, 2, "which two wait for");
	is_i64(activity.locks[1].blocker, BLOCKER_HIDDEN, "one we may not see");
	is_i64(activity.locks[2].blocker, BLOCKER_PREPARED, "no session at all");
	/* a deadlock is a ring: it must come to an end */
	begin();
	blocked(101, 102, "active");
	blocked(102, 101, "active");
	row(103, NULL, "");
	activity_look_end(look, 20 * MS);
	is_i64(activity.hidden, 1, "a row that we may not see is counted");
	is_i64(activity.steps[0].samples, 1, "and is no sample");
	tear_down();
}

static void
test_events(void)
{
	static const char *const seen[] = {"PgSleep", "DataFileRead", "PgSleep",
									   "WALSync", "PgSleep"};

	set_up();
	for (int i = 0; i < 5; i++)
		activity_add(&activity, 1, 0, ACTIVITY_OTHER, seen[i], MS);
	activity_add(&activity, 1, 0, ACTIVITY_CPU, "", MS);
	is_str(activity.steps[0].event, "PgSleep", "what was mostly waited for");
	is_str(activity.steps[1].event, "", "nothing");
	tear_down();
}

static void
test_told(void)
{
	ActivitySums sums = {.samples = 10, .flight_ns = 10 * MS};

	activity_sums_told(&sums, 0.9);
	is_i64(activity_ns(&sums, ACTIVITY_IDLE), 10 * MS,
		   "what was never seen at work has no parts");
	sums.ns[ACTIVITY_CPU] = 2 * MS;
	sums.ns[ACTIVITY_OTHER] = 4 * MS;
	activity_sums_told(&sums, 0.5);
	is_i64(sums.ns[ACTIVITY_OTHER], 4 * MS, "less than was seen: no change");
	activity_sums_told(&sums, 0.9);
	is_i64(sums.ns[ACTIVITY_CPU], 3 * MS, "more: all parts grow,");
	is_i64(sums.ns[ACTIVITY_OTHER], 6 * MS, "each as much as the others,");
	is_i64(activity_ns(&sums, ACTIVITY_IDLE), MS, "and this is left");
}

static void
test_bounds(void)
{
	set_up();
	for (int i = 0; i < 100000; i++)
	{
		ActivityLock wait = {
			.step = 1, .blocker = BLOCKER_OTHER, .blocker_pid = i, .ns = MS};

		activity_flight(&activity, (uint64_t) i, 1, MS);
		activity_lock(&activity, &wait);
	}
	activity_flight(&activity, 1, 7, MS); /* no such step */
	is_i64(activity.steps[1].samples, 100000, "all are counted");
	ok(activity.ntasks == 4096 && activity.nlocks == ACTIVITY_LOCKS,
	   "a bounded number is told apart");
	is_i64(activity_locks_ns(&activity), 100000 * MS, "and nothing is lost");
	tear_down();
}

int
main(void)
{
	test_kinds();
	test_board();
	test_shares();
	test_moments();
	test_line();
	test_pause();
	test_others();
	test_events();
	test_told();
	test_bounds();
	return done_testing();
}
