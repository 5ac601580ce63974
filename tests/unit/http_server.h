/*
 * http_server.h
 *		A small HTTP server inside a test program: a thread a connection.
 *
 * The path says how it answers (server_handle below).  It listens on 127.0.0.1
 * on a free port until server_stop.  Include it from the file with main()
 * only.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static atomic_int server_connections; /* accepted so far */
static atomic_int server_requests;	  /* heads read so far */
static atomic_int server_open;		  /* connections with a thread */
static int server_fd;
static pthread_t server_thread;

typedef struct ServerRequest
{
	char text[8192]; /* head and body, as they came */
	int len;
	char path[256]; /* with what follows ? */
	bool is_head;
} ServerRequest;

static inline void
server_sleep_ms(long ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&ts, NULL);
}

static inline void
server_send(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0)
	{
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		p += n;
		len -= (size_t) n;
	}
}

static inline void
server_puts(int fd, const char *text)
{
	server_send(fd, text, strlen(text));
}

/* A whole answer, in one send so that it arrives in one piece. */
static inline void
server_answer(int fd, const ServerRequest *request, const char *status,
			  const char *extra, const void *body, size_t len)
{
	char *out = malloc(len + 1024);
	int n = snprintf(out, 1024,
					 "HTTP/1.1 %s\r\nContent-Length: %zu\r\n"
					 "%s\r\n",
					 status, len, extra);

	if (!request->is_head)
	{
		memcpy(out + n, body, len);
		n += (int) len;
	}
	server_send(fd, out, (size_t) n);
	free(out);
}

/* Read one request; false: the client has gone. */
static inline bool
server_read(int fd, ServerRequest *request)
{
	char *end = NULL;
	char *length;
	int wanted = 0;
	ssize_t n;

	request->len = 0;
	for (;;)
	{
		request->text[request->len] = '\0';
		if (end == NULL)
			end = strstr(request->text, "\r\n\r\n");
		length = strcasestr(request->text, "\r\nContent-Length:");
		if (end != NULL && length != NULL && length < end)
			wanted = atoi(length + 17);
		if (end != NULL &&
			request->len >= (int) (end + 4 - request->text) + wanted)
			break;
		n = recv(fd, request->text + request->len,
				 sizeof(request->text) - 1 - (size_t) request->len, 0);
		if (n <= 0)
			return false;
		request->len += (int) n;
	}
	request->is_head = strncmp(request->text, "HEAD ", 5) == 0;
	return sscanf(request->text, "%*s %255s", request->path) == 1;
}

static inline void
server_reset(int fd)
{
	struct linger at_once = {1, 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static inline void
server_send_endless(int fd)
{
	char chunk[4096];

	memset(chunk, 'x', sizeof(chunk));
	server_puts(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 1000; i++)
	{
		server_puts(fd, "1000\r\n");
		server_send(fd, chunk, sizeof(chunk));
		server_puts(fd, "\r\n");
	}
	server_puts(fd, "0\r\n\r\n");
}

/* What no good server does; false: not such a path. */
static inline bool
server_misbehaves(int fd, const char *path)
{
	char byte;

	if (strncmp(path, "/hang", 5) == 0)
		while (recv(fd, &byte, 1, 0) > 0)
			;
	else if (strncmp(path, "/reset", 6) == 0)
		server_reset(fd);
	else if (strncmp(path, "/truncate", 9) == 0)
		server_puts(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
						"only these");
	else if (strncmp(path, "/endless", 8) == 0)
		server_send_endless(fd);
	else if (strncmp(path, "/junk", 5) == 0)
		server_puts(fd, "this is not HTTP\r\n\r\n");
	else if (strncmp(path, "/until-the-end", 14) == 0)
		server_puts(fd, "HTTP/1.1 200 OK\r\n\r\nuntil the end");
	else
		return strncmp(path, "/close", 6) == 0;
	return true;
}

static inline void
server_send_size(int fd, const ServerRequest *request, int size)
{
	char *body = malloc((size_t) size + 1);

	memset(body, 'a', (size_t) size);
	server_answer(fd, request, "200 OK", "", body, (size_t) size);
	free(body);
}

static inline void
server_redirect(int fd, const ServerRequest *request, int times)
{
	char extra[64] = "Location: /ok\r\n";

	if (times > 0)
		snprintf(extra, sizeof(extra), "Location: /redirect?%d\r\n",
				 times - 1);
	server_answer(fd, request, "302 Found", extra, "", 0);
}

/* "/send?307" leads to /echo, "/send-away?307" to another name of this host.
 */
static inline void
server_send_to_echo(int fd, const ServerRequest *request, int status)
{
	bool is_away = strncmp(request->path, "/send-away", 10) == 0;
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	char status_line[32];
	char extra[128];

	getsockname(fd, (struct sockaddr *) &address, &len);
	snprintf(status_line, sizeof(status_line), "%d Elsewhere", status);
	if (is_away)
		snprintf(extra, sizeof(extra),
				 "Location: http://localhost:%d/echo\r\n",
				 (int) ntohs(address.sin_port));
	else
		snprintf(extra, sizeof(extra), "Location: /echo\r\n");
	server_answer(fd, request, status_line, extra, "a body", 6);
}

/* Answer; false: close the connection. */
static inline bool
server_handle(int fd, const ServerRequest *request)
{
	const char *path = request->path;
	const char *query = strchr(path, '?');
	int number = query != NULL ? atoi(query + 1) : 0;
	char status[32];

	if (server_misbehaves(fd, path))
		return false;
	if (strncmp(path, "/slow", 5) == 0)
		server_sleep_ms(number);
	snprintf(status, sizeof(status), "%d Said So", number);
	if (strncmp(path, "/ok", 3) == 0)
		server_answer(fd, request, "200 OK", "Content-Type: text/plain\r\n",
					  "hello", 5);
	else if (strncmp(path, "/echo", 5) == 0)
		server_answer(fd, request, "200 OK", "", request->text,
					  (size_t) request->len);
	else if (strncmp(path, "/slow", 5) == 0)
		server_answer(fd, request, "200 OK", "", "slow", 4);
	else if (strncmp(path, "/size", 5) == 0)
		server_send_size(fd, request, number);
	else if (strncmp(path, "/nul", 4) == 0)
		server_answer(fd, request, "200 OK", "", "a\0b", 3);
	else if (strncmp(path, "/latin1", 7) == 0)
		server_answer(fd, request, "200 OK", "", "abc\xe9", 4);
	else if (strncmp(path, "/price", 6) == 0)
		server_answer(fd, request, "200 OK",
					  "Content-Type: application/json\r\n", "{\"value\": 300}",
					  14);
	else if (strncmp(path, "/redirect", 9) == 0)
		server_redirect(fd, request, number);
	else if (strncmp(path, "/send", 5) == 0)
		server_send_to_echo(fd, request, number);
	else if (strncmp(path, "/away", 5) == 0)
		server_answer(fd, request, "302 Found",
					  "Location: file:///etc/hostname\r\n", "", 0);
	else if (strncmp(path, "/status", 7) == 0)
		server_answer(fd, request, status, "Retry-After: 7\r\n", "sorry", 5);
	else
		server_answer(fd, request, "404 Not Found", "", "no such path", 12);
	return true;
}

static inline void *
server_connection(void *arg)
{
	int fd = (int) (intptr_t) arg;
	ServerRequest *request = malloc(sizeof(*request));

	while (server_read(fd, request))
	{
		atomic_fetch_add(&server_requests, 1);
		if (!server_handle(fd, request))
			break;
	}
	free(request);
	close(fd);
	atomic_fetch_sub(&server_open, 1);
	return NULL;
}

static inline void *
server_main(void *arg)
{
	(void) arg;
	for (;;)
	{
		int fd = accept4(server_fd, NULL, NULL, SOCK_CLOEXEC);
		pthread_t thread;

		if (fd < 0)
			return NULL;
		atomic_fetch_add(&server_connections, 1);
		atomic_fetch_add(&server_open, 1);
		if (pthread_create(&thread, NULL, server_connection,
						   (void *) (intptr_t) fd) == 0)
			pthread_detach(thread);
		else
			close(fd);
	}
	return NULL;
}

/* A socket that listens; its port in *port. */
static inline int
server_listen(int backlog, int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 ||
		bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 ||
		listen(fd, backlog) != 0 ||
		getsockname(fd, (struct sockaddr *) &address, &len) != 0)
	{
		perror("cannot listen");
		exit(1);
	}
	*port = ntohs(address.sin_port);
	return fd;
}

/* Start it; returns its port. */
static inline int
server_start(void)
{
	int port;

	server_fd = server_listen(1024, &port);
	if (pthread_create(&server_thread, NULL, server_main, NULL) != 0)
		exit(1);
	return port;
}

/* The clients have gone: wait for what served them. */
static inline void
server_stop(void)
{
	shutdown(server_fd, SHUT_RDWR);
	pthread_join(server_thread, NULL);
	close(server_fd);
	for (int i = 0; i < 1000 && atomic_load(&server_open) > 0; i++)
		server_sleep_ms(10);
	server_sleep_ms(20); /* their last instructions */
}

#endif /* HTTP_SERVER_H */
