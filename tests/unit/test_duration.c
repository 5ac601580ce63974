/*
 * test_duration.c
 *		Spans of time: what is read, what is refused, what is printed.
 */
#include <string.h>

#include "duration.h"

#include "tap.h"

static const struct
{
	const char *text;
	int64_t ns; /* -1: refused */
	const char *printed;
} cases[] = {{"2", INT64_C(2000000000), "2s"},
			 {"0", 0, "0s"},
			 {"0.5", 500000000, "500ms"},
			 {".25s", 250000000, "250ms"},
			 {"100ms", 100000000, "100ms"},
			 {"1.5ms", 1500000, "1500us"},
			 {"7us", 7000, "7us"},
			 {"3ns", 3, "3ns"},
			 {"1min", INT64_C(60000000000), "60s"},
			 {"2h", INT64_C(7200000000000), "7200s"},
			 {"1d", INT64_C(86400000000000), "86400s"},
			 {"2S", INT64_C(2000000000), "2s"},
			 {"1sec", INT64_C(1000000000), "1s"},
			 {"36600d", INT64_C(3162240000000000000), "3162240000s"},
			 {"36601d", -1, NULL},
			 {"99999999999999999999", -1, NULL},
			 {"-1", -1, NULL},
			 {"", -1, NULL},
			 {"s", -1, NULL},
			 {"1 s", -1, NULL},
			 {"1fortnight", -1, NULL},
			 {"1e3", -1, NULL},
			 {"1.2.3", -1, NULL}};

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		int64_t ns = -1;
		Buf out = {0};
		bool read = duration_parse(cases[i].text, strlen(cases[i].text), &ns);

		is_i64(read ? ns : -1, cases[i].ns, "\"%s\" is read", cases[i].text);
		if (!read)
			continue;
		duration_print(ns, &out);
		is_str(out.data, cases[i].printed, "and printed again");
		buf_free(&out);
	}
	return done_testing();
}
