/*
 * Run a command and print what it cost, as JSON: seconds by the clock, CPU
 * seconds of it and of all its children, peak memory of the largest of them,
 * and its exit status.
 *
 * usage: measure OUTPUT COMMAND [ARG]...
 *
 * What the command prints goes to OUTPUT.  This is a program of its own
 * because a child's peak memory begins with that of whoever forked it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static void
run(const char *output, char **command)
{
	int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
	{
		perror(output);
		_exit(126);
	}
	execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

int
main(int argc, char **argv)
{
	struct rusage usage;
	double began;
	double seconds;
	pid_t pid;
	int status;

	if (argc < 3)
		return 1;
	began = now_s();
	pid = fork();
	if (pid == 0)
		run(argv[1], argv + 2);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
	{
		perror("measure");
		return 1;
	}
	seconds = now_s() - began;
	getrusage(RUSAGE_CHILDREN, &usage);
	printf(
		"{\"seconds\": %.6f, \"cpu\": %ld.%06ld, \"peak_kb\": %ld, "
		"\"status\": %d}\n",
		seconds,
		(long) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
				(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000000),
		(long) ((usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) % 1000000),
		usage.ru_maxrss,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
