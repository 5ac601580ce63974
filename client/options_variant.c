/*
 * options_variant.c
 *	  One variant of a comparison: "c=50 pipeline=10", or a mode's name.
 */
#include "options_private.h"

#include <string.h>

static const OptionRow *
find_row(const char *name, size_t len, Err *err)
{
	const char *names[OPTION_ROWS_MAX];
	const char *near;
	char word[64];
	int n = 0;

	for (int i = 0; i < option_nrows; i++)
	{
		const OptionRow *row = &option_rows[i];

		if (!row->in_plan)
			continue;
		names[n++] = row->name;
		if (strlen(row->name) == len && strncmp(row->name, name, len) == 0)
			return row;
		if (len == 1 && row->letter == name[0])
			return row;
	}
	snprintf(word, sizeof(word), "%.*s", (int) len, name);
	near = err_nearest(word, names, n);
	err_set(err, ERR_USAGE, "--compare knows no option \"%s\"", word);
	err_hint(err,
			 near ? "did you mean %s?"
				  : "a variant is a mode, or options such as \"c=50 "
					"hold=statement\"; asyncdemo --help lists them",
			 near ? near : "");
	return NULL;
}

/* "mode=async", "c=50", "no-warm"; a word alone may also be a mode. */
static bool
set_one(Options *options, const char *word, Err *err)
{
	static const char *const modes[] = {"plan", "async", "blocking", "threads",
										"sequential"};
	const char *equals = strchr(word, '=');
	const OptionRow *row;

	for (size_t i = 0; equals == NULL && i < sizeof(modes) / sizeof(modes[0]);
		 i++)
		if (strcmp(word, modes[i]) == 0)
			return option_set(options, find_row("mode", 4, err), word, err);
	row =
		find_row(word, equals ? (size_t) (equals - word) : strlen(word), err);
	if (row == NULL)
		return false;
	if ((row->value != NULL) != (equals != NULL))
	{
		err_set(err, ERR_USAGE, "--compare: \"%.60s\" %s", word,
				equals ? "takes no value" : "needs a value");
		err_hint(err, "write %s%s%s", row->name, row->value ? "=" : "",
				 row->value ? row->value : "");
		return false;
	}
	return option_set(options, row, equals ? equals + 1 : NULL, err);
}

bool
options_variant(const Options *base, const char *text, Arena *arena,
				Options *variant, Err *err)
{
	char *rest = arena_text(arena, text, strlen(text)); /* values stay in it */
	char *word;

	*variant = *base;
	while ((word = strtok_r(rest, " \t", &rest)) != NULL)
		if (!set_one(variant, word, err))
			return false;
	return options_check(variant, err);
}
