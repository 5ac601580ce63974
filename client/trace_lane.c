/*
 * trace_lane.c
 *	  A place for each task in flight: a thread of the trace, taken in turn by
 *	  task after task, and further ones for the steps of its gathers.
 */
#include <stdlib.h>

#include "mem.h"
#include "trace_file.h"

#define FIRST_LANE 10		   /* thread numbers of tasks begin here */
#define GATHER_THREADS 1000000 /* and those of gathers' steps here */
#define GATHER_SLOTS 1000

static int *
chain_of(TraceLoop *trace, uint64_t task)
{
	return &trace->chains[task & (uint64_t) (trace->nchains - 1)];
}

Lane *
trace_lane_find(TraceLoop *trace, uint64_t task)
{
	for (int i = *chain_of(trace, task); i >= 0; i = trace->lanes[i].next)
		if (trace->lanes[i].task == task)
			return &trace->lanes[i];
	return NULL;
}

static void
chains_grow(TraceLoop *trace)
{
	trace->nchains *= 2;
	trace->chains =
		mem_realloc(trace->chains, (size_t) trace->nchains * sizeof(int));
	for (int i = 0; i < trace->nchains; i++)
		trace->chains[i] = -1;
	/* called when no lane is free: all are in a chain */
	for (int i = 0; i < trace->nlanes; i++)
	{
		int *chain = chain_of(trace, trace->lanes[i].task);

		trace->lanes[i].next = *chain;
		*chain = i;
	}
}

Lane *
trace_lane_take(TraceLoop *trace, uint64_t task)
{
	int at = trace->free_lane;
	int *chain;
	Lane *lane;

	if (at < 0)
	{
		if (trace->nlanes >= trace->nchains)
			chains_grow(trace);
		at = trace->nlanes++;
		/* at powers of two */
		if ((at & (at - 1)) == 0)
			trace->lanes = mem_realloc(trace->lanes,
									   (size_t) (2 * at + 1) * sizeof(Lane));
		memset(&trace->lanes[at], 0, sizeof(Lane));
	}
	else
		trace->free_lane = trace->lanes[at].next;
	chain = chain_of(trace, task);
	lane = &trace->lanes[at];
	lane->task = task;
	lane->next = *chain;
	*chain = at;
	lane->is_taken = true;
	lane->is_told = false;
	lane->conn = 0;
	lane->nopen = 0;
	return lane;
}

void
trace_lane_give(TraceLoop *trace, Lane *lane)
{
	int at = (int) (lane - trace->lanes);
	int *link = chain_of(trace, lane->task);

	while (*link != at)
		link = &trace->lanes[*link].next;
	*link = lane->next;
	lane->is_taken = false;
	lane->next = trace->free_lane;
	trace->free_lane = at;
}

/* -------- tracks -------- */

static uint64_t
track_thread(const TraceLoop *trace, const Lane *lane, int slot)
{
	uint64_t at = (uint64_t) (lane - trace->lanes);

	return slot == 0 ? FIRST_LANE + at
					 : GATHER_THREADS + at * GATHER_SLOTS +
						   (uint64_t) (slot % GATHER_SLOTS);
}

static void
name_track(TraceLoop *trace, const Lane *lane, int slot, Track *track)
{
	uint64_t thread = track_thread(trace, lane, slot);
	int number = (int) (lane - trace->lanes) + 1;
	char name[64];

	if (slot == 0)
		snprintf(name, sizeof(name), "task slot %d", number);
	else
		snprintf(name, sizeof(name), "task slot %d, gathered %d", number,
				 slot);
	trace_head_make(&track->head, trace->pid, thread);
	trace_put_thread_name(&trace->put, trace->pid, thread, name);
}

Track *
trace_track(TraceLoop *trace, Lane *lane, int slot)
{
	if (slot >= lane->ntracks)
	{
		lane->tracks =
			mem_realloc(lane->tracks, (size_t) (slot + 1) * sizeof(Track));
		memset(&lane->tracks[lane->ntracks], 0,
			   (size_t) (slot + 1 - lane->ntracks) * sizeof(Track));
		lane->ntracks = slot + 1;
	}
	if (lane->tracks[slot].head.len == 0)
		name_track(trace, lane, slot, &lane->tracks[slot]);
	return &lane->tracks[slot];
}

/* Later than all that has begun or ended there: by the least there is. */
int64_t
trace_track_begin(Track *track, int64_t time_ns)
{
	track->last_ns = time_ns > track->last_ns ? time_ns : track->last_ns + 1;
	return track->last_ns;
}

int64_t
trace_track_end(Track *track, int64_t time_ns)
{
	if (time_ns > track->last_ns)
		track->last_ns = time_ns;
	return track->last_ns;
}
