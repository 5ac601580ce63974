/*
 * secret.h
 *	  Where secrets stand in a text that is about to be shown.
 *
 * Known are user info in URLs, headers that prove who one is (Authorization,
 * Cookie, X-Api-Key and their like) and passwords of connection strings.
 * What is found is a guess from the spelling: a bare password looks like any
 * other word.
 */
#ifndef SECRET_H
#define SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* The first secret that begins at "from" or later, as [*begin, *end). */
extern bool secret_find(const char *text, size_t len, size_t from,
						size_t *begin, size_t *end);

/* Overwrite each secret with stars, so that columns stay where they are. */
extern void secret_mask(char *text, size_t len);

/* Append the text with "***" for each secret. */
extern void secret_append(Buf *out, const char *text, size_t len);

/* The same for a URL, where only user info is sought. */
extern void secret_append_url(Buf *out, const char *url, size_t len);

/* Is the value of the header "Name: value" a secret? */
extern bool secret_is_header(const char *header, size_t len);

#endif /* SECRET_H */
