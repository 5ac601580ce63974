/*
 * parse_include.c
 *	  \include FILE: another file's text in this place.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "parse_commands.h"

/* Relative to the folder of the file that includes. */
static const char *
included_path(Parser *p, const char *path)
{
	const char *from = p->plan->sources[p->lex->file].name;
	const char *slash = strrchr(from, '/');
	size_t folder = slash != NULL ? (size_t) (slash - from) + 1 : 0;
	char *joined;

	if (path[0] == '/' || folder == 0)
		return path;
	joined = arena_alloc(p->plan->arena, folder + strlen(path) + 1);
	memcpy(joined, from, folder);
	strcpy(joined + folder, path);
	return joined;
}

static bool
may_include(Parser *p, const char *path, const char *real, size_t pos)
{
	for (int i = 0; i < p->nincludes; i++)
	{
		if (strcmp(p->include_paths[i], real) == 0)
			return parse_fail(p, pos, "take out one \\include of the circle",
							  "\"%s\" includes itself%s", path,
							  i + 1 < p->nincludes ? ", by way of other files"
												   : "");
	}
	if (p->nincludes > PARSE_MAX_INCLUDES)
		return parse_fail(p, pos, NULL,
						  "files may include each other %d deep at most",
						  PARSE_MAX_INCLUDES);
	if (p->plan->nsources >= PARSE_MAX_SOURCES)
		return parse_fail(p, pos, NULL, "a plan may include %d files at most",
						  PARSE_MAX_SOURCES);
	return true;
}

static bool
read_included(Parser *p, const char *path, size_t pos, int *file)
{
	PlanSource source;

	if (!plan_read_file(path, &source, p->err))
	{
		/* an error that has a place is about the included text itself */
		if (p->err != NULL && p->err->line == 0)
			plan_place(p->plan, lex_place(p->lex, pos), p->err);
		return false;
	}
	if (source.len > PARSE_MAX_BYTES - p->total_bytes)
	{
		free((void *) (uintptr_t) source.text);
		return parse_fail(p, pos, NULL,
						  "the plan with all its files is larger than 64 MB");
	}
	return parse_new_source(p, &source, true, file);
}

bool
command_include(Parser *p)
{
	Lexer inner;
	Lexer *outer = p->lex;
	int outer_blocks = p->outer_blocks;
	size_t pos;
	const char *path;
	int file;
	bool fine;

	if (lex_at_end(p->lex))
		return parse_fail(p, p->command_pos, "write \\include FILE",
						  "\\include needs the name of a file");
	pos = p->lex->pos;
	path = lex_value_text(p->lex, p->err);
	if (path == NULL || !parse_end(p))
		return false;
	if (p->context->no_include)
		return parse_fail(p, p->command_pos, NULL,
						  "\\include is not possible in this plan");
	path = included_path(p, path);
	if (strcmp(path, "-") == 0)
		return parse_fail(p, pos, "write ./- for a file of that name",
						  "standard input cannot be included");
	if (!may_include(p, path, parse_real_path(p, path), pos) ||
		!read_included(p, path, pos, &file))
		return false;
	p->include_paths[p->nincludes++] = parse_real_path(p, path);
	lex_init(&inner, p->plan, file);
	p->lex = p->sql.lex = p->reader.lex = &inner;
	p->outer_blocks = p->nblocks;
	fine = parse_text(p);
	p->lex = p->sql.lex = p->reader.lex = outer;
	p->outer_blocks = outer_blocks;
	p->sql_step = -1;
	p->nincludes--;
	return fine;
}
