/*
 * live_screen.c
 *	  A full screen that is drawn ten times a second.
 *
 * Of a frame only the lines that have changed are sent; now and then all of
 * them are, in case somebody else has written to the terminal.
 */
#include "live_screen.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "live_capture.h"
#include "live_terminal.h"
#include "live_view.h"

#define FRAME_NS INT64_C(100000000)
#define FRAMES_TO_WHOLE 20 /* from one that is sent whole to the next */
#define MAX_LINES 300
#define MAX_COLUMNS 500

/* One, as it was drawn. */
typedef struct Frame
{
	char *text;
	size_t len;
	const char *lines[MAX_LINES]; /* each ended by a NUL, in the text */
	int nlines;
	int rows; /* of the terminal then */
	int columns;
} Frame;

static struct
{
	pthread_t thread;
	atomic_bool is_closing;
	int depth;		 /* how often it was opened */
	LiveDrawFn draw; /* this and the next: live_terminal_lock */
	void *arg;
	ReportStyle style;
	Frame frame; /* the last one that was drawn */
	int age;	 /* frames since one was sent whole */
} screen;

/* -------- a frame -------- */

static void
cut_lines(Frame *frame)
{
	char *at = frame->text;

	while (at != NULL && frame->nlines < MAX_LINES)
	{
		char *line_end = strchr(at, '\n');

		frame->lines[frame->nlines++] = at;
		if (line_end != NULL)
			*line_end++ = '\0';
		at = line_end;
	}
}

/* The last column stays free: some terminals wrap when it is filled. */
static bool
compose(Frame *frame)
{
	const char *messages[LIVE_MESSAGES];
	ReportStyle style = screen.style;
	int nmessages = live_capture_lines(messages, LIVE_MESSAGES);
	FILE *out;

	*frame = (Frame){0};
	live_terminal_size(&frame->columns, &frame->rows);
	style.columns =
		(frame->columns < MAX_COLUMNS ? frame->columns : MAX_COLUMNS) - 1;
	out = open_memstream(&frame->text, &frame->len);
	if (out == NULL)
		return false;
	screen.draw(screen.arg, out,
				frame->rows < MAX_LINES ? frame->rows : MAX_LINES, &style,
				messages, nmessages);
	if (fclose(out) != 0)
	{
		free(frame->text);
		return false;
	}
	cut_lines(frame);
	return true;
}

static bool
has_changed(const Frame *frame, int line, bool is_whole)
{
	return is_whole || line >= screen.frame.nlines ||
		   strcmp(frame->lines[line], screen.frame.lines[line]) != 0;
}

/* Every line ends in "erase to its end", the last one to the screen's. */
static void
send(const Frame *frame, bool is_whole)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return;
	for (int i = 0; i < frame->nlines; i++)
		if (has_changed(frame, i, is_whole))
			fprintf(out, "\033[%d;1H%s\033[0m\033[K", i + 1, frame->lines[i]);
	if (frame->nlines < frame->rows &&
		(is_whole || frame->nlines < screen.frame.nlines))
		fprintf(out, "\033[%d;1H\033[J", frame->nlines + 1);
	if (fclose(out) == 0 && len > 0)
		live_terminal_write(text, len);
	free(text);
}

static void
draw(void)
{
	bool is_fresh;
	bool is_whole;
	Frame frame;

	if (screen.draw == NULL || !live_terminal_take(&is_fresh) ||
		!compose(&frame))
		return;
	is_whole = is_fresh || ++screen.age >= FRAMES_TO_WHOLE ||
			   frame.rows != screen.frame.rows ||
			   frame.columns != screen.frame.columns;
	if (is_whole)
		screen.age = 0;
	send(&frame, is_whole);
	free(screen.frame.text);
	screen.frame = frame;
}

/* -------- the thread -------- */

/* Until it is time for the next frame, or there are news. */
static void
wait_until(int64_t until_ns)
{
	struct pollfd fds[] = {{.fd = live_terminal_wake_fd(), .events = POLLIN},
						   {.fd = live_capture_fd(), .events = POLLIN}};

	for (;;)
	{
		int64_t left_ns = until_ns - clock_now_ns();

		if (left_ns <= 0 || atomic_load(&screen.is_closing))
			return;
		if (poll(fds, 2, (int) (left_ns / 1000000) + 1) <= 0)
			continue;
		if (fds[1].revents != 0)
		{
			live_terminal_lock();
			live_capture_read();
			live_terminal_unlock();
		}
		if (fds[0].revents != 0)
		{
			live_terminal_woken();
			return;
		}
	}
}

static void
act_on_news(unsigned news)
{
	if (news & LIVE_TERMINAL_STOP)
		live_terminal_stop();
	if (news != 0)
	{
		screen.frame.rows = 0; /* so that the next one is sent whole */
		live_terminal_again();
	}
}

static void *
screen_main(void *arg)
{
	int64_t next_ns = clock_now_ns();

	while (!atomic_load(&screen.is_closing))
	{
		act_on_news(live_terminal_news());
		live_terminal_lock();
		live_capture_read();
		draw();
		live_terminal_unlock();
		next_ns += FRAME_NS;
		if (next_ns < clock_now_ns())
			next_ns = clock_now_ns() + FRAME_NS;
		wait_until(next_ns);
	}
	return arg;
}

/*
 * Signals are for others: but for a fault of its own, which ends the program
 * whoever has blocked it.
 */
static bool
start_thread(Err *err)
{
	static const int faults[] = {SIGSEGV, SIGBUS,  SIGFPE,
								 SIGILL,  SIGTRAP, SIGABRT};
	sigset_t mask;
	sigset_t before;
	int rc;

	sigfillset(&mask);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&mask, faults[i]);
	pthread_sigmask(SIG_SETMASK, &mask, &before);
	rc = pthread_create(&screen.thread, NULL, screen_main, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0 ||
		   err_set(err, ERR_IO, "could not start a thread: %s", strerror(rc));
}

bool
live_screen_check(Err *err)
{
	return live_terminal_check(err);
}

static void
set_draw(LiveDrawFn draw_fn, void *arg)
{
	live_terminal_lock();
	screen.draw = draw_fn;
	screen.arg = arg;
	live_terminal_unlock();
}

bool
live_screen_open(const char *color, LiveDrawFn draw_fn, void *arg, Err *err)
{
	if (screen.depth > 0)
	{
		screen.depth++;
		set_draw(draw_fn, arg);
		return true;
	}
	if (!live_terminal_open(err))
		return false;
	set_draw(draw_fn, arg);
	screen.style = report_style(live_terminal_stream(), color);
	screen.frame = (Frame){0};
	screen.age = 0;
	atomic_store(&screen.is_closing, false);
	if (live_capture_begin(err))
	{
		if (start_thread(err))
		{
			screen.depth = 1;
			return true;
		}
		live_capture_end();
	}
	live_terminal_close();
	return false;
}

void
live_screen_close(void)
{
	if (--screen.depth > 0)
	{
		set_draw(NULL, NULL);
		return;
	}
	atomic_store(&screen.is_closing, true);
	live_terminal_wake();
	pthread_join(screen.thread, NULL);
	free(screen.frame.text);
	screen.frame.text = NULL;
	live_terminal_close();
	live_capture_end();
}
