/*
 * progress.c
 *	  How far a run has come: a status line, or lines as pgbench's.
 *
 * The status line is ASCII, so that its bytes are its width, and one column
 * short of the terminal, where no terminal wraps.  What there is no room for
 * is left out, the least important first.
 */
#include "progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define RATE_WINDOW_NS INT64_C(1000000000)
#define DEFAULT_COLUMNS 80
#define MAX_COLUMNS 240

typedef struct Piece
{
	char text[48];
	int rank; /* the highest is left out first; 0: never */
} Piece;

typedef struct Status
{
	Piece pieces[8];
	int count;
} Status;

void
progress_begin(Progress *progress, int64_t now_ns)
{
	progress->begun_ns = now_ns;
	progress->since_ns = now_ns;
	memset(&progress->since, 0, sizeof(progress->since));
}

/* -------- lines -------- */

static double
mean(double sum, int64_t count)
{
	return count > 0 ? sum / (double) count : 0;
}

/* Counts are what came since the last line. */
static void
put_line(Progress *progress, const Counts *now, int64_t now_ns)
{
	const Counts *since = &progress->since;
	double seconds = (double) (now_ns - progress->since_ns) / 1e9;
	int64_t done = now->done - since->done;
	int64_t failed = now->failed - since->failed;
	int64_t all = done + failed;
	double latency =
		mean((double) (now->latency_ns - since->latency_ns) / 1e6, all);
	double squares = mean(now->latency_squares - since->latency_squares, all);
	double variance = squares - latency * latency;

	fprintf(progress->out,
			"progress: %.1f s, %.1f tps, lat %.3f ms stddev %.3f, %" PRId64
			" failed",
			(double) (now_ns - progress->begun_ns) / 1e9,
			seconds > 0 ? (double) done / seconds : 0, latency,
			variance > 0 ? sqrt(variance) : 0, failed);
	if (progress->has_rate)
		fprintf(progress->out, ", lag %.3f ms",
				mean((double) (now->lag_ns - since->lag_ns) / 1e6, all));
	if (progress->has_rate && progress->has_limit)
		fprintf(progress->out, ", %" PRId64 " skipped",
				now->skipped - since->skipped);
	fputc('\n', progress->out);
	fflush(progress->out);
}

/* -------- the status line -------- */

__attribute__((format(printf, 3, 4))) static void
add(Status *status, int rank, const char *fmt, ...)
{
	Piece *piece = &status->pieces[status->count++];
	va_list args;

	piece->rank = rank;
	va_start(args, fmt);
	vsnprintf(piece->text, sizeof(piece->text), fmt, args);
	va_end(args);
}

double
progress_time_left(int64_t total, int64_t duration_ns, int64_t ended,
				   int64_t passed_ns)
{
	double passed = (double) passed_ns / 1e9;
	double left = -1;

	if (duration_ns > 0)
		left = fmax((double) duration_ns / 1e9 - passed, 0);
	if (total > 0 && ended > 0)
	{
		double rest = (double) (total - ended) / (double) ended;

		if (left < 0 || rest * passed < left)
			left = rest * passed;
	}
	return left;
}

static void
add_time_left(Status *status, double left)
{
	int64_t seconds = (int64_t) ceil(left);

	if (left < 0 || left > 1e7)
		return;
	if (seconds < 3600)
		add(status, 2, "ETA %d:%02d", (int) (seconds / 60),
			(int) (seconds % 60));
	else
		add(status, 2, "ETA %d:%02d:%02d", (int) (seconds / 3600),
			(int) (seconds / 60 % 60), (int) (seconds % 60));
}

static void
add_done(Status *status, const Progress *progress, int64_t ended)
{
	if (progress->total <= 0)
	{
		add(status, 0, "%" PRId64 " done", ended);
		return;
	}
	add(status, 0, "%" PRId64 "/%" PRId64, ended, progress->total);
	add(status, 4, "%d%%",
		(int) (100.0 * (double) ended / (double) progress->total));
}

static void
compose(const Progress *progress, const Counts *now, int64_t now_ns,
		Status *status)
{
	const Counts *since = &progress->since;
	double seconds = (double) (now_ns - progress->since_ns) / 1e9;
	int64_t ended = now->done + now->failed + now->skipped;
	int64_t before = since->done + since->failed + since->skipped;

	status->count = 0;
	add_done(status, progress, ended);
	if (seconds > 0)
		add(status, 3, "%.*f/s",
			(double) (ended - before) < 10 * seconds ? 1 : 0,
			(double) (ended - before) / seconds);
	add(status, 5, "%d running", now->running);
	if (now->waiting > 0)
		add(status, 6, "%d waiting for the pool", now->waiting);
	if (now->skipped > 0)
		add(status, 7, "%" PRId64 " skipped", now->skipped);
	if (now->failed > 0)
		add(status, 1, "%" PRId64 " failed", now->failed);
	add_time_left(status,
				  progress_time_left(progress->total, progress->duration_ns,
									 ended, now_ns - progress->begun_ns));
}

static int
width(const Status *status)
{
	int sum = 0;

	for (int i = 0; i < status->count; i++)
		sum += (int) strlen(status->pieces[i].text) + (i > 0 ? 2 : 0);
	return sum;
}

static bool
leave_out_one(Status *status)
{
	int at = 0;

	for (int i = 1; i < status->count; i++)
		if (status->pieces[i].rank > status->pieces[at].rank)
			at = i;
	if (status->count == 0 || status->pieces[at].rank == 0)
		return false;
	status->count--;
	for (int i = at; i < status->count; i++)
		status->pieces[i] = status->pieces[i + 1];
	return true;
}

static int
columns_now(const Progress *progress)
{
	struct winsize size;
	int columns = progress->columns;

	if (columns == 0 && ioctl(fileno(progress->out), TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	if (columns <= 1)
		columns = DEFAULT_COLUMNS;
	return columns < MAX_COLUMNS ? columns : MAX_COLUMNS;
}

static void
put_status(Progress *progress, const Counts *now, int64_t now_ns)
{
	int room = columns_now(progress) - 1;
	char line[MAX_COLUMNS + 1];
	size_t len = 0;
	Status status;

	compose(progress, now, now_ns, &status);
	while (width(&status) > room && leave_out_one(&status))
		;
	line[0] = '\0';
	for (int i = 0; i < status.count && len < sizeof(line); i++)
		len += (size_t) snprintf(line + len, sizeof(line) - len, "%s%s",
								 i > 0 ? "  " : "", status.pieces[i].text);
	fprintf(progress->out, "\r%.*s\033[K", room, line);
	fflush(progress->out);
	progress->is_shown = true;
}

void
progress_hide(Progress *progress)
{
	if (!progress->is_shown)
		return;
	fputs("\r\033[K", progress->out);
	fflush(progress->out);
	progress->is_shown = false;
}

void
progress_tick(Progress *progress, const Counts *now, int64_t now_ns)
{
	bool begins_anew = progress->style == PROGRESS_LINES ||
					   now_ns - progress->since_ns >= RATE_WINDOW_NS;

	if (progress->style == PROGRESS_NONE)
		return;
	flockfile(progress->out);
	if (progress->style == PROGRESS_LINES)
		put_line(progress, now, now_ns);
	else
		put_status(progress, now, now_ns);
	funlockfile(progress->out);
	if (!begins_anew)
		return;
	progress->since = *now;
	progress->since_ns = now_ns;
}
