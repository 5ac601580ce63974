/*
 * report_timeline.c
 *	  A picture of a few tasks: a row a task, one for the loop, an axis.
 *
 * A row is a number of cells, each an equal part of the run.  What a task did
 * is added up per cell; a cell shows what took most of it.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "report_put.h"

#define MAX_NAME_COLUMNS 16

typedef enum Cell
{
	CELL_BLOCKING,
	CELL_ASYNC,
	CELL_THREAD,
	CELL_HELD, /* ready, but the loop was held */
	CELL_POOL, /* waiting for a connection */
	CELLS,
	CELL_BLANK = CELLS
} Cell;

static const struct
{
	const char *utf8;
	char ascii;
	const char *color;
	const char *meaning;
} cells[CELLS] = {
	[CELL_BLOCKING] = {"\u2588", '#', "\033[31m", "blocking"},
	[CELL_ASYNC] = {"\u2592", '=', "\033[32m", "async"},
	[CELL_THREAD] = {"\u2593", '+', "\033[36m", "thread"},
	[CELL_HELD] = {"\u00B7", '.', "\033[33m",
				   "ready, loop held by another task"},
	[CELL_POOL] = {"\u2591", ':', "\033[35m", "waiting for a connection"}};

typedef struct Row
{
	int64_t (*cover_ns)[CELLS];
	Cell *shown;
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
	bool occurs[CELLS];
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
cover(Picture *picture, Cell what, int64_t from_ns, int64_t to_ns)
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
		int64_t busy = cover_ns[CELL_BLOCKING] + cover_ns[CELL_ASYNC] +
					   cover_ns[CELL_THREAD];
		Cell best = CELL_BLOCKING;

		for (Cell one = CELL_ASYNC; one <= CELL_THREAD; one++)
			if (cover_ns[one] > cover_ns[best])
				best = one;
		if (busy * 2 < whole)
		{
			Cell wait = cover_ns[CELL_POOL] >= cover_ns[CELL_HELD] ? CELL_POOL
																   : CELL_HELD;

			if (cover_ns[wait] > busy && cover_ns[wait] * 2 >= whole - busy)
				best = wait;
			else if (busy * 2 + 1 < whole)
				best = CELL_BLANK;
		}
		picture->row.shown[i] = best;
		if (best != CELL_BLANK)
			picture->occurs[best] = true;
	}
}

/* Write the label into the middle of its bar, if it fits there. */
static void
row_label(Picture *picture, const char *label, Cell what, int64_t from_ns,
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
put_glyph(const Picture *picture, Cell what)
{
	if (what == CELL_BLANK)
		fputc(' ', picture->out);
	else if (picture->style->ascii)
		fputc(cells[what].ascii, picture->out);
	else
		fputs(cells[what].utf8, picture->out);
}

static void
put_row(Picture *picture, const char *name)
{
	const Row *row = &picture->row;
	Cell colored = CELL_BLANK;
	int last = picture->ncells;
	int width = report_put_width(name);

	while (last > 0 && row->shown[last - 1] == CELL_BLANK)
		last--;
	if (width > picture->name_columns)
		width = picture->name_columns;
	fprintf(picture->out, "%*s", picture->name_columns - width, "");
	width -= report_put_text(picture->out, name, width, picture->style->ascii);
	fprintf(picture->out, "%*s", last > 0 ? 2 + width : 0, "");
	for (int i = 0; i < last; i++)
	{
		if (picture->style->color && row->shown[i] != colored)
			fputs(row->shown[i] == CELL_BLANK ? "\033[0m"
											  : cells[row->shown[i]].color,
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

static Cell
call_cell(Call call)
{
	return call == CALL_BLOCKING ? CELL_BLOCKING
		   : call == CALL_THREAD ? CELL_THREAD
								 : CELL_ASYNC;
}

static void
put_task(Picture *picture, const TaskSpans *task)
{
	const Spans *spans = picture->result->spans;

	row_clear(picture);
	for (int i = 0; i < task->nspans; i++)
	{
		const Span *span = &task->spans[i];

		if (span->step->kind == STEP_GATHER)
			continue;
		cover(picture, call_cell(span->call), span->started_ns,
			  span->arrived_ns);
		if (span->lease_from != 0 || (span->step->kind == STEP_SQL &&
									  task->class_ns[CLASS_CONNECT] > 0))
			cover(picture, CELL_POOL, span->queued_ns, span->started_ns);
	}
	for (int i = 0; i < spans->nholds; i++)
	{
		const HoldSpan *hold = &spans->holds[i];

		if (hold->task != task->number)
			cover(picture, CELL_HELD,
				  hold->begun_ns > task->begun_ns ? hold->begun_ns
												  : task->begun_ns,
				  hold->ended_ns < task->ended_ns ? hold->ended_ns
												  : task->ended_ns);
	}
	row_decide(picture);
	for (int i = 0; i < task->nspans; i++)
	{
		const Span *span = &task->spans[i];

		if (span->step->kind != STEP_GATHER)
			row_label(picture, span->step->label, call_cell(span->call),
					  span->started_ns, span->arrived_ns);
	}
	put_row(picture, task->name);
}

static void
put_loop(Picture *picture)
{
	const Spans *spans = picture->result->spans;

	if (spans->nholds == 0)
		return;
	row_clear(picture);
	for (int i = 0; i < spans->nholds; i++)
		cover(picture, CELL_BLOCKING, spans->holds[i].begun_ns,
			  spans->holds[i].ended_ns);
	row_decide(picture);
	for (int i = 0; i < spans->nholds; i++)
		for (int j = 0; j < spans->ntasks; j++)
			if (spans->tasks[j].number == spans->holds[i].task)
				row_label(picture, spans->tasks[j].name, CELL_BLOCKING,
						  spans->holds[i].begun_ns, spans->holds[i].ended_ns);
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

	for (Cell one = 0; one < CELLS; one++)
	{
		int indent =
			picture->style->columns >= 40 ? picture->name_columns + 2 : 2;
		int width = 2 + (int) strlen(cells[one].meaning);
		int columns = picture->style->columns;

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
			fputs(cells[one].color, picture->out);
		put_glyph(picture, one);
		if (picture->style->color)
			fputs("\033[0m", picture->out);
		fputc(' ', picture->out);
		used += 2 + report_put_text(picture->out, cells[one].meaning,
									columns - used - 2, picture->style->ascii);
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
	picture.row.shown = mem_alloc((size_t) picture.ncells * sizeof(Cell));
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
