/*
 * input_text.c
 *	  The bytes of an input file or pipe, a bufferful at a time.
 *
 * The reader has a thread of its own, so reading may block; a pipe is waited
 * for with poll, so that the wait also ends when the run does.
 */
#include "input_text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "utf8.h"

#define BUFFER_BYTES ((size_t) 128 << 10)
#define KEPT_LINE_BYTES ((size_t) 64 << 10)

static bool
cannot_read(const char *path, Err *err)
{
	err_set(err, ERR_USAGE, "cannot read \"%.300s\": %s", path,
			strerror(errno));
	err_hint(err, errno == ENOENT
					  ? "is the name right? - reads standard input"
					  : "--input takes a file, or - for standard input");
	return false;
}

bool
input_text_open(InputText *text, const char *path, int stop_fd, Err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct stat about;

	memset(text, 0, sizeof(*text));
	text->name = is_stdin ? "<stdin>" : path;
	text->stop_fd = stop_fd;
	text->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (text->fd < 0)
		return cannot_read(path, err);
	if (fstat(text->fd, &about) == 0 && S_ISDIR(about.st_mode))
	{
		errno = EISDIR;
		cannot_read(path, err);
		input_text_close(text);
		return false;
	}
	text->is_file = S_ISREG(about.st_mode);
	text->data = mem_alloc(BUFFER_BYTES);
	text->line = 1;
	return true;
}

void
input_text_close(InputText *text)
{
	if (text->fd > STDIN_FILENO)
		close(text->fd);
	text->fd = -1;
	free(text->data);
	text->data = NULL;
	buf_free(&text->buf);
}

static bool
stop_reading(InputText *text, const char *why)
{
	text->failed = true;
	err_set(&text->err, ERR_IO, "cannot read the input: %s", why);
	snprintf(text->err.file, sizeof(text->err.file), "%s", text->name);
	return false;
}

/* False: somebody wants the reader to end. */
static bool
wait_for_bytes(InputText *text)
{
	struct pollfd fds[] = {{.fd = text->fd, .events = POLLIN},
						   {.fd = text->stop_fd, .events = POLLIN}};

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR && errno != EAGAIN)
			return stop_reading(text, strerror(errno));
	if (fds[1].revents == 0)
		return true;
	return stop_reading(text, "the run is over");
}

/* Behind what is there already. */
static bool
read_more(InputText *text)
{
	ssize_t n;

	if (text->ended || text->failed)
		return false;
	do
	{
		if (!text->is_file && !wait_for_bytes(text))
			return false;
		n = read(text->fd, text->data + text->end, BUFFER_BYTES - text->end);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return stop_reading(text, strerror(errno));
	text->ended = n == 0;
	text->end += (size_t) n;
	return n > 0;
}

bool
input_text_fill(InputText *text)
{
	text->at = 0;
	text->end = 0;
	return read_more(text);
}

void
input_text_skip_mark(InputText *text)
{
	static const char mark[] = "\xEF\xBB\xBF";

	/* a pipe may hand out single bytes */
	for (size_t n = 0; n < 3; n++)
		if ((n == text->end && !read_more(text)) || text->data[n] != mark[n])
			return;
	text->at = 3;
}

/* -------- lines -------- */

InputRecord
input_text_line(InputText *text, char end)
{
	bool found = false;
	bool any = false;

	if (text->buf.cap > KEPT_LINE_BYTES)
		buf_free(&text->buf);
	buf_reset(&text->buf);
	text->buf.max_bytes = text->max_row_bytes;
	text->begun_line = text->line;
	while (!found)
	{
		const char *begin;
		const char *stop;
		size_t len;

		if (text->at == text->end && !input_text_fill(text))
			break;
		begin = text->data + text->at;
		len = text->end - text->at;
		stop = memchr(begin, end, len);
		found = stop != NULL;
		if (found)
			len = (size_t) (stop - begin);
		buf_append(&text->buf, begin, len);
		text->at += len + (found ? 1 : 0);
		any = true;
	}
	if (text->failed)
		return RECORD_FAILED;
	if (!any)
		return RECORD_END;
	text->line++;
	return text->buf.overflow ? input_text_too_large(text) : RECORD_ROW;
}

/* -------- what is wrong with a record -------- */

InputRecord
input_text_bad(InputText *text, const char *fmt, ...)
{
	char message[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	err_set(&text->err, ERR_DATA, "%s", message);
	snprintf(text->err.file, sizeof(text->err.file), "%s", text->name);
	text->err.line =
		text->begun_line < INT32_MAX ? (int) text->begun_line : INT32_MAX;
	return RECORD_BAD;
}

InputRecord
input_text_too_large(InputText *text)
{
	input_text_bad(text, "the record is larger than %zu bytes",
				   text->max_row_bytes);
	err_hint(&text->err, "--input-max-row allows more");
	return RECORD_BAD;
}

/* Offset of the first NUL or byte that is no UTF-8; len when there is none. */
static size_t
find_bad_byte(const char *text, size_t len)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = UINT64_C(0x8080808080808080);
	size_t at = 0;

	while (at < len)
	{
		uint64_t word;
		uint32_t code;
		int n;

		if (len - at >= sizeof(word))
		{
			memcpy(&word, text + at, sizeof(word));
			/* neither a byte over 127 nor a zero byte */
			if (((word | (word - ones)) & tops) == 0)
			{
				at += sizeof(word);
				continue;
			}
		}
		n = utf8_decode(text + at, len - at, &code);
		if (n == 0 || code == 0)
			return at;
		at += (size_t) n;
	}
	return len;
}

InputRecord
input_text_check(InputText *text, const Row *row)
{
	for (int i = 0; i < row->nfields; i++)
	{
		const RowField *field = &row->fields[i];
		const char *value = row->bytes + field->at;
		size_t at = find_bad_byte(value, field->len);

		if (at == field->len)
			continue;
		if (value[at] == '\0')
		{
			input_text_bad(text, "column %d has a NUL byte", i + 1);
			err_hint(&text->err, "a text of PostgreSQL cannot hold one");
		}
		else
		{
			input_text_bad(text, "column %d is not valid UTF-8 (byte 0x%02X)",
						   i + 1, (unsigned char) value[at]);
			err_hint(&text->err, "convert the input first, for example with "
								 "iconv -f latin1 -t utf-8");
		}
		return RECORD_BAD;
	}
	return RECORD_ROW;
}
