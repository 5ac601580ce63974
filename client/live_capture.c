/*
 * live_capture.c
 *	  What is written to the terminal while --live has it.
 *
 * What is kept is one text, bounded: of too much the oldest lines are lost,
 * and it is told how many.
 */
#include "live_capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

#define KEPT_BYTES ((size_t) 256 * 1024)
#define PIPE_BYTES (1024 * 1024)
#define SHOWN_BYTES 16384 /* of the newest, copied to be cut into lines */

static struct
{
	int pipe_fd;  /* -1: nothing is captured */
	int saved[3]; /* by descriptor, what it was; -1: it still is */
	char *kept;
	size_t len;
	long long lost; /* lines */
	char *shown;
} capture = {.pipe_fd = -1, .saved = {-1, -1, -1}};

int
live_capture_fd(void)
{
	return capture.pipe_fd;
}

/* -------- keeping -------- */

/* The older half makes room, up to the end of a line. */
static void
make_room(void)
{
	char *half = capture.kept + capture.len / 2;
	char *line_end =
		memchr(half, '\n', (size_t) (capture.kept + capture.len - half));
	char *from = line_end != NULL ? line_end + 1 : half;

	for (char *at = capture.kept; at < from; at++)
		capture.lost += *at == '\n';
	capture.len -= (size_t) (from - capture.kept);
	memmove(capture.kept, from, capture.len);
}

/* Not blocking; false: there is no more now. */
static bool
read_some(void)
{
	size_t room = KEPT_BYTES - capture.len;
	ssize_t n = read(capture.pipe_fd, capture.kept + capture.len, room);

	if (n > 0)
		capture.len += (size_t) n;
	if (capture.len == KEPT_BYTES)
		make_room();
	return n > 0 || (n < 0 && errno == EINTR);
}

void
live_capture_read(void)
{
	/* a writer without end must not keep us from drawing */
	for (int i = 0; i < 16 && read_some(); i++)
		;
}

/* -------- showing -------- */

int
live_capture_lines(const char **lines, int most)
{
	size_t len = capture.len < SHOWN_BYTES ? capture.len : SHOWN_BYTES;
	int count = 0;

	if (capture.pipe_fd < 0)
		return 0;
	memcpy(capture.shown, capture.kept + capture.len - len, len);
	while (len > 0 && capture.shown[len - 1] == '\n')
		len--;
	capture.shown[len] = '\0';
	while (len > 0 && count < most)
	{
		while (len > 0 && capture.shown[len - 1] != '\n')
			len--;
		lines[count++] = capture.shown + len;
		if (len > 0)
			capture.shown[--len] = '\0';
	}
	for (int i = 0; i < count / 2; i++)
	{
		const char *line = lines[i];

		lines[i] = lines[count - 1 - i];
		lines[count - 1 - i] = line;
	}
	return count;
}

/* -------- begin and end -------- */

static bool
lead_away(int fd, int pipe_fd)
{
	if (!isatty(fd))
		return true;
	capture.saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return capture.saved[fd] >= 0 && dup2(pipe_fd, fd) >= 0;
}

/* Safe in a signal handler. */
static int
lead_back(void)
{
	int fd = -1;

	for (int i = STDOUT_FILENO; i <= STDERR_FILENO; i++)
		if (capture.saved[i] >= 0)
		{
			dup2(capture.saved[i], i);
			fd = i;
		}
	return fd;
}

static void
put_bytes(int fd, const char *text, size_t len)
{
	while (len > 0)
	{
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
		{
			text += n;
			len -= (size_t) n;
		}
	}
}

static void
forget(void)
{
	for (int i = STDOUT_FILENO; i <= STDERR_FILENO; i++)
	{
		if (capture.saved[i] >= 0)
			close(capture.saved[i]);
		capture.saved[i] = -1;
	}
	if (capture.pipe_fd >= 0)
		close(capture.pipe_fd);
	capture.pipe_fd = -1;
	free(capture.kept);
	free(capture.shown);
	capture.kept = NULL;
	capture.shown = NULL;
	capture.len = 0;
	capture.lost = 0;
}

bool
live_capture_begin(Err *err)
{
	int fds[2];
	bool ok;

	if (!isatty(STDOUT_FILENO) && !isatty(STDERR_FILENO))
		return true;
	if (pipe2(fds, O_CLOEXEC) != 0 || fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0)
		return err_set(err, ERR_IO, "--live cannot be shown: %s",
					   strerror(errno));
#ifdef F_SETPIPE_SZ
	/* who writes should not have to wait for a terminal that does not take */
	(void) fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES);
#endif
	capture.kept = mem_alloc(KEPT_BYTES);
	capture.shown = mem_alloc(SHOWN_BYTES + 1);
	capture.pipe_fd = fds[0];
	fflush(stdout);
	fflush(stderr);
	ok = lead_away(STDOUT_FILENO, fds[1]) && lead_away(STDERR_FILENO, fds[1]);
	close(fds[1]);
	if (ok)
		return true;
	err_set(err, ERR_IO, "--live cannot be shown: %s", strerror(errno));
	lead_back();
	forget();
	return false;
}

void
live_capture_end(void)
{
	int fd;

	if (capture.pipe_fd < 0)
		return;
	fflush(stdout);
	fflush(stderr);
	fd = lead_back();
	while (read_some())
		;
	if (capture.lost > 0)
		fprintf(stderr,
				"asyncdemo: of the messages the first %lld lines were too "
				"many to keep\n",
				capture.lost);
	if (fd >= 0)
	{
		put_bytes(fd, capture.kept, capture.len);
		if (capture.len > 0 && capture.kept[capture.len - 1] != '\n')
			put_bytes(fd, "\n", 1);
	}
	forget();
}

void
live_capture_leave(void)
{
	char some[4096];
	ssize_t n;
	int fd;

	if (capture.pipe_fd < 0)
		return;
	fd = lead_back();
	if (fd < 0)
		return;
	put_bytes(fd, capture.kept, capture.len);
	while ((n = read(capture.pipe_fd, some, sizeof(some))) > 0)
		put_bytes(fd, some, (size_t) n);
}
