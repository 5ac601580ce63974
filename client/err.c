/*
 * err.c
 *	  What went wrong, as a plain value.
 */
#include "err.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "utf8.h"

/* vsnprintf, but a text that does not fit never ends inside a character. */
__attribute__((format(printf, 3, 0))) static void
print_fitting(char *out, size_t size, const char *fmt, va_list args)
{
	int len = vsnprintf(out, size, fmt, args);
	size_t end = size - 1;

	if (len >= 0 && (size_t) len < size)
		return;
	while (end > 0 && ((unsigned char) out[end - 1] & 0xC0) == 0x80)
		end--;
	if (end > 0 && (unsigned char) out[end - 1] >= 0xC0)
		end--;
	else
		end = size - 1; /* not UTF-8: cut anywhere */
	out[end] = '\0';
}

bool
err_set(Err *err, ErrKind kind, const char *fmt, ...)
{
	va_list args;
	Err fresh = {.kind = kind};

	if (err == NULL)
		return false;
	/* the arguments may point into *err, so it is replaced last */
	va_start(args, fmt);
	print_fitting(fresh.message, sizeof(fresh.message), fmt, args);
	va_end(args);
	*err = fresh;
	return false;
}

void
err_hint(Err *err, const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return;
	va_start(args, fmt);
	print_fitting(err->hint, sizeof(err->hint), fmt, args);
	va_end(args);
}

__attribute__((format(printf, 3, 4))) static void
format_fitting(char *out, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_fitting(out, size, fmt, args);
	va_end(args);
}

void
err_prefix(Err *err, const char *fmt, ...)
{
	char front[sizeof(err->message)];
	char whole[sizeof(err->message)];
	va_list args;

	if (err == NULL)
		return;
	va_start(args, fmt);
	print_fitting(front, sizeof(front), fmt, args);
	va_end(args);
	format_fitting(whole, sizeof(whole), "%s%s", front, err->message);
	memcpy(err->message, whole, sizeof(whole));
}

void
err_suffix(Err *err, const char *fmt, ...)
{
	char back[sizeof(err->message)];
	char whole[sizeof(err->message)];
	va_list args;

	if (err == NULL)
		return;
	va_start(args, fmt);
	print_fitting(back, sizeof(back), fmt, args);
	va_end(args);
	format_fitting(whole, sizeof(whole), "%s%s", err->message, back);
	memcpy(err->message, whole, sizeof(whole));
}

void
err_clear(Err *err)
{
	if (err != NULL)
		memset(err, 0, sizeof(*err));
}

static bool
is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

/*
 * Print text that came from outside on one line: line ends and tabs become
 * blanks, trailing ones nothing, and what could steer a terminal is escaped.
 */
static void
print_safe(FILE *out, const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	for (size_t i = 0; i < len;)
	{
		uint32_t code = 0;
		int n = utf8_decode(text + i, len - i, &code);

		if (n == 1 && strchr("\t\r\n", text[i]) != NULL && text[i] != '\0')
		{
			while (i + 1 < len && strchr(" \t\r\n", text[i + 1]) != NULL)
				i++;
			fputc(' ', out);
		}
		else if (n == 0 || is_control(code))
		{
			n = n > 0 ? n : 1;
			for (int k = 0; k < n; k++)
				fprintf(out, "\\x%02X", (unsigned char) text[i + (size_t) k]);
		}
		else
			fwrite(text + i, 1, (size_t) n, out);
		i += n > 0 ? (size_t) n : 1;
	}
}

/*
 * The excerpt and a caret below the place.  Every character takes one column
 * here, control characters as "?", so that the caret stays below it.
 */
static void
print_excerpt(FILE *out, const Err *err)
{
	size_t len = strlen(err->excerpt);
	size_t column = 0;

	fputs("  ", out);
	for (size_t i = 0; i < len;)
	{
		uint32_t code = 0;
		int n = utf8_decode(err->excerpt + i, len - i, &code);

		if (n == 0 || is_control(code))
			fputc(code == '\t' && n == 1 ? ' ' : '?', out);
		else
			fwrite(err->excerpt + i, 1, (size_t) n, out);
		if (err->caret > 0 && i < (size_t) err->caret)
			column++;
		i += n > 0 ? (size_t) n : 1;
	}
	fprintf(out, "\n  %*s^\n", (int) column, "");
}

void
err_print(FILE *out, const char *level, const Err *err)
{
	fprintf(out, "asyncdemo: %s: ", level);
	if (err->file[0] != '\0')
	{
		print_safe(out, err->file);
		fputc(':', out);
	}
	if (err->line > 0)
		fprintf(out, "%s%d:", err->file[0] != '\0' ? "" : "line ", err->line);
	if (err->line > 0 && err->column > 0)
		fprintf(out, "%d:", err->column);
	if (err->file[0] != '\0' || err->line > 0)
		fputc(' ', out);
	print_safe(out, err->message);
	fputc('\n', out);
	if (err->line > 0 && err->excerpt[0] != '\0')
		print_excerpt(out, err);
	if (err->hint[0] != '\0')
	{
		fputs("  hint: ", out);
		print_safe(out, err->hint);
		fputc('\n', out);
	}
}

const char *
err_kind_name(ErrKind kind)
{
	switch (kind)
	{
		case ERR_NONE:
			return "none";
		case ERR_USAGE:
			return "usage";
		case ERR_PLAN:
			return "plan";
		case ERR_CONNECT:
			return "connect";
		case ERR_SQL:
			return "sql";
		case ERR_LOST:
			return "lost";
		case ERR_HTTP:
			return "http";
		case ERR_DATA:
			return "data";
		case ERR_TIMEOUT:
			return "timeout";
		case ERR_CANCEL:
			return "cancel";
		case ERR_ASSERT:
			return "assert";
		case ERR_IO:
			return "io";
	}
	return "unknown";
}

#define NEAREST_MAX_LEN 63 /* longer words are not guessed at */

static int
min3(int a, int b, int c)
{
	int least = a < b ? a : b;

	return least < c ? least : c;
}

/*
 * Damerau-Levenshtein distance (neighbours swapped count once), in the
 * restricted form that never edits a swapped pair again.  Three rows of the
 * table are enough.
 */
static int
edit_distance(const char *a, int alen, const char *b, int blen)
{
	int rows[3][NEAREST_MAX_LEN + 1];

	for (int j = 0; j <= blen; j++)
		rows[0][j] = j;
	for (int i = 1; i <= alen; i++)
	{
		int *row = rows[i % 3];
		const int *above = rows[(i + 2) % 3];
		const int *twice = rows[(i + 1) % 3];

		row[0] = i;
		for (int j = 1; j <= blen; j++)
		{
			int cost = a[i - 1] == b[j - 1] ? 0 : 1;

			row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1] && twice[j - 2] + 1 < row[j])
				row[j] = twice[j - 2] + 1;
		}
	}
	return rows[alen % 3][blen];
}

const char *
err_nearest(const char *word, const char *const *names, int nnames)
{
	size_t len = strlen(word);
	int best = (int) (len / 3) + 1;
	const char *nearest = NULL;

	if (len > NEAREST_MAX_LEN)
		return NULL;
	for (int i = 0; i < nnames; i++)
	{
		size_t name_len = strlen(names[i]);
		int distance;

		if (name_len > NEAREST_MAX_LEN)
			continue;
		distance = edit_distance(word, (int) len, names[i], (int) name_len);
		if (distance < best)
		{
			best = distance;
			nearest = names[i];
		}
	}
	return nearest;
}
