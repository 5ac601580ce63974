/*
 * predict_origin.h
 *	  Private to predict_spans.c: whose connections HTTP steps share.
 */
#ifndef PREDICT_ORIGIN_H
#define PREDICT_ORIGIN_H

#include "predict.h"
#include "span.h"

/*
 * Fill input->origins, the caller's to free, and what its HTTP steps say of
 * them.  The scripts have been made from the same spans.
 */
extern void predict_find_origins(const Spans *spans, PredictInput *input);

#endif /* PREDICT_ORIGIN_H */
