/*
 * live_shard.c
 *	  What a shard has left of its last look at itself, and since when its loop
 *	  is held.
 *
 * All but the first few fields are under the shard's own lock, which is held
 * for as long as a copy takes; the tally may be read at any time.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "live_private.h"
#include "mem.h"

#define LOOK_COST 200 /* a look takes this part of the time at most */

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
	int64_t begun_ns = clock_now_ns();
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
	rest_ns = (clock_now_ns() - begun_ns) * LOOK_COST;
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

	if (shard->is_held && gathered->moment.time_ns > shard->held_since_ns)
	{
		held_ns = (double) (gathered->moment.time_ns - shard->held_since_ns);
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
	int64_t held_ns = gathered->moment.time_ns - shard->held_since_ns;

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
			correct_oldest(shard, gathered->moment.time_ns,
						   &numbers->oldest[at]);
	}
}

/* Two shards may have failed in the same way. */
static void
add_failures(Gathered *gathered, const SpansLook *look)
{
	FailureKind *failures = gathered->failures;

	for (int i = 0; i < look->nfailures; i++)
	{
		int at = 0;

		while (at < gathered->nfailures &&
			   strcmp(failures[at].message, look->failures[i].message) != 0)
			at++;
		if (at == FAILURES_KEPT)
			continue;
		if (at == gathered->nfailures)
			failures[gathered->nfailures++] = look->failures[i];
		else
			failures[at].count += look->failures[i].count;
	}
}

void
live_shard_gather(LiveShard *shard, Gathered *gathered)
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
	add_failures(gathered, &shard->look);
	histogram_merge(gathered->latency, &shard->look.latency);
	pthread_mutex_unlock(&shard->lock);
}

/* -------- all of them -------- */

LiveShard *
live_shards_new(int count)
{
	LiveShard *shards = mem_alloc((size_t) count * sizeof(LiveShard));

	for (int i = 0; i < count; i++)
		pthread_mutex_init(&shards[i].lock, NULL);
	return shards;
}

void
live_shards_free(LiveShard *shards, int count)
{
	for (int i = 0; i < count; i++)
	{
		spans_look_clear(&shards[i].scratch);
		spans_look_clear(&shards[i].look);
		pthread_mutex_destroy(&shards[i].lock);
	}
	free(shards);
}

LiveShard *
live_shards_at(LiveShard *shards, int number)
{
	return &shards[number];
}
