/*
 * report_style.c
 *	  Width, colour and character set of a stream.
 */
#include "report.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MIN_COLUMNS 20
#define MAX_COLUMNS 500 /* beyond it a picture is no easier to read */
#define DEFAULT_COLUMNS 80

static int
stream_columns(int fd)
{
	struct winsize size;
	const char *variable = getenv("COLUMNS");
	long columns = 0;

	if (isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	if (columns <= 0 && variable != NULL)
		columns = strtol(variable, NULL, 10);
	if (columns <= 0)
		columns = DEFAULT_COLUMNS;
	return columns < MIN_COLUMNS   ? MIN_COLUMNS
		   : columns > MAX_COLUMNS ? MAX_COLUMNS
								   : (int) columns;
}

/* Asked of a locale of our own, so that the program's stays as it is. */
static bool
is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t) 0);
	bool utf8 = false;

	if (locale != (locale_t) 0)
	{
		utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
		freelocale(locale);
	}
	return utf8;
}

ReportStyle
report_style(FILE *out, const char *color_option)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");
	int fd = fileno(out);
	ReportStyle style;

	style.columns = stream_columns(fd);
	style.ascii = !is_utf8();
	if (color_option != NULL && strcmp(color_option, "always") == 0)
		style.color = true;
	else if (color_option != NULL && strcmp(color_option, "never") == 0)
		style.color = false;
	else
		style.color = isatty(fd) && (no_color == NULL || *no_color == '\0') &&
					  term != NULL && strcmp(term, "dumb") != 0;
	return style;
}

const char *
report_class_color(Class class)
{
	static const char *const colors[CLASSES] = {
		[CLASS_LOOP] = "\033[33m",	 [CLASS_POOL] = "\033[35m",
		[CLASS_THREAD] = "\033[36m", [CLASS_SERVER] = "\033[32m",
		[CLASS_HTTP] = "\033[34m",	 [CLASS_CLIENT] = "\033[31m"};

	return colors[class];
}
