/*
 * template_read.h
 *	  Reading the templates of meta-commands out of a plan's text.
 *
 * Each reads from lex->pos on, moves it behind what was read and leaves the
 * result in the plan's arena.  A variable is :name or :{name}; \: is a colon
 * that begins none; so is :: (as in a cast or an IPv6 address), unless a
 * brace follows.
 */
#ifndef TEMPLATE_READ_H
#define TEMPLATE_READ_H

#include "lex.h"
#include "template_build.h"

typedef struct TemplateReader
{
	Lexer *lex;
	Plan *plan;
	TemplateBuilder *builder;
	Err *err;
} TemplateReader;

/* A bare word or a quoted value; every variable gets this form. */
extern bool template_read_value(const TemplateReader *reader, PartForm form,
								Template *out);

/* The rest of the line as it stands (\\ is a backslash), for \echo. */
extern bool template_read_line(const TemplateReader *reader, Template *out);

/*
 * The rest of the line for the shell: only a word of its own that is :name or
 * :{name} is a variable, and ::word stands for :word, as in pgbench.
 */
extern bool template_read_shell(const TemplateReader *reader, Template *out);

/*
 * A JSON value to its balanced end, over several lines if need be.  Where a
 * value may stand, :v is a variable; inside strings only :{v} is.  The whole
 * may be in single quotes.  (template_json.c)
 */
extern bool template_read_json(const TemplateReader *reader, Template *out);

#endif /* TEMPLATE_READ_H */
