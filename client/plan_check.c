/*
 * plan_check.c
 *	  What can be told about a plan before anything runs: its variables.
 *
 * Whether a name is set is asked of the whole body, not of the lines before:
 * with -t the variables of one pass are there in the next.  What stands
 * together where it must not is in plan_check_order.c.
 */
#include "plan_check.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "plan_symbols.h"

#define SET_ALWAYS (-1) /* in set_in: for every body */

static const char *const automatic_names[] = {
	"task_number", "task_name", "client_id",   "run_id",	  "http",
	"unit",		   "scale",		"random_seed", "default_seed"};

typedef struct Check
{
	Plan *plan;
	const PlanContext *context;
	int *set_in;			/* by symbol: 1 + number of the last body */
	unsigned char *is_read; /* by symbol: somewhere in the plan */
	Symbols prefixes;		/* of this body's \gset and \aset */
	Symbols setup_prefixes;
	bool any_name; /* \gset without prefix: cannot be told */
	bool setup_any_name;

	int body; /* number of the body under way */
	const PlanStep *step;
	Err *err;
	bool failed;
} Check;

/* Could one of the prefixes and a column's name make this name? */
bool
plan_prefix_matches(const Symbols *prefixes, const char *name)
{
	size_t len = strlen(name);

	for (size_t n = 1; n < len && prefixes->count > 0; n++)
	{
		if (symbols_find(prefixes, name, n) >= 0)
			return true;
	}
	return false;
}

static void
note_set(void *arg, int symbol)
{
	Check *check = arg;

	if (check->set_in[symbol] != SET_ALWAYS)
		check->set_in[symbol] = check->body;
}

static void
collect_sets(Check *check, const Body *body)
{
	for (int i = 0; i < body->nsteps; i++)
	{
		const PlanStep *step = &body->steps[i];
		const PlanSql *sql = &step->sql;

		step_sets(step, note_set, check);
		if (step->kind != STEP_SQL || !(sql->has_gset || sql->has_aset))
			continue;
		if (sql->gset_prefix[0] == '\0')
			check->any_name = true;
		else
			symbols_intern(&check->prefixes, sql->gset_prefix,
						   strlen(sql->gset_prefix));
	}
}

static bool
is_set(const Check *check, int symbol)
{
	const char *name = check->plan->symbols.names[symbol];

	return check->set_in[symbol] == SET_ALWAYS ||
		   check->set_in[symbol] == check->body ||
		   plan_prefix_matches(&check->prefixes, name) ||
		   plan_prefix_matches(&check->setup_prefixes, name);
}

/* "q" where "q_body" is set: the one guess that spelling does not find. */
static bool
guess_body(Check *check, const char *name)
{
	Buf buf = {0};
	int symbol;

	buf_printf(&buf, "%s_body", name);
	symbol = symbols_find(&check->plan->symbols, buf.data, buf.len);
	buf_free(&buf);
	if (symbol < 0 || !is_set(check, symbol))
		return false;
	err_hint(check->err,
			 "\\http %s sets :%s_body, :%s_status, :%s_type and :%s_time",
			 name, name, name, name, name);
	return true;
}

static void
report_undefined(Check *check, int symbol, int line, int column)
{
	const Symbols *symbols = &check->plan->symbols;
	const char *name = symbols->names[symbol];
	const PlanContext *context = check->context;
	const char **names = mem_alloc(
		(size_t) (symbols->count + context->nknown) * sizeof(char *));
	const char *nearest;
	Place place = {check->step->place.file, line, column};
	int n = 0;

	for (int i = 0; i < symbols->count; i++)
	{
		if (is_set(check, i))
			names[n++] = symbols->names[i];
	}
	for (int i = 0; i < context->nknown; i++)
		names[n++] = context->known_names[i];
	nearest = err_nearest(name, names, n);
	free(names);
	check->failed = true;
	err_set(check->err, ERR_PLAN, "variable \"%s\" is never set", name);
	if (nearest != NULL)
		err_hint(check->err, "did you mean \":%s\"?", nearest);
	else if (!guess_body(check, name))
		err_hint(
			check->err,
			"set it with \\set, \\gset, \\json or -D %s=value; a plain colon is written \\:",
			name);
	plan_place(check->plan, place, check->err);
}

static void
check_read(void *arg, int symbol, int line, int column)
{
	Check *check = arg;

	check->is_read[symbol] = 1;
	if (!check->failed && !check->any_name && !check->setup_any_name &&
		!check->context->any_name && !is_set(check, symbol))
		report_undefined(check, symbol, line, column);
}

static bool
check_variables(Check *check, const Body *body)
{
	check->body++;
	check->any_name = false;
	symbols_free(&check->prefixes);
	collect_sets(check, body);
	for (int i = 0; i < body->nsteps && !check->failed; i++)
	{
		check->step = &body->steps[i];
		step_reads(check->step, check_read, check);
	}
	return !check->failed;
}

static void
set_name_always(Check *check, const char *name)
{
	int symbol = symbols_find(&check->plan->symbols, name, strlen(name));

	if (symbol >= 0)
		check->set_in[symbol] = SET_ALWAYS;
}

static void
note_always(void *arg, int symbol)
{
	Check *check = arg;

	check->set_in[symbol] = SET_ALWAYS;
}

/* What \setup sets is there in every body. */
static bool
check_setup(Check *check)
{
	const Body *setup = check->plan->setup;

	if (setup == NULL)
		return true;
	if (!check_variables(check, setup))
		return false;
	for (int i = 0; i < setup->nsteps; i++)
		step_sets(&setup->steps[i], note_always, check);
	check->setup_any_name = check->any_name;
	check->setup_prefixes = check->prefixes;
	memset(&check->prefixes, 0, sizeof(check->prefixes));
	return true;
}

static void
note_bodies_read(const Check *check, const Body *body)
{
	for (int i = 0; body != NULL && i < body->nsteps; i++)
	{
		PlanStep *step = &body->steps[i];

		if (step->kind == STEP_HTTP)
			step->http.body_is_read = check->is_read[step->http.body_symbol];
	}
}

static bool
check_all(Check *check)
{
	const Plan *plan = check->plan;
	bool fine = check_setup(check);

	for (int i = 0; fine && i < plan->nbodies; i++)
		fine = check_variables(check, &plan->bodies[i]);
	if (fine && plan->teardown != NULL)
		fine = check_variables(check, plan->teardown);
	note_bodies_read(check, plan->setup);
	for (int i = 0; i < plan->nbodies; i++)
		note_bodies_read(check, &plan->bodies[i]);
	note_bodies_read(check, plan->teardown);
	return fine;
}

bool
plan_check(Plan *plan, const PlanContext *context, Err *err)
{
	static const PlanContext nothing = {0};
	size_t n = (size_t) plan->symbols.count;
	Check check = {.plan = plan, .err = err};
	bool fine;

	check.context = context != NULL ? context : &nothing;
	check.set_in = mem_alloc(n * sizeof(int));
	check.is_read = mem_alloc(n);
	for (size_t i = 0; i < sizeof(automatic_names) / sizeof(char *); i++)
		set_name_always(&check, automatic_names[i]);
	for (int i = 0; i < check.context->nknown; i++)
		set_name_always(&check, check.context->known_names[i]);
	fine = check_all(&check) && plan_check_order(plan, err) &&
		   plan_check_retry(plan, err);
	free(check.set_in);
	free(check.is_read);
	symbols_free(&check.prefixes);
	symbols_free(&check.setup_prefixes);
	return fine;
}
