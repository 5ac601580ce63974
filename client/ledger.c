/*
 * ledger.c
 *	  Exactly once: a task's mark, in the transaction of the task's own SQL.
 *
 * What a task keeps is a LedgerWork: whether its transaction is open, and the
 * mark with what it points to.  It belongs to the task's thread.
 */
#include "ledger.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define UUID_MAX 37

struct Ledger
{
	char *table;
	char plan[UUID_MAX];
	char *sql;
	int statement_id;
};

typedef enum LedgerState
{
	LEDGER_NONE,	/* the mark is not made */
	LEDGER_SENT,	/* with all that was to be committed */
	LEDGER_OPEN,	/* in a transaction that is open */
	LEDGER_CLOSING, /* the COMMIT is on its way */
	LEDGER_SETTLED	/* committed */
} LedgerState;

typedef struct LedgerWork
{
	LedgerState state;
	ConnMark mark;
	char row[UUID_MAX];
	char occurrence[24];
	const char *params[2];
} LedgerWork;

/* -------- uuids -------- */

static void
write_uuid(RowHash hash, char out[UUID_MAX])
{
	snprintf(out, UUID_MAX,
			 "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64
			 "-%012" PRIx64,
			 hash.high >> 32, hash.high >> 16 & 0xffff, hash.high & 0xffff,
			 hash.low >> 48, hash.low & UINT64_C(0xffffffffffff));
}

bool
ledger_read_uuid(const char *text, RowHash *hash)
{
	uint64_t words[2] = {0, 0};
	int ndigits = 0;

	for (; *text != '\0'; text++)
	{
		int digit = *text >= '0' && *text <= '9'   ? *text - '0'
					: *text >= 'a' && *text <= 'f' ? *text - 'a' + 10
												   : -1;

		if (*text == '-')
			continue;
		if (digit < 0 || ndigits == 32)
			return false;
		words[ndigits / 16] = words[ndigits / 16] << 4 | (uint64_t) digit;
		ndigits++;
	}
	hash->high = words[0];
	hash->low = words[1];
	return ndigits == 32;
}

/* -------- the table -------- */

/* One name, quoted or not; where it ends, or NULL. */
static const char *
skip_name(const char *p)
{
	if (*p != '"')
	{
		if (!isalpha((unsigned char) *p) && *p != '_' &&
			(unsigned char) *p < 0x80)
			return NULL;
		while (isalnum((unsigned char) *p) || *p == '_' || *p == '$' ||
			   (unsigned char) *p >= 0x80)
			p++;
		return p;
	}
	for (p++; *p != '\0'; p++)
	{
		if (*p != '"')
			continue;
		if (p[1] != '"')
			return p + 1;
		p++;
	}
	return NULL;
}

static bool
is_table_name(const char *text)
{
	const char *p = skip_name(text);

	if (p != NULL && *p == '.')
		p = skip_name(p + 1);
	return p != NULL && *p == '\0' && strcmp(text, "\"\"") != 0;
}

Ledger *
ledger_new(const char *table, RowHash plan, int statement_id, Err *err)
{
	Ledger *ledger;
	Buf sql = {0};

	if (!is_table_name(table))
	{
		err_set(err, ERR_USAGE, "--ledger cannot be \"%.80s\"", table);
		err_hint(err, "it takes the name of a table, such as my_job or "
					  "my_schema.my_job");
		return NULL;
	}
	ledger = mem_alloc(sizeof(*ledger));
	ledger->table = mem_strdup(table);
	ledger->statement_id = statement_id;
	write_uuid(plan, ledger->plan);
	buf_printf(&sql,
			   "INSERT INTO %s (plan, row_hash, occurrence) "
			   "VALUES ('%s', $1, $2)",
			   table, ledger->plan);
	ledger->sql = sql.data;
	return ledger;
}

void
ledger_free(Ledger *ledger)
{
	if (ledger == NULL)
		return;
	free(ledger->table);
	free(ledger->sql);
	free(ledger);
}

const char *
ledger_table(const Ledger *ledger)
{
	return ledger->table;
}

const char *
ledger_plan(const Ledger *ledger)
{
	return ledger->plan;
}

/* -------- tasks -------- */

void
ledger_restart(Task *task)
{
	if (task->ledger == NULL)
		return;
	task->ledger->state = LEDGER_NONE;
	task->ledger->mark.is_refused = false;
}

void
ledger_forget(Task *task)
{
	free(task->ledger);
	task->ledger = NULL;
}

static void
make_mark(const Task *task, LedgerWork *work)
{
	const Ledger *ledger = task->engine->ledger;

	write_uuid(task->key.hash, work->row);
	snprintf(work->occurrence, sizeof(work->occurrence), "%" PRId64,
			 task->key.occurrence);
	work->params[0] = work->row;
	work->params[1] = work->occurrence;
	work->mark.sql = ledger->sql;
	work->mark.statement_id = ledger->statement_id;
	work->mark.nparams = 2;
	work->mark.params = work->params;
	work->mark.is_refused = false;
}

/*
 * Is this the last thing that could go wrong?  A \gset may fail when the rows
 * are there, and by then it must not be committed; and should the answer to
 * COMMIT be lost, the rows must have come before.
 */
static bool
is_last(const Step *step)
{
	const Task *task = step->task;

	if (task->gather != NULL || step->plan->sql.has_gset ||
		step->plan->sql.has_aset)
		return false;
	for (int i = task->pc; i < task->body->nsteps; i++)
	{
		const PlanStep *next = &task->body->steps[i];

		if (next->kind != STEP_EMIT)
			return next->kind == STEP_SQL && next->sql.is_ledger_end;
	}
	return false;
}

/*
 * before_rides: an ordinary statement.  Any other one might end an implicit
 * transaction in its middle; in an explicit one the server refuses that.
 */
static bool
may_commit_at_once(const Step *step, const ConnRequest *request)
{
	return step->call == CALL_ASYNC && request->before_rides &&
		   request->protocol != PROTOCOL_SIMPLE && is_last(step);
}

void
ledger_ride(const Step *step, ConnRequest *request)
{
	Task *task = step->task;
	LedgerWork *work = task->ledger;
	bool is_end = step->plan->sql.is_ledger_end;

	request->mark = NULL;
	request->commits = false;
	if (task->engine->ledger == NULL)
		return;
	if (work == NULL)
		work = task->ledger = mem_alloc(sizeof(*work));
	request->commits = may_commit_at_once(step, request);
	if (work->state == LEDGER_NONE)
	{
		make_mark(task, work);
		work->mark.begins = !request->commits;
		request->mark = &work->mark;
		request->commits = false; /* the Sync does it */
		work->state = work->mark.begins && !is_end ? LEDGER_OPEN : LEDGER_SENT;
	}
	else if (request->commits || is_end)
		work->state = LEDGER_CLOSING;
}

bool
ledger_answered(const Step *step, bool has_failed)
{
	LedgerWork *work = step->task->ledger;

	if (work == NULL)
		return true;
	if (has_failed)
		return !work->mark.is_refused;
	if (work->state == LEDGER_SENT || work->state == LEDGER_CLOSING)
		work->state = LEDGER_SETTLED;
	return true;
}

bool
ledger_may_be_done(const Task *task)
{
	return task->ledger != NULL && (task->ledger->state == LEDGER_SENT ||
									task->ledger->state == LEDGER_CLOSING);
}

void
ledger_settle(Task *task)
{
	task->ledger->state = LEDGER_SETTLED;
}

bool
ledger_skips(const Task *task, const PlanStep *next)
{
	return task->ledger != NULL && next->kind == STEP_SQL &&
		   next->sql.is_ledger_end && task->ledger->state == LEDGER_SETTLED;
}
