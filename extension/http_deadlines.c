/*
 * http_deadlines.c
 *		When the fetches of this session are late, and when that is asked.
 *
 * Only this file touches the heap, and what a fetch has of times to come.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "clock.h"
#include "http_deadlines.h"

/*
 * How long sockets may keep us busy before deadlines are looked at all the
 * same.  Until then they wait, so that what has arrived in time is delivered
 * however late the session comes to look.
 */
#define BUSY_MAX_NS (250 * NS_PER_MS)

/* A pause after which the session did something else in between. */
#define PAUSE_NS (100 * NS_PER_MS)

static pairingheap *heap = NULL;

/* The last turn, and how long turns have found something to do. */
static int64 served_ns = 0;
static int64 busy_since_ns = 0;
static bool is_busy = false;

/* The heap has the greatest on top: the earliest is the greatest. */
static int
compare_due(const pairingheap_node *a, const pairingheap_node *b,
			void *arg pg_attribute_unused())
{
	const Fetch *x = pairingheap_const_container(Fetch, heap_node, a);
	const Fetch *y = pairingheap_const_container(Fetch, heap_node, b);

	return (x->due_ns < y->due_ns) - (x->due_ns > y->due_ns);
}

static void
ensure_heap(void)
{
	MemoryContext caller;

	if (heap)
		return;
	caller = MemoryContextSwitchTo(TopMemoryContext);
	heap = pairingheap_allocate(compare_due, NULL);
	MemoryContextSwitchTo(caller);
}

static void
schedule(Fetch *fetch)
{
	int64 due_ns = Min(fetch->deadline_ns, fetch->connect_deadline_ns);

	if (due_ns == (fetch->in_heap ? fetch->due_ns : NS_NEVER))
		return;
	ensure_heap();
	if (fetch->in_heap)
		pairingheap_remove(heap, &fetch->heap_node);
	fetch->due_ns = due_ns;
	fetch->in_heap = due_ns != NS_NEVER;
	if (fetch->in_heap)
		pairingheap_add(heap, &fetch->heap_node);
}

void
deadline_start(Fetch *fetch, int64 now_ns)
{
	if (fetch->started_ns == 0)
	{
		fetch->started_ns = now_ns;
		fetch->started_at = GetCurrentTimestamp();
		fetch->deadline_ns = now_ns + fetch->request.timeout_ms * NS_PER_MS;
	}
	if (fetch->connect_deadline_ns == NS_NEVER)
		fetch->connect_deadline_ns =
			now_ns + fetch->connect_timeout_ms * NS_PER_MS;
	schedule(fetch);
}

/* It stays where it is in the heap: deadlines_late puts it right. */
void
deadline_renew_connect(Fetch *fetch)
{
	fetch->connect_deadline_ns = NS_NEVER;
}

void
deadline_end(Fetch *fetch)
{
	fetch->deadline_ns = NS_NEVER;
	fetch->connect_deadline_ns = NS_NEVER;
	schedule(fetch);
}

static Fetch *
first_due(void)
{
	if (heap == NULL || pairingheap_is_empty(heap))
		return NULL;
	return pairingheap_container(Fetch, heap_node, pairingheap_first(heap));
}

int64
deadlines_first_ns(void)
{
	Fetch *first = first_due();

	return first ? first->due_ns : NS_NEVER;
}

Fetch *
deadlines_late(int64 now_ns, bool *connecting)
{
	Fetch *fetch;

	while ((fetch = first_due()) != NULL && fetch->due_ns <= now_ns)
	{
		*connecting = fetch->deadline_ns > now_ns;
		if (!*connecting)
			return fetch;
		if (fetch->connect_deadline_ns <= now_ns)
		{
			if (fetch->transfer == NULL ||
				!transfer_is_connected(fetch->transfer))
				return fetch;
			fetch->connect_deadline_ns = NS_NEVER;
		}
		schedule(fetch); /* the whole has more time than its connection */
	}
	return NULL;
}

/* That is when the sockets had nothing more to say. */
bool
deadlines_may_pass(int64 now_ns, bool moved)
{
	if (now_ns - served_ns > PAUSE_NS)
		is_busy = false;
	served_ns = now_ns;
	if (!moved)
		is_busy = false;
	else if (!is_busy)
	{
		is_busy = true;
		busy_since_ns = now_ns;
	}
	return !is_busy || now_ns - busy_since_ns > BUSY_MAX_NS;
}
