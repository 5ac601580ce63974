/*
 * compare.c
 *	  Variants of one run held against each other.
 *
 * Machines drift: what is measured in one block is compared with the drift as
 * well.  So each round runs every variant once, in an order drawn anew, after
 * a warm-up of each that does not count.  What is compared is the wall time
 * per task, so that variants of -T, which end after the same time, compare by
 * what they got done.
 */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define SIGNIFICANT 0.05
#define WARM_UP (-1) /* a round that does not count */

static void
describe_failure(const CompareVariant *variant, int round, const Err *cause,
				 Err *err)
{
	char where[160];

	if (round == WARM_UP)
		snprintf(where, sizeof(where), "%.100s, warm-up: ", variant->name);
	else
		snprintf(where, sizeof(where), "%.100s, round %d: ", variant->name,
				 round + 1);
	*err = *cause;
	err_prefix(err, "%s", where);
}

/* The exit code of one run; 0: it is in the samples. */
static int
run_once(CompareVariant *variant, const Plan *plan, int round, Err *err)
{
	Err refused;
	Run *run = run_plan(plan, &variant->options, &refused);
	const RunResult *result = run_result(run);
	int exit_code = result->exit_code;
	int64_t tasks = 0;

	if (result->spans != NULL)
		tasks = result->spans->done;
	if (refused.kind != ERR_NONE)
		describe_failure(variant, round, &refused, err);
	else if (exit_code != 0 && result->first_error != NULL)
		describe_failure(variant, round, result->first_error, err);
	if (exit_code == 0 && round != WARM_UP && tasks > 0)
	{
		double wall_s = (double) result->wall_ns / 1e9;

		variant->tasks = tasks;
		sample_add(&variant->wall_s, wall_s);
		sample_add(&variant->took_s, wall_s / (double) tasks);
	}
	run_free(run);
	return exit_code;
}

static void
shuffle(int *order, int count, RandomState *random)
{
	for (int i = count - 1; i > 0; i--)
	{
		int j = (int) random_uniform(random, 0, i);
		int moved = order[i];

		order[i] = order[j];
		order[j] = moved;
	}
}

static int
run_round(Compare *compare, const Plan *plan, int round, RandomState *random,
		  void (*on_round)(const Compare *, int, int), Err *err)
{
	int *order = mem_alloc((size_t) compare->nvariants * sizeof(int));
	int exit_code = 0;

	for (int i = 0; i < compare->nvariants; i++)
		order[i] = i;
	shuffle(order, compare->nvariants, random);
	for (int i = 0; i < compare->nvariants && exit_code == 0; i++)
	{
		if (on_round != NULL)
			on_round(compare, round, order[i]);
		exit_code = run_once(&compare->variants[order[i]], plan, round, err);
	}
	free(order);
	return exit_code;
}

/* A round that was not run to its end counts for none of them. */
static void
cut_to_whole_rounds(Compare *compare)
{
	int least = compare->rounds;

	for (int i = 0; i < compare->nvariants; i++)
		if (compare->variants[i].took_s.count < least)
			least = compare->variants[i].took_s.count;
	for (int i = 0; i < compare->nvariants; i++)
	{
		compare->variants[i].took_s.count = least;
		compare->variants[i].wall_s.count = least;
	}
	compare->rounds_done = least;
}

static void
judge(Compare *compare, CompareVariant *variant, RandomState *random)
{
	const CompareVariant *first = &compare->variants[0];
	double base = sample_mean(&first->took_s);

	if (variant->tasks != first->tasks)
		compare->same_tasks = false;
	variant->ratio = base > 0 ? sample_mean(&variant->took_s) / base : 0;
	variant->has_interval =
		sample_ratio_interval(&variant->took_s, &first->took_s, random,
							  &variant->low, &variant->high);
	variant->p = sample_rank_p(&variant->took_s, &first->took_s);
	variant->is_significant = variant->p < SIGNIFICANT;
}

void
compare_find_slower(Compare *compare)
{
	double limit = 1 + compare->fail_if_slower / 100;

	compare->slower = -1;
	for (int i = 1; i < compare->nvariants; i++)
	{
		const CompareVariant *variant = &compare->variants[i];

		if (compare->fail_if_slower >= 0 && variant->is_significant &&
			variant->ratio > limit &&
			(compare->slower < 0 ||
			 variant->ratio > compare->variants[compare->slower].ratio))
			compare->slower = i;
	}
}

const Sample *
compare_times(const Compare *compare, int variant)
{
	const CompareVariant *one = &compare->variants[variant];

	return compare->same_tasks ? &one->wall_s : &one->took_s;
}

static void
judge_all(Compare *compare, RandomState *random)
{
	compare->same_tasks = true;
	for (int i = 1; i < compare->nvariants; i++)
		judge(compare, &compare->variants[i], random);
	compare_find_slower(compare);
}

int
compare_run(Compare *compare, const Plan *plan, uint64_t seed,
			void (*on_round)(const Compare *compare, int round, int variant),
			Err *err)
{
	RandomState random;
	int exit_code = 0;

	err->kind = ERR_NONE;
	random_seed(&random, seed);
	for (int round = WARM_UP; round < compare->rounds && exit_code == 0;
		 round++)
		exit_code = run_round(compare, plan, round, &random, on_round, err);
	compare->interrupted = exit_code == 130;
	cut_to_whole_rounds(compare);
	judge_all(compare, &random);
	if (exit_code == 0 && compare->slower >= 0)
		exit_code = 3;
	return exit_code;
}

void
compare_clear(Compare *compare)
{
	for (int i = 0; i < compare->nvariants; i++)
	{
		sample_clear(&compare->variants[i].took_s);
		sample_clear(&compare->variants[i].wall_s);
	}
	free(compare->variants);
}
