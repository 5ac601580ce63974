/*
 * parser.h
 *	  The state of reading a plan.  Private to the parse_*.c files.
 *
 * Steps are collected in drafts, one for every body; when all files were read
 * parse_body.c turns the drafts into the plan's bodies.  Every function that
 * returns bool has filled p->err when it returns false.
 */
#ifndef PARSER_H
#define PARSER_H

#include "lex.h"
#include "lex_sql.h"
#include "template_build.h"
#include "template_read.h"

#define PARSE_MAX_BLOCKS 100  /* \if, \gather ... inside each other */
#define PARSE_MAX_INCLUDES 10 /* files that include each other */
#define PARSE_MAX_SOURCES 1000
#define PARSE_MAX_STEPS 2000000
#define PARSE_MAX_BYTES ((size_t) 64 << 20)

/* A body under way. */
typedef struct Draft
{
	struct Draft *next;
	Body body; /* name, count, place */
	PlanStep *steps;
	int nsteps;
	int cap;
} Draft;

typedef enum BlockKind
{
	BLOCK_SETUP,
	BLOCK_TEARDOWN,
	BLOCK_GATHER,
	BLOCK_IF,
	BLOCK_PIPELINE
} BlockKind;

typedef struct Block
{
	BlockKind kind;
	Place place;	/* of the command that opened it */
	int step;		/* GATHER, IF: whose "end" is still open */
	int jump;		/* IF: last of the chain of JUMPs, or -1 */
	int else_start; /* IF: first step behind \else, or -1 */
	Draft *outer;	/* SETUP, TEARDOWN: where to go on */
} Block;

/* \blocking, \thread, \timeout, \retry waiting for their step. */
typedef struct Marks
{
	bool any;
	const char *command; /* the first one, for messages */
	Place place;
	bool has_call;
	Call call;
	bool has_timeout;
	int64_t timeout_ns;
	bool has_retry;
	PlanRetry retry;
} Marks;

typedef struct Parser
{
	Plan *plan;
	const PlanContext *context;
	Err *err;
	Lexer *lex; /* of the file being read */
	SqlScan sql;
	TemplateBuilder builder;
	TemplateReader reader;
	Symbols statements; /* texts of SQL statements: their ids */

	Draft *draft;  /* receives the steps */
	Draft prelude; /* of this file: what is before any \task */
	Draft setup;
	Draft teardown;
	bool has_setup;
	bool has_teardown;
	Draft *first_task; /* all files' bodies, in order */
	Draft *last_task;
	Draft *before_file; /* the last body of the files before */

	Buf hooks[HOOK_KINDS]; /* all hooks of a kind, joined by "; " */

	Block blocks[PARSE_MAX_BLOCKS];
	int nblocks;
	int outer_blocks; /* of them, opened by files that include this */
	Marks marks;
	int sql_step; /* the step that \gset may follow, or -1 */

	const char *command; /* the command being read */
	size_t command_pos;	 /* of its backslash */

	const char *include_paths[PARSE_MAX_INCLUDES + 1];
	int nincludes;
	size_t total_bytes;
} Parser;

/* parse.c */
extern bool parse_text(Parser *p); /* what p->lex holds, to its end */
extern bool parse_new_source(Parser *p, const PlanSource *source, bool adopt,
							 int *file);

/* The path without links and dots, or as it is when there is no such file. */
extern const char *parse_real_path(Parser *p, const char *path);
extern bool parse_fail(Parser *p, size_t pos, const char *hint,
					   const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The same, at a place that was noted before. */
extern bool parse_fail_at(Parser *p, Place place, const char *hint,
						  const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* parse_step.c: a new step of the current body; NULL when there are too many
 */
extern PlanStep *parse_add_step(Parser *p, StepKind kind, size_t pos);
extern bool parse_sql(Parser *p); /* one statement, if there is one */

/* parse_command.c */
extern bool parse_command(Parser *p);

/* parse_body.c */
extern bool parse_begin_file(Parser *p);
extern bool parse_end_file(Parser *p, int file);
extern bool parse_make_bodies(Parser *p);
extern void parse_free_drafts(Parser *p);

/* parse_block.c */
extern bool parse_open_block(Parser *p, BlockKind kind, int step);
extern bool parse_all_closed(Parser *p);
extern const char *block_command(BlockKind kind);
extern bool parse_is_inside(const Parser *p, BlockKind kind);

/* parse_mark.c */
extern bool parse_no_marks(Parser *p); /* none may be waiting here */
extern void parse_apply_marks(Parser *p, PlanStep *step);
extern bool parse_duration(Parser *p, const char *what, int64_t *ns);

/* Helpers of the commands (parse_command.c). */
extern bool parse_end(Parser *p); /* nothing more on this line */
extern bool parse_set_name(Parser *p, int *symbol); /* a name to be set */
extern int parse_symbol(Parser *p, Slice name);

#endif /* PARSER_H */
