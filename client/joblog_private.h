/*
 * joblog_private.h
 *	  What writes and what reads a job log share; nobody else includes it.
 */
#ifndef JOBLOG_PRIVATE_H
#define JOBLOG_PRIVATE_H

#include "joblog.h"

#define JOBLOG_FORMAT "# asyncdemo job log, format 1\n"
#define JOBLOG_PLAN "# plan " /* and 32 hexadecimal digits */

/* Nothing but first lines: no task ended in that run. */
extern bool joblog_is_blank(int fd);

/* Does it begin as a log of this plan does, as far as it goes? */
extern bool joblog_read_head(int fd, const JobLogSettings *settings, Err *err);

/* joblog_read.c: *whole is where the last whole line ends. */
extern bool joblog_read(int fd, const JobLogSettings *settings, RowSet *done,
						int64_t *whole, Err *err);

#endif /* JOBLOG_PRIVATE_H */
