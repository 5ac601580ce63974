/*
 * options_feed.c
 *	  The options that say where rows come from and where they go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "options_private.h"

#define WORDS(words) (words), (int) (sizeof(words) / sizeof((words)[0]))

/* A character that can stand between two fields. */
static bool
read_delimiter(const OptionRow *row, const char *text, char *delimiter,
			   Err *err)
{
	if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
		text = "\t";
	*delimiter = text[0];
	if (text[0] != '\0' && text[1] == '\0' &&
		strchr("\"\r\n", text[0]) == NULL)
		return true;
	return option_bad_value(row, text,
							"one character but a quote, or the word tab", err);
}

static bool
read_size(const OptionRow *row, const char *text, int64_t *bytes, Err *err)
{
	static const char *const units[] = {"B", "kB", "MB", "GB"};
	char *end;

	errno = 0;
	*bytes = strtoll(text, &end, 10);
	for (int i = 0; i < 4; i++)
		if (errno == 0 && end != text && *bytes > 0 &&
			*bytes <= INT64_C(1) << (30 - 10 * i) &&
			(strcasecmp(end, units[i]) == 0 || (i == 0 && *end == '\0')))
		{
			*bytes <<= 10 * i;
			return true;
		}
	return option_bad_value(
		row, text, "a size up to 1GB: 100kB or 64MB, for example", err);
}

static bool
set_word(Options *options, const OptionRow *row, const char *text, Err *err)
{
	static const char *const inputs[] = {"csv", "tsv", "jsonl", "lines",
										 "nul"};
	static const char *const outputs[] = {"csv", "jsonl"};
	static const char *const yes_no[] = {"yes", "no"};
	static const char *const bad_rows[] = {"skip", "stop"};
	int place;

	switch ((int) row->id)
	{
		case OPT_INPUT_FORMAT:
			if (!option_read_word(row, text, WORDS(inputs), &place, err))
				return false;
			options->input.format = (InputFormat) (INPUT_CSV + place);
			return true;
		case OPT_INPUT_HEADER:
			if (!option_read_word(row, text, WORDS(yes_no), &place, err))
				return false;
			options->input.header = (InputHeader) (INPUT_HEADER_YES + place);
			return true;
		case OPT_ON_BAD_ROW:
			if (!option_read_word(row, text, WORDS(bad_rows), &place, err))
				return false;
			options->run.stop_on_bad_row = place == 1;
			return true;
	}
	if (!option_read_word(row, text, WORDS(outputs), &place, err))
		return false;
	options->output.format = (OutputFormat) (OUTPUT_CSV + place);
	return true;
}

bool
option_set_feed(Options *options, const OptionRow *row, const char *text,
				Err *err)
{
	switch ((int) row->id)
	{
		case OPT_INPUT:
			options->input.file = text;
			return true;
		case OPT_INPUT_SQL:
			options->input.sql = text;
			return true;
		case OPT_INPUT_COLUMNS:
			options->input.columns = text;
			return true;
		case OPT_INPUT_DELIMITER:
			return read_delimiter(row, text, &options->input.delimiter, err);
		case OPT_INPUT_MAX_ROW:
			return read_size(row, text, &options->input.max_row_bytes, err);
		case OPT_OUTPUT:
			options->output.file = text;
			return true;
		case OPT_OUTPUT_HEADER:
			options->output.header = true;
			return true;
		case OPT_KEEP_ORDER:
			options->output.keep_order = true;
			return true;
	}
	return set_word(options, row, text, err);
}

/* -------- what goes together -------- */

static bool
refuse(Err *err, const char *message, const char *hint)
{
	err_set(err, ERR_USAGE, "%s", message);
	err_hint(err, "%s", hint);
	return false;
}

static bool
is_given(const Options *options, OptionId id)
{
	return options->given[id - OPT_DBNAME];
}

bool
options_check_feed(const Options *options, Err *err)
{
	const InputOptions *input = &options->input;
	bool is_many =
		options->nvariants > 0 || strcmp(options->command, "sweep") == 0;
	bool reads_stdin = input->file != NULL && strcmp(input->file, "-") == 0;

	if (input->file != NULL && input->sql != NULL)
		return refuse(err, "--input and --input-sql exclude each other",
					  "keep the one that has the rows");
	if (is_many && (input->file != NULL || input->sql != NULL))
		return refuse(err,
					  "sweep and --compare run the plan many times, and an "
					  "input has its rows only once",
					  "leave the input out, or run the plan once");
	for (int id = OPT_INPUT_FORMAT; id <= OPT_INPUT_MAX_ROW; id++)
		if (is_given(options, (OptionId) id) && input->file == NULL)
			return refuse(err,
						  "--input-format, --input-header, --input-columns, "
						  "--input-delimiter and --input-max-row are about "
						  "--input, which is missing",
						  "name the file with --input, - is standard input");
	for (int i = 0; reads_stdin && i < options->nplans; i++)
		if (strcmp(options->plans[i], "-") == 0)
			return refuse(err,
						  "plan and rows cannot both come from standard input",
						  "give the plan as a file or with -e");
	return true;
}
