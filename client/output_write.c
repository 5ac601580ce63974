/*
 * output_write.c
 *	  The thread that writes the rows of \emit.
 *
 * It takes all that has gathered and writes it at once.  Between two writes
 * it gathers for GATHER_NS, so that many small rows do not become as many
 * system calls; a flush or a full buffer cuts that short.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "output_private.h"

#define GATHER_NS (2 * NS_PER_MS)
#define GATHERED_BYTES ((size_t) 64 << 10)
#define FULL_BYTES ((size_t) 4 << 20)
#define KEPT_BYTES ((size_t) 1 << 20)

bool
output_is_full(const Output *output)
{
	return output->filling.len >= FULL_BYTES ||
		   output->held_bytes >= FULL_BYTES;
}

/* -------- writing -------- */

/* False: nobody wants to wait any longer. */
static bool
wait_for_reader(const Output *output)
{
	struct pollfd fds[] = {
		{.fd = output->fd, .events = POLLOUT},
		{.fd = output->stop_pipe[0], .events = POLLIN},
	};

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR && errno != EAGAIN)
			return true; /* write will say what it is */
	if (fds[1].revents == 0)
		return true;
	errno = ECANCELED;
	return false;
}

/* False: errno says why, and *done is what was written before. */
static bool
write_all(const Output *output, const char *data, size_t len, size_t *done)
{
	/* a pipe that poll calls writable takes so much without blocking */
	size_t at_once = output->is_file ? len : PIPE_BUF;

	for (*done = 0; *done < len;)
	{
		size_t left = len - *done;
		ssize_t n;

		if (!output->is_file && !wait_for_reader(output))
			return false;
		n = write(output->fd, data + *done, left < at_once ? left : at_once);
		if (n > 0)
			*done += (size_t) n;
		else if (n == 0 || (errno != EINTR && errno != EAGAIN))
			return false;
	}
	return true;
}

/*
 * What did not fit must not leave half a row, nor rows that nobody was told
 * are safe.
 */
static void
take_back(const Output *output, size_t done)
{
	off_t end;

	if (!output->owns_fd || !output->is_file || done == 0)
		return;
	end = lseek(output->fd, 0, SEEK_CUR);
	if (end < (off_t) done || ftruncate(output->fd, end - (off_t) done) != 0)
		return; /* then it stays: there is nothing better to do */
}

static void
write_failed(Output *output, int error)
{
	Err err;

	if (error == ECANCELED)
		err_set(&err, ERR_IO, "nobody reads %s: the rest of the rows is lost",
				output->name);
	else
	{
		err_set(&err, ERR_IO, "cannot write the rows to %s: %s", output->name,
				strerror(error));
		err_hint(&err, error == EPIPE
						   ? "the program that read them has ended"
						   : "make room or name another file with --output");
	}
	pthread_mutex_lock(&output->lock);
	output->has_failed = true;
	output->err = err;
	buf_free(&output->filling);
	pthread_cond_broadcast(&output->written);
	pthread_mutex_unlock(&output->lock);
	if (output->on_failed != NULL)
		output->on_failed(output->arg, &err);
}

/* -------- the thread -------- */

static bool
should_gather(const Output *output)
{
	return output->flushing == 0 && !output->is_closing &&
		   output->filling.len < GATHERED_BYTES;
}

/* The lock is held. */
static void
gather(Output *output)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += GATHER_NS;
	if (until.tv_nsec >= NS_PER_S)
	{
		until.tv_sec++;
		until.tv_nsec -= NS_PER_S;
	}
	while (should_gather(output) &&
		   pthread_cond_timedwait(&output->work, &output->lock, &until) == 0)
		continue;
}

/* Swap the buffers; false: there is nothing more to write, ever. */
static bool
take_work(Output *output)
{
	Buf empty = output->writing;
	bool any;

	buf_reset(&empty);
	if (empty.cap > KEPT_BYTES)
		buf_free(&empty);
	pthread_mutex_lock(&output->lock);
	while (output->filling.len == 0 && !output->is_closing)
	{
		output->is_idle = true;
		pthread_cond_wait(&output->work, &output->lock);
	}
	output->is_idle = false;
	if (should_gather(output))
		gather(output);
	output->writing = output->filling;
	output->filling = empty;
	any = output->writing.len > 0;
	pthread_mutex_unlock(&output->lock);
	return any;
}

static void
work_done(Output *output)
{
	bool tell;

	pthread_mutex_lock(&output->lock);
	output->bytes_safe += (int64_t) output->writing.len;
	pthread_cond_broadcast(&output->written);
	tell = output->room_wanted && !output_is_full(output);
	if (tell)
		output->room_wanted = false;
	pthread_mutex_unlock(&output->lock);
	if (tell && output->on_room != NULL)
		output->on_room(output->arg);
}

static void *
writer_main(void *arg)
{
	Output *output = arg;

	while (take_work(output))
	{
		size_t done;

		if (!write_all(output, output->writing.data, output->writing.len,
					   &done))
		{
			int error = errno;

			take_back(output, done);
			write_failed(output, error);
			break;
		}
		work_done(output);
	}
	return NULL;
}

/* Signals are for the main thread. */
bool
output_start_writer(Output *output, Err *err)
{
	sigset_t all;
	sigset_t old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	output->has_thread =
		pthread_create(&output->thread, NULL, writer_main, output) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return output->has_thread ||
		   err_set(err, ERR_IO, "cannot start a thread to write the rows");
}
