/*
 * options_script.c
 *	  -f FILE[@WEIGHT] and -b NAME[@WEIGHT]: scripts, as pgbench takes them.
 */
#include "options_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define MAX_WEIGHT 1000000

/* What stands before the last @; the whole, with weight 1, without any. */
static bool
read_weight(const char *text, size_t *len, int *weight, Err *err)
{
	const char *at = strrchr(text, '@');
	char *end;
	long number;

	*len = strlen(text);
	*weight = 1;
	if (at == NULL)
		return true;
	*len = (size_t) (at - text);
	errno = 0;
	number = strtol(at + 1, &end, 10);
	*weight = (int) number;
	if (errno == 0 && end != at + 1 && *end == '\0' && number >= 0 &&
		number <= MAX_WEIGHT)
		return true;
	err_set(err, ERR_USAGE, "\"%.60s\" cannot be the weight of a script",
			at + 1);
	err_hint(err,
			 "it takes a whole number from 0 to %d; a file with @ in its "
			 "name needs one behind it: FILE@1",
			 MAX_WEIGHT);
	return false;
}

static ScriptOption *
add_script(Options *options, int weight)
{
	ScriptOption *script;

	options->scripts =
		mem_realloc(options->scripts,
					(size_t) (options->nscripts + 1) * sizeof(ScriptOption));
	script = &options->scripts[options->nscripts++];
	memset(script, 0, sizeof(*script));
	script->weight = weight;
	return script;
}

bool
options_add_file(Options *options, const char *text, Err *err)
{
	size_t len;
	int weight;

	if (!read_weight(text, &len, &weight, err))
		return false;
	if (len == 0)
	{
		err_set(err, ERR_USAGE, "--file needs the name of a file");
		err_hint(err, "for example -f script.sql, or -f - for standard input");
		return false;
	}
	add_script(options, weight)->path = mem_strndup(text, len);
	return true;
}

bool
options_add_builtin(Options *options, const char *text, Err *err)
{
	const Builtin *builtin;
	size_t len;
	int weight;

	if (!read_weight(text, &len, &weight, err))
		return false;
	builtin = builtin_find(text, len, err);
	if (builtin == NULL)
		return false;
	add_script(options, weight)->builtin = builtin;
	return true;
}

void
options_free_scripts(Options *options)
{
	for (int i = 0; i < options->nscripts; i++)
		free(options->scripts[i].path);
	free(options->scripts);
}
