/*
 * report_lock.h
 *	  Waits for locks in sentences, for those who look for a cause.
 */
#ifndef REPORT_LOCK_H
#define REPORT_LOCK_H

#include "activity_lock.h"
#include "report_cause.h"

/* "≈ 1.10 s": an estimate. */
extern void report_say_about(char *text, size_t bytes, int64_t ns);

/*
 * "step 2 of waiter (sql, line 7) waited ≈ 1.10 s for a lock (transactionid)
 * of the transaction that sat idle after step 1 of t1 (sql, line 5)"
 */
extern void report_say_lock(char *text, size_t bytes, const RunResult *result,
							const ActivityLock *lock);

/* Did tasks lose more to locks than to anything else that is in the way? */
extern bool report_is_locked(const RunResult *result, int64_t other_lost_ns);

/* Fill the verdict, whose word they may change. */
extern void report_why_locked(const RunResult *result, Verdict *verdict);
extern void report_fix_locked(const RunResult *result, Verdict *verdict);

#endif /* REPORT_LOCK_H */
