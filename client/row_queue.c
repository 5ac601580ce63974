/*
 * row_queue.c
 *	  Rows on their way from the thread that reads them to those that take
 *	  them.
 *
 * One lock guards all.  A reader that found no room is woken when half of it
 * is free again, so that the two do not wake each other for every row.
 */
#include "row_queue.h"

#include <pthread.h>
#include <stdlib.h>

#include "mem.h"

#define MOST_ROWS 1024
#define MOST_BYTES ((size_t) 4 << 20)
#define MOST_SPARE MOST_ROWS

struct RowQueue
{
	pthread_mutex_t lock;
	pthread_cond_t room;
	Row *first;
	Row *last;
	int nrows;
	size_t bytes;
	Row *spare;
	int nspare;
	bool reader_waits;
	bool taker_waits;
	bool is_stopped;
	bool is_ended;
	Err err;
	void (*on_more)(void *arg);
	void *arg;
};

RowQueue *
row_queue_new(void)
{
	RowQueue *queue = mem_alloc(sizeof(RowQueue));

	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->room, NULL);
	return queue;
}

void
row_queue_set_on_more(RowQueue *queue, void (*on_more)(void *arg), void *arg)
{
	queue->on_more = on_more;
	queue->arg = arg;
}

static void
free_rows(Row *row)
{
	while (row != NULL)
	{
		Row *next = row->next;

		row_free(row);
		row = next;
	}
}

void
row_queue_free(RowQueue *queue)
{
	if (queue == NULL)
		return;
	free_rows(queue->first);
	free_rows(queue->spare);
	pthread_cond_destroy(&queue->room);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

static size_t
row_bytes(const Row *row)
{
	return sizeof(Row) + row->cap +
		   (size_t) row->fields_cap * sizeof(RowField);
}

Row *
row_queue_spare(RowQueue *queue)
{
	Row *row;

	pthread_mutex_lock(&queue->lock);
	row = queue->spare;
	if (row != NULL)
	{
		queue->spare = row->next;
		queue->nspare--;
	}
	pthread_mutex_unlock(&queue->lock);
	return row != NULL ? row : row_new();
}

static bool
is_full(const RowQueue *queue)
{
	return queue->nrows >= MOST_ROWS || queue->bytes >= MOST_BYTES;
}

static bool
is_half_empty(const RowQueue *queue)
{
	return queue->nrows <= MOST_ROWS / 2 && queue->bytes <= MOST_BYTES / 2;
}

bool
row_queue_put(RowQueue *queue, Row *row)
{
	bool tell;

	pthread_mutex_lock(&queue->lock);
	while (is_full(queue) && queue->nrows > 0 && !queue->is_stopped)
	{
		queue->reader_waits = true;
		pthread_cond_wait(&queue->room, &queue->lock);
	}
	if (queue->is_stopped)
	{
		pthread_mutex_unlock(&queue->lock);
		row_free(row);
		return false;
	}
	row->next = NULL;
	if (queue->first == NULL)
		queue->first = row;
	else
		queue->last->next = row;
	queue->last = row;
	queue->nrows++;
	queue->bytes += row_bytes(row);
	tell = queue->taker_waits;
	queue->taker_waits = false;
	pthread_mutex_unlock(&queue->lock);
	if (tell)
		queue->on_more(queue->arg);
	return true;
}

void
row_queue_end(RowQueue *queue, const Err *err)
{
	bool tell;

	pthread_mutex_lock(&queue->lock);
	queue->is_ended = true;
	if (err != NULL)
		queue->err = *err;
	tell = queue->taker_waits;
	queue->taker_waits = false;
	pthread_mutex_unlock(&queue->lock);
	if (tell)
		queue->on_more(queue->arg);
}

/* The lock is held. */
static void
unlink_first(RowQueue *queue)
{
	Row *row = queue->first;

	queue->first = row->next;
	row->next = NULL;
	queue->nrows--;
	queue->bytes -= row_bytes(row);
	if (queue->reader_waits && is_half_empty(queue))
	{
		queue->reader_waits = false;
		pthread_cond_signal(&queue->room);
	}
}

RowQueueState
row_queue_take(RowQueue *queue, Row **row, Err *err)
{
	RowQueueState state = ROW_QUEUE_ROW;

	pthread_mutex_lock(&queue->lock);
	*row = queue->first;
	if (*row != NULL)
		unlink_first(queue);
	else if (queue->is_ended)
	{
		*err = queue->err;
		state = ROW_QUEUE_ENDED;
	}
	else
	{
		queue->taker_waits = true;
		state = ROW_QUEUE_EMPTY;
	}
	pthread_mutex_unlock(&queue->lock);
	return state;
}

void
row_queue_give_back(RowQueue *queue, Row *row)
{
	row_reset(row, 0); /* a large one must not stay large */
	pthread_mutex_lock(&queue->lock);
	if (queue->nspare < MOST_SPARE)
	{
		row->next = queue->spare;
		queue->spare = row;
		queue->nspare++;
		row = NULL;
	}
	pthread_mutex_unlock(&queue->lock);
	row_free(row);
}

void
row_queue_stop(RowQueue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->is_stopped = true;
	pthread_cond_signal(&queue->room);
	pthread_mutex_unlock(&queue->lock);
}
