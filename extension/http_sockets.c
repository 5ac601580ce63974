/*
 * http_sockets.c
 *		The sockets of this session's transfers, and the one wait for them.
 *
 * The table has an entry for each descriptor number.  libcurl tells when it
 * wants a socket watched and when no more, but closes descriptors on its own;
 * the kernel then takes them out of the epoll set.  So an entry only says what
 * is wanted.  A socket that is not wanted stays registered until it bothers
 * us: the next request on a connection kept alive then needs one system call
 * less.
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

#include "http_sockets.h"

typedef struct Watched
{
	int what; /* 0: not wanted */
	int owner;
	bool registered; /* perhaps: see above */
} Watched;

static Watched *watched = NULL;
static int watched_size = 0;
static int wanted_count = 0;

static WaitEventSet *wait_set = NULL;
static Latch *wait_latch = NULL;

#ifdef USE_EPOLL
static int epoll_fd = -1;

/* A wait ended because of a socket, be it one that nobody wants. */
static bool something_is_ready = false;
#else
static bool wait_set_stale = true;
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

/* The set itself asks for a descriptor, with an error of its own. */
static void
refresh_wait_set(void)
{
	if (wait_set && wait_latch == MyLatch)
		return;
	drop_wait_set();
	wait_set = new_wait_set(1);
	AddWaitEventToSet(wait_set, WL_SOCKET_READABLE, epoll_fd, NULL, NULL);
	wait_latch = MyLatch;
}

void
sockets_init(void)
{
	open_epoll();
	refresh_wait_set();
}

static bool
register_socket(int fd)
{
	struct epoll_event event = {0};
	int first = watched[fd].registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (watched[fd].what & SOCKET_READ)
		event.events |= EPOLLIN;
	if (watched[fd].what & SOCKET_WRITE)
		event.events |= EPOLLOUT;
	event.data.fd = fd;
	watched[fd].registered = true;
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
		watched[fd].registered = false;
}

int
sockets_poll(SocketEvent *events, int max)
{
	struct epoll_event ready[64];
	int nready;
	int n = 0;

	if (wanted_count == 0 && !something_is_ready)
		return 0;
	something_is_ready = false;
	nready = epoll_wait(epoll_fd, ready, Min(max, (int) lengthof(ready)), 0);
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
register_socket(int fd pg_attribute_unused())
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
sockets_watch(int fd, int what, int owner)
{
	if (!ensure_entry(fd))
		return false;
	wanted_count += (what != 0) - (watched[fd].what != 0);
	watched[fd].what = what;
	watched[fd].owner = owner;
#ifdef USE_EPOLL
	if (what == 0)
		return true;
#endif
	return register_socket(fd);
}

void
sockets_wait(long timeout_ms, uint32 wait_event)
{
	WaitEvent event;

	refresh_wait_set();
	if (WaitEventSetWait(wait_set, timeout_ms, &event, 1, wait_event) == 0)
		return;
	if (event.events & WL_LATCH_SET)
		ResetLatch(MyLatch);
#ifdef USE_EPOLL
	else
		something_is_ready = true;
#endif
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
