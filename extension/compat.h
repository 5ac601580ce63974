/*
 * compat.h
 *		What is called or kept differently in the versions of the server.
 */
#ifndef ASYNCDEMO_COMPAT_H
#define ASYNCDEMO_COMPAT_H

#if PG_VERSION_NUM >= 140000
#include "utils/wait_event.h"
#else
#include "pgstat.h"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* The server's own names a dialect that only the compiler it had may know. */
#define printf_like(f, a) __attribute__((__format__(__printf__, f, a)))

#endif /* ASYNCDEMO_COMPAT_H */
