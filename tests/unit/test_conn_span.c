/*
 * test_conn_span.c
 *	  What rows tell of the server's own time, and which are not believed.
 */
#include "conn_span.h"

#include <string.h>

#include "conn_private.h"
#include "tap.h"

#define INT4OID 23
#define TEXTOID 25
#define TIMESTAMPTZOID 1184
#define PID 4711

static ConnTarget target;
static Conn conn = {.pid = PID, .target = &target};

typedef struct Column
{
	const char *name;
	Oid type;
} Column;

static const Column span_columns[] = {{"pid", INT4OID},
									  {"started_at", TIMESTAMPTZOID},
									  {"finished_at", TIMESTAMPTZOID}};

static PGresult *
result_of(const Column *columns, int n)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc attributes[8] = {{0}};

	for (int i = 0; i < n; i++)
		attributes[i] = (PGresAttDesc){.name = (char *) columns[i].name,
									   .typid = columns[i].type};
	PQsetResultAttrs(result, n, attributes);
	return result;
}

static void
add_row(PGresult *result, const char *pid, const char *from, const char *until)
{
	const char *values[] = {pid, from, until};
	int row = PQntuples(result);

	for (int i = 0; i < 3; i++)
		PQsetvalue(result, row, i, (char *) values[i],
				   values[i] != NULL ? (int) strlen(values[i]) : -1);
}

/* Of one row, for a statement that took a second. */
static int64_t
told_ns(const char *pid, const char *from, const char *until)
{
	PGresult *result = result_of(span_columns, 3);
	ConnSpan span = {0};

	add_row(result, pid, from, until);
	conn_span_take(&span, &conn, result);
	PQclear(result);
	return conn_span_ns(&span, NS_PER_S);
}

static void
test_moments(void)
{
	static const struct
	{
		const char *text;
		int64_t us; /* -1: none */
	} cases[] = {
		{"1970-01-01 00:00:00+00", 0},
		{"1970-01-02 00:00:01.5+00", INT64_C(86401500000)},
		{"2026-02-28 23:59:59.000001+00", INT64_C(1772323199000001)},
		{"2026-02-28 18:59:59.000001-05", INT64_C(1772323199000001)},
		{"2026-03-01 05:29:59.000001+05:30", INT64_C(1772323199000001)},
		{"1970-01-01 00:19:32+00:19:32", 0},
		{"28.02.2026 23:59:59 UTC", -1},
		{"02/28/2026 23:59:59 UTC", -1},
		{"Sat Feb 28 23:59:59 2026 UTC", -1},
		{"infinity", -1},
		{"", -1},
		{"2026-02-28", -1},
		{"2026-02-28 23:59:59", -1},
		{"2026-02-28 23:59:59+", -1},
		{"2026-02-28 23:59:59+00:", -1},
		{"0044-03-15 12:00:00+00 BC", -1},
		{"12026-02-28 23:59:59+00", -1}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		int64_t us = -1;
		bool is_one = conn_span_time_us(cases[i].text, &us);

		is_i64(is_one ? us : -1, cases[i].us, "moment: \"%s\"", cases[i].text);
	}
}

static void
test_columns(void)
{
	static const Column more[] = {{"n", INT4OID},
								  {"finished_at", TIMESTAMPTZOID},
								  {"started_at", TIMESTAMPTZOID},
								  {"pid", INT4OID}};
	static const Column texts[] = {{"pid", INT4OID},
								   {"started_at", TEXTOID},
								   {"finished_at", TIMESTAMPTZOID}};
	static const Column others[] = {{"pid", INT4OID},
									{"started_at", TIMESTAMPTZOID},
									{"ended_at", TIMESTAMPTZOID}};
	static const struct
	{
		const char *what;
		const Column *columns;
		int n;
		bool is_there;
	} cases[] = {{"the function's own", span_columns, 3, true},
				 {"in another order, among others", more, 4, true},
				 {"a column of another type", texts, 3, false},
				 {"a column of another name", others, 3, false},
				 {"too few", span_columns, 2, false},
				 {"none", span_columns, 0, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		PGresult *result = result_of(cases[i].columns, cases[i].n);

		is_i64(conn_span_has_columns(result), cases[i].is_there, "columns: %s",
			   cases[i].what);
		PQclear(result);
	}
}

static void
test_rows(void)
{
	static const char from[] = "2026-02-28 12:00:00.1+00";
	static const char until[] = "2026-02-28 12:00:00.4+00";

	is_i64(told_ns("4711", from, until), 300 * NS_PER_MS, "a row");
	is_i64(told_ns("4711", from, from), 0, "of no length");
	is_i64(told_ns("4711", until, from), 0, "that ends before it begins");
	is_i64(told_ns("4712", from, until), 0, "of another backend");
	is_i64(told_ns(NULL, NULL, NULL), 0, "of nothing but nulls");
	is_i64(told_ns("4711", from, NULL), 0, "without an end");
	is_i64(told_ns("4711", from, "2026-02-28 12:00:02+00"), 0,
		   "longer than the statement was");
	is_i64(told_ns("4711", from, "2026-02-28 12:00:01.1005+00"), NS_PER_S,
		   "by as little as clocks differ");
	is_i64(told_ns("4711", "0001-01-01 00:00:00+00", "9999-01-01 00:00:00+00"),
		   0, "of all time");
	target.is_pooler = true;
	is_i64(told_ns("4712", from, until), 300 * NS_PER_MS,
		   "through a pooler, which has other numbers");
	target.is_pooler = false;
}

static void
test_several_rows(void)
{
	PGresult *first = result_of(span_columns, 3);
	PGresult *second = result_of(span_columns, 3);
	ConnSpan span = {0};

	is_i64(conn_span_ns(&span, NS_PER_S), 0, "nothing yet");
	add_row(first, "4711", "2026-02-28 12:00:00.1+00",
			"2026-02-28 12:00:00.2+00");
	add_row(first, "1", "2026-02-28 11:00:00+00", "2026-02-28 13:00:00+00");
	add_row(second, "4711", "2026-02-28 12:00:00.2+00",
			"2026-02-28 12:00:00.35+00");
	conn_span_take(&span, &conn, first);
	conn_span_take(&span, &conn, second);
	is_i64(conn_span_ns(&span, NS_PER_S), 250 * NS_PER_MS,
		   "from the first one's begin to the last one's end");
	is_i64(conn_span_ns(&span, 0), 0, "of a statement that took no time");
	PQclear(first);
	PQclear(second);
}

int
main(void)
{
	test_moments();
	test_columns();
	test_rows();
	test_several_rows();
	return done_testing();
}
