/*
 * lex.h
 *	  The text of one file and a position in it.
 *
 * The functions here know blanks, lines, names, words and quoted values: what
 * all meta-commands share.  They move pos forward only.  Nothing is owned;
 * what is handed out lives in the plan's arena or is a slice of the text.
 */
#ifndef LEX_H
#define LEX_H

#include "plan.h"

typedef struct Lexer
{
	const Plan *plan; /* for the places of errors */
	int file;		  /* index into plan->sources */
	const char *text;
	size_t len;
	size_t pos;
	size_t seen_pos; /* the place that was asked for last: asking */
	int seen_line;	 /* for a near one costs only the distance */
	int seen_column;
} Lexer;

typedef struct Slice
{
	const char *text;
	size_t len;
} Slice;

extern void lex_init(Lexer *lex, const Plan *plan, int file);
extern Place lex_place(Lexer *lex, size_t pos);

/* Set an ERR_PLAN error at pos; returns false. */
extern bool lex_error(Lexer *lex, size_t pos, Err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

extern bool lex_is_name_start(char c);
extern bool lex_is_name_char(char c);
extern bool lex_is_name(const char *text, size_t len);

/* The byte at pos + ahead, or NUL behind the end. */
extern char lex_peek(const Lexer *lex, size_t ahead);

/* Is a backslash-newline (which continues the line) or a line end at pos? */
extern size_t lex_continuation(const Lexer *lex, size_t pos);
extern bool lex_is_line_end(const Lexer *lex, size_t pos);

/* Blanks within a command, continued lines included. */
extern void lex_blanks(Lexer *lex);

/* Skips blanks and a comment; true at the end of the command. */
extern bool lex_at_end(Lexer *lex);

/* After the last argument: anything more is an error naming the command. */
extern bool lex_expect_end(Lexer *lex, const char *command, Err *err);

/* To the end of the line, which is not part of it. */
extern void lex_skip_line(Lexer *lex);

/* Everything up to the next blank; empty at the end of the command. */
extern Slice lex_word(Lexer *lex);

/* Is this word (any case) next?  Then it is taken. */
extern bool lex_take_word(Lexer *lex, const char *word);
extern bool lex_slice_is(Slice slice, const char *word); /* any case */

/* The variable name at pos, without colon or braces; empty when none. */
extern Slice lex_name(Lexer *lex);

/* name, :name or :{name}; empty when there is none. */
extern Slice lex_variable(Lexer *lex);

/*
 * A value: a bare word, '...' ('' is one quote) or "..." (escapes \" \\ \n \r
 * \t).  Everywhere \: is a colon that begins no variable.  Read it byte by
 * byte: LEX_COLON is a colon that may begin a variable and is not taken yet
 * (pos is at it), LEX_END the end.
 */
#define LEX_END (-1)
#define LEX_COLON (-2)
#define LEX_FAILED (-3)

typedef struct ValueLexer
{
	Lexer *lex;
	char quote; /* NUL: a bare word */
	size_t start;
	bool is_open; /* the closing quote is still to come */
} ValueLexer;

extern ValueLexer lex_value_begin(Lexer *lex);
extern int lex_value_next(ValueLexer *value, Err *err);

/* The whole value as text in the plan's arena; NULL when it failed. */
extern const char *lex_value_text(Lexer *lex, Err *err);

#endif /* LEX_H */
