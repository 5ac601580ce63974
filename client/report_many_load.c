/*
 * report_many_load.c
 *	  Saved sweeps and comparisons, as what they were written from.
 *
 * What was measured is read; what follows from it is worked out again, but for
 * what chance has a part in (the bootstrap's intervals).
 */
#include "report_many_load.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "report_load.h"

#define MOST 100000 /* points, variants, rounds */

static void
load_sample(JsonIn *in, json_t *from, const char *key, Sample *sample)
{
	json_t *list = json_in_array(in, from, key);
	size_t i;
	json_t *value;

	if (json_array_size(list) == 0 || json_array_size(list) > MOST)
		json_in_wrong(in, key, "is no list of measurements");
	json_array_foreach(list, i, value)
	{
		if (in->failed)
			return;
		if (!json_is_number(value) || !(json_number_value(value) >= 0) ||
			json_number_value(value) > JSON_IN_MOST)
			json_in_wrong(in, key, "is no list of numbers from 0 on");
		else
			sample_add(sample, json_number_value(value));
	}
}

/* -------- sweeps -------- */

static const char *
over_word(int over)
{
	return sweep_over_name((SweepOver) over);
}

static void
load_point(JsonIn *in, json_t *from, SweepPoint *point)
{
	json_t *classes = json_in_object(in, from, "classes");

	point->value = (int) json_in_count(in, from, "value", INT32_MAX);
	if (point->value < 1)
		json_in_wrong(in, "value", "is out of range");
	load_sample(in, from, "rates", &point->rate);
	load_histogram(in, from, "latency", &point->latency);
	point->slo_ns = json_in_ns_or(in, from, "slo", 0);
	for (Class class = 0; classes != NULL && class < CLASSES; class ++)
		point->class_ns[class] =
			(double) json_in_ns_or(in, classes, class_name(class), 0);
	point->in_flight = json_in_real(in, from, "in_flight");
	point->cpu = json_in_real(in, from, "cpu");
	point->loops = (int) json_in_count(in, from, "loops", INT32_MAX);
	point->trend = json_in_real(in, from, "trend");
	point->tasks = json_in_count(in, from, "tasks", INT64_MAX);
	point->failed = json_in_count(in, from, "failed", INT64_MAX);
	point->is_steady = json_in_bool_or(in, from, "steady", true);
	point->is_client_bound = json_in_bool_or(in, from, "client_bound", false);
	point->holds_slo = json_in_bool_or(in, from, "holds_slo", true);
}

static void
load_points(JsonIn *in, json_t *root, Sweep *sweep)
{
	json_t *list = json_in_array(in, root, "points");
	size_t n = json_array_size(list);

	if (n == 0 || n > MOST)
	{
		json_in_wrong(in, "points", "are none");
		return;
	}
	sweep->points = mem_alloc(n * sizeof(SweepPoint));
	for (size_t i = 0; i < n && !in->failed; i++)
	{
		snprintf(in->place, sizeof(in->place), "points[%zu]", i);
		load_point(in, json_array_get(list, i), &sweep->points[i]);
		sweep->npoints++;
		if (i > 0 && sweep->points[i].value <= sweep->points[i - 1].value)
			json_in_wrong(in, "value", "is not above the one before");
	}
	in->place[0] = '\0';
}

static void
load_slo(JsonIn *in, json_t *root, SweepSlo *slo)
{
	json_t *from = json_in_object_or_none(in, root, "slo");

	if (from == NULL)
		return;
	slo->is_set = true;
	slo->name = json_in_string(in, from, "of");
	slo->limit_ns = json_in_ns(in, from, "limit");
	if (slo->limit_ns <= 0)
		json_in_wrong(in, "slo", "has no limit above nothing");
}

Sweep *
sweep_load(JsonIn *in, json_t *root)
{
	Sweep *sweep = mem_alloc(sizeof(*sweep));

	sweep->plan = json_in_string(in, root, "plan");
	sweep->over =
		(SweepOver) json_in_word(in, root, "over", over_word, OVER_RATE + 1);
	sweep->from = (int) json_in_count_or(in, root, "from", INT32_MAX, 0);
	sweep->to = (int) json_in_count_or(in, root, "to", INT32_MAX, 0);
	sweep->rounds = (int) json_in_count(in, root, "rounds", INT32_MAX);
	sweep->point_s = json_in_real(in, root, "point_time");
	sweep->interrupted = json_in_bool_or(in, root, "interrupted", false);
	load_slo(in, root, &sweep->slo);
	load_points(in, root, sweep);
	if (!in->failed)
	{
		sweep_judge(sweep);
		return sweep;
	}
	sweep_clear(sweep);
	free(sweep);
	return NULL;
}

/* -------- comparisons -------- */

static void
load_interval(JsonIn *in, json_t *from, CompareVariant *variant)
{
	json_t *pair = json_in_array_or_none(in, from, "interval");

	if (pair == NULL)
		return;
	variant->has_interval = true;
	variant->low = json_number_value(json_array_get(pair, 0));
	variant->high = json_number_value(json_array_get(pair, 1));
	if (json_array_size(pair) != 2 || !(variant->low <= variant->high))
		json_in_wrong(in, "interval", "is no pair of numbers");
}

static void
load_variant(JsonIn *in, json_t *from, CompareVariant *variant, bool is_first)
{
	json_t *wall = json_in_object(in, from, "wall");
	json_t *took = json_in_object(in, from, "time_per_task");

	variant->name = json_in_string(in, from, "name");
	variant->tasks = json_in_count(in, from, "tasks", INT64_MAX);
	if (wall != NULL)
		load_sample(in, wall, "values", &variant->wall_s);
	if (took != NULL)
		load_sample(in, took, "values", &variant->took_s);
	if (variant->wall_s.count != variant->took_s.count)
		json_in_wrong(in, "wall", "has not as many values as time_per_task");
	if (is_first)
		return;
	variant->ratio = json_in_real(in, from, "ratio");
	load_interval(in, from, variant);
	variant->p = json_in_real(in, from, "p");
	variant->is_significant = json_in_bool_or(in, from, "significant", false);
}

static void
load_variants(JsonIn *in, json_t *root, Compare *compare)
{
	json_t *list = json_in_array(in, root, "variants");
	size_t n = json_array_size(list);

	if (n < 2 || n > MOST)
	{
		json_in_wrong(in, "variants", "are not two at least");
		return;
	}
	compare->variants = mem_alloc(n * sizeof(CompareVariant));
	compare->same_tasks = true;
	for (size_t i = 0; i < n && !in->failed; i++)
	{
		CompareVariant *variant = &compare->variants[compare->nvariants++];

		snprintf(in->place, sizeof(in->place), "variants[%zu]", i);
		load_variant(in, json_array_get(list, i), variant, i == 0);
		if (variant->tasks != compare->variants[0].tasks)
			compare->same_tasks = false;
		if (variant->wall_s.count != compare->variants[0].wall_s.count)
			json_in_wrong(in, "wall", "has not as many values as the first");
	}
	in->place[0] = '\0';
}

Compare *
compare_load(JsonIn *in, json_t *root)
{
	Compare *compare = mem_alloc(sizeof(*compare));

	compare->plan = json_in_string(in, root, "plan");
	compare->rounds = compare->rounds_done =
		(int) json_in_count(in, root, "rounds", INT32_MAX);
	compare->interrupted = json_in_bool_or(in, root, "interrupted", false);
	compare->fail_if_slower = json_object_get(root, "fail_if_slower") != NULL
								  ? json_in_real(in, root, "fail_if_slower")
								  : -1;
	load_variants(in, root, compare);
	if (!in->failed &&
		compare->variants[0].wall_s.count != compare->rounds_done)
		json_in_wrong(in, "rounds", "are not as many as the values");
	if (!in->failed)
	{
		compare_find_slower(compare);
		return compare;
	}
	compare_clear(compare);
	free(compare);
	return NULL;
}
