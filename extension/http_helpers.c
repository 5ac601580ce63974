/*
 * http_helpers.c
 *		SQL functions that only handle text: no network, no settings.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "http_request.h"

PG_FUNCTION_INFO_V1(asyncdemo_http_header);
PG_FUNCTION_INFO_V1(asyncdemo_url_encode);
PG_FUNCTION_INFO_V1(asyncdemo_url_decode);
PG_FUNCTION_INFO_V1(asyncdemo_query_string);

static bool
text_matches(Datum value, text *name)
{
	text *found = DatumGetTextPP(value);
	size_t n = VARSIZE_ANY_EXHDR(name);

	return VARSIZE_ANY_EXHDR(found) == n &&
		   pg_strncasecmp(VARDATA_ANY(found), VARDATA_ANY(name), n) == 0;
}

Datum
asyncdemo_http_header(PG_FUNCTION_ARGS)
{
	HeapTupleHeader response = PG_GETARG_HEAPTUPLEHEADER(0);
	text *name = PG_GETARG_TEXT_PP(1);
	bool is_null;
	Datum headers = GetAttributeByName(response, "headers", &is_null);
	ArrayType *array;
	Datum *elements;
	bool *nulls;
	int n;
	int16 length;
	bool by_value;
	char align;

	if (is_null)
		PG_RETURN_NULL();
	array = DatumGetArrayTypeP(headers);
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align,
					  &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		HeapTupleHeader header;
		Datum value;

		if (nulls[i])
			continue;
		header = DatumGetHeapTupleHeader(elements[i]);
		value = GetAttributeByName(header, "name", &is_null);
		if (is_null || !text_matches(value, name))
			continue;
		value = GetAttributeByName(header, "value", &is_null);
		if (is_null)
			PG_RETURN_NULL();
		PG_RETURN_TEXT_P(DatumGetTextPCopy(value));
	}
	PG_RETURN_NULL();
}

Datum
asyncdemo_url_encode(PG_FUNCTION_ARGS)
{
	char *plain = text_to_cstring(PG_GETARG_TEXT_PP(0));
	StringInfoData out;

	initStringInfo(&out);
	append_percent_encoded(&out,
						   pg_server_to_any(plain, strlen(plain), PG_UTF8));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = pg_ascii_tolower((unsigned char) c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
append_decoded(StringInfo out, const char *text, bool plus_is_space)
{
	for (; *text; text++)
	{
		int high;
		int low;

		if (*text != '%')
		{
			appendStringInfoChar(out,
								 plus_is_space && *text == '+' ? ' ' : *text);
			continue;
		}
		high = hex_value(text[1]);
		low = high < 0 ? -1 : hex_value(text[2]);
		if (low < 0 || (high == 0 && low == 0))
			ereport(
				ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid percent-encoding"),
				 errdetail(
					 "After %% there are two hexadecimal digits, and not 00.")));
		appendStringInfoChar(out, (char) (high * 16 + low));
		text += 2;
	}
}

Datum
asyncdemo_url_decode(PG_FUNCTION_ARGS)
{
	char *encoded = text_to_cstring(PG_GETARG_TEXT_PP(0));
	StringInfoData out;
	char *utf8;

	encoded = pg_server_to_any(encoded, strlen(encoded), PG_UTF8);
	initStringInfo(&out);
	append_decoded(&out, encoded, PG_GETARG_BOOL(1));
	if (!pg_verify_mbstr(PG_UTF8, out.data, out.len, true))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid percent-encoding"),
						errdetail("The decoded bytes are not valid UTF-8.")));
	utf8 = pg_any_to_server(out.data, out.len, PG_UTF8);
	PG_RETURN_TEXT_P(cstring_to_text(utf8));
}

Datum
asyncdemo_query_string(PG_FUNCTION_ARGS)
{
	HttpFailure failure = {0};
	char *query = query_from_jsonb(PG_GETARG_JSONB_P(0), &failure);

	if (query == NULL)
		failure_raise(&failure, NULL);
	PG_RETURN_TEXT_P(cstring_to_text(query));
}
