/*
 * http_batch.h
 *		Many requests in one statement, so many at a time.
 */
#ifndef ASYNCDEMO_HTTP_BATCH_H
#define ASYNCDEMO_HTTP_BATCH_H

#include "http_fetch.h"

typedef struct Batch
{
	int n;
	int concurrency;
	int64 deadline_ms; /* for all of them together, or 0 */

	/*
	 * Build request i, from 0 on, in the current memory context; called once
	 * for each, in order.
	 */
	bool (*build)(void *arg, int i, HttpRequest *request,
				  HttpFailure *failure);

	/*
	 * Called once for each that is done, in any order; fetch->ordinal counts
	 * from 1.  The fetch is released afterwards.
	 */
	void (*on_done)(void *arg, Fetch *fetch);
	void *arg;
} Batch;

/*
 * Run it to its end.  Raises on interrupts and for want of memory; nothing of
 * it is under way any more when it returns or raises.
 */
extern void batch_run(const Batch *batch);

#endif /* ASYNCDEMO_HTTP_BATCH_H */
