/*
 * demo_experiments.c
 *	  The table of experiments, and finding one in it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "demo_experiments.h"
#include "embedded.h"

const Experiment experiments[EXPERIMENTS] = {
	{"1", "01_one_task_two_steps.sql", "one task, two steps", .units = 2,
	 .connections = 1},
	{"2", "02_blocking_sleep.sql", "blocking sleep || the same", .units = 2},
	{"3", "03_http_blocking.sql", "blocking http || the same", .units = 2},
	{"4", "04_http_async.sql", "async http || the same", .units = 1},
	{"5", "05_sql_blocking.sql", "blocking sql || the same", .units = 2,
	 .connections = 2},
	{"6", "06_sql_async.sql", "async sql || the same", .units = 1,
	 .connections = 2},
	{"7", "07_two_queries_one_session.sql", "2 queries, one session",
	 .units = 2, .connections = 2},
	{"8", "08_two_queries_two_sessions.sql", "2 queries, a session each",
	 .units = 2, .connections = 4},
	{"9", "09_set_role.sql", "http, 2 queries, SET ROLE", .units = 3,
	 .connections = 2, .needs = NEEDS_ROLE},
	{"10", "10_all_blocking.sql", "http, sql: all blocking", .units = 4,
	 .connections = 2},
	{"11", "11_mixed.sql", "blocking, async || reversed", .units = 3,
	 .connections = 2},
	{"12a", "12a_mixed_other_order_warm.sql", "11 in other order, warm",
	 .units = 2, .connections = 2},
	{"12b", "12b_mixed_other_order_cold.sql", "11 in other order, cold",
	 .units = 3, .connections = 2},
	{"13", "13_blocking_http_async_sql.sql", "blocking http, async sql",
	 .units = 3, .connections = 2},
	{"14", "14_async_http_blocking_sql.sql", "async http, blocking sql",
	 .units = 3, .connections = 2},
	{"15", "15_all_async.sql", "http, sql: all async", .units = 2,
	 .connections = 2},
	{"16", "16_all_async_two_queries.sql", "http, 2 queries: async",
	 .units = 3, .connections = 2},
	{"17", "17_threads.sql", "10 on worker threads", .units = 2,
	 .connections = 2},
	{"18", "18_one_connection.sql", "sql || sql, one connection", .units = 2,
	 .connections = 1},
	{"19", "19_row_lock.sql", "both update the same row", .units = 2,
	 .connections = 2, .needs = NEEDS_TABLE},
	{"20", "20_gather.sql", "gather 2 http, then sql", .units = 2,
	 .connections = 1},
	{"21", "21_hundred_tasks.sql", "100 tasks: http, sql", .units = 2,
	 .connections = 1, .shares = true},
	{"22", "22_burn.sql", "burn CPU, 2 a core", .units = 2, .connections = 1,
	 .unjudged = true, .needs = NEEDS_EXTENSION | NEEDS_LOCAL},
	{"23", "23_server_two_gets.sql", "server: two http_get", .units = 2,
	 .connections = 1, .needs = NEEDS_EXTENSION | NEEDS_HTTP},
	{"24", "24_server_fetch_all.sql", "server: http_fetch_all", .units = 1,
	 .connections = 1, .needs = NEEDS_EXTENSION | NEEDS_HTTP},
	{"25", "25_server_send_wait.sql", "server: http_send, http_wait",
	 .units = 1, .connections = 1, .needs = NEEDS_EXTENSION | NEEDS_HTTP},
};

const char *
experiment_text(const Experiment *experiment)
{
	for (const EmbeddedFile *file = embedded_experiments; file->name; file++)
	{
		if (strcmp(file->name, experiment->file) == 0)
			return file->text;
	}
	abort(); /* the table above names a file that is not there */
}

/* Is the word the experiment's id, or its id but for the letter? */
static bool
is_named(const Experiment *experiment, const char *word, size_t len)
{
	const char *id = experiment->id;

	if (len == 0 || strncmp(id, word, len) != 0)
		return false;
	return id[len] == '\0' ||
		   (isalpha((unsigned char) id[len]) && id[len + 1] == '\0');
}

/* The next word of a list, blanks around it left out; false at the end. */
static bool
next_word(const char **list, const char **word, size_t *len)
{
	const char *p = *list;

	if (p == NULL)
		return false;
	while (*p == ' ')
		p++;
	*word = p;
	*len = strcspn(p, ",");
	*list = p[*len] == ',' ? p + *len + 1 : NULL;
	while (*len > 0 && p[*len - 1] == ' ')
		(*len)--;
	return true;
}

bool
experiment_is_in(const Experiment *experiment, const char *list)
{
	const char *word;
	size_t len;

	if (list == NULL)
		return true;
	while (next_word(&list, &word, &len))
	{
		if (is_named(experiment, word, len))
			return true;
	}
	return false;
}

const char *
experiment_unknown(const char *list, size_t *len)
{
	const char *word;

	while (next_word(&list, &word, len))
	{
		int i = 0;

		while (i < EXPERIMENTS && !is_named(&experiments[i], word, *len))
			i++;
		if (i == EXPERIMENTS)
			return word;
	}
	return NULL;
}
