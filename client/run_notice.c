/*
 * run_notice.c
 *	  The server's notices: each text once, and how often it came.
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "run_private.h"

/* Different texts remembered; of the others only the number is told. */
#define MAX_NOTICES 50
/* A server may send megabytes; more than this of one notice helps nobody. */
#define MAX_NOTICE_BYTES 2000

static NoticeCount *
notice_find(Run *run, const char *text)
{
	for (int i = 0; i < run->nnotices; i++)
		if (strcmp(run->notices[i].text, text) == 0)
			return &run->notices[i];
	return NULL;
}

/* True: it is a new one, to be told. */
static bool
notice_add(Run *run, const char *text)
{
	NoticeCount *known = notice_find(run, text);

	if (known != NULL)
	{
		known->count++;
		return false;
	}
	if (run->nnotices == MAX_NOTICES)
	{
		run->other_notices++;
		return false;
	}
	if (run->notices == NULL)
		run->notices = mem_alloc(MAX_NOTICES * sizeof(NoticeCount));
	run->notices[run->nnotices].text = mem_strdup(text);
	run->notices[run->nnotices++].count = 1;
	return true;
}

static bool
notice_count(Run *run, const char *text)
{
	bool is_new;

	pthread_mutex_lock(&run->lock);
	is_new = notice_add(run, text);
	pthread_mutex_unlock(&run->lock);
	return is_new;
}

void
run_notice(Run *run, const char *severity, const char *whole)
{
	char text[MAX_NOTICE_BYTES + 4];

	snprintf(text, sizeof(text), "%.*s%s", MAX_NOTICE_BYTES, whole,
			 strlen(whole) > MAX_NOTICE_BYTES ? "..." : "");
	if (notice_count(run, text) && !run->options->quiet)
		fprintf(run->options->messages, "%s: %s\n", severity, text);
}

void
run_tell_notices(const Run *run)
{
	if (run->options->quiet)
		return;
	for (int i = 0; i < run->nnotices; i++)
		if (run->notices[i].count > 1)
			fprintf(run->options->messages, "asyncdemo: %lld times: %s\n",
					(long long) run->notices[i].count, run->notices[i].text);
	if (run->other_notices > 0)
		fprintf(run->options->messages,
				"asyncdemo: %lld notices more of other texts\n",
				(long long) run->other_notices);
}

void
run_forget_notices(Run *run)
{
	for (int i = 0; i < run->nnotices; i++)
		free(run->notices[i].text);
	free(run->notices);
}
