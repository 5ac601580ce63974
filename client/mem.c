/*
 * mem.c
 *	  Memory that is there or ends the program with one line.
 */
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "leave.h"

/*
 * exit() would run handlers while other threads still use what they free, so
 * the program leaves at once.  The code is that of a run that failed.
 */
static void *
must_have(void *memory)
{
	static const char text[] = "asyncdemo: error: out of memory\n";

	if (memory == NULL)
	{
		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
			leave_now(2); /* nobody is left to be told */
		leave_now(2);
	}
	return memory;
}

void *
mem_alloc(size_t bytes)
{
	return must_have(calloc(1, bytes > 0 ? bytes : 1));
}

void *
mem_realloc(void *old, size_t bytes)
{
	return must_have(realloc(old, bytes > 0 ? bytes : 1));
}

char *
mem_strdup(const char *text)
{
	return mem_dup(text, strlen(text) + 1);
}

char *
mem_strndup(const char *text, size_t len)
{
	return must_have(strndup(text, len));
}

void *
mem_dup(const void *data, size_t bytes)
{
	void *copy = must_have(malloc(bytes > 0 ? bytes : 1));

	if (bytes > 0)
		memcpy(copy, data, bytes);
	return copy;
}
