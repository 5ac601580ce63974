/*
 * http_lookup.c
 *	  A host name looked up by a thread of its own that may be left behind.
 *
 * What is in HttpLookup belongs to whoever holds its lock.  Two own it, the
 * caller and the thread; the last one to let go frees it.
 */
#include "http_lookup.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "loop.h"
#include "mem.h"

#define MAX_ADDRESSES 32

struct HttpLookup
{
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *host;
	int owners;
	bool has_ended;
	bool interrupted;
	int error;		 /* of getaddrinfo */
	int error_errno; /* for EAI_SYSTEM */
	char *addresses[MAX_ADDRESSES];
	int naddresses;
};

static void
lookup_let_go(HttpLookup *lookup)
{
	bool is_last;

	pthread_mutex_lock(&lookup->lock);
	is_last = --lookup->owners == 0;
	pthread_mutex_unlock(&lookup->lock);
	if (!is_last)
		return;
	for (int i = 0; i < lookup->naddresses; i++)
		free(lookup->addresses[i]);
	pthread_cond_destroy(&lookup->changed);
	pthread_mutex_destroy(&lookup->lock);
	free(lookup->host);
	free(lookup);
}

static void
lookup_collect(HttpLookup *lookup, const struct addrinfo *found)
{
	for (; found != NULL && lookup->naddresses < MAX_ADDRESSES;
		 found = found->ai_next)
	{
		char text[NI_MAXHOST];

		if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text),
						NULL, 0, NI_NUMERICHOST) == 0)
			lookup->addresses[lookup->naddresses++] = mem_strdup(text);
	}
}

static void *
lookup_main(void *arg)
{
	HttpLookup *lookup = arg;
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found = NULL;
	int error = getaddrinfo(lookup->host, NULL, &hints, &found);
	int error_errno = errno;

	pthread_mutex_lock(&lookup->lock);
	lookup->error = error;
	lookup->error_errno = error_errno;
	lookup_collect(lookup, found);
	lookup->has_ended = true;
	pthread_cond_signal(&lookup->changed);
	pthread_mutex_unlock(&lookup->lock);
	if (found != NULL)
		freeaddrinfo(found);
	lookup_let_go(lookup);
	return NULL;
}

/* Signals are for the loop's thread. */
static int
start_detached(void *(*fn)(void *), void *arg)
{
	pthread_t thread;
	sigset_t all;
	sigset_t old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		pthread_detach(thread);
	return rc;
}

HttpLookup *
http_lookup_start(const char *host, Err *err)
{
	HttpLookup *lookup = mem_alloc(sizeof(*lookup));
	pthread_condattr_t attr;
	int rc;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&lookup->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&lookup->lock, NULL);
	lookup->host = mem_strdup(host);
	lookup->owners = 2;
	rc = start_detached(lookup_main, lookup);
	if (rc == 0)
		return lookup;
	lookup->owners = 1;
	lookup_let_go(lookup);
	err_set(err, ERR_IO,
			"could not start a thread to resolve host name "
			"\"%s\": %s",
			host, strerror(rc));
	return NULL;
}

static void
lookup_error(const HttpLookup *lookup, Err *err)
{
	const char *why = "it has no usable address";

	if (lookup->error == EAI_SYSTEM)
		why = strerror(lookup->error_errno);
	else if (lookup->error != 0)
		why = gai_strerror(lookup->error);
	err_set(err, ERR_HTTP, "could not resolve host name \"%s\": %s",
			lookup->host, why);
	err_hint(err,
			 "check the name, and that this machine's name server answers");
}

bool
http_lookup_wait(HttpLookup *lookup, int64_t deadline_ns,
				 const char *const **addresses, int *naddresses, Err *err)
{
	struct timespec until = {
		.tv_sec = (time_t) (deadline_ns / NS_PER_S),
		.tv_nsec = (long) (deadline_ns % NS_PER_S),
	};
	int rc = 0;
	bool has_ended;

	pthread_mutex_lock(&lookup->lock);
	while (!lookup->has_ended && !lookup->interrupted && rc != ETIMEDOUT)
	{
		if (deadline_ns == LOOP_NEVER)
			pthread_cond_wait(&lookup->changed, &lookup->lock);
		else
			rc = pthread_cond_timedwait(&lookup->changed, &lookup->lock,
										&until);
	}
	has_ended = lookup->has_ended && !lookup->interrupted;
	pthread_mutex_unlock(&lookup->lock);
	if (!has_ended)
		return false;

	/* the thread does not touch these any more */
	*addresses = (const char *const *) lookup->addresses;
	*naddresses = lookup->naddresses;
	if (lookup->naddresses == 0)
		lookup_error(lookup, err);
	return true;
}

void
http_lookup_interrupt(HttpLookup *lookup)
{
	pthread_mutex_lock(&lookup->lock);
	lookup->interrupted = true;
	pthread_cond_signal(&lookup->changed);
	pthread_mutex_unlock(&lookup->lock);
}

void
http_lookup_leave(HttpLookup *lookup)
{
	lookup_let_go(lookup);
}
