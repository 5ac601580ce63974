/*
 * conn_ledger.c
 *	  The ledger's table before the tasks begin: there, fit, and read.
 *
 * CREATE TABLE IF NOT EXISTS would want the right to create even where the
 * table is, and would take any table for a ledger; so it is looked at first.
 */
#include "conn_ledger.h"

#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "conn_pool.h"
#include "mem.h"

/* Columns of CHECK_SQL */
enum
{
	IS_PERMANENT,
	COLUMN_TYPES,
	HAS_KEY
};

#define CHECK_SQL                                                    \
	"SELECT c.relpersistence = 'p',"                                 \
	" (SELECT string_agg(a.attname || ' ' ||"                        \
	" format_type(a.atttypid, NULL), ', ' ORDER BY a.attname)"       \
	" FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0" \
	" AND NOT a.attisdropped"                                        \
	" AND a.attname IN ('plan', 'row_hash', 'occurrence')),"         \
	" EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid"       \
	" AND i.indisunique AND i.indimmediate AND i.indisvalid"         \
	" AND i.indpred IS NULL AND i.indexprs IS NULL"                  \
	" AND (SELECT array_agg(a.attname::text ORDER BY a.attname)"     \
	" FROM pg_attribute a WHERE a.attrelid = c.oid"                  \
	" AND a.attnum = ANY (i.indkey))"                                \
	" = ARRAY['occurrence', 'plan', 'row_hash'])"                    \
	" FROM pg_class c WHERE c.oid = to_regclass($1)"

#define WANTED_TYPES "occurrence bigint, plan uuid, row_hash uuid"

typedef enum LedgerPhase
{
	LEDGER_CHECK,
	LEDGER_CREATE,
	LEDGER_READ
} LedgerPhase;

struct ConnLedger
{
	Loop *loop;
	Pool *pool;
	const Ledger *ledger;
	void (*on_mark)(void *arg, const RowKey *key);
	void (*on_done)(void *arg, const Err *err);
	void *arg;

	PoolWaiter waiter;
	ConnRequest request;
	LedgerPhase phase;
	const char *params[1];
	Buf sql;
	LoopJob job; /* the next phase, or the end */
	bool is_ended;
	bool was_created;
	bool has_row; /* of the check: there is a table */
	Err err;
};

static void
end(ConnLedger *self)
{
	self->is_ended = true;
	loop_push(self->loop, &self->job);
}

/* -------- answers -------- */

static void
refuse(ConnLedger *self, const char *why)
{
	const char *table = ledger_table(self->ledger);

	err_set(&self->err, ERR_USAGE, "table %s cannot be a ledger: %s", table,
			why);
	err_hint(&self->err,
			 "name a table that is not there yet, and it will be made");
}

static void
take_check(ConnLedger *self, const PGresult *result)
{
	if (PQntuples(result) == 0)
		return;
	self->has_row = true;
	if (strcmp(PQgetvalue(result, 0, COLUMN_TYPES), WANTED_TYPES) != 0)
		refuse(self, "it does not have the columns plan uuid, row_hash uuid "
					 "and occurrence bigint");
	else if (strcmp(PQgetvalue(result, 0, HAS_KEY), "t") != 0)
		refuse(self, "it has no unique index on plan, row_hash and occurrence "
					 "alone");
	else if (strcmp(PQgetvalue(result, 0, IS_PERMANENT), "t") != 0)
		refuse(self, "it is temporary or unlogged, so a crash of the server "
					 "would empty it");
}

static void
take_marks(ConnLedger *self, const PGresult *result)
{
	RowKey key;

	for (int i = 0; i < PQntuples(result); i++)
	{
		if (!ledger_read_uuid(PQgetvalue(result, i, 0), &key.hash))
			continue; /* no uuid: a type of the user's own making */
		key.occurrence = strtoll(PQgetvalue(result, i, 1), NULL, 10);
		self->on_mark(self->arg, &key);
	}
}

static void
on_result(ConnRequest *request, PGresult *result)
{
	ConnLedger *self = request->arg;

	if (self->phase == LEDGER_CHECK)
		take_check(self, result);
	else if (self->phase == LEDGER_READ)
		take_marks(self, result);
}

/* Somebody else has just made it: see whether it is fit. */
static bool
is_race(const ConnLedger *self, const Err *err)
{
	return self->phase == LEDGER_CREATE &&
		   (strcmp(err->sqlstate, "42P07") == 0 ||
			strcmp(err->sqlstate, "23505") == 0);
}

static void
on_request_done(ConnRequest *request, const Err *err)
{
	ConnLedger *self = request->arg;

	if (err != NULL && !is_race(self, err))
	{
		self->err = *err;
		err_prefix(&self->err, "ledger %s: ", ledger_table(self->ledger));
	}
	if (self->err.kind != ERR_NONE || self->phase == LEDGER_READ)
	{
		end(self);
		return;
	}
	self->phase = self->phase == LEDGER_CREATE ? LEDGER_CHECK
				  : self->has_row			   ? LEDGER_READ
											   : LEDGER_CREATE;
	if (self->phase == LEDGER_CREATE && self->was_created)
		refuse(self, "it was made and is not there: is its schema in "
					 "search_path?");
	if (self->err.kind != ERR_NONE)
		self->is_ended = true;
	loop_push(self->loop, &self->job);
}

/* -------- questions -------- */

static void
build_sql(ConnLedger *self)
{
	const char *table = ledger_table(self->ledger);

	buf_reset(&self->sql);
	self->request.nparams = 0;
	if (self->phase == LEDGER_CHECK)
	{
		buf_puts(&self->sql, CHECK_SQL);
		self->request.nparams = 1;
		self->params[0] = table;
	}
	else if (self->phase == LEDGER_CREATE)
		buf_printf(&self->sql,
				   "CREATE TABLE %s (plan uuid NOT NULL, row_hash uuid NOT "
				   "NULL, occurrence bigint NOT NULL, finished_at timestamptz "
				   "NOT NULL DEFAULT clock_timestamp(), "
				   "PRIMARY KEY (plan, row_hash, occurrence))",
				   table);
	else
		buf_printf(&self->sql,
				   "SELECT row_hash, occurrence FROM %s WHERE plan = '%s'",
				   table, ledger_plan(self->ledger));
}

static void
ask(ConnLedger *self)
{
	PoolMember *member = self->waiter.member;
	ConnRequest *request = &self->request;

	if (self->phase == LEDGER_CREATE)
		self->was_created = true;
	self->has_row = false;
	build_sql(self);
	request->protocol = PROTOCOL_EXTENDED;
	request->sql = self->sql.data;
	request->params = self->params;
	request->before_sql =
		member->is_fresh ? conn_pool_acquire_hook(member) : NULL;
	request->on_result = on_result;
	request->on_done = on_request_done;
	request->arg = self;
	member->is_fresh = false;
	conn_submit(conn_pool_conn(member), request);
}

static void
on_job(void *arg)
{
	ConnLedger *self = arg;

	if (!self->is_ended)
	{
		ask(self);
		return;
	}
	if (self->waiter.member != NULL)
		pool_give(self->pool, self->waiter.member);
	self->waiter.member = NULL;
	self->on_done(self->arg, self->err.kind != ERR_NONE ? &self->err : NULL);
}

static void
on_granted(PoolWaiter *waiter)
{
	ConnLedger *self = waiter->arg;

	if (waiter->member == NULL)
	{
		self->err = waiter->err;
		self->is_ended = true;
	}
	loop_push(self->loop, &self->job);
}

ConnLedger *
conn_ledger_open(Loop *loop, Pool *pool, const Ledger *ledger,
				 void (*on_mark)(void *arg, const RowKey *key),
				 void (*on_done)(void *arg, const Err *err), void *arg)
{
	ConnLedger *self = mem_alloc(sizeof(*self));

	self->loop = loop;
	self->pool = pool;
	self->ledger = ledger;
	self->on_mark = on_mark;
	self->on_done = on_done;
	self->arg = arg;
	self->job.fn = on_job;
	self->job.arg = self;
	self->waiter.on_granted = on_granted;
	self->waiter.arg = self;
	if (pool_acquire(pool, &self->waiter))
		loop_push(loop, &self->job);
	return self;
}

void
conn_ledger_free(ConnLedger *self)
{
	if (self == NULL)
		return;
	buf_free(&self->sql);
	free(self);
}
