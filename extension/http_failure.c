/*
 * http_failure.c
 *		Why a request failed, as a value.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "http_failure.h"

static char *format_text(const char *format, va_list args) printf_like(1, 0);

static char *
format_text(const char *format, va_list args)
{
	StringInfoData text;

	initStringInfo(&text);
	for (;;)
	{
		va_list again;
		int needed;

		va_copy(again, args);
		needed = appendStringInfoVA(&text, format, again);
		va_end(again);
		if (needed == 0)
			return text.data;
		enlargeStringInfo(&text, needed);
	}
}

bool
failure_set(HttpFailure *failure, int sqlstate, const char *format, ...)
{
	va_list args;

	memset(failure, 0, sizeof(*failure));
	failure->sqlstate = sqlstate;
	va_start(args, format);
	failure->message = format_text(format, args);
	va_end(args);
	return false;
}

bool
failure_set_detail(HttpFailure *failure, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	failure->detail = format_text(format, args);
	va_end(args);
	return false;
}

bool
failure_set_hint(HttpFailure *failure, const char *hint)
{
	failure->hint = pstrdup(hint);
	return false;
}

void
failure_raise(const HttpFailure *failure, const char *who)
{
	ereport(ERROR, (errcode(failure->sqlstate),
					who ? errmsg("%s: %s", who, failure->message)
						: errmsg("%s", failure->message),
					failure->detail ? errdetail("%s", failure->detail) : 0,
					failure->hint ? errhint("%s", failure->hint) : 0));
	pg_unreachable();
}

char *
failure_make_printable(char *text)
{
	for (char *p = text; *p; p++)
	{
		if ((unsigned char) *p < ' ' || (unsigned char) *p > '~')
			*p = '?';
	}
	return text;
}
