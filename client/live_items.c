/*
 * live_items.c
 *	  A line of the live view: pieces, as many as fit.
 */
#include "live_items.h"

#include <stdarg.h>
#include <string.h>

#include "clock.h"
#include "report_put.h"

LiveItem *
live_item(LiveItems *items, int rank, const char *fmt, ...)
{
	LiveItem *item = &items->items[items->count++];
	va_list args;

	item->rank = rank;
	item->color = NULL;
	va_start(args, fmt);
	vsnprintf(item->text, sizeof(item->text), fmt, args);
	va_end(args);
	return item;
}

static int
items_width(const LiveItems *items)
{
	int sum = 0;

	for (int i = 0; i < items->count; i++)
		sum += report_put_width(items->items[i].text) + (i > 0 ? 2 : 0);
	return sum;
}

static bool
leave_out_one(LiveItems *items)
{
	int at = 0;

	for (int i = 1; i < items->count; i++)
		if (items->items[i].rank > items->items[at].rank)
			at = i;
	if (items->count == 0 || items->items[at].rank == 0)
		return false;
	items->count--;
	for (int i = at; i < items->count; i++)
		items->items[i] = items->items[i + 1];
	return true;
}

int
live_put_text(FILE *out, const char *text, const char *color, int columns,
			  const ReportStyle *style)
{
	bool is_colored = style->color && color != NULL;
	int used;

	if (is_colored)
		fputs(color, out);
	used = report_put_text(out, text, columns, style->ascii);
	if (is_colored)
		fputs("\033[0m", out);
	return used;
}

void
live_put_items(FILE *out, LiveItems *items, const ReportStyle *style)
{
	int left = style->columns;

	while (items_width(items) > left && leave_out_one(items))
		;
	for (int i = 0; i < items->count && left > 0; i++)
	{
		if (i > 0)
			left -= live_put_text(out, "  ", NULL, left, style);
		left -= live_put_text(out, items->items[i].text, items->items[i].color,
							  left, style);
	}
}

void
live_spark(char *text, size_t bytes, const double *rates, int nrates,
		   int columns, bool ascii)
{
	static const char *const blocks[] = {"\u2581", "\u2582", "\u2583",
										 "\u2584", "\u2585", "\u2586",
										 "\u2587", "\u2588"};
	static const char *const letters[] = {"_", ".", ":", "-",
										  "=", "+", "*", "#"};
	int first = nrates > columns ? nrates - columns : 0;
	double most = 0;
	size_t len = 0;

	for (int i = first; i < nrates; i++)
		most = rates[i] > most ? rates[i] : most;
	text[0] = '\0';
	for (int i = first; i < nrates && len + 4 < bytes; i++)
	{
		int level = most > 0 ? (int) (rates[i] / most * 7 + 0.5) : 0;
		const char *sign = ascii ? letters[level] : blocks[level];

		memcpy(text + len, sign, strlen(sign) + 1);
		len += strlen(sign);
	}
}

const char *
live_clock(int64_t ns, char *buf, int bytes)
{
	int64_t seconds = ns / NS_PER_S;

	if (seconds < 100)
		snprintf(buf, (size_t) bytes, "%.1f s", (double) ns / 1e9);
	else if (seconds < 3600)
		snprintf(buf, (size_t) bytes, "%d:%02d", (int) (seconds / 60),
				 (int) (seconds % 60));
	else
		snprintf(buf, (size_t) bytes, "%lld:%02d:%02d",
				 (long long) (seconds / 3600), (int) (seconds / 60 % 60),
				 (int) (seconds % 60));
	return buf;
}

const char *
live_place(const LiveNumbers *numbers, const PlanStep *step, char *buf,
		   int bytes)
{
	const Plan *plan = numbers->plan;

	snprintf(buf, (size_t) bytes, "%.60s%sline %d, %.60s",
			 plan->nsources > 1 ? plan->sources[step->place.file].name : "",
			 plan->nsources > 1 ? " " : "", step->place.line, step->label);
	return buf;
}
