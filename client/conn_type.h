/*
 * conn_type.h
 *	  What a column's values are, by the number of its type: see pg_type.dat
 *	  of the server's sources.
 */
#ifndef CONN_TYPE_H
#define CONN_TYPE_H

#include <libpq-fe.h>

#define BOOLOID 16
#define INT8OID 20
#define INT2OID 21
#define INT4OID 23
#define OIDOID 26
#define FLOAT4OID 700
#define FLOAT8OID 701
#define TIMESTAMPTZOID 1184
#define NUMERICOID 1700

typedef enum ConnType
{
	CONN_TYPE_TEXT,	  /* as far as we are concerned */
	CONN_TYPE_BOOL,	  /* its text is t or f */
	CONN_TYPE_NUMBER, /* its text is one */
} ConnType;

static inline ConnType
conn_type(Oid number)
{
	switch (number)
	{
		case BOOLOID:
			return CONN_TYPE_BOOL;
		case INT8OID:
		case INT2OID:
		case INT4OID:
		case OIDOID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return CONN_TYPE_NUMBER;
	}
	return CONN_TYPE_TEXT;
}

#endif /* CONN_TYPE_H */
