/*
 * rowset.h
 *	  Which rows a job has done, and how often each was seen.
 *
 * A row is known by its content: a hash of 128 bits, and for identical rows
 * their occurrence, counted from 1 in the order of the input.  A set needs
 * at most 24 bytes a row (16 of them hold 104 bits of the hash and the
 * rest).  Not for several threads at once.
 */
#ifndef ROWSET_H
#define ROWSET_H

#include <stdbool.h>

#include "row.h"

/* A task without a row has its number as content: high 0, low the number. */
typedef struct RowKey
{
	RowHash hash;
	int64_t occurrence; /* from 1 */
} RowKey;

typedef enum RowOutcome
{
	OUTCOME_UNKNOWN, /* not in the set, or only seen */
	OUTCOME_OK,		 /* the job log says so */
	OUTCOME_FAILED,	 /* likewise */
	OUTCOME_MARKED	 /* the ledger has it */
} RowOutcome;

typedef struct RowSet RowSet;

extern RowSet *rowset_new(void);
extern void rowset_free(RowSet *set);

/* Remember how the row ended; the last one counts. */
extern void rowset_put(RowSet *set, const RowKey *key, RowOutcome outcome);
extern RowOutcome rowset_get(const RowSet *set, const RowKey *key);

/*
 * The input has one more row of this content: which occurrence is it?  At
 * most 2^30 - 1 are told apart.
 */
extern int64_t rowset_occurrence(RowSet *set, RowHash hash);

extern int64_t rowset_count(const RowSet *set, RowOutcome outcome);
extern size_t rowset_bytes(const RowSet *set); /* what its entries occupy */

#endif /* ROWSET_H */
