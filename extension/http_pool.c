/*
 * http_pool.c
 *		The connections of this session, one pool for each policy.
 *
 * libcurl's two callbacks here record which sockets it wants watched and when
 * it wants to be called; they never throw.
 */
#include "postgres.h"

#include <signal.h>

#include "utils/memutils.h"

#include "clock.h"
#include "http_exchange.h"
#include "http_names.h"
#include "http_pool.h"
#include "http_settings.h"
#include "http_sockets.h"
#include "http_transfer.h"

/* Of its own, a multi handle has a pair of descriptors to be woken through. */
#define POOL_DESCRIPTORS 2

/* The idle connections a pool keeps, or fewer when descriptors are short. */
static const int idle_limits[] = {20, 8, 2};

static Pool *pools[POOLS_MAX];

/* Transfers that have looked up a name, and what they need. */
static int lookups = 0;
static sigset_t no_signals;
static sigset_t usual_signals;
static bool signals_are_blocked = false;

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
		  void *socket_arg pg_attribute_unused())
{
	Pool *pool = arg;
	int wanted = 0;

	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		wanted |= SOCKET_READ;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		wanted |= SOCKET_WRITE;
	return sockets_watch(fd, wanted, pool->number,
						 exchange_has_old_connection(easy))
			   ? 0
			   : -1;
}

static int
on_timer(CURLM *multi pg_attribute_unused(), long timeout_ms, void *arg)
{
	Pool *pool = arg;

	pool->timer_ns =
		timeout_ms < 0 ? NS_NEVER : clock_now_ns() + timeout_ms * NS_PER_MS;
	return 0;
}

static void
block_signals(void)
{
	if (!signals_are_blocked)
		sigprocmask(SIG_BLOCK, &no_signals, &usual_signals);
	signals_are_blocked = true;
}

void
pools_count_lookups(int change)
{
	lookups += change;
	if (change > 0)
		block_signals();
}

void
pools_block_signals(void)
{
	if (lookups > 0)
		block_signals();
}

void
pools_unblock_signals(void)
{
	if (signals_are_blocked)
		sigprocmask(SIG_SETMASK, &usual_signals, NULL);
	signals_are_blocked = false;
}

static void
init_once(void)
{
	static bool done = false;

	if (done)
		return;
	sigfillset(&no_signals);
	sigdelset(&no_signals, SIGSEGV);
	sigdelset(&no_signals, SIGBUS);
	sigdelset(&no_signals, SIGFPE);
	sigdelset(&no_signals, SIGILL);
	sigdelset(&no_signals, SIGTRAP);
	sigdelset(&no_signals, SIGABRT);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY),
						errmsg("could not initialize libcurl")));
	done = true;
}

/* Close a pool that nothing runs in. */
static void
pool_close(Pool *pool)
{
	Assert(pool->running == 0);
	transfers_free_spares(pool);
	if (pool->multi)
		curl_multi_cleanup(pool->multi);
	descriptors_release(pool->idle_limit + POOL_DESCRIPTORS);
	names_forget(pool->number);
	pools[pool->number] = NULL;
	MemoryContextDelete(GetMemoryChunkContext(pool));
}

static bool
close_oldest_idle(void)
{
	Pool *oldest = NULL;

	for (int i = 0; i < POOLS_MAX; i++)
	{
		if (pools[i] && pools[i]->running == 0 && pools[i]->holders == 0 &&
			(oldest == NULL || pools[i]->used_ns < oldest->used_ns))
			oldest = pools[i];
	}
	if (oldest)
		pool_close(oldest);
	return oldest != NULL;
}

void
pools_close_idle(void)
{
	while (close_oldest_idle())
		;
}

static int
free_number(void)
{
	for (;;)
	{
		for (int i = 0; i < POOLS_MAX; i++)
		{
			if (pools[i] == NULL)
				return i;
		}
		if (!close_oldest_idle())
			ereport(
				ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg(
					 "requests under %d different policies are under way already",
					 POOLS_MAX)));
	}
}

/* The most idle connections that there are descriptors for. */
static int
reserve_for_pool(void)
{
	do
	{
		for (size_t i = 0; i < lengthof(idle_limits); i++)
		{
			if (descriptors_reserve(idle_limits[i] + POOL_DESCRIPTORS))
				return idle_limits[i];
		}
	} while (close_oldest_idle());
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					errmsg("no descriptor is left for HTTP requests"),
					errhint("Raise max_files_per_process.")));
	return 0;
}

/* The host of "http://user@HOST:PORT/", in lower case. */
static char *
host_of_proxy(const char *proxy)
{
	const char *start = strstr(proxy, "://") + 3;
	const char *end = start + strcspn(start, "/?#");
	char *host;

	for (const char *p = start; p < end; p++)
	{
		if (*p == '@')
			start = p + 1;
	}
	if (*start == '[')
	{
		start++;
		end = start + strcspn(start, "]");
	}
	else
		end = start + Min(strcspn(start, ":"), (size_t) (end - start));
	host = pnstrdup(start, end - start);
	for (char *p = host; *p; p++)
		*p = pg_ascii_tolower((unsigned char) *p);
	return host;
}

static bool
setup_multi(Pool *pool)
{
	CURLM *multi = curl_multi_init();

	pool->multi = multi;
	return multi &&
		   curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) ==
			   CURLM_OK &&
		   curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, pool) == CURLM_OK &&
		   curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) ==
			   CURLM_OK &&
		   curl_multi_setopt(multi, CURLMOPT_TIMERDATA, pool) == CURLM_OK;
}

static Pool *
pool_open(void)
{
	int number;
	int idle_limit;
	MemoryContext cxt;
	MemoryContext caller;
	Pool *pool;
	char *error;

	init_once();
	sockets_init();
	number = free_number();

	cxt = AllocSetContextCreate(TopMemoryContext, "asyncdemo pool",
								ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(cxt);
	pool = palloc0(sizeof(Pool));
	pool->number = number;
	pool->allow = pstrdup(http_allow);
	pool->proxy = pstrdup(http_proxy);
	pool->ca_file = pstrdup(http_ca_file);
	pool->policy = policy_parse(http_allow, &error);
	pool->proxy_host = *http_proxy ? host_of_proxy(http_proxy) : NULL;
	pool->timer_ns = NS_NEVER;
	dlist_init(&pool->spares);
	MemoryContextSwitchTo(caller);
	if (pool->policy == NULL)
		elog(ERROR, "invalid asyncdemo.http_allow: %s", error);

	idle_limit = reserve_for_pool();
	pool->idle_limit = idle_limit;
	pools[number] = pool;
	if (!setup_multi(pool))
	{
		pool_close(pool);
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	return pool;
}

Pool *
pool_for_settings(void)
{
	Pool *pool = NULL;

	for (int i = 0; i < POOLS_MAX && pool == NULL; i++)
	{
		if (pools[i] && strcmp(pools[i]->allow, http_allow) == 0 &&
			strcmp(pools[i]->proxy, http_proxy) == 0 &&
			strcmp(pools[i]->ca_file, http_ca_file) == 0)
			pool = pools[i];
	}
	if (pool == NULL)
		pool = pool_open();
	pool->used_ns = clock_now_ns();
	return pool;
}

void
pool_hold(Pool *pool)
{
	pool->holders++;
}

void
pool_let_go(Pool *pool)
{
	pool->holders--;
}

/*
 * libcurl closes the oldest idle connection when there are more than this, and
 * those in use count.
 */
void
pool_count_running(Pool *pool, int change)
{
	pool->running += change;
	curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS,
					  (long) (pool->idle_limit + pool->running));
}

Pool *
pool_at(int number)
{
	return pools[number];
}

int64
pools_timer_ns(void)
{
	int64 earliest_ns = NS_NEVER;

	for (int i = 0; i < POOLS_MAX; i++)
	{
		if (pools[i])
			earliest_ns = Min(earliest_ns, pools[i]->timer_ns);
	}
	return earliest_ns;
}
