/*
 * test_step_variable.c
 *		The steps that end at once, and \shell: what they set, say, refuse.
 */
#include <signal.h>

#include "step_engine.h"

static Loop *loop;

/* What the plan says; what its task fails with, or NULL. */
static void
says(const char *text, const char *said, const char *message)
{
	TestEngine engine;

	engine_open(&engine, loop, text);
	engine_run(&engine);
	is_str(engine.said.data != NULL ? engine.said.data : "", said,
		   "%s: what it says", one_line(text));
	is_str(engine.tasks[0]->failed ? engine.tasks[0]->err.message : NULL,
		   message, "%s: its error", one_line(text));
	engine_close(&engine);
}

static void
test_set(void)
{
	says("\\set x 2 * 21\n\\echo :x\n", "42|", NULL);
	says("\\set x 1\n\\set x :x + 1\n\\set x :x * :x\n\\echo :x\n", "4|",
		 NULL);
	says("\\set x 1\n\\set x :x / 0\n", "", "division by zero");
	says("\\set a NULL\n\\set b TRUE\n\\set c 0.5\n\\emit :a :b :c\n",
		 "row null true 0.5|", NULL);
}

static void
test_json(void)
{
	says("\\set j '{\"a\": {\"b\": [1, 2.50, \"x\", null]}}'\n"
		 "\\json v j /a/b/1\n\\json w j /a/b/2\n\\json n j /a/b/3\n"
		 "\\json m j /nothing\n\\emit :v :w :n :m\n",
		 "row 2.50 x null null|", NULL);
	says("\\set j '{\"a\": 5}'\n\\json j j /a\n\\echo :j\n", "5|", NULL);
	says("\\set j NULL\n\\json v j /a\n", "",
		 "variable \"j\" is null, not JSON");
}

static void
test_json_place(void)
{
	TestEngine engine;

	engine_open(&engine, loop, "\\set j '{\"a\": oops}'\n\\json v j /a\n");
	engine_run(&engine);
	is_i64(engine.tasks[0]->err.kind, ERR_DATA, "a text that is no JSON");
	is_i64(engine.tasks[0]->err.line, 2, "where the plan reads it");
	ok(strncmp(engine.tasks[0]->err.message, "variable \"j\": ", 14) == 0 &&
		   strstr(engine.tasks[0]->err.message, "byte") != NULL,
	   "which variable, and where in it: %s", engine.tasks[0]->err.message);
	engine_close(&engine);
}

static void
test_assert(void)
{
	TestEngine engine;

	says("\\assert 1 + 1 = 2\n\\echo fine\n", "fine|", NULL);
	says("\\assert FALSE\n\\echo no\n", "", "assertion failed: FALSE");
	says("\\set a 1\n\\set b NULL\n\\set c 'x\"y'\n"
		 "\\assert :a = 2 and :a is null and :b = 1 and :c is null\n",
		 "",
		 "assertion failed: :a = 2 and :a is null and :b = 1 and :c is null "
		 "(:a is 1, :b is null, :c is \"x\\\"y\")");
	says("\\set a NULL\n\\assert :a\n", "",
		 "assertion failed: :a (:a is null)");
	engine_open(&engine, loop, "\\assert FALSE\n");
	engine_run(&engine);
	is_i64(engine.tasks[0]->err.kind, ERR_ASSERT, "its kind: exit code 3");
	engine_close(&engine);
}

static void
test_assert_hides_and_cuts(void)
{
	TestEngine engine;
	char plan[400];
	const char *message;

	snprintf(plan, sizeof(plan),
			 "\\set u 'http://me:secret@host/'\n"
			 "\\set l '%0150d'\n\\assert :u = :l\n",
			 7);
	engine_open(&engine, loop, plan);
	engine_run(&engine);
	message = engine.tasks[0]->err.message;
	ok(strstr(message, "secret") == NULL, "no secret: %s", message);
	ok(strstr(message, "0…") != NULL || strstr(message, "0\"…") != NULL,
	   "a long value is cut");
	engine_close(&engine);
}

static void
test_if(void)
{
	says("\\if 1 = 1\n\\echo yes\n\\else\n\\echo no\n\\endif\n\\echo end\n",
		 "yes|end|", NULL);
	says("\\if 1 = 2\n\\echo yes\n\\else\n\\echo no\n\\endif\n\\echo end\n",
		 "no|end|", NULL);
	says("\\set n NULL\n\\if :n\n\\echo yes\n\\endif\n\\echo end\n", "end|",
		 NULL);
	says("\\set x 2\n\\if :x = 1\n\\echo one\n\\elif :x = 2\n\\echo two\n"
		 "\\elif :x = 2\n\\echo again\n\\else\n\\echo other\n\\endif\n",
		 "two|", NULL);
}

static void
test_release(void)
{
	says("\\release\n\\echo nothing to give back\n", "nothing to give back|",
		 NULL);
	says("\\hold statement\n\\echo held\n", "held|", NULL);
}

static void
test_hold(void)
{
	TestEngine engine;

	engine_open(&engine, loop, "\\hold statement\n");
	engine_run(&engine);
	is_i64(engine.tasks[0]->hold, HOLD_STATEMENT, "\\hold is the task's");
	engine_close(&engine);
}

/* -------- the shell -------- */

static void
test_shell(void)
{
	says("\\shell echo one; echo two\n\\echo three\n", "one|two|three|", NULL);
	says("\\shell printf 'no line end'\n", "no line end|", NULL);
	says("\\shell true\n", "", NULL);
	says("\\shell printf 'a\\0b\\n\\nc\\n'\n", "a||c|", NULL);
	says("\\shell echo out; exit 3\n\\echo no\n", "out|",
		 "the command ended with status 3");
	says("\\shell kill -9 $$\n", "", "the command was killed by signal 9");
	says("\\shell cat\n\\echo input is empty\n", "input is empty|", NULL);
	says("\\setshell n echo 42\n\\echo :n\n", "42|", NULL);
	says("\\setshell n echo ' -7  '\n\\set n :n + 1\n\\echo :n\n", "-6|",
		 NULL);
	says("\\setshell n echo many\n", "",
		 "the command printed \"many\", not an integer");
	says("\\setshell n true\n", "",
		 "the command printed \"\", not an integer");
	says("\\setshell n echo 99999999999999999999\n", "",
		 "the command printed \"99999999999999999999\", not an integer");
}

static void
test_shell_holds(void)
{
	TestEngine engine;

	engine_open(&engine, loop, "\\shell true\n");
	engine_run(&engine);
	is_i64(engine_count(&engine, EVENT_HOLD), 1, "\\shell holds the loop");
	engine_close(&engine);
}

/* What it leaves behind with its output open does not hold us up. */
static void
test_shell_background(void)
{
	TestEngine engine;
	int64_t begun_ns = loop_now_ns(loop);
	int pid;

	engine_open(&engine, loop, "\\shell sleep 20 2>/dev/null & echo $!\n");
	engine_run(&engine);
	pid = engine.said.data != NULL ? atoi(engine.said.data) : 0;
	ok(pid > 0, "a command in the background");
	ok(loop_now_ns(loop) - begun_ns < 15 * NS_PER_S, "is not waited for");
	if (pid > 0)
		kill(pid, SIGKILL);
	engine_close(&engine);
}

/* A bounded part of what it prints is kept, and the rest is read. */
static void
test_shell_prints_much(void)
{
	TestEngine engine;

	engine_open(&engine, loop,
				"\\shell head -c 3000000 /dev/zero | tr '\\0' x\n");
	engine_run(&engine);
	ok(!engine.tasks[0]->failed, "a command that prints 3 MB ends well");
	ok(engine.said.len > 1000000 && engine.said.len < 1100000,
	   "1 MB of it is kept");
	ok(strstr(engine.said.data, "the rest is not shown") != NULL,
	   "which is told");
	engine_close(&engine);
}

static void
test_shell_interrupted(void)
{
	TestEngine engine;
	int64_t begun_ns = loop_now_ns(loop);

	engine_open(&engine, loop, "\\shell sleep 20\n");
	engine.engine.step_timeout_ns = 50 * NS_PER_MS;
	engine_run(&engine);
	is_i64(engine.tasks[0]->err.kind, ERR_TIMEOUT, "\\shell times out");
	ok(loop_now_ns(loop) - begun_ns < 15 * NS_PER_S, "its command is killed");
	engine_close(&engine);
}

int
main(void)
{
	Err err;

	for (int kind = STEP_SET; kind <= STEP_JUMP; kind++)
		engine_ops[kind] = step_variable_ops;
	engine_ops[STEP_SHELL] = step_shell_ops;
	loop = loop_new(&err);
	test_set();
	test_json();
	test_json_place();
	test_assert();
	test_assert_hides_and_cuts();
	test_if();
	test_release();
	test_hold();
	test_shell();
	test_shell_holds();
	test_shell_background();
	test_shell_prints_much();
	test_shell_interrupted();
	loop_free(loop);
	return done_testing();
}
