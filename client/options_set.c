/*
 * options_set.c
 *	  One option's value: read, checked, put where it belongs.
 */
#include "options_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "mem.h"

/* -------- values -------- */

bool
option_bad_value(const OptionRow *row, const char *text, const char *wanted,
				 Err *err)
{
	err_set(err, ERR_USAGE, "--%s cannot be \"%.80s\"", row->name, text);
	err_hint(err, "it takes %s", wanted);
	return false;
}

static bool
read_count(const OptionRow *row, const char *text, int64_t most,
		   int64_t *number, Err *err)
{
	char wanted[80];
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *number >= 1 &&
		*number <= most)
		return true;
	snprintf(wanted, sizeof(wanted), "a whole number from 1 to %lld",
			 (long long) most);
	return option_bad_value(row, text, wanted, err);
}

static bool
read_int(const OptionRow *row, const char *text, int most, int *number,
		 Err *err)
{
	int64_t wide;

	if (!read_count(row, text, most, &wide, err))
		return false;
	*number = (int) wide;
	return true;
}

/* Percentages may be written with their sign. */
static bool
read_from_zero(const OptionRow *row, const char *text, int most, int *number,
			   Err *err)
{
	char wanted[80];
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (row->id == OPT_RETRY_BUDGET && *end == '%')
		end++;
	*number = (int) value;
	if (errno == 0 && end != text && *end == '\0' && value >= 0 &&
		value <= most)
		return true;
	snprintf(wanted, sizeof(wanted), "a whole number from 0 to %d", most);
	return option_bad_value(row, text, wanted, err);
}

static bool
read_duration(const OptionRow *row, const char *text, int64_t *ns, Err *err)
{
	if (duration_parse(text, strlen(text), ns) && *ns > 0)
		return true;
	return option_bad_value(
		row, text, "a time longer than nothing: 2, 0.5s or 300ms", err);
}

/* Of samples: looking more often would be most of what the server does. */
static bool
read_interval(const OptionRow *row, const char *text, int64_t *ns, Err *err)
{
	if (duration_parse(text, strlen(text), ns) && *ns >= NS_PER_MS &&
		*ns <= 3600 * NS_PER_S)
		return true;
	return option_bad_value(row, text, "a time from 1ms to 1h", err);
}

/* The server counts whole milliseconds. */
static bool
read_statement_timeout(RunOptions *run, const OptionRow *row, const char *text,
					   Err *err)
{
	int64_t ns;

	if (!read_duration(row, text, &ns, err))
		return false;
	if (ns < NS_PER_MS || ns / NS_PER_MS > INT32_MAX)
		return option_bad_value(row, text, "a time from 1ms to 24 days", err);
	run->statement_timeout_ns = ns;
	run->conn.statement_timeout_ms = (int) (ns / NS_PER_MS);
	return true;
}

/* A number above 0 that need not be whole. */
static bool
read_real(const OptionRow *row, const char *text, double most, double *number,
		  Err *err)
{
	char wanted[80];
	char *end;

	*number = strtod(text, &end);
	if (end != text && *end == '\0' && *number > 0 && *number <= most)
		return true;
	snprintf(wanted, sizeof(wanted), "a number above 0, up to %.0f", most);
	return option_bad_value(row, text, wanted, err);
}

/* As pgbench, milliseconds when there is no unit. */
static bool
read_milliseconds(const OptionRow *row, const char *text, int64_t *ns,
				  Err *err)
{
	char *end;
	double ms = strtod(text, &end);

	if (end == text || *end != '\0')
		return read_duration(row, text, ns, err);
	*ns = (int64_t) (ms * 1e6);
	if (ms > 0 && ms <= 1e12 && *ns > 0)
		return true;
	return option_bad_value(row, text,
							"milliseconds above 0, or a time: 50, 0.5s", err);
}

bool
option_read_word(const OptionRow *row, const char *text,
				 const char *const *words, int nwords, int *place, Err *err)
{
	char wanted[160] = "one of ";

	for (int i = 0; i < nwords; i++)
	{
		if (strcmp(words[i], text) == 0)
		{
			*place = i;
			return true;
		}
		snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted),
				 "%s%s", i > 0 ? ", " : "", words[i]);
	}
	return option_bad_value(row, text, wanted, err);
}

#define SAMPLE_NS (20 * NS_PER_MS) /* between samples of the server */
#define WORDS(words) (words), (int) (sizeof(words) / sizeof((words)[0]))

static bool
read_max_errors(RunOptions *run, const OptionRow *row, const char *text,
				Err *err)
{
	char *end;

	errno = 0;
	run->max_errors = strtoll(text, &end, 10);
	run->max_errors_is_percent = *end == '%';
	if (*end == '%')
		end++;
	if (errno == 0 && end != text && *end == '\0' && run->max_errors >= 0 &&
		!(run->max_errors_is_percent && run->max_errors > 100))
		return true;
	return option_bad_value(row, text, "a number from 0, or a percentage",
							err);
}

static bool
read_define(Options *options, const OptionRow *row, const char *text, Err *err)
{
	const char *equals = strchr(text, '=');
	RunVariable *variable;

	if (equals == NULL || equals == text)
		return option_bad_value(row, text, "NAME=VALUE", err);
	options->variables =
		mem_realloc(options->variables,
					(size_t) (options->nvariables + 1) * sizeof(RunVariable));
	variable = &options->variables[options->nvariables++];
	variable->name = mem_strndup(text, (size_t) (equals - text));
	variable->value = mem_strdup(equals + 1);
	options->run.variables = options->variables;
	options->run.nvariables = options->nvariables;
	return true;
}

void
options_add_text(const char ***list, int *count, const char *text)
{
	*list = mem_realloc(*list, (size_t) (*count + 1) * sizeof(char *));
	(*list)[(*count)++] = text;
}

static bool
read_percent(const OptionRow *row, const char *text, double *percent, Err *err)
{
	char *end;

	errno = 0;
	*percent = strtod(text, &end);
	if (*end == '%')
		end++;
	if (errno == 0 && end != text && *end == '\0' && *percent >= 0 &&
		*percent <= 1e6)
		return true;
	return option_bad_value(row, text, "a percentage from 0, such as 5", err);
}

static bool
read_slo(const OptionRow *row, const char *text, SweepSlo *slo, Err *err)
{
	static const struct
	{
		const char *name;
		double fraction;
	} known[] = {{"mean", -1},	{"p50", 0.5},	  {"p90", 0.9}, {"p95", 0.95},
				 {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};
	size_t len = strcspn(text, "=");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		if (strlen(known[i].name) != len || text[len] != '=' ||
			strncmp(known[i].name, text, len) != 0)
			continue;
		slo->is_set = true;
		slo->name = known[i].name;
		slo->fraction = known[i].fraction;
		return read_duration(row, text + len + 1, &slo->limit_ns, err);
	}
	return option_bad_value(
		row, text,
		"mean, p50, p90, p95, p99, p99.9 or max, then = and a "
		"time: p99=20ms",
		err);
}

/* Separated by commas; the texts are kept with the options. */
static void
add_variants(Options *options, const char *text)
{
	for (;;)
	{
		size_t len = strcspn(text, ",");

		if (options->texts == NULL)
			options->texts = arena_new();
		if (len > 0)
			options_add_text(&options->variants, &options->nvariants,
							 arena_text(options->texts, text, len));
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
}

/* -------- one option -------- */

static bool
set_words(Options *options, const OptionRow *row, const char *text, Err *err)
{
	static const char *const modes[] = {"plan", "async", "blocking", "threads",
										"sequential"};
	static const char *const protocols[] = {"simple", "extended", "prepared"};
	static const char *const holds[] = {"task", "transaction", "statement"};
	static const char *const errors[] = {"continue", "drain", "cancel"};
	static const char *const formats[] = {"text", "json", "csv"};
	static const char *const overs[] = {"concurrency", "connections", "rate"};
	static const char *const colors[] = {"auto", "always", "never"};
	static const char *const schedules[] = {"poisson", "uniform"};
	RunOptions *run = &options->run;
	int place = 0;
	bool ok = false;

	if (row->id == OPT_MODE)
		ok = option_read_word(row, text, WORDS(modes), &place, err);
	else if (row->id == OPT_PROTOCOL)
		ok = option_read_word(row, text, WORDS(protocols), &place, err);
	else if (row->id == OPT_HOLD)
		ok = option_read_word(row, text, WORDS(holds), &place, err);
	else if (row->id == OPT_ON_ERROR)
		ok = option_read_word(row, text, WORDS(errors), &place, err);
	else if (row->id == OPT_OVER)
		ok = option_read_word(row, text, WORDS(overs), &place, err);
	else if (row->id == OPT_FORMAT)
		ok = option_read_word(row, text, WORDS(formats), &place, err);
	else if (row->id == OPT_SCHEDULE)
		ok = option_read_word(row, text, WORDS(schedules), &place, err);
	else
		ok = option_read_word(row, text, WORDS(colors), &place, err);
	if (!ok)
		return false;
	if (row->id == OPT_MODE)
		run->mode = (RunMode) place;
	else if (row->id == OPT_PROTOCOL)
	{
		run->has_protocol = true;
		run->protocol = (Protocol) place;
	}
	else if (row->id == OPT_HOLD)
		run->hold = (Hold) place;
	else if (row->id == OPT_ON_ERROR)
		run->on_error = (OnError) place;
	else if (row->id == OPT_OVER)
		options->over = (SweepOver) place;
	else if (row->id == OPT_FORMAT)
		options->format = (ReportFormat) place;
	else if (row->id == OPT_SCHEDULE)
		run->schedule = (ScheduleKind) place;
	else
		options->color = options->run.color = colors[place];
	return true;
}

static bool
set_number(Options *options, const OptionRow *row, const char *text, Err *err)
{
	RunOptions *run = &options->run;
	int64_t number;

	switch ((int) row->id)
	{
		case OPT_ROUNDS:
			return read_int(row, text, 1000, &options->rounds, err);
		case OPT_FROM:
			return read_int(row, text, 1000000, &options->from, err);
		case OPT_TO:
			return read_int(row, text, 1000000, &options->to, err);
		case OPT_POINT_TIME:
			return read_duration(row, text, &options->point_ns, err);
		case OPT_SLO:
			return read_slo(row, text, &options->slo, err);
		case OPT_FAIL_IF_SLOWER:
			return read_percent(row, text, &options->fail_if_slower, err);
		case OPT_CONCURRENCY:
			return read_int(row, text, 100000, &run->concurrency, err);
		case OPT_CONNECTIONS:
			run->tune_connections = strcmp(text, "auto") == 0;
			return run->tune_connections ||
				   read_int(row, text, 100000, &run->connections, err);
		case OPT_PIPELINE:
			return read_int(row, text, 1000, &run->pipeline, err);
		case OPT_TASKS:
			return read_count(row, text, INT64_C(1000000000000), &run->tasks,
							  err);
		case OPT_TRANSACTIONS:
			return read_count(row, text, INT64_C(1000000000), &run->per_slot,
							  err);
		case OPT_JOBS:
			return read_int(row, text, 256, &run->jobs, err);
		case OPT_THREADS:
			return read_int(row, text, 1024, &run->workers, err);
		case OPT_SCALE:
			return read_int(row, text, 1000000000, &run->scale, err);
		case OPT_SEED:
			if (!read_count(row, text, INT64_MAX, &number, err))
				return false;
			run->seed = (uint64_t) number;
			return true;
		case OPT_RATE:
			return read_real(row, text, 1e7, &run->rate, err);
		case OPT_LATENCY_LIMIT:
			return read_milliseconds(row, text, &run->latency_limit_ns, err);
		case OPT_PROGRESS:
			return read_duration(row, text, &run->progress_ns, err);
		case OPT_SAMPLE_INTERVAL:
			return read_interval(row, text, &run->sample_ns, err);
		case OPT_SAMPLING:
			return read_real(row, text, 1, &run->log_sampling, err);
		case OPT_HTTP_RATE:
			return read_real(row, text, 1e7, &run->http_rate, err);
		case OPT_PER_HOST:
			return read_int(row, text, 100000, &run->per_host, err);
		case OPT_TIME:
			return read_duration(row, text, &run->duration_ns, err);
		case OPT_TIMEOUT:
			return read_duration(row, text, &run->step_timeout_ns, err);
		case OPT_STATEMENT_TIMEOUT:
			return read_statement_timeout(run, row, text, err);
		case OPT_RUN_TIMEOUT:
			return read_duration(row, text, &run->run_timeout_ns, err);
		case OPT_RETRIES:
			return read_from_zero(row, text, 1000000, &run->retries, err);
		case OPT_RETRY_BUDGET:
			return read_from_zero(row, text, 100000, &run->retry_percent, err);
		case OPT_CONNECT_TIMEOUT:
			return read_duration(row, text, &run->conn.connect_timeout_ns,
								 err);
		case OPT_UNIT:
			return read_duration(row, text, &options->unit_ns, err);
	}
	return read_max_errors(run, row, text, err);
}

static bool
set_text(Options *options, const OptionRow *row, const char *text, Err *err)
{
	RunOptions *run = &options->run;

	switch ((int) row->id)
	{
		case OPT_DBNAME:
			run->conn.conninfo = text;
			return true;
		case OPT_HOST:
			run->conn.host = text;
			return true;
		case OPT_PORT:
			run->conn.port = text;
			return true;
		case OPT_USERNAME:
			run->conn.user = text;
			return true;
		case OPT_EXECUTE:
			options_add_text(&options->commands, &options->ncommands, text);
			return true;
		case OPT_FILE:
			return options_add_file(options, text, err);
		case OPT_BUILTIN:
			return options_add_builtin(options, text, err);
		case OPT_DEFINE:
			return read_define(options, row, text, err);
		case OPT_ON_CONNECT:
			run->hooks[HOOK_CONNECT] = text;
			return true;
		case OPT_ON_ACQUIRE:
			run->hooks[HOOK_ACQUIRE] = text;
			return true;
		case OPT_ON_RELEASE:
			run->hooks[HOOK_RELEASE] = text;
			return true;
		case OPT_JOBLOG:
			run->joblog = text;
			return true;
		case OPT_LEDGER:
			run->ledger = text;
			return true;
		case OPT_COMPARE:
			add_variants(options, text);
			return true;
		case OPT_LOG_PREFIX:
			run->log_prefix = text;
			return true;
		case OPT_SVG:
		case OPT_HTML:
		case OPT_TRACE:
		case OPT_HGRM:
		case OPT_METRICS:
			options->files[row->id - OPT_SVG] = text;
			return true;
		case OPT_ONLY:
			options->only = text;
			return true;
		case OPT_SHOW:
			options->show = text;
			return true;
	}
	return set_number(options, row, text, err);
}

static void
set_flag(Options *options, const OptionRow *row)
{
	switch ((int) row->id)
	{
		case OPT_NO_PASSWORD:
			options->never_ask = true;
			break;
		case OPT_PASSWORD:
			options->ask_password = true;
			break;
		case OPT_POOLER:
			options->run.pooler = true;
			options->run.conn.pooler = true;
			options->run.hold = HOLD_TRANSACTION;
			if (!options->run.has_protocol)
				options->run.protocol = PROTOCOL_EXTENDED;
			options->run.has_protocol = true;
			break;
		case OPT_RESUME:
			options->run.resume = true;
			break;
		case OPT_RETRY_FAILED:
			options->run.retry_failed = true;
			break;
		case OPT_NO_WARM:
			options->run.no_warm = true;
			break;
		case OPT_QUIET:
			options->quiet = true;
			options->run.quiet = true;
			break;
		case OPT_DRY_RUN:
			options->dry_run = true;
			break;
		case OPT_NO_PROGRESS:
			options->run.no_progress = true;
			break;
		case OPT_SAMPLE_SERVER:
			if (options->run.sample_ns == 0)
				options->run.sample_ns = SAMPLE_NS;
			break;
		case OPT_LIVE:
			options->run.live = true;
			break;
		case OPT_LOG:
			options->run.has_log = true;
			break;
		case OPT_RECONNECT:
			options->run.reconnects = true;
			options->run.no_warm = true;
			break;
		case OPT_DUMP:
			options->dump = true;
			break;
	}
}

bool
option_set(Options *options, const OptionRow *row, const char *text, Err *err)
{
	if (row->id >= OPT_INPUT && row->id <= OPT_KEEP_ORDER)
		return option_set_feed(options, row, text, err);
	switch ((int) row->id)
	{
		case OPT_MODE:
		case OPT_PROTOCOL:
		case OPT_HOLD:
		case OPT_ON_ERROR:
		case OPT_OVER:
		case OPT_FORMAT:
		case OPT_COLOR:
		case OPT_SCHEDULE:
			return set_words(options, row, text, err);
	}
	if (row->id == OPT_SELECT_ONLY)
		return options_add_builtin(options, "select-only", err);
	if (row->id == OPT_SIMPLE_UPDATE)
		return options_add_builtin(options, "simple-update", err);
	if (row->value == NULL)
	{
		set_flag(options, row);
		return true;
	}
	return set_text(options, row, text, err);
}
