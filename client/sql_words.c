/*
 * sql_words.c
 *	  What the first words of an SQL statement tell about it.
 */
#include "sql_words.h"

#include <string.h>

static bool
word_is(const SqlWords *words, int i, const char *word)
{
	return i < words->count && strcmp(words->words[i], word) == 0;
}

static bool
is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
	{
		if (strcmp(word, *list) == 0)
			return true;
	}
	return false;
}

void
sql_words_add(SqlWords *words, const char *text, size_t len, bool in_parens)
{
	char word[SQL_WORD_BYTES] = "";

	if (in_parens && words->count > 0)
		return;
	for (size_t i = 0; i < len && i < sizeof(word) - 1; i++)
		word[i] = text[i] >= 'A' && text[i] <= 'Z'
					  ? (char) (text[i] - 'A' + 'a')
					  : text[i];
	if (words->saw_as && !words->after_as_is_execute)
		words->after_as_is_execute = strcmp(word, "execute") == 0;
	else if (strcmp(word, "as") == 0)
		words->saw_as = true;
	if (words->count < SQL_MAX_WORDS)
		memcpy(words->words[words->count++], word, sizeof(word));
}

bool
sql_words_have(const SqlWords *words, int from, const char *word)
{
	for (int i = from; i < words->count; i++)
	{
		if (word_is(words, i, word))
			return true;
	}
	return false;
}

bool
sql_words_make_routine(const SqlWords *words)
{
	int at = word_is(words, 1, "or") ? 3 : 1;

	return word_is(words, 0, "create") &&
		   (word_is(words, at, "function") || word_is(words, at, "procedure"));
}

SqlTransaction
sql_words_transaction(const SqlWords *words)
{
	const char *verb = words->count > 0 ? words->words[0] : "";
	bool goes_on =
		sql_words_have(words, 1, "chain") && !sql_words_have(words, 1, "no");

	if (strcmp(verb, "begin") == 0)
		return SQL_TX_BEGIN;
	if (strcmp(verb, "start") == 0 && word_is(words, 1, "transaction"))
		return SQL_TX_BEGIN;
	if (strcmp(verb, "prepare") == 0 && word_is(words, 1, "transaction"))
		return SQL_TX_END;
	if (strcmp(verb, "commit") != 0 && strcmp(verb, "end") != 0 &&
		strcmp(verb, "rollback") != 0 && strcmp(verb, "abort") != 0)
		return SQL_TX_SAME;
	/* two-phase commands and savepoints leave an open transaction open */
	if (word_is(words, 1, "prepared") || sql_words_have(words, 1, "to"))
		return SQL_TX_SAME;
	return goes_on ? SQL_TX_BEGIN : SQL_TX_END;
}

/* Where the statement proper begins: EXPLAIN stands in front of another. */
static int
skip_explain(const SqlWords *words)
{
	int at = 0;

	if (!word_is(words, 0, "explain"))
		return 0;
	at++;
	while (word_is(words, at, "analyze") || word_is(words, at, "analyse") ||
		   word_is(words, at, "verbose"))
		at++;
	return at;
}

/*
 * The statements that the server analyses when it parses them take
 * parameters; all others are utility commands, whose text it keeps as it is
 * (tried one by one against PostgreSQL 15).
 */
bool
sql_words_take_binds(const SqlWords *words)
{
	static const char *const takers[] = {
		"select", "insert", "update", "delete",	 "merge", "values",
		"with",	  "table",	"call",	  "declare", NULL};
	static const char *const table_kinds[] = {
		"temp", "temporary", "unlogged", "global", "local", NULL};
	int at = skip_explain(words);

	if (at >= words->count || is_one_of(words->words[at], takers))
		return true;
	if (!word_is(words, at, "create"))
		return false;
	for (at++; at < words->count; at++)
	{
		if (!is_one_of(words->words[at], table_kinds))
			break;
	}
	return word_is(words, at, "table") && words->saw_as &&
		   !words->after_as_is_execute;
}
