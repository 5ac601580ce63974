/*
 * plan_dump.c
 *	  A plan as canonical text: how it was understood.
 *
 * The text is a plan again, and its dump is the same text.  Variables stand
 * in braces where something might follow their name.  Secrets are masked.
 */
#include <inttypes.h>
#include <string.h>

#include "duration.h"
#include "lex.h"
#include "secret.h"

typedef struct Dump
{
	const Plan *plan;
	Buf *out;
	int depth; /* of indentation */
} Dump;

static const char *
symbol_name(const Dump *dump, int symbol)
{
	return dump->plan->symbols.names[symbol];
}

static void
indent(const Dump *dump)
{
	for (int i = 0; i < dump->depth; i++)
		buf_puts(dump->out, "  ");
}

/* -------- values -------- */

/* One character of a value in double quotes. */
static void
put_escaped(Buf *out, const char *text, size_t len, size_t i)
{
	char c = text[i];

	switch (c)
	{
		case '\n':
			buf_puts(out, "\\n");
			return;
		case '\r':
			buf_puts(out, "\\r");
			return;
		case '\t':
			buf_puts(out, "\\t");
			return;
		case '"':
		case '\\':
			buf_putc(out, '\\');
			break;
		case ':':
			/* what could be taken for a variable, or might with what follows
			 */
			if (i + 1 == len || text[i + 1] == '{' || text[i + 1] == ':' ||
				lex_is_name_start(text[i + 1]))
				buf_putc(out, '\\');
			break;
	}
	buf_putc(out, c);
}

static void
dump_quoted_text(Buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put_escaped(out, text, len, i);
}

static void
dump_quoted(Buf *out, const char *text)
{
	buf_putc(out, '"');
	dump_quoted_text(out, text, strlen(text));
	buf_putc(out, '"');
}

/* A word as it is when nothing in it needs quotes. */
static void
dump_word(Buf *out, const char *text)
{
	size_t len = strlen(text);
	bool plain = len > 0 && text[0] != '-';

	for (size_t i = 0; i < len && plain; i++)
		plain =
			lex_is_name_char(text[i]) || strchr("-_./+%@#,=", text[i]) != NULL;
	if (plain)
		buf_puts(out, text);
	else
		dump_quoted(out, text);
}

/* The parts from that one on, to the quote that ends them. */
static void
dump_parts(const Dump *dump, const Template *template, int from)
{
	for (int i = from; i < template->nparts; i++)
	{
		const Part *part = &template->parts[i];

		if (part->form == PART_TEXT)
			dump_quoted_text(dump->out, part->text, part->len);
		else
			buf_printf(dump->out, ":{%s}", symbol_name(dump, part->symbol));
	}
	buf_putc(dump->out, '"');
}

static void
dump_quoted_template(const Dump *dump, const Template *template)
{
	buf_putc(dump->out, '"');
	dump_parts(dump, template, 0);
}

/* -------- http -------- */

static void
dump_url(const Dump *dump, const Template *url)
{
	bool has_text = url->nparts > 0 && url->parts[0].form == PART_TEXT;
	Buf masked = {0};

	buf_putc(dump->out, '"');
	if (has_text)
	{
		secret_append_url(&masked, url->parts[0].text, url->parts[0].len);
		dump_quoted_text(dump->out, masked.data, masked.len);
		buf_free(&masked);
	}
	dump_parts(dump, url, has_text ? 1 : 0);
}

/* "Authorization: ***": the name is shown, variables are, the rest is not. */
static void
dump_header(const Dump *dump, const Template *header)
{
	const Part *first = &header->parts[0];
	const char *colon = memchr(first->text, ':', first->len);
	size_t name_len = (size_t) (colon - first->text) + 1;

	if (!secret_is_header(first->text, first->len))
	{
		dump_quoted_template(dump, header);
		return;
	}
	buf_putc(dump->out, '"');
	buf_append(dump->out, first->text, name_len);
	buf_putc(dump->out, ' ');
	for (int i = 0; i < header->nparts; i++)
	{
		const Part *part = &header->parts[i];

		if (part->form != PART_TEXT)
			buf_printf(dump->out, ":{%s}", symbol_name(dump, part->symbol));
		else if (i > 0 ||
				 strspn(part->text + name_len, " ") < part->len - name_len)
			buf_puts(dump->out, "***");
	}
	buf_putc(dump->out, '"');
}

static void
dump_json(const Dump *dump, const Template *json)
{
	for (int i = 0; i < json->nparts; i++)
	{
		const Part *part = &json->parts[i];

		if (part->form == PART_TEXT)
			buf_append(dump->out, part->text, part->len);
		else
			buf_printf(dump->out, ":{%s}", symbol_name(dump, part->symbol));
	}
}

static void
dump_http(const Dump *dump, const PlanHttp *http)
{
	Buf *out = dump->out;

	buf_printf(out, "\\http %s %s ", http->name, http->method);
	dump_url(dump, &http->url);
	for (int i = 0; i < http->nheaders; i++)
	{
		buf_puts(out, " header=");
		dump_header(dump, &http->headers[i]);
	}
	if (http->expect_lo == 0 && http->expect_hi == 999)
		buf_puts(out, " expect=any");
	else if (http->expect_lo != 0 || http->expect_hi != 399)
		buf_printf(out, " expect=%d-%d", http->expect_lo, http->expect_hi);
	if (http->follow > 0)
		buf_printf(out, " follow=%d", http->follow);
	if (http->max_body_bytes != PLAN_MAX_BODY_BYTES)
		buf_printf(out, " max_body=%" PRId64, http->max_body_bytes);
	if (http->cacert != NULL)
	{
		buf_puts(out, " cacert=");
		dump_quoted(out, http->cacert);
	}
	if (http->insecure)
		buf_puts(out, " insecure=on");
	if (http->body_kind == HTTP_TEXT_BODY)
	{
		buf_puts(out, " body=");
		dump_quoted_template(dump, &http->body);
	}
	else if (http->body_kind == HTTP_JSON_BODY)
	{
		buf_puts(out, " json=");
		dump_json(dump, &http->body);
	}
	buf_putc(out, '\n');
}

/* -------- sql -------- */

static void
dump_sql(const Dump *dump, const PlanSql *sql)
{
	Buf *out = dump->out;

	/* a name may begin with the very bytes that a file's mark consists of */
	if (out->len == 0 &&
		strncmp(sql->text.parts[0].form == PART_TEXT ? sql->text.parts[0].text
													 : "",
				"\xEF\xBB\xBF", 3) == 0)
		buf_putc(out, '\n');
	for (int i = 0; i < sql->text.nparts; i++)
	{
		const Part *part = &sql->text.parts[i];
		const char *name;

		if (part->form == PART_TEXT)
		{
			/* a part of its own: it was written with a backslash */
			if (part->len == 1 &&
				(part->text[0] == ';' || part->text[0] == ':'))
				buf_putc(out, '\\');
			buf_append(out, part->text, part->len);
			continue;
		}
		name = symbol_name(dump, part->symbol);
		if (part->form == PART_LITERAL)
			buf_printf(out, ":'%s'", name);
		else if (part->form == PART_IDENTIFIER)
			buf_printf(out, ":\"%s\"", name);
		else
			buf_printf(out, ":{%s}", name);
	}
	if (sql->has_gset || sql->has_aset)
		buf_printf(out, " \\%s%s%s\n", sql->has_gset ? "gset" : "aset",
				   sql->gset_prefix[0] != '\0' ? " " : "", sql->gset_prefix);
	else
		buf_puts(out, ";\n");
}

/* -------- other steps -------- */

/* The whole line is text: a backslash is doubled, colons where they matter. */
static void
dump_echo(const Dump *dump, const Template *template)
{
	Buf *out = dump->out;

	buf_puts(out, "\\echo ");
	for (int i = 0; i < template->nparts; i++)
	{
		const Part *part = &template->parts[i];

		if (part->form != PART_TEXT)
		{
			buf_printf(out, ":{%s}", symbol_name(dump, part->symbol));
			continue;
		}
		for (size_t k = 0; k < part->len; k++)
		{
			char c = part->text[k];
			char next = k + 1 < part->len ? part->text[k + 1] : ':';

			if (c == '\\' || (c == ':' && (next == ':' || next == '{' ||
										   lex_is_name_start(next))))
				buf_putc(out, '\\');
			buf_putc(out, c);
		}
	}
	buf_putc(out, '\n');
}

/* A colon that begins a word is doubled, as in pgbench. */
static void
dump_shell(const Dump *dump, const PlanStep *step)
{
	const Template *command = &step->shell.command;
	Buf *out = dump->out;
	bool word_begins = true;

	if (step->shell.symbol >= 0)
		buf_printf(out, "\\setshell %s ",
				   symbol_name(dump, step->shell.symbol));
	else
		buf_puts(out, "\\shell ");
	for (int i = 0; i < command->nparts; i++)
	{
		const Part *part = &command->parts[i];

		if (part->form != PART_TEXT)
		{
			buf_printf(out, ":{%s}", symbol_name(dump, part->symbol));
			word_begins = false;
			continue;
		}
		for (size_t k = 0; k < part->len; k++)
		{
			if (part->text[k] == ':' && word_begins)
				buf_putc(out, ':');
			buf_putc(out, part->text[k]);
			word_begins = part->text[k] == ' ' || part->text[k] == '\t';
		}
	}
	buf_putc(out, '\n');
}

static void
dump_expression(const Dump *dump, const char *before, const Expr *expr)
{
	buf_puts(dump->out, before);
	expr_dump(expr, &dump->plan->symbols, dump->out);
	buf_putc(dump->out, '\n');
}

static void
dump_marks(const Dump *dump, const PlanStep *step)
{
	Buf *out = dump->out;

	if (step->call != CALL_ASYNC && step->kind != STEP_SHELL)
	{
		indent(dump);
		buf_printf(out, "\\%s\n", call_name(step->call));
	}
	if (step->timeout_ns >= 0)
	{
		indent(dump);
		buf_puts(out, "\\timeout ");
		duration_print(step->timeout_ns, out);
		buf_putc(out, '\n');
	}
	if (step->retry.is_given)
	{
		indent(dump);
		buf_printf(out, "\\retry %d%s%s\n", step->retry.max,
				   step->retry.on != NULL ? " on=" : "",
				   step->retry.on != NULL ? step->retry.on : "");
	}
}

/* A step that stands for itself: no block, no jump. */
static void
dump_plain_step(const Dump *dump, const PlanStep *step)
{
	static const char *const holds[] = {"task", "transaction", "statement"};
	Buf *out = dump->out;

	switch (step->kind)
	{
		case STEP_SQL:
			dump_sql(dump, &step->sql);
			break;
		case STEP_HTTP:
			dump_http(dump, &step->http);
			break;
		case STEP_SLEEP:
			dump_expression(dump, "\\sleep ", step->sleep.seconds);
			break;
		case STEP_SHELL:
			dump_shell(dump, step);
			break;
		case STEP_SET:
			buf_printf(out, "\\set %s ", symbol_name(dump, step->set.symbol));
			dump_expression(dump, "", step->set.expr);
			break;
		case STEP_JSON:
			buf_printf(out, "\\json %s %s ",
					   symbol_name(dump, step->json.symbol),
					   symbol_name(dump, step->json.source_symbol));
			dump_quoted(out, step->json.pointer);
			buf_putc(out, '\n');
			break;
		case STEP_EMIT:
			buf_puts(out, "\\emit");
			for (int i = 0; i < step->emit.count; i++)
				buf_printf(out, " :%s",
						   symbol_name(dump, step->emit.symbols[i]));
			buf_putc(out, '\n');
			break;
		case STEP_ASSERT:
			dump_expression(dump, "\\assert ", step->condition.expr);
			break;
		case STEP_ECHO:
			dump_echo(dump, &step->echo.text);
			break;
		case STEP_HOLD:
			buf_printf(out, "\\hold %s\n", holds[step->hold]);
			break;
		case STEP_RELEASE:
		case STEP_PIPELINE:
		case STEP_SYNCPIPELINE:
		case STEP_ENDPIPELINE:
			buf_printf(out, "\\%s\n", step_kind_name(step->kind));
			break;
		case STEP_GATHER:
		case STEP_IF:
		case STEP_JUMP:
		case STEP_KINDS:
			break;
	}
}

static void dump_steps(Dump *dump, const PlanStep *steps, int from, int to);

/* Where the steps of the \if that begins at "at" end, all branches included.
 */
static int
if_end(const PlanStep *steps, int at)
{
	int end = steps[at].end;

	if (end - 1 > at && steps[end - 1].kind == STEP_JUMP)
		return steps[end - 1].end;
	return end;
}

/*
 * A JUMP right before the place where an IF leads to ends that branch: inner
 * ones cannot end there, for a JUMP never leads to the step behind it.
 */
static void
dump_if(Dump *dump, const PlanStep *steps, int at)
{
	const char *command = "\\if ";

	for (;;)
	{
		int end = steps[at].end;
		bool has_more = end - 1 > at && steps[end - 1].kind == STEP_JUMP;
		int rest_end = if_end(steps, at);

		indent(dump);
		dump_expression(dump, command, steps[at].condition.expr);
		dump->depth++;
		dump_steps(dump, steps, at + 1, has_more ? end - 1 : end);
		dump->depth--;
		if (!has_more)
			break;
		if (steps[end].kind == STEP_IF && if_end(steps, end) == rest_end)
		{
			command = "\\elif ";
			at = end;
			continue;
		}
		indent(dump);
		buf_puts(dump->out, "\\else\n");
		dump->depth++;
		dump_steps(dump, steps, end, rest_end);
		dump->depth--;
		break;
	}
	indent(dump);
	buf_puts(dump->out, "\\endif\n");
}

static void
dump_gather(Dump *dump, const PlanStep *steps, int at)
{
	indent(dump);
	buf_printf(dump->out, "\\gather%s\n",
			   steps[at].gather_cancel ? " cancel" : "");
	dump->depth++;
	dump_steps(dump, steps, at + 1, steps[at].end);
	dump->depth--;
	indent(dump);
	buf_puts(dump->out, "\\end\n");
}

static void
dump_steps(Dump *dump, const PlanStep *steps, int from, int to)
{
	for (int i = from; i < to;)
	{
		const PlanStep *step = &steps[i];

		if (step->kind == STEP_IF)
		{
			dump_if(dump, steps, i);
			i = if_end(steps, i);
		}
		else if (step->kind == STEP_GATHER)
		{
			dump_gather(dump, steps, i);
			i = step->end;
		}
		else
		{
			dump->depth -= step->kind == STEP_ENDPIPELINE;
			dump_marks(dump, step);
			indent(dump);
			dump_plain_step(dump, step);
			dump->depth += step->kind == STEP_PIPELINE;
			i++;
		}
	}
}

/* -------- the plan -------- */

static void
dump_settings(const Dump *dump)
{
	static const char *const hooks[] = {"connect", "acquire", "release"};
	const Plan *plan = dump->plan;
	Buf *out = dump->out;

	for (int i = 0; i < plan->noptions; i++)
	{
		Buf masked = {0};

		buf_append(&masked, "", 0);
		secret_append(&masked, plan->options[i].value,
					  strlen(plan->options[i].value));
		buf_printf(out, "\\option %s ", plan->options[i].name);
		dump_word(out, masked.data);
		buf_putc(out, '\n');
		buf_free(&masked);
	}
	for (int i = 0; i < HOOK_KINDS; i++)
	{
		if (plan->hooks[i] != NULL)
			buf_printf(out, "\\hook %s %s\n", hooks[i], plan->hooks[i]);
	}
	if (!plan->has_expect)
		return;
	buf_puts(out, "\\expect ");
	duration_print((int64_t) (plan->expect_s * 1e9 + 0.5), out);
	if (plan->expect_within_s >= 0)
	{
		buf_puts(out, " within ");
		duration_print((int64_t) (plan->expect_within_s * 1e9 + 0.5), out);
	}
	buf_putc(out, '\n');
}

static void
dump_phase(Dump *dump, const Body *body)
{
	if (body == NULL)
		return;
	buf_printf(dump->out, "\\%s\n", body->name);
	dump->depth++;
	dump_steps(dump, body->steps, 0, body->nsteps);
	dump->depth--;
	buf_puts(dump->out, "\\end\n");
}

void
plan_dump(const Plan *plan, Buf *out)
{
	Dump dump = {.plan = plan, .out = out};

	dump_settings(&dump);
	dump_phase(&dump, plan->setup);
	/* before the tasks: behind a \task line it would look like a part of it */
	dump_phase(&dump, plan->teardown);
	for (int i = 0; i < plan->nbodies; i++)
	{
		const Body *body = &plan->bodies[i];

		if (plan->nbodies > 1 || !body->is_implicit)
		{
			buf_puts(out, "\\task ");
			dump_word(out, body->name);
			if (body->count > 1)
				buf_printf(out, " count=%d", body->count);
			buf_putc(out, '\n');
		}
		dump_steps(&dump, body->steps, 0, body->nsteps);
	}
}
