/*
 * test_progress.c
 *		What the status line says, that it fits, and pgbench's lines.
 */
#include "progress.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define SECOND INT64_C(1000000000)

static char *written;
static size_t written_len;

static Progress
begin(ProgressStyle style, int columns)
{
	Progress progress = {.style = style, .columns = columns};

	progress.out = open_memstream(&written, &written_len);
	progress_begin(&progress, SECOND);
	return progress;
}

static void
end(Progress *progress)
{
	fclose(progress->out);
	free(written);
}

static void
test_lines(void)
{
	Progress progress = begin(PROGRESS_LINES, 80);
	Counts counts = {0};

	for (int i = 0; i < 50; i++)
	{
		counts.done++;
		counts.latency_ns += (i % 2 ? 3 : 1) * SECOND / 1000;
		counts.latency_squares += i % 2 ? 9 : 1;
	}
	progress_tick(&progress, &counts, 2 * SECOND);
	is_str(written,
		   "progress: 1.0 s, 50.0 tps, lat 2.000 ms stddev 1.000, 0 failed\n",
		   "as pgbench prints it");
	counts.failed = 2;
	counts.latency_ns += SECOND;
	counts.latency_squares += 500.0 * 500 * 2;
	progress.has_rate = true;
	progress.has_limit = true;
	counts.lag_ns = 10 * SECOND / 1000;
	counts.skipped = 7;
	progress_tick(&progress, &counts, 4 * SECOND);
	is_str(strchr(written, '\n') + 1,
		   "progress: 3.0 s, 0.0 tps, lat 500.000 ms stddev 0.000, 2 failed, "
		   "lag 5.000 ms, 7 skipped\n",
		   "each line of its own time");
	end(&progress);
}

static void
test_nothing_done(void)
{
	Progress progress = begin(PROGRESS_LINES, 80);
	Counts counts = {0};

	progress_tick(&progress, &counts, 2 * SECOND);
	is_str(written,
		   "progress: 1.0 s, 0.0 tps, lat 0.000 ms stddev 0.000, 0 failed\n",
		   "nothing is divided by nothing");
	end(&progress);
}

static void
test_status(void)
{
	Progress progress = begin(PROGRESS_STATUS, 200);
	Counts counts = {.done = 240,
					 .failed = 10,
					 .running = 12,
					 .waiting = 4,
					 .latency_ns = 1};

	progress.total = 1000;
	progress_tick(&progress, &counts, 2 * SECOND + SECOND / 2);
	is_str(written,
		   "\r250/1000  25%  167/s  12 running  4 waiting for the pool  "
		   "10 failed  ETA 0:05\033[K",
		   "all of it");
	progress_hide(&progress);
	ok(strcmp(written + written_len - 4, "\r\033[K") == 0,
	   "and it goes away again");
	progress_hide(&progress);
	progress.total = 0;
	progress.duration_ns = 7261 * SECOND;
	counts.waiting = counts.failed = 0;
	progress_tick(&progress, &counts, 3 * SECOND);
	ok(strstr(strrchr(written, '\r'), "240 done  ") != NULL &&
		   strstr(strrchr(written, '\r'), "  ETA 2:00:59") != NULL,
	   "a time instead of a number: %s", strrchr(written, '\r') + 1);
	end(&progress);
}

/* The width of what is shown, without how it is shown. */
static int
shown(const char *line)
{
	const char *from = strrchr(line, '\r') + 1;

	return (int) (strstr(from, "\033[K") - from);
}

static void
test_width(void)
{
	Counts counts = {.done = 123456,
					 .failed = 789,
					 .running = 1000,
					 .waiting = 900,
					 .skipped = 55};
	bool fits = true;
	bool has_done = true;
	int last = 0;
	bool grows = true;

	for (int columns = 20; columns <= 200; columns++)
	{
		Progress progress = begin(PROGRESS_STATUS, columns);

		progress.total = 1000000;
		progress_tick(&progress, &counts, 60 * SECOND);
		fits = fits && shown(written) < columns;
		grows = grows && shown(written) >= last;
		last = shown(written);
		has_done = has_done && strstr(written, "124300/1000000") != NULL;
		end(&progress);
	}
	ok(fits, "from 20 to 200 columns it is narrower than the terminal");
	ok(has_done, "and always tells what is done");
	ok(grows, "and tells more where there is room");
}

static void
test_none(void)
{
	Progress progress = begin(PROGRESS_NONE, 80);
	Counts counts = {.done = 1};

	progress_tick(&progress, &counts, 2 * SECOND);
	progress_hide(&progress);
	fflush(progress.out);
	is_i64((int64_t) written_len, 0, "no progress, nothing written");
	end(&progress);
}

int
main(void)
{
	test_lines();
	test_nothing_done();
	test_status();
	test_width();
	test_none();
	return done_testing();
}
