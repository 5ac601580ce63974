/*
 * report_timeline.c
 *	  A picture of a few tasks: a row a task, one for the loop, an axis.
 *
 * A row is a number of cells, each an equal part of the run.  What a task did
 * is added up per cell; a cell shows what took most of it.
 */
#include "report_bars.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "report_put.h"

#define MAX_NAME_COLUMNS 16

#define BAR_BLANK BAR_KINDS

static const struct
{
	const char *utf8;
	char ascii;
	const char *color;
} glyphs[BAR_KINDS] = {[BAR_BLOCKING] = {"\u2588", '#', "\033[31m"},
					   [BAR_ASYNC] = {"\u2592", '=', "\033[32m"},
					   [BAR_THREAD] = {"\u2593", '+', "\033[36m"},
					   [BAR_HELD] = {"\u00B7", '.', "\033[33m"},
					   [BAR_POOL] = {"\u2591", ':', "\033[35m"}};

typedef struct Row
{
	int64_t (*cover_ns)[BAR_KINDS];
	BarKind *shown;
	char *letters; /* of labels; 0: the glyph */
} Row;

typedef struct Picture
{
	FILE *out;
	const RunResult *result;
	const ReportStyle *style;
	int name_columns;
	int ncells;
	int64_t begun_ns;
	int64_t length_ns;
	bool occurs[BAR_KINDS];
	Row row;
} Picture;

/* The time where a cell begins; the last is the end of the run. */
static int64_t
cell_ns(const Picture *picture, int cell)
{
	return picture->begun_ns +
		   (int64_t) ((double) picture->length_ns * cell / picture->ncells);
}

static int
cell_at(const Picture *picture, int64_t time_ns)
{
	double at = (double) (time_ns - picture->begun_ns) * picture->ncells /
				(double) picture->length_ns;

	return at < 0 ? 0 : at > picture->ncells ? picture->ncells : (int) at;
}

static void
cover(Picture *picture, BarKind what, int64_t from_ns, int64_t to_ns)
{
	for (int i = cell_at(picture, from_ns); i < picture->ncells; i++)
	{
		int64_t begin = cell_ns(picture, i);
		int64_t end = cell_ns(picture, i + 1);

		if (begin >= to_ns)
			break;
		begin = begin > from_ns ? begin : from_ns;
		end = end < to_ns ? end : to_ns;
		if (end > begin)
			picture->row.cover_ns[i][what] += end - begin;
	}
}

static void
row_clear(Picture *picture)
{
	size_t n = (size_t) picture->ncells;

	memset(picture->row.cover_ns, 0, n * sizeof(*picture->row.cover_ns));
	memset(picture->row.letters, 0, n);
}

/*
 * Waiting counts only where nothing of the task was under way: while a step
 * is at the server it costs nothing that the loop is held.
 */
static void
row_decide(Picture *picture)
{
	for (int i = 0; i < picture->ncells; i++)
	{
		const int64_t *cover_ns = picture->row.cover_ns[i];
		int64_t whole = cell_ns(picture, i + 1) - cell_ns(picture, i);
		int64_t busy = cover_ns[BAR_BLOCKING] + cover_ns[BAR_ASYNC] +
					   cover_ns[BAR_THREAD];
		BarKind best = BAR_BLOCKING;

		for (BarKind one = BAR_ASYNC; one <= BAR_THREAD; one++)
			if (cover_ns[one] > cover_ns[best])
				best = one;
		if (busy * 2 < whole)
		{
			BarKind wait =
				cover_ns[BAR_POOL] >= cover_ns[BAR_HELD] ? BAR_POOL : BAR_HELD;

			if (cover_ns[wait] > busy && cover_ns[wait] * 2 >= whole - busy)
				best = wait;
			else if (busy * 2 + 1 < whole)
				best = BAR_BLANK;
		}
		picture->row.shown[i] = best;
		if (best != BAR_BLANK)
			picture->occurs[best] = true;
	}
}

/* Write the label into the middle of its bar, if it fits there. */
static void
row_label(Picture *picture, const char *label, BarKind what, int64_t from_ns,
		  int64_t to_ns)
{
	int first = cell_at(picture, from_ns);
	int last = cell_at(picture, to_ns);
	int len = (int) strlen(label);

	while (first < last && picture->row.shown[first] != what)
		first++;
	while (last > first && picture->row.shown[last - 1] != what)
		last--;
	if (len == 0 || len + 2 > last - first)
		return;
	for (int i = first; i < last; i++)
		if (picture->row.shown[i] != what || picture->row.letters[i] != 0)
			return;
	/* names beyond ASCII are in the table of steps only */
	for (int i = 0; i < len; i++)
		if (label[i] <= ' ' || label[i] >= 0x7F)
			return;
	memcpy(picture->row.letters + first + (last - first - len) / 2, label,
		   (size_t) len);
}

static void
put_glyph(const Picture *picture, BarKind what)
{
	if (what == BAR_BLANK)
		fputc(' ', picture->out);
	else if (picture->style->ascii)
		fputc(glyphs[what].ascii, picture->out);
	else
		fputs(glyphs[what].utf8, picture->out);
}

static void
put_row(Picture *picture, const char *name)
{
	const Row *row = &picture->row;
	BarKind colored = BAR_BLANK;
	int last = picture->ncells;
	int width = report_put_width(name);

	while (last > 0 && row->shown[last - 1] == BAR_BLANK)
		last--;
	if (width > picture->name_columns)
		width = picture->name_columns;
	fprintf(picture->out, "%*s", picture->name_columns - width, "");
	width -= report_put_text(picture->out, name, width, picture->style->ascii);
	fprintf(picture->out, "%*s", last > 0 ? 2 + width : 0, "");
	for (int i = 0; i < last; i++)
	{
		if (picture->style->color && row->shown[i] != colored)
			fputs(row->shown[i] == BAR_BLANK ? "\033[0m"
											 : glyphs[row->shown[i]].color,
				  picture->out);
		colored = row->shown[i];
		if (row->letters[i] != 0)
			fputc(row->letters[i], picture->out);
		else
			put_glyph(picture, row->shown[i]);
	}
	fputs(picture->style->color && last > 0 ? "\033[0m\n" : "\n",
		  picture->out);
}

static void
put_task(Picture *picture, const TaskSpans *task)
{
	int nbars;
	Bar *bars = report_bars(picture->result, task, &nbars);

	row_clear(picture);
	for (int i = 0; i < nbars; i++)
		cover(picture, bars[i].kind, bars[i].from_ns, bars[i].to_ns);
	row_decide(picture);
	for (int i = 0; i < nbars; i++)
		if (bars[i].kind <= BAR_THREAD)
			row_label(picture, bars[i].span->step->label, bars[i].kind,
					  bars[i].from_ns, bars[i].to_ns);
	put_row(picture, task->name);
	free(bars);
}

static void
put_loop(Picture *picture)
{
	const Spans *spans = picture->result->spans;

	if (spans->nholds == 0)
		return;
	row_clear(picture);
	for (int i = 0; i < spans->nholds; i++)
		cover(picture, BAR_BLOCKING, spans->holds[i].begun_ns,
			  spans->holds[i].ended_ns);
	row_decide(picture);
	for (int i = 0; i < spans->nholds; i++)
	{
		const char *name = report_task_name(spans, spans->holds[i].task);

		if (name != NULL)
			row_label(picture, name, BAR_BLOCKING, spans->holds[i].begun_ns,
					  spans->holds[i].ended_ns);
	}
	put_row(picture, "loop");
}

static void
put_axis(const Picture *picture)
{
	char time[32];
	int len;

	report_duration(picture->length_ns, time, sizeof(time));
	len = (int) strlen(time);
	if (len + 2 > picture->ncells)
		return;
	fprintf(picture->out, "%*s0%*s\n", picture->name_columns + 2, "",
			picture->ncells - 1, time);
}

/* Only what occurs, as many entries a line as fit. */
static void
put_legend(const Picture *picture)
{
	int used = 0;

	for (BarKind one = 0; one < BAR_KINDS; one++)
	{
		int indent =
			picture->style->columns >= 40 ? picture->name_columns + 2 : 2;
		int columns = picture->style->columns;
		const char *meaning =
			columns >= 40 ? bar_meaning(one) : bar_short_meaning(one);
		int width = 2 + (int) strlen(meaning);

		if (!picture->occurs[one])
			continue;
		if (used > 0 && used + 3 + width > columns)
		{
			fputc('\n', picture->out);
			used = 0;
		}
		fprintf(picture->out, "%*s", used == 0 ? indent : 3, "");
		used += used == 0 ? indent : 3;
		if (picture->style->color)
			fputs(glyphs[one].color, picture->out);
		put_glyph(picture, one);
		if (picture->style->color)
			fputs("\033[0m", picture->out);
		fputc(' ', picture->out);
		used += 2 + report_put_text(picture->out, meaning, columns - used - 2,
									picture->style->ascii);
	}
	if (used > 0)
		fputc('\n', picture->out);
}

void
report_timeline(FILE *out, const RunResult *result, const ReportStyle *style)
{
	const Spans *spans = result->spans;
	Picture picture = {.out = out, .result = result, .style = style};
	int max_name = style->columns / 4;

	if (max_name > MAX_NAME_COLUMNS)
		max_name = MAX_NAME_COLUMNS;
	picture.name_columns = 4;
	for (int i = 0; i < spans->ntasks; i++)
	{
		int width = report_put_width(spans->tasks[i].name);

		if (width > picture.name_columns)
			picture.name_columns = width < max_name ? width : max_name;
	}
	if (max_name < 4)
		max_name = 4;
	picture.ncells = style->columns - picture.name_columns - 2;
	picture.begun_ns = spans->run_begun_ns;
	picture.length_ns = result->wall_ns > 0 ? result->wall_ns : 1;
	picture.row.cover_ns =
		mem_alloc((size_t) picture.ncells * sizeof(*picture.row.cover_ns));
	picture.row.shown = mem_alloc((size_t) picture.ncells * sizeof(BarKind));
	picture.row.letters = mem_alloc((size_t) picture.ncells);
	for (int i = 0; i < spans->ntasks; i++)
		put_task(&picture, &spans->tasks[i]);
	put_loop(&picture);
	put_axis(&picture);
	put_legend(&picture);
	free(picture.row.cover_ns);
	free(picture.row.shown);
	free(picture.row.letters);
}
