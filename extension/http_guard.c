/*
 * http_guard.c
 *		Who may be contacted: the policy of asyncdemo.http_allow.
 *
 * A policy is read once and then only looked at.  Nothing here keeps state.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "http_guard.h"

typedef enum ItemKind
{
	ITEM_PUBLIC,
	ITEM_HOST,
	ITEM_SUBDOMAINS,
	ITEM_NETWORK,
	ITEM_EVERYTHING
} ItemKind;

typedef struct PolicyItem
{
	ItemKind kind;
	bool web_ports; /* 80 and 443, no port was given */
	int low_port;
	int high_port;
	HttpAddress network;
	int prefix_bits;
	const char *host; /* points into the policy's copy of the text */
	size_t host_length;
} PolicyItem;

struct HttpPolicy
{
	int nitems;
	PolicyItem items[FLEXIBLE_ARRAY_MEMBER];
};

/* A piece of text that is being read. */
typedef struct Span
{
	const char *start;
	const char *end;
} Span;

/*
 * Addresses that no host on the internet may have: special-purpose registries
 * of IANA, RFC 6890 and its successors, with everything above 224/3; and IPv6
 * addresses that carry an IPv4 address, by which they are judged.  The text is
 * parsed once, before the first use.
 */
typedef struct SpecialNetwork
{
	const char *text;
	int prefix_bits;
	int inner_byte; /* where the IPv4 address stands, or 0 */
	HttpAddress network;
} SpecialNetwork;

static SpecialNetwork not_public[] = {
	{"0.0.0.0", 8, 0, {0}},		 {"10.0.0.0", 8, 0, {0}},
	{"100.64.0.0", 10, 0, {0}},	 {"127.0.0.0", 8, 0, {0}},
	{"169.254.0.0", 16, 0, {0}}, {"172.16.0.0", 12, 0, {0}},
	{"192.0.0.0", 24, 0, {0}},	 {"192.0.2.0", 24, 0, {0}},
	{"192.88.99.0", 24, 0, {0}}, {"192.168.0.0", 16, 0, {0}},
	{"198.18.0.0", 15, 0, {0}},	 {"198.51.100.0", 24, 0, {0}},
	{"203.0.113.0", 24, 0, {0}}, {"224.0.0.0", 3, 0, {0}},
	{"::", 96, 0, {0}},			 {"64:ff9b:1::", 48, 0, {0}},
	{"100::", 64, 0, {0}},		 {"2001::", 23, 0, {0}},
	{"2001:db8::", 32, 0, {0}},	 {"3fff::", 20, 0, {0}},
	{"fc00::", 7, 0, {0}},		 {"fe80::", 9, 0, {0}},
	{"ff00::", 8, 0, {0}},
};

static SpecialNetwork carriers[] = {
	{"::ffff:0:0", 96, 12, {0}},
	{"::ffff:0:0:0", 96, 12, {0}},
	{"64:ff9b::", 96, 12, {0}},
	{"2002::", 16, 2, {0}},
};

static bool
parse_plain_address(const char *text, HttpAddress *address)
{
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, address->bytes) == 1)
		address->bits = 32;
	else if (inet_pton(AF_INET6, text, address->bytes) == 1)
		address->bits = 128;
	return address->bits != 0;
}

bool
address_parse(const char *host, HttpAddress *address)
{
	char text[INET6_ADDRSTRLEN + 1];
	struct in_addr inner;
	size_t length = strcspn(host, "%"); /* without an IPv6 zone */

	if (length == 0)
		return false;
	if (length < sizeof(text))
	{
		memcpy(text, host, length);
		text[length] = '\0';
		if (parse_plain_address(text, address))
			return true;
	}

	/* the C library's resolver reads 127.1, 0x7f.1 and 2130706433 as well */
	if (inet_aton(host, &inner) == 0)
		return false;
	memset(address, 0, sizeof(*address));
	address->bits = 32;
	memcpy(address->bytes, &inner, 4);
	return true;
}

static bool
address_in_network(const HttpAddress *address, const HttpAddress *network,
				   int prefix_bits)
{
	int whole = prefix_bits / 8;
	int rest = prefix_bits % 8;

	if (address->bits != network->bits ||
		memcmp(address->bytes, network->bytes, whole) != 0)
		return false;
	return rest == 0 || ((address->bytes[whole] ^ network->bytes[whole]) >>
						 (8 - rest)) == 0;
}

static void
parse_special(SpecialNetwork *networks, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		if (!parse_plain_address(networks[i].text, &networks[i].network))
			Assert(false);
	}
}

static const SpecialNetwork *
find_special(const SpecialNetwork *networks, size_t n,
			 const HttpAddress *address)
{
	if (not_public[0].network.bits == 0)
	{
		parse_special(not_public, lengthof(not_public));
		parse_special(carriers, lengthof(carriers));
	}
	for (size_t i = 0; i < n; i++)
	{
		if (address_in_network(address, &networks[i].network,
							   networks[i].prefix_bits))
			return &networks[i];
	}
	return NULL;
}

/* The IPv4 address inside an IPv6 one, or the address itself. */
static HttpAddress
address_unwrap(const HttpAddress *address)
{
	const SpecialNetwork *carrier =
		find_special(carriers, lengthof(carriers), address);
	HttpAddress inner = {32, {0}};

	if (carrier == NULL)
		return *address;
	memcpy(inner.bytes, address->bytes + carrier->inner_byte, 4);
	return inner;
}

bool
address_is_public(const HttpAddress *address)
{
	HttpAddress inner = address_unwrap(address);

	return find_special(not_public, lengthof(not_public), &inner) == NULL;
}

static bool
address_from_socket(const struct sockaddr *from, HttpAddress *address,
					int *port)
{
	const struct sockaddr_in *in4 = (const void *) from;
	const struct sockaddr_in6 *in6 = (const void *) from;

	memset(address, 0, sizeof(*address));
	if (from->sa_family == AF_INET)
	{
		address->bits = 32;
		memcpy(address->bytes, &in4->sin_addr, 4);
		*port = ntohs(in4->sin_port);
	}
	else if (from->sa_family == AF_INET6)
	{
		address->bits = 128;
		memcpy(address->bytes, &in6->sin6_addr, 16);
		*port = ntohs(in6->sin6_port);
	}
	return address->bits != 0;
}

char *
address_to_text(const struct sockaddr *from)
{
	char text[INET6_ADDRSTRLEN] = "unknown";
	HttpAddress address;
	int port;

	if (address_from_socket(from, &address, &port))
		inet_ntop(from->sa_family, address.bytes, text, sizeof(text));
	return pstrdup(text);
}

/* Reading a policy. */

static Span
span_trim(Span span)
{
	while (span.start < span.end && isspace((unsigned char) *span.start))
		span.start++;
	while (span.end > span.start && isspace((unsigned char) span.end[-1]))
		span.end--;
	return span;
}

static bool
span_is(Span span, const char *word)
{
	size_t length = span.end - span.start;

	return length == strlen(word) &&
		   pg_strncasecmp(span.start, word, length) == 0;
}

/* A number without a sign from 0 to max, which fills the span. */
static bool
span_to_number(Span span, int max, int *number)
{
	int value = 0;

	if (span.start == span.end || span.end - span.start > 5)
		return false;
	for (const char *p = span.start; p < span.end; p++)
	{
		if (!isdigit((unsigned char) *p))
			return false;
		value = value * 10 + (*p - '0');
	}
	*number = value;
	return value <= max;
}

static void
set_all_ports(PolicyItem *item)
{
	item->web_ports = false;
	item->low_port = 1;
	item->high_port = 65535;
}

static const char *
parse_ports(Span span, PolicyItem *item)
{
	const char *dash = memchr(span.start, '-', span.end - span.start);
	Span low = {span.start, dash ? dash : span.end};
	Span high = {dash ? dash + 1 : span.start, span.end};

	set_all_ports(item);
	if (span_is(span, "*"))
		return NULL;
	if (!span_to_number(low, 65535, &item->low_port) ||
		!span_to_number(high, 65535, &item->high_port) || item->low_port == 0)
		return "a port is a number from 1 to 65535, two of them with a dash between, or *";
	if (item->low_port > item->high_port)
		return "the first port is greater than the last";
	return NULL;
}

static const char *
parse_network(Span span, PolicyItem *item)
{
	const char *slash = memchr(span.start, '/', span.end - span.start);
	Span bits = {slash ? slash + 1 : span.end, span.end};
	char text[INET6_ADDRSTRLEN];
	size_t length = (slash ? slash : span.end) - span.start;

	item->kind = ITEM_NETWORK;
	if (length >= sizeof(text))
		return "this is no address";
	memcpy(text, span.start, length);
	text[length] = '\0';
	if (!parse_plain_address(text, &item->network))
		return "this is no address; IPv4 is written 192.0.2.0/24, IPv6 [2001:db8::/32]";
	item->prefix_bits = item->network.bits;
	if (slash && !span_to_number(bits, item->network.bits, &item->prefix_bits))
		return "the number of bits after / does not fit the address";
	return NULL;
}

static const char *
parse_host(Span span, PolicyItem *item)
{
	item->kind = ITEM_HOST;
	if (span.end - span.start > 2 && span.start[0] == '*' &&
		span.start[1] == '.')
	{
		item->kind = ITEM_SUBDOMAINS;
		span.start += 2;
	}
	if (span.end > span.start && span.end[-1] == '.')
		span.end--;
	item->host = span.start;
	item->host_length = span.end - span.start;
	if (item->host_length == 0)
		return "the host is missing";
	for (const char *p = span.start; p < span.end; p++)
	{
		if (*p == '.' && (p == span.start || p[-1] == '.'))
			return "between two dots of a host there is a label";
		if (!isalnum((unsigned char) *p) && !strchr("-._", *p))
			return "a host has only letters, digits, dots, hyphens and underscores; others are written in punycode, and * only as *.HOST";
	}
	return NULL;
}

/* Does it look like an address rather than a name? */
static bool
looks_numeric(Span span)
{
	if (memchr(span.start, '/', span.end - span.start))
		return true;
	for (const char *p = span.start; p < span.end; p++)
	{
		if (!isdigit((unsigned char) *p) && *p != '.')
			return false;
	}
	return span.end > span.start;
}

/* "[NETWORK]" with "/BITS" inside or after the brackets, and its ports. */
static const char *
parse_bracketed(Span span, PolicyItem *item)
{
	const char *close = memchr(span.start, ']', span.end - span.start);
	Span network = {span.start + 1, close};
	const char *error;

	if (close == NULL)
		return "the bracket is never closed";
	error = parse_network(network, item);
	if (error)
		return error;
	span.start = close + 1;
	if (span.start < span.end && *span.start == '/')
	{
		const char *colon = memchr(span.start, ':', span.end - span.start);
		Span bits = {span.start + 1, colon ? colon : span.end};

		if (!span_to_number(bits, item->network.bits, &item->prefix_bits))
			return "the number of bits after / does not fit the address";
		span.start = bits.end;
	}
	if (span.start == span.end)
		return NULL;
	if (*span.start != ':')
		return "after the bracket only a port can follow";
	span.start++;
	return parse_ports(span, item);
}

static const char *
parse_item(Span span, PolicyItem *item)
{
	const char *colon;
	const char *error = NULL;

	memset(item, 0, sizeof(*item));
	item->web_ports = true;
	if (span.start == span.end)
		return "it is empty";
	if (*span.start == '[')
		return parse_bracketed(span, item);

	colon = memchr(span.start, ':', span.end - span.start);
	if (colon)
	{
		Span ports = {colon + 1, span.end};

		if (ports.start < ports.end && *ports.start == '/')
			return "an item is a host, without a scheme or a path";
		if (memchr(ports.start, ':', ports.end - ports.start))
			return "an IPv6 address is written in brackets";
		error = parse_ports(ports, item);
		span.end = colon;
	}
	if (error)
		return error;

	if (span_is(span, "public"))
		item->kind = ITEM_PUBLIC;
	else if (span_is(span, "*"))
	{
		item->kind = ITEM_EVERYTHING;
		if (colon == NULL)
			set_all_ports(item);
	}
	else if (looks_numeric(span))
		return parse_network(span, item);
	else
		return parse_host(span, item);
	return NULL;
}

static int
count_items(const char *text)
{
	int n = 1;

	for (; *text; text++)
		n += *text == ',';
	return n;
}

HttpPolicy *
policy_parse(const char *text, char **error)
{
	int most = count_items(text);
	size_t head = offsetof(HttpPolicy, items) + most * sizeof(PolicyItem);
	HttpPolicy *policy = palloc0(head + strlen(text) + 1);
	Span all;

	all.start = strcpy((char *) policy + head, text);
	all.end = all.start + strlen(all.start);
	all = span_trim(all);
	if (all.start == all.end)
		return policy;

	for (int i = 0; i < most; i++)
	{
		const char *comma = memchr(all.start, ',', all.end - all.start);
		Span item = {all.start, comma ? comma : all.end};
		const char *mistake;

		item = span_trim(item);
		mistake = parse_item(item, &policy->items[policy->nitems++]);
		if (mistake)
		{
			*error =
				psprintf("Item %d, \"%.*s\": %s.", i + 1,
						 (int) (item.end - item.start), item.start, mistake);
			pfree(policy);
			return NULL;
		}
		all.start = comma ? comma + 1 : all.end;
	}
	return policy;
}

bool
policy_check(const char *text, char **error)
{
	HttpPolicy *policy = policy_parse(text, error);

	if (policy)
		pfree(policy);
	return policy != NULL;
}

/* Judging. */

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
