/*
 * serve_params.c
 *	  What a URL asks of the delay server.
 */
#include "serve_params.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX_LEN 31 /* longer ones are no numbers to us */

enum
{
	DELAY,
	JITTER,
	VALUE,
	STATUS,
	SIZE,
	FAIL,
	NPARAMS
};

static const char *const names[NPARAMS] = {
	[DELAY] = "delay",	 [JITTER] = "jitter", [VALUE] = "value",
	[STATUS] = "status", [SIZE] = "size",	  [FAIL] = "fail",
};

void
serve_params_init(ServeParams *params)
{
	memset(params, 0, sizeof(*params));
	strcpy(params->delay_text, "0");
	params->status = 200;
}

void
serve_params_free(ServeParams *params)
{
	buf_free(&params->value);
}

static size_t
count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/*
 * A number as JSON writes it (RFC 8259, section 6), so that it can be handed
 * on as it is; also within what a double can hold.
 */
static bool
parse_number(const char *text, size_t len, double *number)
{
	const char *p = text;
	size_t n;

	if (len == 0 || len > NUMBER_MAX_LEN || strlen(text) != len)
		return false;
	p += *p == '-' ? 1 : 0;
	n = count_digits(p);
	if (n == 0 || (n > 1 && *p == '0'))
		return false;
	p += n;
	if (*p == '.')
	{
		n = count_digits(++p);
		if (n == 0)
			return false;
		p += n;
	}
	if (*p == 'e' || *p == 'E')
	{
		p++;
		p += *p == '-' || *p == '+' ? 1 : 0;
		n = count_digits(p);
		if (n == 0)
			return false;
		p += n;
	}
	*number = strtod(text, NULL);
	return *p == '\0' && isfinite(*number);
}

static bool
refuse(Err *err, int which, const char *range, const char *value, size_t len)
{
	return err_set(err, ERR_DATA, "parameter \"%s\" must be %s, not \"%.*s\"",
				   names[which], range, len > 100 ? 100 : (int) len, value);
}

static bool
set_seconds(double *seconds, int which, const char *value, size_t len,
			Err *err)
{
	double number;

	if (!parse_number(value, len, &number) || number < 0 ||
		number > SERVE_MAX_DELAY_S)
		return refuse(err, which, "a number of seconds from 0 to 3600", value,
					  len);
	*seconds = number;
	return true;
}

static bool
set_integer(int64_t *integer, int which, const char *range, int64_t min,
			int64_t max, const char *value, size_t len, Err *err)
{
	int64_t number;

	if (len == 0 || len > 18 || count_digits(value) != len)
		return refuse(err, which, range, value, len);
	number = strtoll(value, NULL, 10);
	if (number < min || number > max)
		return refuse(err, which, range, value, len);
	*integer = number;
	return true;
}

/* Integers beyond 64 bits are quoted: most readers of JSON refuse them. */
static void
set_value(Buf *json, const char *value, size_t len)
{
	double number;

	if (parse_number(value, len, &number) &&
		(strpbrk(value, ".eE") != NULL || fabs(number) < 9.2e18))
		buf_append(json, value, len);
	else
		buf_json_string(json, value, len);
}

static bool
set_fail(ServeFail *fail, const char *value, size_t len, Err *err)
{
	if (strlen(value) != len)
		return refuse(err, FAIL, "close, reset or truncate", value, len);
	if (strcmp(value, "close") == 0)
		*fail = SERVE_CLOSE;
	else if (strcmp(value, "reset") == 0)
		*fail = SERVE_RESET;
	else if (strcmp(value, "truncate") == 0)
		*fail = SERVE_TRUNCATE;
	else
		return refuse(err, FAIL, "close, reset or truncate", value, len);
	return true;
}

/* Which one it is; NPARAMS after saying what is wrong with the name. */
static int
find_param(const ServeParams *params, const char *name, Err *err)
{
	const char *nearest;

	for (int i = 0; i < NPARAMS; i++)
	{
		if (strcmp(name, names[i]) != 0)
			continue;
		if (!(params->given & (1u << i)))
			return i;
		err_set(err, ERR_DATA, "parameter \"%s\" is given twice", name);
		return NPARAMS;
	}
	nearest = err_nearest(name, names, NPARAMS);
	err_set(
		err, ERR_DATA,
		"unknown parameter \"%.100s\" (known are delay, jitter, value, status, size and fail)%s%s%s",
		name, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
		nearest ? "\"?" : "");
	return NPARAMS;
}

bool
serve_params_set(ServeParams *params, const char *name, const char *value,
				 size_t len, Err *err)
{
	int which = find_param(params, name, err);
	int64_t status = 0;

	if (which == NPARAMS)
		return false;
	params->given |= 1u << which;
	switch (which)
	{
		case DELAY:
			if (!set_seconds(&params->delay_s, which, value, len, err))
				return false;
			memcpy(params->delay_text, value, len + 1);
			return true;
		case JITTER:
			return set_seconds(&params->jitter_s, which, value, len, err);
		case VALUE:
			set_value(&params->value, value, len);
			return true;
		case STATUS:
			if (!set_integer(&status, which, "a whole number from 200 to 599",
							 200, 599, value, len, err))
				return false;
			params->status = (unsigned) status;
			return true;
		case SIZE:
			return set_integer(&params->size_bytes, which,
							   "a number of bytes from 0 to 100000000", 0,
							   SERVE_MAX_BYTES, value, len, err);
		default:
			return set_fail(&params->fail, value, len, err);
	}
}

void
serve_params_body(const ServeParams *params, Buf *body)
{
	buf_puts(body, "{\"value\": ");
	if (params->value.len > 0)
		buf_append(body, params->value.data, params->value.len);
	else
		buf_puts(body, "null");
	buf_printf(body, ", \"delay\": %s}", params->delay_text);
}
