/*
 * class.c
 *	  Why time passed: every nanosecond of a task belongs to one class.
 */
#include "class.h"

const char *
class_name(Class class)
{
	static const char *const names[CLASSES] = {
		"queued", "loop", "pool",  "thread",  "connect",
		"server", "http", "sleep", "backoff", "client"};

	return names[class];
}

Class
class_of_kind(StepKind kind)
{
	switch (kind)
	{
		case STEP_SQL:
		case STEP_SYNCPIPELINE:
		case STEP_ENDPIPELINE:
			return CLASS_SERVER;
		case STEP_HTTP:
			return CLASS_HTTP;
		case STEP_SLEEP:
			return CLASS_SLEEP;
		default:
			return CLASS_CLIENT;
	}
}
