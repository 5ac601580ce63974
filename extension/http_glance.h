/*
 * http_glance.h
 *		A look at a socket before the wait for it, where that pays.
 *
 * To fall asleep and to be woken takes longer than a server on this machine
 * takes to answer.  So a socket that is waited for alone is looked at for a
 * moment first, if its last answers came soon.  A look in vain costs that
 * moment; the more of them there were, the more seldom is the next, and who
 * answers late gets none.
 */
#ifndef ASYNCDEMO_HTTP_GLANCE_H
#define ASYNCDEMO_HTTP_GLANCE_H

/* What was learned about one connection; all zero is nothing. */
typedef struct Glance
{
	int64 slept_ns; /* the last wait that was slept through */
	int pause;		/* so many waits without a look */
	int misses;		/* looks in a row that were in vain */
} Glance;

/*
 * Is the socket readable, now or in a moment?  Ends at once when the latch is
 * set.  Checks for no interrupts and never throws.
 */
extern bool glance_at(Glance *glance, int fd);

/* After a wait that was slept through because glance_at said no. */
extern void glance_slept(Glance *glance, int64 ns);

#endif /* ASYNCDEMO_HTTP_GLANCE_H */
