/*
 * serve.c
 *	  The delay server, on libmicrohttpd: the only file that sees it.
 *
 * The library runs on our loop: its epoll descriptor is watched, a request
 * that has to wait is suspended and resumed by a timer, and the library gets
 * to run once a turn, just before the loop waits.  (Resuming alone wakes
 * nothing.)  Serve owns everything; a Request lives from its first callback
 * to on_completed.
 */
#include "serve.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "loop.h"
#include "loop_signal.h"
#include "mem.h"
#include "serve_listen.h"
#include "serve_options.h"
#include "serve_params.h"

#define MAX_CONNECTIONS 12000
#define CONNECTION_BYTES 4096 /* the library's buffer for each */
#define SPARE_FDS 64		  /* everything but connections */
#define BLOCK_BYTES 16384	  /* of a body that is sent in pieces */

typedef struct Serve
{
	Loop *loop;
	struct MHD_Daemon *daemon;
	LoopWatch *watch;
	LoopWatch *parent_watch;
	int parent_fd;
	LoopJob again; /* the library has more to do at once */
	bool must_run;
	bool stopping;
	int64_t run_ns; /* the library began to run, or accepted a connection */
	struct Request *waiting; /* suspended ones */
	uint64_t nrequests;
	uint64_t random; /* state of the jitter's generator */
} Serve;

typedef struct Request
{
	Serve *serve;
	struct MHD_Connection *connection;
	LoopTimer timer;
	ServeParams params;
	bool is_read; /* parameters are known */
	bool is_suspended;
	struct Request *next;
	struct Request *prev;
} Request;

/* ---- answers ---- */

static enum MHD_Result
queue_json(struct MHD_Connection *connection, unsigned status,
		   struct MHD_Response *response)
{
	enum MHD_Result result;

	MHD_add_response_header(response, "Content-Type", "application/json");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow",
								"GET, HEAD, POST, PUT, PATCH, DELETE");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* The memory of body goes to the response. */
static struct MHD_Response *
response_of(Buf *body)
{
	return MHD_create_response_from_buffer(body->len, body->data,
										   MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result
queue_error(struct MHD_Connection *connection, unsigned status, const Err *err)
{
	Buf body = {0};

	buf_puts(&body, "{\"error\": ");
	buf_json_string(&body, err->message, strlen(err->message));
	buf_puts(&body, "}\n");
	return queue_json(connection, status, response_of(&body));
}

/* A body sent in pieces: the text, then blanks, which JSON allows. */
typedef struct Padded
{
	Buf text;
	uint64_t sent_end; /* break off here */
} Padded;

static ssize_t
read_padded(void *cls, uint64_t pos, char *out, size_t max)
{
	Padded *padded = cls;
	size_t n = 0;

	if (pos >= padded->sent_end)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (max > padded->sent_end - pos)
		max = (size_t) (padded->sent_end - pos);
	if (pos < padded->text.len)
	{
		n = padded->text.len - (size_t) pos;
		n = n < max ? n : max;
		memcpy(out, padded->text.data + pos, n);
	}
	memset(out + n, ' ', max - n);
	return (ssize_t) max;
}

static void
free_padded(void *cls)
{
	Padded *padded = cls;

	buf_free(&padded->text);
	free(padded);
}

static struct MHD_Response *
padded_response(Buf *text, uint64_t size_bytes, bool is_truncated)
{
	Padded *padded = mem_alloc(sizeof(*padded));

	padded->text = *text;
	padded->sent_end = is_truncated ? size_bytes / 2 : size_bytes;
	return MHD_create_response_from_callback(
		size_bytes,
		size_bytes < BLOCK_BYTES ? (size_t) size_bytes : BLOCK_BYTES,
		read_padded, padded, free_padded);
}

/*
 * A TCP reset: disassociating a connected socket drops the connection
 * (connect(2)).  A zero SO_LINGER would not do, for the library shuts the
 * socket down before it closes it.
 */
static void
reset_connection(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

	/* should this fail the connection is closed without a reset */
	if (info != NULL)
		(void) connect(info->connect_fd, &nowhere, sizeof(nowhere));
}

static enum MHD_Result
answer(Request *request)
{
	const ServeParams *params = &request->params;
	Buf body = {0};
	uint64_t size_bytes = (uint64_t) params->size_bytes;
	bool is_truncated = params->fail == SERVE_TRUNCATE;

	if (params->fail == SERVE_RESET)
		reset_connection(request->connection);
	if (params->fail == SERVE_RESET || params->fail == SERVE_CLOSE)
		return MHD_NO; /* the library closes it without an answer */
	serve_params_body(params, &body);
	if (size_bytes < body.len)
		size_bytes = body.len;
	if (size_bytes > body.len || is_truncated)
		return queue_json(request->connection, params->status,
						  padded_response(&body, size_bytes, is_truncated));
	return queue_json(request->connection, params->status, response_of(&body));
}

/* ---- requests ---- */

/* Evenly spread in [0, 1): xorshift64*, good enough for a delay. */
static double
random_fraction(Serve *serve)
{
	serve->random ^= serve->random >> 12;
	serve->random ^= serve->random << 25;
	serve->random ^= serve->random >> 27;
	return (double) ((serve->random * UINT64_C(2685821657736338717)) >> 11) /
		   (double) (UINT64_C(1) << 53);
}

static void
request_resume(Request *request)
{
	Serve *serve = request->serve;

	loop_timer_clear(serve->loop, &request->timer);
	if (request->prev != NULL)
		request->prev->next = request->next;
	else
		serve->waiting = request->next;
	if (request->next != NULL)
		request->next->prev = request->prev;
	request->is_suspended = false;
	serve->must_run = true;
	MHD_resume_connection(request->connection);
}

static void
on_delay_over(void *arg)
{
	request_resume(arg);
}

/*
 * Its time runs from when it was there to be read, not from when its turn came
 * among others that arrived with it.
 */
static void
request_suspend(Request *request, double seconds)
{
	Serve *serve = request->serve;

	request->prev = NULL;
	request->next = serve->waiting;
	if (request->next != NULL)
		request->next->prev = request;
	serve->waiting = request;
	request->is_suspended = true;
	MHD_suspend_connection(request->connection);
	loop_timer_set(serve->loop, &request->timer,
				   serve->run_ns + (int64_t) (seconds * (double) NS_PER_S));
}

typedef struct ReadParams
{
	ServeParams *params;
	Err *err;
	bool failed;
} ReadParams;

static enum MHD_Result
on_param(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_len,
		 const char *value, size_t len)
{
	ReadParams *read_params = cls;

	(void) kind;
	if (strlen(key) != key_len)
		read_params->failed = !err_set(read_params->err, ERR_DATA,
									   "parameter names have no NUL byte");
	else if (!serve_params_set(read_params->params, key, value ? value : "",
							   value ? len : 0, read_params->err))
		read_params->failed = true;
	return read_params->failed ? MHD_NO : MHD_YES;
}

static bool
is_known_method(const char *method)
{
	static const char *const known[] = {"GET", "HEAD",	"POST",
										"PUT", "PATCH", "DELETE"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(method, known[i]) == 0)
			return true;
	return false;
}

/* What is wrong with a request: the status to answer, 0 if nothing. */
static unsigned
request_read(Request *request, const char *url, const char *method, Err *err)
{
	ReadParams read_params = {&request->params, err, false};

	if (!is_known_method(method))
	{
		err_set(err, ERR_DATA, "method %.20s is not known here", method);
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	if (strcmp(url, "/") != 0)
	{
		err_set(
			err, ERR_DATA,
			"there is nothing at \"%.200s\": ask for \"/\", as in /?delay=0.3&value=300",
			url);
		return MHD_HTTP_NOT_FOUND;
	}
	MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND,
								on_param, &read_params);
	return read_params.failed ? MHD_HTTP_BAD_REQUEST : 0;
}

/*
 * Called by the library when the headers are there, for each piece of a body,
 * at the end of it, and again when a suspended request was resumed.
 */
static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *url,
		   const char *method, const char *version, const char *data,
		   size_t *data_size, void **request_cls)
{
	Request *request = *request_cls;
	double seconds;
	unsigned status;
	Err err;

	(void) version;
	(void) data;
	if (request == NULL)
	{
		request = mem_alloc(sizeof(*request));
		request->serve = cls;
		request->connection = connection;
		loop_timer_init(&request->timer, on_delay_over, request);
		serve_params_init(&request->params);
		*request_cls = request;
		return MHD_YES;
	}
	if (request->serve->stopping)
		return MHD_NO;
	if (*data_size > 0)
	{
		*data_size = 0; /* bodies are read and forgotten */
		return MHD_YES;
	}
	if (request->is_read)
		return answer(request);
	status = request_read(request, url, method, &err);
	if (status != 0)
		return queue_error(connection, status, &err);
	request->is_read = true;
	seconds = request->params.delay_s;
	if (request->params.jitter_s > 0)
		seconds += request->params.jitter_s * random_fraction(request->serve);
	if (seconds <= 0)
		return answer(request);
	request_suspend(request, seconds);
	return MHD_YES;
}

static void
on_completed(void *cls, struct MHD_Connection *connection, void **request_cls,
			 enum MHD_RequestTerminationCode code)
{
	Request *request = *request_cls;
	Serve *serve = cls;

	(void) connection;
	(void) code;
	if (request == NULL)
		return;
	serve->nrequests++;
	loop_timer_clear(serve->loop, &request->timer);
	serve_params_free(&request->params);
	free(request);
	*request_cls = NULL;
}

/* ---- the library on the loop ---- */

/*
 * What the library reads was there when it began to run, but for what a
 * connection sent that it accepted meanwhile.
 */
static void
on_connection(void *cls, struct MHD_Connection *connection,
			  void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	Serve *serve = cls;

	(void) connection;
	(void) socket_context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		serve->run_ns = loop_now_ns(serve->loop);
}

static void
on_again(void *arg)
{
	((Serve *) arg)->must_run = true;
}

static void
on_epoll(void *arg, unsigned events)
{
	(void) events;
	((Serve *) arg)->must_run = true;
}

static void
on_turn(void *arg)
{
	Serve *serve = arg;
	MHD_UNSIGNED_LONG_LONG timeout_ms;

	if (!serve->must_run)
		return;
	serve->must_run = false;
	serve->run_ns = loop_now_ns(serve->loop);
	MHD_run(serve->daemon);
	if (MHD_get_timeout(serve->daemon, &timeout_ms) == MHD_YES &&
		timeout_ms == 0)
		loop_push(serve->loop, &serve->again);
}

static void
on_signal(void *arg, int count)
{
	(void) count;
	loop_stop(((Serve *) arg)->loop);
}

static void
on_last_signal(void *arg)
{
	(void) arg;
	_exit(0);
}

static void
on_parent(void *arg, unsigned events)
{
	Serve *serve = arg;
	char drain[64];
	ssize_t n;

	(void) events;
	n = read(serve->parent_fd, drain, sizeof(drain));
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		loop_stop(serve->loop);
}

/* ---- start and end ---- */

/* How many connections the limit of open files leaves us. */
static int
raise_limits(void)
{
	struct rlimit limit;
	rlim_t need = MAX_CONNECTIONS + SPARE_FDS;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return MAX_CONNECTIONS;
	if (limit.rlim_cur < limit.rlim_max)
	{
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= need)
		return MAX_CONNECTIONS;
	return limit.rlim_cur > 2 * SPARE_FDS ? (int) (limit.rlim_cur - SPARE_FDS)
										  : SPARE_FDS;
}

/* MHD owns the listening socket from here on, also when this fails. */
static bool
start_daemon(Serve *serve, int fd, int max_connections, Err *err)
{
	const union MHD_DaemonInfo *info;

	serve->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO, 0, NULL,
		NULL, on_request, serve, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned) max_connections,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) CONNECTION_BYTES,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, serve,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, serve, MHD_OPTION_END);
	if (serve->daemon == NULL)
	{
		close(fd);
		return err_set(err, ERR_IO, "could not start the HTTP server: %s",
					   strerror(errno));
	}
	info = MHD_get_daemon_info(serve->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info != NULL)
		serve->watch = loop_watch(serve->loop, info->epoll_fd, LOOP_READ,
								  on_epoll, serve);
	if (serve->watch == NULL)
		return err_set(err, ERR_IO, "could not watch the HTTP server");
	return true;
}

static bool
watch_parent(Serve *serve, int fd, Err *err)
{
	if (fd < 0)
		return true;
	serve->parent_fd = fd;
	serve->parent_watch =
		loop_watch(serve->loop, fd, LOOP_READ, on_parent, serve);
	if (serve->parent_watch == NULL)
		return err_set(
			err, ERR_USAGE,
			"--parent-pipe needs the number of an open pipe, not %d: %s", fd,
			strerror(errno));
	return true;
}

/* The library must not be stopped while connections are suspended. */
static void
stop_daemon(Serve *serve)
{
	if (serve->parent_watch != NULL)
		loop_unwatch(serve->parent_watch);
	if (serve->watch != NULL)
		loop_unwatch(serve->watch);
	if (serve->daemon == NULL)
		return;
	serve->stopping = true;
	while (serve->waiting != NULL)
		request_resume(serve->waiting);
	MHD_run(serve->daemon);
	MHD_stop_daemon(serve->daemon);
}

static bool
serve_until_told(Serve *serve, const ServeOptions *options, Err *err)
{
	int max_connections = raise_limits();
	int fd = -1;

	if (!serve_listen(options, &fd, err))
		return false;
	if (max_connections < MAX_CONNECTIONS)
		fprintf(
			stderr,
			"asyncdemo: warning: at most %d requests can be open at once; %d could, were the limit of open files %d or more (ulimit -n)\n",
			max_connections, MAX_CONNECTIONS, MAX_CONNECTIONS + SPARE_FDS);
	if (!start_daemon(serve, fd, max_connections, err) ||
		!watch_parent(serve, options->parent_fd, err))
		return false;
	loop_set_prepare(serve->loop, on_turn, serve);
	loop_set_signals(serve->loop, on_signal, on_last_signal, serve);
	if (!serve_print_url(fd, options->quiet, err))
		return false;
	loop_run(serve->loop);
	if (!options->quiet)
		fprintf(stderr, "asyncdemo: answered %llu requests\n",
				(unsigned long long) serve->nrequests);
	return true;
}

int
serve_main(int argc, char **argv)
{
	ServeOptions options;
	Serve serve = {.parent_fd = -1};
	Err err = {.kind = ERR_NONE};
	bool is_good = serve_options_parse(&options, argc, argv, &err);

	if (is_good && options.help)
		return serve_options_help();
	if (is_good)
	{
		serve.loop = loop_new(&err);
		is_good = serve.loop != NULL;
	}
	if (is_good)
	{
		serve.again.fn = on_again;
		serve.again.arg = &serve;
		serve.random = (uint64_t) loop_now_ns(serve.loop) ^
					   ((uint64_t) getpid() << 32) ^ 1;
		is_good = serve_until_told(&serve, &options, &err);
		stop_daemon(&serve);
		loop_free(serve.loop);
	}
	if (!is_good)
		err_print(stderr, "error", &err);
	return is_good ? 0 : 1;
}
