/*
 * http_sockets.h
 *		The sockets of this session's transfers, and the one wait for them.
 *
 * All of them hang off one epoll descriptor, and that, the process latch and
 * the postmaster's death off one wait event set, which lives as long as the
 * session: a wait costs the same for one transfer and for two hundred.  A
 * socket that is waited for alone again and again gets a place of its own in
 * the wait event set, and a look before it is slept for.  Where there is no
 * epoll, that set is built anew whenever it changed.
 */
#ifndef ASYNCDEMO_HTTP_SOCKETS_H
#define ASYNCDEMO_HTTP_SOCKETS_H

/* What a socket is watched for, or ready for. */
#define SOCKET_READ 1
#define SOCKET_WRITE 2
#define SOCKET_ERROR 4

typedef struct SocketEvent
{
	int fd;
	int what;
	int owner;
} SocketEvent;

/* Make ready for use, all or nothing; raises 53000 without descriptors. */
extern void sockets_init(void);

/*
 * Watch a socket for an owner, a small number of the caller's; what = 0 ends
 * that.  known says that the number stands for what it stood for when it was
 * watched last, and has not been closed since.  Never throws; false when there
 * is no memory.
 */
extern bool sockets_watch(int fd, int what, int owner, bool known);

/* Which sockets are ready now, at most max of them, without waiting. */
extern int sockets_poll(SocketEvent *events, int max);

/*
 * Wait until a socket is ready, the latch is set or the time is over; negative
 * is for ever.  The latch is reset; interrupts are the caller's to check.
 */
extern void sockets_wait(long timeout_ms, uint32 wait_event);

/*
 * Ask the server to lend so many descriptors, all or none, and give them back.
 * Whoever opens a socket has reserved it.
 */
extern bool descriptors_reserve(int n);
extern void descriptors_release(int n);

#endif /* ASYNCDEMO_HTTP_SOCKETS_H */
