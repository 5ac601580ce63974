/*
 * serve_options.c
 *	  The command line of the delay server.
 */
#include "serve_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help_text[] =
	"Usage: asyncdemo serve [OPTION]...\n"
	"\n"
	"An HTTP server for tests and demonstrations, which answers as late as it is\n"
	"asked to.  Prints its URL and serves until SIGINT or SIGTERM.\n"
	"\n"
	"Options:\n"
	"  --port N           port to listen on (default 0: any that is free)\n"
	"  --listen ADDRESS   numeric address to listen on (default 127.0.0.1)\n"
	"  --parent-pipe FD   end also when this pipe's other end is closed\n"
	"  --quiet            print the URL only\n"
	"  --help             this text\n"
	"\n"
	"Requests: GET, HEAD, POST, PUT, PATCH or DELETE of \"/\" with any of\n"
	"  delay=S            answer after S seconds (0 to 3600)\n"
	"  jitter=S           and a random time of up to S seconds more\n"
	"  value=V            what the answer contains, a number or a text\n"
	"  status=N           HTTP status (200 to 599)\n"
	"  size=BYTES         pad the answer with blanks to this size (to 100000000)\n"
	"  fail=HOW           close: no answer; reset: TCP reset; truncate: announce\n"
	"                     the whole answer, send half of it, close\n"
	"The answer is JSON: {\"value\": 300, \"delay\": 3}.  Anything else in the URL is\n"
	"answered with 400 and a sentence.  A request keeps its place for all of its\n"
	"delay, also when its client is gone; 12000 can be open at once.\n"
	"\n"
	"Example: curl \"http://127.0.0.1:43211/?delay=0.3&value=300\"\n";

static bool
parse_int(const char *option, const char *text, int max, int *out, Err *err)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || number < 0 ||
		number > max)
	{
		err_set(err, ERR_USAGE, "%s needs a number from 0 to %d, not \"%s\"",
				option, max, text);
		return false;
	}
	*out = (int) number;
	return true;
}

/* The value of an option: after "=" or in the next argument. */
static const char *
option_value(int argc, char **argv, int *i, size_t name_len, Err *err)
{
	if (argv[*i][name_len] == '=')
		return argv[*i] + name_len + 1;
	if (*i + 1 < argc)
		return argv[++*i];
	err_set(err, ERR_USAGE, "%s needs a value", argv[*i]);
	return NULL;
}

static bool
parse_option(ServeOptions *options, int argc, char **argv, int *i, Err *err)
{
	static const char *const names[] = {"--port", "--listen", "--parent-pipe",
										"--quiet", "--help"};
	const char *nearest;
	const char *value;
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int) strcspn(argv[*i], "="),
			 argv[*i]);
	if (strcmp(argv[*i], "--quiet") == 0)
		return options->quiet = true;
	if (strcmp(argv[*i], "--help") == 0)
		return options->help = true;
	if (strcmp(name, "--port") == 0 || strcmp(name, "--listen") == 0 ||
		strcmp(name, "--parent-pipe") == 0)
	{
		value = option_value(argc, argv, i, strlen(name), err);
		if (value == NULL)
			return false;
		if (strcmp(name, "--port") == 0)
			return parse_int(name, value, 65535, &options->port, err);
		if (strcmp(name, "--parent-pipe") == 0)
			return parse_int(name, value, 1 << 20, &options->parent_fd, err);
		options->listen = value;
		return true;
	}
	err_set(err, ERR_USAGE, "serve has no option \"%s\"", argv[*i]);
	nearest = err_nearest(name, names, 5);
	if (nearest != NULL)
		err_hint(err, "did you mean %s?", nearest);
	else
		err_hint(err, "see: asyncdemo serve --help");
	return false;
}

bool
serve_options_parse(ServeOptions *options, int argc, char **argv, Err *err)
{
	*options = (ServeOptions){.listen = "127.0.0.1", .parent_fd = -1};
	for (int i = 1; i < argc; i++)
		if (!parse_option(options, argc, argv, &i, err))
			return false;
	return true;
}

int
serve_options_help(void)
{
	return fputs(help_text, stdout) < 0 || fflush(stdout) != 0 ? 1 : 0;
}
