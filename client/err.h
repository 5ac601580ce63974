/*
 * err.h
 *	  What went wrong, as a plain value.
 *
 * Every function that can fail returns bool and takes "Err *err" last; it
 * fills *err and returns false.  Nobody but main and the reports prints one.
 * An Err owns no memory: it may be copied and thrown away.
 */
#ifndef ERR_H
#define ERR_H

#include <stdbool.h>
#include <stdio.h>

typedef enum ErrKind
{
	ERR_NONE,
	ERR_USAGE,	 /* command line; exit 1 */
	ERR_PLAN,	 /* plan text or its check; exit 1 */
	ERR_CONNECT, /* no connection; exit 4 at start */
	ERR_SQL,	 /* the server refused; sqlstate is set */
	ERR_LOST,	 /* connection lost in the middle */
	ERR_HTTP,	 /* no answer, or a status that is an error */
	ERR_DATA,	 /* a value is not what the step needs */
	ERR_TIMEOUT, /* our own deadline passed */
	ERR_CANCEL,	 /* somebody asked to stop */
	ERR_ASSERT,	 /* \assert or \expect; exit 3 */
	ERR_IO		 /* files, descriptors, memory limits */
} ErrKind;

typedef struct Err
{
	ErrKind kind;
	char sqlstate[6];  /* empty when there is none */
	char message[768]; /* lower case, no full stop */
	char hint[384];	   /* what to do; may be empty */

	/* Where, when it is about a text: line 0 means "no place". */
	char file[128];
	int line;		   /* from 1 */
	int column;		   /* from 1, in characters; 0: the whole line */
	char excerpt[160]; /* the line itself, tabs as blanks */
	int caret;		   /* offset of the place in excerpt, from 0 */
} Err;

/*
 * Set kind and message, forget everything else.  Always returns false, so
 * that "return err_set(err, ...)" is the way out.  A NULL err is allowed.
 */
extern bool err_set(Err *err, ErrKind kind, const char *fmt, ...)
	__attribute__((cold, format(printf, 3, 4)));

/* Add the remedy to an error already set. */
extern void err_hint(Err *err, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));

/* Put text in front of the message already set. */
extern void err_prefix(Err *err, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));

/* Put text behind the message already set. */
extern void err_suffix(Err *err, const char *fmt, ...)
	__attribute__((cold, format(printf, 2, 3)));

/* Forget everything: kind becomes ERR_NONE. */
extern void err_clear(Err *err);

/*
 * "asyncdemo: error: FILE:LINE:COL: message", the excerpt with a caret, and
 * the hint, each on lines of its own.  Control characters are escaped.
 */
extern void err_print(FILE *out, const char *level, const Err *err)
	__attribute__((cold));

/* "timeout", "sql", ...: the word used in reports and in JSON. */
extern const char *err_kind_name(ErrKind kind);

/*
 * The nearest of "names" to a mistyped "word", or NULL when none is near
 * enough to be worth a guess (Damerau-Levenshtein distance, a third of the
 * word's length at most).
 */
extern const char *err_nearest(const char *word, const char *const *names,
							   int nnames);

#endif /* ERR_H */
