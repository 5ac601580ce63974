/*
 * fuzz_plan.c
 *		Any bytes as a plan: an error with a place, or a plan whose dump is a
 *		plan again, with the same dump.
 *
 * The expressions and templates of what was read are run as well, on
 * variables that hold one value of every kind.
 */
#include <string.h>

#include "fuzz.h"
#include "plan.h"

static Plan *
read_plan(const char *text, size_t len, Err *err)
{
	PlanSource source = {.name = "fuzz.sql", .text = text, .len = len};
	PlanContext context = {.any_name = true, .no_include = true};

	return plan_parse(&source, 1, &context, err);
}

static void
check_error(const Err *err)
{
	FILE *sink = fopen("/dev/null", "w");

	MUST(err->kind != ERR_NONE, "an error without a kind");
	MUST(err->message[0] != '\0', "an error without a message");
	MUST(err->caret >= 0 && err->caret <= (int) strlen(err->excerpt),
		 "a caret outside the excerpt");
	MUST(err->line > 0 || strstr(err->message, "nothing to run") != NULL,
		 "an error without a place");
	if (sink != NULL)
	{
		err_print(sink, "error", err);
		fclose(sink);
	}
}

static void
set_variables(Vars *vars, const Symbols *symbols)
{
	for (int i = 0; i < symbols->count; i++)
	{
		Value *value = vars_set(vars, i);

		switch (i % 6)
		{
			case 0:
				value_set_int(value, INT64_MIN + i);
				break;
			case 1:
				value_set_text(value, "it's \\ \"x\"\n:y", 12);
				break;
			case 2:
				value_set_null(value);
				break;
			case 3:
				value_set_double(value, -0.1 * i);
				break;
			case 4:
				value_set_number(value, "+007.50", 7);
				break;
			default:
				value_set_bool(value, i % 4 == 1);
				break;
		}
	}
}

static void
expand(const Template *template, const Vars *vars)
{
	Buf out;
	Err err = {0};

	for (int paste = 0; paste < 2; paste++)
	{
		buf_init(&out, 1 << 20);
		if (!template_expand(template, vars, paste == 1, &out, &err))
			MUST(err.message[0] != '\0', "a template fails without a message");
		else if (template->is_fixed && paste == 0)
			MUST(strcmp(out.data, template->fixed_text) == 0,
				 "a fixed text differs from its parts");
		buf_free(&out);
	}
}

static void
run_step(const PlanStep *step, const Vars *vars, RandomState *random)
{
	Value value = {0};
	Err err = {0};
	bool truth;

	if (step->kind == STEP_SET &&
		!expr_eval(step->set.expr, vars, random, &value, &err))
		MUST(err.line > 0, "an expression fails without a place");
	if (step->kind == STEP_SLEEP)
		(void) expr_eval(step->sleep.seconds, vars, random, &value, &err);
	if (step->kind == STEP_IF || step->kind == STEP_ASSERT)
		(void) expr_eval_bool(step->condition.expr, vars, random, &truth,
							  &err);
	if (step->kind == STEP_SQL)
		expand(&step->sql.text, vars);
	if (step->kind == STEP_HTTP)
	{
		expand(&step->http.url, vars);
		expand(&step->http.body, vars);
	}
	if (step->kind == STEP_ECHO)
		expand(&step->echo.text, vars);
	if (step->kind == STEP_SHELL)
		expand(&step->shell.command, vars);
	value_clear(&value);
}

static void
run_plan(const Plan *plan)
{
	Vars vars;
	RandomState random;

	vars_init(&vars, &plan->symbols, NULL);
	set_variables(&vars, &plan->symbols);
	random_seed(&random, 1);
	for (int i = 0; i < plan->nbodies; i++)
	{
		for (int k = 0; k < plan->bodies[i].nsteps; k++)
			run_step(&plan->bodies[i].steps[k], &vars, &random);
	}
	vars_clear(&vars);
}

static void
ignore_lint(void *arg, const Err *lint)
{
	(void) arg;
	check_error(lint);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Buf dumps[2] = {{0}, {0}};
	Err err = {0};
	Plan *plan = read_plan((const char *) data, size, &err);

	if (plan == NULL)
	{
		check_error(&err);
		return 0;
	}
	plan_lint(plan, ignore_lint, NULL);
	(void) plan_check_protocol(plan, false, &err);
	run_plan(plan);
	plan_dump(plan, &dumps[0]);
	plan_free(plan);
	err_clear(&err);
	plan = read_plan(dumps[0].data, dumps[0].len, &err);
	if (plan == NULL)
	{
		err_print(stderr, "error", &err);
		fprintf(stderr, "%s", dumps[0].data);
	}
	MUST(plan != NULL, "the dump is no plan");
	plan_dump(plan, &dumps[1]);
	if (strcmp(dumps[0].data, dumps[1].data) != 0)
		fprintf(stderr, "%s----\n%s", dumps[0].data, dumps[1].data);
	MUST(strcmp(dumps[0].data, dumps[1].data) == 0,
		 "the dump of the dump differs");
	plan_free(plan);
	buf_free(&dumps[0]);
	buf_free(&dumps[1]);
	return 0;
}
