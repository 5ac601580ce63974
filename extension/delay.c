/*
 * delay.c
 *		Delays and CPU burners: waits that can be interrupted, nothing else.
 *
 * A delay fixes its end when it begins and waits on the process latch until
 * then, so that a wake-up meant for somebody else neither ends it nor
 * lengthens it.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "clock.h"
#include "compat.h"
#include "http_fetch.h"

/* The longest delay, in seconds: more than thirty-one years. */
#define DELAY_MAX_S 1e9

/* One wait; long ones are cut so that milliseconds always fit a long. */
#define WAIT_MAX_MS INT64CONST(3600000)

/* How often delay_until looks at the wall clock, which may be set. */
#define WALL_CLOCK_MAX_MS INT64CONST(1000)

PG_FUNCTION_INFO_V1(asyncdemo_delay);
PG_FUNCTION_INFO_V1(asyncdemo_delay_for);
PG_FUNCTION_INFO_V1(asyncdemo_delay_until);
PG_FUNCTION_INFO_V1(asyncdemo_delay_span);
PG_FUNCTION_INFO_V1(asyncdemo_burn);

static uint32
delay_wait_event(void)
{
#if PG_VERSION_NUM >= 170000
	static uint32 wait_event = 0;

	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("AsyncdemoDelay");
	return wait_event;
#else
	return PG_WAIT_EXTENSION;
#endif
}

/*
 * Wait for at most ms, less if anything wakes this process.  Requests that the
 * session has under way are moved meanwhile.
 */
static void
delay_wait(int64 ms)
{
	fetches_wait_latch((long) Min(ms, WAIT_MAX_MS), delay_wait_event());
	CHECK_FOR_INTERRUPTS();
}

static void
delay_until_ns(int64 end_ns)
{
	int64 now_ns;

	CHECK_FOR_INTERRUPTS();
	while ((now_ns = clock_now_ns()) < end_ns)
		delay_wait(clock_ms_until(end_ns, now_ns));
}

/* Refuse what is no length of time, and say what is. */
static int64
seconds_to_ns(double seconds)
{
	if (isnan(seconds) || seconds < 0 || seconds > DELAY_MAX_S)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("delay out of range: %.15g seconds", seconds),
				 errhint("Give a number of seconds from 0 to 1000000000.")));
	return (int64) ceil(seconds * NS_PER_S);
}

/*
 * The length of an interval that starts now, as pg_sleep_for counts it: months
 * and days are the calendar's.  What is certainly too long is turned away
 * first, because adding it to the clock would overflow with a message that
 * speaks of timestamps.
 */
static double
interval_to_seconds(Interval *span)
{
	double rough = span->month * 30.0 * SECS_PER_DAY +
				   (double) span->day * SECS_PER_DAY +
				   span->time / (double) USECS_PER_SEC;
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz end;

	if (fabs(rough) > 2 * DELAY_MAX_S)
		return rough;
	end = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
												  TimestampTzGetDatum(now),
												  IntervalPGetDatum(span)));
	return (end - now) / (double) USECS_PER_SEC;
}

Datum
asyncdemo_delay(PG_FUNCTION_ARGS)
{
	delay_until_ns(clock_now_ns() + seconds_to_ns(PG_GETARG_FLOAT8(0)));
	PG_RETURN_VOID();
}

Datum
asyncdemo_delay_for(PG_FUNCTION_ARGS)
{
	double seconds = interval_to_seconds(PG_GETARG_INTERVAL_P(0));

	delay_until_ns(clock_now_ns() + seconds_to_ns(seconds));
	PG_RETURN_VOID();
}

Datum
asyncdemo_delay_until(PG_FUNCTION_ARGS)
{
	TimestampTz end = PG_GETARG_TIMESTAMPTZ(0);
	int64 left_us;

	if (TIMESTAMP_NOT_FINITE(end))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot wait until an infinite timestamp")));

	CHECK_FOR_INTERRUPTS();
	while ((left_us = end - GetCurrentTimestamp()) > 0)
		delay_wait(Min((left_us - 1) / 1000 + 1, WALL_CLOCK_MAX_MS));
	PG_RETURN_VOID();
}

/* Put a value in the result column of that name, wherever it stands. */
static void
set_column(TupleDesc desc, Datum *values, bool *nulls, const char *name,
		   Datum value)
{
	for (int i = 0; i < desc->natts; i++)
	{
		if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
		{
			values[i] = value;
			nulls[i] = false;
			return;
		}
	}
	elog(ERROR, "result column \"%s\" is missing", name);
}

Datum
asyncdemo_delay_span(PG_FUNCTION_ARGS)
{
	int64 length_ns = seconds_to_ns(PG_GETARG_FLOAT8(0));
	TimestampTz started_at = GetCurrentTimestamp();
	TupleDesc desc;
	Datum *values;
	bool *nulls;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	delay_until_ns(clock_now_ns() + length_ns);

	values = palloc0(desc->natts * sizeof(Datum));
	nulls = palloc(desc->natts * sizeof(bool));
	memset(nulls, true, desc->natts * sizeof(bool));
	set_column(desc, values, nulls, "pid", Int32GetDatum(MyProcPid));
	set_column(desc, values, nulls, "started_at",
			   TimestampTzGetDatum(started_at));
	set_column(desc, values, nulls, "finished_at",
			   TimestampTzGetDatum(GetCurrentTimestamp()));
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * Arithmetic that the compiler cannot leave out, some tens of microseconds of
 * it: short enough to notice a cancel request well within a millisecond.
 */
static void
burn_a_little(void)
{
	volatile uint32 sink = 1;

	for (int i = 0; i < 20000; i++)
		sink = sink * 1664525u + 1013904223u;
}

Datum
asyncdemo_burn(PG_FUNCTION_ARGS)
{
	int64 length_ns = seconds_to_ns(PG_GETARG_FLOAT8(0));
	int64 end_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID) + length_ns;

	CHECK_FOR_INTERRUPTS();
	while (clock_read_ns(CLOCK_THREAD_CPUTIME_ID) < end_ns)
	{
		burn_a_little();
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_VOID();
}
