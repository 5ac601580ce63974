/*
 * test_input.c
 *		Input formats: every record becomes a row or is told as bad, with its
 *		line, and reading goes on behind it.
 *
 * Rows are shown as "a|b", NULL as ~, one after another with a blank line
 * end; a bad record as "!LINE: message".
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "buf.h"
#include "input.h"
#include "mem.h"
#include "tap.h"

/* -------- reading all there is -------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static bool has_more;

static void
on_more(void *arg)
{
	(void) arg;
	pthread_mutex_lock(&lock);
	has_more = true;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
}

static void
wait_for_more(void)
{
	pthread_mutex_lock(&lock);
	while (!has_more)
		pthread_cond_wait(&more, &lock);
	has_more = false;
	pthread_mutex_unlock(&lock);
}

static InputState
pull(Input *input, Row **row, Err *err)
{
	InputState state;

	while ((state = input_pull(input, row, err)) == INPUT_WAIT)
		wait_for_more();
	return state;
}

static void
show_row(Buf *out, const Row *row)
{
	for (int i = 0; i < row->nfields; i++)
	{
		size_t len;
		const char *text = row_text(row, i, &len);

		buf_puts(out, i > 0 ? "|" : "");
		if (text == NULL)
			buf_puts(out, "~");
		else
			buf_append(out, text, len);
	}
	buf_puts(out, ";");
}

static void
show_all(Input *input, Buf *out)
{
	InputState state;
	Row *row;
	Err err = {0};

	input_start(input, on_more, NULL);
	while ((state = pull(input, &row, &err)) != INPUT_END)
	{
		if (state == INPUT_BAD)
			buf_printf(out, "!%d: %s;", err.line, err.message);
		else if (state == INPUT_FAILED)
		{
			buf_printf(out, "failed: %s;", err.message);
			return;
		}
		else
		{
			show_row(out, row);
			input_give_back(input, row);
		}
	}
}

static char path[] = "/tmp/test_input.XXXXXX";

static void
write_file(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fwrite(text, 1, len, file) != len)
		printf("Bail out! cannot write %s\n", path);
	if (file != NULL)
		fclose(file);
}

/* The columns' names, a colon, and the rows; or the error. */
static void
show_text(Buf *out, const char *text, size_t len, const InputOptions *options)
{
	InputOptions with_file = *options;
	Input *input;
	Err err = {0};

	write_file(text, len);
	with_file.file = path;
	buf_reset(out);
	input = input_open(&with_file, NULL, &err);
	if (input == NULL)
	{
		buf_printf(out, "error %d: %s", err.line, err.message);
		return;
	}
	for (int i = 0; i < input_columns(input)->count; i++)
		buf_printf(out, "%s%s", i > 0 ? "|" : "",
				   input_columns(input)->names[i]);
	buf_puts(out, ":");
	show_all(input, out);
	input_free(input);
}

/* -------- cases -------- */

typedef struct Case
{
	const char *name;
	InputFormat format;
	InputHeader header;
	const char *columns;
	const char *text;
	const char *shown;
} Case;

#define A INPUT_HEADER_AUTO
#define Y INPUT_HEADER_YES
#define N INPUT_HEADER_NO

static const Case cases[] = {
	/* CSV that is right */
	{"plain", INPUT_CSV, A, NULL, "a,b\n1,2\n3,4\n", "a|b:1|2;3|4;"},
	{"no last line end", INPUT_CSV, A, NULL, "a,b\n1,2\n3,4", "a|b:1|2;3|4;"},
	{"CRLF", INPUT_CSV, A, NULL, "a,b\r\n1,2\r\n3,\r\n", "a|b:1|2;3|~;"},
	{"a byte order mark", INPUT_CSV, A, NULL,
	 "\xEF\xBB\xBF"
	 "a,b\n1,2\n",
	 "a|b:1|2;"},
	{"quotes", INPUT_CSV, A, NULL, "a,b\n\"x, y\",\"say \"\"hi\"\"\"\n",
	 "a|b:x, y|say \"hi\";"},
	{"line breaks in quotes", INPUT_CSV, A, NULL,
	 "a,b\n\"1\n2\r\n3\",x\nbad\n",
	 "a|b:1\n2\r\n3|x;!5: 1 column, where "
	 "there should be 2;"},
	{"NULL and empty", INPUT_CSV, A, NULL, "a,b\n,\"\"\n\"\",\n",
	 "a|b:~|;|~;"},
	{"empty lines", INPUT_CSV, A, NULL, "\n\na\n\n1\r\n\r\n\"\"\n\n", "a:1;;"},
	{"blanks stay", INPUT_CSV, A, NULL, "a,b\n 1 ,\t\n", "a|b: 1 |\t;"},
	{"a header alone", INPUT_CSV, A, NULL, "a,b\n", "a|b:"},
	{"a quoted header", INPUT_CSV, A, NULL, "\"a b\",\"c\"\"\"\n1,2\n",
	 "a b|c\":1|2;"},
	{"UTF-8", INPUT_CSV, A, NULL,
	 "gr\xC3\xB6\xC3\x9F"
	 "e\n\xE2\x82\xAC\n",
	 "gr\xC3\xB6\xC3\x9F"
	 "e:\xE2\x82\xAC;"},
	{"no header", INPUT_CSV, N, NULL, "1,2\n3,4\n",
	 "column1|column2:1|2;3|4;"},
	{"no header, names", INPUT_CSV, A, "x,y", "1,2\n", "x|y:1|2;"},
	{"a header renamed", INPUT_CSV, Y, "x,y", "a,a\n1,2\n", "x|y:1|2;"},
	{"no header, first record bad", INPUT_CSV, N, NULL, "\"1\"x,2\n3,4\n",
	 "column1|column2:!1: column 1: text behind the closing quote;3|4;"},
	{"no header, nothing", INPUT_CSV, N, NULL, "", ":"},
	{"a last empty field", INPUT_CSV, A, NULL, "a,b\n1,", "a|b:1|~;"},

	/* CSV that is wrong */
	{"too few", INPUT_CSV, A, NULL, "a,b\n1\n3,4\n",
	 "a|b:!2: 1 column, where there should be 2;3|4;"},
	{"too many", INPUT_CSV, A, NULL, "a,b\n1,2,3\n3,4\n",
	 "a|b:!2: 3 columns, where there should be 2;3|4;"},
	{"a quote in a plain field", INPUT_CSV, A, NULL, "a,b\n5\" pipe,2\n3,4\n",
	 "a|b:!2: column 1: a quote inside a field that does not begin with one;"
	 "3|4;"},
	{"text behind a quote", INPUT_CSV, A, NULL, "a,b\n1,\"2\"x\n3,4\n",
	 "a|b:!2: column 2: text behind the closing quote;3|4;"},
	{"a quote never closed", INPUT_CSV, A, NULL, "a,b\n1,2\n3,\"4\n5,6\n",
	 "a|b:1|2;!3: column 2: the quote opened in line 3 is never closed;"},
	{"a lone CR", INPUT_CSV, A, NULL, "a,b\n1,2\r3,4\n5,6\n",
	 "a|b:!2: column 2: a carriage return that no line feed follows;5|6;"},
	{"a CR at the end", INPUT_CSV, A, NULL, "a,b\n1,2\r",
	 "a|b:!2: column 2: a carriage return that no line feed follows;"},
	{"invalid UTF-8", INPUT_CSV, A, NULL, "a,b\n1,caf\xE9\n3,4\n",
	 "a|b:!2: column 2 is not valid UTF-8 (byte 0xE9);3|4;"},
	{"UTF-8 cut by a comma", INPUT_CSV, A, NULL, "a,b\n\xC3,\xB6\n",
	 "a|b:!2: column 1 is not valid UTF-8 (byte 0xC3);"},
	{"a duplicate name", INPUT_CSV, A, NULL, "a,b,a\n1,2,3\n",
	 "error 1: columns 1 and 3 are both named \"a\""},
	{"an empty name", INPUT_CSV, A, NULL, "a,,c\n1,2,3\n",
	 "error 1: column 2 has no name"},
	{"a last empty name", INPUT_CSV, A, NULL, "a,\n1,2\n",
	 "error 1: column 2 has no name"},
	{"nothing at all", INPUT_CSV, A, NULL, "",
	 "error 1: the input is empty: there is no header line"},
	{"a header with a mistake", INPUT_CSV, A, NULL, "a,\"b\"c\n1,2\n",
	 "error 1: the header: column 2: text behind the closing quote"},
	{"a header of other length", INPUT_CSV, Y, "x", "a,b\n1,2\n",
	 "error 1: the header has 2 columns, and --input-columns names 1"},
	{"names given twice", INPUT_CSV, A, "x,x", "1,2\n",
	 "error 0: --input-columns: columns 1 and 2 are both named \"x\""},

	/* TSV */
	{"TSV", INPUT_TSV, A, NULL, "a\tb\n1\t\n\\N\tx\\ty\\\\\\n\r\n",
	 "a|b:1|;~|x\ty\\\n;"},
	{"TSV: quotes are nothing", INPUT_TSV, A, NULL, "a\tb\n\"1\t2\"\n",
	 "a|b:\"1|2\";"},
	{"TSV: wrong", INPUT_TSV, A, NULL,
	 "a\tb\n1\n1\t2\t3\n1\t\\x\n1\t2\\\n"
	 "\n3\t4\n",
	 "a|b:!2: 1 column, where there should be 2;!3: 3 columns, where there "
	 "should be 2;!4: column 2: an unknown backslash sequence;!5: column 2: "
	 "an unknown backslash sequence;3|4;"},

	/* JSON lines */
	{"JSON", INPUT_JSONL, A, NULL,
	 "{\"a\":1,\"b\":\"x\\u00e9\\n\"}\n\n{ \"b\" : null , \"a\" : 1.50 }\r\n"
	 "{}\n{\"a\":true,\"c\":3,\"b\":[1, {\"k\": \" \"}]}\n"
	 "{\"a\":12345678901234567890123,\"b\":{\"x\" : 1e999}}",
	 "a|b:1|x\xC3\xA9\n;1.50|~;~|~;true|[1,{\"k\":\" \"}];"
	 "12345678901234567890123|{\"x\":1e999};"},
	{"JSON: keys with escapes", INPUT_JSONL, A, NULL,
	 "{\"a\\u0062\":1}\n{\"ab\":2}\n", "ab:1;2;"},
	{"JSON: the last of two equal keys", INPUT_JSONL, A, NULL,
	 "{\"a\":1,\"a\":2}\n", "a:2;"},
	{"JSON: names given", INPUT_JSONL, A, "b,a", "{\"a\":1}\n{\"b\":2}\n",
	 "b|a:~|1;2|~;"},
	{"JSON: nothing", INPUT_JSONL, A, NULL, "\n \n", ":"},
	{"JSON: first record bad", INPUT_JSONL, A, NULL, "[1]\n{\"a\":1}\n",
	 "a:!1: the line is not a JSON object but a list;1;"},
	{"JSON: wrong", INPUT_JSONL, A, NULL,
	 "{\"a\":1}\n7\n\"x\"\n{\"a\":\"\\u0000\"}\n{\"a\":2}\n",
	 "a:1;!2: the line is not a JSON object but a number;!3: the line is not "
	 "a JSON object but a text;!4: a text holds \\u0000;2;"},

	/* lines */
	{"lines", INPUT_LINES, A, NULL, "a b\r\n\n\"c\",d", "line:a b;;\"c\",d;"},
	{"lines: a name", INPUT_LINES, A, "url", "x\n", "url:x;"},
	{"lines: two names", INPUT_LINES, A, "a,b", "x\n",
	 "error 0: an input of lines has one column only"},
	{"lines: header", INPUT_LINES, Y, NULL, "x\n",
	 "error 0: --input-header is for CSV and TSV only"},
	{"lines: invalid UTF-8", INPUT_LINES, A, NULL, "a\n\xFF\nb\n",
	 "line:a;!2: column 1 is not valid UTF-8 (byte 0xFF);b;"},
};

static void
test_cases(Buf *out)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const Case *c = &cases[i];
		InputOptions options = {
			.format = c->format, .header = c->header, .columns = c->columns};

		show_text(out, c->text, strlen(c->text), &options);
		is_str(out->data, c->shown, "%s", c->name);
	}
}

static void
test_special(Buf *out)
{
	InputOptions csv = {.format = INPUT_CSV};
	InputOptions nul = {.format = INPUT_NUL};
	InputOptions semicolon = {.format = INPUT_CSV, .delimiter = ';'};
	static const char with_nul[] = "a,b\n1,x\0y\n3,4\n";
	static const char items[] = "one\0two\nlines\0\0last";

	show_text(out, with_nul, sizeof(with_nul) - 1, &csv);
	is_str(out->data, "a|b:!2: column 2 has a NUL byte;3|4;", "CSV: a NUL");
	show_text(out, items, sizeof(items) - 1, &nul);
	is_str(out->data, "line:one;two\nlines;;last;", "NUL-separated items");
	show_text(out, "a;b\n1,5;2\n", 10, &semicolon);
	is_str(out->data, "a|b:1,5|2;", "another delimiter");
	show_text(out, "{\"a\":1}\n{\"a\":\n{\"a\":2}\n", 23,
			  &(InputOptions){.format = INPUT_JSONL});
	ok(strstr(out->data, "a:1;!2: the text is not JSON: ") == out->data &&
		   strstr(out->data, ";2;") != NULL,
	   "JSON: a broken line, in jansson's words");
}

/* -------- large records -------- */

static void
write_large(const char *before, size_t len, const char *after)
{
	FILE *file = fopen(path, "w");
	static char block[1 << 16];

	memset(block, 'x', sizeof(block));
	if (file == NULL)
		return;
	fputs(before, file);
	for (; len > 0; len -= len < sizeof(block) ? len : sizeof(block))
		fwrite(block, 1, len < sizeof(block) ? len : sizeof(block), file);
	fputs(after, file);
	fclose(file);
}

static int64_t
peak_kb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void
show_file(Buf *out, InputFormat format, int64_t max_row_bytes)
{
	InputOptions options = {
		.file = path, .format = format, .max_row_bytes = max_row_bytes};
	Err err = {0};
	Input *input = input_open(&options, NULL, &err);

	buf_reset(out);
	if (input == NULL)
	{
		buf_puts(out, err.message);
		return;
	}
	show_all(input, out);
	input_free(input);
}

static void
test_large(Buf *out)
{
	const size_t large = 100 << 20;
	int64_t before_kb;

	write_large("a,b\n1,", 1000, "\n2,3\n");
	show_file(out, INPUT_CSV, 500);
	is_str(out->data, "!2: the record is larger than 500 bytes;2|3;",
		   "a record over the limit");
	before_kb = peak_kb();
	write_large("a,b\n1,\"\n", large, "\n\"\n2,3\n");
	show_file(out, INPUT_CSV, 1 << 20);
	is_str(out->data, "!2: the record is larger than 1048576 bytes;2|3;",
		   "CSV: 100 MB in quotes are passed over");
	write_large("{\"a\":1}\n{\"a\":\"", large, "\"}\n{\"a\":2}\n");
	show_file(out, INPUT_JSONL, 1 << 20);
	is_str(out->data, "1;!2: the record is larger than 1048576 bytes;2;",
		   "JSON: 100 MB are passed over");
	write_large("a\n", large, "\nb\n");
	show_file(out, INPUT_LINES, 1 << 20);
	is_str(out->data, "a;!2: the record is larger than 1048576 bytes;b;",
		   "lines: 100 MB are passed over");
	/* sanitizers keep freed memory for a while */
	if (getenv("ASAN_OPTIONS") != NULL)
		skip(1, "memory is another under a sanitizer");
	else
		ok(peak_kb() - before_kb < 16 << 10, "in bounded memory: %lld kB",
		   (long long) (peak_kb() - before_kb));
}

/* Records across the border of every buffer. */
static void
test_borders(Buf *out)
{
	Buf text = {0};
	InputOptions options = {.file = path, .format = INPUT_CSV};
	Err err = {0};
	Input *input;
	Row *row;
	int64_t sum = 0;
	int64_t count = 0;
	bool fine = true;

	(void) out;
	buf_puts(&text, "n,t\r\n");
	for (int i = 1; i <= 100000; i++)
		buf_printf(&text, "%d,\"%.*s\"\"\n,\"\r\n", i, i % 13,
				   "abcdefghijklm");
	write_file(text.data, text.len);
	input = input_open(&options, NULL, &err);
	input_start(input, on_more, NULL);
	while (pull(input, &row, &err) == INPUT_ROW)
	{
		size_t len;

		fine = fine && row->line == 2 * count + 2;
		count++;
		fine = fine && row->number == count &&
			   atoll(row_text(row, 0, &len)) == count;
		row_text(row, 1, &len);
		fine = fine && len == (size_t) (count % 13) + 3;
		sum += atoll(row_text(row, 0, &len));
		input_give_back(input, row);
	}
	ok(fine && count == 100000 && sum == INT64_C(5000050000),
	   "100,000 records over many buffers, numbers and lines right");
	input_free(input);
	buf_free(&text);
}

/* -------- waiting and ending -------- */

/* A pipe that gives nothing: pulling does not wait, and freeing ends it. */
static void
test_slow_pipe(Buf *out)
{
	InputOptions options = {.file = "-", .format = INPUT_CSV};
	int ends[2];
	int old = dup(STDIN_FILENO);
	Input *input;
	Row *row;
	Err err = {0};

	(void) out;
	if (pipe(ends) != 0 || dup2(ends[0], STDIN_FILENO) < 0 ||
		write(ends[1], "a,b\n1,", 6) != 6)
		printf("Bail out! no pipe\n");
	input = input_open(&options, NULL, &err);
	ok(input != NULL, "a header from a pipe");
	is_str(input_name(input), "<stdin>", "its name");
	input_start(input, on_more, NULL);
	is_i64(input_pull(input, &row, &err), INPUT_WAIT, "half a row: wait");
	if (write(ends[1], "2\n3", 3) != 3)
		printf("Bail out! no pipe\n");
	wait_for_more();
	is_i64(input_pull(input, &row, &err), INPUT_ROW, "told of the row");
	input_give_back(input, row);
	is_i64(input_pull(input, &row, &err), INPUT_WAIT, "then wait again");
	input_free(input);
	ok(true, "freed while the pipe is silent");
	dup2(old, STDIN_FILENO);
	close(old);
	close(ends[0]);
	close(ends[1]);
}

static void
test_early_end(Buf *out)
{
	InputOptions options = {.file = path, .format = INPUT_LINES};
	Err err = {0};
	Input *input;
	Row *row;

	(void) out;
	write_large("", 8 << 20, "\n");
	for (int round = 0; round < 2; round++)
	{
		FILE *file = fopen(path, "w");

		for (int i = 0; i < 100000; i++)
			fprintf(file, "%d\n", i);
		fclose(file);
		input = input_open(&options, NULL, &err);
		input_start(input, on_more, NULL);
		if (round == 1)
		{
			is_i64(pull(input, &row, &err), INPUT_ROW, "a row");
			row_free(row);
		}
		input_free(input);
	}
	ok(true, "freed while the reader waits for room");
	options.file = "/no/such/file.csv";
	ok(input_open(&options, NULL, &err) == NULL &&
		   strstr(err.message, "/no/such/file.csv") != NULL && err.hint[0],
	   "a missing file");
	options.file = "/tmp";
	ok(input_open(&options, NULL, &err) == NULL &&
		   strstr(err.message, "directory") != NULL,
	   "a folder");
}

/* -------- a query -------- */

static void
show_query(Buf *out, const char *sql)
{
	InputOptions options = {.sql = sql};
	ConnSettings settings = {0};
	Err err = {0};
	Input *input = input_open(&options, &settings, &err);

	buf_reset(out);
	if (input == NULL)
	{
		buf_puts(out, err.message);
		return;
	}
	for (int i = 0; i < input_columns(input)->count; i++)
		buf_printf(out, "%s|", input_columns(input)->names[i]);
	show_all(input, out);
	input_free(input);
}

static void
test_query(Buf *out)
{
	InputOptions options = {.sql = "SELECT i, 'x' || i AS t FROM "
								   "generate_series(1, 10000) i"};
	ConnSettings settings = {0};
	Err err = {0};
	Input *input;
	Row *row;
	int64_t sum = 0;

	if (getenv("PGHOST") == NULL)
	{
		skip(6, "there is no server");
		return;
	}
	show_query(out, "SELECT 1 AS a, NULL::text AS b, true AS c, 1.50 AS d, "
					"''::text AS e -- the end;");
	is_str(out->data, "a|b|c|d|e|1|~|true|1.50|;", "a query's row");
	show_query(out, "VALUES (1), (2);");
	is_str(out->data, "column1|1;2;", "VALUES with a semicolon");
	show_query(out, "SELECT 1/(300 - i) AS q FROM generate_series(1, 400) i");
	ok(strncmp(out->data, "q|0;0;", 6) == 0 &&
		   strstr(out->data, ";failed: --input-sql: division by zero") != NULL,
	   "a query that fails midway");
	show_query(out, "SELECT 1 AS a, 2 AS a");
	is_str(out->data, "columns 1 and 2 are both named \"a\"", "a name twice");
	show_query(out, "SELECT nothing");
	is_str(out->data,
		   "--input-sql: column \"nothing\" does not exist "
		   "(SQLSTATE 42703)",
		   "a query that is wrong");
	input = input_open(&options, &settings, &err);
	input_start(input, on_more, NULL);
	for (int i = 0; i < 10000 && pull(input, &row, &err) == INPUT_ROW; i++)
	{
		size_t len;

		sum += atoll(row_text(row, 0, &len));
		input_give_back(input, row);
	}
	is_i64(sum, 50005000, "many rows");
	input_free(input);
}

int
main(void)
{
	Buf out = {0};
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	test_cases(&out);
	test_special(&out);
	test_borders(&out);
	test_slow_pipe(&out);
	test_early_end(&out);
	test_query(&out);
	test_large(&out);
	unlink(path);
	buf_free(&out);
	return done_testing();
}
