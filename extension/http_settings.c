/*
 * http_settings.c
 *		The settings asyncdemo.http_…: names, ranges, rights.
 *
 * Whoever may loosen what can be reached, or how much may be used, must be
 * trusted with the whole server; the rest is everybody's own patience.
 */
#include "postgres.h"

#include "utils/guc.h"

#include "http_policy.h"
#include "http_settings.h"

#define USER_AGENT_MAX_BYTES 1024

int http_timeout_ms;
int http_connect_timeout_ms;
int http_max_redirects;
int http_idle_timeout_s;
char *http_user_agent;
int http_max_body_kb;
int http_max_memory_kb;
int http_max_concurrency;
int http_max_handles;
int http_log;
char *http_allow;
char *http_proxy;
char *http_ca_file;

static const struct config_enum_entry log_levels[] = {
	{"none", HTTP_LOG_NONE, false},
	{"refused", HTTP_LOG_REFUSED, false},
	{"failed", HTTP_LOG_FAILED, false},
	{"all", HTTP_LOG_ALL, false},
	{NULL, 0, false}};

static bool
has_control_character(const char *text)
{
	for (; *text; text++)
	{
		if ((unsigned char) *text < ' ' || *text == 0x7f)
			return true;
	}
	return false;
}

static bool
check_user_agent(char **value, void **extra pg_attribute_unused(),
				 GucSource source pg_attribute_unused())
{
	if (*value && has_control_character(*value))
	{
		GUC_check_errdetail("A header cannot hold control characters.");
		return false;
	}
	if (*value && strlen(*value) > USER_AGENT_MAX_BYTES)
	{
		GUC_check_errdetail("It can have at most %d bytes.",
							USER_AGENT_MAX_BYTES);
		return false;
	}
	return true;
}

static bool
check_proxy(char **value, void **extra pg_attribute_unused(),
			GucSource source pg_attribute_unused())
{
	const char *host;

	if (*value == NULL || **value == '\0')
		return true;
	if (pg_strncasecmp(*value, "http://", 7) == 0)
		host = *value + 7;
	else if (pg_strncasecmp(*value, "https://", 8) == 0)
		host = *value + 8;
	else
	{
		GUC_check_errdetail(
			"A proxy is given as http://HOST:PORT or https://HOST:PORT.");
		return false;
	}
	if (*host == '\0' || *host == '/' || has_control_character(host) ||
		strchr(host, ' '))
	{
		GUC_check_errdetail(
			"The proxy's host is missing, or has characters no host has.");
		return false;
	}
	return true;
}

static bool
check_allow(char **value, void **extra pg_attribute_unused(),
			GucSource source pg_attribute_unused())
{
	char *error;

	if (*value == NULL || policy_check(*value, &error))
		return true;
	GUC_check_errdetail("%s", error);
	return false;
}

static void
define_times(void)
{
	DefineCustomIntVariable(
		"asyncdemo.http_timeout",
		"How long one HTTP request may take, redirects included.",
		"The timeout argument of a function takes precedence.",
		&http_timeout_ms, 30000, 1, HTTP_TIMEOUT_MAX_MS, PGC_USERSET,
		GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"asyncdemo.http_connect_timeout",
		"How long resolving a name, connecting and the TLS handshake may take.",
		NULL, &http_connect_timeout_ms, 10000, 1, HTTP_TIMEOUT_MAX_MS,
		PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"asyncdemo.http_idle_timeout",
		"How long an idle connection may be kept for the next request.",
		"0 closes every connection after its request.", &http_idle_timeout_s,
		60, 0, 3600, PGC_USERSET, GUC_UNIT_S, NULL, NULL, NULL);
}

static void
define_limits(void)
{
	DefineCustomIntVariable("asyncdemo.http_max_redirects",
							"How many redirects a request may follow.",
							"0 returns the redirect itself.",
							&http_max_redirects, 5, 0, 20, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable(
		"asyncdemo.http_max_body",
		"How large one response body may be, after decoding.", NULL,
		&http_max_body_kb, 16384, 1, 524288, PGC_SUSET, GUC_UNIT_KB, NULL,
		NULL, NULL);
	DefineCustomIntVariable(
		"asyncdemo.http_max_memory",
		"How large the bodies that a session holds may be together.", NULL,
		&http_max_memory_kb, 262144, 1024, 8388608, PGC_SUSET, GUC_UNIT_KB,
		NULL, NULL, NULL);
	DefineCustomIntVariable(
		"asyncdemo.http_max_concurrency",
		"How many requests of one statement may be under way at once.", NULL,
		&http_max_concurrency, 100, 1, 250, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"asyncdemo.http_max_handles",
		"How many requests sent with http_send a session may hold.", NULL,
		&http_max_handles, 100, 0, 250, PGC_SUSET, 0, NULL, NULL, NULL);
}

static void
define_policy(void)
{
	DefineCustomStringVariable(
		"asyncdemo.http_allow",
		"Who may be contacted: public, HOST, *.HOST, CIDR or *, each with an optional :PORT.",
		"Items are separated by commas; an empty string allows nothing.",
		&http_allow, "public", PGC_SUSET, 0, check_allow, NULL, NULL);
	DefineCustomStringVariable(
		"asyncdemo.http_proxy",
		"The proxy for every request, as http://HOST:PORT or https://HOST:PORT.",
		"Proxies named in the server's environment are ignored.", &http_proxy,
		"", PGC_SUSET, GUC_SUPERUSER_ONLY, check_proxy, NULL, NULL);
	DefineCustomStringVariable(
		"asyncdemo.http_ca_file",
		"A file of certificate authorities to trust besides the system's.",
		NULL, &http_ca_file, "", PGC_SUSET, GUC_SUPERUSER_ONLY, NULL, NULL,
		NULL);
	DefineCustomEnumVariable("asyncdemo.http_log",
							 "Which requests are written to the server's log.",
							 NULL, &http_log, HTTP_LOG_REFUSED, log_levels,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable(
		"asyncdemo.http_user_agent",
		"The User-Agent header of requests; empty sends none.", NULL,
		&http_user_agent, "asyncdemo/" ASYNCDEMO_VERSION, PGC_USERSET, 0,
		check_user_agent, NULL, NULL);
}

void
settings_define(void)
{
	define_times();
	define_limits();
	define_policy();
#if PG_VERSION_NUM >= 150000
	MarkGUCPrefixReserved("asyncdemo");
#else
	EmitWarningsOnPlaceholders("asyncdemo");
#endif
}
