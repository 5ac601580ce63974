/*
 * step_shell.c
 *	  \shell and \setshell: a command of the shell, always blocking.
 *
 * The command gets no standard input (ours may carry rows) and a process
 * group of its own, so that Ctrl-C is for us to pass on.  What it prints goes
 * where \echo goes, or becomes the variable of \setshell.
 */
#include "task.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "step_call.h"

#define MAX_OUTPUT_BYTES (1024 * 1024)

/* How soon a command's end is seen that left its output open to others. */
#define POLL_MS 20

extern char **environ;

typedef struct ShellRun
{
	StepCall call; /* first */
	const char *command;
	Buf output;
	int status;		 /* of waitpid */
	int spawn_errno; /* 0: it ran */

	pthread_mutex_t lock;
	pid_t pid; /* 0: not started, or over and reaped */
} ShellRun;

/* -------- the child -------- */

static int
spawn_in(const char *command, int out_fd, pid_t *pid)
{
	char *argv[] = {(char *) "sh", (char *) "-c", (char *) command, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	sigset_t usual;
	int rc;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGINT);
	sigaddset(&usual, SIGTERM);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null",
									 O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &usual);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
										POSIX_SPAWN_SETSIGMASK |
										POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawn(pid, "/bin/sh", &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* True when the child is over; its number stays taken until it is reaped. */
static bool
has_exited(pid_t pid)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT | WNOHANG) != 0)
		return errno != EINTR;
	return info.si_pid != 0;
}

/* Read until nobody can write any more, or the child itself is over. */
static void
read_output(ShellRun *run, int fd)
{
	for (;;)
	{
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		bool is_over = has_exited(run->pid);
		int nready = poll(&wait, 1, is_over ? 0 : POLL_MS);
		char chunk[4096];
		ssize_t len;

		if (nready == 0 && is_over)
			return;
		if (nready <= 0)
			continue;
		len = read(fd, chunk, sizeof(chunk));
		if (len == 0)
			return;
		if (len > 0)
			buf_append(&run->output, chunk, (size_t) len);
		else if (errno != EINTR && errno != EAGAIN)
			return;
	}
}

static void
shell_reap(ShellRun *run)
{
	siginfo_t info;

	/* wait without the lock: an interrupt must be able to kill meanwhile */
	while (waitid(P_PID, (id_t) run->pid, &info, WEXITED | WNOWAIT) != 0 &&
		   errno == EINTR)
		;
	pthread_mutex_lock(&run->lock);
	while (waitpid(run->pid, &run->status, 0) < 0 && errno == EINTR)
		;
	run->pid = 0;
	pthread_mutex_unlock(&run->lock);
}

static bool
shell_spawn(ShellRun *run, int out_fd)
{
	pthread_mutex_lock(&run->lock);
	if (step_call_interrupted(&run->call))
		run->spawn_errno = EINTR;
	else
		run->spawn_errno = spawn_in(run->command, out_fd, &run->pid);
	pthread_mutex_unlock(&run->lock);
	return run->spawn_errno == 0;
}

static void
shell_run(StepCall *call)
{
	ShellRun *run = (ShellRun *) call;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
	{
		run->spawn_errno = errno;
		return;
	}
	if (shell_spawn(run, fds[1]))
	{
		close(fds[1]);
		read_output(run, fds[0]);
		shell_reap(run);
	}
	else
		close(fds[1]);
	close(fds[0]);
}

/* SIGKILL: a second Ctrl-C, and nobody is left to wait for good manners. */
static void
shell_interrupt(StepCall *call)
{
	ShellRun *run = (ShellRun *) call;

	pthread_mutex_lock(&run->lock);
	if (run->pid > 0)
		kill(-run->pid, SIGKILL);
	pthread_mutex_unlock(&run->lock);
}

/* -------- what it printed -------- */

static void
echo_output(Engine *engine, Buf *output)
{
	size_t at = 0;

	/* a line with a NUL in it is shown up to there */
	while (at < output->len)
	{
		char *line = output->data + at;
		char *line_end = memchr(line, '\n', output->len - at);

		if (line_end == NULL)
			line_end = output->data + output->len;
		*line_end = '\0';
		engine->on_echo(engine, line);
		at = (size_t) (line_end - output->data) + 1;
	}
	if (output->overflow)
		engine->on_notice(engine, "\\shell printed more than 1 MB; the rest "
								  "is not shown");
}

/* The first line must be an integer, with blanks around it at most. */
static bool
set_integer(const ShellRun *run, Value *value, Err *err)
{
	const char *text = run->output.len > 0 ? run->output.data : "";
	size_t len = strcspn(text, "\r\n");
	char *end;
	long long integer;

	errno = 0;
	integer = strtoll(text, &end, 10);
	if (errno == 0 && end != text && end + strspn(end, " \t") == text + len)
	{
		value_set_int(value, integer);
		return true;
	}
	err_set(err, ERR_DATA, "the command printed \"%.*s\", not an integer",
			(int) (len < SHRT_MAX ? len : SHRT_MAX), text);
	err_hint(err, "\\setshell takes an integer from the command's first line");
	return false;
}

static bool
check_end(const ShellRun *run, bool must_succeed, Err *err)
{
	if (run->spawn_errno != 0)
		return err_set(err, ERR_IO, "could not run the command: %s",
					   strerror(run->spawn_errno));
	if (WIFSIGNALED(run->status))
		return err_set(err, ERR_DATA, "the command was killed by signal %d",
					   WTERMSIG(run->status));
	if (must_succeed && WEXITSTATUS(run->status) != 0)
		return err_set(err, ERR_DATA, "the command ended with status %d",
					   WEXITSTATUS(run->status));
	return true;
}

static void
shell_done(StepCall *call)
{
	ShellRun *run = (ShellRun *) call;
	Step *step = call->step;
	int symbol = step->plan->shell.symbol;
	Value value = {0};
	Err err;
	bool ok;

	if (step_call_interrupted(call))
		ok = err_set(&err, ERR_CANCEL, "canceled");
	else
		ok = check_end(run, symbol < 0, &err);
	if (symbol < 0)
		echo_output(step->task->engine, &run->output);
	else if (ok)
		ok = set_integer(run, &value, &err);
	if (ok && symbol >= 0)
		value_copy(vars_set(&step->task->vars, symbol), &value);
	value_clear(&value);
	step_done(step, ok ? NULL : &err);
}

/* -------- the row -------- */

static void
shell_start(Step *step)
{
	ShellRun run = {0};
	Buf command = {0};
	Err err;

	if (!template_expand(&step->plan->shell.command, &step->task->vars, true,
						 &command, &err))
	{
		buf_free(&command);
		step_done(step, &err);
		return;
	}
	run.call.run = shell_run;
	run.call.interrupt = shell_interrupt;
	run.call.done = shell_done;
	run.command = command.data != NULL ? command.data : "";
	run.output.max_bytes = MAX_OUTPUT_BYTES;
	pthread_mutex_init(&run.lock, NULL);
	step_call_start(&run.call, step); /* blocking: over when it returns */
	pthread_mutex_destroy(&run.lock);
	buf_free(&run.output);
	buf_free(&command);
}

const StepOps step_shell_ops = {
	.start = shell_start,
};
