/*
 * conn_prepared.c
 *	  Which statements of the plan this connection has prepared.
 *
 * A bit is set when Parse is sent, and taken back when it fails.  Names carry
 * a generation: after DEALLOCATE or a statement gone bad all are forgotten
 * and new names are used, whatever may still be there under the old ones.
 */
#include "conn_private.h"

#include <stdio.h>
#include <string.h>

#include "mem.h"

bool
conn_is_prepared(const Conn *conn, int statement_id)
{
	int byte = statement_id / 8;

	return byte < conn->prepared_bytes &&
		   (conn->prepared[byte] & (1u << (statement_id % 8))) != 0;
}

void
conn_mark_prepared(Conn *conn, int statement_id, bool prepared)
{
	int byte = statement_id / 8;
	unsigned char bit = (unsigned char) (1u << (statement_id % 8));

	if (byte >= conn->prepared_bytes)
	{
		conn->prepared = mem_realloc(conn->prepared, (size_t) byte + 1);
		memset(conn->prepared + conn->prepared_bytes, 0,
			   (size_t) (byte + 1 - conn->prepared_bytes));
		conn->prepared_bytes = byte + 1;
	}
	if (prepared)
		conn->prepared[byte] |= bit;
	else
		conn->prepared[byte] &= (unsigned char) ~bit;
}

void
conn_forget_prepared(Conn *conn)
{
	if (conn->prepared_bytes > 0)
		memset(conn->prepared, 0, (size_t) conn->prepared_bytes);
	conn->generation++;
}

void
conn_statement_name(const Conn *conn, int statement_id,
					char name[STATEMENT_NAME_MAX])
{
	/* digits by hand: this is done for every execution */
	char digits[STATEMENT_NAME_MAX];
	int n = 0;
	char *out = name;

	*out++ = 'a';
	do
		digits[n++] = (char) ('0' + statement_id % 10);
	while ((statement_id /= 10) > 0);
	while (n > 0)
		*out++ = digits[--n];
	*out = '\0';
	if (conn->generation > 0)
		snprintf(out, (size_t) (name + STATEMENT_NAME_MAX - out), "_%d",
				 conn->generation);
}
