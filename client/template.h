/*
 * template.h
 *	  Text with variables in it, cut into parts once when the plan is read.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "buf.h"
#include "err.h"
#include "vars.h"

typedef enum PartForm
{
	PART_TEXT,		 /* as it stands */
	PART_BIND,		 /* :v in SQL: $n, or pasted in simple mode */
	PART_LITERAL,	 /* :'v' */
	PART_IDENTIFIER, /* :"v" */
	PART_PASTE,		 /* the text itself (null: nothing): \echo */
	PART_URL,		 /* percent-encoded as one component */
	PART_HEADER,	 /* pasted; CR, LF, NUL and null are errors */
	PART_JSON,		 /* a JSON value, by type */
	PART_JSON_TEXT,	 /* inside a JSON string: escaped, no quotes */
	PART_URL_START,	 /* the beginning of a URL, pasted */
	PART_SHELL		 /* one word for the shell, quoted if need be */
} PartForm;

typedef struct Part
{
	PartForm form;
	const char *text; /* PART_TEXT: len bytes, in the plan's memory */
	size_t len;
	int symbol;		  /* all others */
	int bind;		  /* PART_BIND: n of $n */
	const char *cast; /* unused by expansion; may be NULL */
	int line;		  /* where the variable stands in its file */
	int column;
} Part;

typedef struct Template
{
	Part *parts;
	int nparts;
	bool is_fixed;			/* no part depends on a variable's value (binds
							 * do not); its text is fixed_text */
	const char *fixed_text; /* with $n for binds, NUL-terminated */
} Template;

/*
 * Append the expanded text.  paste_binds: put values in place of $n, as text
 * (the simple protocol, like pgbench: null is NULL).
 */
extern bool template_expand(const Template *template, const Vars *vars,
							bool paste_binds, Buf *out, Err *err);

#endif /* TEMPLATE_H */
