/*
 * rowset.c
 *	  Which rows a job has done: open addressing in many small tables.
 *
 * The hash is cut into the number of a table and a key of 96 bits.  Each
 * table grows by a quarter when 7 of 8 places are taken, so that at least
 * 0.7 of them are; and only one of 256 is there twice while it grows.  Two
 * rows among a thousand million are mistaken for each other with a chance of
 * 2^-45.
 */
#include "rowset.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define TABLES 256
#define FIRST_CAP 8
#define SEEN_SHIFT 2
#define SEEN_MAX ((UINT32_C(1) << 30) - 1)

/* info 0: the place is free */
typedef struct Entry
{
	uint32_t key[3];
	uint32_t info; /* RowOutcome, and above it how often it was seen */
} Entry;

typedef struct Table
{
	Entry *entries;
	uint32_t cap;
	uint32_t used;
} Table;

struct RowSet
{
	Table tables[TABLES];
	int64_t counts[OUTCOME_MARKED + 1];
};

/* The finalizer of SplitMix64: every bit in touches every bit out. */
static uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* The table of a row, and its key there; plain numbers spread well, too. */
static int
cut(RowHash hash, int64_t occurrence, uint32_t key[3])
{
	uint64_t a = hash.low + mix((uint64_t) occurrence);
	uint64_t b = hash.high ^ mix(a);

	a ^= mix(b);
	key[0] = (uint32_t) b;
	key[1] = (uint32_t) (b >> 32);
	key[2] = (uint32_t) a;
	return (int) (a >> 56);
}

static uint32_t
home(const Table *table, const uint32_t key[3])
{
	return (uint32_t) (((uint64_t) key[1] * table->cap) >> 32);
}

/* The entry with this key, or the free one where it belongs. */
static Entry *
find(const Table *table, const uint32_t key[3])
{
	uint32_t at = home(table, key);

	while (table->entries[at].info != 0 &&
		   memcmp(table->entries[at].key, key,
				  sizeof(table->entries[at].key)) != 0)
		at = at + 1 == table->cap ? 0 : at + 1;
	return &table->entries[at];
}

static void
grow(Table *table)
{
	Table bigger = {.used = table->used};

	bigger.cap =
		table->cap == 0 ? FIRST_CAP : table->cap + (table->cap + 3) / 4;
	bigger.entries = mem_alloc(bigger.cap * sizeof(Entry));
	for (uint32_t i = 0; i < table->cap; i++)
		if (table->entries[i].info != 0)
			*find(&bigger, table->entries[i].key) = table->entries[i];
	free(table->entries);
	*table = bigger;
}

/* The row's entry, made if there is none: info must become other than 0. */
static Entry *
have(RowSet *set, RowHash hash, int64_t occurrence)
{
	uint32_t key[3];
	Table *table = &set->tables[cut(hash, occurrence, key)];
	Entry *entry = table->cap > 0 ? find(table, key) : NULL;

	if (entry != NULL && entry->info != 0)
		return entry;
	if ((uint64_t) table->used * 8 >= (uint64_t) table->cap * 7)
	{
		grow(table);
		entry = find(table, key);
	}
	memcpy(entry->key, key, sizeof(key));
	table->used++;
	return entry;
}

static const Entry *
look(const RowSet *set, RowHash hash, int64_t occurrence)
{
	uint32_t key[3];
	const Table *table = &set->tables[cut(hash, occurrence, key)];
	const Entry *entry;

	if (table->cap == 0)
		return NULL;
	entry = find(table, key);
	return entry->info != 0 ? entry : NULL;
}

static RowOutcome
entry_outcome(const Entry *entry)
{
	return (RowOutcome) (entry->info & 3);
}

void
rowset_put(RowSet *set, const RowKey *key, RowOutcome outcome)
{
	Entry *entry = have(set, key->hash, key->occurrence);

	assert(outcome != OUTCOME_UNKNOWN);
	if (entry->info != 0)
		set->counts[entry_outcome(entry)]--;
	set->counts[outcome]++;
	entry->info = (entry->info & ~UINT32_C(3)) | (uint32_t) outcome;
}

RowOutcome
rowset_get(const RowSet *set, const RowKey *key)
{
	const Entry *entry = look(set, key->hash, key->occurrence);

	return entry == NULL ? OUTCOME_UNKNOWN : entry_outcome(entry);
}

int64_t
rowset_occurrence(RowSet *set, RowHash hash)
{
	Entry *entry = have(set, hash, 1);
	uint32_t seen = entry->info >> SEEN_SHIFT;

	if (entry->info == 0)
		set->counts[OUTCOME_UNKNOWN]++;
	if (seen < SEEN_MAX)
		seen++;
	entry->info = seen << SEEN_SHIFT | (entry->info & 3);
	return seen;
}

int64_t
rowset_count(const RowSet *set, RowOutcome outcome)
{
	return set->counts[outcome];
}

size_t
rowset_bytes(const RowSet *set)
{
	size_t bytes = 0;

	for (int i = 0; i < TABLES; i++)
		bytes += set->tables[i].cap * sizeof(Entry);
	return bytes;
}

RowSet *
rowset_new(void)
{
	return mem_alloc(sizeof(RowSet));
}

void
rowset_free(RowSet *set)
{
	if (set == NULL)
		return;
	for (int i = 0; i < TABLES; i++)
		free(set->tables[i].entries);
	free(set);
}
