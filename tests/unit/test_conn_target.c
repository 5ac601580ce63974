/*
 * test_conn_target.c
 *	  Where a connection leads: settings, several hosts, nobody there.
 */
#include "conn_helper.h"

#include <netinet/in.h>
#include <sys/socket.h>

static void
open_fails(const char *conninfo, int64_t timeout_ms)
{
	ConnTarget *to = target_of(conninfo, timeout_ms);
	Conn *conn = open_target(to);

	is_i64(open_err.kind, ERR_CONNECT, "cannot connect: %s", conninfo);
	tap_show("message", open_err.message);
	ok(open_err.hint[0] != '\0', "with a hint");
	conn_close(conn);
	conn_target_free(to);
}

static void
wrong(const char *conninfo, const char *want, const char *never)
{
	ConnSettings settings = {.conninfo = conninfo};
	Err err;
	ConnTarget *to = conn_target_new(&settings, &err);

	ok(to == NULL && err.kind == ERR_USAGE, "wrong settings are an error");
	ok(strstr(err.message, want) != NULL, "it says: %s", want);
	tap_show("message", err.message);
	ok(never == NULL || strstr(err.message, never) == NULL,
	   "and nothing secret");
	conn_target_free(to);
}

static void
test_settings(void)
{
	ConnSettings settings = {
		.host = "h1",
		.user = "me",
		.port = "1",
		.conninfo = "postgresql://you:secret@h2:2,h3/db?connect_timeout=3"};
	Err err;
	ConnTarget *to = conn_target_new(&settings, &err);

	is_str(conn_target_text(to), "you@h2:2,h3:5432/db",
		   "a URI wins over the other options; no password is shown");
	conn_target_free(to);
	settings.conninfo = "other";
	to = conn_target_new(&settings, &err);
	is_str(conn_target_text(to), "me@h1:1/other", "a name is a database");
	conn_target_free(to);
	unsetenv("PGHOST");
	settings.conninfo = "hostaddr=::1,127.0.0.1 port=7 dbname=d";
	settings.host = NULL;
	setenv("PGUSER", "env", 1);
	settings.user = NULL;
	to = conn_target_new(&settings, &err);
	ok(to != NULL && strncmp(conn_target_text(to), "env@", 4) == 0,
	   "the environment counts");
	conn_target_free(to);
	wrong("host=x password=my secret", "missing", "secret");
	wrong("postgresql://u:pa ss@[h/x", "settings", "pa ss");
	wrong("hots=x", "hots", NULL);
	wrong("sslmode=maybe", "maybe", NULL);
	wrong("host=a,b port=1,2,3", "port", NULL);
	wrong("target_session_attrs=any-one", "any-one", NULL);
	wrong("port=x", "\"x\"", NULL);
	wrong("connect_timeout=soon", "soon", NULL);
}

/* A port of the loopback where nobody answers: queued, never accepted. */
static int
open_silent_port(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
								  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 ||
		listen(fd, 16) != 0 ||
		getsockname(fd, (struct sockaddr *) &address, &len) != 0)
		abort();
	*port = ntohs(address.sin_port);
	return fd;
}

static void
test_unreachable(void)
{
	int port;
	int fd = open_silent_port(&port);
	char conninfo[200];
	int64_t begun_ns = loop_now_ns(loop);

	snprintf(conninfo, sizeof(conninfo),
			 "host=127.0.0.1 port=%d sslmode=disable", port);
	open_fails(conninfo, 300);
	ok(strstr(open_err.message, "no answer within 0.3 s") != NULL,
	   "a server that does not answer is given up");
	ok(loop_now_ns(loop) - begun_ns >= 300 * NS_PER_MS, "not before its time");
	snprintf(conninfo, sizeof(conninfo),
			 "host=127.0.0.1 port=%d connect_timeout=1", port);
	open_fails(conninfo, 0);
	ok(strstr(open_err.message, "no answer within 1 s") != NULL,
	   "conninfo's own timeout counts where there is no other");
	close(fd);
	open_fails(conninfo, 1000);
	ok(strstr(open_err.message, "Connection refused") != NULL,
	   "nobody listens");
	open_fails("host=/nonexistent port=1", 1000);
	ok(strstr(open_err.message, "/nonexistent/.s.PGSQL.1") != NULL,
	   "the socket is named");
	open_fails("host=no-such-host.invalid", 10000);
	ok(strstr(open_err.message, "no-such-host.invalid") != NULL,
	   "a name that does not resolve is named");
	open_fails("dbname=no_such_database", 10000);
	is_str(open_err.sqlstate, "3D000", "a database that is not there");
	open_fails("user=no_such_user", 10000);
	ok(strncmp(open_err.sqlstate, "28", 2) == 0, "a user that is not there");
}

static void
opens(const char *conninfo, const char *sql, const char *want,
	  const char *what)
{
	ConnTarget *to = target_of(conninfo, 5000);
	Conn *conn = open_target(to);

	ok(open_err.kind == ERR_NONE, "%s", what);
	if (open_err.kind != ERR_NONE)
		tap_show("error", open_err.message);
	else
		is_str(run(conn, PROTOCOL_EXTENDED, sql), want, "%s = %s", sql, want);
	conn_close(conn);
	conn_target_free(to);
}

static void
test_several_hosts(void)
{
	const char *host = getenv("PGHOST");
	const char *port = getenv("PGPORT") != NULL ? getenv("PGPORT") : "5432";
	const char *none = "SELECT 'here'";
	char conninfo[512];

	snprintf(conninfo, sizeof(conninfo), "host=/nonexistent,%s port=%s", host,
			 port);
	opens(conninfo, none, "here", "the second host, when the first is dead");
	snprintf(conninfo, sizeof(conninfo),
			 "host=no-such-host.invalid,%s port=%s", host, port);
	opens(conninfo, none, "here", "when its name does not resolve");
	snprintf(conninfo, sizeof(conninfo),
			 "host=/nonexistent,%s port=%s target_session_attrs=read-write",
			 host, port);
	opens(conninfo, "SHOW transaction_read_only", "off", "read-write");
	snprintf(conninfo, sizeof(conninfo),
			 "target_session_attrs=prefer-standby");
	opens(conninfo, "SELECT pg_is_in_recovery()", "f",
		  "prefer-standby takes a primary when there is nothing else");
	opens("target_session_attrs=primary", none, "here", "primary");
	open_fails("target_session_attrs=standby", 5000);
	open_fails("target_session_attrs=read-only", 5000);
	opens(
		"options='-c default_transaction_read_only=on' target_session_attrs=read-only",
		"SHOW transaction_read_only", "on", "read-only");
	opens("options='-c geqo=off'", "SHOW geqo", "off",
		  "options of the user's own are kept");
	opens("application_name=mine", "SHOW application_name", "mine",
		  "as is the application's name");
	opens("", "SHOW application_name", "test_conn", "which we have, too");
}

static void
test_refused_options(void)
{
	ConnTarget *to = target_of("options='-c no_such_setting=1'", 5000);
	Conn *conn;
	bool is_pooler;

	nnotices = 0;
	conn = open_target(to);
	ok(conn_target_options_refused(to, &is_pooler), "options are refused");
	ok(!is_pooler, "by a server, not a pooler");
	is_i64(nnotices, 1, "which is said once");
	is_str(open_err.sqlstate, "42704", "the user's own are not left out");
	conn_close(conn);
	conn_target_free(to);
}

int
main(void)
{
	if (!conn_begin())
		return done_testing();
	test_unreachable();
	test_several_hosts();
	test_refused_options();
	test_settings();
	conn_end();
	return done_testing();
}
