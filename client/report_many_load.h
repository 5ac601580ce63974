/*
 * report_many_load.h
 *	  Private to report_saved.c: saved sweeps and comparisons.
 *
 * NULL: in->err says what is wrong, and where.  Names point into the document;
 * what comes back is for sweep_clear or compare_clear, and free.
 */
#ifndef REPORT_MANY_LOAD_H
#define REPORT_MANY_LOAD_H

#include "compare.h"
#include "json_in.h"
#include "sweep.h"

extern Sweep *sweep_load(JsonIn *in, json_t *root);
extern Compare *compare_load(JsonIn *in, json_t *root);

#endif /* REPORT_MANY_LOAD_H */
