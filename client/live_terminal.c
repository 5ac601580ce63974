/*
 * live_terminal.c
 *	  The terminal that --live draws on, taken and given back.
 *
 * Sequences are those of ECMA-48 with the private modes of DEC and xterm that
 * every terminal of today, tmux and screen know: 1049 another screen, 25 the
 * cursor, 7 wrapping.  Whoever ends the program from outside the thread that
 * draws goes through on_leave, which only makes calls that are safe in a
 * signal handler (signal-safety(7)).
 */
#include "live_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "leave.h"
#include "live_capture.h"

#define DEFAULT_COLUMNS 80
#define DEFAULT_LINES 24
#define LEAVE_WAIT_MS 200 /* for the thread that draws */

static const char take_screen[] = "\033[?1049h\033[?25l\033[?7l\033[H\033[2J";
/* where there is no other screen, this one is at least empty */
static const char give_screen[] =
	"\033[0m\033[H\033[2J\033[?7h\033[?25h\033[?1049l";

/* Signals that end the program, if nobody else cares for them. */
static const int fatal[] = {
	SIGINT, SIGTERM, SIGHUP,  SIGQUIT, SIGILL,	SIGTRAP, SIGABRT, SIGBUS,
	SIGFPE, SIGSEGV, SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE, SIGXCPU, SIGSYS};

#define NFATAL ((int) (sizeof(fatal) / sizeof(fatal[0])))

static struct
{
	FILE *stream; /* NULL: not open */
	int fd;
	struct termios before; /* the modes to give it back with */
	bool has_before;
	atomic_bool is_taken;
	atomic_bool is_left; /* for good: the thread that draws is too late */
	atomic_flag is_busy; /* live_terminal_lock */
	atomic_uint news;
	int wake_fds[2];
	struct sigaction saved[NFATAL];
	bool is_caught[NFATAL];
	struct sigaction saved_stop;
	struct sigaction saved_continue;
	bool catches_stop;
} terminal;

/* -------- finding it -------- */

/*
 * Standard error, where the status line would be, or if that goes elsewhere
 * the terminal that the program was started from; -1: there is none.
 */
static int
open_terminal(void)
{
	if (isatty(STDERR_FILENO))
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

static bool
check_kind(Err *err)
{
	const char *term = getenv("TERM");

	if (term != NULL && *term != '\0' && strcmp(term, "dumb") != 0)
		return true;
	err_set(err, ERR_USAGE,
			"--live needs a terminal that can move its cursor, and TERM %s",
			term == NULL || *term == '\0' ? "is not set" : "is dumb");
	err_hint(err, "leave --live out; -P 1 prints a line every second");
	return false;
}

static bool
no_terminal(Err *err)
{
	err_set(err, ERR_USAGE, "--live needs a terminal, and there is none");
	err_hint(err, "leave --live out; -P 1 prints a line every second");
	return false;
}

bool
live_terminal_check(Err *err)
{
	int fd = open_terminal();

	if (fd < 0)
		return no_terminal(err);
	close(fd);
	return check_kind(err);
}

FILE *
live_terminal_stream(void)
{
	return terminal.stream;
}

void
live_terminal_size(int *columns, int *lines)
{
	struct winsize size = {0};

	if (ioctl(terminal.fd, TIOCGWINSZ, &size) != 0)
		size.ws_col = 0;
	*columns = size.ws_col > 0 ? size.ws_col : DEFAULT_COLUMNS;
	*lines = size.ws_row > 0 ? size.ws_row : DEFAULT_LINES;
}

/* -------- writing -------- */

/* A terminal that is gone is nobody's loss: the run goes on. */
static void
write_all(const char *text, size_t len)
{
	while (len > 0)
	{
		ssize_t n = write(terminal.fd, text, len);

		if (n >= 0)
		{
			text += n;
			len -= (size_t) n;
		}
		else if (errno == EAGAIN)
		{
			/* another program has made it non-blocking */
			struct pollfd wait = {.fd = terminal.fd, .events = POLLOUT};

			poll(&wait, 1, 100);
		}
		else if (errno != EINTR)
			return;
	}
}

void
live_terminal_write(const char *text, size_t len)
{
	if (!atomic_load(&terminal.is_left))
		write_all(text, len);
}

/* -------- taking and giving -------- */

/* Not the controlling terminal: nobody puts us into its background. */
static bool
is_foreground(void)
{
	pid_t group = tcgetpgrp(terminal.fd);

	return group < 0 || group == getpgrp();
}

/* Keys are not shown; Ctrl-C and the like work as ever. */
static void
hush_keys(void)
{
	struct termios silent = terminal.before;

	silent.c_lflag &= ~(tcflag_t) (ECHO | ECHONL);
	if (terminal.has_before)
		tcsetattr(terminal.fd, TCSANOW, &silent);
}

bool
live_terminal_take(bool *is_fresh)
{
	*is_fresh = false;
	if (atomic_load(&terminal.is_left) || !is_foreground())
		return false;
	if (atomic_load(&terminal.is_taken))
		return true;
	terminal.has_before = tcgetattr(terminal.fd, &terminal.before) == 0;
	atomic_store(&terminal.is_taken, true);
	hush_keys();
	live_terminal_write(take_screen, sizeof(take_screen) - 1);
	*is_fresh = true;
	return true;
}

void
live_terminal_again(void)
{
	if (!atomic_load(&terminal.is_taken) || !is_foreground())
		return;
	hush_keys();
	live_terminal_write(take_screen, sizeof(take_screen) - 1);
}

/* What was typed was not meant for the shell. */
static void
give_back(void)
{
	if (!atomic_exchange(&terminal.is_taken, false))
		return;
	write_all(give_screen, sizeof(give_screen) - 1);
	if (!terminal.has_before)
		return;
	tcflush(terminal.fd, TCIFLUSH);
	tcsetattr(terminal.fd, TCSANOW, &terminal.before);
}

static void
give_unless_left(void)
{
	if (!atomic_load(&terminal.is_left))
		give_back();
}

/* -------- signals -------- */

void
live_terminal_wake(void)
{
	int saved_errno = errno;

	/* a full pipe wakes as well */
	if (write(terminal.wake_fds[1], "", 1) < 0)
		errno = saved_errno;
}

int
live_terminal_wake_fd(void)
{
	return terminal.wake_fds[0];
}

void
live_terminal_woken(void)
{
	char drain[64];

	while (read(terminal.wake_fds[0], drain, sizeof(drain)) > 0)
		;
}

unsigned
live_terminal_news(void)
{
	return atomic_exchange(&terminal.news, 0);
}

void
live_terminal_lock(void)
{
	struct timespec nap = {.tv_nsec = 1000000};

	while (atomic_flag_test_and_set(&terminal.is_busy))
		nanosleep(&nap, NULL);
}

void
live_terminal_unlock(void)
{
	atomic_flag_clear(&terminal.is_busy);
}

/* No lock of a library is safe here; who has it may hang, or be dead. */
static void
lock_or_go_on(void)
{
	struct timespec nap = {.tv_nsec = 1000000};

	for (int i = 0;
		 i < LEAVE_WAIT_MS && atomic_flag_test_and_set(&terminal.is_busy); i++)
		nanosleep(&nap, NULL);
}

/* leave.h: any thread, or a signal handler. */
static void
on_leave(void)
{
	sigset_t mask;
	sigset_t before;

	/* in the background this would stop us, and for good */
	sigemptyset(&mask);
	sigaddset(&mask, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &mask, &before);
	atomic_store(&terminal.is_left, true);
	lock_or_go_on();
	give_back();
	live_capture_leave();
	live_terminal_unlock();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void
on_stop(int number)
{
	atomic_fetch_or(&terminal.news, number == SIGTSTP
										? (unsigned) LIVE_TERMINAL_STOP
										: (unsigned) LIVE_TERMINAL_CONTINUED);
	live_terminal_wake();
}

static bool
is_fault(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGFPE ||
		   number == SIGILL || number == SIGTRAP || number == SIGSYS;
}

/*
 * Tidy up, and let it do what it would have done.  A fault happens again when
 * the handler returns; everything else has to be sent again.
 */
static void
on_fatal(int number, siginfo_t *info, void *context)
{
	int saved_errno = errno;

	(void) context;
	leave_prepare();
	for (int i = 0; i < NFATAL; i++)
		if (fatal[i] == number)
			sigaction(number, &terminal.saved[i], NULL);
	if (!is_fault(number) || info->si_code <= 0)
		raise(number);
	errno = saved_errno;
}

static void
catch_fatal(void)
{
	struct sigaction action = {.sa_sigaction = on_fatal,
							   .sa_flags = SA_SIGINFO | SA_RESTART};

	sigemptyset(&action.sa_mask);
	for (int i = 0; i < NFATAL; i++)
	{
		struct sigaction *saved = &terminal.saved[i];

		sigaction(fatal[i], NULL, saved);
		/* nohup, or whoever watches for faults: these stay, or come after */
		terminal.is_caught[i] =
			is_fault(fatal[i]) ||
			(!(saved->sa_flags & SA_SIGINFO) && saved->sa_handler == SIG_DFL);
		if (terminal.is_caught[i])
			sigaction(fatal[i], &action, NULL);
	}
}

static void
catch_stop(void)
{
	struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	sigaction(SIGTSTP, NULL, &terminal.saved_stop);
	terminal.catches_stop = terminal.saved_stop.sa_handler == SIG_DFL;
	if (terminal.catches_stop)
		sigaction(SIGTSTP, &action, NULL);
	sigaction(SIGCONT, &action, &terminal.saved_continue);
}

static void
catch_none(void)
{
	for (int i = 0; i < NFATAL; i++)
		if (terminal.is_caught[i])
			sigaction(fatal[i], &terminal.saved[i], NULL);
	if (terminal.catches_stop)
		sigaction(SIGTSTP, &terminal.saved_stop, NULL);
	sigaction(SIGCONT, &terminal.saved_continue, NULL);
}

/* The stop itself is the default's; the whole program stops in raise(). */
void
live_terminal_stop(void)
{
	struct sigaction caught;
	sigset_t mask;

	give_unless_left();
	sigaction(SIGTSTP, &terminal.saved_stop, &caught);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTSTP);
	raise(SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	sigaction(SIGTSTP, &caught, NULL);
}

/* -------- open and close -------- */

bool
live_terminal_open(Err *err)
{
	static bool has_exit;

	memset(&terminal, 0, sizeof(terminal));
	terminal.fd = open_terminal();
	if (terminal.fd < 0)
		return no_terminal(err);
	terminal.stream = fdopen(terminal.fd, "w");
	if (terminal.stream == NULL ||
		pipe2(terminal.wake_fds, O_CLOEXEC | O_NONBLOCK) != 0)
	{
		err_set(err, ERR_IO, "--live cannot be shown: %s", strerror(errno));
		if (terminal.stream != NULL)
			fclose(terminal.stream);
		else
			close(terminal.fd);
		terminal.stream = NULL;
		return false;
	}
	leave_set(on_leave);
	if (!has_exit)
		has_exit = atexit(leave_prepare) == 0; /* a library may exit() */
	catch_fatal();
	catch_stop();
	return true;
}

void
live_terminal_close(void)
{
	give_unless_left();
	catch_none();
	leave_set(NULL);
	close(terminal.wake_fds[0]);
	close(terminal.wake_fds[1]);
	fclose(terminal.stream);
	terminal.stream = NULL;
}
