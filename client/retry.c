/*
 * retry.c
 *	  What may be tried again, after how long, and how often in all.
 */
#include "retry.h"

#include <string.h>

/* -------- reasons -------- */

static bool
word_is(const char *word, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(word, name, len) == 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_x(char c)
{
	return c == 'x' || c == 'X';
}

/* SQLSTATEs consist of digits and upper-case letters (SQL standard, 23.1). */
static bool
is_state_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_digit(text[i]) && !(text[i] >= 'A' && text[i] <= 'Z'))
			return false;
	return true;
}

static bool
is_status(const char *word, size_t len)
{
	return len == 3 && word[0] >= '1' && word[0] <= '5' &&
		   ((is_digit(word[1]) && is_digit(word[2])) ||
			(is_x(word[1]) && is_x(word[2])));
}

static bool
is_state_class(const char *word, size_t len)
{
	return len == 3 && word[2] == '*' && is_state_text(word, 2);
}

bool
retry_reason_is_known(const char *word, size_t len)
{
	return word_is(word, len, "connect") || word_is(word, len, "lost") ||
		   word_is(word, len, "timeout") || is_status(word, len) ||
		   is_state_class(word, len) || (len == 5 && is_state_text(word, 5));
}

static bool
status_matches(int status, const char *word)
{
	if (status / 100 != word[0] - '0')
		return false;
	return is_x(word[1]) ||
		   (status / 10 % 10 == word[1] - '0' && status % 10 == word[2] - '0');
}

/* A connection that broke without a word is what the standard calls 08006. */
static const char *
state_of(const RetryFailure *failure)
{
	if (failure->sqlstate[0] == '\0' && failure->fault == RETRY_FAULT_LOST)
		return "08006";
	return failure->sqlstate;
}

static bool
reason_matches(const RetryFailure *failure, const char *word, size_t len)
{
	const char *state = state_of(failure);

	if (word_is(word, len, "connect"))
		return failure->fault == RETRY_FAULT_CONNECT;
	if (word_is(word, len, "lost"))
		return failure->fault == RETRY_FAULT_LOST;
	if (word_is(word, len, "timeout"))
		return failure->fault == RETRY_FAULT_TIMEOUT;
	if (is_status(word, len))
		return status_matches(failure->status, word);
	if (is_state_class(word, len))
		return strncmp(state, word, 2) == 0 && state[0] != '\0';
	return word_is(word, len, state);
}

static bool
list_matches(const RetryFailure *failure, const char *on)
{
	while (*on != '\0')
	{
		size_t len = strcspn(on, ",");

		if (reason_matches(failure, on, len))
			return true;
		on += len;
		on += *on == ',';
	}
	return false;
}

/* -------- what is safe -------- */

static bool
is_conflict(const RetryFailure *failure)
{
	return strcmp(failure->sqlstate, "40001") == 0 ||
		   strcmp(failure->sqlstate, "40P01") == 0;
}

/*
 * A server that said why it refused: worth another try when it is about the
 * moment (starting up, too many connections), not when it is about us
 * (password, no such database).
 */
static bool
refusal_may_pass(const char *sqlstate)
{
	return sqlstate[0] == '\0' || strncmp(sqlstate, "08", 2) == 0 ||
		   strncmp(sqlstate, "53", 2) == 0 || strncmp(sqlstate, "57", 2) == 0;
}

static bool
is_safe(const RetryFailure *failure)
{
	switch (failure->fault)
	{
		case RETRY_FAULT_NONE:
			break;
		case RETRY_FAULT_CONNECT:
			return refusal_may_pass(failure->sqlstate);
		case RETRY_FAULT_LOST:
		case RETRY_FAULT_TIMEOUT:
			return failure->may_repeat;
	}
	if (failure->status != 0)
		return failure->may_repeat &&
			   (failure->status == 429 || failure->status / 100 == 5);
	return is_conflict(failure);
}

bool
retry_is_wanted(const RetryFailure *failure, const char *on)
{
	return on != NULL ? list_matches(failure, on) : is_safe(failure);
}

bool
retry_transaction_is_wanted(const RetryFailure *failure, const char *on)
{
	return failure->fault == RETRY_FAULT_NONE && is_conflict(failure) &&
		   (on == NULL || list_matches(failure, on));
}

/* RFC 9110, 9.2.2. */
bool
retry_method_may_repeat(const char *method)
{
	static const char *const methods[] = {"GET",	"HEAD",	   "PUT",
										  "DELETE", "OPTIONS", "TRACE"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(method, methods[i]) == 0)
			return true;
	return false;
}

/* -------- when -------- */

static int64_t
window_ns(const RetryFailure *failure, int attempt)
{
	bool is_short = is_conflict(failure);
	int64_t cap_ns = is_short ? RETRY_CONFLICT_CAP_NS : RETRY_CAP_NS;
	int64_t ns = is_short ? RETRY_CONFLICT_BASE_NS : RETRY_BASE_NS;

	for (int i = 1; i < attempt && ns < cap_ns; i++)
		ns *= 2;
	return ns < cap_ns ? ns : cap_ns;
}

int64_t
retry_delay_ns(const RetryFailure *failure, int attempt, RandomState *random)
{
	if (failure->retry_after_ns > RETRY_AFTER_MAX_NS)
		return -1;
	if (failure->retry_after_ns > 0)
		return failure->retry_after_ns +
			   (int64_t) (random_unit(random) * RETRY_BASE_NS);
	return (int64_t) (random_unit(random) *
					  (double) window_ns(failure, attempt));
}

bool
retry_budget_take(RetryBudget *budget)
{
	int64_t allowed = budget->reserve + budget->begun / 100 * budget->percent +
					  budget->begun % 100 * budget->percent / 100;

	if (budget->used >= allowed)
	{
		budget->denied++;
		return false;
	}
	budget->used++;
	return true;
}
