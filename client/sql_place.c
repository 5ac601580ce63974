/*
 * sql_place.c
 *	  From a position in the SQL that was sent to its place in the plan.
 *
 * What was sent differs from the plan only where a variable became $n, and
 * every such part knows where it stands.  Text between two of them is looked
 * for in the source and compared, so that a wrong guess gives no place rather
 * than a wrong one.
 */
#include "sql_place.h"

#include <string.h>

static bool
is_character_start(char c)
{
	return ((unsigned char) c & 0xC0) != 0x80;
}

/* Byte offset of a line and column of a source; -1: not there. */
static long
place_offset(const PlanSource *source, int line, int column)
{
	const char *p = source->text;
	const char *end = source->text + source->len;

	for (; line > 1 && p != NULL && p < end; line--)
	{
		p = memchr(p, '\n', (size_t) (end - p));
		if (p != NULL)
			p++;
	}
	if (p == NULL || line > 1)
		return -1;
	for (; column > 1 && p < end; column--)
		do
			p++;
		while (p < end && !is_character_start(*p));
	return p - source->text;
}

static void
offset_place(const PlanSource *source, size_t offset, Place *place)
{
	place->line = 1;
	place->column = 1;
	for (size_t i = 0; i < offset; i++)
	{
		if (source->text[i] == '\n')
		{
			place->line++;
			place->column = 1;
		}
		else if (is_character_start(source->text[i + 1]))
			place->column++;
	}
}

static bool
source_has(const PlanSource *source, long offset, const Part *part)
{
	return offset >= 0 && (size_t) offset + part->len <= source->len &&
		   memcmp(source->text + offset, part->text, part->len) == 0;
}

/* Where the i-th part, a text, begins in the source; -1: unknown. */
static long
text_offset(const Plan *plan, const PlanStep *step, int i)
{
	const Template *text = &step->sql.text;
	const PlanSource *source = &plan->sources[step->place.file];
	const Part *part = &text->parts[i];
	const Part *before = part - 1;
	long offset;

	if (i + 1 < text->nparts)
	{
		const Part *after = part + 1;

		offset = place_offset(source, after->line, after->column);
		offset -= (long) part->len;
	}
	else if (i > 0)
		offset = place_offset(source, before->line, before->column) + 1 +
				 (long) strlen(plan->symbols.names[before->symbol]);
	else
	{
		/* a comment may stand in front of the statement's first word */
		offset = place_offset(source, step->place.line, step->place.column);
		while (offset > 0 && !source_has(source, offset, part))
			offset--;
	}
	return source_has(source, offset, part) ? offset : -1;
}

static size_t
sent_len(const Part *part)
{
	char number[16];

	if (part->form == PART_TEXT)
		return part->len;
	return (size_t) snprintf(number, sizeof(number), "$%d", part->bind);
}

bool
sql_place_find(const Plan *plan, const PlanStep *step, int position,
			   Place *place)
{
	const Template *text = &step->sql.text;
	const char *p = text->fixed_text;
	size_t left;

	if (!text->is_fixed || position < 1)
		return false;
	for (; position > 1 && *p != '\0'; position--)
		do
			p++;
		while (!is_character_start(*p));
	left = (size_t) (p - text->fixed_text);
	for (int i = 0; i < text->nparts; i++)
	{
		const Part *part = &text->parts[i];
		size_t len = sent_len(part);
		long offset;

		if (left >= len && i + 1 < text->nparts)
		{
			left -= len;
			continue;
		}
		place->file = step->place.file;
		if (part->form != PART_TEXT)
		{
			place->line = part->line;
			place->column = part->column;
			return part->line > 0;
		}
		offset = text_offset(plan, step, i);
		if (offset < 0 || left > len)
			return false;
		offset_place(&plan->sources[place->file], (size_t) offset + left,
					 place);
		return true;
	}
	return false;
}
