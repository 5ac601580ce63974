/*
 * template_build.h
 *	  Putting a Template together, part by part, while a plan is read.
 *
 * A builder is zeroed to begin; template_finish moves what was collected into
 * the arena, and the builder may be used for the next template.  In the end
 * template_builder_free gives its memory back.
 */
#ifndef TEMPLATE_BUILD_H
#define TEMPLATE_BUILD_H

#include "plan.h"

typedef struct TemplateBuilder
{
	Part *parts;
	int nparts;
	int cap;
	Buf text;  /* of the part under way */
	Buf fixed; /* the whole, with $n for binds */
	int nbinds;
	bool varies; /* a part depends on a variable's value */
} TemplateBuilder;

extern void template_add_text(TemplateBuilder *builder, const char *text,
							  size_t len);

/* Text that must stay a part of its own, whatever is around it. */
extern void template_add_mark(TemplateBuilder *builder, struct Arena *arena,
							  const char *text);
extern void template_add_variable(TemplateBuilder *builder,
								  struct Arena *arena, PartForm form,
								  int symbol, Place place);
extern void template_finish(TemplateBuilder *builder, struct Arena *arena,
							Template *out);

/* Throw away what was collected. */
extern void template_abandon(TemplateBuilder *builder);
extern void template_builder_free(TemplateBuilder *builder);

#endif /* TEMPLATE_BUILD_H */
