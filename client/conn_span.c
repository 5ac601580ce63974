/*
 * conn_span.c
 *	  From when to when the server was at a statement, as its rows tell.
 */
#include "conn_span.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conn_private.h"
#include "conn_type.h"

#define US_PER_S INT64_C(1000000)

/* Clocks of two machines need not go equally fast: so much is forgiven. */
#define CLOCK_DRIFT_NS NS_PER_MS

typedef struct SpanPlaces
{
	int pid;
	int started_at;
	int finished_at;
} SpanPlaces;

/* -------- which columns -------- */

/* Not PQfnumber, which makes a copy of the name first; -1: there is none. */
static int
find_column(const PGresult *result, const char *name, Oid type)
{
	for (int i = 0; i < PQnfields(result); i++)
		if (strcmp(PQfname(result, i), name) == 0)
			return PQftype(result, i) == type && PQfformat(result, i) == 0
					   ? i
					   : -1;
	return -1;
}

static bool
find_columns(const PGresult *result, SpanPlaces *places)
{
	if (PQnfields(result) < 3)
		return false;
	places->pid = find_column(result, "pid", INT4OID);
	places->started_at = find_column(result, "started_at", TIMESTAMPTZOID);
	places->finished_at = find_column(result, "finished_at", TIMESTAMPTZOID);
	return places->pid >= 0 && places->started_at >= 0 &&
		   places->finished_at >= 0;
}

bool
conn_span_has_columns(const PGresult *result)
{
	SpanPlaces places;

	return find_columns(result, &places);
}

/* -------- moments -------- */

/* So many digits, and what follows them; negative: there are not. */
static int
take_number(const char **at, int ndigits)
{
	int number = 0;

	for (int i = 0; i < ndigits; i++, (*at)++)
	{
		if (!isdigit((unsigned char) **at))
			return -1;
		number = number * 10 + (**at - '0');
	}
	return number;
}

/* The same with a sign in front of it: a part of the date or the time. */
static bool
take_part(const char **at, char sign, int *number)
{
	if (**at != sign)
		return false;
	(*at)++;
	*number = take_number(at, 2);
	return *number >= 0;
}

/* ".12" are 120,000; none are 0. */
static int
take_fraction_us(const char **at)
{
	int us = 0;

	if (**at != '.')
		return 0;
	(*at)++;
	for (int scale = 100000; isdigit((unsigned char) **at); scale /= 10)
		us += (*(*at)++ - '0') * scale;
	return us;
}

/* "+00", "-03:30", "+00:19:32": how far the zone is ahead of UTC. */
static bool
take_zone_s(const char **at, int *zone_s)
{
	int sign = **at == '-' ? -1 : 1;
	int hours;
	int minutes = 0;
	int seconds = 0;

	if (!take_part(at, sign < 0 ? '-' : '+', &hours))
		return false;
	if (take_part(at, ':', &minutes))
		take_part(at, ':', &seconds);
	if (minutes < 0 || seconds < 0)
		return false;
	*zone_s = sign * (hours * 3600 + minutes * 60 + seconds);
	return true;
}

bool
conn_span_time_us(const char *text, int64_t *time_us)
{
	struct tm tm = {.tm_year = take_number(&text, 4) - 1900};
	int us;
	int zone_s;

	if (tm.tm_year < -1900 || !take_part(&text, '-', &tm.tm_mon) ||
		!take_part(&text, '-', &tm.tm_mday) ||
		!take_part(&text, ' ', &tm.tm_hour) ||
		!take_part(&text, ':', &tm.tm_min) ||
		!take_part(&text, ':', &tm.tm_sec))
		return false;
	us = take_fraction_us(&text);
	if (!take_zone_s(&text, &zone_s) || *text != '\0')
		return false;
	tm.tm_mon--;
	*time_us = ((int64_t) timegm(&tm) - zone_s) * US_PER_S + us;
	return true;
}

/* -------- rows -------- */

/* A pooler's number is not the backend's. */
static bool
is_of_backend(const Conn *conn, const char *pid)
{
	return conn->target->is_pooler || atoi(pid) == conn->pid;
}

static void
take_row(ConnSpan *span, const Conn *conn, const PGresult *result, int row,
		 const SpanPlaces *places)
{
	int64_t from_us;
	int64_t until_us;

	if (!is_of_backend(conn, PQgetvalue(result, row, places->pid)) ||
		!conn_span_time_us(PQgetvalue(result, row, places->started_at),
						   &from_us) ||
		!conn_span_time_us(PQgetvalue(result, row, places->finished_at),
						   &until_us))
		return;
	if (!span->is_told || from_us < span->from_us)
		span->from_us = from_us;
	if (!span->is_told || until_us > span->until_us)
		span->until_us = until_us;
	span->is_told = true;
}

void
conn_span_take(ConnSpan *span, const Conn *conn, const PGresult *result)
{
	SpanPlaces places;

	if (!find_columns(result, &places))
		return;
	for (int row = 0; row < PQntuples(result); row++)
		take_row(span, conn, result, row, &places);
}

int64_t
conn_span_ns(const ConnSpan *span, int64_t own_ns)
{
	int64_t ns;

	if (!span->is_told || own_ns <= 0)
		return 0;
	/* beyond any statement's length the product could overflow */
	if (span->until_us < span->from_us ||
		span->until_us - span->from_us > INT64_MAX / 1000)
		return 0;
	ns = (span->until_us - span->from_us) * 1000;
	if (ns > own_ns + CLOCK_DRIFT_NS)
		return 0;
	return ns < own_ns ? ns : own_ns;
}
