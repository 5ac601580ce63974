/*
 * sweep_main.c
 *	  asyncdemo sweep: points from the options, runs, report, exit code.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "live.h"
#include "options.h"
#include "outputs.h"
#include "sweep.h"

#define DEFAULT_ROUNDS 3
#define DEFAULT_POINT_NS NS_PER_S
#define DEFAULT_TO_IN_FLIGHT 256
#define DEFAULT_FROM_RATE 10
#define DEFAULT_TO_RATE 10000

typedef struct SweepMaker
{
	const Options *options;
	const Sweep *sweep;
	Arena *arena;
	int made; /* runs */
	char title[80];
} SweepMaker;

/*
 * The options of one point: as given, with the setting that is swept, for so
 * long.  With connections swept as many tasks are in flight as ever.
 */
static bool
make_options(void *arg, int value, RunOptions *run, Err *err)
{
	SweepMaker *maker = arg;
	const Sweep *sweep = maker->sweep;
	char text[128];
	Options options;

	snprintf(text, sizeof(text), "%s=%d time=%.3fs",
			 sweep_over_name(sweep->over), value, sweep->point_s);
	if (!options_variant(maker->options, text, maker->arena, &options, err))
		return false;
	*run = options.run;
	if (sweep->over == OVER_CONNECTIONS && run->concurrency == 0)
		run->concurrency = sweep->to;
	run->quiet = true;
	run->is_silent = true;
	snprintf(maker->title, sizeof(maker->title), "sweep, run %d: %s %d",
			 ++maker->made, sweep_over_name(sweep->over), value);
	run->live_title = maker->title;
	return true;
}

static void
on_point(const Sweep *sweep, int value, int number, int count)
{
	fprintf(stderr, "\r\033[K%s %d (%d of %d)", sweep_over_name(sweep->over),
			value, number, count);
	fflush(stderr);
}

static int
run_and_report(Sweep *sweep, const Options *options, Outputs *outputs,
			   const Plan *plan)
{
	bool is_watched = isatty(STDERR_FILENO) && !options->quiet;
	uint64_t seed =
		options->run.seed != 0 ? options->run.seed : (uint64_t) time(NULL);
	SweepMaker maker = {
		.options = options, .sweep = sweep, .arena = arena_new()};
	Err err;
	bool is_live = options->run.live && live_keep(options->color, &err);
	int exit_code;

	if (options->run.live && !is_live)
		err_print(stderr, "warning", &err);
	is_watched = is_watched && !options->run.live;
	exit_code = sweep_run(sweep, plan, seed, make_options, &maker,
						  is_watched ? on_point : NULL, &err);
	if (is_live)
		live_keep_end();
	if (is_watched)
		fputs("\r\033[K", stderr);
	if (err.kind != ERR_NONE)
		err_print(stderr, "error", &err);
	if (sweep->npoints > 0 && !outputs_report(outputs, sweep, true, &err))
	{
		err_print(stderr, "error", &err);
		exit_code = exit_code == 0 ? 2 : exit_code;
	}
	arena_free(maker.arena);
	return exit_code;
}

static void
fill_defaults(Sweep *sweep, const Options *options)
{
	bool is_rate = sweep->over == OVER_RATE;

	sweep->from = options->from > 0 ? options->from
				  : is_rate			? DEFAULT_FROM_RATE
									: 1;
	sweep->to = options->to > 0 ? options->to
				: is_rate		? DEFAULT_TO_RATE
								: DEFAULT_TO_IN_FLIGHT;
	sweep->rounds = options->rounds > 0 ? options->rounds : DEFAULT_ROUNDS;
	sweep->point_s = (double) (options->point_ns > 0 ? options->point_ns
													 : DEFAULT_POINT_NS) /
					 1e9;
}

static bool
check(const Sweep *sweep, const Options *options, Err *err)
{
	const RunOptions *run = &options->run;

	if (run->tasks > 0 || run->per_slot > 0 || run->duration_ns > 0)
	{
		err_set(err, ERR_USAGE,
				"a sweep runs each point for a time, not for --tasks, -t or "
				"-T");
		err_hint(err, "say how long with --point-time");
		return false;
	}
	if (sweep->from >= sweep->to)
	{
		err_set(err, ERR_USAGE, "--from %d is not below --to %d", sweep->from,
				sweep->to);
		err_hint(err, "a sweep goes from the smaller one to the larger");
		return false;
	}
	return true;
}

int
sweep_main(const Options *options, Outputs *outputs, const Plan *plan)
{
	Sweep sweep = {.over = options->over, .slo = options->slo};
	Err err;
	int exit_code = 1;

	sweep.plan = plan->nsources > 0 ? plan->sources[0].name : "";
	fill_defaults(&sweep, options);
	if (check(&sweep, options, &err))
		exit_code = run_and_report(&sweep, options, outputs, plan);
	else
		err_print(stderr, "error", &err);
	sweep_clear(&sweep);
	return exit_code;
}
