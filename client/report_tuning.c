/*
 * report_tuning.c
 *	  How many connections --connections auto came to, and why.
 */
#include "report_put.h"
#include "report_tuning.h"

const char *
tuner_end_name(TunerEnd end)
{
	static const char *const names[] = {"no demand", "no gain", "limit",
										"server limit", "undecided"};

	return names[end];
}

static void
say_why(const Tuning *tuning, char *text, size_t size)
{
	switch (tuning->end)
	{
		case TUNER_NO_DEMAND:
			snprintf(text, size, "nobody waited for one");
			break;
		case TUNER_NO_GAIN:
			snprintf(
				text, size, "%d got %.0f leases a second done, %d got %.0f",
				tuning->other, tuning->other_rate, tuning->last, tuning->rate);
			break;
		case TUNER_LIMIT:
			snprintf(text, size,
					 "one for each task in flight, and each gain "
					 "was worth it");
			break;
		case TUNER_SERVER_LIMIT:
			snprintf(text, size, "the server has no room for more");
			break;
		case TUNER_UNDECIDED:
		case TUNER_ENDS:
			snprintf(text, size, "the run was too short to find out");
			break;
	}
}

void
report_tuning(FILE *out, const Tuning *tuning, const ReportStyle *style)
{
	char why[160];
	char text[320];

	if (!tuning->is_given)
		return;
	say_why(tuning, why, sizeof(why));
	snprintf(text, sizeof(text),
			 "auto: %d at first, %d at most, %d at the "
			 "end: %s",
			 tuning->first, tuning->peak, tuning->last, why);
	report_put_wrapped(out, "  Connections: ", text, style);
}
