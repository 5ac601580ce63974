/*
 * http_address.c
 *		An IP address: its spellings, and whether it is a public one.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "http_address.h"

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

bool
address_parse_plain(const char *text, HttpAddress *address)
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
		if (address_parse_plain(text, address))
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

bool
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
		if (!address_parse_plain(networks[i].text, &networks[i].network))
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

HttpAddress
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

bool
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
