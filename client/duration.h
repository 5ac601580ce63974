/*
 * duration.h
 *	  Spans of time as people write them: 2, 0.5s, 100ms, 1min.
 */
#ifndef DURATION_H
#define DURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Units are ns, us, ms, s, min, h, d; a bare number is seconds.  False when
 * it is none, is negative, or is longer than a hundred years.
 */
extern bool duration_parse(const char *text, size_t len, int64_t *ns);

/* The shortest of these spellings that reads back as the same span. */
extern void duration_print(int64_t ns, Buf *out);

#endif /* DURATION_H */
