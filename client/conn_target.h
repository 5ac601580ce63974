/*
 * conn_target.h
 *	  Where to connect: parsed once, names resolved once, shared by all.
 *
 * A ConnTarget holds what libpq would make of the settings, the environment,
 * the service file and the conninfo string, so that opening a connection
 * parses nothing.  It must outlive its connections.
 */
#ifndef CONN_TARGET_H
#define CONN_TARGET_H

#include <stdint.h>

#include "err.h"

typedef struct ConnTarget ConnTarget;

/* As with psql, what a conninfo string says wins over host, port and user. */
typedef struct ConnSettings
{
	const char *conninfo; /* -d: name, conninfo string or URI; NULL */
	const char *host;	  /* -h -p -U; NULL: from conninfo, PG* … */
	const char *port;
	const char *user;
	const char *password;		  /* asked by -W; never printed */
	int64_t connect_timeout_ns;	  /* for each address; <= 0: conninfo's */
	int statement_timeout_ms;	  /* a start-up option; 0: none */
	bool pooler;				  /* no start-up options */
	const char *application_name; /* when the user names none */
} ConnSettings;

/* NULL: err (ERR_USAGE) says what is wrong with the settings. */
extern ConnTarget *conn_target_new(const ConnSettings *settings, Err *err);
extern void conn_target_free(ConnTarget *target);

/* "user@host:port/dbname", never a password; valid until freed. */
extern const char *conn_target_text(const ConnTarget *target);

/*
 * The start-up options were refused, by an old server or, is_pooler, by a
 * connection pooler: then nothing is prepared from here on, and a lease should
 * be held no longer than a transaction.  Known once the first connection is
 * open.
 */
extern bool conn_target_options_refused(const ConnTarget *target,
										bool *is_pooler);

/* Such as 150020; 0 before the first connection is open. */
extern int conn_target_server_version(const ConnTarget *target);

#endif /* CONN_TARGET_H */
