/*
 * builtin.c
 *	  pgbench's built-in scripts, as its documentation prints them.
 */
#include "builtin.h"

#include <string.h>

#define BEGIN_RANDOM                          \
	"\\set aid random(1, 100000 * :scale)\n"  \
	"\\set bid random(1, 1 * :scale)\n"       \
	"\\set tid random(1, 10 * :scale)\n"      \
	"\\set delta random(-5000, 5000)\n"       \
	"BEGIN;\n"                                \
	"UPDATE pgbench_accounts SET abalance = " \
	"abalance + :delta WHERE aid = :aid;\n"   \
	"SELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n"

#define INSERT_HISTORY                                                 \
	"INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES" \
	" (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);\n"                \
	"END;\n"

static const Builtin builtins[] = {
	{"tpcb-like", "TPC-B (sort of)",
	 BEGIN_RANDOM "UPDATE pgbench_tellers SET tbalance = "
				  "tbalance + :delta WHERE tid = :tid;\n"
				  "UPDATE pgbench_branches SET bbalance = "
				  "bbalance + :delta WHERE bid = :bid;\n" INSERT_HISTORY},
	{"simple-update", "the same without tellers and branches",
	 BEGIN_RANDOM INSERT_HISTORY},
	{"select-only", "one account",
	 "\\set aid random(1, 100000 * :scale)\n"
	 "SELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n"}};

#define NBUILTINS ((int) (sizeof(builtins) / sizeof(builtins[0])))

const char builtin_scale[] =
	"\\setup\n"
	"SELECT count(*) AS scale FROM pgbench_branches \\gset\n"
	"\\end\n";

const Builtin *
builtin_find(const char *name, size_t len, Err *err)
{
	const Builtin *found = NULL;
	int nfound = 0;

	for (int i = 0; len > 0 && i < NBUILTINS; i++)
	{
		if (strncmp(builtins[i].name, name, len) != 0)
			continue;
		found = &builtins[i];
		nfound++;
	}
	if (nfound == 1)
		return found;
	err_set(err, ERR_USAGE,
			nfound > 1 ? "more than one built-in script begins with \"%.*s\""
					   : "there is no built-in script \"%.*s\"",
			len > 60 ? 60 : (int) len, name);
	err_hint(err, "there are tpcb-like, simple-update and select-only");
	return NULL;
}

void
builtin_list(FILE *out)
{
	fprintf(out, "Built-in scripts:\n");
	for (int i = 0; i < NBUILTINS; i++)
		fprintf(out, "  %-14s %s\n", builtins[i].name, builtins[i].title);
}
