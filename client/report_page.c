/*
 * report_page.c
 *	  One page that needs nothing else.
 *
 * The page itself is put together here and drawn there: whatever is in the
 * JSON report is at the scripts' hand, and what they make of it is no text
 * that a browser would read as HTML.
 */
#include "report_page.h"

#include <stdint.h>
#include <string.h>

#include "embedded.h"
#include "utf8.h"

static const char *
part(const char *name)
{
	for (const EmbeddedFile *file = embedded_page; file->name != NULL; file++)
		if (strcmp(file->name, name) == 0)
			return file->text;
	return ""; /* the build has put them all in, and a test asks for each */
}

void
report_page_text(FILE *out, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;)
	{
		uint32_t code = 0;
		int n = utf8_decode(text + i, len - i, &code);

		if (n == 0 || code < 0x20 || (code >= 0x7F && code < 0xA0))
			fputs(code == '\n' || code == '\t' ? " " : "\uFFFD", out);
		else if (code == '<' || code == '>' || code == '&' || code == '"')
			fprintf(out, "&#%u;", (unsigned) code);
		else
			fwrite(text + i, 1, (size_t) n, out);
		i += n > 0 ? (size_t) n : 1;
	}
}

static void
put_scripts(FILE *out, const ReportPage *page)
{
	fputs(part("core.js"), out);
	for (int i = 0; page->scripts[i] != NULL; i++)
		fputs(part(page->scripts[i]), out);
	fputs(part("main.js"), out);
}

/* What {{word}} in page.html stands for. */
static void
put_word(FILE *out, const ReportPage *page, const void *what, const char *word,
		 size_t len)
{
	if (strncmp(word, "title", len) == 0)
	{
		report_page_text(out, page->title);
		fputs(" \u00B7 asyncdemo", out);
	}
	else if (strncmp(word, "style", len) == 0)
		fputs(part("page.css"), out);
	else if (strncmp(word, "summary", len) == 0)
		page->summary(out, what);
	else if (strncmp(word, "data", len) == 0)
		page->data(out, what);
	else if (strncmp(word, "script", len) == 0)
		put_scripts(out, page);
}

void
report_page(FILE *out, const ReportPage *page, const void *what)
{
	const char *text = part("page.html");
	const char *begin;

	while ((begin = strstr(text, "{{")) != NULL)
	{
		const char *end = strstr(begin, "}}");

		fwrite(text, 1, (size_t) (begin - text), out);
		put_word(out, page, what, begin + 2, (size_t) (end - begin) - 2);
		text = end + 2;
	}
	fputs(text, out);
}
