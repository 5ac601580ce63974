/*
 * http_policy.c
 *		The setting asyncdemo.http_allow, taken apart.
 *
 * A policy is read once and then only looked at.
 */
#include "postgres.h"

#include <ctype.h>
#include <netinet/in.h>

#include "http_policy.h"

/* A piece of text that is being read. */
typedef struct Span
{
	const char *start;
	const char *end;
} Span;

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
	if (!address_parse_plain(text, &item->network))
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
