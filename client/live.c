/*
 * live.c
 *	  --live: what the shards of a run are doing, gathered for the screen.
 *
 * What a shard has left is under its own lock, which is held for as long as a
 * copy takes; the tallies may be read at any time.  All else belongs to the
 * thread that draws.
 */
#include "live.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "live_screen.h"
#include "live_view.h"
#include "mem.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define LOOK_NS (NS_PER_SECOND / 10)
#define LOOK_COST 200	  /* a look takes this part of the time at most */
#define MOMENTS 16		  /* of the last second and a bit */
#define LEAST_PART 0.005  /* of the time, to be worth a line */
#define LATENCY_SECONDS 5 /* that the percentiles are of */

struct LiveShard
{
	const Spans *spans;
	const Tally *tally;
	SpansLook scratch; /* the shard's own */

	pthread_mutex_t lock;
	SpansLook look;
	LivePool pool;
	bool is_held;		   /* a blocking call has the loop */
	int64_t held_ns;	   /* by all that are over */
	int64_t held_since_ns; /* the newest one, as the next two */
	uint64_t holder;
	const PlanStep *holds;	   /* NULL: there was none yet */
	double unseen_ns[CLASSES]; /* calls that are over, since the look */
};

/* The sums at one moment, to be held against those of another. */
typedef struct Moment
{
	int64_t time_ns;
	int64_t ended;
	int64_t cpu_ns;
	double held_ns; /* the loops, all together */
	double class_ns[CLASSES];
} Moment;

struct Live
{
	LiveSetup setup;
	LiveShard *shards;
	bool is_shown;
	int64_t begun_ns;

	/* The thread that draws */
	Moment moments[MOMENTS]; /* a ring */
	int64_t nmoments;
	double rates[LIVE_RATES];
	int nrates;
	int64_t second_ended; /* tasks that had when this second began */
	int64_t nseconds;	  /* that are over */
	Histogram seconds[LATENCY_SECONDS + 1]; /* a ring: sums at their end */
	Histogram latency;						/* of all shards, now */
	Histogram recent;
	FailureKind failures[FAILURES_KEPT]; /* in order of their last news */
	int nfailures;
	bool has_class[CLASSES]; /* it had a part that is worth a line */
};

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static int64_t
cpu_now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0)
		return 0;
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* -------- a shard's side -------- */

void
live_shard_is(LiveShard *shard, const Spans *spans, const Tally *tally)
{
	shard->spans = spans;
	shard->tally = tally;
}

/* With ten thousand tasks in flight a look is no trifle. */
int64_t
live_shard_look(LiveShard *shard, const LivePool *pool)
{
	int64_t begun_ns = now_ns();
	SpansLook before;
	int64_t rest_ns;

	spans_look(shard->spans, begun_ns, &shard->scratch);
	pthread_mutex_lock(&shard->lock);
	before = shard->look;
	shard->look = shard->scratch;
	memset(shard->unseen_ns, 0, sizeof(shard->unseen_ns));
	shard->pool = *pool;
	pthread_mutex_unlock(&shard->lock);
	shard->scratch = before;
	rest_ns = (now_ns() - begun_ns) * LOOK_COST;
	return begun_ns + (rest_ns > LOOK_NS ? rest_ns : LOOK_NS);
}

/* Of the call that has the loop, or had it last. */
static Class
hold_class(const LiveShard *shard)
{
	return shard->holds != NULL ? class_of_kind(shard->holds->kind)
								: CLASS_CLIENT;
}

static void
hold_ends(LiveShard *shard, int64_t time_ns)
{
	int64_t took_ns = time_ns - shard->held_since_ns;

	if (!shard->is_held)
		return;
	shard->is_held = false;
	shard->held_ns += took_ns;
	shard->unseen_ns[hold_class(shard)] += (double) took_ns;
}

void
live_shard_event(void *arg, const Event *event)
{
	LiveShard *shard = arg;

	if ((event->kind != EVENT_HOLD && event->kind != EVENT_HOLD_END) ||
		event->task >= TRACE_SETUP)
		return;
	pthread_mutex_lock(&shard->lock);
	hold_ends(shard, event->time_ns);
	if (event->kind == EVENT_HOLD)
	{
		shard->is_held = true;
		shard->held_since_ns = event->time_ns;
		shard->holder = event->task;
		shard->holds = event->step;
	}
	pthread_mutex_unlock(&shard->lock);
}

/* -------- putting looks together -------- */

typedef struct Gathered
{
	int64_t now_ns;
	Counts counts;
	Moment moment;
	int64_t hold_since_ns; /* of the newest hold of all shards */
	LiveNumbers *numbers;
} Gathered;

/* How long all tasks of a class go on with what they do, of held_ns each. */
static double
goes_on_ns(const SpansLook *look, Class class, double held_ns)
{
	double all_ns = held_ns * look->in_class[class];

	switch (class)
	{
		case CLASS_SERVER:
		case CLASS_HTTP:
		case CLASS_SLEEP:
			return (double) look->rest_ns[class] < all_ns
					   ? (double) look->rest_ns[class]
					   : all_ns;
		case CLASS_POOL:
		case CLASS_THREAD:
		case CLASS_CONNECT:
		case CLASS_BACKOFF:
			return all_ns;
		default:
			return 0; /* ready: it waits for the loop */
	}
}

/*
 * While the loop is held nobody looks.  What was under way goes on for as
 * long as such steps usually take; then its answer is there, and waits for
 * the loop as everything else does.
 */
static void
add_unseen(Gathered *gathered, const LiveShard *shard)
{
	const SpansLook *look = &shard->look;
	double *class_ns = gathered->moment.class_ns;
	double held_ns = 0;
	double left_ns;

	if (shard->is_held && gathered->now_ns > shard->held_since_ns)
	{
		held_ns = (double) (gathered->now_ns - shard->held_since_ns);
		class_ns[hold_class(shard)] += held_ns;
	}
	for (Class class = 0; class < CLASSES; class ++)
	{
		class_ns[class] += shard->unseen_ns[class];
		held_ns += shard->unseen_ns[class];
	}
	left_ns = held_ns * (look->nlive - 1);
	for (Class class = 0; class < CLASSES && left_ns > 0; class ++)
	{
		double part_ns = goes_on_ns(look, class, held_ns);

		part_ns = part_ns < left_ns ? part_ns : left_ns;
		class_ns[class] += part_ns;
		left_ns -= part_ns;
	}
	if (left_ns > 0)
		class_ns[CLASS_LOOP] += left_ns;
}

/* It has the loop, and all others that could go on wait for that. */
static void
correct_oldest(const LiveShard *shard, int64_t time_ns, LookTask *task)
{
	task->seen_ns = time_ns;
	if (task->number == shard->holder)
	{
		task->step = shard->holds;
		task->class = hold_class(shard);
		task->since_ns = shard->held_since_ns;
	}
	else if (task->class == CLASS_CLIENT || task->class == CLASS_QUEUED ||
			 (task->usual_ns > 0 && task->since_ns + task->usual_ns < time_ns))
		task->class = CLASS_LOOP;
}

static void
add_hold(Gathered *gathered, const LiveShard *shard)
{
	LiveNumbers *numbers = gathered->numbers;
	int64_t held_ns = gathered->now_ns - shard->held_since_ns;

	if (shard->holds == NULL)
		return;
	add_unseen(gathered, shard);
	gathered->moment.held_ns += (double) shard->held_ns;
	if (shard->held_since_ns >= gathered->hold_since_ns)
	{
		gathered->hold_since_ns = shard->held_since_ns;
		numbers->holds = shard->holds;
		numbers->holder = shard->holder;
	}
	if (!shard->is_held || held_ns <= 0)
		return;
	gathered->moment.held_ns += (double) held_ns;
	if (held_ns > numbers->held_ns)
		numbers->held_ns = held_ns;
}

/* The oldest of all shards, the first of them first. */
static void
add_oldest(Gathered *gathered, const LiveShard *shard)
{
	const SpansLook *look = &shard->look;
	LiveNumbers *numbers = gathered->numbers;

	for (int i = 0; i < look->noldest; i++)
	{
		int at = numbers->noldest;

		if (at < LOOK_OLDEST)
			numbers->noldest++;
		else if (look->oldest[i].begun_ns >= numbers->oldest[--at].begun_ns)
			break;
		for (; at > 0 &&
			   numbers->oldest[at - 1].begun_ns > look->oldest[i].begun_ns;
			 at--)
			numbers->oldest[at] = numbers->oldest[at - 1];
		numbers->oldest[at] = look->oldest[i];
		if (shard->is_held)
			correct_oldest(shard, gathered->now_ns, &numbers->oldest[at]);
	}
}

/* Two shards may have failed in the same way. */
static void
add_failures(FailureKind *failures, int *count, const SpansLook *look)
{
	for (int i = 0; i < look->nfailures; i++)
	{
		int at = 0;

		while (at < *count &&
			   strcmp(failures[at].message, look->failures[i].message) != 0)
			at++;
		if (at == FAILURES_KEPT)
			continue;
		if (at == *count)
			failures[(*count)++] = look->failures[i];
		else
			failures[at].count += look->failures[i].count;
	}
}

static void
gather_shard(Live *live, LiveShard *shard, Gathered *gathered,
			 FailureKind *failures, int *nfailures)
{
	LiveNumbers *numbers = gathered->numbers;

	tally_read(shard->tally, &gathered->counts);
	pthread_mutex_lock(&shard->lock);
	for (int i = 0; i < CLASSES; i++)
		gathered->moment.class_ns[i] += (double) shard->look.class_ns[i];
	numbers->retried += shard->look.retried;
	numbers->connections += shard->pool.size;
	numbers->busy += shard->pool.busy;
	numbers->waiting += shard->pool.waiting;
	add_hold(gathered, shard);
	add_oldest(gathered, shard);
	add_failures(failures, nfailures, &shard->look);
	histogram_merge(&live->latency, &shard->look.latency);
	pthread_mutex_unlock(&shard->lock);
}

/* -------- over time -------- */

/* The oldest that is a second old at most; the newest, if all are older. */
static const Moment *
second_ago(const Live *live, int64_t time_ns)
{
	int64_t first = live->nmoments > MOMENTS ? live->nmoments - MOMENTS : 0;

	while (first < live->nmoments - 1 &&
		   live->moments[first % MOMENTS].time_ns <
			   time_ns - NS_PER_SECOND - LOOK_NS / 2)
		first++;
	return &live->moments[first % MOMENTS];
}

static void
fill_parts(double *parts, const double *now, const double *before)
{
	double sum = 0;

	for (int i = 0; i < CLASSES; i++)
	{
		/* what was taken for one class may have turned out to be another's */
		parts[i] = now[i] - (before != NULL ? before[i] : 0);
		parts[i] = parts[i] > 0 ? parts[i] : 0;
		sum += parts[i];
	}
	for (int i = 0; i < CLASSES && sum > 0; i++)
		parts[i] /= sum;
}

/* One that has had a line keeps it, so that the others stay where they are. */
static void
fill_classes(Live *live, LiveNumbers *numbers)
{
	for (Class class = 0; class < CLASSES; class ++)
	{
		if (numbers->now[class] >= LEAST_PART ||
			numbers->all[class] >= LEAST_PART)
			live->has_class[class] = true;
		numbers->has_class[class] = live->has_class[class];
	}
}

static void
fill_speed(const Live *live, const Moment *now, LiveNumbers *numbers)
{
	const Moment *before = second_ago(live, now->time_ns);
	double seconds = (double) (now->time_ns - before->time_ns) / 1e9;
	double all_s = (double) numbers->elapsed_ns / 1e9;

	numbers->cpu = -1;
	if (all_s > 0)
		numbers->rate_mean = (double) now->ended / all_s;
	fill_parts(numbers->all, now->class_ns, NULL);
	fill_parts(numbers->now, now->class_ns, before->class_ns);
	if (seconds <= 0)
		return;
	numbers->rate = (double) (now->ended - before->ended) / seconds;
	numbers->held = (now->held_ns - before->held_ns) / 1e9 / seconds;
	numbers->cpu = (double) (now->cpu_ns - before->cpu_ns) / 1e9 / seconds;
}

/* The seconds that are over by now; more than one after a stop. */
static void
close_seconds(Live *live, int64_t elapsed_ns, int64_t ended)
{
	int64_t missed = elapsed_ns / NS_PER_SECOND - live->nseconds;

	if (missed <= 0)
		return;
	for (int64_t i = 0; i < missed && i < LIVE_RATES; i++)
	{
		if (live->nrates == LIVE_RATES)
			memmove(live->rates, live->rates + 1,
					(LIVE_RATES - 1) * sizeof(double));
		else
			live->nrates++;
		live->rates[live->nrates - 1] =
			(double) (ended - live->second_ended) / (double) missed;
	}
	for (int64_t i = 0; i < missed && i <= LATENCY_SECONDS; i++)
		histogram_copy(&live->seconds[(live->nseconds + missed - i) %
									  (LATENCY_SECONDS + 1)],
					   &live->latency);
	live->nseconds += missed;
	live->second_ended = ended;
}

/* Of the last whole seconds and the one that has begun. */
static void
fill_latency(Live *live, LiveNumbers *numbers)
{
	int64_t oldest = live->nseconds - LATENCY_SECONDS;

	if (oldest < 0)
		oldest = 0;
	histogram_since(&live->recent, &live->latency,
					&live->seconds[oldest % (LATENCY_SECONDS + 1)]);
	numbers->ended = live->recent.count;
	numbers->ended_ns = numbers->elapsed_ns - oldest * NS_PER_SECOND;
	numbers->p50_ns = histogram_percentile(&live->recent, 0.5);
	numbers->p99_ns = histogram_percentile(&live->recent, 0.99);
}

/* -------- errors, the newest first -------- */

static FailureKind *
known_failure(Live *live, const char *message)
{
	for (int i = 0; i < live->nfailures; i++)
		if (strcmp(live->failures[i].message, message) == 0)
			return &live->failures[i];
	return NULL;
}

static void
move_to_front(Live *live, FailureKind *failure)
{
	FailureKind moved = *failure;

	memmove(live->failures + 1, live->failures,
			(size_t) (failure - live->failures) * sizeof(FailureKind));
	live->failures[0] = moved;
}

static void
fill_failures(Live *live, const FailureKind *failures, int count,
			  LiveNumbers *numbers)
{
	for (int i = 0; i < count; i++)
	{
		FailureKind *known = known_failure(live, failures[i].message);

		if (known == NULL && live->nfailures == FAILURES_KEPT)
			continue;
		if (known == NULL)
		{
			known = &live->failures[live->nfailures++];
			*known = (FailureKind){.message = failures[i].message};
		}
		if (known->count == failures[i].count)
			continue;
		known->count = failures[i].count;
		move_to_front(live, known);
	}
	numbers->nfailures = live->nfailures;
	memcpy(numbers->failures, live->failures, sizeof(live->failures));
}

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
	Gathered gathered = {.now_ns = now_ns(), .numbers = numbers};
	FailureKind failures[FAILURES_KEPT];
	int nfailures = 0;

	fill_setup(live, numbers);
	numbers->elapsed_ns = gathered.now_ns - live->begun_ns;
	histogram_empty(&live->latency);
	for (int i = 0; i < live->setup.shards; i++)
		gather_shard(live, &live->shards[i], &gathered, failures, &nfailures);
	numbers->done = gathered.counts.done;
	numbers->failed = gathered.counts.failed;
	numbers->skipped = gathered.counts.skipped;
	numbers->running = gathered.counts.running;
	gathered.moment.time_ns = gathered.now_ns;
	gathered.moment.ended = numbers->done + numbers->failed;
	gathered.moment.cpu_ns = cpu_now_ns();
	fill_speed(live, &gathered.moment, numbers);
	fill_classes(live, numbers);
	live->moments[live->nmoments++ % MOMENTS] = gathered.moment;
	close_seconds(live, numbers->elapsed_ns, gathered.moment.ended);
	fill_latency(live, numbers);
	memcpy(numbers->rates, live->rates, sizeof(live->rates));
	numbers->nrates = live->nrates;
	fill_failures(live, failures, nfailures, numbers);
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
	live->shards = mem_alloc((size_t) setup->shards * sizeof(LiveShard));
	for (int i = 0; i < setup->shards; i++)
		pthread_mutex_init(&live->shards[i].lock, NULL);
	return live;
}

LiveShard *
live_shard(Live *live, int number)
{
	return &live->shards[number];
}

bool
live_begin(Live *live, int64_t begun_ns, Err *err)
{
	live->begun_ns = begun_ns;
	live->moments[0] = (Moment){.time_ns = begun_ns, .cpu_ns = cpu_now_ns()};
	live->nmoments = 1;
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
	for (int i = 0; i < live->setup.shards; i++)
	{
		spans_look_clear(&live->shards[i].scratch);
		spans_look_clear(&live->shards[i].look);
		pthread_mutex_destroy(&live->shards[i].lock);
	}
	for (int i = 0; i <= LATENCY_SECONDS; i++)
		histogram_clear(&live->seconds[i]);
	histogram_clear(&live->latency);
	histogram_clear(&live->recent);
	free(live->shards);
	free(live);
}
