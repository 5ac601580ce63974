/*
 * tap.h
 *		The little that a unit test needs: checks that print TAP for prove.
 *
 * A test is one program: checks in main(), then "return done_testing();".
 * Every check prints one "ok" or "not ok" line and returns whether it held;
 * what was got and wanted follows as a comment.  A test that ends without
 * done_testing() prints no plan, which prove counts as a failure.  Include it
 * from the file with main() only: the counters live in that file.
 */
#ifndef TAP_H
#define TAP_H

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int tap_run;
static int tap_failed;

/* Print one result line; the name comes as printf arguments. */
__attribute__((format(printf, 2, 0))) static inline bool
tap_vresult(bool held, const char *fmt, va_list args)
{
	if (!held)
		tap_failed++;
	printf("%sok %d - ", held ? "" : "not ", ++tap_run);
	vprintf(fmt, args);
	printf("\n");
	/* what was printed must survive a crash in the next line of the test */
	fflush(stdout);
	return held;
}

__attribute__((format(printf, 4, 5))) static inline bool
tap_ok(const char *file, int line, bool held, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tap_vresult(held, fmt, args);
	va_end(args);
	if (!held)
		printf("#   failed at %s:%d\n", file, line);
	return held;
}

__attribute__((format(printf, 5, 6))) static inline bool
tap_is_i64(const char *file, int line, int64_t got, int64_t want,
		   const char *fmt, ...)
{
	va_list args;
	bool held = got == want;

	va_start(args, fmt);
	tap_vresult(held, fmt, args);
	va_end(args);
	if (!held)
		printf("#   failed at %s:%d: got %" PRId64 ", wanted %" PRId64 "\n",
			   file, line, got, want);
	return held;
}

/* Not-a-number is never within the tolerance, so it never passes. */
__attribute__((format(printf, 6, 7))) static inline bool
tap_is_dbl(const char *file, int line, double got, double want,
		   double tolerance, const char *fmt, ...)
{
	va_list args;
	bool held = got == want || fabs(got - want) <= tolerance;

	va_start(args, fmt);
	tap_vresult(held, fmt, args);
	va_end(args);
	if (!held)
		printf("#   failed at %s:%d: got %.17g, wanted %.17g within %g\n",
			   file, line, got, want, tolerance);
	return held;
}

/* Print a string as comment lines, so that no part of it reads as TAP. */
static inline void
tap_show(const char *label, const char *text)
{
	printf("#   %s: ", label);
	for (const char *p = text ? text : "(null)"; *p; p++)
	{
		putchar(*p);
		if (*p == '\n')
			printf("#     ");
	}
	putchar('\n');
}

/* Compares two strings; a null pointer equals only a null pointer. */
__attribute__((format(printf, 5, 6))) static inline bool
tap_is_str(const char *file, int line, const char *got, const char *want,
		   const char *fmt, ...)
{
	va_list args;
	bool held = got && want ? strcmp(got, want) == 0 : got == want;

	va_start(args, fmt);
	tap_vresult(held, fmt, args);
	va_end(args);
	if (!held)
	{
		printf("#   failed at %s:%d\n", file, line);
		tap_show("got", got);
		tap_show("wanted", want);
	}
	return held;
}

/* ok(cond, fmt, …): the condition holds */
#define ok(cond, ...) tap_ok(__FILE__, __LINE__, (cond), __VA_ARGS__)
/* is_i64(got, want, fmt, …): the integers are equal */
#define is_i64(got, want, ...) \
	tap_is_i64(__FILE__, __LINE__, (got), (want), __VA_ARGS__)
/* is_dbl(got, want, tolerance, fmt, …): they differ by tolerance at most */
#define is_dbl(got, want, tolerance, ...) \
	tap_is_dbl(__FILE__, __LINE__, (got), (want), (tolerance), __VA_ARGS__)
/* is_str(got, want, fmt, …): the strings are equal, null pointers included */
#define is_str(got, want, ...) \
	tap_is_str(__FILE__, __LINE__, (got), (want), __VA_ARGS__)

/* Report n checks as skipped; the reason is shown by prove. */
static inline void
skip(int n, const char *why)
{
	while (n-- > 0)
		printf("ok %d # SKIP %s\n", ++tap_run, why);
	fflush(stdout);
}

/* Print the plan; what it returns is what main() returns. */
static inline int
done_testing(void)
{
	printf("1..%d\n", tap_run);
	if (tap_failed > 0)
		printf("# %d of %d checks failed\n", tap_failed, tap_run);
	fflush(stdout);
	return tap_failed == 0 && tap_run > 0 ? 0 : 1;
}

#endif /* TAP_H */
