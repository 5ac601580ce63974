/*
 * class.h
 *	  Why time passed: every nanosecond of a task belongs to one class.
 */
#ifndef CLASS_H
#define CLASS_H

#include "plan.h"

typedef enum Class
{
	CLASS_QUEUED,  /* its time had come, but no slot was free, or it was not
					* its turn yet; HTTP: held back by our own limits */
	CLASS_LOOP,	   /* arrived or ready, but the loop was held */
	CLASS_POOL,	   /* waiting for a lease */
	CLASS_THREAD,  /* waiting for a worker */
	CLASS_CONNECT, /* waiting for a lease that was still being opened */
	CLASS_SERVER,  /* SQL under way (network included) */
	CLASS_HTTP,	   /* HTTP under way */
	CLASS_SLEEP,
	CLASS_BACKOFF, /* between two attempts */
	CLASS_CLIENT,  /* our own work */
	CLASSES
} Class;

/* "queued", "loop", ...: the word used in reports and in JSON. */
extern const char *class_name(Class class);

/* The class of a step's own time, from its start to its answer. */
extern Class class_of_kind(StepKind kind);

#endif /* CLASS_H */
