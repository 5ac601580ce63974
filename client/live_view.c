/*
 * live_view.c
 *	  What --live shows: which lines there is room for.
 *
 * The lines about the whole come first, then the lists get rows in turn, one
 * at a time, until there is no room or nothing more to show: so that on a
 * small terminal each tells its most important line.
 */
#include "live_view.h"

#include "live_items.h"
#include "report_cause.h"

#define TITLE_LINES 10	 /* from so many on: a title line, */
#define HEADER_LINES 14	 /* the lists have theirs, */
#define BLANK_LINES 34	 /* and a blank line between them; */
#define HOLD_LINES 4	 /* from here on who holds the loop has a line */
#define MIN_LIST_LINES 1 /* so many are left to the lists in any case */
#define LIST_COLUMNS 16	 /* narrower ones make no sense */
#define LEAST_HELD 0.005 /* of the time: less is nothing */
#define LEAST_HELD_NS INT64_C(50000000)

typedef struct Layout
{
	int heads;
	bool has_title;
	bool has_hold;
	bool has_headers;
	bool has_blanks;
	int rows[LIVE_LISTS];
} Layout;

/* Who may have how many rows more, in the order of importance. */
static const struct
{
	int list;
	int rows;
} turns[LIVE_LISTS] = {{LIVE_CLASSES, 2},
					   {LIVE_FAILURES, 1},
					   {LIVE_TASKS, 2},
					   {LIVE_MESSAGES_LIST, 1}};

static int
lists_lines(const Layout *layout)
{
	int sum = 0;

	for (int i = 0; i < LIVE_LISTS; i++)
		if (layout->rows[i] > 0)
			sum += layout->rows[i] + layout->has_headers + layout->has_blanks;
	return sum;
}

static bool
give_row(Layout *layout, const LiveNumbers *numbers, int lines, int list)
{
	if (layout->rows[list] >= live_lists[list].count(numbers))
		return false;
	layout->rows[list]++;
	if (lists_lines(layout) <= lines)
		return true;
	layout->rows[list]--;
	return false;
}

static void
give_rows(Layout *layout, const LiveNumbers *numbers, int lines)
{
	bool has_given = true;

	while (has_given)
	{
		has_given = false;
		for (int i = 0; i < LIVE_LISTS; i++)
			for (int j = 0; j < turns[i].rows; j++)
				has_given = give_row(layout, numbers, lines, turns[i].list) ||
							has_given;
	}
}

static void
lay_out(Layout *layout, const LiveNumbers *numbers, int lines, int columns)
{
	int most;

	*layout =
		(Layout){.heads = LIVE_HEADS - (lines < TITLE_LINES),
				 .has_title = lines >= TITLE_LINES,
				 .has_hold = numbers->holds != NULL && lines >= HOLD_LINES,
				 .has_headers = lines >= HEADER_LINES,
				 .has_blanks = lines >= BLANK_LINES};
	most = lines - layout->has_hold - MIN_LIST_LINES;
	most = most < 1 ? 1 : most;
	if (layout->heads > most)
		layout->heads = most;
	if (columns >= LIST_COLUMNS)
		give_rows(layout, numbers, lines - layout->heads - layout->has_hold);
}

/* Percent of one loop; the newest hold stands for all. */
static void
put_hold(FILE *out, const LiveNumbers *numbers, const ReportStyle *style)
{
	double part = numbers->held / (numbers->shards > 1 ? numbers->shards : 1);
	bool is_free = part < LEAST_HELD;
	char text[320];
	char place[160];
	char time[32];

	live_place(numbers, numbers->holds, place, sizeof(place));
	if (is_free)
		snprintf(text, sizeof(text), "Loop not held, before by %s", place);
	else
		snprintf(text, sizeof(text), "Loop held %.0f %%%s by %s",
				 100 * (part < 1 ? part : 1),
				 style->columns >= 60 ? " of the last second" : "", place);
	if (numbers->held_ns >= LEAST_HELD_NS && numbers->holder != 0)
		report_say(text, sizeof(text), ", task %llu, %s",
				   (unsigned long long) numbers->holder,
				   report_duration(numbers->held_ns, time, sizeof(time)));
	live_put_text(out, text, is_free ? NULL : LIVE_CARE, style->columns,
				  style);
}

static void
put_list(FILE *out, const LiveNumbers *numbers, const Layout *layout, int list,
		 const ReportStyle *style)
{
	if (layout->rows[list] == 0)
		return;
	if (layout->has_blanks)
		fputc('\n', out);
	if (layout->has_headers)
	{
		fputc('\n', out);
		live_lists[list].put_title(out, numbers, style);
	}
	for (int i = 0; i < layout->rows[list]; i++)
	{
		fputc('\n', out);
		live_lists[list].put(out, numbers, i, layout->rows[list], style);
	}
}

void
live_view(FILE *out, const LiveNumbers *numbers, int lines,
		  const ReportStyle *style)
{
	int heads;
	Layout layout;

	if (lines < 1 || style->columns < 1)
		return;
	lay_out(&layout, numbers, lines, style->columns);
	if (layout.has_title)
	{
		live_heads[LIVE_HEADS - 1](out, numbers, style, false);
		fputc('\n', out);
	}
	heads = layout.heads - layout.has_title;
	for (int i = 0; i < heads; i++)
	{
		if (i > 0)
			fputc('\n', out);
		live_heads[i](out, numbers, style, !layout.has_title);
	}
	if (layout.has_hold)
	{
		fputc('\n', out);
		put_hold(out, numbers, style);
	}
	for (int i = 0; i < LIVE_LISTS; i++)
		put_list(out, numbers, &layout, i, style);
}
