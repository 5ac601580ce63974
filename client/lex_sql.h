/*
 * lex_sql.h
 *	  Where an SQL statement ends and which variables it mentions.
 *
 * Follows psql's scanner: quotes, E'' strings, dollar quotes, nested comments
 * and parentheses hide what is inside.  A statement ends at a semicolon, at a
 * backslash that begins a command, or with the file.
 */
#ifndef LEX_SQL_H
#define LEX_SQL_H

#include "lex.h"
#include "template_build.h"

#define SQL_MAX_BINDS 65535 /* what the protocol can count */

/* A :name inside a literal, where nothing is replaced. */
typedef struct SqlMention
{
	Slice name;
	Place place;
} SqlMention;

/* Zeroed to begin a plan; used for one statement after another. */
typedef struct SqlScan
{
	/* given */
	Lexer *lex;
	Plan *plan;				  /* where names become symbols */
	TemplateBuilder *builder; /* receives the parts */
	Err *err;

	/* collected over all statements, at most SQL_MAX_MENTIONS */
	SqlMention *mentions;
	int nmentions;

	/* found in the last statement */
	bool found;		   /* a statement, not just comments */
	size_t start;	   /* of its first token */
	size_t body_start; /* of its text: a hint may stand before */
	char verb[24];	   /* upper case, may be empty */
	SqlTransaction transaction;
	bool is_compound;
	bool takes_no_binds;
	Place bind_place;	 /* line 0: no binds */
	bool has_psql_forms; /* :'v', :"v", :{v}: unknown to pgbench */
	bool ended_by_semicolon;
} SqlScan;

#define SQL_MAX_MENTIONS 1000

/* Read one statement from lex->pos on; its parts are in the builder. */
extern bool lex_sql(SqlScan *scan);

#endif /* LEX_SQL_H */
