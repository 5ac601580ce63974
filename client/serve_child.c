/*
 * serve_child.c
 *	  A delay server of our own, as a child process.
 */
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

extern char **environ;

#define START_TIMEOUT_NS (10 * NS_PER_S)
#define STOP_TIMEOUT_MS 2000
#define PARENT_FD 3 /* what the child finds its end at */

/*
 * The program's own file by name: under valgrind the link itself is
 * valgrind's.  A file replaced since is reached through the link.
 */
static const char *
own_program(char *path, size_t bytes)
{
	ssize_t len = readlink("/proc/self/exe", path, bytes - 1);

	if (len > 0)
	{
		path[len] = '\0';
		if (access(path, X_OK) == 0)
			return path;
	}
	return "/proc/self/exe";
}

/*
 * Start it: its standard output is out_fd, its end of our pipe PARENT_FD.  A
 * process group of its own keeps a Ctrl-C for us away from it.
 */
static int
start_child(pid_t *pid, int out_fd, int parent_fd)
{
	char path[4096];
	char *argv[] = {"asyncdemo",	 "serve", "--quiet",
					"--parent-pipe", "3",	  NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t set;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, parent_fd, PARENT_FD);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
										POSIX_SPAWN_SETSIGMASK |
										POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&attr, &set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	posix_spawnattr_setsigdefault(&attr, &set);
	rc = posix_spawn(pid, own_program(path, sizeof(path)), &actions, &attr,
					 argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return rc;
}

/* Read the line that says where it is; false: none came in time. */
static bool
read_url(int fd, char *url, size_t size)
{
	int64_t until_ns = clock_now_ns() + START_TIMEOUT_NS;
	size_t len = 0;

	while (len + 1 < size)
	{
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		int64_t left_ms = (until_ns - clock_now_ns()) / NS_PER_MS;
		ssize_t n;

		if (left_ms <= 0)
			return false;
		if (poll(&poll_fd, 1, (int) left_ms) <= 0)
			continue; /* a signal, or time is up: see above */
		n = read(fd, url + len, 1);
		if (n <= 0)
			return false;
		if (url[len] == '\n')
		{
			url[len] = '\0';
			return true;
		}
		len++;
	}
	return false;
}

static bool
open_pipe(int fds[2], Err *err)
{
	if (pipe(fds) != 0)
		return err_set(err, ERR_IO, "could not create a pipe: %s",
					   strerror(errno));
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	return true;
}

bool
serve_spawn(ServeChild *child, Err *err)
{
	int out[2];
	int parent[2];
	int rc;
	bool is_up;

	memset(child, 0, sizeof(*child));
	child->parent_fd = -1;
	if (!open_pipe(out, err))
		return false;
	if (!open_pipe(parent, err))
	{
		close(out[0]);
		close(out[1]);
		return false;
	}
	rc = start_child(&child->pid, out[1], parent[0]);
	close(out[1]);
	close(parent[0]);
	child->parent_fd = parent[1];
	if (rc != 0)
		child->pid = 0;
	is_up = rc == 0 && read_url(out[0], child->url, sizeof(child->url));
	close(out[0]);
	if (is_up)
		return true;
	serve_stop(child);
	if (rc != 0)
		return err_set(err, ERR_IO, "could not start the delay server: %s",
					   strerror(rc));
	return err_set(err, ERR_IO, "the delay server did not start");
}

void
serve_stop(ServeChild *child)
{
	if (child->parent_fd >= 0)
		close(child->parent_fd);
	child->parent_fd = -1;
	if (child->pid <= 0)
		return;
	for (int waited_ms = 0; waitpid(child->pid, NULL, WNOHANG) == 0;
		 waited_ms++)
	{
		struct timespec pause = {0, 1000000};

		if (waited_ms == STOP_TIMEOUT_MS)
			kill(child->pid, SIGKILL);
		nanosleep(&pause, NULL);
	}
	child->pid = 0;
}
