/*
 * http_names.c
 *		Host names that were resolved lately or are being resolved.
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "clock.h"
#include "http_names.h"

/* When the table has grown to this, what is not in use is thrown out. */
#define NAMES_MANY 4096

static HTAB *names = NULL;
static int resolving = 0;

static void
create_table(void)
{
	HASHCTL control;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(NameKey);
	control.entrysize = sizeof(HostName);
	control.hcxt = TopMemoryContext;
	names = hash_create("asyncdemo names", 64, &control,
						HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
throw_out(int owner, bool any_owner)
{
	HASH_SEQ_STATUS scan;
	HostName *name;

	hash_seq_init(&scan, names);
	while ((name = hash_seq_search(&scan)) != NULL)
	{
		if ((any_owner || name->key.owner == owner) && !name->resolving &&
			dlist_is_empty(&name->waiters))
			hash_search(names, &name->key, HASH_REMOVE, NULL);
	}
}

HostName *
name_find(int owner, const char *host, int port)
{
	NameKey key;
	HostName *name;
	bool found;

	if (names == NULL)
		create_table();
	if (hash_get_num_entries(names) >= NAMES_MANY)
		throw_out(0, true);

	memset(&key, 0, sizeof(key));
	key.owner = owner;
	key.port = port;
	strlcpy(key.host, host, sizeof(key.host));
	name = hash_search(names, &key, HASH_ENTER, &found);
	if (!found)
	{
		name->resolving = false;
		name->trusted_until_ns = 0;
		dlist_init(&name->waiters);
	}
	return name;
}

bool
name_is_known(const HostName *name)
{
	return clock_now_ns() < name->trusted_until_ns;
}

bool
names_may_resolve(void)
{
	return resolving < NAMES_MAX_RESOLVING;
}

void
name_begin(HostName *name)
{
	Assert(!name->resolving);
	name->resolving = true;
	resolving++;
}

void
name_end(HostName *name, bool found)
{
	Assert(name->resolving);
	name->resolving = false;
	resolving--;
	if (found)
		name->trusted_until_ns = clock_now_ns() + NAMES_TRUST_S * NS_PER_S;
}

void
names_forget(int owner)
{
	if (names)
		throw_out(owner, false);
}
