/*
 * output.c
 *	  The rows of \emit on their way to a file or to standard output.
 *
 * What tasks submit goes into a buffer that the writer's thread empties
 * (output_write.c).  With keep_order a task that ends before its turn waits
 * in a window, a ring by task number; the task whose turn it is has begun, so
 * that the window moves on by itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "mem.h"
#include "output_private.h"

/* -------- opening -------- */

static OutputFormat
format_by_name(const char *file)
{
	size_t len = strlen(file);

	if ((len > 6 && strcasecmp(file + len - 6, ".jsonl") == 0) ||
		(len > 7 && strcasecmp(file + len - 7, ".ndjson") == 0))
		return OUTPUT_JSONL;
	return OUTPUT_CSV;
}

static bool
cannot_write(const char *file, Err *err)
{
	err_set(err, ERR_USAGE, "cannot write \"%.300s\": %s", file,
			strerror(errno));
	err_hint(err, "name a file in a folder that you may write");
	return false;
}

/* The rows of a run that was killed may end in the middle of one. */
static bool
cut_last_line(int fd, off_t size)
{
	char block[4096];

	while (size > 0)
	{
		size_t len =
			size < (off_t) sizeof(block) ? (size_t) size : sizeof(block);
		off_t from = size - (off_t) len;
		const char *end;

		if (pread(fd, block, len, from) != (ssize_t) len)
			return false;
		end = memrchr(block, '\n', len);
		size = end != NULL ? from + (end - block) + 1 : from;
		if (end != NULL)
			break;
	}
	return ftruncate(fd, size) == 0 && lseek(fd, 0, SEEK_END) == size;
}

static bool
open_file(Output *output, const OutputOptions *options, bool *is_new, Err *err)
{
	struct stat about;

	*is_new = true;
	output->fd = STDOUT_FILENO;
	output->name = "standard output";
	if (options->file != NULL && strcmp(options->file, "-") != 0)
	{
		output->name = options->file;
		output->fd = open(options->file,
						  O_CREAT | O_CLOEXEC |
							  (options->append ? O_RDWR : O_WRONLY | O_TRUNC),
						  0666);
		if (output->fd < 0)
			return cannot_write(options->file, err);
		output->owns_fd = true;
	}
	if (fstat(output->fd, &about) != 0)
		return cannot_write(output->name, err);
	output->is_file = S_ISREG(about.st_mode);
	if (!output->owns_fd || !output->is_file || about.st_size == 0)
		return true;
	*is_new = false;
	return cut_last_line(output->fd, about.st_size) ||
		   cannot_write(options->file, err);
}

static void
output_init(Output *output, const OutputOptions *options, const Plan *plan)
{
	pthread_condattr_t monotonic;

	output->plan = plan;
	output->fd = -1;
	output->stop_pipe[0] = -1;
	output->stop_pipe[1] = -1;
	output->next = 1;
	output->keep_order = options->keep_order;
	output->format = options->format;
	if (output->format == OUTPUT_AUTO)
		output->format =
			options->file != NULL ? format_by_name(options->file) : OUTPUT_CSV;
	if (output->keep_order)
		output->window = mem_alloc(OUTPUT_WINDOW * sizeof(OutputPlace));
	pthread_mutex_init(&output->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&output->work, &monotonic);
	pthread_cond_init(&output->written, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void
output_free(Output *output)
{
	for (int i = 0; output->window != NULL && i < OUTPUT_WINDOW; i++)
		free(output->window[i].rows);
	free(output->window);
	for (int i = 0; i < 2; i++)
		if (output->stop_pipe[i] >= 0)
			close(output->stop_pipe[i]);
	buf_free(&output->filling);
	buf_free(&output->writing);
	pthread_cond_destroy(&output->work);
	pthread_cond_destroy(&output->written);
	pthread_mutex_destroy(&output->lock);
	free(output);
}

static bool
open_pipe(Output *output, Err *err)
{
	if (pipe(output->stop_pipe) == 0 &&
		fcntl(output->stop_pipe[0], F_SETFD, FD_CLOEXEC) == 0 &&
		fcntl(output->stop_pipe[1], F_SETFD, FD_CLOEXEC) == 0)
		return true;
	return err_set(err, ERR_IO, "cannot make a pipe: %s", strerror(errno));
}

static bool
check_header(const Output *output, const OutputOptions *options, Err *err)
{
	if (!options->header)
		return true;
	if (output->format == OUTPUT_CSV)
		return output_check_header(output->plan, err);
	err_set(err, ERR_USAGE, "--output-header is for CSV only");
	err_hint(err, "the rows of JSON lines have the names in them");
	return false;
}

Output *
output_open(const OutputOptions *options, const Plan *plan, Err *err)
{
	Output *output;
	bool is_new;

	err_clear(err);
	if (options->file == NULL && output_first_emit(plan) == NULL)
		return NULL;
	output = mem_alloc(sizeof(Output));
	output_init(output, options, plan);
	if (check_header(output, options, err) &&
		open_file(output, options, &is_new, err) && open_pipe(output, err))
	{
		if (options->header && is_new)
		{
			output_header(plan, &output->filling);
			output->bytes_left = (int64_t) output->filling.len;
		}
		return output;
	}
	if (output->owns_fd)
		close(output->fd);
	output_free(output);
	return NULL;
}

bool
output_is_stdout(const Output *output)
{
	return !output->owns_fd;
}

void
output_start(Output *output, void (*on_room)(void *arg),
			 void (*on_failed)(void *arg, const Err *err), void *arg)
{
	Err err;

	output->on_room = on_room;
	output->on_failed = on_failed;
	output->arg = arg;
	if (output_start_writer(output, &err))
		return;
	output->has_failed = true;
	output->err = err;
	on_failed(arg, &err);
}

/* -------- order -------- */

bool
output_has_room(Output *output, uint64_t number)
{
	bool has_room;

	pthread_mutex_lock(&output->lock);
	has_room =
		output->has_failed ||
		(!output_is_full(output) &&
		 (!output->keep_order || number < output->next + OUTPUT_WINDOW));
	if (!has_room)
		output->room_wanted = true;
	pthread_mutex_unlock(&output->lock);
	return has_room;
}

/* Rows leave for the file.  The lock is held. */
static void
leave(Output *output, const char *rows, size_t len)
{
	if (output->has_failed || len == 0)
		return;
	buf_append(&output->filling, rows, len);
	output->bytes_left += (int64_t) len;
}

static void
add_receipt(OutputReceipt ***end, OutputReceipt *receipt)
{
	if (receipt == NULL)
		return;
	receipt->next = NULL;
	**end = receipt;
	*end = &receipt->next;
}

/* Those whose turn has come.  The lock is held. */
static void
leave_window(Output *output, OutputReceipt ***end)
{
	for (;;)
	{
		OutputPlace *place = &output->window[output->next % OUTPUT_WINDOW];

		if (!place->is_done)
			return;
		leave(output, place->rows, place->len);
		add_receipt(end, place->receipt);
		output->held_bytes -= place->len;
		free(place->rows);
		memset(place, 0, sizeof(*place));
		output->next++;
	}
}

static void
hold_place(Output *output, uint64_t number, const char *rows, size_t len,
		   OutputReceipt *receipt)
{
	OutputPlace *place = &output->window[number % OUTPUT_WINDOW];

	place->is_done = true;
	place->rows = len > 0 ? mem_dup(rows, len) : NULL;
	place->len = len;
	place->receipt = receipt;
	output->held_bytes += len;
}

/* Does somebody wait for what has just become free?  The lock is held. */
static bool
take_room_wanted(Output *output)
{
	bool wanted = output->room_wanted && !output_is_full(output);

	if (wanted)
		output->room_wanted = false;
	return wanted;
}

void
output_submit(Output *output, uint64_t number, const char *rows, size_t len,
			  OutputReceipt *receipt)
{
	OutputReceipt *receipts = NULL;
	OutputReceipt **end = &receipts;
	bool tell = false;

	pthread_mutex_lock(&output->lock);
	if (output->keep_order && number != output->next)
		hold_place(output, number, rows, len, receipt);
	else
	{
		leave(output, rows, len);
		add_receipt(&end, receipt);
	}
	if (output->keep_order && number == output->next)
	{
		output->next++;
		leave_window(output, &end);
		tell = take_room_wanted(output);
	}
	if (output->is_idle && output->filling.len > 0)
	{
		output->is_idle = false;
		pthread_cond_signal(&output->work);
	}
	pthread_mutex_unlock(&output->lock);
	while (receipts != NULL)
	{
		OutputReceipt *receipt_now = receipts;

		receipts = receipt_now->next;
		receipt_now->fn(receipt_now);
	}
	if (tell && output->on_room != NULL)
		output->on_room(output->arg);
}

/* -------- ending -------- */

static struct timespec
after(int64_t wait_ns)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t) (wait_ns / NS_PER_S);
	until.tv_nsec += (long) (wait_ns % NS_PER_S);
	if (until.tv_nsec >= NS_PER_S)
	{
		until.tv_sec++;
		until.tv_nsec -= NS_PER_S;
	}
	return until;
}

bool
output_flush(Output *output, int64_t wait_ns)
{
	struct timespec until = after(wait_ns);
	int64_t wanted;
	bool is_safe;

	pthread_mutex_lock(&output->lock);
	wanted = output->bytes_left;
	output->flushing++;
	pthread_cond_signal(&output->work);
	while (output->bytes_safe < wanted && !output->has_failed &&
		   pthread_cond_timedwait(&output->written, &output->lock, &until) ==
			   0)
		continue;
	output->flushing--;
	is_safe = output->bytes_safe >= wanted && !output->has_failed;
	pthread_mutex_unlock(&output->lock);
	return is_safe;
}

void
output_abandon(Output *output)
{
	ssize_t n = write(output->stop_pipe[1], "", 1);

	(void) n; /* the pipe has room for one byte */
}

void
output_stop(Output *output)
{
	pthread_mutex_lock(&output->lock);
	output->is_closing = true;
	pthread_cond_signal(&output->work);
	pthread_mutex_unlock(&output->lock);
	if (output->has_thread)
		pthread_join(output->thread, NULL);
	output->has_thread = false;
}

bool
output_close(Output *output, Err *err)
{
	bool fine;

	output_stop(output);
	fine = !output->has_failed || output->on_failed != NULL;
	if (!fine)
		*err = output->err;
	if (output->owns_fd && close(output->fd) != 0 && fine)
	{
		fine = false;
		err_set(err, ERR_IO, "cannot write the rows to %s: %s", output->name,
				strerror(errno));
	}
	output_free(output);
	return fine;
}
