/*
 * report_lock.c
 *	  Waits for locks in sentences, for those who look for a cause.
 */
#include "report_lock.h"

#include <string.h>

#include "activity.h"

#define MIN_LOCKED 0.10 /* of the tasks' time, to be called a cause */

#define WHY_BYTES sizeof(((Verdict *) NULL)->why)
#define FIX_BYTES sizeof(((Verdict *) NULL)->fix)

typedef char Duration[32];
typedef char Name[48];

void
report_say_about(char *text, size_t bytes, int64_t ns)
{
	Duration time;

	report_say(text, bytes, "\u2248 %s",
			   report_duration(ns, time, sizeof(time)));
}

/* Whose step that was when the longest wait was seen; 0: of any. */
static void
say_step(char *text, size_t bytes, const RunResult *result, int index,
		 uint64_t task)
{
	const PlanStep *step = report_step(result, index);
	Name name;
	const char *task_name =
		task > 0 ? report_say_task(result, task, name, sizeof(name)) : NULL;

	if (step != NULL)
		report_say_step(text, bytes, result, step, task_name, NULL);
	else
		report_say(text, bytes, "%s",
				   task_name != NULL ? task_name : "a task");
}

static void
say_session(char *text, size_t bytes, const ActivityLock *lock)
{
	Duration time;

	report_say(text, bytes, "another session (pid %d%s%s, %s",
			   lock->blocker_pid, lock->application[0] != '\0' ? ", " : "",
			   lock->application, lock->state);
	if (lock->blocker_ns > 0)
		report_say(text, bytes, ", its transaction open for %s",
				   report_duration(lock->blocker_ns, time, sizeof(time)));
	report_say(text, bytes, ")");
}

static void
say_blocker(char *text, size_t bytes, const RunResult *result,
			const ActivityLock *lock)
{
	switch (lock->blocker)
	{
		case BLOCKER_OWN:
			report_say(text, bytes, "%s %s ",
					   lock->blocker_varies
						   ? "other tasks' transactions, such as one"
						   : "the transaction",
					   lock->blocker_is_idle ? "that sat idle after" : "at");
			say_step(text, bytes, result, lock->blocker_step,
					 lock->blocker_task);
			break;
		case BLOCKER_OTHER:
			say_session(text, bytes, lock);
			break;
		case BLOCKER_HIDDEN:
			report_say(text, bytes,
					   "another session (pid %d, of a role that only "
					   "pg_read_all_stats may look at)",
					   lock->blocker_pid);
			break;
		case BLOCKER_PREPARED:
			report_say(text, bytes,
					   "a prepared transaction (pg_prepared_xacts)");
			break;
	}
}

void
report_say_lock(char *text, size_t bytes, const RunResult *result,
				const ActivityLock *lock)
{
	say_step(text, bytes, result, lock->step, 0);
	report_say(text, bytes, " waited ");
	report_say_about(text, bytes, lock->ns);
	report_say(text, bytes, " for a lock (%s) of ", lock->event);
	say_blocker(text, bytes, result, lock);
}

bool
report_is_locked(const RunResult *result, int64_t other_lost_ns)
{
	int64_t locks_ns;

	if (result->activity == NULL || result->activity->nlocks == 0)
		return false;
	locks_ns = activity_locks_ns(result->activity);
	return locks_ns > other_lost_ns &&
		   (double) locks_ns > MIN_LOCKED * (double) result->spans->task_ns;
}

/*
 * Waits for each other are among the steps' times, and so in the best possible
 * as well: who is no slower than that overlaps for all we know, but does not.
 * Those that wait for another session do it at the same time.
 */
static void
judge_locked(const RunResult *result, Verdict *verdict)
{
	if (strcmp(verdict->word, "OVERLAPS") != 0)
		return;
	if (result->activity->locks[0].blocker != BLOCKER_OWN)
	{
		report_say(verdict->why, WHY_BYTES,
				   "steps ran at the same time, but ");
		return;
	}
	verdict->word = "PARTIAL";
	report_say(verdict->why, WHY_BYTES,
			   "steps overlap only as far as locks let them, whose waits are "
			   "in the best possible, too: ");
}

void
report_why_locked(const RunResult *result, Verdict *verdict)
{
	judge_locked(result, verdict);
	report_say(verdict->why, WHY_BYTES, "tasks waited ");
	report_say_about(verdict->why, WHY_BYTES,
					 activity_locks_ns(result->activity));
	report_say(verdict->why, WHY_BYTES, " for locks of transactions: ");
	report_say_lock(verdict->why, WHY_BYTES, result,
					&result->activity->locks[0]);
	report_say(verdict->why, WHY_BYTES, ".");
}

static void
fix_own(const RunResult *result, Verdict *verdict, const ActivityLock *lock)
{
	if (!lock->blocker_is_idle && lock->blocker_varies)
	{
		report_say(verdict->fix, FIX_BYTES,
				   "shorten the transactions: take what others want as late "
				   "as can be, commit as soon; or let fewer tasks want it at "
				   "once (-c).");
		return;
	}
	report_say(verdict->fix, FIX_BYTES,
			   lock->blocker_is_idle ? "commit right after "
									 : "shorten the transaction at ");
	say_step(verdict->fix, FIX_BYTES, result, lock->blocker_step,
			 lock->blocker_varies ? 0 : lock->blocker_task);
	report_say(verdict->fix, FIX_BYTES,
			   lock->blocker_is_idle
				   ? ", or do what follows it before BEGIN."
				   : ": take its locks as late as can be, commit as soon; or "
					 "let fewer tasks want them at once (-c).");
}

void
report_fix_locked(const RunResult *result, Verdict *verdict)
{
	const ActivityLock *lock = &result->activity->locks[0];

	switch (lock->blocker)
	{
		case BLOCKER_OWN:
			fix_own(result, verdict, lock);
			break;
		case BLOCKER_OTHER:
		case BLOCKER_HIDDEN:
			report_say(verdict->fix, FIX_BYTES,
					   "see what pid %d waits for, and end its transaction.",
					   lock->blocker_pid);
			break;
		case BLOCKER_PREPARED:
			report_say(verdict->fix, FIX_BYTES,
					   "end the prepared transaction (COMMIT PREPARED, "
					   "ROLLBACK PREPARED).");
			break;
	}
}
