/*
 * http_guard.c
 *		Who may be contacted: what a policy says of a host and an address.
 *
 * Nothing here keeps state.
 */
#include "postgres.h"

#include "http_guard.h"

static bool
item_has_port(const PolicyItem *item, int port)
{
	if (item->web_ports)
		return port == 80 || port == 443;
	return port >= item->low_port && port <= item->high_port;
}

static bool
item_has_host(const PolicyItem *item, const char *host)
{
	size_t length = strlen(host);
	size_t skip;

	if (item->kind != ITEM_HOST && item->kind != ITEM_SUBDOMAINS)
		return false;
	if (length < item->host_length)
		return false;
	skip = length - item->host_length;
	if (pg_strncasecmp(host + skip, item->host, item->host_length) != 0)
		return false;
	if (item->kind == ITEM_HOST)
		return skip == 0;
	return skip > 1 && host[skip - 1] == '.';
}

static bool
item_has_address(const PolicyItem *item, const char *host,
				 const HttpAddress *address)
{
	HttpAddress inner = address_unwrap(address);

	switch (item->kind)
	{
		case ITEM_EVERYTHING:
			return true;
		case ITEM_PUBLIC:
			return address_is_public(address);
		case ITEM_HOST:
		case ITEM_SUBDOMAINS:
			return item_has_host(item, host) && address_is_public(address);
		case ITEM_NETWORK:
			return address_in_network(address, &item->network,
									  item->prefix_bits) ||
				   address_in_network(&inner, &item->network,
									  item->prefix_bits);
	}
	return false;
}

static bool
policy_has_address(const HttpPolicy *policy, const char *host,
				   const HttpAddress *address, int port)
{
	if (port == 0)
		return false;
	for (int i = 0; i < policy->nitems; i++)
	{
		if (item_has_port(&policy->items[i], port) &&
			item_has_address(&policy->items[i], host, address))
			return true;
	}
	return false;
}

/* Names that every resolver answers with this machine, RFC 6761. */
static bool
is_localhost(const char *host)
{
	size_t length = strlen(host);

	if (length < 9 || pg_strcasecmp(host + length - 9, "localhost") != 0)
		return false;
	return length == 9 || host[length - 10] == '.';
}

/*
 * What a name that is on the list is worth.  Behind a proxy it has to be
 * ASCII: libcurl writes other hosts anew, a digit or a slash of full width as
 * the plain one, so that the proxy would not be asked for what was judged.
 */
static GuardVerdict
judge_listed_name(const char *host, bool behind_proxy)
{
	if (!behind_proxy)
		return GUARD_BY_ADDRESS;
	for (; *host; host++)
	{
		if (*host & 0x80)
			return GUARD_REFUSED;
	}
	return GUARD_ALLOWED;
}

static GuardVerdict
item_judge_name(const PolicyItem *item, const char *host, bool behind_proxy)
{
	switch (item->kind)
	{
		case ITEM_EVERYTHING:
			return GUARD_ALLOWED;
		case ITEM_PUBLIC:
			return judge_listed_name(host, behind_proxy);
		case ITEM_NETWORK:
			return behind_proxy ? GUARD_REFUSED : GUARD_BY_ADDRESS;
		case ITEM_HOST:
		case ITEM_SUBDOMAINS:
			return item_has_host(item, host)
					   ? judge_listed_name(host, behind_proxy)
					   : GUARD_REFUSED;
	}
	return GUARD_REFUSED;
}

GuardVerdict
guard_check_host(const HttpPolicy *policy, const char *host, int port,
				 bool behind_proxy)
{
	GuardVerdict verdict = GUARD_REFUSED;
	HttpAddress address;

	if (port == 0 || *host == '\0')
		return GUARD_REFUSED;
	if (address_parse(host, &address) ||
		(behind_proxy && is_localhost(host) &&
		 address_parse("127.0.0.1", &address)))
		return policy_has_address(policy, host, &address, port)
				   ? GUARD_ALLOWED
				   : GUARD_REFUSED;

	for (int i = 0; i < policy->nitems; i++)
	{
		GuardVerdict one = GUARD_REFUSED;

		if (item_has_port(&policy->items[i], port))
			one = item_judge_name(&policy->items[i], host, behind_proxy);
		if (one == GUARD_ALLOWED)
			return GUARD_ALLOWED;
		if (one == GUARD_BY_ADDRESS)
			verdict = GUARD_BY_ADDRESS;
	}
	return verdict;
}

bool
guard_check_address(const HttpPolicy *policy, const char *host,
					const struct sockaddr *from)
{
	HttpAddress address;
	int port;

	return address_from_socket(from, &address, &port) &&
		   policy_has_address(policy, host, &address, port);
}
