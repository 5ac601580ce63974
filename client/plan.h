/*
 * plan.h
 *	  Plan, Body, PlanStep: what to do, as plain data.
 *
 * A plan is read once (parse.c), checked once (plan_check), and never changes
 * while it runs.  Everything in it lives in one arena that plan_free frees.
 *
 * A body's steps are a flat array.  \gather is a step whose children follow
 * it up to (not including) index "end"; \if is a step that jumps.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdio.h>

#include "expr.h"
#include "template.h"

typedef enum Call
{
	CALL_ASYNC,
	CALL_BLOCKING,
	CALL_THREAD
} Call;

typedef enum StepKind
{
	STEP_SQL,
	STEP_HTTP,
	STEP_SLEEP,
	STEP_GATHER, /* these four may wait; the rest end at once */
	STEP_SHELL,	 /* \shell, \setshell: always blocking */
	STEP_SET,
	STEP_JSON,
	STEP_EMIT,
	STEP_ASSERT,
	STEP_ECHO,
	STEP_HOLD,
	STEP_RELEASE,
	STEP_IF,	   /* false or null: go to "end" */
	STEP_JUMP,	   /* always go to "end" */
	STEP_PIPELINE, /* \startpipeline ... \endpipeline, at "end" */
	STEP_SYNCPIPELINE,
	STEP_ENDPIPELINE,
	STEP_KINDS
} StepKind;

typedef enum Hold
{
	HOLD_TASK,
	HOLD_TRANSACTION,
	HOLD_STATEMENT
} Hold;

/* What a statement does to the transaction it runs in. */
typedef enum SqlTransaction
{
	SQL_TX_SAME,  /* nothing */
	SQL_TX_BEGIN, /* afterwards one is open */
	SQL_TX_END	  /* afterwards none is open */
} SqlTransaction;

typedef struct Place
{
	int file; /* index into plan->sources */
	int line;
	int column;
} Place;

typedef struct PlanSql
{
	Template text;
	int nbinds;
	int *bind_symbols;		 /* by n - 1 of $n */
	bool has_gset;			 /* \gset: exactly one row becomes variables */
	bool has_aset;			 /* \aset: last row of each, or nothing */
	const char *gset_prefix; /* never NULL when has_gset or has_aset */
	int id;					 /* one number a statement, for prepare caches */
	const char *verb;		 /* first keyword, upper case: "SELECT" */
	bool is_empty;			 /* nothing but comments */
	SqlTransaction transaction;
	bool may_restart;	 /* BEGIN: doing all up to COMMIT again is safe, */
	bool asks_restart;	 /* and a \retry there wants it */
	bool is_compound;	 /* several statements, joined by \; */
	bool takes_no_binds; /* a statement such as SET: see bind_place */
	Place bind_place;	 /* of the first :v; line 0 when there is none */
	bool is_ledger_end;	 /* the COMMIT that plan_add_ledger has added */
} PlanSql;

typedef enum BodyKind
{
	HTTP_NO_BODY,
	HTTP_TEXT_BODY,
	HTTP_JSON_BODY
} BodyKind;

#define PLAN_MAX_BODY_BYTES \
	(INT64_C(16) << 20) /* unless max_body= says more */

typedef struct PlanHttp
{
	const char *name;
	const char *method;
	Template url;
	Template *headers; /* each "Name: value" */
	int nheaders;
	BodyKind body_kind;
	Template body;
	int expect_lo; /* accepted status range; 0..999 for "any" */
	int expect_hi;
	int follow; /* redirects followed at most */
	int64_t max_body_bytes;
	const char *cacert; /* NULL: the library's own */
	bool insecure;
	int status_symbol; /* NAME_status ... */
	int body_symbol;
	int type_symbol;
	int time_symbol;
	bool body_is_read; /* somewhere in the plan NAME_body is used */
} PlanHttp;

typedef struct PlanRetry
{
	bool is_given;	/* by \retry; else --retries counts */
	bool is_barred; /* in a pipeline: neither counts */
	int max;		/* 0: none */
	const char *on; /* as written, checked; NULL: the safe set */
} PlanRetry;

typedef struct PlanStep
{
	StepKind kind;
	Call call;
	int index; /* number within the plan, every step one */
	Place place;
	const char *label;	/* short name for timelines: "sql", "http" or
						 * the \http NAME, "sleep" */
	int64_t timeout_ns; /* -1: none */
	PlanRetry retry;
	int end;			/* GATHER, IF, JUMP, PIPELINE: an index into
						 * the body */
	bool gather_cancel; /* \gather cancel */

	union
	{
		PlanSql sql;
		PlanHttp http;
		struct
		{
			Expr *seconds; /* after the unit was applied */
		} sleep;
		struct
		{
			int symbol;
			Expr *expr;
		} set;
		struct
		{
			int symbol;
			int source_symbol;
			const char *pointer; /* RFC 6901 */
		} json;
		struct
		{
			int *symbols;
			int count;
		} emit;
		struct
		{
			Expr *expr;
			const char *text; /* as written, for the message */
		} condition;		  /* ASSERT, IF */
		struct
		{
			Template text;
		} echo;
		struct
		{
			Template command;
			int symbol; /* \setshell; -1 for \shell */
		} shell;
		Hold hold;
	};
} PlanStep;

typedef struct Body
{
	const char *name;
	int count; /* \task NAME count=N; 1 when not given */
	PlanStep *steps;
	int nsteps;
	Place place;
	bool is_implicit; /* no \task line: named after its file */
	int weight;		  /* among the others, when plan->has_weights */
} Body;

typedef struct PlanOption
{
	const char *name;
	const char *value;
	Place place;
} PlanOption;

typedef struct PlanSource
{
	const char *name; /* as given; "-" is "<stdin>", -e "<command>" */
	const char *text;
	size_t len;
	bool has_weight; /* -f, -b: how often its bodies are chosen at random */
	int weight;
	bool is_ours; /* no part of what the user wrote */
} PlanSource;

/* A :name that stands inside a literal, where it is not replaced. */
typedef struct PlanMention
{
	const char *name;
	Place place;
} PlanMention;

typedef enum HookKind
{
	HOOK_CONNECT,
	HOOK_ACQUIRE,
	HOOK_RELEASE,
	HOOK_KINDS
} HookKind;

typedef struct Plan
{
	PlanSource *sources;
	int nsources;
	Symbols symbols;
	Body *bodies;
	int nbodies;
	Body *setup; /* NULL: none */
	Body *teardown;
	const char *hooks[HOOK_KINDS]; /* SQL; NULL: none */
	PlanOption *options;
	int noptions;
	bool has_expect;
	double expect_s;
	double expect_lo_s; /* the window around it, in seconds */
	double expect_hi_s;
	double expect_within_s; /* as asked for; below 0: not at all */
	int nsteps;				/* PlanStep.index is below this */
	int nstatements;		/* PlanSql.id is below this */
	int ledger_id;			/* of the ledger's own statement; 0: no ledger */
	bool is_pgbench;		/* nothing but pgbench's commands */
	bool has_weights;		/* bodies are chosen at random, by weight */
	PlanMention *mentions;	/* of variables that exist, for plan_lint */
	int nmentions;
	struct Arena *arena;
} Plan;

/*
 * What the reader of a plan must know beforehand: names that the command line
 * or the input will set (so that they are not called undefined).
 */
typedef struct PlanContext
{
	const char *const *known_names; /* -D, input columns */
	int nknown;
	bool any_name;	 /* --input: columns are not known yet */
	bool no_include; /* \include is an error: no file is read */
} PlanContext;

/*
 * Read one or several texts into one plan; NULL on error.  The texts are
 * copied.  Each file with steps and no \task is a body of its own.
 */
extern Plan *plan_parse(const PlanSource *sources, int nsources,
						const PlanContext *context, Err *err);

/*
 * Read a file ("-": standard input) into memory; at most 64 MB, no NUL.  The
 * text is the caller's to free(), the name is the path that was given.
 */
extern bool plan_read_file(const char *path, PlanSource *source, Err *err);

/*
 * What can be told before anything runs: names nobody sets, what may not
 * stand together.  plan_parse has called it on every plan it returns.
 */
extern bool plan_check(Plan *plan, const PlanContext *context, Err *err);

/*
 * Does the plan go together with the protocol that was chosen?  To be called
 * once that is known; simple is -M simple.
 */
extern bool plan_check_protocol(const Plan *plan, bool simple, Err *err);

/*
 * With a ledger each task is one transaction that the program begins and ends
 * itself: refuse what begins or ends one, and add the COMMIT to every body.
 */
extern bool plan_add_ledger(Plan *plan, Err *err);

/*
 * Lints: things that are no error but surely a surprise.  Calls fn for each.
 */
extern void plan_lint(const Plan *plan, void (*fn)(void *arg, const Err *lint),
					  void *arg);

/* The canonical text of a plan (asyncdemo check --dump). */
extern void plan_dump(const Plan *plan, Buf *out);
extern void plan_free(Plan *plan);

/*
 * Put file, line, column and excerpt of a place into err.  A line and column
 * that an expression or a template has set already stay; secrets in the
 * excerpt are masked.
 */
extern void plan_place(const Plan *plan, Place place, Err *err);

/* Does it take time that reports tell of? */
extern bool step_kind_is_timed(StepKind kind);
extern const char *step_kind_name(StepKind kind);
extern const char *call_name(Call call);

#endif /* PLAN_H */
