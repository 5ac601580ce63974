/*
 * template_build.c
 *	  Putting a Template together, part by part, while a plan is read.
 */
#include "template_build.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "mem.h"

static Part *
new_part(TemplateBuilder *builder)
{
	if (builder->nparts == builder->cap)
	{
		builder->cap = builder->cap > 0 ? builder->cap * 2 : 16;
		builder->parts =
			mem_realloc(builder->parts, (size_t) builder->cap * sizeof(Part));
	}
	memset(&builder->parts[builder->nparts], 0, sizeof(Part));
	return &builder->parts[builder->nparts++];
}

/* End the text under way, if there is any. */
static void
end_text(TemplateBuilder *builder, struct Arena *arena)
{
	Part *part;

	if (builder->text.len == 0)
		return;
	part = new_part(builder);
	part->form = PART_TEXT;
	part->text = arena_text(arena, builder->text.data, builder->text.len);
	part->len = builder->text.len;
	buf_reset(&builder->text);
}

void
template_add_text(TemplateBuilder *builder, const char *text, size_t len)
{
	buf_append(&builder->text, text, len);
	buf_append(&builder->fixed, text, len);
}

void
template_add_mark(TemplateBuilder *builder, struct Arena *arena,
				  const char *text)
{
	end_text(builder, arena);
	template_add_text(builder, text, strlen(text));
	end_text(builder, arena);
}

void
template_add_variable(TemplateBuilder *builder, struct Arena *arena,
					  PartForm form, int symbol, Place place)
{
	Part *part;

	end_text(builder, arena);
	part = new_part(builder);
	part->form = form;
	part->symbol = symbol;
	part->line = place.line;
	part->column = place.column;
	if (form == PART_BIND)
	{
		part->bind = ++builder->nbinds;
		buf_printf(&builder->fixed, "$%d", part->bind);
	}
	else
		builder->varies = true;
}

void
template_abandon(TemplateBuilder *builder)
{
	buf_reset(&builder->text);
	buf_reset(&builder->fixed);
	builder->nparts = 0;
	builder->nbinds = 0;
	builder->varies = false;
}

void
template_finish(TemplateBuilder *builder, struct Arena *arena, Template *out)
{
	end_text(builder, arena);
	out->nparts = builder->nparts;
	out->parts = arena_dup(arena, builder->parts,
						   (size_t) builder->nparts * sizeof(Part));
	out->is_fixed = !builder->varies;
	/* one text and nothing else: the part's own copy serves */
	if (builder->nparts == 1 && builder->parts[0].form == PART_TEXT)
		out->fixed_text = builder->parts[0].text;
	else if (out->is_fixed)
		out->fixed_text =
			arena_text(arena, builder->fixed.data, builder->fixed.len);
	template_abandon(builder);
}

void
template_builder_free(TemplateBuilder *builder)
{
	free(builder->parts);
	buf_free(&builder->text);
	buf_free(&builder->fixed);
}
