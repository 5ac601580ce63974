/*
 * row_queue.h
 *	  Rows on their way from the thread that reads them to those that take
 *	  them: first in, first out, bounded in number and in bytes.
 *
 * One thread puts, any number of threads take.  The queue owns what is in it
 * and the rows that wait to be filled again.
 */
#ifndef ROW_QUEUE_H
#define ROW_QUEUE_H

#include "row.h"

typedef struct RowQueue RowQueue;

typedef enum RowQueueState
{
	ROW_QUEUE_ROW,
	ROW_QUEUE_EMPTY, /* on_more will be called */
	ROW_QUEUE_ENDED
} RowQueueState;

extern RowQueue *row_queue_new(void);

/* Before there is a second thread; on_more runs on the one that puts. */
extern void row_queue_set_on_more(RowQueue *queue, void (*on_more)(void *arg),
								  void *arg);
extern void row_queue_free(RowQueue *queue);

/* -------- the reader's side -------- */

extern Row *row_queue_spare(RowQueue *queue); /* one to fill */

/*
 * Waits for room, unless the queue is empty: a row larger than all the room
 * goes through as well.  False: row_queue_stop was called; the row is freed.
 */
extern bool row_queue_put(RowQueue *queue, Row *row);

/* Nothing more will come; err NULL, or why not. */
extern void row_queue_end(RowQueue *queue, const Err *err);

/* -------- the takers' side -------- */

/*
 * The next row, now the caller's; never waits.  After EMPTY on_more is called
 * once, when there is a row or the end.  With ENDED *err is ERR_NONE or says
 * why there are no more.
 */
extern RowQueueState row_queue_take(RowQueue *queue, Row **row, Err *err);
extern void row_queue_give_back(RowQueue *queue, Row *row);

/* Let the reader go: a put that waits returns, and all later ones. */
extern void row_queue_stop(RowQueue *queue);

#endif /* ROW_QUEUE_H */
