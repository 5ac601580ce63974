/*
 * parse_body.c
 *	  Bodies: \task, \setup, \teardown, and what becomes of their drafts.
 *
 * The steps before a file's first \task belong to each of its tasks; in a
 * file without \task they are the body.
 */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "mem.h"
#include "parse_commands.h"

#define MAX_COUNT 1000000

/* -------- commands -------- */

static bool
parse_count(Parser *p, int *count)
{
	Slice word = lex_word(p->lex);
	size_t pos = (size_t) (word.text - p->lex->text);
	int64_t number = 0;

	if (word.len <= 6 || strncmp(word.text, "count=", 6) != 0)
		return parse_fail(
			p, pos, "write \\task NAME count=N; a name with blanks in quotes",
			"expected count=N behind the task's name");
	for (size_t i = 6; i < word.len && number >= 0; i++)
	{
		char c = word.text[i];

		number = c >= '0' && c <= '9' && number <= MAX_COUNT
					 ? number * 10 + (c - '0')
					 : -1;
	}
	if (number < 1 || number > MAX_COUNT)
		return parse_fail(
			p, pos + 6, "write how many of these tasks run: 1 to 1000000",
			"\"%.*s\" is not a number of tasks",
			word.len - 6 > 60 ? 60 : (int) word.len - 6, word.text + 6);
	*count = (int) number;
	return true;
}

static void
append_task(Parser *p, Draft *draft)
{
	if (p->last_task != NULL)
		p->last_task->next = draft;
	else
		p->first_task = draft;
	p->last_task = draft;
}

/* \task NAME [count=N] */
bool
command_task(Parser *p)
{
	Draft *draft = arena_alloc(p->plan->arena, sizeof(Draft));

	if (lex_at_end(p->lex))
		return parse_fail(p, p->command_pos,
						  "write \\task NAME, or \\task NAME count=N",
						  "\\task needs a name");
	draft->body.place = lex_place(p->lex, p->command_pos);
	draft->body.name = lex_value_text(p->lex, p->err);
	draft->body.count = 1;
	if (draft->body.name == NULL)
		return false;
	if (draft->body.name[0] == '\0')
		return parse_fail(p, p->command_pos, "write \\task NAME",
						  "a task's name cannot be empty");
	if (!lex_at_end(p->lex) && !parse_count(p, &draft->body.count))
		return false;
	append_task(p, draft);
	p->draft = draft;
	return parse_end(p);
}

static bool
open_phase(Parser *p, BlockKind kind, Draft *draft, bool *has)
{
	Place place = lex_place(p->lex, p->command_pos);

	if (*has)
		return parse_fail(p, p->command_pos, "join the two",
						  "a plan has one \\%s; the first is in line %d of %s",
						  p->command, draft->body.place.line,
						  p->plan->sources[draft->body.place.file].name);
	if (!parse_end(p) || !parse_open_block(p, kind, -1))
		return false;
	*has = true;
	draft->body.name = block_command(kind);
	draft->body.count = 1;
	draft->body.place = place;
	p->draft = draft;
	return true;
}

bool
command_setup(Parser *p)
{
	return open_phase(p, BLOCK_SETUP, &p->setup, &p->has_setup);
}

bool
command_teardown(Parser *p)
{
	return open_phase(p, BLOCK_TEARDOWN, &p->teardown, &p->has_teardown);
}

/* -------- the end of a file -------- */

bool
parse_begin_file(Parser *p)
{
	memset(&p->prelude, 0, sizeof(p->prelude));
	p->before_file = p->last_task;
	p->draft = &p->prelude;
	p->sql_step = -1;
	return true;
}

/* Put a copy of the file's first steps before a task's own. */
static bool
prepend_prelude(Parser *p, Draft *draft)
{
	int n = p->prelude.nsteps;
	int total = n + draft->nsteps;

	if (n > PARSE_MAX_STEPS - p->plan->nsteps)
		return parse_fail_at(
			p, draft->body.place,
			"move the steps before the first \\task into \\setup, which runs once",
			"with the steps before the first \\task in every task, the plan has more than %d steps",
			PARSE_MAX_STEPS);
	draft->steps =
		mem_realloc(draft->steps, (size_t) total * sizeof(PlanStep));
	memmove(draft->steps + n, draft->steps,
			(size_t) draft->nsteps * sizeof(PlanStep));
	memcpy(draft->steps, p->prelude.steps, (size_t) n * sizeof(PlanStep));
	for (int i = n; i < total; i++)
	{
		StepKind kind = draft->steps[i].kind;

		if (kind == STEP_IF || kind == STEP_JUMP || kind == STEP_GATHER)
			draft->steps[i].end += n;
	}
	draft->nsteps = draft->cap = total;
	p->plan->nsteps += n;
	return true;
}

/* File name without folders and without the last extension. */
static const char *
name_of_file(Parser *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL && slash[1] != '\0' ? slash + 1 : path;
	const char *dot = strrchr(base, '.');
	size_t len =
		dot != NULL && dot > base ? (size_t) (dot - base) : strlen(base);

	return arena_text(p->plan->arena, base, len);
}

static Draft *
add_implicit_body(Parser *p, int file)
{
	Draft *draft = arena_alloc(p->plan->arena, sizeof(Draft));

	*draft = p->prelude;
	memset(&p->prelude, 0, sizeof(p->prelude));
	draft->body.name = name_of_file(p, p->plan->sources[file].name);
	draft->body.count = 1;
	draft->body.is_implicit = true;
	draft->body.place = draft->steps[0].place;
	append_task(p, draft);
	return draft;
}

/* Without a limit each script runs once, and those of no weight never. */
static void
weigh_body(Parser *p, Body *body, int file)
{
	const PlanSource *source = &p->plan->sources[file];

	body->weight = body->count;
	if (!source->has_weight)
		return;
	body->weight *= source->weight;
	if (source->weight == 0)
		body->count = 0;
	p->plan->has_weights = true;
}

bool
parse_end_file(Parser *p, int file)
{
	Draft *first =
		p->before_file != NULL ? p->before_file->next : p->first_task;
	bool fine = true;

	if (first == NULL && p->prelude.nsteps > 0)
		first = add_implicit_body(p, file);
	for (Draft *draft = first; fine && draft != NULL; draft = draft->next)
	{
		if (p->prelude.nsteps > 0)
			fine = prepend_prelude(p, draft);
	}
	for (Draft *draft = first; draft != NULL; draft = draft->next)
		weigh_body(p, &draft->body, file);
	if (first != NULL && fine)
		p->plan->nsteps -= p->prelude.nsteps;
	free(p->prelude.steps);
	memset(&p->prelude, 0, sizeof(p->prelude));
	return fine;
}

/* -------- drafts to bodies -------- */

/* Two files of the same name without \task: "x" and "x#2". */
static const char *
unique_name(Parser *p, const Symbols *taken, const char *name)
{
	Buf buf = {0};
	const char *unique = name;

	for (int i = 2; symbols_find(taken, unique, strlen(unique)) >= 0; i++)
	{
		buf_reset(&buf);
		buf_printf(&buf, "%s#%d", name, i);
		unique = buf.data;
	}
	if (unique != name)
		unique = arena_text(p->plan->arena, buf.data, buf.len);
	buf_free(&buf);
	return unique;
}

static bool
name_bodies(Parser *p)
{
	Symbols taken = {0};
	bool fine = true;

	for (Draft *draft = p->first_task; fine && draft != NULL;
		 draft = draft->next)
	{
		Body *body = &draft->body;

		if (body->is_implicit)
			body->name = unique_name(p, &taken, body->name);
		else if (symbols_find(&taken, body->name, strlen(body->name)) >= 0)
			fine = parse_fail_at(
				p, body->place,
				"give each task its own name; count=N runs one several times",
				"there is a task \"%s\" already", body->name);
		symbols_intern(&taken, body->name, strlen(body->name));
	}
	symbols_free(&taken);
	return fine;
}

static void
finish_body(Parser *p, Draft *draft, int *index, Body *out)
{
	*out = draft->body;
	out->nsteps = draft->nsteps;
	if (draft->nsteps > 0)
		out->steps = mem_realloc(draft->steps,
								 (size_t) draft->nsteps * sizeof(PlanStep));
	else
		free(draft->steps);
	draft->steps = NULL;
	if (out->steps != NULL)
		arena_adopt(p->plan->arena, out->steps);
	for (int i = 0; i < out->nsteps; i++)
		out->steps[i].index = (*index)++;
}

static bool
has_work(const Parser *p)
{
	for (const Draft *draft = p->first_task; draft != NULL;
		 draft = draft->next)
	{
		if (draft->nsteps > 0)
			return true;
	}
	return false;
}

/* An error about the plan as a whole still names its file. */
static bool
nothing_to_run(Parser *p)
{
	err_set(p->err, ERR_PLAN, "there is nothing to run");
	err_hint(
		p->err,
		"write SQL statements or commands such as \\http into the plan, outside \\setup and \\teardown");
	if (p->err != NULL && p->plan->nsources > 0)
		snprintf(p->err->file, sizeof(p->err->file), "%s",
				 p->plan->sources[0].name);
	return false;
}

static bool
check_weights(Parser *p)
{
	const Plan *plan = p->plan;
	int64_t sum = 0;

	for (int i = 0; i < plan->nbodies; i++)
		sum += plan->bodies[i].weight;
	if (sum > 0)
		return true;
	err_set(p->err, ERR_USAGE, "all scripts have the weight 0");
	err_hint(p->err, "give one of them more: -f FILE@1");
	return false;
}

bool
parse_make_bodies(Parser *p)
{
	Plan *plan = p->plan;
	int index = 0;

	if (!has_work(p))
		return nothing_to_run(p);
	if (!name_bodies(p))
		return false;
	for (Draft *draft = p->first_task; draft != NULL; draft = draft->next)
		plan->nbodies++;
	plan->bodies =
		arena_alloc(plan->arena, (size_t) plan->nbodies * sizeof(Body));
	if (p->has_setup)
	{
		plan->setup = arena_alloc(plan->arena, sizeof(Body));
		finish_body(p, &p->setup, &index, plan->setup);
	}
	plan->nbodies = 0;
	for (Draft *draft = p->first_task; draft != NULL; draft = draft->next)
		finish_body(p, draft, &index, &plan->bodies[plan->nbodies++]);
	if (p->has_teardown)
	{
		plan->teardown = arena_alloc(plan->arena, sizeof(Body));
		finish_body(p, &p->teardown, &index, plan->teardown);
	}
	plan->nsteps = index;
	return check_weights(p);
}

void
parse_free_drafts(Parser *p)
{
	for (Draft *draft = p->first_task; draft != NULL; draft = draft->next)
		free(draft->steps);
	free(p->prelude.steps);
	free(p->setup.steps);
	free(p->teardown.steps);
}
