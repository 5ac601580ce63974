/*
 * test_output.c
 *		The output: order, room, receipts, and what happens when nothing can
 *		be written.
 */
#include <stdlib.h>
#include <unistd.h>

#include "loop.h"
#include "output.h"
#include "tap.h"

static char path[] = "/tmp/test_output.XXXXXX";
static Plan *plan;
static int rooms;
static int failures;
static Err failure;

static void
on_room(void *arg)
{
	(void) arg;
	rooms++;
}

static void
on_failed(void *arg, const Err *err)
{
	(void) arg;
	failures++;
	failure = *err;
}

static Output *
open_it(const OutputOptions *options)
{
	Err err;
	Output *output = output_open(options, plan, &err);

	if (output == NULL)
		printf("Bail out! %s\n", err.message);
	output_start(output, on_room, on_failed, NULL);
	return output;
}

static const char *
content(void)
{
	static char text[65536];
	FILE *file = fopen(path, "r");
	size_t len = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[len] = '\0';
	if (file != NULL)
		fclose(file);
	return text;
}

static void
submit(Output *output, uint64_t number, const char *rows)
{
	output_submit(output, number, rows, strlen(rows), NULL);
}

/* -------- order -------- */

typedef struct Told
{
	OutputReceipt receipt;
	bool is_told;
} Told;

static void
on_left(OutputReceipt *receipt)
{
	((Told *) receipt)->is_told = true;
}

static void
test_order(void)
{
	OutputOptions options = {.file = path, .keep_order = true};
	Output *output = open_it(&options);
	Told told[4] = {0};
	Err err;

	for (int i = 1; i <= 3; i++)
		told[i].receipt.fn = on_left;
	output_submit(output, 3, "c\n", 2, &told[3].receipt);
	output_submit(output, 2, NULL, 0, &told[2].receipt);
	ok(output_flush(output, NS_PER_S), "nothing has left: all is written");
	is_str(content(), "", "who comes early waits");
	ok(!told[2].is_told && !told[3].is_told, "and is told nothing");
	output_submit(output, 1, "a\n", 2, &told[1].receipt);
	ok(told[1].is_told && told[2].is_told && told[3].is_told,
	   "the first one sets all free");
	ok(output_flush(output, 10 * NS_PER_S), "flushed");
	is_str(content(), "a\nc\n", "in order, without the one that had none");
	submit(output, 4, "d\n");
	ok(output_close(output, &err), "closed");
	is_str(content(), "a\nc\nd\n", "the rest is written");
}

static void
test_window(void)
{
	OutputOptions options = {.file = path, .keep_order = true};
	Output *output = open_it(&options);
	Err err;
	uint64_t n = 2;

	rooms = 0;
	for (; output_has_room(output, n); n++)
		submit(output, n, "x\n");
	is_i64((int64_t) n, 8193, "room for so many behind the first");
	is_i64(rooms, 0, "nobody is told of room");
	submit(output, 1, "x\n");
	is_i64(rooms, 1, "until the window moves");
	ok(output_has_room(output, n), "then there is room");
	ok(output_close(output, &err), "closed");
	is_i64((int64_t) strlen(content()), 2 * 8192, "all of them");
}

/* -------- files -------- */

static void
test_append(void)
{
	OutputOptions options = {.file = path, .append = true, .header = true};
	Output *output;
	Err err;
	FILE *file = fopen(path, "w");

	fputs("a\n1\n2", file);
	fclose(file);
	output = open_it(&options);
	submit(output, 1, "3\n");
	ok(output_close(output, &err), "closed");
	is_str(content(), "a\n1\n3\n",
		   "appended behind the last whole line, no second header");
	options.append = false;
	output = open_it(&options);
	ok(output_close(output, &err), "closed");
	is_str(content(), "a\n", "else it begins anew, with a header");
}

static void
test_full(void)
{
	OutputOptions options = {.file = "/dev/full"};
	Output *output;
	Err err = {0};

	if (access("/dev/full", W_OK) != 0)
	{
		skip(5, "there is no /dev/full");
		return;
	}
	output = open_it(&options);
	submit(output, 1, "x\n");
	ok(!output_flush(output, 10 * NS_PER_S), "not written");
	submit(output, 2, "x\n");
	ok(output_has_room(output, 1000000), "nobody waits any more");
	ok(output_close(output, &err), "and closing says nothing twice");
	is_i64(failures, 1, "told once");
	ok(strstr(failure.message, "No space") != NULL, "and why");
}

/* A pipe nobody reads: full at some time, and given up when asked. */
static void
test_pipe(void)
{
	int ends[2];
	int old = dup(STDOUT_FILENO);
	OutputOptions options = {0};
	Output *output;
	char *rows = calloc(1, 1 << 20);
	Err err = {0};
	bool has_room;
	bool is_flushed;
	bool is_closed;

	memset(rows, 'x', 1 << 20);
	fflush(stdout);
	if (pipe(ends) != 0 || dup2(ends[1], STDOUT_FILENO) < 0)
		return;
	output = open_it(&options);
	/* the writer may have taken what came first, and is stuck with it */
	has_room = true;
	for (uint64_t n = 1; n <= 40 && has_room; n++)
	{
		output_submit(output, n, rows, 1 << 20, NULL);
		has_room = output_has_room(output, n + 1);
	}
	is_flushed = output_flush(output, 100 * NS_PER_MS);
	output_abandon(output);
	is_closed = output_close(output, &err);
	dup2(old, STDOUT_FILENO);
	ok(!has_room, "a pipe nobody reads: no room");
	ok(!is_flushed, "a flush does not wait for ever");
	ok(is_closed && strstr(failure.message, "nobody reads") != NULL,
	   "given up, and said");
	close(old);
	close(ends[0]);
	close(ends[1]);
	free(rows);
}

int
main(void)
{
	PlanSource source = {.name = "test", .text = "\\set a 1\n\\emit :a\n"};
	Err err;
	int fd = mkstemp(path);

	source.len = strlen(source.text);
	plan = plan_parse(&source, 1, NULL, &err);
	if (fd < 0 || plan == NULL)
		return 1;
	close(fd);
	test_order();
	test_window();
	test_append();
	test_full();
	test_pipe();
	unlink(path);
	plan_free(plan);
	return done_testing();
}
