/*
 * test_retry.c
 *		The policy of retries: what is tried again, when, how often.
 */
#include "tap.h"

#include "retry.h"

#define MS INT64_C(1000000)
#define S (1000 * MS)

static RetryFailure
sql_failure(const char *sqlstate)
{
	RetryFailure failure = {.fault = RETRY_FAULT_NONE};

	snprintf(failure.sqlstate, sizeof(failure.sqlstate), "%s", sqlstate);
	return failure;
}

static RetryFailure
fault(RetryFault kind, const char *sqlstate, bool may_repeat)
{
	RetryFailure failure = sql_failure(sqlstate);

	failure.fault = kind;
	failure.may_repeat = may_repeat;
	return failure;
}

static RetryFailure
answer(int status, bool may_repeat)
{
	return (RetryFailure){.status = status, .may_repeat = may_repeat};
}

static void
is_wanted(RetryFailure failure, const char *on, bool want, const char *what)
{
	ok(retry_is_wanted(&failure, on) == want, "%s%s%s: %s", what,
	   on != NULL ? " on=" : "", on != NULL ? on : "", want ? "yes" : "no");
}

static void
test_safe(void)
{
	is_wanted(sql_failure("40001"), NULL, true, "a serialization failure");
	is_wanted(sql_failure("40P01"), NULL, true, "a deadlock");
	is_wanted(sql_failure("40002"), NULL, false, "another of class 40");
	is_wanted(sql_failure("23505"), NULL, false, "a duplicate key");
	is_wanted(sql_failure("57014"), NULL, false, "a statement timeout");
	is_wanted(sql_failure(""), NULL, false, "a failure without a code");

	is_wanted(fault(RETRY_FAULT_CONNECT, "", false), NULL, true,
			  "nobody listens");
	is_wanted(fault(RETRY_FAULT_CONNECT, "57P03", false), NULL, true,
			  "the server starts up");
	is_wanted(fault(RETRY_FAULT_CONNECT, "53300", false), NULL, true,
			  "too many connections");
	is_wanted(fault(RETRY_FAULT_CONNECT, "28P01", false), NULL, false,
			  "a wrong password");
	is_wanted(fault(RETRY_FAULT_CONNECT, "3D000", false), NULL, false,
			  "no such database");

	is_wanted(fault(RETRY_FAULT_LOST, "", false), NULL, false,
			  "a statement or POST that was lost");
	is_wanted(fault(RETRY_FAULT_LOST, "57P01", false), NULL, false,
			  "a statement whose backend was terminated");
	is_wanted(fault(RETRY_FAULT_LOST, "", true), NULL, true,
			  "a GET that was lost");
	is_wanted(fault(RETRY_FAULT_TIMEOUT, "", true), NULL, true,
			  "a GET that took too long");
	is_wanted(fault(RETRY_FAULT_TIMEOUT, "", false), NULL, false,
			  "a POST that took too long");

	for (int status = 400; status <= 599; status++)
		if (status == 400 || status == 404 || status == 429 || status == 499 ||
			status == 500 || status == 503 || status == 599)
		{
			char name[20];

			snprintf(name, sizeof(name), "GET: %d", status);
			is_wanted(answer(status, true), NULL,
					  status == 429 || status >= 500, name);
			snprintf(name, sizeof(name), "POST: %d", status);
			is_wanted(answer(status, false), NULL, false, name);
		}
	is_wanted(answer(302, true), NULL, false, "a redirect");
}

static void
test_lists(void)
{
	is_wanted(sql_failure("40001"), "40001,5xx", true, "one of the list");
	is_wanted(sql_failure("40P01"), "40001,5xx", false, "narrowed away");
	is_wanted(answer(503, false), "40001,5xx", true, "POST: 503");
	is_wanted(answer(429, true), "5xx", false, "GET: 429");
	is_wanted(answer(429, true), "503,429", true, "GET: 429");
	is_wanted(answer(529, true), "5XX", true, "GET: 529");
	is_wanted(answer(50, true), "5xx", false, "no status");
	is_wanted(sql_failure("08003"), "08*", true, "a class");
	is_wanted(sql_failure("0A000"), "08*", false, "another class");
	is_wanted(fault(RETRY_FAULT_LOST, "", false), "08*", true,
			  "lost without a word");
	is_wanted(fault(RETRY_FAULT_LOST, "", false), "lost", true, "lost");
	is_wanted(fault(RETRY_FAULT_LOST, "57P01", false), "lost", true,
			  "terminated");
	is_wanted(fault(RETRY_FAULT_LOST, "57P01", false), "57P01", true,
			  "terminated");
	is_wanted(fault(RETRY_FAULT_LOST, "57P01", false), "08*", false,
			  "terminated");
	is_wanted(fault(RETRY_FAULT_CONNECT, "28P01", false), "connect", true,
			  "refused");
	is_wanted(fault(RETRY_FAULT_CONNECT, "", false), "lost,timeout", false,
			  "refused");
	is_wanted(fault(RETRY_FAULT_TIMEOUT, "", false), "timeout", true,
			  "too long");
	is_wanted(sql_failure(""), "40001", false, "no code");
}

static void
test_words(void)
{
	static const char *const good[] = {"connect", "lost", "timeout", "40001",
									   "57P03",	  "08*",  "5xx",	 "4XX",
									   "503",	  "100"};
	static const char *const bad[] = {
		"",	  "oops",  "4000", "400011", "600", "5x3", "x00",	"08**",
		"4*", "40p01", "LOST", "5x",	 "0a*", "*",   "40 01", "***"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(retry_reason_is_known(good[i], strlen(good[i])), "\"%s\" is known",
		   good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!retry_reason_is_known(bad[i], strlen(bad[i])),
		   "\"%s\" is not known", bad[i]);
}

static void
test_transactions(void)
{
	RetryFailure deadlock = sql_failure("40P01");
	RetryFailure duplicate = sql_failure("23505");
	RetryFailure lost = fault(RETRY_FAULT_LOST, "40001", false);

	ok(retry_transaction_is_wanted(&deadlock, NULL), "a deadlock");
	ok(retry_transaction_is_wanted(&deadlock, "08*,40*"), "by its class");
	ok(!retry_transaction_is_wanted(&deadlock, "40001"), "narrowed away");
	ok(!retry_transaction_is_wanted(&duplicate, "23505"), "never widened");
	ok(!retry_transaction_is_wanted(&lost, NULL), "never after a loss");
}

/* Between nothing and the window, and over all of it. */
static void
is_window(RetryFailure failure, int attempt, int64_t from, int64_t window,
		  const char *what)
{
	RandomState random;
	int64_t least = INT64_MAX;
	int64_t most = 0;

	random_seed(&random, 1);
	for (int i = 0; i < 2000; i++)
	{
		int64_t ns = retry_delay_ns(&failure, attempt, &random);

		least = ns < least ? ns : least;
		most = ns > most ? ns : most;
	}
	ok(least >= from && least < from + window / 50 && most <= from + window &&
		   most > from + window - window / 50,
	   "%s, attempt %d: %" PRId64 " to %" PRId64 " ms", what, attempt,
	   least / MS, most / MS);
}

static void
test_delays(void)
{
	RetryFailure asked = answer(503, true);
	RandomState random;

	random_seed(&random, 1);
	is_window(answer(503, true), 1, 0, 100 * MS, "503");
	is_window(answer(503, true), 4, 0, 800 * MS, "503");
	is_window(answer(503, true), 8, 0, 10 * S, "503, at its cap");
	is_window(answer(503, true), 1000000, 0, 10 * S, "503, for ever");
	is_window(sql_failure("40001"), 1, 0, 5 * MS, "40001");
	is_window(sql_failure("40P01"), 3, 0, 20 * MS, "40P01");
	is_window(sql_failure("40001"), 99, 0, 1 * S, "40001, at its cap");

	asked.retry_after_ns = 7 * S;
	is_window(asked, 9, 7 * S, 100 * MS, "Retry-After: 7");
	asked.retry_after_ns = RETRY_AFTER_MAX_NS;
	ok(retry_delay_ns(&asked, 1, &random) >= RETRY_AFTER_MAX_NS,
	   "Retry-After: the longest that is waited for");
	asked.retry_after_ns = RETRY_AFTER_MAX_NS + S;
	is_i64(retry_delay_ns(&asked, 1, &random), -1, "Retry-After: too long");
}

static void
test_budget(void)
{
	RetryBudget budget = {.percent = 20, .reserve = 3};
	int taken = 0;

	for (int i = 0; i < 5; i++)
		taken += retry_budget_take(&budget);
	is_i64(taken, 3, "the reserve");
	is_i64(budget.denied, 2, "and no more");
	budget.begun = 14;
	ok(retry_budget_take(&budget) && retry_budget_take(&budget) &&
		   !retry_budget_take(&budget),
	   "20 %% of 14 steps are 2");
	budget.begun = INT64_MAX / 2;
	ok(retry_budget_take(&budget), "a very long run");
	budget = (RetryBudget){0};
	ok(!retry_budget_take(&budget), "none at all");
}

static void
test_methods(void)
{
	static const char *const again[] = {"GET",	  "HEAD",	 "PUT",
										"DELETE", "OPTIONS", "TRACE"};
	static const char *const once[] = {"POST", "PATCH", "LOCK", "get", ""};

	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++)
		ok(retry_method_may_repeat(again[i]), "%s may be repeated", again[i]);
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		ok(!retry_method_may_repeat(once[i]), "\"%s\" may not", once[i]);
}

int
main(void)
{
	test_safe();
	test_lists();
	test_words();
	test_transactions();
	test_delays();
	test_budget();
	test_methods();
	return done_testing();
}
