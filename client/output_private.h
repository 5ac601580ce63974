/*
 * output_private.h
 *	  The Output itself: for output*.c only.
 *
 * What is below the lock belongs to it; "writing" belongs to the writer's
 * thread.
 */
#ifndef OUTPUT_PRIVATE_H
#define OUTPUT_PRIVATE_H

#include <pthread.h>

#include "output.h"

#define OUTPUT_WINDOW 8192 /* tasks; keep_order */

/* A task that ended before its turn. */
typedef struct OutputPlace
{
	bool is_done;
	char *rows; /* NULL: none */
	size_t len;
	OutputReceipt *receipt;
} OutputPlace;

struct Output
{
	const Plan *plan;
	const char *name; /* for messages */
	OutputFormat format;
	bool keep_order;
	int fd;
	bool owns_fd;
	bool is_file;
	int stop_pipe[2]; /* output_abandon writes */
	pthread_t thread;
	bool has_thread;
	void (*on_room)(void *arg);
	void (*on_failed)(void *arg, const Err *err);
	void *arg;

	Buf writing;

	pthread_mutex_t lock;
	pthread_cond_t work;	/* for the writer */
	pthread_cond_t written; /* for output_flush */
	Buf filling;
	int64_t bytes_left; /* ever put into filling */
	int64_t bytes_safe; /* of these in the file */
	int flushing;		/* calls of output_flush */
	bool is_idle;		/* the writer waits for work */
	bool is_closing;
	bool room_wanted;
	bool has_failed;
	Err err;
	OutputPlace *window; /* by number modulo OUTPUT_WINDOW */
	uint64_t next;		 /* whose turn it is */
	size_t held_bytes;
};

/* output_row.c */
extern bool output_check_header(const Plan *plan, Err *err);
extern void output_header(const Plan *plan, Buf *out);
extern const PlanStep *output_first_emit(const Plan *plan);

/* output_write.c */
extern bool output_start_writer(Output *output, Err *err);
extern bool output_is_full(const Output *output); /* the lock is held */

#endif /* OUTPUT_PRIVATE_H */
