/*
 * http_lookups.c
 *		Fetches that wait until a host's name has been resolved, or may be.
 *
 * Only the lists are this file's: what becomes of a fetch whose wait is over
 * is for http_fetch.c to do.
 */
#include "postgres.h"

#include "http_lookups.h"

/* Transfers that resolve a name. */
static Transfer *resolvers[NAMES_MAX_RESOLVING];
static int nresolvers = 0;

/* Fetches that wait until fewer names are being resolved. */
static dlist_head unnamed = DLIST_STATIC_INIT(unnamed);

/* Fetches whose wait is over. */
static dlist_head released = DLIST_STATIC_INIT(released);
static dlist_head disappointed = DLIST_STATIC_INIT(disappointed);

HostName *
lookup_needed(const Fetch *fetch)
{
	const char *proxy = fetch->pool->proxy_host;
	const HttpUrl *url = fetch->request.url;
	HttpAddress address;

	if (proxy == NULL)
		return url->is_address
				   ? NULL
				   : name_find(fetch->pool->number, url->host, url->port);
	if (address_parse(proxy, &address))
		return NULL;
	return name_find(fetch->pool->number, proxy, 0);
}

void
lookup_wait(Fetch *fetch, HostName *name)
{
	dlist_push_tail(name->resolving ? &name->waiters : &unnamed, &fetch->node);
}

void
lookup_begin(Transfer *transfer, HostName *name)
{
	Assert(nresolvers < NAMES_MAX_RESOLVING);
	transfer->name = name;
	name_begin(name);
	resolvers[nresolvers++] = transfer;
}

static void
move_all(dlist_head *from, dlist_head *to)
{
	while (!dlist_is_empty(from))
		dlist_push_tail(to, dlist_pop_head_node(from));
}

/* Those who waited for this name, or for any to be done, have their turn. */
void
lookup_end(Transfer *transfer, Resolution how)
{
	HostName *name = transfer->name;

	for (int i = 0; i < nresolvers; i++)
	{
		if (resolvers[i] == transfer)
			resolvers[i] = resolvers[--nresolvers];
	}
	transfer->name = NULL;
	name_end(name, how == RESOLUTION_FOUND);
	move_all(&name->waiters,
			 how == RESOLUTION_FOUND_NOTHING ? &disappointed : &released);
	move_all(&unnamed, &released);
}

void
lookups_check(void)
{
	for (int i = nresolvers - 1; i >= 0; i--)
	{
		Transfer *transfer = resolvers[i];
		Resolution how = transfer_resolution(transfer);

		if (how != RESOLUTION_RUNS)
			lookup_end(transfer, how);
	}
}

Fetch *
lookups_next_waiter(bool *in_vain)
{
	dlist_head *list;

	*in_vain = !dlist_is_empty(&disappointed);
	list = *in_vain ? &disappointed : &released;
	if (dlist_is_empty(list))
		return NULL;
	return dlist_container(Fetch, node, dlist_pop_head_node(list));
}
