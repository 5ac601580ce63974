/*
 * report_saved.c
 *	  What --format json wrote, whatever it tells about.
 *
 * The document lives as long as what was read from it, since texts point into
 * it.
 */
#include "report_saved.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "report_compare.h"
#include "report_json.h"
#include "report_load.h"
#include "report_many_load.h"
#include "report_sweep.h"

struct ReportSaved
{
	const ReportForms *forms;
	json_t *root;
	SavedRun *run; /* one of these three */
	Sweep *sweep;
	Compare *compare;
};

static const struct
{
	const char *schema;
	int version;
	const ReportForms *forms;
} kinds[] = {{REPORT_SCHEMA, REPORT_VERSION, &report_run_forms},
			 {SWEEP_SCHEMA, SWEEP_VERSION, &report_sweep_forms},
			 {COMPARE_SCHEMA, COMPARE_VERSION, &report_compare_forms}};

/* Its kind, if this version understands it; NULL: err says why not. */
static const ReportForms *
find_forms(const char *path, json_t *root, Err *err)
{
	const char *schema = json_string_value(json_object_get(root, "schema"));
	const char *program = json_string_value(json_object_get(root, "program"));
	json_int_t version = json_integer_value(json_object_get(root, "version"));

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		if (schema == NULL || version < 1 ||
			strcmp(schema, kinds[i].schema) != 0)
			continue;
		if (version <= kinds[i].version)
			return kinds[i].forms;
		err_set(err, ERR_USAGE,
				"\"%.300s\" was saved by a newer version: its format is %lld, "
				"and this one reads up to %d",
				path, (long long) version, kinds[i].version);
		err_hint(err, "read it with %.80s or a later one",
				 program != NULL ? program : "the asyncdemo that saved it");
		return NULL;
	}
	err_set(err, ERR_USAGE, "\"%.300s\" is not a saved run", path);
	err_hint(err, "save one with asyncdemo run --format json");
	return NULL;
}

static bool
load(ReportSaved *saved, JsonIn *in)
{
	if (saved->forms == &report_sweep_forms)
		saved->sweep = sweep_load(in, saved->root);
	else if (saved->forms == &report_compare_forms)
		saved->compare = compare_load(in, saved->root);
	else
		saved->run = saved_run_load(in, saved->root);
	return report_saved_what(saved) != NULL;
}

ReportSaved *
report_saved_open(const char *path, Err *err)
{
	ReportSaved *saved = mem_alloc(sizeof(*saved));
	JsonIn in = {.name = strcmp(path, "-") == 0 ? "<stdin>" : path,
				 .err = err};

	saved->root = json_in_file(path, err);
	if (saved->root != NULL)
		saved->forms = find_forms(path, saved->root, err);
	if (saved->forms != NULL && load(saved, &in))
		return saved;
	report_saved_close(saved);
	return NULL;
}

void
report_saved_close(ReportSaved *saved)
{
	if (saved == NULL)
		return;
	saved_run_free(saved->run);
	if (saved->sweep != NULL)
		sweep_clear(saved->sweep);
	free(saved->sweep);
	if (saved->compare != NULL)
		compare_clear(saved->compare);
	free(saved->compare);
	json_decref(saved->root);
	free(saved);
}

const ReportForms *
report_saved_forms(const ReportSaved *saved)
{
	return saved->forms;
}

const void *
report_saved_what(const ReportSaved *saved)
{
	return saved->run != NULL	  ? (const void *) saved_run_result(saved->run)
		   : saved->sweep != NULL ? (const void *) saved->sweep
								  : saved->compare;
}
