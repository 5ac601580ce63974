/*
 * http_sockets.c
 *		The sockets of this session's transfers, and the one wait for them.
 *
 * The table has an entry for each descriptor number.  libcurl tells when it
 * wants a socket watched and when no more, but closes descriptors on its own;
 * the kernel then takes them out of the epoll set.  So an entry says what is
 * wanted, and what it is registered for only as long as nobody else may have
 * got the number.  A socket that is not wanted stays registered until it
 * bothers us: the next request on a connection kept alive then needs no system
 * call for that.
 */
#include "postgres.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#if defined(__linux__) && !defined(ASYNCDEMO_WITHOUT_EPOLL)
#define USE_EPOLL 1
#include <sys/epoll.h>
#endif

#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/latch.h"
#if PG_VERSION_NUM >= 180000
#include "storage/waiteventset.h"
#endif
#include "utils/memutils.h"

#include "clock.h"
#include "compat.h"
#include "http_glance.h"
#include "http_sockets.h"

typedef struct Watched
{
	int what; /* 0: not wanted */
	int owner;
	int registered; /* for what, perhaps: see above */
} Watched;

static Watched *watched = NULL;
static int watched_size = 0;
static int wanted_count = 0;

static WaitEventSet *wait_set = NULL;
static Latch *wait_latch = NULL;
static bool wait_set_stale = true;

#ifdef USE_EPOLL
static int epoll_fd = -1;

/* The socket that was wanted last, perhaps no more. */
static int wanted_fd = -1;

/* A wait ended because of a socket, be it one that nobody wants. */
static bool something_is_ready = false;

/*
 * The socket that stands in the wait event set itself, for reading, or -1.  It
 * is in no other set.  To wait through two epoll sets costs two calls more,
 * and who wakes us cannot tell the kernel that it is about to wait itself.
 */
static int direct_fd = -1;
static bool direct_is_ready = false;
static Glance direct_glance;

/* The socket that was waited for alone, and how often in a row. */
static int lone_fd = -1;
static int lone_waits = 0;

/* How often makes it worth a new wait event set, six calls. */
#define LONE_WAITS 8
#endif

/* Room for fd in the table; false when there is no memory. */
static bool
ensure_entry(int fd)
{
	int size = Max(watched_size, 64);
	Watched *grown;

	if (fd < watched_size)
		return true;
	while (size <= fd)
		size *= 2;
	grown =
		MemoryContextAllocExtended(TopMemoryContext, size * sizeof(Watched),
								   MCXT_ALLOC_NO_OOM | MCXT_ALLOC_ZERO);
	if (grown == NULL)
		return false;
	if (watched)
	{
		memcpy(grown, watched, watched_size * sizeof(Watched));
		pfree(watched);
	}
	watched = grown;
	watched_size = size;
	return true;
}

static WaitEventSet *
new_wait_set(int nsockets)
{
	WaitEventSet *set;

#if PG_VERSION_NUM >= 170000
	set = CreateWaitEventSet(NULL, nsockets + 2);
#else
	set = CreateWaitEventSet(TopMemoryContext, nsockets + 2);
#endif
	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	if (IsUnderPostmaster)
		AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL,
						  NULL);
	return set;
}

static void
drop_wait_set(void)
{
	if (wait_set)
		FreeWaitEventSet(wait_set);
	wait_set = NULL;
}

#ifdef USE_EPOLL

static void
open_epoll(void)
{
	if (epoll_fd >= 0)
		return;
	if (!AcquireExternalFD())
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES),
						errmsg("no descriptor is left for HTTP requests"),
						errhint("Raise max_files_per_process.")));
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
	{
		ReleaseExternalFD();
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES),
						errmsg("could not create an epoll descriptor: %m")));
	}
}

/* To be called for what the wait event set has no more than a number of. */
static void
forget_direct(void)
{
	direct_fd = -1;
	direct_is_ready = false;
	lone_fd = -1;
	wait_set_stale = true;
}

/* The set itself asks for a descriptor, with an error of its own. */
static void
refresh_wait_set(void)
{
	if (wait_set && wait_latch == MyLatch && !wait_set_stale)
		return;
	drop_wait_set();
	if (direct_fd >= 0 && watched[direct_fd].what == 0)
		forget_direct(); /* perhaps somebody else has the number now */
	wait_set = new_wait_set(2);
	AddWaitEventToSet(wait_set, WL_SOCKET_READABLE, epoll_fd, NULL, NULL);
	if (direct_fd >= 0)
		AddWaitEventToSet(wait_set, WL_SOCKET_READABLE, direct_fd, NULL,
						  &direct_fd);
	wait_latch = MyLatch;
	wait_set_stale = false;
}

void
sockets_init(void)
{
	open_epoll();
	refresh_wait_set();
}

/* Never throws. */
static bool
register_socket(int fd, bool known)
{
	struct epoll_event event = {0};
	int first = watched[fd].registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (fd == lone_fd && !known)
		lone_fd = -1;
	if (fd == direct_fd)
	{
		if (known && watched[fd].what == SOCKET_READ)
			return true;
		forget_direct();
	}
	else if (known && watched[fd].what == watched[fd].registered)
		return true;

	if (watched[fd].what & SOCKET_READ)
		event.events |= EPOLLIN;
	if (watched[fd].what & SOCKET_WRITE)
		event.events |= EPOLLOUT;
	event.data.fd = fd;
	watched[fd].registered = watched[fd].what;
	if (epoll_ctl(epoll_fd, first, fd, &event) == 0)
		return true;
	if (errno == ENOENT)
		return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
	if (errno == EEXIST)
		return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0;
	return false;
}

/* Ready, but nobody wants to know: an idle connection that was closed. */
static void
unregister_socket(int fd)
{
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	if (fd < watched_size)
		watched[fd].registered = 0;
}

/* Is there anything in the other set that is worth a look? */
static int
poll_direct(SocketEvent *event)
{
	struct pollfd direct = {direct_fd, POLLIN, 0};

	if (direct_fd < 0)
		return 0;
	if (watched[direct_fd].what == 0)
	{
		if (direct_is_ready)
			forget_direct(); /* an idle connection that was closed */
		return 0;
	}
	if (!direct_is_ready && poll(&direct, 1, 0) <= 0)
		return 0;
	direct_is_ready = false;
	event->fd = direct_fd;
	event->owner = watched[direct_fd].owner;
	event->what = SOCKET_READ;
	return 1;
}

int
sockets_poll(SocketEvent *events, int max)
{
	struct epoll_event ready[64];
	int nready;
	int n;

	if (wanted_count == 0 && !something_is_ready && !direct_is_ready)
		return 0;
	n = poll_direct(events);
	if (direct_fd >= 0 && wanted_count == 1 && watched[direct_fd].what != 0 &&
		!something_is_ready)
		return n;
	something_is_ready = false;
	nready =
		epoll_wait(epoll_fd, ready, Min(max - n, (int) lengthof(ready)), 0);
	for (int i = 0; i < nready; i++)
	{
		int fd = ready[i].data.fd;

		if (fd >= watched_size || watched[fd].what == 0)
		{
			unregister_socket(fd);
			continue;
		}
		events[n].fd = fd;
		events[n].owner = watched[fd].owner;
		events[n].what =
			(ready[i].events & EPOLLIN ? SOCKET_READ : 0) |
			(ready[i].events & EPOLLOUT ? SOCKET_WRITE : 0) |
			(ready[i].events & (EPOLLERR | EPOLLHUP) ? SOCKET_ERROR : 0);
		n++;
	}
	return n;
}

/* A connection that one request after the other uses is waited for directly.
 */
static void
choose_direct(void)
{
	if (wanted_count != 1 || watched[wanted_fd].what != SOCKET_READ ||
		wanted_fd == direct_fd)
		return;
	if (wanted_fd != lone_fd)
		lone_waits = 0;
	lone_fd = wanted_fd;
	if (++lone_waits < LONE_WAITS)
		return;
	unregister_socket(lone_fd);
	direct_fd = lone_fd;
	direct_is_ready = false;
	memset(&direct_glance, 0, sizeof(direct_glance));
	wait_set_stale = true;
}

/* Is the direct socket all that is waited for? */
static bool
waits_for_direct(void)
{
	return direct_fd >= 0 && wanted_count == 1 &&
		   watched[direct_fd].what == SOCKET_READ && !direct_is_ready &&
		   !something_is_ready;
}

#else /* !USE_EPOLL */

static void
refresh_wait_set(void)
{
	if (wait_set && wait_latch == MyLatch && !wait_set_stale)
		return;
	drop_wait_set();
	wait_set = new_wait_set(wanted_count);
	for (int fd = 0; fd < watched_size; fd++)
	{
		uint32 events =
			(watched[fd].what & SOCKET_READ ? WL_SOCKET_READABLE : 0) |
			(watched[fd].what & SOCKET_WRITE ? WL_SOCKET_WRITEABLE : 0);

		if (events)
			AddWaitEventToSet(wait_set, events, fd, NULL, NULL);
	}
	wait_latch = MyLatch;
	wait_set_stale = false;
}

void
sockets_init(void)
{
	refresh_wait_set();
}

static bool
register_socket(int fd pg_attribute_unused(), bool known pg_attribute_unused())
{
	wait_set_stale = true;
	return true;
}

int
sockets_poll(SocketEvent *events, int max)
{
	int n = 0;

	for (int fd = 0; fd < watched_size && n < max; fd++)
	{
		struct pollfd one = {fd, 0, 0};

		if (watched[fd].what == 0)
			continue;
		one.events = (watched[fd].what & SOCKET_READ ? POLLIN : 0) |
					 (watched[fd].what & SOCKET_WRITE ? POLLOUT : 0);
		if (poll(&one, 1, 0) <= 0)
			continue;
		events[n].fd = fd;
		events[n].owner = watched[fd].owner;
		events[n].what =
			(one.revents & POLLIN ? SOCKET_READ : 0) |
			(one.revents & POLLOUT ? SOCKET_WRITE : 0) |
			(one.revents & (POLLERR | POLLHUP | POLLNVAL) ? SOCKET_ERROR : 0);
		n++;
	}
	return n;
}

#endif /* USE_EPOLL */

bool
sockets_watch(int fd, int what, int owner, bool known)
{
	if (!ensure_entry(fd))
		return false;
	wanted_count += (what != 0) - (watched[fd].what != 0);
	watched[fd].what = what;
	watched[fd].owner = owner;
#ifdef USE_EPOLL
	if (what == 0)
		return true;
	wanted_fd = fd;
#endif
	return register_socket(fd, known);
}

static void
sleep_until_ready(long timeout_ms, uint32 wait_event)
{
	WaitEvent events[3];
	int n;

	refresh_wait_set();
	n = WaitEventSetWait(wait_set, timeout_ms, events, lengthof(events),
						 wait_event);
	for (int i = 0; i < n; i++)
	{
		if (events[i].events & WL_LATCH_SET)
			ResetLatch(MyLatch);
#ifdef USE_EPOLL
		else if (events[i].user_data == &direct_fd)
			direct_is_ready = true;
		else
			something_is_ready = true;
#endif
	}
}

void
sockets_wait(long timeout_ms, uint32 wait_event)
{
#ifdef USE_EPOLL
	int64 began_ns;

	choose_direct();
	if (waits_for_direct())
	{
		pgstat_report_wait_start(wait_event);
		direct_is_ready = glance_at(&direct_glance, direct_fd);
		pgstat_report_wait_end();
		if (direct_is_ready)
			return;
		began_ns = clock_now_ns();
		sleep_until_ready(timeout_ms, wait_event);
		glance_slept(&direct_glance, clock_now_ns() - began_ns);
		return;
	}
#endif
	sleep_until_ready(timeout_ms, wait_event);
}

bool
descriptors_reserve(int n)
{
	for (int i = 0; i < n; i++)
	{
		if (!AcquireExternalFD())
		{
			descriptors_release(i);
			return false;
		}
	}
	return true;
}

void
descriptors_release(int n)
{
	while (n-- > 0)
		ReleaseExternalFD();
}
