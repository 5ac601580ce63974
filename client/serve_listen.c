/*
 * serve_listen.c
 *	  The listening socket of the delay server.
 */
#include "serve_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

static bool
listen_fail(int fd, const ServeOptions *options, const char *what, Err *err)
{
	int saved_errno = errno;

	if (fd >= 0)
		close(fd);
	err_set(err, ERR_IO, "could not %s %s port %d: %s", what, options->listen,
			options->port, strerror(saved_errno));
	if (saved_errno == EADDRINUSE)
		err_hint(err, "--port 0 takes any port that is free");
	return false;
}

/* The address that --listen names: numeric, brackets allowed, or localhost. */
static struct addrinfo *
find_address(const ServeOptions *options, Err *err)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	};
	struct addrinfo *found = NULL;
	const char *text = options->listen;
	size_t len;
	char host[NI_MAXHOST];
	char port[16];

	if (strcmp(text, "localhost") == 0)
		text = "127.0.0.1";
	len = strlen(text);
	if (len > 2 && text[0] == '[' && text[len - 1] == ']')
		snprintf(host, sizeof(host), "%.*s", (int) len - 2, text + 1);
	else
		snprintf(host, sizeof(host), "%s", text);
	snprintf(port, sizeof(port), "%d", options->port);
	if (host[0] != '\0' && getaddrinfo(host, port, &hints, &found) == 0)
		return found;
	err_set(err, ERR_USAGE, "--listen needs a numeric address, not \"%s\"",
			options->listen);
	err_hint(err, "the default is 127.0.0.1");
	return NULL;
}

bool
serve_listen(const ServeOptions *options, int *out_fd, Err *err)
{
	struct addrinfo *found = find_address(options, err);
	int on = 1;
	int fd;
	int rc;

	if (found == NULL)
		return false;
	fd = socket(found->ai_family, SOCK_STREAM, 0);
	if (fd < 0)
	{
		freeaddrinfo(found);
		return listen_fail(fd, options, "open a socket for", err);
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	rc = bind(fd, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	if (rc != 0 || listen(fd, BACKLOG) != 0)
		return listen_fail(fd, options, "listen on", err);
	*out_fd = fd;
	return true;
}

static bool
is_loopback(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *) addr)->sin_addr.s_addr) >>
				   24 ==
			   127;
	return addr->ss_family == AF_INET6 &&
		   IN6_IS_ADDR_LOOPBACK(
			   &((const struct sockaddr_in6 *) addr)->sin6_addr);
}

bool
serve_print_url(int fd, bool quiet, Err *err)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	char host[NI_MAXHOST];
	char port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *) &addr, &len) != 0 ||
		getnameinfo((struct sockaddr *) &addr, len, host, sizeof(host), port,
					sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return err_set(err, ERR_IO, "could not tell the address in use");
	if (!is_loopback(&addr) && !quiet)
		fprintf(
			stderr,
			"asyncdemo: warning: %s is not a loopback address: others may reach this server\n",
			host);
	if (printf(addr.ss_family == AF_INET6 ? "http://[%s]:%s/\n"
										  : "http://%s:%s/\n",
			   host, port) < 0 ||
		fflush(stdout) != 0)
		return err_set(err, ERR_IO, "could not write to standard output: %s",
					   strerror(errno));
	return true;
}
