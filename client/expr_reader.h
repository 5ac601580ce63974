/*
 * expr_reader.h
 *	  An expression being read: for expr_parse.c and expr_literal.c only.
 */
#ifndef EXPR_READER_H
#define EXPR_READER_H

#include "expr_node.h"
#include "expr_parse.h"

typedef struct ExprReader
{
	Lexer *lex;
	Plan *plan;
	Err *err;
	int depth; /* of the recursion */
} ExprReader;

/* Tell what is wrong at this place, with a remedy or NULL; returns NULL. */
extern Expr *expr_fail_at(ExprReader *p, size_t pos, const char *problem,
						  const char *remedy);
extern Expr *expr_new_node(ExprReader *p, ExprOp op, size_t pos);

extern Expr *expr_constant_null(ExprReader *p, size_t pos);
extern Expr *expr_constant_bool(ExprReader *p, bool boolean, size_t pos);
extern Expr *expr_constant_int(ExprReader *p, int64_t integer, size_t pos);
extern Expr *expr_constant_double(ExprReader *p, double number, size_t pos);

/* Does a number begin here?  Then read it; a minus before it is at start. */
extern bool expr_begins_number(const Lexer *lex);
extern Expr *expr_read_number(ExprReader *p, bool negative, size_t start);

/* A string, whose quote is next. */
extern Expr *expr_read_string(ExprReader *p);

#endif /* EXPR_READER_H */
