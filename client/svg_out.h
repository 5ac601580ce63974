/*
 * svg_out.h
 *	  Private to the reports: text within SVG, made harmless.
 */
#ifndef SVG_OUT_H
#define SVG_OUT_H

#include <stdio.h>

/*
 * At most so many columns of a text.  What XML does not allow, and what would
 * turn the direction of the text beside it, is replaced.
 */
extern void svg_text(FILE *out, const char *text, int columns);

/*
 * A text element; isolated, so that right-to-left text stays in its place.
 * anchor NULL: it begins at x.
 */
extern void svg_label(FILE *out, double x, double y, const char *class,
					  const char *anchor, const char *text, int columns);

#endif /* SVG_OUT_H */
