/*
 * compare_main.c
 *	  --compare: variants from the options, rounds, report, exit code.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compare.h"
#include "mem.h"
#include "options.h"
#include "outputs.h"

#define DEFAULT_ROUNDS 10

static const char as_given[] = "as given";

static bool
add_variant(Compare *compare, const Options *options, const char *name,
			Arena *arena, Err *err)
{
	CompareVariant *variant = &compare->variants[compare->nvariants];
	Options own;

	if (!options_variant(options, name == as_given ? "" : name, arena, &own,
						 err))
		return false;
	variant->name = name;
	variant->options = own.run;
	variant->options.quiet = true;
	variant->options.is_silent = true; /* a run that fails is told once */
	compare->nvariants++;
	return true;
}

/* One variant alone is held against the run as the rest of the line gives it.
 */
static bool
add_variants(Compare *compare, const Options *options, Arena *arena, Err *err)
{
	compare->variants =
		mem_alloc((size_t) (options->nvariants + 1) * sizeof(CompareVariant));
	if (options->nvariants == 1 &&
		!add_variant(compare, options, as_given, arena, err))
		return false;
	for (int i = 0; i < options->nvariants; i++)
		if (!add_variant(compare, options, options->variants[i], arena, err))
			return false;
	return true;
}

bool
compare_check_rows(const Plan *plan, const char *what, Err *err)
{
	for (int i = 0; i < plan->nbodies; i++)
		for (int j = 0; j < plan->bodies[i].nsteps; j++)
			if (plan->bodies[i].steps[j].kind == STEP_EMIT)
			{
				err_set(err, ERR_USAGE,
						"%s runs the plan many times, and has no place for "
						"the rows of \\emit",
						what);
				err_hint(err, "take \\emit out for this");
				plan_place(plan, plan->bodies[i].steps[j].place, err);
				return false;
			}
	return true;
}

static void
on_round(const Compare *compare, int round, int variant)
{
	if (round < 0)
		fprintf(stderr, "\r\033[Kwarming up: %.60s",
				compare->variants[variant].name);
	else
		fprintf(stderr, "\r\033[Kround %d of %d: %.60s", round + 1,
				compare->rounds, compare->variants[variant].name);
	fflush(stderr);
}

static int
run_and_report(Compare *compare, const Options *options, Outputs *outputs,
			   const Plan *plan)
{
	bool is_watched = isatty(STDERR_FILENO) && !options->quiet;
	uint64_t seed =
		options->run.seed != 0 ? options->run.seed : (uint64_t) time(NULL);
	Err err;
	int exit_code =
		compare_run(compare, plan, seed, is_watched ? on_round : NULL, &err);

	if (is_watched)
		fputs("\r\033[K", stderr);
	if (err.kind != ERR_NONE)
		err_print(stderr, "error", &err);
	if ((exit_code == 0 || exit_code == 3 || compare->rounds_done > 0) &&
		!outputs_report(outputs, compare, true, &err))
	{
		err_print(stderr, "error", &err);
		exit_code = exit_code == 0 ? 2 : exit_code;
	}
	return exit_code;
}

int
compare_main(const Options *options, Outputs *outputs, const Plan *plan)
{
	Compare compare = {.fail_if_slower = options->fail_if_slower};
	Arena *arena = arena_new();
	Err err;
	int exit_code = 1;

	compare.plan = plan->nsources > 0 ? plan->sources[0].name : "";
	compare.rounds = options->rounds > 0 ? options->rounds : DEFAULT_ROUNDS;
	if (!add_variants(&compare, options, arena, &err))
		err_print(stderr, "error", &err);
	else
		exit_code = run_and_report(&compare, options, outputs, plan);
	compare_clear(&compare);
	arena_free(arena);
	return exit_code;
}
