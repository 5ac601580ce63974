/*
 * http_charset.h
 *		Bytes from outside, as text in the database encoding or not at all.
 */
#ifndef ASYNCDEMO_HTTP_CHARSET_H
#define ASYNCDEMO_HTTP_CHARSET_H

/* The most that is converted from one encoding into another. */
#define CHARSET_MAX_BYTES ((size_t) 256 * 1024 * 1024)

/*
 * The encoding that a Content-Type names; UTF-8 when it names none, which is
 * what JSON always is; -1 when PostgreSQL does not know it.
 */
extern int charset_of_type(const char *content_type);

/* Must bytes be converted, or are they text as they are, if they are valid? */
extern bool charset_is_converted(int encoding);

/* Are they valid, and without a NUL?  Never throws. */
extern bool charset_is_valid(int encoding, const char *bytes, size_t n);

/*
 * A text in the database encoding, in the current memory context; NULL when
 * they are not valid or have characters that the database cannot hold.
 */
extern text *charset_convert(int encoding, const char *bytes, size_t n);

/*
 * Text of the database as UTF-8, and the other way round: itself, or converted
 * in the current memory context.  NULL when it is not valid, or has characters
 * that the other cannot hold.  Neither throws for what is in the text.
 */
extern const char *charset_to_utf8(const char *bytes, size_t n);
extern const char *charset_from_utf8(const char *bytes, size_t n);

/*
 * A header's name or value, which has no declared encoding: UTF-8 if that is
 * valid, else ISO 8859-1; what the database cannot hold becomes "?".
 */
extern text *charset_header_text(const char *bytes, size_t n);

#endif /* ASYNCDEMO_HTTP_CHARSET_H */
