/*
 * test_report_verdict.c
 *	  The verdict: the word, why it took so long, what would help.
 */
#include "report_sample.h"

static const struct
{
	int wall_ms;
	int best_ms;
	int worst_ms;
	const char *word;
} verdicts[] = {{600, 600, 1200, "OVERLAPS"}, {660, 600, 1200, "OVERLAPS"},
				{670, 600, 1200, "PARTIAL"},  {1070, 600, 1200, "PARTIAL"},
				{1080, 600, 1200, "SERIAL"},  {600, 600, 600, "SERIAL"},
				{600, 550, 600, "SERIAL"}};

static void
test_verdicts(void)
{
	Sample *s = sample_new();
	Verdict verdict;

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
	{
		s->result.wall_ns = verdicts[i].wall_ms * MS;
		s->result.prediction.best_ns = verdicts[i].best_ms * MS;
		s->result.prediction.worst_ns = verdicts[i].worst_ms * MS;
		report_verdict(&s->result, &verdict);
		is_str(verdict.word, verdicts[i].word, "%d of %d to %d ms is %s",
			   verdicts[i].wall_ms, verdicts[i].best_ms, verdicts[i].worst_ms,
			   verdicts[i].word);
	}
	s->result.prediction.fix = FIX_CONNECTIONS;
	s->result.prediction.fix_value = 4;
	report_verdict(&s->result, &verdict);
	ok(strncmp(verdict.fix, "use 4 connections (--connections 4) ", 36) == 0,
	   "more connections: %s", verdict.fix);
	s->result.prediction.fix = FIX_NONE;
	s->result.prediction.best_ns = 900 * MS;
	report_verdict(&s->result, &verdict);
	is_str(verdict.fix,
		   "nothing to change: this is the best these steps can do.",
		   "nothing to change");
	sample_free(s);
}

/* A remedy without gain is none; the cause is what the remedy takes away. */
static void
test_causes(void)
{
	Sample *s = sample_new();
	Prediction *prediction = &s->result.prediction;
	Verdict verdict;

	prediction->fix_ns = prediction->predicted_ns - 2 * MS;
	prediction->fix_low_ns = prediction->fix_ns;
	report_verdict(&s->result, &verdict);
	is_str(verdict.fix,
		   "no single change gains; all steps async and no limits would take "
		   "0.600 s (\u221233 %).",
		   "two milliseconds are no gain");

	prediction->fix_ns = 700 * MS;
	prediction->fix_low_ns = 600 * MS;
	report_verdict(&s->result, &verdict);
	ok(strstr(verdict.fix, "0.600 s to 0.700 s, as steps that end together "
						   "fall out (\u221222 % at least)") != NULL,
	   "ties: the least that it gains: %s", verdict.fix);

	prediction->fix_ns = 600 * MS;
	s->result.mode = "blocking";
	report_verdict(&s->result, &verdict);
	ok(strstr(verdict.fix, " async, without --mode blocking \u2192") != NULL,
	   "a mark does nothing under --mode: %s", verdict.fix);

	s->result.mode = "sequential";
	prediction->fix = FIX_CONCURRENCY;
	prediction->fix_value = 2;
	s->result.concurrency = 1;
	report_verdict(&s->result, &verdict);
	ok(strstr(verdict.fix, "(-c 2, without --mode sequential)") != NULL,
	   "nor does -c: %s", verdict.fix);
	ok(strncmp(verdict.why, "tasks run one at a time; ", 25) == 0,
	   "the cause belongs to the remedy: %s", verdict.why);

	/* a hundred tasks' own work is little beside a hundred tasks' time */
	prediction->fix = FIX_NONE;
	s->result.wall_ns = 600 * MS;
	s->result.concurrency = 2;
	s->all.class_ns[CLASS_LOOP] = 0;
	s->all.class_ns[CLASS_CLIENT] = 50 * MS;
	report_verdict(&s->result, &verdict);
	ok(strncmp(verdict.why, "steps ran at the same time; ", 28) == 0,
	   "what overlaps needs no culprit: %s", verdict.why);

	s->plan.nsources = 2;
	report_verdict(&s->result, &verdict);
	ok(strstr(verdict.why, "(http, mixed.sql line 4)") != NULL,
	   "a line of which file: %s", verdict.why);
	sample_free(s);
}

/* Too many tasks for a prediction: the cause alone suggests what to do. */
static void
test_guesses(void)
{
	static const struct
	{
		Class class;
		const char *why;
		const char *fix;
	} guesses[] = {
		{CLASS_LOOP, "held the loop",
		 "make step 1 of t1 (http, line 4) async."},
		{CLASS_POOL, "for a connection", "use more connections"},
		{CLASS_THREAD, "for a worker thread, 67 % of their time.",
		 "allow more worker threads"},
		{CLASS_CONNECT, "for connections to open",
		 "open the connections before the clock starts, once: leave "
		 "--no-warm out."},
		{CLASS_CLIENT, "for the client's own work",
		 "the client's loop used 100 % of a core: run more of them (-j 2)."},
		{CLASS_SERVER, "most time is spent in step 1 of t1", ""}};

	for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++)
	{
		Sample *s = sample_new();
		Verdict verdict;

		s->result.has_prediction = false;
		s->result.connections = 1;
		s->result.concurrency = 4;
		s->result.asked.no_warm = true;
		s->result.loop_cpu_ns = guesses[i].class == CLASS_CLIENT
									? s->result.wall_ns
									: s->result.wall_ns / 2;
		memset(s->all.class_ns, 0, sizeof(s->all.class_ns));
		s->all.class_ns[guesses[i].class] = 1000 * MS;
		s->all.class_ns[CLASS_HTTP] += 500 * MS;
		s->stats[0].cost_ns = 1000 * MS;
		report_verdict(&s->result, &verdict);
		ok(strstr(verdict.why, guesses[i].why) != NULL, "%s: why: %s",
		   class_name(guesses[i].class), verdict.why);
		ok(strncmp(verdict.fix, guesses[i].fix, strlen(guesses[i].fix)) == 0 &&
			   (verdict.fix[0] == '\0') == (guesses[i].fix[0] == '\0'),
		   "%s: fix: %s", class_name(guesses[i].class), verdict.fix);
		sample_free(s);
	}
}

int
main(void)
{
	test_verdicts();
	test_causes();
	test_guesses();
	return done_testing();
}
