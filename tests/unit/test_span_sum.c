/*
 * test_span_sum.c
 *		What spans come to: many tasks, failures, several loops together.
 */
#include "span_helper.h"

/* Many tasks at random: sums, and bounds that do not grow. */
static void
test_many(void)
{
	int64_t now = 0;
	int64_t sum = 0;

	begin(5);
	for (uint64_t i = 1; i <= 1000; i++)
		task_ready(0, i, "t");
	for (uint64_t i = 1; i <= 20000; i++)
	{
		step(now, i, http, CALL_ASYNC, STEP_QUEUED);
		step(now + 1, i, http, CALL_ASYNC, STEP_RUNNING);
		blocking_step(now + 2, now + 3 + (int64_t) (i * 7919 % 13), i + 1,
					  nap);
		now += 3 + (int64_t) (i * 7919 % 13);
		arrived(now - 1, i);
		step(now, i, http, CALL_ASYNC, STEP_OK);
		task_done(now, i, 0, NULL);
		task_ready(now, i + 1000, "t");
	}
	run_end(now);
	for (int i = 0; i < CLASSES; i++)
		sum += spans->class_ns[i];
	is_i64(sum, spans->task_ns, "the classes of all tasks add up");
	is_i64(spans->done, 20000, "all ended");
	is_i64(spans->canceled, 1000, "but for those that were left");
	is_i64(spans->ntasks, 5, "five were kept");
	is_i64(spans->nholds, 256, "a bounded number of holds");
	end();
}

/*
 * More tasks than there are holds looked at one by one, each of which blocks
 * once: the n-th waited for the n - 1 before it, and nothing is lost.
 */
static void
test_crowd(void)
{
	const int n = 3000;
	int64_t wrong = 0;

	begin(n);
	for (int i = 1; i <= n; i++)
		task_ready(0, (uint64_t) i, "t");
	for (int i = 1; i <= n; i++)
	{
		blocking_step(i - 1, i, (uint64_t) i, nap);
		task_done(i, (uint64_t) i, 0, NULL);
	}
	run_end(n);
	for (int i = 0; i < n; i++)
		wrong += spans->tasks[i].class_ns[CLASS_LOOP] != i * MS ||
				 spans->tasks[i].class_ns[CLASS_SLEEP] != MS;
	is_i64(wrong, 0, "each waited for all before it, and for nothing else");
	is_i64(spans->steps[nap->index].holds, n, "all holds are counted");
	is_i64(spans->steps[nap->index].held_ns, n * MS, "and their time");
	is_i64(spans->slowest[0].took_ns, n * MS, "the slowest of all");
	ok(spans->slowest[0].number == (uint64_t) n &&
		   spans->slowest[4].number == (uint64_t) n - 4 &&
		   spans->slowest[0].mostly == CLASS_LOOP,
	   "five of them, in order, and why");
	end();

	/* here all can be charged one by one: what each cost is exact */
	begin(1);
	for (int i = 1; i <= 200; i++)
		task_ready(0, (uint64_t) i, "t");
	for (int i = 1; i <= 200; i++)
	{
		blocking_step(i - 1, i, (uint64_t) i, nap);
		task_done(i, (uint64_t) i, 0, NULL);
	}
	run_end(200);
	for (int i = 0; i < 200; i++)
		wrong += spans->holds[i].cost_ns != (199 - i) * MS;
	is_i64(wrong, 0, "a hold costs each of those who wait");
	is_i64(spans->steps[nap->index].cost_ns, spans->class_ns[CLASS_LOOP],
		   "what the holds cost is what the tasks lost");
	end();
}

/* At random, against a sum that looks at every hold of every wait. */
static void
test_against_sum(void)
{
	enum
	{
		TASKS = 40,
		HOLDS = 500
	};
	int64_t from[HOLDS];
	int64_t until[HOLDS];
	int64_t wrong = 0;
	int64_t lost = 0;
	int64_t now = 0;
	uint32_t random = 7;

	begin(TASKS);
	for (int i = 0; i < HOLDS; i++)
	{
		random = random * 1664525u + 1013904223u;
		if (i % (HOLDS / TASKS) == 0 && i / (HOLDS / TASKS) < TASKS)
			task_ready(now, (uint64_t) (i / (HOLDS / TASKS)) + 1, "t");
		now += random >> 30;
		from[i] = now;
		now += 1 + (random >> 28) % 5;
		until[i] = now;
		hold(from[i], until[i], 4711, nap);
		if ((random >> 16) % 3 == 0)
			whole_step(now, now, 1 + (random >> 8) % TASKS, set);
	}
	for (int i = 0; i < TASKS; i++)
		task_done(now, (uint64_t) i + 1, 0, NULL);
	run_end(now);
	for (int i = 0; i < TASKS; i++)
	{
		int64_t want = 0;

		for (int j = 0; j < HOLDS; j++)
			if (from[j] * MS >= spans->tasks[i].begun_ns)
				want += (until[j] - from[j]) * MS;
		wrong += want != spans->tasks[i].class_ns[CLASS_LOOP];
		lost += want;
	}
	is_i64(wrong, 0, "every wait has all of its holds");
	is_i64(spans->steps[nap->index].cost_ns, lost, "every hold its waits");
	end();
}

static void
test_failures(void)
{
	char message[32];
	int64_t sum = 0;

	begin(1);
	for (int i = 0; i < 1000; i++)
	{
		snprintf(message, sizeof(message), "error %d", i % 20);
		task_ready(i, (uint64_t) i + 1, "t");
		task_done(i, (uint64_t) i + 1, 1, message);
	}
	run_end(1000);
	for (int i = 0; i < spans->nfailures; i++)
		sum += spans->failures[i].count;
	is_i64(spans->nfailures, FAILURES_KEPT, "a bounded number of messages");
	is_i64(sum, FAILURES_KEPT * 50, "counted, though only one task is kept");
	is_str(spans->failures[3].message, "error 3", "in the order they came");
	end();
}

/* A hold that cost something outlives any number that cost nothing. */
static void
test_costliest(void)
{
	begin(1);
	for (int i = 0; i < 300; i++)
		hold(i, i + 1, 7, nap);
	task_ready(300, 1, "t");
	hold(300, 350, 7, nap);
	whole_step(350, 360, 1, http);
	task_done(360, 1, 0, NULL);
	for (int i = 360; i < 1000; i++)
		hold(i, i + 1, 7, nap);
	run_end(1000);
	is_i64(spans->nholds, 256, "no more than 256 holds");
	for (int i = 0; i < spans->nholds; i++)
		if (spans->holds[i].cost_ns > 0)
			is_i64(spans->holds[i].cost_ns, 50 * MS, "the costly one");
	is_i64(spans->holds[255].cost_ns, 50 * MS, "is kept, in order of time");
	end();
}

/* What one loop of two has seen: odd tasks, or even ones. */
static Spans *
one_of_two(int first)
{
	Spans *made;

	begin(3);
	for (int i = first; i <= 8; i += 2)
	{
		task_ready(i, (uint64_t) i, "t");
		if (i % 4 == 1)
			blocking_step(i, i + 10 * i, (uint64_t) i, nap);
		else
			whole_step(i, i + 10 * i, (uint64_t) i, http);
		task_done(i + 10 * i, (uint64_t) i, i > 6, i > 6 ? "broke" : NULL);
	}
	run_end(100);
	made = spans;
	spans = NULL;
	return made;
}

static void
test_merge(void)
{
	Spans *odd = one_of_two(1);
	Spans *even = one_of_two(2);

	spans_merge(odd, even);
	spans_free(even); /* nothing of it is missing or shared */
	is_i64(odd->done, 6, "merge: all that ended well");
	is_i64(odd->failed, 2, "merge: all that failed");
	is_i64(odd->latency.count, 8, "merge: one histogram");
	is_i64(odd->latency.max_ns, 80 * MS, "merge: the slowest is the other's");
	is_i64(odd->task_ns, 360 * MS, "merge: all the tasks' time");
	is_i64(odd->ntasks, 3, "merge: as many tasks as one keeps");
	for (int i = 0; i < odd->ntasks; i++)
		is_i64((int64_t) odd->tasks[i].number, i + 1,
			   "merge: the first ones, in order");
	is_i64(odd->slowest[0].took_ns, 80 * MS, "merge: slowest of all");
	is_i64(odd->nslowest, SLOWEST_KEPT, "merge: and no more than are kept");
	is_i64(odd->nfailures, 1, "merge: one kind of failure");
	is_i64(odd->failures[0].count, 2, "merge: of both");
	is_i64(odd->steps[http->index].count, 6, "merge: steps of both");
	is_i64(odd->steps[nap->index].holds, 2, "merge: holds");
	is_i64(odd->run_ended_ns, 100 * MS, "merge: the end");
	spans_free(odd);
}

int
main(void)
{
	if (!span_plan_open())
		return done_testing();
	test_many();
	test_crowd();
	test_against_sum();
	test_failures();
	test_costliest();
	test_merge();
	plan_free(plan);
	return done_testing();
}
