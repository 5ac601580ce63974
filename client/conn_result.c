/*
 * conn_result.c
 *	  What results and broken connections mean, as errors.
 */
#include "conn_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool
conn_result_failed(const PGresult *result)
{
	switch (PQresultStatus(result))
	{
		case PGRES_FATAL_ERROR:
		case PGRES_BAD_RESPONSE:
		case PGRES_PIPELINE_ABORTED:
			return true;
		default:
			return false;
	}
}

/*
 * The first line of a message of libpq's, without what libpq puts in front of
 * it when it connects ("connection to server at ... failed: ") and without
 * the severity.  Never longer than size.
 */
void
conn_text_line(char *out, size_t size, const char *text)
{
	size_t len;

	while (isspace((unsigned char) *text))
		text++;
	len = strcspn(text, "\r\n");
	while (len > 0 &&
		   (isspace((unsigned char) text[len - 1]) || text[len - 1] == '.'))
		len--;
	if (len >= size)
	{
		len = size - 1;
		while (len > 0 && ((unsigned char) text[len] & 0xC0) == 0x80)
			len--;
	}
	memcpy(out, text, len);
	out[len] = '\0';
}

static const char *
field(const PGresult *result, int code)
{
	const char *value = PQresultErrorField(result, code);

	return value != NULL ? value : "";
}

/* What the server advises; its details are part of the message. */
void
conn_result_err(const PGresult *result, Err *err, int *position)
{
	const char *sqlstate = field(result, PG_DIAG_SQLSTATE);
	const char *primary = field(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = field(result, PG_DIAG_MESSAGE_DETAIL);
	const char *hint = field(result, PG_DIAG_MESSAGE_HINT);
	char line[512];

	if (primary[0] == '\0')
	{
		/* libpq's own: the connection broke, or it could not make sense */
		conn_text_line(line, sizeof(line), PQresultErrorMessage(result));
		err_set(err, ERR_SQL, "%s",
				line[0] != '\0' ? line : PQresStatus(PQresultStatus(result)));
		return;
	}
	err_set(err, ERR_SQL, "%.500s%s%.150s%s (SQLSTATE %s)", primary,
			detail[0] != '\0' ? " [" : "", detail,
			detail[0] != '\0' ? "]" : "", sqlstate);
	snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", sqlstate);
	if (hint[0] != '\0')
		err_hint(err, "%s", hint);
	if (position != NULL)
		*position = atoi(field(result, PG_DIAG_STATEMENT_POSITION));
}

/* Why an open connection broke, as far as anybody said. */
void
conn_lost_err(const Conn *conn, Err *err)
{
	char line[512] = "";

	if (conn->farewell != NULL)
	{
		*err = *conn->farewell;
		err->kind = ERR_LOST;
		err_prefix(err, "the connection was lost: ");
	}
	else
	{
		if (conn->pg != NULL)
			conn_text_line(line, sizeof(line), PQerrorMessage(conn->pg));
		err_set(err, ERR_LOST, "the connection was lost: %s",
				line[0] != '\0' ? line
								: "server closed the connection unexpectedly");
	}
	err_hint(
		err,
		"the server's log tells more; what the statement did may or may not be committed");
}

void
conn_aborted_err(Err *err)
{
	err_set(err, ERR_CANCEL,
			"not run: an earlier statement of its pipeline failed");
}

/* Statements after which names of prepared statements are gone. */
bool
conn_result_forgets(const PGresult *result)
{
	const char *tag;

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return false;
	tag = PQcmdStatus((PGresult *) result);
	if (tag[0] != 'D')
		return false;
	return strncmp(tag, "DEALLOCATE", 10) == 0 ||
		   strcmp(tag, "DISCARD ALL") == 0;
}

/*
 * Errors that preparing the statement anew cures: it is not there (26000),
 * its name is taken (42P05, behind a pooler), or its result changed with a
 * table.  The last one shares its SQLSTATE with others, so the server's
 * function tells; messages are translated.
 */
bool
conn_retry_helps(const PGresult *result)
{
	const char *sqlstate = field(result, PG_DIAG_SQLSTATE);

	if (strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "42P05") == 0)
		return true;
	return strcmp(sqlstate, "0A000") == 0 &&
		   strcmp(field(result, PG_DIAG_SOURCE_FUNCTION),
				  "RevalidateCachedQuery") == 0;
}

/*
 * COPY: its data is not for us.  The server answers the refusal with an
 * error; rows that it sends are dropped.
 */
void
conn_refuse_copy(PGconn *pg)
{
	PQputCopyEnd(pg, "a plan has no rows for COPY FROM STDIN");
}
