/*
 * test_parse.c
 *		Plans: from text to steps, to canonical text, and what is refused.
 *
 * Whole plans with their dumps and errors are in tests/plans; here is what a
 * dump does not show.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan_helper.h"

#include "tap.h"

/* The dump of a text, or "LINE:COLUMN message"; to be freed. */
static char *
dump_of(const char *text)
{
	Err err;
	Plan *plan = plan_from(text, true, &err);
	Buf out = {0};

	if (plan == NULL)
		buf_printf(&out, "%d:%d %s", err.line, err.column, err.message);
	else
		plan_dump(plan, &out);
	plan_free(plan);
	return out.data;
}

static void
dumps_as(const char *text, const char *want, const char *claim)
{
	char *got = dump_of(text);

	is_str(got, want, "%s", claim);
	free(got);
}

/* The dump must be a plan with the same dump. */
static void
test_round_trip(void)
{
	static const char *const texts[] = {
		"SELECT 1",
		"SELECT 'a;b', \"c;d\", $$e;f$$, $x$ $$;$x$ /* ; /* ; */ */ -- ;\n, 2; SELECT 3",
		"BEGIN \\; SELECT :a \\: b \\; COMMIT;",
		"SELECT E'it\\'s :a', U&'\\0061', B'01', 'x''y' :'b' :\"c\" ::text;",
		"SELECT 1 AS one \\gset p_\nSELECT 2 AS two\n\\aset\nSELECT :p_one;",
		"\\set x 1 + 2 * -:y || 'it''s' \n\\set y not :x is null and case when 1 then 2 end > -5.0",
		"\\if :a\nSELECT 1;\n\\elif :b\n\\if :c\n\\echo x\n\\else\n\\endif\n\\else\n\\sleep 1 ms\n\\endif",
		"\\if :a\n\\else\n\\if :b\nSELECT 1;\n\\endif\nSELECT 2;\n\\endif",
		"\\if :a\n\\endif\n\\if :b\n\\else\nSELECT 1;\n\\endif",
		"\\if 1\n\\if 2\n\\echo x\n\\else\n\\echo y\n\\endif\n\\endif\n\\echo z",
		"\\gather cancel\n\\blocking\n\\timeout 1.5\nSELECT 1;\n\\thread\n\\retry 2 on=5xx,connect\n\\http q get http://h/ follow=3 insecure\n\\if :a\n\\sleep :x us\n\\endif\n\\end",
		"\\http q POST :base/a%20b?x=:v&y=::c header='A: it''s :v\\:w' body=\"line\\n\\\"q\\\" \\\\ \\:a ::{v}\" expect=any max_body=1MB cacert=/a timeout=50ms",
		"\\http q POST http://u\\:p@h/ json={\"a\":true,\n \"b\": [:x, :{y}, \"s :{z} :w\\n\\u00e9\", -1.5e3, {}, []]} header=\"Cookie: a=:b\"",
		"\\http q PUT https://h/x json='{\"a\": \"it is\"}'\n\\http r PUT http://h/x json=:whole\n\\http s PUT http://h/x json=\"text\"",
		"\\json v q_body /a~1b/0\n\\json w v ''\n\\emit :v w\n\\assert :v = 600\n\\hold statement\n\\release",
		"\\echo a :b \\: c\\\\d :{e}f ::g \\:{h}\n\\echo\n\\echo :x",
		"\\shell echo :a ::b 'c:d' \\\\ \"e\" ${x:-y}\n\\setshell n expr 1 + :{a}",
		"\\startpipeline\nSELECT :a;\n\\set b 1\nSELECT :b;\n\\endpipeline",
		"\\option a b\n\\option c \"d e\"\n\\option f\n\\expect 600ms within 10%\n\\hook connect SET a = 'b'; SELECT 1\n\\hook connect RESET ALL;\n\\hook release DISCARD ALL\nSELECT 1;",
		"\\set p 1\n\\setup\nSELECT 1 AS s \\gset\n\\end\n\\task a count=3\nSELECT :p;\n\\task \"b c\"\n\\gather\nSELECT 1;\nSELECT 2;\n\\end\n\\teardown\nSELECT :s;\n\\end",
		"SELECT a[1:n], a[:i], a[:lo : :hi], a[:lo::hi], ARRAY[CASE WHEN x THEN :y END];",
		"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END; SELECT 2;",
		"/*+ SeqScan(t) */ SELECT 1; /* not kept */ SELECT 2;",
		"\\echo continued \\\n line\n\\set x 1 + \\\r\n 2\r\nSELECT 1;\r\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		char *once = dump_of(texts[i]);
		char *twice = dump_of(once);

		ok(once[0] < '0' || once[0] > '9', "it is a plan: %.30s",
		   texts[i][0] == '\\' ? texts[i] + 1 : texts[i]);
		is_str(twice, once, "and its dump has the same dump");
		free(once);
		free(twice);
	}
}

static void
test_statements(void)
{
	dumps_as(
		"SELECT a[1:n], a[f(x):n], a[:i], a[:lo : :hi], ARRAY[1 ,:y];",
		"SELECT a[1:n], a[f(x):n], a[:{i}], a[:{lo} : :{hi}], ARRAY[1 ,:{y}];\n",
		"the colon between an array's bounds is no variable's");
	dumps_as("\\if 1\n\\if 2\n\\echo x\n\\else\n\\endif\n\\endif\n\\echo z",
			 "\\if 1\n  \\if 2\n    \\echo x\n  \\endif\n\\endif\n\\echo z\n",
			 "an empty \\else is left out");
	dumps_as("SELECT 1;;; -- nothing\n;/* x */;SELECT 2",
			 "SELECT 1;\nSELECT 2;\n", "empty statements are left out");
	dumps_as("-- head\n /* more */ SELECT\n  1 -- in\n  , 2 -- tail\n ;",
			 "SELECT\n  1 -- in\n  , 2;\n",
			 "comments around a statement are left out");
	dumps_as("SELECT 1\n\\sleep 1\nSELECT 2 \\sleep 2",
			 "SELECT 1;\n\\sleep 1.0\nSELECT 2;\n\\sleep 2.0\n",
			 "a command ends a statement");
	dumps_as("SELECT (1; 2), 3;", "SELECT (1; 2), 3;\n",
			 "a semicolon in parentheses does not");
	dumps_as(
		"SELECT 'x:a', '12:30', a::b, c := :d, $1x:e;",
		"1:39 a statement with variables cannot have numbered parameters of its own",
		"own parameters and variables do not mix");
	dumps_as("SELECT 'x:a', '12:30', a::b, c := :d, x:e, :1;",
			 "SELECT 'x:a', '12:30', a::b, c := :{d}, x:{e}, :1;\n",
			 "what is a variable in SQL");
	dumps_as("SELECT E'a' \n 'b\\':c', 'd' \n 'e\\', :f;",
			 "SELECT E'a' \n 'b\\':c', 'd' \n 'e\\', :{f};\n",
			 "a continued E'' string keeps its escapes, a plain one has none");
	dumps_as("\xEF\xBB\xBFSELECT 1;", "SELECT 1;\n",
			 "a byte order mark is skipped");
	dumps_as("SELECT \xc3\xa9 FROM :\xc3\xa9t\xc3\xa9;",
			 "SELECT \xc3\xa9 FROM :{\xc3\xa9t\xc3\xa9};\n",
			 "names may have letters beyond ASCII");
}

static const PlanStep *
step_at(const Plan *plan, int i)
{
	return &plan->bodies[0].steps[i];
}

static void
test_sql_facts(void)
{
	static const struct
	{
		const char *text;
		const char *verb;
		SqlTransaction transaction;
		bool takes_no_binds;
	} cases[] = {
		{"select 1", "SELECT", SQL_TX_SAME, false},
		{"(SELECT 1)", "SELECT", SQL_TX_SAME, false},
		{"BEGIN", "BEGIN", SQL_TX_BEGIN, true},
		{"start transaction read only", "START", SQL_TX_BEGIN, true},
		{"COMMIT", "COMMIT", SQL_TX_END, true},
		{"END", "END", SQL_TX_END, true},
		{"COMMIT AND CHAIN", "COMMIT", SQL_TX_BEGIN, true},
		{"COMMIT AND NO CHAIN", "COMMIT", SQL_TX_END, true},
		{"ROLLBACK TO SAVEPOINT s", "ROLLBACK", SQL_TX_SAME, true},
		{"ROLLBACK WORK TO s", "ROLLBACK", SQL_TX_SAME, true},
		{"COMMIT PREPARED 'x'", "COMMIT", SQL_TX_SAME, true},
		{"PREPARE TRANSACTION 'x'", "PREPARE", SQL_TX_END, true},
		{"PREPARE p AS SELECT 1", "PREPARE", SQL_TX_SAME, true},
		{"BEGIN \\; SELECT 1 \\; COMMIT", "BEGIN", SQL_TX_END, true},
		{"WITH x AS (DELETE FROM t) SELECT 1", "WITH", SQL_TX_SAME, false},
		{"MERGE INTO t USING s ON true", "MERGE", SQL_TX_SAME, false},
		{"CALL p(1)", "CALL", SQL_TX_SAME, false},
		{"EXECUTE p(1)", "EXECUTE", SQL_TX_SAME, true},
		{"EXPLAIN (ANALYZE, VERBOSE) SELECT 1", "EXPLAIN", SQL_TX_SAME, false},
		{"EXPLAIN ANALYZE EXECUTE p", "EXPLAIN", SQL_TX_SAME, true},
		{"DECLARE c CURSOR FOR SELECT 1", "DECLARE", SQL_TX_SAME, false},
		{"CREATE TABLE t AS SELECT 1", "CREATE", SQL_TX_SAME, false},
		{"CREATE UNLOGGED TABLE t AS SELECT 1", "CREATE", SQL_TX_SAME, false},
		{"CREATE TABLE t AS EXECUTE p", "CREATE", SQL_TX_SAME, true},
		{"CREATE TABLE t (a int GENERATED ALWAYS AS (1) STORED)", "CREATE",
		 SQL_TX_SAME, true},
		{"CREATE VIEW v AS SELECT 1", "CREATE", SQL_TX_SAME, true},
		{"SET a = 1", "SET", SQL_TX_SAME, true},
		{"COPY (SELECT 1) TO STDOUT", "COPY", SQL_TX_SAME, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Err err;
		Plan *plan = plan_from(cases[i].text, false, &err);
		const PlanSql *sql = &step_at(plan, 0)->sql;

		is_str(sql->verb, cases[i].verb, "the verb of %s", cases[i].text);
		is_i64(sql->transaction, cases[i].transaction, "its transaction");
		is_i64(sql->takes_no_binds, cases[i].takes_no_binds, "its parameters");
		plan_free(plan);
	}
}

static void
test_steps(void)
{
	Err err;
	Plan *plan = plan_from(
		"\\setup\n\\sleep 1\n\\end\n"
		"\\if :a\n"
		"\\timeout 100ms\n\\blocking\n  SELECT 1;\n"
		"\\else\n"
		"\\gather\n\\http q GET http://h/ timeout=2\n\\sleep 1\n\\end\n"
		"\\endif\n"
		"\\set b :q_body\n",
		true, &err);
	const PlanStep *sql = step_at(plan, 1);

	is_i64(plan->nbodies, 1, "one body");
	is_str(plan->bodies[0].name, "test", "named after its file");
	ok(plan->bodies[0].is_implicit, "without a \\task line");
	is_i64(plan->bodies[0].nsteps, 7, "with seven steps");
	is_i64(plan->nsteps, 8, "eight with the setup's");
	is_i64(plan->setup->steps[0].index, 0,
		   "steps are numbered, the setup's first");
	is_i64(step_at(plan, 0)->index, 1, "then the body's");
	is_i64(step_at(plan, 0)->end, 3, "\\if leads behind the JUMP");
	is_i64(step_at(plan, 2)->kind, STEP_JUMP, "that is before \\else");
	is_i64(step_at(plan, 2)->end, 6, "and leads behind \\endif");
	is_i64(step_at(plan, 3)->end, 6, "\\gather ends behind its children");
	is_i64(sql->place.line, 7, "a step's place is that of its first word");
	is_i64(sql->place.column, 3, "line and column");
	is_i64(sql->timeout_ns, 100000000, "\\timeout is for the step below it");
	is_i64(sql->call, CALL_BLOCKING, "so is \\blocking");
	is_str(sql->label, "sql", "its label");
	is_i64(step_at(plan, 4)->timeout_ns, INT64_C(2000000000),
		   "timeout= is the step's as well");
	is_i64(step_at(plan, 5)->timeout_ns, -1, "no mark, no timeout");
	is_str(step_at(plan, 4)->label, "q", "a request's label is its name");
	ok(step_at(plan, 4)->http.body_is_read, "its body is read later");
	is_i64(step_at(plan, 4)->http.expect_hi, 399,
		   "400 is a failure by default");
	ok(!plan->is_pgbench, "pgbench would not know it");
	plan_free(plan);

	plan = plan_from("\\set a 1\nSELECT :a;\n\\sleep 1 ms\n", false, &err);
	ok(plan->is_pgbench, "but it knows this");
	plan_free(plan);
	plan = plan_from("\\set a 1\nSELECT :'a';\n", false, &err);
	ok(!plan->is_pgbench, "and not :'a'");
	plan_free(plan);
}

static void
test_expect(void)
{
	Err err;
	Plan *plan = plan_from("\\expect 2\nSELECT 1;", false, &err);

	is_dbl(plan->expect_lo_s, 1.9, 1e-9, "5 %% faster is fine");
	is_dbl(plan->expect_hi_s, 2.5, 1e-9, "so is 25 %% slower");
	plan_free(plan);
	plan = plan_from("\\expect 2 within 10%\nSELECT 1;", false, &err);
	is_dbl(plan->expect_lo_s, 1.8, 1e-9, "a window in percent");
	is_dbl(plan->expect_hi_s, 2.2, 1e-9, "to both sides");
	plan_free(plan);
	plan = plan_from("\\expect 100ms within 1\nSELECT 1;", false, &err);
	is_dbl(plan->expect_lo_s, 0, 0, "no time is less than none");
	is_dbl(plan->expect_hi_s, 1.1, 1e-9, "a window in seconds");
	plan_free(plan);
}

static void
test_protocol(void)
{
	static const struct
	{
		const char *text;
		const char *simple; /* the error, or NULL */
		const char *extended;
	} cases[] = {
		{"SELECT :a;", NULL, NULL},
		{"SET x = :a;", NULL,
		 "SET takes no bind parameters, so :a cannot stand here"},
		{"SET x = :'a';", NULL, NULL},
		{"BEGIN \\; COMMIT;", NULL,
		 "statements joined by \\; can only be sent with the simple protocol"},
		{"\\startpipeline\nSELECT 1;\n\\endpipeline",
		 "a pipeline is not possible with the simple protocol", NULL}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Err err;
		Plan *plan = plan_from(cases[i].text, true, &err);

		is_str(plan_check_protocol(plan, true, &err) ? NULL : err.message,
			   cases[i].simple, "simple: %s",
			   cases[i].simple ? "a pipeline" : cases[i].text);
		is_str(plan_check_protocol(plan, false, &err) ? NULL : err.message,
			   cases[i].extended, "extended: %s",
			   cases[i].extended ? cases[i].extended : "fine");
		plan_free(plan);
	}
}

/* -------- places -------- */

static void
test_places(void)
{
	char text[2000];
	Err err;

	ok(plan_from("SELECT 1;\n\t\xc3\xa9 \\foo\n", false, &err) == NULL,
	   "an error");
	is_i64(err.line, 2, "its line");
	is_i64(err.column, 4, "its column counts characters");
	is_str(err.excerpt, " \xc3\xa9 \\foo", "the excerpt has blanks for tabs");
	is_i64(err.caret, 4, "the caret counts bytes");
	is_str(err.file, "test.sql", "its file");

	memset(text, 'x', sizeof(text));
	memcpy(text, "SELECT ", 7);
	memcpy(text + 1500, " \\foo ", 6);
	text[sizeof(text) - 1] = '\0';
	ok(plan_from(text, false, &err) == NULL && err.column == 1502,
	   "a place far out in a line");
	ok(strncmp(err.excerpt + err.caret, "\\foo", 4) == 0,
	   "is within the excerpt, at the caret");

	ok(plan_from(
		   "\\http q GET http://h/ header=\"Authorization: Bearer abc\" timeot=1",
		   false, &err) == NULL,
	   "an error beside a secret");
	ok(strstr(err.excerpt, "abc") == NULL, "does not show it");
	ok(strncmp(err.excerpt + err.caret, "timeot", 6) == 0, "and points right");
	ok(plan_from("", false, &err) == NULL && err.line == 0,
	   "an empty plan is an error without a place");
}

/* -------- files -------- */

static void
write_file(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL || fwrite(text, 1, len, file) != len || fclose(file) != 0)
	{
		perror(path);
		exit(2);
	}
}

static char folder[] = "/tmp/asyncdemo-test-XXXXXX";

static void
put(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	write_file(path, text, strlen(text));
}

/* The dump of a file of the folder, or the error, "FILE:LINE:COLUMN text". */
static const char *
load(const char *name)
{
	static char result[2048];
	char path[256];
	PlanSource source;
	Plan *plan = NULL;
	Err err = {0};
	Buf out = {0};

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (plan_read_file(path, &source, &err))
	{
		plan = plan_parse(&source, 1, NULL, &err);
		free((char *) (uintptr_t) source.text);
	}
	if (plan != NULL)
		plan_dump(plan, &out);
	else
		buf_printf(&out, "%s:%d:%d %s",
				   strrchr(err.file, '/') ? strrchr(err.file, '/') + 1
										  : err.file,
				   err.line, err.column, err.message);
	plan_free(plan);
	snprintf(result, sizeof(result), "%s", out.data);
	buf_free(&out);
	return result;
}

static void
test_include(void)
{
	char name[32];
	char text[64];

	put("a.sql", "\\set a 1\n\\include sub/b.sql\nSELECT :b;\n");
	put("sub/b.sql", "\\set b :a + 1\n\\include c.sql\n");
	put("sub/c.sql", "SELECT 'c'");
	is_str(load("a.sql"),
		   "\\set a 1\n\\set b (:a + 1)\nSELECT 'c';\nSELECT :{b};\n",
		   "files are found beside the file that includes them");
	put("a.sql", "\\include b.sql\n");
	put("b.sql", "SELECT 1;\n\\include ./a.sql\n");
	ok(strstr(load("a.sql"), "b.sql:2:10 ") == load("a.sql") &&
		   strstr(load("a.sql"), "includes itself, by way of other files") !=
			   NULL,
	   "a circle is told");
	put("a.sql", "\\include missing.sql\n");
	ok(strstr(load("a.sql"), "a.sql:1:10 cannot read") == load("a.sql"),
	   "a missing file is told where it is named");
	put("a.sql", "\\if true\n\\include b.sql\n\\endif\n");
	put("b.sql", "SELECT 1;\n\\endif\n");
	is_str(load("a.sql"), "b.sql:2:1 \\endif without \\if before it",
		   "a file cannot close what another one opened");
	put("b.sql", "\\if true\nSELECT 1;\n");
	is_str(load("a.sql"), "b.sql:1:1 \\if is not closed",
		   "what is opened in a file is closed in it");
	put("b.sql", "\\blocking\n");
	is_str(
		load("a.sql"),
		"b.sql:1:1 \\blocking must stand right before an SQL statement, \\http or \\sleep",
		"a mark does not reach into the next file");
	put("b.sql", "SELECT :nme;\n");
	put("a.sql", "\\set name 1\n\\include b.sql\n");
	is_str(load("a.sql"), "b.sql:1:8 variable \"nme\" is never set",
		   "an error is told in the file where it is");
	for (int i = 0; i < 12; i++)
	{
		snprintf(name, sizeof(name), "d%d.sql", i);
		snprintf(text, sizeof(text), "\\include d%d.sql\n", i + 1);
		put(name, i == 11 ? "SELECT 1;" : text);
	}
	is_str(load("d1.sql"), "SELECT 1;\n", "ten files deep is fine");
	is_str(load("d0.sql"),
		   "d10.sql:1:10 files may include each other 10 deep at most",
		   "eleven are not");
}

static void
test_files(void)
{
	char path[256];

	ok(strstr(load("nowhere.sql"), ":0:0 cannot read") ==
			   load("nowhere.sql") &&
		   strstr(load("nowhere.sql"), "No such file") != NULL,
	   "a missing file");
	ok(strstr(load("sub"), "Is a directory") != NULL, "a folder");
	put("empty.sql", "");
	is_str(load("empty.sql"), "empty.sql:0:0 there is nothing to run",
		   "an empty file");
	put("comment.sql", "-- nothing\n/* here */\n;\n");
	is_str(load("comment.sql"), "comment.sql:0:0 there is nothing to run",
		   "nothing but comments");
	put("setup.sql", "\\setup\nSELECT 1;\n\\end\n");
	is_str(load("setup.sql"), "setup.sql:0:0 there is nothing to run",
		   "nothing but a setup");
	snprintf(path, sizeof(path), "%s/nul.sql", folder);
	write_file(path, "SELECT\n 1\0;", 11);
	is_str(load("nul.sql"),
		   "nul.sql:2:3 there is a NUL byte, so this is no text",
		   "a NUL byte, with its place");
	put("latin.sql", "SELECT 1;\nSELECT '\xe9t\xe9';\n");
	is_str(load("latin.sql"), "latin.sql:2:9 byte 0xE9 is not valid UTF-8",
		   "bytes that are no UTF-8, with their place");
}

/* Two files: two bodies, each with its own lines before the first \task. */
static void
test_several(void)
{
	PlanSource sources[3] = {
		{.name = "dir/x.sql", .text = "SELECT 1;", .len = 9},
		{.name = "y/x.sql",
		 .text = "\\set a 1\n\\task t\nSELECT :a;\n\\task u\nSELECT :a;",
		 .len = 45},
		{.name = "z/x.sql", .text = "SELECT 3;", .len = 9}};
	Err err = {0};
	Plan *plan;

	sources[1].len = strlen(sources[1].text);
	plan = plan_parse(sources, 3, NULL, &err);
	is_i64(plan->nbodies, 4, "three files, four bodies");
	is_str(plan->bodies[0].name, "x", "a file without \\task gives its name");
	is_str(plan->bodies[3].name, "x#2", "made unique");
	is_i64(plan->bodies[2].nsteps, 2,
		   "each task has the lines before the first");
	is_i64(plan->bodies[2].steps[0].index, 3, "as steps of its own");
	is_i64(plan->nsteps, 6, "all counted");
	is_i64(plan->bodies[2].place.file, 1, "a body knows its file");
	plan_free(plan);
}

static void
note_lint(void *arg, const Err *lint)
{
	Buf *out = arg;

	buf_printf(out, "%d:%d %s\n", lint->line, lint->column, lint->message);
}

static void
test_lints(void)
{
	Err err;
	Plan *plan = plan_from(
		"\\set a 1\nSELECT 'x:a', 'y:b', $$:{a}$$;\nBEGIN;\nSELECT :a;", false,
		&err);
	Buf out = {0};

	plan_lint(plan, note_lint, &out);
	is_str(
		out.data,
		"2:10 \":a\" is inside a literal, where variables are not replaced\n"
		"2:24 \":a\" is inside a literal, where variables are not replaced\n"
		"3:1 this transaction is never committed\n",
		"what is surely a surprise");
	buf_free(&out);
	plan_free(plan);
}

/* Large plans take time in proportion: twice the text, twice the time. */
static void
test_large(void)
{
	Buf text = {0};
	Err err;
	Plan *plan;

	for (int i = 0; i < 100000; i++)
		buf_printf(&text, "\\set v%d 1\nSELECT :v%d, 'x:v1' ;", i, i);
	plan = plan_from(text.data, false, &err);
	ok(plan != NULL, "a plan of %zu MB is read", text.len >> 20);
	is_i64(plan != NULL ? plan->nsteps : 0, 200000, "with all its steps");
	plan_free(plan);
	buf_free(&text);
}

int
main(void)
{
	char path[256];

	if (mkdtemp(folder) == NULL)
	{
		perror("mkdtemp");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/sub", folder);
	mkdir(path, 0700);
	test_round_trip();
	test_statements();
	test_sql_facts();
	test_steps();
	test_expect();
	test_protocol();
	test_places();
	test_include();
	test_files();
	test_several();
	test_lints();
	test_large();
	snprintf(path, sizeof(path), "rm -rf '%s'", folder);
	if (system(path) != 0)
		return 2;
	return done_testing();
}
