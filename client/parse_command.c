/*
 * parse_command.c
 *	  Backslash commands: their names, and where each may stand.
 */
#include <string.h>

#include "arena.h"
#include "parse_commands.h"

enum
{
	IS_PGBENCH = 1, /* pgbench has it too */
	IS_MARK = 2,	/* says how the next step runs */
	TAKES_MARKS = 4,
	IN_GATHER = 8, /* may stand between \gather and \end */
	IN_PIPELINE = 16,
	TOP_ONLY = 32 /* not inside any block */
};

typedef struct Command
{
	const char *name;
	bool (*fn)(Parser *p);
	unsigned flags;
} Command;

static const Command commands[] = {
	{"aset", command_aset, IS_PGBENCH | IN_GATHER},
	{"assert", command_assert, IN_PIPELINE},
	{"blocking", command_blocking, IS_MARK | IN_GATHER},
	{"echo", command_echo, IN_PIPELINE},
	{"elif", command_elif, IS_PGBENCH | IN_GATHER | IN_PIPELINE},
	{"else", command_else, IS_PGBENCH | IN_GATHER | IN_PIPELINE},
	{"emit", command_emit, IN_PIPELINE},
	{"end", command_end, IN_GATHER | IN_PIPELINE},
	{"endif", command_endif, IS_PGBENCH | IN_GATHER | IN_PIPELINE},
	{"endpipeline", command_endpipeline, IS_PGBENCH | IN_GATHER | IN_PIPELINE},
	{"expect", command_expect, TOP_ONLY},
	{"gather", command_gather, 0},
	{"gset", command_gset, IS_PGBENCH | IN_GATHER},
	{"hold", command_hold, 0},
	{"hook", command_hook, TOP_ONLY},
	{"http", command_http, TAKES_MARKS | IN_GATHER},
	{"if", command_if, IS_PGBENCH | IN_GATHER | IN_PIPELINE},
	{"include", command_include, 0},
	{"json", command_json, IN_PIPELINE},
	{"option", command_option, TOP_ONLY},
	{"release", command_release, 0},
	{"retry", command_retry, IS_MARK | IN_GATHER},
	{"set", command_set, IS_PGBENCH | IN_PIPELINE},
	{"setshell", command_setshell, IS_PGBENCH | IN_PIPELINE},
	{"setup", command_setup, TOP_ONLY},
	{"shell", command_shell, IS_PGBENCH | IN_PIPELINE},
	{"sleep", command_sleep,
	 IS_PGBENCH | TAKES_MARKS | IN_GATHER | IN_PIPELINE},
	{"startpipeline", command_startpipeline, IS_PGBENCH},
	{"task", command_task, TOP_ONLY},
	{"teardown", command_teardown, TOP_ONLY},
	{"thread", command_thread, IS_MARK | IN_GATHER},
	{"syncpipeline", command_syncpipeline, IS_PGBENCH | IN_PIPELINE},
	{"timeout", command_timeout, IS_MARK | IN_GATHER | IN_PIPELINE}};

#define NCOMMANDS ((int) (sizeof(commands) / sizeof(commands[0])))

/* What people may try because psql or a newer pgbench has it. */
static const struct
{
	const char *name;
	const char *problem;
	const char *hint;
} foreign[] = {
	{"i", "\\i is psql's command", "write \\include FILE"},
	{"ir", "\\ir is psql's command",
	 "write \\include FILE: it is relative to the including file"},
	{"c", "\\c is psql's command",
	 "name the database on the command line, with -d"},
	{"connect", "\\connect is psql's command",
	 "name the database on the command line, with -d"},
	{"copy", "\\copy is psql's command",
	 "give the rows with --input and INSERT each, or load them with psql"},
	{"g", "\\g is psql's command", "end the statement with a semicolon"},
	{"gx", "\\gx is psql's command", "end the statement with a semicolon"},
	{"gexec", "\\gexec is psql's command",
	 "take the rows as input with --input-sql"},
	{"watch", "\\watch is psql's command",
	 "run the plan several times with -t, or for a time with -T"},
	{"timing", "\\timing is psql's command",
	 "leave it out: every run ends with a report of where the time went"},
	{"q", "\\q is psql's command",
	 "leave it out: the plan ends with its file"},
	{"p", "\\p is psql's command", "write \\echo TEXT"},
	{"prompt", "\\prompt is psql's command",
	 "set the variable on the command line, with -D name=value"},
	{"unset", "\\unset is psql's command",
	 "set the variable to null: \\set name null"}};

#define NFOREIGN ((int) (sizeof(foreign) / sizeof(foreign[0])))

bool
parse_end(Parser *p)
{
	return lex_expect_end(p->lex, p->command, p->err);
}

int
parse_symbol(Parser *p, Slice name)
{
	return symbols_intern(&p->plan->symbols, name.text, name.len);
}

bool
parse_set_name(Parser *p, int *symbol)
{
	size_t pos;
	Slice word;

	if (lex_at_end(p->lex))
	{
		parse_fail(p, p->command_pos, NULL,
				   "\\%s needs the name of a variable", p->command);
		err_hint(p->err, "for example \\%s total ...", p->command);
		return false;
	}
	pos = p->lex->pos;
	word = lex_word(p->lex);
	if (word.len > 1 && word.text[0] == ':' &&
		lex_is_name(word.text + 1, word.len - 1))
	{
		parse_fail(p, pos, NULL,
				   "the variable to set is written without a colon");
		err_hint(p->err, "write \\%s %.*s ...", p->command,
				 word.len > 60 ? 60 : (int) word.len - 1, word.text + 1);
		return false;
	}
	if (!lex_is_name(word.text, word.len))
		return parse_fail(
			p, pos, "a name has letters, digits and _, and no digit first",
			"\"%.*s\" cannot be the name of a variable",
			word.len > 60 ? 60 : (int) word.len, word.text);
	*symbol = parse_symbol(p, word);
	return true;
}

static bool
unknown_command(Parser *p, const char *name)
{
	const char *names[NCOMMANDS];
	const char *nearest;

	for (int i = 0; i < NFOREIGN; i++)
	{
		if (strcmp(foreign[i].name, name) == 0)
			return parse_fail(p, p->command_pos, foreign[i].hint, "%s",
							  foreign[i].problem);
	}
	for (int i = 0; i < NCOMMANDS; i++)
		names[i] = commands[i].name;
	nearest = err_nearest(name, names, NCOMMANDS);
	parse_fail(p, p->command_pos, NULL, "unknown command \\%s", name);
	if (nearest != NULL)
		err_hint(p->err, "did you mean \\%s?", nearest);
	else
		err_hint(
			p->err,
			"a backslash begins a command such as \\http, \\set, \\sleep, \\if; inside SQL only \\; and \\: are known");
	return false;
}

/* May the command stand where it stands? */
static bool
check_position(Parser *p, const Command *command)
{
	unsigned flags = command->flags;
	const Block *block = p->nblocks > 0 ? &p->blocks[p->nblocks - 1] : NULL;

	if (!(flags & (IS_MARK | TAKES_MARKS)) && !parse_no_marks(p))
		return false;
	if ((flags & TOP_ONLY) && block != NULL)
	{
		parse_fail(p, p->command_pos, NULL,
				   "\\%s cannot stand inside \\%s (line %d)", command->name,
				   block_command(block->kind), block->place.line);
		err_hint(p->err, block->kind == BLOCK_IF
							 ? "close that with \\endif first"
						 : block->kind == BLOCK_PIPELINE
							 ? "close that with \\endpipeline first"
							 : "close that with \\end first");
		return false;
	}
	if (!(flags & IN_GATHER) && parse_is_inside(p, BLOCK_GATHER))
		return parse_fail(
			p, p->command_pos,
			"a gather holds SQL, \\http, \\sleep, and \\if on variables set before it",
			"\\%s cannot stand in a \\gather", command->name);
	if (!(flags & IN_PIPELINE) && parse_is_inside(p, BLOCK_PIPELINE))
		return parse_fail(
			p, p->command_pos,
			"a pipeline sends several SQL statements at once; end it with \\endpipeline first",
			"\\%s cannot stand in a pipeline", command->name);
	return true;
}

/* Letters, so that "\set" and "\;" are told apart. */
static const char *
read_command_name(Parser *p)
{
	Lexer *lex = p->lex;
	Slice name;

	p->command_pos = lex->pos++;
	name = lex_name(lex);
	if (name.len > 0 && name.len < 60)
		return arena_text(p->plan->arena, name.text, name.len);
	parse_fail(
		p, p->command_pos,
		"a backslash begins a command such as \\http, \\set, \\sleep, \\if",
		name.len > 0 ? "unknown command"
					 : "no command follows this backslash");
	return NULL;
}

bool
parse_command(Parser *p)
{
	const char *name = read_command_name(p);

	if (name == NULL)
		return false;
	for (int i = 0; i < NCOMMANDS; i++)
	{
		const Command *command = &commands[i];

		if (strcmp(command->name, name) != 0)
			continue;
		p->command = command->name;
		if (!(command->flags & IS_PGBENCH) &&
			!p->plan->sources[p->lex->file].is_ours)
			p->plan->is_pgbench = false;
		if (!check_position(p, command))
			return false;
		if (command->fn != command_gset && command->fn != command_aset)
			p->sql_step = -1;
		return command->fn(p);
	}
	return unknown_command(p, name);
}
