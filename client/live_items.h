/*
 * live_items.h
 *	  Private to live_view.c and its neighbours: what a line is made of.
 */
#ifndef LIVE_ITEMS_H
#define LIVE_ITEMS_H

#include "live_view.h"

#define LIVE_BAD "\033[31m"
#define LIVE_CARE "\033[33m"
#define LIVE_STRONG "\033[1m"

/* A piece of a line, of which there may not be room for all. */
typedef struct LiveItem
{
	char text[256];
	const char *color; /* NULL: none */
	int rank;		   /* the highest is left out first; 0: never */
} LiveItem;

typedef struct LiveItems
{
	LiveItem items[10];
	int count;
} LiveItems;

extern LiveItem *live_item(LiveItems *items, int rank, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Two blanks between them; what has no room is gone from *items. */
extern void live_put_items(FILE *out, LiveItems *items,
						   const ReportStyle *style);

/* The text, cut, in a colour (NULL: none); answers the columns used. */
extern int live_put_text(FILE *out, const char *text, const char *color,
						 int columns, const ReportStyle *style);

/* Rates as a line of so many columns at most, the newest last. */
extern void live_spark(char *text, size_t bytes, const double *rates,
					   int nrates, int columns, bool ascii);

/* "12.3 s", from a hundred seconds on "2:05", "1:02:03". */
extern const char *live_clock(int64_t ns, char *buf, int bytes);

/* "line 7, sql", with its file where the plan has several. */
extern const char *live_place(const LiveNumbers *numbers, const PlanStep *step,
							  char *buf, int bytes);

/* live_head.c: the lines about the run as a whole; no newline. */
#define LIVE_HEADS 5
typedef void (*LiveHeadFn)(FILE *out, const LiveNumbers *numbers,
						   const ReportStyle *style, bool is_alone);

/* The most important first; is_alone: there is no room for a title. */
extern const LiveHeadFn live_heads[LIVE_HEADS];

/*
 * live_list.c: a list, of which as many rows are shown as there is room for.
 */
typedef struct LiveList
{
	int (*count)(const LiveNumbers *numbers);
	void (*put_title)(FILE *out, const LiveNumbers *numbers,
					  const ReportStyle *style);
	/* row number n of "shown" ones; no newline */
	void (*put)(FILE *out, const LiveNumbers *numbers, int n, int shown,
				const ReportStyle *style);
} LiveList;

/* In the order in which they are shown. */
enum
{
	LIVE_CLASSES,
	LIVE_TASKS,
	LIVE_FAILURES,
	LIVE_MESSAGES_LIST,
	LIVE_LISTS
};

extern const LiveList live_lists[LIVE_LISTS];

#endif /* LIVE_ITEMS_H */
