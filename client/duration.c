/*
 * duration.c
 *	  Spans of time as people write them: 2, 0.5s, 100ms, 1min.
 */
#include "duration.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "value.h"

#define MAX_SECONDS (100.0 * 366 * 24 * 3600)

typedef struct Unit
{
	const char *name;
	int64_t ns;
} Unit;

static const Unit units[] = {{"ns", 1},
							 {"us", 1000},
							 {"ms", 1000000},
							 {"s", INT64_C(1000000000)},
							 {"sec", INT64_C(1000000000)},
							 {"min", INT64_C(60000000000)},
							 {"h", INT64_C(3600000000000)},
							 {"d", INT64_C(86400000000000)}};

#define NUNITS ((int) (sizeof(units) / sizeof(units[0])))

static int64_t
unit_ns(const char *name, size_t len)
{
	if (len == 0)
		return INT64_C(1000000000);
	for (int i = 0; i < NUNITS; i++)
	{
		if (strlen(units[i].name) == len &&
			strncasecmp(units[i].name, name, len) == 0)
			return units[i].ns;
	}
	return 0;
}

bool
duration_parse(const char *text, size_t len, int64_t *ns)
{
	char number[64];
	size_t digits = 0;
	int64_t integer;
	int64_t unit;
	double value;
	ValueKind kind;

	while (digits < len && strchr("0123456789.", text[digits]) != NULL &&
		   text[digits] != '\0')
		digits++;
	unit = unit_ns(text + digits, len - digits);
	if (digits == 0 || digits >= sizeof(number) || unit == 0)
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	kind = value_read_number(number, digits, &integer, &value);
	if (kind == VALUE_TEXT)
		return false;
	if (kind == VALUE_INT)
		value = (double) integer;
	if (value * (double) unit > MAX_SECONDS * 1e9)
		return false;
	/* whole numbers are exact, however large */
	*ns = kind == VALUE_INT ? integer * unit
							: (int64_t) llround(value * (double) unit);
	return true;
}

void
duration_print(int64_t ns, Buf *out)
{
	if (ns % 1000000000 == 0)
		buf_printf(out, "%" PRId64 "s", ns / 1000000000);
	else if (ns % 1000000 == 0)
		buf_printf(out, "%" PRId64 "ms", ns / 1000000);
	else if (ns % 1000 == 0)
		buf_printf(out, "%" PRId64 "us", ns / 1000);
	else
		buf_printf(out, "%" PRId64 "ns", ns);
}
