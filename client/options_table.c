/*
 * options_table.c
 *	  Every option once: its names, what it takes, a line of help.
 */
#include "options_private.h"

const OptionRow option_rows[] = {
	{OPT_DBNAME, 'd', "dbname", "CONNINFO",
	 "database name, connection string or URI", false},
	{OPT_HOST, 'h', "host", "HOST", "server's host or socket directory",
	 false},
	{OPT_PORT, 'p', "port", "PORT", "server's port", false},
	{OPT_USERNAME, 'U', "username", "NAME", "database user", false},
	{OPT_NO_PASSWORD, 'w', "no-password", NULL, "never ask for a password",
	 false},
	{OPT_PASSWORD, 'W', "password", NULL, "ask for a password first", false},
	{OPT_EXECUTE, 'e', "execute", "TEXT", "plan text, such as 'SELECT 1'",
	 false},
	{OPT_FILE, 'f', "file", "FILE[@WEIGHT]",
	 "a script; several are chosen at random, by weight", false},
	{OPT_BUILTIN, 'b', "builtin", "NAME[@WEIGHT]",
	 "a script of pgbench's; \"list\" tells which", false},
	{OPT_SELECT_ONLY, 'S', "select-only", NULL, "as -b select-only", false},
	{OPT_SIMPLE_UPDATE, 'N', "skip-some-updates", NULL, "as -b simple-update",
	 false},
	{OPT_SCALE, 's', "scale", "N", "the variable :scale", true},
	{OPT_DEFINE, 'D', "define", "NAME=VALUE", "set a variable", false},
	{OPT_CONCURRENCY, 'c', "concurrency", "N",
	 "tasks in flight (default: the plan's own tasks, else 10)", true},
	{OPT_CONNECTIONS, 0, "connections", "N|auto",
	 "size of the pool (default: as -c); auto: find a good one", true},
	{OPT_PIPELINE, 0, "pipeline", "DEPTH",
	 "tasks share connections, so many statements in flight on each", true},
	{OPT_TASKS, 0, "tasks", "N", "how many tasks in all", true},
	{OPT_TRANSACTIONS, 't', "transactions", "N", "tasks for each slot of -c",
	 true},
	{OPT_TIME, 'T', "time", "SECONDS", "begin tasks for so long", true},
	{OPT_RATE, 'R', "rate", "N",
	 "begin N tasks a second, whatever happens to them", true},
	{OPT_SCHEDULE, 0, "rate-schedule", "KIND",
	 "poisson (default) or uniform distances", true},
	{OPT_LATENCY_LIMIT, 'L', "latency-limit", "MS",
	 "count tasks that take longer; with -R skip those too late", true},
	{OPT_HTTP_RATE, 0, "http-rate", "N",
	 "begin at most N HTTP requests a second", true},
	{OPT_PER_HOST, 0, "per-host", "N",
	 "at most N HTTP requests at a time for each host", true},
	{OPT_RECONNECT, 'C', "connect", NULL, "a new connection for each lease",
	 true},
	{OPT_MODE, 0, "mode", "MODE",
	 "plan, async, blocking, threads or sequential", true},
	{OPT_PROTOCOL, 'M', "protocol", "NAME", "simple, extended or prepared",
	 true},
	{OPT_HOLD, 0, "hold", "SPAN",
	 "keep a lease for the task, transaction or statement", true},
	{OPT_ON_CONNECT, 0, "on-connect", "SQL", "run on each new connection",
	 true},
	{OPT_ON_ACQUIRE, 0, "on-acquire", "SQL", "run at the begin of each lease",
	 true},
	{OPT_ON_RELEASE, 0, "on-release", "SQL", "run at the end of each lease",
	 true},
	{OPT_POOLER, 0, "pooler", NULL, "the server is a pooler such as PgBouncer",
	 true},
	{OPT_NO_WARM, 0, "no-warm", NULL,
	 "open connections when they are first needed", true},
	{OPT_JOBS, 'j', "jobs", "N",
	 "event loops, each on a thread of its own (default 1)", true},
	{OPT_THREADS, 0, "threads", "N", "worker threads for \\thread steps",
	 true},
	{OPT_TIMEOUT, 0, "timeout", "SECONDS", "for each step", true},
	{OPT_CONNECT_TIMEOUT, 0, "connect-timeout", "SECONDS",
	 "for each address (default 10)", true},
	{OPT_STATEMENT_TIMEOUT, 0, "statement-timeout", "SECONDS",
	 "for each statement, set on the server too", true},
	{OPT_RUN_TIMEOUT, 0, "run-timeout", "SECONDS",
	 "stop and cancel when the run takes longer", true},
	{OPT_RETRIES, 0, "retries", "N",
	 "try a failed step again, where that is safe", true},
	{OPT_RETRY_BUDGET, 0, "retry-budget", "PERCENT",
	 "retries for so many of the steps (default 20)", true},
	{OPT_ON_ERROR, 0, "on-error", "WHAT", "continue, drain or cancel", true},
	{OPT_MAX_ERRORS, 0, "max-errors", "N[%]",
	 "stop after more failed tasks than that", true},
	{OPT_SEED, 0, "random-seed", "N", "make random functions repeat", true},
	{OPT_COMPARE, 0, "compare", "A,B,...",
	 "run variants in turn: modes, or options as 'c=50'", false},
	{OPT_ROUNDS, 0, "rounds", "N", "of --compare (default 10), of sweep (3)",
	 false},
	{OPT_FAIL_IF_SLOWER, 0, "fail-if-slower", "PERCENT",
	 "--compare: exit 3 if a variant is slower than the first", false},
	{OPT_OVER, 0, "over", "WHAT", "sweep: concurrency, connections or rate",
	 false},
	{OPT_FROM, 0, "from", "N", "sweep: the smallest setting (default 1)",
	 false},
	{OPT_TO, 0, "to", "N", "sweep: the largest setting (default 256)", false},
	{OPT_POINT_TIME, 0, "point-time", "TIME",
	 "sweep: how long each run (default 1s)", false},
	{OPT_SLO, 0, "slo", "P=TIME", "sweep: what must hold, such as p99=20ms",
	 false},
	{OPT_INPUT, 0, "input", "FILE",
	 "run a task for each row of it; - is standard input", false},
	{OPT_INPUT_SQL, 0, "input-sql", "SQL",
	 "run a task for each row of this query", false},
	{OPT_INPUT_FORMAT, 0, "input-format", "NAME",
	 "csv, tsv, jsonl, lines or nul (default: as FILE ends)", false},
	{OPT_INPUT_HEADER, 0, "input-header", "YES|NO",
	 "the first line has the names (default: yes)", false},
	{OPT_INPUT_COLUMNS, 0, "input-columns", "A,B,...",
	 "the names, where no header has them", false},
	{OPT_INPUT_DELIMITER, 0, "input-delimiter", "CHAR",
	 "of CSV: a character or tab (default: a comma)", false},
	{OPT_INPUT_MAX_ROW, 0, "input-max-row", "SIZE",
	 "a larger row is a bad one (default 16MB)", false},
	{OPT_ON_BAD_ROW, 0, "on-bad-row", "WHAT",
	 "skip it, or stop (default: skip)", true},
	{OPT_OUTPUT, 'o', "output", "FILE", "write the rows of \\emit there",
	 false},
	{OPT_OUTPUT_FORMAT, 0, "output-format", "NAME",
	 "csv or jsonl (default: as FILE ends)", true},
	{OPT_OUTPUT_HEADER, 0, "output-header", NULL,
	 "begin CSV with a line of names", true},
	{OPT_KEEP_ORDER, 0, "keep-order", NULL,
	 "write rows in the order in which tasks begin", true},
	{OPT_JOBLOG, 0, "joblog", "FILE",
	 "write a line there for each task that ended", false},
	{OPT_RESUME, 0, "resume", NULL,
	 "skip what the job log or the ledger has done", false},
	{OPT_RETRY_FAILED, 0, "retry-failed", NULL,
	 "run only what failed, as the job log says", false},
	{OPT_LEDGER, 0, "ledger", "TABLE",
	 "mark each task there in its own transaction: exactly once", true},
	{OPT_PROGRESS, 'P', "progress", "SECONDS",
	 "a line about progress every so often", true},
	{OPT_NO_PROGRESS, 0, "no-progress", NULL,
	 "no status line on a terminal either", false},
	{OPT_LIVE, 0, "live", NULL,
	 "a full screen that shows the run while it goes on", false},
	{OPT_LOG, 'l', "log", NULL, "write a line for each task, as pgbench does",
	 true},
	{OPT_LOG_PREFIX, 0, "log-prefix", "PREFIX",
	 "of the log's name (default pgbench_log)", true},
	{OPT_SAMPLING, 0, "sampling-rate", "PART",
	 "of the tasks that are logged, such as 0.01", true},
	{OPT_SAMPLE_SERVER, 0, "sample-server", NULL,
	 "ask the server meanwhile what its backends do", false},
	{OPT_SAMPLE_INTERVAL, 0, "sample-interval", "TIME",
	 "--sample-server, so often (default 20ms)", false},
	{OPT_FORMAT, 0, "format", "NAME", "of the report: text, json or csv",
	 true},
	{OPT_SVG, 0, "svg", "FILE", "write the timeline, or a chart, as a picture",
	 false},
	{OPT_HTML, 0, "html", "FILE", "write the report as a page", false},
	{OPT_TRACE, 0, "trace", "FILE",
	 "write a Chrome trace, for ui.perfetto.dev", false},
	{OPT_HGRM, 0, "hgrm", "FILE", "write the tasks' percentiles", false},
	{OPT_METRICS, 0, "metrics", "FILE", "write the numbers for Prometheus",
	 false},
	{OPT_COLOR, 0, "color", "WHEN", "auto, always or never", false},
	{OPT_QUIET, 'q', "quiet", NULL, "no report, no notices; errors only",
	 false},
	{OPT_LATENCIES, 'r', "report-per-command", NULL,
	 "accepted; every report has the steps' latencies", false},
	{OPT_NO_VACUUM, 'n', "no-vacuum", NULL, "accepted; does nothing", false},
	{OPT_DRY_RUN, 0, "dry-run", NULL, "check the plan, run nothing", false},
	{OPT_DUMP, 0, "dump", NULL, "check: print the plan's canonical text",
	 false},
	{OPT_UNIT, 0, "unit", "TIME", "demo: one unit (default 300ms)", false},
	{OPT_ONLY, 0, "only", "N,...", "demo: run these experiments", false},
	{OPT_SHOW, 0, "show", "N", "demo: print an experiment's plan", false},
	{OPT_HELP, '?', "help", NULL, "this text", false},

	/* as pgbench calls them */
	{OPT_CONCURRENCY, 0, "client", "N", NULL, false},
	{OPT_LATENCIES, 0, "report-latencies", NULL, NULL, false},
};

const int option_nrows = (int) (sizeof(option_rows) / sizeof(option_rows[0]));

void
options_usage(FILE *out)
{
	fputs(
		"asyncdemo: does work with PostgreSQL and HTTP really overlap?\n\n"
		"  asyncdemo demo  [OPTION]...        run the experiments\n"
		"  asyncdemo run   PLAN... [OPTION]... run a plan (- is standard "
		"input)\n"
		"  asyncdemo sweep PLAN... [OPTION]... find the best "
		"concurrency\n"
		"  asyncdemo check PLAN...            read a plan, run nothing\n"
		"  asyncdemo report FILE [OPTION]...  a saved run again (--format json "
		"saved it)\n"
		"  asyncdemo serve [OPTION]...        the delay server\n\n"
		"Options:\n",
		out);
	for (int i = 0; i < option_nrows; i++)
	{
		char left[64];

		if (option_rows[i].help == NULL)
			continue;
		if (option_rows[i].letter != 0 && option_rows[i].letter != '?')
			snprintf(left, sizeof(left), "-%c, --%s%s%s",
					 option_rows[i].letter, option_rows[i].name,
					 option_rows[i].value ? "=" : "",
					 option_rows[i].value ? option_rows[i].value : "");
		else
			snprintf(left, sizeof(left), "    --%s%s%s", option_rows[i].name,
					 option_rows[i].value ? "=" : "",
					 option_rows[i].value ? option_rows[i].value : "");
		fprintf(out, "  %-28s %s\n", left, option_rows[i].help);
	}
	fputs("      --version                print the version\n\n"
		  "PG* variables, .pgpass and service files count as for psql.\n"
		  "Exit: 0 all well, 1 usage or plan, 2 a task failed, 3 an "
		  "expectation failed,\n      4 no connection, 5 stopped by a limit, "
		  "130 interrupted\n\n"
		  "Example: asyncdemo run -d mydb -c 20 --tasks 1000 -e 'SELECT 1'\n",
		  out);
}
