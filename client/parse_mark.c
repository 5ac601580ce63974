/*
 * parse_mark.c
 *	  Marks: commands on the lines before a step that say how it runs.
 */
#include <string.h>

#include "arena.h"
#include "duration.h"
#include "parse_commands.h"
#include "retry.h"

#define MAX_RETRIES 1000000

bool
parse_no_marks(Parser *p)
{
	if (!p->marks.any)
		return true;
	return parse_fail_at(
		p, p->marks.place,
		"put it on the line before the step it is meant for",
		"\\%s must stand right before an SQL statement, \\http or \\sleep",
		p->marks.command);
}

void
parse_apply_marks(Parser *p, PlanStep *step)
{
	if (p->marks.has_call)
		step->call = p->marks.call;
	if (p->marks.has_timeout)
		step->timeout_ns = p->marks.timeout_ns;
	if (p->marks.has_retry)
		step->retry = p->marks.retry;
	memset(&p->marks, 0, sizeof(p->marks));
}

static void
note_mark(Parser *p)
{
	if (p->marks.any)
		return;
	p->marks.any = true;
	p->marks.command = p->command;
	p->marks.place = lex_place(p->lex, p->command_pos);
}

static bool
mark_call(Parser *p, Call call)
{
	if (p->marks.has_call)
		return parse_fail(
			p, p->command_pos, "a step runs in one way: keep one of them",
			p->marks.call == call ? "\\%s is given twice"
								  : "\\%s contradicts the mark before",
			p->command);
	if (!parse_end(p))
		return false;
	note_mark(p);
	p->marks.has_call = true;
	p->marks.call = call;
	return true;
}

bool
command_blocking(Parser *p)
{
	return mark_call(p, CALL_BLOCKING);
}

bool
command_thread(Parser *p)
{
	return mark_call(p, CALL_THREAD);
}

bool
parse_duration(Parser *p, const char *what, int64_t *ns)
{
	Slice word = lex_word(p->lex);
	size_t pos = (size_t) (word.text - p->lex->text);

	if (word.len == 0)
		return parse_fail(p, p->command_pos,
						  "for example 2, 0.5, 100ms, 2s or 1min",
						  "%s needs a span of time", what);
	if (!duration_parse(word.text, word.len, ns))
		return parse_fail(
			p, pos,
			"write 2 or 2s for two seconds; units are us, ms, s, min, h",
			"\"%.*s\" is not a span of time",
			word.len > 60 ? 60 : (int) word.len, word.text);
	(void) lex_at_end(p->lex);
	if (lex_is_name_start(lex_peek(p->lex, 0)) && lex_peek(p->lex, 0) != 'w')
		return parse_fail(
			p, p->lex->pos, "write 2s, 100ms or 1min",
			"a unit stands right behind its number, without a blank");
	return true;
}

bool
command_timeout(Parser *p)
{
	int64_t ns;

	if (p->marks.has_timeout)
		return parse_fail(p, p->command_pos, "keep one of them",
						  "\\timeout is given twice");
	if (!parse_duration(p, "\\timeout", &ns) || !parse_end(p))
		return false;
	if (ns == 0)
		return parse_fail(p, p->command_pos,
						  "leave \\timeout out for no limit",
						  "a timeout of 0 leaves no time at all");
	note_mark(p);
	p->marks.has_timeout = true;
	p->marks.timeout_ns = ns;
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
parse_retry_on(Parser *p, Slice list)
{
	const char *end = list.text + list.len;
	const char *at = list.text;

	for (;;)
	{
		const char *comma = memchr(at, ',', (size_t) (end - at));
		Slice word = {at, (size_t) ((comma ? comma : end) - at)};

		if (!retry_reason_is_known(word.text, word.len))
			return parse_fail(
				p, (size_t) (at - p->lex->text),
				"reasons are SQLSTATEs (40001, 08*), HTTP statuses (429, 5xx), connect, lost and timeout, with commas and no blanks",
				"\"%.*s\" is no reason to try again",
				word.len > 60 ? 60 : (int) word.len, word.text);
		if (comma == NULL)
			break;
		at = comma + 1;
	}
	p->marks.retry.on = arena_text(p->plan->arena, list.text, list.len);
	return true;
}

/* \retry N [on=reason,...] */
bool
command_retry(Parser *p)
{
	Slice word = lex_word(p->lex);
	size_t pos = (size_t) (word.text - p->lex->text);
	int64_t max = -1;

	if (p->marks.has_retry)
		return parse_fail(p, p->command_pos, "keep one of them",
						  "\\retry is given twice");
	if (word.len == 0)
		return parse_fail(p, p->command_pos,
						  "for example \\retry 3, or \\retry 3 on=40001,5xx",
						  "\\retry needs a number");
	if (word.len <= 7)
	{
		max = 0;
		for (size_t i = 0; i < word.len && max >= 0; i++)
			max =
				is_digit(word.text[i]) ? max * 10 + (word.text[i] - '0') : -1;
	}
	if (max < 0 || max > MAX_RETRIES)
		return parse_fail(
			p, pos,
			"write how often a failed step is tried again: 0 to 1000000",
			"\"%.*s\" is not a number of retries",
			word.len > 60 ? 60 : (int) word.len, word.text);
	p->marks.retry.max = (int) max;
	if (!lex_at_end(p->lex))
	{
		word = lex_word(p->lex);
		pos = (size_t) (word.text - p->lex->text);
		if (word.len <= 3 || strncmp(word.text, "on=", 3) != 0)
			return parse_fail(p, pos, "for example \\retry 3 on=40001,5xx",
							  "expected on=... here");
		if (!parse_retry_on(p, (Slice){word.text + 3, word.len - 3}))
			return false;
	}
	if (!parse_end(p))
		return false;
	note_mark(p);
	p->marks.has_retry = true;
	p->marks.retry.is_given = true;
	return true;
}
