/*
 * test_rowset.c
 *		Rows are found again, identical ones told apart, in 24 bytes each.
 */
#include "tap.h"

#include "rowset.h"

static RowKey
key(uint64_t hi, uint64_t lo, int64_t occurrence)
{
	return (RowKey){.hash = {hi, lo}, .occurrence = occurrence};
}

static void
test_outcomes(void)
{
	RowSet *set = rowset_new();
	RowKey a = key(7, 7, 1);
	RowKey b = key(7, 7, 2);
	RowKey c = key(0, 7, 1);

	is_i64(rowset_get(set, &a), OUTCOME_UNKNOWN, "an empty set knows nothing");
	rowset_put(set, &a, OUTCOME_FAILED);
	rowset_put(set, &b, OUTCOME_OK);
	is_i64(rowset_get(set, &a), OUTCOME_FAILED, "one failed");
	is_i64(rowset_get(set, &b), OUTCOME_OK, "its twin ended well");
	is_i64(rowset_get(set, &c), OUTCOME_UNKNOWN, "another row is another one");
	is_i64(rowset_count(set, OUTCOME_FAILED), 1, "one failure is counted");
	rowset_put(set, &a, OUTCOME_OK);
	rowset_put(set, &a, OUTCOME_OK);
	is_i64(rowset_get(set, &a), OUTCOME_OK, "the last outcome counts");
	is_i64(rowset_count(set, OUTCOME_FAILED), 0, "no failure is left");
	is_i64(rowset_count(set, OUTCOME_OK), 2, "each row counts once");
	rowset_free(set);
}

static void
test_occurrences(void)
{
	RowSet *set = rowset_new();
	RowKey a = key(1, 2, 1);
	RowKey b = key(2, 1, 1);

	rowset_put(set, &a, OUTCOME_OK);
	is_i64(rowset_occurrence(set, a.hash), 1, "seen for the first time");
	is_i64(rowset_occurrence(set, a.hash), 2, "and again");
	is_i64(rowset_occurrence(set, b.hash), 1,
		   "the other way round is another");
	is_i64(rowset_occurrence(set, a.hash), 3, "and again");
	is_i64(rowset_get(set, &a), OUTCOME_OK, "the outcome is still known");
	a.occurrence = 2;
	is_i64(rowset_get(set, &a), OUTCOME_UNKNOWN, "seeing is not knowing");
	is_i64(rowset_count(set, OUTCOME_OK), 1, "one ended well");
	rowset_free(set);
}

/* Plain numbers, as of tasks without rows, are the worst hash there is. */
static void
test_many(int64_t rows)
{
	RowSet *set = rowset_new();
	int64_t wrong = 0;
	double bytes;

	for (int64_t i = 1; i <= rows; i++)
	{
		RowKey k = key(0, (uint64_t) i, 1);

		rowset_put(set, &k, i % 10 == 0 ? OUTCOME_FAILED : OUTCOME_OK);
	}
	for (int64_t i = 1; i <= 2 * rows; i++)
	{
		RowKey k = key(0, (uint64_t) i, 1);
		RowOutcome want = i > rows		? OUTCOME_UNKNOWN
						  : i % 10 == 0 ? OUTCOME_FAILED
										: OUTCOME_OK;

		if (rowset_get(set, &k) != want)
			wrong++;
	}
	is_i64(wrong, 0, "all of %lld rows are found, and no others",
		   (long long) rows);
	bytes = (double) rowset_bytes(set) / (double) rows;
	ok(bytes <= 24, "%.1f bytes a row are at most 24", bytes);
	rowset_free(set);
}

int
main(void)
{
	test_outcomes();
	test_occurrences();
	test_many(100000);
	test_many(123457);
	test_many(1000000);
	return done_testing();
}
