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
static bool
convert(StringInfo out, int from, int to, const char *bytes, size_t n)
{
	Oid procedure = FindDefaultConversionProc(from, to);
	unsigned char *step;

	if (!OidIsValid(procedure))
		return false;
	step = palloc(STEP_BYTES * MAX_CONVERSION_GROWTH + 1);
	while (n > 0)
	{
		int taken = pg_do_encoding_conversion_buf(
			procedure, from, to, (unsigned char *) unconstify(char *, bytes),
			(int) Min(n, STEP_BYTES), step,
			STEP_BYTES * MAX_CONVERSION_GROWTH + 1, true);

		if (taken <= 0)
			break;
		appendStringInfoString(out, (char *) step);
		bytes += taken;
		n -= taken;
	}
	pfree(step);
	return n == 0;
}

#else

/*
 * Before version 14 a conversion reports what it cannot do as an error.  It
 * holds nothing that an aborted subtransaction would have to release, so that
 * the two errors it is known for can be caught as they are.
 */
static bool
convert(StringInfo out, int from, int to, const char *bytes, size_t n)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool converted = false;

	if (n == 0)
		return true;
	if (!OidIsValid(FindDefaultConversionProc(from, to)))
		return false;
	PG_TRY();
	{
		appendStringInfoString(out,
							   (char *) pg_do_encoding_conversion(
								   (unsigned char *) unconstify(char *, bytes),
								   (int) n, from, to));
		converted = true;
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
	return converted;
}

#endif

text *
charset_convert(int encoding, const char *bytes, size_t n)
{
	StringInfoData out;
	text *result;

	if (!charset_is_valid(encoding, bytes, n))
		return NULL;
	if (!charset_is_converted(encoding))
		return cstring_to_text_with_len(bytes, (int) n);
	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	if (!convert(&out, encoding, GetDatabaseEncoding(), bytes, n))
	{
		pfree(out.data);
		return NULL;
	}
	result = (text *) out.data;
	SET_VARSIZE(result, out.len);
	return result;
}

static bool
is_ascii(const char *bytes, size_t n)
{
	uint64 word;

	for (; n >= sizeof(word); n -= sizeof(word), bytes += sizeof(word))
	{
		memcpy(&word, bytes, sizeof(word));
		if (word & UINT64CONST(0x8080808080808080))
			return false;
	}
	for (; n > 0; n--, bytes++)
	{
		if (*bytes & 0x80)
			return false;
	}
	return true;
}

/* Between UTF-8 and the database encoding, either way; NULL if it cannot be.
 */
static const char *
change_encoding(int from, int to, const char *bytes, size_t n)
{
	int database = GetDatabaseEncoding();
	StringInfoData out;

	if (is_ascii(bytes, n))
		return bytes;
	if (database == PG_SQL_ASCII || database == PG_UTF8)
		return charset_is_valid(PG_UTF8, bytes, n) ? bytes : NULL;
	if (!charset_is_valid(from, bytes, n))
		return NULL;
	initStringInfo(&out);
	if (convert(&out, from, to, bytes, n))
		return out.data;
	pfree(out.data);
	return NULL;
}

const char *
charset_to_utf8(const char *bytes, size_t n)
{
	if (GetDatabaseEncoding() == PG_UTF8)
		return bytes; /* known to be valid */
	return change_encoding(GetDatabaseEncoding(), PG_UTF8, bytes, n);
}

const char *
charset_from_utf8(const char *bytes, size_t n)
{
	return change_encoding(PG_UTF8, GetDatabaseEncoding(), bytes, n);
}

text *
charset_header_text(const char *bytes, size_t n)
{
	text *result;
	char *plain;

	if (is_ascii(bytes, n))
		return cstring_to_text_with_len(bytes, (int) n);
	result = charset_convert(PG_UTF8, bytes, n);
	if (result == NULL)
		result = charset_convert(PG_LATIN1, bytes, n);
	if (result)
		return result;
	plain = pnstrdup(bytes, n);
	return cstring_to_text(failure_make_printable(plain));
}
