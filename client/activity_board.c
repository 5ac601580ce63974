/*
 * activity_board.c
 *	  What each connection of a run is at, for a thread that looks on.
 *
 * Two words a connection.  A reader may see the task of one statement with
 * the step of the next; that is no more wrong than having looked a moment
 * earlier or later.
 */
#include "activity_board.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "mem.h"

/* "what": turn, step + 1, busy; plans have fewer than 2^24 steps. */
#define STEP_SHIFT 1
#define TURN_SHIFT 25
#define STEP_MASK ((UINT64_C(1) << (TURN_SHIFT - STEP_SHIFT)) - 1)

typedef struct BoardEntry
{
	_Atomic uint64_t what;
	_Atomic uint64_t task;
} BoardEntry;

struct ActivityBoard
{
	int nconns;
	BoardEntry entries[]; /* by number - 1 */
};

ActivityBoard *
activity_board_new(int nconns)
{
	ActivityBoard *board =
		mem_alloc(sizeof(*board) + (size_t) nconns * sizeof(BoardEntry));

	board->nconns = nconns;
	return board;
}

void
activity_board_free(ActivityBoard *board)
{
	free(board);
}

static BoardEntry *
entry_of(ActivityBoard *board, int conn)
{
	return conn >= 1 && conn <= board->nconns ? &board->entries[conn - 1]
											  : NULL;
}

static void
put(BoardEntry *entry, uint64_t old, int step, bool is_busy)
{
	uint64_t turn = (old >> TURN_SHIFT) + 1;

	atomic_store_explicit(&entry->what,
						  turn << TURN_SHIFT |
							  (uint64_t) (step + 1) << STEP_SHIFT | is_busy,
						  memory_order_release);
}

void
activity_board_begin(ActivityBoard *board, int conn, uint64_t task, int step)
{
	BoardEntry *entry = entry_of(board, conn);

	if (entry == NULL)
		return;
	atomic_store_explicit(&entry->task, task, memory_order_relaxed);
	put(entry, atomic_load_explicit(&entry->what, memory_order_relaxed), step,
		true);
}

void
activity_board_end(ActivityBoard *board, int conn, uint64_t task, int step)
{
	BoardEntry *entry = entry_of(board, conn);
	uint64_t what;

	if (entry == NULL)
		return;
	what = atomic_load_explicit(&entry->what, memory_order_relaxed);
	if ((what >> STEP_SHIFT & STEP_MASK) == (uint64_t) step + 1 &&
		atomic_load_explicit(&entry->task, memory_order_relaxed) == task)
		put(entry, what, step, false);
}

bool
activity_board_read(const ActivityBoard *board, int conn, ActivityView *view)
{
	const BoardEntry *entry;
	uint64_t what;

	if (conn < 1 || conn > board->nconns)
		return false;
	entry = &board->entries[conn - 1];
	what = atomic_load_explicit(&entry->what, memory_order_acquire);
	view->task = atomic_load_explicit(&entry->task, memory_order_relaxed);
	view->step = (int) (what >> STEP_SHIFT & STEP_MASK) - 1;
	view->is_busy = what & 1;
	view->turn = what >> TURN_SHIFT;
	return true;
}
