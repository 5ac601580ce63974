/*
 * http_charset.c
 *		Bytes from outside, as text in the database encoding or not at all.
 *
 * Nothing is made up: text that is not valid in the encoding it claims is no
 * text.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "http_charset.h"
#include "http_failure.h"

/* One step of a conversion; most of a step's bytes may become four. */
#define STEP_BYTES (64 * 1024)

/* Names of the web that PostgreSQL spells otherwise. */
static const struct
{
	const char *name;
	int encoding;
} more_names[] = {
	{"us-ascii", PG_UTF8}, {"ascii", PG_UTF8},		   {"cp1252", PG_WIN1252},
	{"x-sjis", PG_SJIS},   {"ks_c_5601-1987", PG_UHC}, {"gb2312", PG_GBK},
};

/* The value of the parameter "charset", or NULL. */
static char *
charset_parameter(const char *content_type)
{
	const char *p = content_type;

	while ((p = strchr(p, ';')) != NULL)
	{
		char end = ';';

		p++;
		while (isspace((unsigned char) *p))
			p++;
		if (pg_strncasecmp(p, "charset", 7) != 0)
			continue;
		p += 7;
		while (isspace((unsigned char) *p))
			p++;
		if (*p != '=')
			continue;
		p++;
		while (isspace((unsigned char) *p))
			p++;
		if (*p == '"' || *p == '\'')
			end = *p++;
		for (size_t n = 0;; n++)
		{
			if (p[n] == '\0' || p[n] == end || isspace((unsigned char) p[n]))
				return pnstrdup(p, n);
		}
	}
	return NULL;
}

static bool
is_json(const char *content_type)
{
	size_t n = strcspn(content_type, "; ");

	return (n == 16 &&
			pg_strncasecmp(content_type, "application/json", n) == 0) ||
		   (n > 5 && pg_strncasecmp(content_type + n - 5, "+json", 5) == 0);
}

int
charset_of_type(const char *content_type)
{
	char *name = content_type ? charset_parameter(content_type) : NULL;

	if (name == NULL || *name == '\0' || is_json(content_type))
		return PG_UTF8;
	for (size_t i = 0; i < lengthof(more_names); i++)
	{
		if (pg_strcasecmp(name, more_names[i].name) == 0)
			return more_names[i].encoding;
	}
	return pg_char_to_encoding(name);
}

bool
charset_is_converted(int encoding)
{
	return encoding != GetDatabaseEncoding() &&
		   GetDatabaseEncoding() != PG_SQL_ASCII;
}

bool
charset_is_valid(int encoding, const char *bytes, size_t n)
{
	return PG_VALID_ENCODING(encoding) && n <= INT_MAX &&
		   memchr(bytes, '\0', n) == NULL &&
		   pg_verify_mbstr(encoding, bytes, (int) n, true);
}

#if PG_VERSION_NUM >= 140000

/* Piece by piece, so that no buffer is four times the body. */
static text *
convert(Oid procedure, int encoding, const char *bytes, size_t n)
{
	StringInfoData out;
	unsigned char *step = palloc(STEP_BYTES * MAX_CONVERSION_GROWTH + 1);
	text *result;

	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	while (n > 0)
	{
		int taken;

		taken = pg_do_encoding_conversion_buf(
			procedure, encoding, GetDatabaseEncoding(),
			(unsigned char *) unconstify(char *, bytes),
			(int) Min(n, STEP_BYTES), step,
			STEP_BYTES * MAX_CONVERSION_GROWTH + 1, true);
		if (taken <= 0)
		{
			pfree(out.data);
			pfree(step);
			return NULL;
		}
		appendStringInfoString(&out, (char *) step);
		bytes += taken;
		n -= taken;
	}
	pfree(step);
	result = (text *) out.data;
	SET_VARSIZE(result, out.len);
	return result;
}

#else

/*
 * Before version 14 a conversion reports what it cannot do as an error.  It
 * holds nothing that an aborted subtransaction would have to release, so that
 * the two errors it is known for can be caught as they are.
 */
static text *
convert(Oid procedure pg_attribute_unused(), int encoding, const char *bytes,
		size_t n)
{
	MemoryContext caller = CurrentMemoryContext;
	text *volatile result = NULL;

	PG_TRY();
	{
		unsigned char *out;

		out = pg_do_encoding_conversion(
			(unsigned char *) unconstify(char *, bytes), (int) n, encoding,
			GetDatabaseEncoding());
		result = cstring_to_text((char *) out);
	}
	PG_CATCH();
	{
		int sqlstate = geterrcode();

		if (sqlstate != ERRCODE_CHARACTER_NOT_IN_REPERTOIRE &&
			sqlstate != ERRCODE_UNTRANSLATABLE_CHARACTER)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		FlushErrorState();
	}
	PG_END_TRY();
	return result;
}

#endif

text *
charset_convert(int encoding, const char *bytes, size_t n)
{
	Oid procedure;

	if (!charset_is_valid(encoding, bytes, n))
		return NULL;
	if (!charset_is_converted(encoding) || n == 0)
		return cstring_to_text_with_len(bytes, (int) n);
	procedure = FindDefaultConversionProc(encoding, GetDatabaseEncoding());
	if (!OidIsValid(procedure))
		return NULL;
	return convert(procedure, encoding, bytes, n);
}

const char *
charset_to_utf8(const char *bytes, size_t n)
{
	if (GetDatabaseEncoding() == PG_SQL_ASCII)
		return pg_verify_mbstr(PG_UTF8, bytes, (int) n, true) ? bytes : NULL;
	return pg_server_to_any(bytes, (int) n, PG_UTF8);
}

text *
charset_header_text(const char *bytes, size_t n)
{
	text *result;
	char *plain;
	size_t i;

	for (i = 0; i < n; i++)
	{
		if (bytes[i] & 0x80)
			break;
	}
	if (i == n)
		return cstring_to_text_with_len(bytes, (int) n);

	result = charset_convert(PG_UTF8, bytes, n);
	if (result == NULL)
		result = charset_convert(PG_LATIN1, bytes, n);
	if (result)
		return result;
	plain = pnstrdup(bytes, n);
	return cstring_to_text(failure_make_printable(plain));
}
