/*
 * svg_out.c
 *	  Text within SVG, made harmless.
 */
#include "svg_out.h"

#include <string.h>

#include "utf8.h"

void
svg_text(FILE *out, const char *text, int columns)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len && columns > 0; columns--)
	{
		uint32_t code = 0;
		int n = utf8_decode(text + i, len - i, &code);

		if (n == 0 || code < 0x20 || (code >= 0x7F && code < 0xA0) ||
			code == 0xFFFE || code == 0xFFFF ||
			(code >= 0x202A && code <= 0x202E) ||
			(code >= 0x2066 && code <= 0x2069))
			fputs(code == '\n' || code == '\t' ? " " : "\uFFFD", out);
		else if (code == '<' || code == '>' || code == '&' || code == '"')
			fprintf(out, "&#%u;", (unsigned) code);
		else
			fwrite(text + i, 1, (size_t) n, out);
		i += n > 0 ? (size_t) n : 1;
		if (columns == 1 && i < len)
			fputs("\u2026", out);
	}
}

void
svg_label(FILE *out, double x, double y, const char *class, const char *anchor,
		  const char *text, int columns)
{
	fprintf(out,
			"<text class=\"%s\" x=\"%.1f\" y=\"%.1f\"%s%s%s "
			"style=\"unicode-bidi:isolate\">",
			class, x, y, anchor != NULL ? " text-anchor=\"" : "",
			anchor != NULL ? anchor : "", anchor != NULL ? "\"" : "");
	svg_text(out, text, columns);
	fputs("</text>\n", out);
}
