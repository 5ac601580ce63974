/*
 * demo_offer.c
 *	  What the server has for the experiments: asked by plans of our own.
 */
#include <stdlib.h>
#include <string.h>

#include "demo_private.h"

static const char offer_plan[] =
	"SELECT (to_regprocedure('asyncdemo.delay(double precision)')\n"
	"\t\tIS NOT NULL)::int AS extension,\n"
	"\t(rolsuper OR rolcreaterole)::int AS create_role,\n"
	"\t(EXISTS (SELECT FROM pg_roles\n"
	"\t\tWHERE rolname = 'asyncdemo_demo'))::int AS role,\n"
	"\t(NOT pg_is_in_recovery() AND coalesce(has_schema_privilege(\n"
	"\t\tcurrent_schema(), 'CREATE'), false))::int AS create_table,\n"
	"\tcoalesce(inet_server_addr() <<= '127.0.0.0/8' OR\n"
	"\t\tinet_server_addr() = '::1', true)::int AS local,\n"
	"\tcurrent_setting('server_version_num')::int AS version\n"
	"FROM pg_roles WHERE rolname = current_user \\gset\n"
	"\\echo offer :extension :create_role :role :create_table :local "
	":version\n";

bool
demo_ask_offer(Demo *demo, Err *err)
{
	Offer *offer = &demo->offer;
	RunOptions options = demo->options.run;
	char *answer = NULL;
	size_t answer_bytes = 0;
	const RunResult *result;
	const char *line;
	Plan *plan;
	Run *run;
	bool ok;

	plan = demo_read_plan(demo, "<question>", offer_plan, err);
	if (plan == NULL)
		return false;
	options.messages = open_memstream(&answer, &answer_bytes);
	if (options.messages == NULL)
	{
		plan_free(plan);
		return err_set(err, ERR_IO, "out of memory");
	}
	run = run_plan(plan, &options, err);
	fclose(options.messages);
	result = run_result(run);
	demo->interrupted = result->interrupted;
	if (err->kind == ERR_NONE && result->first_error != NULL)
		*err = *result->first_error;
	line = strstr(answer, "offer ");
	ok = err->kind == ERR_NONE && line != NULL &&
		 sscanf(line, "offer %d %d %d %d %d %d", &offer->has_extension,
				&offer->may_create_role, &offer->has_role,
				&offer->may_create_table, &offer->is_local,
				&offer->version) == 6;
	if (!ok && err->kind == ERR_NONE)
		err_set(err, ERR_DATA, "the server did not say what it offers");
	if (ok)
		printf("server     %s, PostgreSQL %d.%d\n",
			   result->server != NULL ? result->server : "unknown",
			   offer->version / 10000, offer->version % 10000);
	run_free(run);
	plan_free(plan);
	free(answer);
	return ok;
}

/* Why it cannot be run here; NULL: it can. */
const char *
demo_missing(const Experiment *experiment, const Offer *offer)
{
	if ((experiment->needs & NEEDS_EXTENSION) && !offer->has_extension)
		return "it needs the extension; run CREATE EXTENSION asyncdemo";
	if ((experiment->needs & NEEDS_LOCAL) && !offer->is_local)
		return "the server is on another machine";
	if ((experiment->needs & NEEDS_ROLE) && !offer->may_create_role)
		return "it creates a role, which takes CREATEROLE or a superuser";
	if ((experiment->needs & NEEDS_ROLE) && offer->has_role)
		return "there is a role asyncdemo_demo already; if nobody uses it, "
			   "run DROP ROLE asyncdemo_demo";
	if ((experiment->needs & NEEDS_TABLE) && !offer->may_create_table)
		return "it creates a table, which takes CREATE on the first schema "
			   "of search_path";
	return NULL;
}

/*
 * May this role's session on that server fetch from the delay server?  Asked
 * once, by trying; the reason is empty when it may.
 */
const char *
demo_http_refusal(Demo *demo)
{
	static const char probe[] =
		"SELECT (asyncdemo.http_get(:http || '/')).status;\n";
	RunOptions options = demo->options.run;
	Err err = {0};
	const Err *refused;
	Plan *plan;
	Run *run;

	if (demo->http_is_asked)
		return demo->http_reason;
	demo->http_is_asked = true;
	options.quiet = true;
	options.is_silent = true;
	options.has_protocol = true;
	options.protocol = PROTOCOL_EXTENDED;
	plan = demo_read_plan(demo, "<question>", probe, &err);
	if (plan == NULL)
	{
		snprintf(demo->http_reason, sizeof(demo->http_reason), "%s",
				 err.message);
		return demo->http_reason;
	}
	run = run_plan(plan, &options, &err);
	refused = err.kind != ERR_NONE ? &err : run_result(run)->first_error;
	if (refused != NULL)
		snprintf(demo->http_reason, sizeof(demo->http_reason),
				 "the server may not fetch from the delay server: %s",
				 refused->message);
	run_free(run);
	plan_free(plan);
	return demo->http_reason;
}
