/*
 * json_in.h
 *	  Values taken out of a JSON document that somebody else may have written
 *	  or cut: every one is checked, and what is wrong is told with its place.
 *
 * The first mistake stays in *err and makes "failed" true; what is read after
 * it is 0, "" or empty, so that a reader need not look after each value.
 */
#ifndef JSON_IN_H
#define JSON_IN_H

#include <jansson.h>
#include <stdint.h>

#include "err.h"

typedef struct JsonIn
{
	const char *name; /* of the file, for messages */
	Err *err;
	bool failed;
	char place[160]; /* of the object that is being read: "steps[2]" */
} JsonIn;

/* A whole file, "-" is standard input; NULL: *err says where it is damaged. */
extern json_t *json_in_file(const char *path, Err *err);

/* "…: steps[2].own: what"; only the first counts. */
extern void json_in_wrong(JsonIn *in, const char *key, const char *what);

/* Must be there; with "or_none" it may be missing or null. */
extern json_t *json_in_object(JsonIn *in, json_t *from, const char *key);
extern json_t *json_in_array(JsonIn *in, json_t *from, const char *key);
extern json_t *json_in_object_or_none(JsonIn *in, json_t *from,
									  const char *key);
extern json_t *json_in_array_or_none(JsonIn *in, json_t *from,
									 const char *key);
extern const char *json_in_string(JsonIn *in, json_t *from, const char *key);
extern const char *json_in_string_or_none(JsonIn *in, json_t *from,
										  const char *key); /* NULL */
extern int64_t json_in_count(JsonIn *in, json_t *from, const char *key,
							 int64_t most); /* 0 to most */
extern int64_t json_in_count_or(JsonIn *in, json_t *from, const char *key,
								int64_t most, int64_t otherwise);
extern int64_t json_in_ns(JsonIn *in, json_t *from, const char *key);
extern int64_t json_in_ns_or(JsonIn *in, json_t *from, const char *key,
							 int64_t otherwise);
extern bool json_in_bool_or(JsonIn *in, json_t *from, const char *key,
							bool otherwise);

/* A number from 0 to JSON_IN_MOST, with or without a fraction. */
#define JSON_IN_MOST 1e12
extern double json_in_real(JsonIn *in, json_t *from, const char *key);

/* A number that is seconds, as nanoseconds. */
extern int64_t json_in_seconds(JsonIn *in, json_t *value, const char *key);

/* Which of "words" it is; their number: none, which is a mistake. */
extern int json_in_word(JsonIn *in, json_t *from, const char *key,
						const char *(*word)(int), int nwords);

#endif /* JSON_IN_H */
