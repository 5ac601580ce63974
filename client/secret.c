/*
 * secret.c
 *	  Where secrets stand in a text that is about to be shown.
 */
#include "secret.h"

#include <string.h>
#include <strings.h>

static const char *const header_names[] = {
	"authorization:", "cookie:",	   "api-key:",	"apikey:",
	"auth-token:",	  "access-token:", "auth-key:", NULL};

/* user:password between :// and @ */
static bool
find_user_info(const char *text, size_t len, size_t at, size_t *begin,
			   size_t *end)
{
	size_t i;
	size_t last = 0;

	if (len - at < 3 || memcmp(text + at, "://", 3) != 0)
		return false;
	for (i = at + 3; i < len; i++)
	{
		if (text[i] == '@')
			last = i;
		if (strchr("/?#\"' \t\r\n", text[i]) != NULL)
			break;
	}
	if (last <= at + 3)
		return false;
	*begin = at + 3;
	*end = last;
	return true;
}

/* The length of the secret header's name that begins at the text, or 0. */
static size_t
header_name_len(const char *text, size_t len)
{
	for (int i = 0; header_names[i] != NULL; i++)
	{
		size_t n = strlen(header_names[i]);

		if (len >= n && strncasecmp(text, header_names[i], n) == 0)
			return n;
	}
	return 0;
}

static bool
find_header(const char *text, size_t len, size_t at, size_t *begin,
			size_t *end)
{
	size_t n = header_name_len(text + at, len - at);

	if (n == 0)
		return false;
	*begin = at + n;
	while (*begin < len && text[*begin] == ' ')
		(*begin)++;
	*end = *begin;
	while (*end < len && strchr("\"'\r\n", text[*end]) == NULL)
		(*end)++;
	return *end > *begin;
}

/*
 * What follows the word "password" up to its value: "=" as in connection
 * strings and URLs, ":" as in JSON, only blanks before a quote as in SQL.
 * Answers where the value (or its quote) begins; len: nowhere.
 */
static size_t
password_value(const char *text, size_t len, size_t i)
{
	bool is_key = i < len && text[i] == '"';

	i += is_key;
	while (i < len && text[i] == ' ')
		i++;
	if (i < len && (text[i] == '=' || (is_key && text[i] == ':')))
	{
		i++;
		while (i < len && text[i] == ' ')
			i++;
		return i;
	}
	return !is_key && i < len && text[i] == '\'' ? i : len;
}

/* password=secret, password = 'secret', PASSWORD 'secret', "password": "…" */
static bool
find_password(const char *text, size_t len, size_t at, size_t *begin,
			  size_t *end)
{
	static const char word[] = "password";
	size_t i = at + sizeof(word) - 1;
	char quote;

	if (len - at < sizeof(word) || strncasecmp(text + at, word, i - at) != 0)
		return false;
	i = password_value(text, len, i);
	if (i >= len)
		return false;
	*begin = i;
	quote = text[i];
	if (quote == '\'' || quote == '"')
	{
		/* connection strings and JSON escape by a backslash, SQL by another */
		for (i++; i < len; i++)
		{
			if (text[i] == quote && (i + 1 >= len || text[i + 1] != quote))
				break;
			i += (text[i] == '\\' || text[i] == quote) && i + 1 < len;
		}
		*begin += 1;
	}
	else
	{
		while (i < len && strchr(" \t\r\n&\"',}", text[i]) == NULL)
			i++;
	}
	*end = i < len ? i : len;
	return *end > *begin;
}

bool
secret_find(const char *text, size_t len, size_t from, size_t *begin,
			size_t *end)
{
	for (size_t at = from; at < len; at++)
	{
		switch (text[at] | 0x20)
		{
			case ':' | 0x20:
				if (find_user_info(text, len, at, begin, end))
					return true;
				break;
			case 'a':
			case 'c':
				if (find_header(text, len, at, begin, end))
					return true;
				break;
			case 'p':
				if (find_password(text, len, at, begin, end))
					return true;
				break;
		}
	}
	return false;
}

void
secret_mask(char *text, size_t len)
{
	size_t begin;
	size_t end = 0;

	while (secret_find(text, len, end, &begin, &end))
		memset(text + begin, '*', end - begin);
}

void
secret_append(Buf *out, const char *text, size_t len)
{
	size_t shown = 0;
	size_t begin;
	size_t end;

	while (secret_find(text, len, shown, &begin, &end))
	{
		buf_append(out, text + shown, begin - shown);
		buf_puts(out, "***");
		shown = end;
	}
	buf_append(out, text + shown, len - shown);
}

void
secret_append_url(Buf *out, const char *url, size_t len)
{
	size_t begin = 0;
	size_t end = 0;

	for (size_t at = 0; at < len && end == 0; at++)
	{
		if (url[at] == ':')
			(void) find_user_info(url, len, at, &begin, &end);
	}
	buf_append(out, url, begin);
	if (end > 0)
		buf_puts(out, "***");
	buf_append(out, url + end, len - end);
}

bool
secret_is_header(const char *header, size_t len)
{
	const char *colon = memchr(header, ':', len);

	for (const char *at = header; colon != NULL && at < colon; at++)
	{
		if (header_name_len(at, (size_t) (colon - at) + 1) ==
			(size_t) (colon - at) + 1)
			return true;
	}
	return false;
}
