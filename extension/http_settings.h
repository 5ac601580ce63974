/*
 * http_settings.h
 *		The settings asyncdemo.http_…, as variables that the server fills.
 */
#ifndef ASYNCDEMO_HTTP_SETTINGS_H
#define ASYNCDEMO_HTTP_SETTINGS_H

/* Which hops of a request are written to the server's log. */
typedef enum HttpLogLevel
{
	HTTP_LOG_NONE,
	HTTP_LOG_REFUSED,
	HTTP_LOG_FAILED, /* the refused ones too */
	HTTP_LOG_ALL
} HttpLogLevel;

/* For everybody. */
extern int http_timeout_ms;
extern int http_connect_timeout_ms;
extern int http_max_redirects;
extern int http_idle_timeout_s;
extern char *http_user_agent;

/* For superusers, and those granted SET on them. */
extern int http_max_body_kb;
extern int http_max_memory_kb;
extern int http_max_concurrency;
extern int http_max_handles;
extern int http_log;
extern char *http_allow;
extern char *http_proxy;
extern char *http_ca_file;

/* The longest time-out, whether set or given as an argument: a day. */
#define HTTP_TIMEOUT_MAX_MS 86400000

/* Define them all and reserve their prefix; called once, from _PG_init. */
extern void settings_define(void);

#endif /* ASYNCDEMO_HTTP_SETTINGS_H */
