/*
 * report_duration.c
 *	  Durations as text: for people, with three significant digits and the
 *	  right unit; for programs, exactly.
 */
#include "report.h"

/* Whatever the locale's decimal sign. */
const char *
report_seconds(int64_t ns, char *buf, int bytes)
{
	uint64_t size = ns < 0 ? -(uint64_t) ns : (uint64_t) ns;

	snprintf(buf, (size_t) bytes, "%s%llu.%09llu", ns < 0 ? "-" : "",
			 (unsigned long long) (size / 1000000000),
			 (unsigned long long) (size % 1000000000));
	return buf;
}

const char *
report_duration(int64_t ns, char *buf, int bytes)
{
	const char *sign = ns < 0 ? "-" : "";
	double value = ns < 0 ? -(double) ns : (double) ns;
	double unit_ns = 1e9;
	const char *unit = "s";
	double shown;
	int digits;

	/* a value that rounds up to the next unit is printed in that unit */
	if (value < 999.5)
	{
		snprintf(buf, (size_t) bytes, "%s%.0f ns", value == 0 ? "" : sign,
				 value);
		return buf;
	}
	if (value < 999.5e3)
	{
		unit_ns = 1e3;
		unit = "us";
	}
	else if (value < 99.95e6)
	{
		unit_ns = 1e6;
		unit = "ms";
	}
	shown = value / unit_ns;
	digits = shown < 9.995 ? (shown < 0.9995 ? 3 : 2) : shown < 99.95 ? 1 : 0;
	snprintf(buf, (size_t) bytes, "%s%.*f %s", sign, digits, shown, unit);
	return buf;
}
