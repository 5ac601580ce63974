/*
 * leave.c
 *	  Leaving the program at once.
 */
#include "leave.h"

#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static _Atomic(void (*)(void)) prepare;

void
leave_set(void (*fn)(void))
{
	atomic_store(&prepare, fn);
}

void
leave_prepare(void)
{
	void (*fn)(void) = atomic_exchange(&prepare, NULL);

	if (fn != NULL)
		fn();
}

void
leave_now(int exit_code)
{
	leave_prepare();
	_exit(exit_code);
}
