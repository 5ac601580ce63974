/*
 * loop_resolve.c
 *	  Host names to addresses, off the loop.
 *
 * The lookups have threads of their own.  libuv's pool would do but for one
 * thing: its threads are joined when the program exits, so that one dead name
 * server would hold up the end of a run by its own time-out.  Here a lookup
 * that still hangs is left behind.
 */
#include "loop_impl.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mem.h"

#define MAX_LOOKUPS 16 /* at a time; the others wait */

struct LoopResolve
{
	RealLoop *loop;
	LoopWork work; /* a name */
	LoopJob job;   /* a literal address */
	char *host;
	LoopResolveFn fn;
	void *arg;
	bool is_literal;
	bool is_cancelled;
	bool is_orphan; /* the loop is going or gone */
	struct addrinfo *found;
	int error;		 /* of getaddrinfo */
	int error_errno; /* for EAI_SYSTEM */
	LoopResolve *next;
	LoopResolve *prev;
};

static void
resolve_free(LoopResolve *resolve)
{
	if (resolve->found != NULL)
		freeaddrinfo(resolve->found);
	free(resolve->host);
	free(resolve);
}

static void
resolve_unlink(LoopResolve *resolve)
{
	if (resolve->prev != NULL)
		resolve->prev->next = resolve->next;
	else
		resolve->loop->resolves = resolve->next;
	if (resolve->next != NULL)
		resolve->next->prev = resolve->prev;
}

static int
look_up(LoopResolve *resolve, int flags)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = flags,
	};

	resolve->error = getaddrinfo(resolve->host, NULL, &hints, &resolve->found);
	resolve->error_errno = errno;
	return resolve->error;
}

/* Numeric text of each address found; returns how many there are. */
static int
collect_addresses(const struct addrinfo *found, char ***addresses)
{
	int n = 0;
	int count = 0;

	for (const struct addrinfo *ai = found; ai != NULL; ai = ai->ai_next)
		n++;
	*addresses = mem_alloc((size_t) n * sizeof(**addresses));
	for (const struct addrinfo *ai = found; ai != NULL; ai = ai->ai_next)
	{
		char text[NI_MAXHOST];

		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof(text), NULL,
						0, NI_NUMERICHOST) == 0)
			(*addresses)[count++] = mem_strdup(text);
	}
	return count;
}

static void
set_error(Err *err, const LoopResolve *resolve)
{
	const char *why = "it has no usable address";

	if (resolve->error == EAI_SYSTEM)
		why = strerror(resolve->error_errno);
	else if (resolve->error != 0)
		why = gai_strerror(resolve->error);
	err_set(err, ERR_CONNECT, "could not resolve host name \"%s\": %s",
			resolve->host, why);
	err_hint(err,
			 "check the name, and that this machine's name server answers");
}

/* The one way out: tell, unless cancelled, and free. */
static void
resolve_finish(LoopResolve *resolve)
{
	Err err = {.kind = ERR_NONE};
	char **addresses = NULL;
	int n = 0;

	resolve_unlink(resolve);
	if (!resolve->is_cancelled)
	{
		n = collect_addresses(resolve->found, &addresses);
		if (n == 0)
			set_error(&err, resolve);
		resolve->fn(resolve->arg, (const char *const *) addresses, n, &err);
	}
	for (int i = 0; i < n; i++)
		free(addresses[i]);
	free(addresses);
	resolve_free(resolve);
}

static void
on_literal(void *arg)
{
	resolve_finish(arg);
}

static void
run_lookup(LoopWork *work)
{
	look_up(work->arg, 0);
}

/* On the loop; on any thread once the loop is gone. */
static void
on_looked_up(LoopWork *work)
{
	LoopResolve *resolve = work->arg;

	if (resolve->is_orphan)
	{
		resolve_free(resolve);
		return;
	}
	if (resolve->is_cancelled)
		resolve->loop->nworks++; /* taken off twice */
	resolve_finish(resolve);
}

LoopResolve *
loop_resolve(Loop *base, const char *host, LoopResolveFn fn, void *arg)
{
	RealLoop *loop = real_loop(base, "loop_resolve");
	LoopResolve *resolve = mem_alloc(sizeof(*resolve));

	resolve->loop = loop;
	resolve->host = mem_strdup(host);
	resolve->fn = fn;
	resolve->arg = arg;
	resolve->next = loop->resolves;
	if (resolve->next != NULL)
		resolve->next->prev = resolve;
	loop->resolves = resolve;

	resolve->is_literal = look_up(resolve, AI_NUMERICHOST) == 0;
	if (resolve->is_literal)
	{
		resolve->job.fn = on_literal;
		resolve->job.arg = resolve;
		loop_push(base, &resolve->job);
		return resolve;
	}
	resolve->work.run = run_lookup;
	resolve->work.done = on_looked_up;
	resolve->work.arg = resolve;
	if (loop->lookups == NULL)
		loop->lookups = workers_new(loop, MAX_LOOKUPS);
	loop->nworks++;
	workers_push(loop->lookups, &resolve->work);
	return resolve;
}

/* A lookup nobody waits for must not keep the loop going either. */
void
loop_resolve_cancel(LoopResolve *resolve)
{
	if (!resolve->is_cancelled && !resolve->is_literal)
		resolve->loop->nworks--;
	resolve->is_cancelled = true;
}

/*
 * A lookup is in one of four places: not begun (dropped by workers_free),
 * running (freed by its thread, some day), ended but not delivered (in the
 * done list), or a literal that needs no thread.
 */
void
resolve_free_all(RealLoop *loop)
{
	LoopWork *work;
	LoopResolve *next;

	for (LoopResolve *resolve = loop->resolves; resolve; resolve = next)
	{
		next = resolve->next;
		resolve->is_orphan = true;
		if (resolve->is_literal)
			resolve_free(resolve);
	}
	if (loop->lookups == NULL)
		return;
	workers_free(loop->lookups, true, on_looked_up);
	for (work = loop->done_head; work != NULL;)
	{
		LoopWork *next_work = work->next;

		if (work->done == on_looked_up)
			on_looked_up(work);
		work = next_work;
	}
}
