/*
 * live.c
 *	  --live: what the shards of a run are doing, gathered for the screen.
 */
#include <stdlib.h>

#include "live_private.h"
#include "live_screen.h"
#include "mem.h"

struct Live
{
	LiveSetup setup;
	LiveShard *shards;
	bool is_shown;
	int64_t begun_ns;

	/* The thread that draws */
	LivePast past;
	Histogram latency; /* of all shards, now */
};

/* -------- a frame -------- */

static void
fill_setup(const Live *live, LiveNumbers *numbers)
{
	const LiveSetup *setup = &live->setup;
	int interrupts = setup->interrupts(setup->arg);

	numbers->plan = setup->plan;
	numbers->title = setup->title != NULL		 ? setup->title
					 : setup->plan->nsources > 0 ? setup->plan->sources[0].name
												 : "";
	numbers->server = setup->server;
	numbers->stage = interrupts == 0   ? LIVE_RUNNING
					 : interrupts == 1 ? LIVE_DRAINING
									   : LIVE_CANCELING;
	numbers->total = setup->total;
	numbers->duration_ns = setup->duration_ns;
	numbers->concurrency = setup->concurrency;
	numbers->is_tuned = setup->is_tuned;
	numbers->pipeline = setup->pipeline;
	numbers->shards = setup->shards;
}

/* Until it was seen: it may be over by now. */
static void
fill_times(LiveNumbers *numbers)
{
	for (int i = 0; i < numbers->noldest; i++)
	{
		const LookTask *task = &numbers->oldest[i];

		numbers->ran_ns[i] = task->seen_ns - task->begun_ns;
		numbers->since_ns[i] = task->seen_ns - task->since_ns;
	}
}

static void
gather(Live *live, LiveNumbers *numbers)
{
	Gathered gathered = {.moment = {.time_ns = clock_now_ns()},
						 .latency = &live->latency,
						 .numbers = numbers};

	fill_setup(live, numbers);
	numbers->elapsed_ns = gathered.moment.time_ns - live->begun_ns;
	histogram_empty(&live->latency);
	for (int i = 0; i < live->setup.shards; i++)
		live_shard_gather(live_shard(live, i), &gathered);
	numbers->done = gathered.counts.done;
	numbers->failed = gathered.counts.failed;
	numbers->skipped = gathered.counts.skipped;
	numbers->running = gathered.counts.running;
	gathered.moment.ended = numbers->done + numbers->failed;
	gathered.moment.cpu_ns = clock_cpu_ns();
	live_past_add(&live->past, &gathered);
	fill_times(numbers);
}

/* Excerpts and hints, which are indented, have their place in the end. */
static void
take_messages(LiveNumbers *numbers, const char *const *messages, int count)
{
	for (int i = 0; i < count && numbers->nmessages < LIVE_MESSAGES; i++)
		if (messages[i][0] != ' ' && messages[i][0] != '\0')
			numbers->messages[numbers->nmessages++] = messages[i];
}

static void
draw(void *arg, FILE *out, int lines, const ReportStyle *style,
	 const char *const *messages, int nmessages)
{
	LiveNumbers *numbers = mem_alloc(sizeof(LiveNumbers));

	gather(arg, numbers);
	take_messages(numbers, messages, nmessages);
	live_view(out, numbers, lines, style);
	free(numbers);
}

/* -------- begin and end -------- */

bool
live_check(Err *err)
{
	return live_screen_check(err);
}

bool
live_keep(const char *color, Err *err)
{
	return live_screen_open(color, NULL, NULL, err);
}

void
live_keep_end(void)
{
	live_screen_close();
}

Live *
live_new(const LiveSetup *setup)
{
	Live *live = mem_alloc(sizeof(Live));

	live->setup = *setup;
	live->shards = live_shards_new(setup->shards);
	return live;
}

LiveShard *
live_shard(Live *live, int number)
{
	return live_shards_at(live->shards, number);
}

bool
live_begin(Live *live, int64_t begun_ns, Err *err)
{
	Moment first = {.time_ns = begun_ns, .cpu_ns = clock_cpu_ns()};

	live->begun_ns = begun_ns;
	live_past_begin(&live->past, &first);
	live->is_shown = live_screen_open(live->setup.color, draw, live, err);
	return live->is_shown;
}

void
live_end(Live *live)
{
	if (live->is_shown)
		live_screen_close();
	live->is_shown = false;
}

void
live_free(Live *live)
{
	if (live == NULL)
		return;
	live_shards_free(live->shards, live->setup.shards);
	live_past_clear(&live->past);
	histogram_clear(&live->latency);
	free(live);
}
