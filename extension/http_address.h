/*
 * http_address.h
 *		An IP address: its spellings, and whether it is a public one.
 *
 * Pure functions, which look nothing up and never throw, but for the one that
 * makes a text: libcurl's callbacks may call them.
 */
#ifndef ASYNCDEMO_HTTP_ADDRESS_H
#define ASYNCDEMO_HTTP_ADDRESS_H

struct sockaddr;

/* An IPv4 address stands in the first four bytes. */
typedef struct HttpAddress
{
	int bits; /* 32 or 128 */
	unsigned char bytes[16];
} HttpAddress;

/* As it is usually written: 192.0.2.1 or 2001:db8::1. */
extern bool address_parse_plain(const char *text, HttpAddress *address);

/*
 * The address that a host name spells, if it spells one: dotted, decimal,
 * octal, hexadecimal, or IPv6 without its brackets.
 */
extern bool address_parse(const char *host, HttpAddress *address);

/* The address and the port of a socket; false for other families. */
extern bool address_from_socket(const struct sockaddr *from,
								HttpAddress *address, int *port);

extern bool address_in_network(const HttpAddress *address,
							   const HttpAddress *network, int prefix_bits);

/* The IPv4 address inside an IPv6 one, or the address itself. */
extern HttpAddress address_unwrap(const HttpAddress *address);

/* Is it an address that anybody on the internet could be asked for? */
extern bool address_is_public(const HttpAddress *address);

/* Its usual spelling, in the current memory context. */
extern char *address_to_text(const struct sockaddr *from);

#endif /* ASYNCDEMO_HTTP_ADDRESS_H */
