/*
 * http_deadlines.h
 *		When the fetches of this session are late, and when that is asked.
 */
#ifndef ASYNCDEMO_HTTP_DEADLINES_H
#define ASYNCDEMO_HTTP_DEADLINES_H

#include "http_fetch.h"

/*
 * Its turn has come: time counts from here, for the whole fetch when this is
 * the first time, and for the connection when this is the first since
 * deadline_renew_connect.
 */
extern void deadline_start(Fetch *fetch, int64 now_ns);

/* The next hop has a time of its own to connect. */
extern void deadline_renew_connect(Fetch *fetch);

/* No time counts any more. */
extern void deadline_end(Fetch *fetch);

/* The earliest deadline of all, or NS_NEVER. */
extern int64 deadlines_first_ns(void);

/*
 * One that is late, or NULL; *connecting says that it is only its connection.
 * It is handed out again until deadline_end.
 */
extern Fetch *deadlines_late(int64 now_ns, bool *connecting);

/*
 * Is this a moment to look for late ones?  moved tells whether libcurl had
 * something to do; to be called once a turn.
 */
extern bool deadlines_may_pass(int64 now_ns, bool moved);

#endif /* ASYNCDEMO_HTTP_DEADLINES_H */
