/*
 * report_html.c
 *	  One page that needs nothing else: the parts in page/, and the JSON report
 *	  for them to draw.
 *
 * The page itself is put together here and drawn there: whatever is in the
 * JSON report is at the scripts' hand, and what they make of it is no text
 * that a browser would read as HTML.
 */
#include <string.h>

#include "embedded.h"
#include "report_json.h"
#include "utf8.h"

/* Of the data.  With the scripts, a page stays well below 5 MB. */
#define DATA_BYTES ((size_t) 4 << 20)

/* In the order in which the browser shall read them. */
static const char *const scripts[] = {
	"core.js",	 "summary.js",	   "timeline.js", "tables.js",
	"server.js", "percentiles.js", "plan.js",	  "main.js"};

static const char *
part(const char *name)
{
	for (const EmbeddedFile *file = embedded_page; file->name != NULL; file++)
		if (strcmp(file->name, name) == 0)
			return file->text;
	return ""; /* the build has put them all in, and a test asks for each */
}

/* Text within HTML; what is no character of it becomes U+FFFD. */
static void
put_text(FILE *out, const char *text)
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
put_title(FILE *out, const RunResult *result)
{
	if (result->plan->nsources > 0)
		put_text(out, result->plan->sources[0].name);
	fputs(" \u00B7 asyncdemo", out);
}

/* For a browser that runs no scripts. */
static void
put_summary(FILE *out, const RunResult *result)
{
	Verdict verdict;
	char time[32];

	report_verdict(result, &verdict);
	fprintf(out, "wall %s, %s. ",
			report_duration(result->wall_ns, time, sizeof(time)),
			verdict.word);
	put_text(out, verdict.why);
	fputc(' ', out);
	put_text(out, verdict.fix);
}

static void
put_scripts(FILE *out)
{
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		fputs(part(scripts[i]), out);
}

/* What {{word}} in page.html stands for. */
static void
put_word(FILE *out, const RunResult *result, const char *word, size_t len)
{
	if (strncmp(word, "title", len) == 0)
		put_title(out, result);
	else if (strncmp(word, "style", len) == 0)
		fputs(part("page.css"), out);
	else if (strncmp(word, "summary", len) == 0)
		put_summary(out, result);
	else if (strncmp(word, "data", len) == 0)
		report_json_limited(out, result, true, DATA_BYTES);
	else if (strncmp(word, "script", len) == 0)
		put_scripts(out);
}

void
report_html(FILE *out, const RunResult *result)
{
	const char *text = part("page.html");
	const char *begin;

	while ((begin = strstr(text, "{{")) != NULL)
	{
		const char *end = strstr(begin, "}}");

		fwrite(text, 1, (size_t) (begin - text), out);
		put_word(out, result, begin + 2, (size_t) (end - begin) - 2);
		text = end + 2;
	}
	fputs(text, out);
}
