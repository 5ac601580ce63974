/*
 * conn_target.c
 *	  Where to connect: settings to parameter arrays, names to addresses.
 *
 * libpq itself is asked what it makes of conninfo string, environment,
 * service file and defaults: an attempt that must fail before it touches the
 * network is made once, and its parameters are read back.  So opening a
 * connection later parses nothing and reads no service file.
 */
#include "conn_private.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* A value no option takes, so that an attempt with it fails at once. */
#define PROBE "asyncdemo-probe"

/* Tells the server to look now and then whether its client is still there. */
#define OUR_OPTIONS "-c client_connection_check_interval=1000"

static const char *const slot_keywords[SLOT_END] = {
	"host", "hostaddr", "port", "target_session_attrs", "options"};

/* -------- asking libpq -------- */

/* The first three can be overridden by the conninfo string, as in psql. */
static PGconn *
probe(const ConnSettings *settings, const char *probed, const char *hosts)
{
	const char *keywords[] = {"host",
							  "port",
							  "user",
							  "dbname",
							  "password",
							  probed,
							  hosts != NULL ? "host" : NULL,
							  NULL};
	const char *values[] = {
		settings->host,		settings->port, settings->user, settings->conninfo,
		settings->password, PROBE,			hosts,			NULL};

	return PQconnectStartParams(keywords, values, 1);
}

static bool
may_hold_secret(const char *conninfo)
{
	return conninfo != NULL &&
		   (strstr(conninfo, "pass") != NULL || strchr(conninfo, '@') != NULL);
}

/*
 * libpq quotes the part of a conninfo string that it does not understand,
 * which may be half of a password: such quotes are blanked.
 */
static void
blank_quotes(char *text)
{
	char *out = text;
	bool quoted = false;
	char before = '\0';

	for (const char *p = text; *p != '\0'; p++)
	{
		char c = *p;

		if (c == '"')
			quoted = !quoted;
		if (c == '"' || !quoted)
			*out++ = c;
		else if (before == '"')
			*out++ = '*';
		before = c;
	}
	*out = '\0';
}

static bool
settings_error(const ConnSettings *settings, const PGconn *pg, Err *err)
{
	char line[512];

	conn_text_line(line, sizeof(line), PQerrorMessage(pg));
	if (may_hold_secret(settings->conninfo))
		blank_quotes(line);
	err_set(err, ERR_USAGE, "wrong connection settings: %s", line);
	err_hint(
		err,
		"-d takes a database name, a conninfo string such as \"host=db port=5432 dbname=shop\", or a URI such as postgresql://user@db/shop");
	return false;
}

static const char *
option_value(PQconninfoOption *options, const char *keyword)
{
	for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, keyword) == 0)
			return o->val != NULL && o->val[0] != '\0' ? o->val : NULL;
	return NULL;
}

/* Did the probe fail because of what it probes, and of nothing else? */
static bool
probe_worked(const PGconn *pg)
{
	return pg != NULL && strstr(PQerrorMessage(pg), PROBE) != NULL;
}

/*
 * What the user wants of gssencmode, or "disable": its default, "prefer",
 * may wait for a ticket server while the loop waits for it.
 */
static char *
gss_mode(const ConnSettings *settings)
{
	PQconninfoOption *defaults = PQconndefaults();
	PQconninfoOption *given = NULL;
	PGconn *pg = probe(settings, "channel_binding", NULL);
	PQconninfoOption *options = PQconninfo(pg);
	const char *value = option_value(options, "gssencmode");
	bool is_ours = getenv("PGGSSENCMODE") == NULL;
	char *mode;

	for (PQconninfoOption *o = defaults;
		 is_ours && o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, "gssencmode") == 0 && value != NULL &&
			(o->compiled == NULL || strcmp(o->compiled, value) != 0))
			is_ours = false;
	if (is_ours && settings->conninfo != NULL)
	{
		given = PQconninfoParse(settings->conninfo, NULL);
		is_ours = option_value(given, "gssencmode") == NULL;
	}
	mode = mem_strdup(is_ours || value == NULL ? "disable" : value);
	PQconninfoFree(defaults);
	PQconninfoFree(given);
	PQconninfoFree(options);
	PQfinish(pg);
	return mode;
}

/* -------- hosts -------- */

/* The i-th element of a comma-separated list; NULL: empty or not there. */
static char *
list_element(const char *list, int i)
{
	size_t len;

	while (list != NULL && i-- > 0)
	{
		list = strchr(list, ',');
		if (list != NULL)
			list++;
	}
	if (list == NULL)
		return NULL;
	len = strcspn(list, ",");
	return len > 0 ? mem_strndup(list, len) : NULL;
}

static int
list_length(const char *list)
{
	int n = 1;

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

/* libpq's own choice where no host is given: a socket folder, mostly. */
static char *
default_host(const ConnSettings *settings)
{
	PGconn *pg = probe(settings, "gssencmode", ",");
	const char *host = pg != NULL ? PQhost(pg) : NULL;
	char *copy =
		mem_strdup(host != NULL && host[0] != '\0' ? host : "localhost");

	PQfinish(pg);
	return copy;
}

static bool
is_address(const char *text)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	char plain[INET6_ADDRSTRLEN];

	/* a zone such as "%eth0" is no part of what inet_pton knows */
	snprintf(plain, sizeof(plain), "%.*s", (int) strcspn(text, "%"), text);
	return inet_pton(AF_INET, plain, bytes) == 1 ||
		   inet_pton(AF_INET6, plain, bytes) == 1;
}

static void
host_set_address(ConnHost *host, const char *address)
{
	host->addresses = mem_alloc(sizeof(char *));
	host->addresses[0] = mem_strdup(address);
	host->naddresses = 1;
	host->is_known = true;
}

/* One element each of host, hostaddr and port make one ConnHost. */
static void
host_init(ConnHost *host, ConnTarget *target, const ConnSettings *settings,
		  PQconninfoOption *options, const char *default_port, int i)
{
	const char *ports = option_value(options, "port");
	char *hostaddr = list_element(option_value(options, "hostaddr"), i);

	host->target = target;
	host->host = list_element(option_value(options, "host"), i);
	if (ports != NULL)
		host->port = list_element(ports, list_length(ports) == 1 ? 0 : i);
	if (host->port == NULL)
		host->port = mem_strdup(default_port);
	if (host->host == NULL && hostaddr == NULL)
		host->host = default_host(settings);
	if (hostaddr != NULL)
		host_set_address(host, hostaddr);
	else if (host->host[0] == '/' || host->host[0] == '@')
		host->is_socket = host->is_known = true;
	else if (is_address(host->host))
		host_set_address(host, host->host);
	free(hostaddr);
}

static void
target_set_hosts(ConnTarget *target, const ConnSettings *settings,
				 PQconninfoOption *options)
{
	const char *hosts = option_value(options, "host");
	const char *hostaddrs = option_value(options, "hostaddr");
	PQconninfoOption *defaults = PQconndefaults();
	const char *default_port = "5432";

	for (PQconninfoOption *o = defaults; o != NULL && o->keyword != NULL; o++)
		if (strcmp(o->keyword, "port") == 0 && o->compiled != NULL)
			default_port = o->compiled;
	target->nhosts = 1;
	if (hostaddrs != NULL)
		target->nhosts = list_length(hostaddrs);
	else if (hosts != NULL)
		target->nhosts = list_length(hosts);
	target->hosts = mem_alloc((size_t) target->nhosts * sizeof(ConnHost));
	for (int i = 0; i < target->nhosts; i++)
		host_init(&target->hosts[i], target, settings, options, default_port,
				  i);
	PQconninfoFree(defaults);
}

static void
target_set_text(ConnTarget *target, const PGconn *pg)
{
	Buf text = {0};

	buf_printf(&text, "%s@", PQuser(pg));
	for (int i = 0; i < target->nhosts; i++)
	{
		const ConnHost *host = &target->hosts[i];
		const char *name =
			host->host != NULL ? host->host : host->addresses[0];
		bool is_v6 = name[0] != '/' && strchr(name, ':') != NULL;

		buf_printf(&text, "%s%s%s%s:%s", i > 0 ? "," : "", is_v6 ? "[" : "",
				   name, is_v6 ? "]" : "", host->port);
	}
	buf_printf(&text, "/%s", PQdb(pg));
	target->text = text.data;
}

/* -------- what libpq would find out only later -------- */

static bool
is_one_of(const char *value, const char *const *words)
{
	for (; value != NULL && *words != NULL; words++)
		if (strcmp(value, *words) == 0)
			return true;
	return value == NULL;
}

static bool
is_number(const char *text, long lo, long hi)
{
	char *end;
	long number = strtol(text, &end, 10);

	return end != text && *end == '\0' && number >= lo && number <= hi;
}

static bool
check_options(PQconninfoOption *options, Err *err)
{
	static const char *const attrs[] = {
		"any",	   "read-write",	 "read-only", "primary",
		"standby", "prefer-standby", NULL};
	static const char *const balance[] = {"disable", "random", NULL};
	const char *timeout = option_value(options, "connect_timeout");
	const char *ports = option_value(options, "port");

	if (!is_one_of(option_value(options, "target_session_attrs"), attrs))
		err_set(
			err, ERR_USAGE,
			"wrong connection settings: invalid target_session_attrs value: \"%s\"",
			option_value(options, "target_session_attrs"));
	else if (!is_one_of(option_value(options, "load_balance_hosts"), balance))
		err_set(
			err, ERR_USAGE,
			"wrong connection settings: invalid load_balance_hosts value: \"%s\"",
			option_value(options, "load_balance_hosts"));
	else if (timeout != NULL && !is_number(timeout, INT_MIN, INT_MAX))
		err_set(
			err, ERR_USAGE,
			"wrong connection settings: connect_timeout \"%s\" is no number of seconds",
			timeout);
	else
	{
		for (int i = 0; ports != NULL && i < list_length(ports); i++)
		{
			char *port = list_element(ports, i);
			bool is_good = port == NULL || is_number(port, 1, 65535);

			if (!is_good)
				err_set(
					err, ERR_USAGE,
					"wrong connection settings: port \"%s\" is no number from 1 to 65535",
					port);
			free(port);
			if (!is_good)
				return false;
		}
		return true;
	}
	return false;
}

/* -------- parameter arrays -------- */

/* Options that attempts set by themselves, or that we do in libpq's place. */
static bool
is_ours(const char *keyword)
{
	static const char *const ours[] = {"host",
									   "hostaddr",
									   "port",
									   "target_session_attrs",
									   "options",
									   "load_balance_hosts",
									   "connect_timeout",
									   "client_encoding",
									   "gssencmode",
									   "fallback_application_name"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(keyword, ours[i]) == 0)
			return true;
	return false;
}

static void
target_add_param(ConnTarget *target, const char *keyword, const char *value)
{
	size_t bytes = ((size_t) target->nparams + 2) * sizeof(char *);

	target->keywords = mem_realloc(target->keywords, bytes);
	target->values = mem_realloc(target->values, bytes);
	target->keywords[target->nparams] = mem_strdup(keyword);
	target->values[target->nparams] = value != NULL ? mem_strdup(value) : NULL;
	target->nparams++;
	target->keywords[target->nparams] = NULL;
	target->values[target->nparams] = NULL;
}

static void
target_set_params(ConnTarget *target, const ConnSettings *settings,
				  PQconninfoOption *options)
{
	const char *fallback = option_value(options, "fallback_application_name");
	char *gss = gss_mode(settings);

	for (int i = 0; i < SLOT_END; i++)
		target_add_param(target, slot_keywords[i], NULL);
	for (PQconninfoOption *o = options; o->keyword != NULL; o++)
		if (o->val != NULL && o->val[0] != '\0' && !is_ours(o->keyword))
			target_add_param(target, o->keyword, o->val);
	if (fallback == NULL)
		fallback = settings->application_name;
	target_add_param(target, "fallback_application_name",
					 fallback != NULL ? fallback : "asyncdemo");
	target_add_param(target, "client_encoding", "UTF8");
	target_add_param(target, "gssencmode", gss);
	free(gss);
}

static void
target_set_options(ConnTarget *target, const ConnSettings *settings,
				   PQconninfoOption *options)
{
	const char *given = option_value(options, "options");
	const char *attrs = option_value(options, "target_session_attrs");
	const char *balance = option_value(options, "load_balance_hosts");
	const char *timeout = option_value(options, "connect_timeout");
	Buf all = {0};

	if (given != NULL)
	{
		target->user_options = mem_strdup(given);
		buf_printf(&all, "%s ", given);
	}
	buf_puts(&all, OUR_OPTIONS);
	if (settings->statement_timeout_ms > 0)
		buf_printf(&all, " -c statement_timeout=%d",
				   settings->statement_timeout_ms);
	target->all_options = all.data;
	target->skip_options = target->is_pooler = settings->pooler;
	target->prefer_standby =
		attrs != NULL && strcmp(attrs, "prefer-standby") == 0;
	target->session_attrs = mem_strdup(attrs == NULL			? "any"
									   : target->prefer_standby ? "standby"
																: attrs);
	target->random_order = balance != NULL && strcmp(balance, "random") == 0;
	target->has_password = option_value(options, "password") != NULL;
	target->connect_timeout_ns = settings->connect_timeout_ns;
	if (target->connect_timeout_ns <= 0 && timeout != NULL)
		target->connect_timeout_ns = atoi(timeout) * NS_PER_S;
	if (target->connect_timeout_ns <= 0)
		target->connect_timeout_ns = LOOP_NEVER;
}

ConnTarget *
conn_target_new(const ConnSettings *settings, Err *err)
{
	PGconn *pg = probe(settings, "gssencmode", NULL);
	PQconninfoOption *options = PQconninfo(pg);
	ConnTarget *target = NULL;

	if (!probe_worked(pg) || options == NULL)
		settings_error(settings, pg, err);
	else if (check_options(options, err))
	{
		target = mem_alloc(sizeof(*target));
		pthread_mutex_init(&target->lock, NULL);
		target_set_hosts(target, settings, options);
		target_set_text(target, pg);
		target_set_params(target, settings, options);
		target_set_options(target, settings, options);
	}
	PQconninfoFree(options);
	PQfinish(pg);
	return target;
}

static void
host_clear(ConnHost *host)
{
	if (host->lookup != NULL)
		loop_resolve_cancel(host->lookup);
	for (int i = 0; i < host->naddresses; i++)
		free(host->addresses[i]);
	free(host->addresses);
	free(host->host);
	free(host->port);
}

void
conn_target_free(ConnTarget *target)
{
	if (target == NULL)
		return;
	for (int i = 0; i < target->nhosts; i++)
		host_clear(&target->hosts[i]);
	for (int i = 0; i < target->nparams; i++)
	{
		free((char *) target->keywords[i]);
		free((char *) target->values[i]);
	}
	free(target->keywords);
	free(target->values);
	free(target->hosts);
	free(target->session_attrs);
	free(target->user_options);
	free(target->all_options);
	free(target->text);
	buf_free(&target->untold);
	pthread_mutex_destroy(&target->lock);
	free(target);
}

const char *
conn_target_text(const ConnTarget *target)
{
	return target->text;
}

bool
conn_target_options_refused(const ConnTarget *target, bool *is_pooler)
{
	*is_pooler = target->refused_by_pooler;
	return target->options_refused;
}

void
conn_target_params(const ConnTarget *target, const ConnHost *host,
				   const char *address, const char *session_attrs,
				   bool with_options, const char **values)
{
	memcpy(values, target->values,
		   ((size_t) target->nparams + 1) * sizeof(char *));
	values[SLOT_HOST] = host->host;
	values[SLOT_HOSTADDR] = address;
	values[SLOT_PORT] = host->port;
	values[SLOT_SESSION_ATTRS] = session_attrs;
	values[SLOT_OPTIONS] =
		with_options ? target->all_options : target->user_options;
}

/* -------- names -------- */

static bool
lookups_are_over(const ConnTarget *target)
{
	for (int i = 0; i < target->nhosts; i++)
		if (target->hosts[i].lookup != NULL)
			return false;
	return true;
}

static void
on_resolved(void *arg, const char *const *addresses, int naddresses,
			const Err *err)
{
	ConnHost *host = arg;
	ConnTarget *target = host->target;
	ConnOpening *opening;

	host->lookup = NULL;
	host->lookup_err = *err;
	if (naddresses > 0)
	{
		host->addresses = mem_alloc((size_t) naddresses * sizeof(char *));
		for (int i = 0; i < naddresses; i++)
			host->addresses[i] = mem_strdup(addresses[i]);
		host->naddresses = naddresses;
		host->is_known = true;
	}
	if (!lookups_are_over(target))
		return;
	while ((opening = target->waiting) != NULL)
	{
		target->waiting = *conn_opening_next(opening);
		conn_open_resolved(opening);
	}
}

/*
 * Names that could not be looked up are tried again by the next connection
 * that asks, unless a lookup is under way already.
 */
bool
conn_target_resolve(ConnTarget *target, Loop *loop, ConnOpening *opening)
{
	ConnOpening **link = &target->waiting;

	for (int i = 0; i < target->nhosts; i++)
	{
		ConnHost *host = &target->hosts[i];

		if (!host->is_known && host->lookup == NULL)
			host->lookup = loop_resolve(loop, host->host, on_resolved, host);
	}
	if (lookups_are_over(target))
		return true;
	while (*link != NULL)
		link = conn_opening_next(*link);
	*link = opening;
	*conn_opening_next(opening) = NULL;
	return false;
}

void
conn_target_stop_waiting(ConnTarget *target, ConnOpening *opening)
{
	ConnOpening **link = &target->waiting;

	while (*link != NULL && *link != opening)
		link = conn_opening_next(*link);
	if (*link != NULL)
		*link = *conn_opening_next(opening);
}

int
conn_target_server_version(const ConnTarget *target)
{
	return target->server_version;
}
