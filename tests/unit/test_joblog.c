/*
 * test_joblog.c
 *		What a job log says can be read again, whatever was done to the file.
 */
#include "tap.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "joblog.h"

static char folder[] = "/tmp/test_joblog_XXXXXX";
static char path[64];
static int before_writes;

static bool
before_write(void *arg)
{
	before_writes++;
	return *(bool *) arg;
}

static bool rows_are_safe = true;

static JobLog *
open_log(bool resume, uint64_t plan, RowSet *done, Err *err)
{
	JobLogSettings settings = {.path = path,
							   .plan = {plan, 1},
							   .run_id = "r1",
							   .resume = resume,
							   .before_write = before_write,
							   .arg = &rows_are_safe};

	err->kind = ERR_NONE;
	return joblog_open(&settings, done, err);
}

static void
add(JobLog *log, uint64_t number, const char *outcome, const Err *err)
{
	JobLogEntry entry = {.number = number,
						 .key = {{0xabc, number}, 1},
						 .begun_ns = 1000000000,
						 .ended_ns = 1001500000,
						 .attempts = 1,
						 .outcome = outcome,
						 .err = err};

	joblog_add(log, &entry);
}

static RowOutcome
outcome_of(RowSet *done, uint64_t number)
{
	RowKey key = {{0xabc, number}, 1};

	return rowset_get(done, &key);
}

static void
read_file(char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t n = fread(text, 1, size - 1, file);

	text[n] = '\0';
	fclose(file);
}

static void
write_file(const char *mode, const char *text)
{
	FILE *file = fopen(path, mode);

	fputs(text, file);
	fclose(file);
}

static void
test_write(void)
{
	char text[4096];
	Err failure;
	Err err;
	JobLog *log = open_log(false, 5, NULL, &err);

	if (!ok(log != NULL, "a new log opens"))
		return;
	err_set(&failure, ERR_SQL, "line\nbreak\tand https://u:pw@host/");
	snprintf(failure.sqlstate, sizeof(failure.sqlstate), "23505");
	add(log, 1, "ok", NULL);
	add(log, 2, "failed", &failure);
	err_set(&failure, ERR_TIMEOUT, "too long");
	add(log, 3, "canceled", &failure);
	before_writes = 0;
	ok(joblog_write(log), "lines are written");
	is_i64(before_writes, 1, "what the tasks gave was asked for before");
	read_file(text, sizeof(text));
	ok(strstr(text, "# asyncdemo job log, format 1\n# plan "
					"00000000000000050000000000000001\n") == text,
	   "it begins with format and plan");
	ok(strstr(text, "\n1\t0000000000000abc0000000000000001\t1\t") != NULL,
	   "number, row and occurrence");
	ok(strstr(text, "Z\t0.001500\t1\tok\t-\t\n") != NULL,
	   "seconds, attempts, outcome");
	ok(strstr(text, "failed\t23505\tline\\nbreak\\tand https://***@host/\n"),
	   "an error is one line without secrets");
	ok(strstr(text, "canceled\ttimeout\ttoo long\n"),
	   "without SQLSTATE the kind of error is told");
	ok(joblog_close(log, &err), "it closes");
}

static void
test_resume(void)
{
	RowSet *done = rowset_new();
	Err err;
	JobLog *log = open_log(true, 5, done, &err);

	ok(log != NULL, "it can be resumed");
	is_i64(outcome_of(done, 1), OUTCOME_OK, "1 ended well");
	is_i64(outcome_of(done, 2), OUTCOME_FAILED, "2 failed");
	is_i64(outcome_of(done, 3), OUTCOME_UNKNOWN, "3 did not end");
	add(log, 2, "ok", NULL);
	joblog_close(log, &err);
	log = open_log(true, 5, done, &err);
	is_i64(outcome_of(done, 2), OUTCOME_OK, "what was appended counts");
	joblog_close(log, &err);
	rowset_free(done);
}

static void
test_torn(void)
{
	RowSet *done = rowset_new();
	char text[4096];
	Err err;
	JobLog *log;

	write_file("a", "4\t0000000000000abc00000000000");
	log = open_log(true, 5, done, &err);
	if (!ok(log != NULL, "a torn last line is no error"))
		return;
	is_i64(outcome_of(done, 4), OUTCOME_UNKNOWN, "and counts for nothing");
	add(log, 5, "ok", NULL);
	joblog_close(log, &err);
	read_file(text, sizeof(text));
	ok(strstr(text, "\n4\t") == NULL && strstr(text, "\n5\t") != NULL,
	   "the next line does not stick to it");
	log = open_log(true, 5, done, &err);
	ok(log != NULL && outcome_of(done, 5) == OUTCOME_OK, "so it reads again");
	joblog_close(log, &err);
	rowset_free(done);
}

static void
refused(bool resume, uint64_t plan, const char *why)
{
	Err err;
	JobLog *log = open_log(resume, plan, NULL, &err);

	ok(log == NULL && strstr(err.message, why) != NULL && err.hint[0] != '\0',
	   "refused: %s", err.message);
	if (log != NULL)
		joblog_close(log, &err);
}

static void
test_refusals(void)
{
	Err err;
	JobLog *log;

	refused(true, 6, "belongs to another plan");
	refused(false, 5, "is there already");
	log = open_log(true, 5, NULL, &err);
	refused(true, 5, "another run is writing");
	joblog_close(log, &err);
	write_file("a", "17\tnonsense\n");
	refused(true, 5, "this is not a line");
	write_file("w", "my diary");
	refused(true, 5, "is not a job log");
	write_file("w", "my diary\n");
	refused(true, 5, "is not a job log");
	write_file("w", "# asyncdemo job log, format 1\nmore\n");
	refused(true, 5, "is not a job log");
	write_file("w", "# asyncdemo job lo");
	log = open_log(true, 5, NULL, &err);
	ok(log != NULL, "half a first line is a log that is begun anew");
	joblog_close(log, &err);
	unlink(path);
	mkdir(path, 0700);
	refused(true, 5, "cannot write");
	rmdir(path);
}

/* A limit on the size of files is a full disk that needs no root. */
static int
full_disk(void)
{
	bool was_told;
	Err err;
	JobLog *log = open_log(false, 5, NULL, &err);

	for (uint64_t i = 0; i < 100000; i++)
		add(log, i, "ok", NULL);
	was_told = joblog_err(log) != NULL && joblog_unwritten(log) > 0;
	return !joblog_close(log, &err) && was_told &&
				   strstr(err.message, "tasks that ended are not in it")
			   ? 0
			   : 1;
}

static void
test_full_disk(void)
{
	RowSet *done = rowset_new();
	Err err;
	JobLog *log;
	int status;
	pid_t pid = fork();

	if (pid == 0)
	{
		struct rlimit limit = {200 * 1024, 200 * 1024};

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(full_disk());
	}
	waitpid(pid, &status, 0);
	is_i64(status, 0, "a full disk is told, with what is missing");
	log = open_log(true, 5, done, &err);
	ok(log != NULL && rowset_count(done, OUTCOME_OK) > 100,
	   "the log is whole up to there");
	joblog_close(log, &err);
	rowset_free(done);
	unlink(path);
}

static void
test_rows_first(void)
{
	char text[4096];
	Err err;
	JobLog *log = open_log(false, 5, NULL, &err);

	add(log, 1, "ok", NULL);
	rows_are_safe = false;
	ok(joblog_write(log), "rows that are not safe yet hold back the log");
	read_file(text, sizeof(text));
	ok(strstr(text, "\n1\t") == NULL, "no line is there");
	rows_are_safe = true;
	ok(joblog_write(log), "then they are");
	read_file(text, sizeof(text));
	ok(strstr(text, "\n1\t") != NULL, "and the line is there");
	add(log, 2, "ok", NULL);
	rows_are_safe = false;
	ok(!joblog_close(log, &err) && strstr(err.message, "(1 task") != NULL,
	   "rows that never were are told: %s", err.message);
	rows_are_safe = true;
	unlink(path);
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/log", folder);
	test_write();
	test_resume();
	test_torn();
	test_refusals();
	test_full_disk();
	test_rows_first();
	rmdir(folder);
	return done_testing();
}
