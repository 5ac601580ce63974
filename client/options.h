/*
 * options.h
 *	  The command line of run, check and demo.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "arena.h"
#include "builtin.h"
#include "report_forms.h"
#include "run_options.h"
#include "sweep_goal.h"

/* -f FILE[@WEIGHT], -b NAME[@WEIGHT] */
typedef struct ScriptOption
{
	const Builtin *builtin; /* NULL: a file */
	char *path;				/* of the file */
	int weight;
} ScriptOption;

typedef struct Options
{
	const char *command; /* run, check, demo, sweep */
	RunOptions run;
	ScriptOption *scripts;
	int nscripts;
	const char **plans; /* file names, in order; "-" is stdin */
	int nplans;
	const char **commands; /* -e */
	int ncommands;
	ReportFormat format;
	const char *color; /* auto, always, never */
	InputOptions input;
	OutputOptions output;
	const char *files[REPORT_FILES]; /* "-" is stdout; NULL: none */
	bool quiet;
	bool dump; /* check --dump */
	bool dry_run;
	int64_t unit_ns;   /* demo --unit */
	const char *only;  /* demo --only */
	const char *show;  /* demo --show */
	bool ask_password; /* -W */
	bool never_ask;	   /* -w */
	RunVariable *variables;
	int nvariables;
	const char **variants; /* --compare: what is held against each other */
	int nvariants;
	int rounds;		/* --rounds; 0: not given */
	SweepOver over; /* sweep --over */
	int from;		/* sweep --from, --to; 0: not given */
	int to;
	int64_t point_ns;	   /* sweep --point-time; 0: not given */
	SweepSlo slo;		   /* sweep --slo */
	double fail_if_slower; /* --fail-if-slower, percent; below 0: not given */
	Arena *texts;		   /* made from values; NULL: none */
	unsigned char *given;  /* by option number: on the command line */
} Options;

/*
 * Read argv (argv[0] is the command's name).  False: err says what is wrong.
 * *help: --help was given and printed.
 */
extern bool options_parse(Options *options, int argc, char **argv, bool *help,
						  Err *err);

/* \option lines of a plan, where the command line does not say otherwise. */
extern bool options_from_plan(Options *options, const Plan *plan, Err *err);

/*
 * The options of one variant of --compare, such as "c=50 hold=statement" or
 * "async", over those of base, whose lists both share.  The arena must outlive
 * *variant, which is not for options_free.
 */
extern bool options_variant(const Options *base, const char *text,
							Arena *arena, Options *variant, Err *err);
extern void options_free(Options *options);
extern void options_usage(FILE *out);

#endif /* OPTIONS_H */
