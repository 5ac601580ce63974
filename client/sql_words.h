/*
 * sql_words.h
 *	  What the first words of an SQL statement tell about it.
 *
 * No parser: enough to know whether a statement opens or ends a transaction
 * and whether the server lets it take bind parameters.
 */
#ifndef SQL_WORDS_H
#define SQL_WORDS_H

#include "plan.h"

#define SQL_MAX_WORDS 8
#define SQL_WORD_BYTES 24 /* longer words are cut: no keyword is */

/* Zeroed to begin.  Only words outside parentheses, but for the first. */
typedef struct SqlWords
{
	char words[SQL_MAX_WORDS][SQL_WORD_BYTES]; /* lower case */
	int count;
	bool saw_as;
	bool after_as_is_execute;
} SqlWords;

extern void sql_words_add(SqlWords *words, const char *text, size_t len,
						  bool in_parens);
extern SqlTransaction sql_words_transaction(const SqlWords *words);
extern bool sql_words_take_binds(const SqlWords *words);

/* CREATE [OR REPLACE] FUNCTION or PROCEDURE: BEGIN ATOMIC ... END inside. */
extern bool sql_words_make_routine(const SqlWords *words);

/* Does any of the words from "from" on equal this one? */
extern bool sql_words_have(const SqlWords *words, int from, const char *word);

#endif /* SQL_WORDS_H */
