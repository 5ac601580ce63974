/*
 * http_gate.c
 *	  Our own limits for HTTP: a second, and at a time for each host.
 *
 * A turn passes its host's queue, then the queue for the rate.  Everything
 * here belongs to the loop's thread.
 */
#include "http_gate.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define CHAINS 256

/* Timers may be late; what that costs is made up for, but no longer than so.
 */
#define CATCH_UP_NS (10 * NS_PER_MS)

typedef struct TurnList
{
	HttpTurn *first;
	HttpTurn *last;
} TurnList;

/* It exists while somebody is under way to it or waits for that. */
struct HttpHost
{
	HttpHost *next; /* in its chain */
	int under_way;
	TurnList waiting;
	char key[];
};

struct HttpGate
{
	Loop *loop;
	int64_t interval_ns; /* between two requests; 0: no limit */
	int per_host;		 /* 0: no limit */
	HttpHost *chains[CHAINS];
	TurnList at_rate;
	int64_t next_ns;
	LoopTimer timer;
};

/* -------- lists -------- */

static void
list_append(TurnList *list, HttpTurn *turn)
{
	turn->next = NULL;
	turn->prev = list->last;
	if (list->last != NULL)
		list->last->next = turn;
	else
		list->first = turn;
	list->last = turn;
}

static void
list_remove(TurnList *list, HttpTurn *turn)
{
	if (turn->prev != NULL)
		turn->prev->next = turn->next;
	else
		list->first = turn->next;
	if (turn->next != NULL)
		turn->next->prev = turn->prev;
	else
		list->last = turn->prev;
}

/* -------- hosts -------- */

/* "name:port", without user and password. */
static const char *
host_of_url(const char *url, size_t *len)
{
	const char *authority = strstr(url, "://");
	const char *end;
	const char *at;

	authority = authority != NULL ? authority + 3 : url;
	end = authority + strcspn(authority, "/?#");
	at = authority;
	for (const char *p = authority; p < end; p++)
		if (*p == '@')
			at = p + 1;
	*len = (size_t) (end - at);
	return at;
}

static bool
is_key(const char *key, const char *host, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (key[i] != (char) tolower((unsigned char) host[i]))
			return false;
	return key[len] == '\0';
}

static HttpHost **
host_chain(HttpGate *gate, const char *host, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (uint64_t) tolower((unsigned char) host[i])) *
			  UINT64_C(0x100000001b3);
	return &gate->chains[(sum ^ sum >> 32) % CHAINS];
}

static HttpHost *
host_get(HttpGate *gate, const char *url)
{
	size_t len;
	const char *name = host_of_url(url, &len);
	HttpHost **chain = host_chain(gate, name, len);
	HttpHost *host = *chain;

	while (host != NULL && !is_key(host->key, name, len))
		host = host->next;
	if (host != NULL)
		return host;
	host = mem_alloc(sizeof(*host) + len + 1);
	for (size_t i = 0; i < len; i++)
		host->key[i] = (char) tolower((unsigned char) name[i]);
	host->next = *chain;
	*chain = host;
	return host;
}

static void
host_forget(HttpGate *gate, HttpHost *host)
{
	HttpHost **link = host_chain(gate, host->key, strlen(host->key));

	if (host->under_way > 0 || host->waiting.first != NULL)
		return;
	while (*link != host)
		link = &(*link)->next;
	*link = host->next;
	free(host);
}

/* -------- the rate -------- */

static bool
rate_take(HttpGate *gate)
{
	int64_t now_ns;

	if (gate->interval_ns == 0)
		return true;
	now_ns = loop_now_ns(gate->loop);
	if (now_ns < gate->next_ns)
		return false;
	if (gate->next_ns < now_ns - CATCH_UP_NS)
		gate->next_ns = now_ns;
	gate->next_ns += gate->interval_ns;
	return true;
}

static void
on_timer(void *arg)
{
	HttpGate *gate = arg;

	while (gate->at_rate.first != NULL && rate_take(gate))
	{
		HttpTurn *turn = gate->at_rate.first;

		list_remove(&gate->at_rate, turn);
		turn->state = TURN_TAKEN;
		turn->on_turn(turn);
	}
	if (gate->at_rate.first != NULL)
		loop_timer_set(gate->loop, &gate->timer, gate->next_ns);
}

/* It may go to its host; true: it may go now. */
static bool
pass_rate(HttpGate *gate, HttpTurn *turn)
{
	if (gate->at_rate.first == NULL && rate_take(gate))
	{
		turn->state = TURN_TAKEN;
		return true;
	}
	if (gate->at_rate.first == NULL)
		loop_timer_set(gate->loop, &gate->timer, gate->next_ns);
	turn->state = TURN_AT_RATE;
	list_append(&gate->at_rate, turn);
	return false;
}

/* -------- the gate -------- */

HttpGate *
http_gate_new(Loop *loop, double rate, int per_host)
{
	HttpGate *gate = mem_alloc(sizeof(*gate));

	gate->loop = loop;
	gate->per_host = per_host;
	if (rate > 0)
		gate->interval_ns = (int64_t) (1e9 / rate);
	loop_timer_init(&gate->timer, on_timer, gate);
	return gate;
}

void
http_gate_free(HttpGate *gate)
{
	if (gate == NULL)
		return;
	loop_timer_clear(gate->loop, &gate->timer);
	for (int i = 0; i < CHAINS; i++)
		while (gate->chains[i] != NULL)
		{
			HttpHost *next = gate->chains[i]->next;

			free(gate->chains[i]);
			gate->chains[i] = next;
		}
	free(gate);
}

bool
http_gate_enter(HttpGate *gate, HttpTurn *turn, const char *url)
{
	HttpHost *host = host_get(gate, url);

	turn->host = host;
	if (gate->per_host > 0 && host->under_way >= gate->per_host)
	{
		turn->state = TURN_AT_HOST;
		list_append(&host->waiting, turn);
		return false;
	}
	host->under_way++;
	return pass_rate(gate, turn);
}

bool
http_turn_is_waiting(const HttpTurn *turn)
{
	return turn->state == TURN_AT_HOST || turn->state == TURN_AT_RATE;
}

static void
serve_host(HttpGate *gate, HttpHost *host)
{
	HttpTurn *turn = host->waiting.first;

	if (turn == NULL)
		return;
	list_remove(&host->waiting, turn);
	host->under_way++;
	if (pass_rate(gate, turn))
		turn->on_turn(turn);
}

void
http_gate_leave(HttpGate *gate, HttpTurn *turn)
{
	HttpHost *host = turn->host;

	if (turn->state == TURN_NONE)
		return;
	if (turn->state == TURN_AT_HOST)
		list_remove(&host->waiting, turn);
	else
	{
		if (turn->state == TURN_AT_RATE)
			list_remove(&gate->at_rate, turn);
		host->under_way--;
		serve_host(gate, host);
	}
	turn->state = TURN_NONE;
	turn->host = NULL;
	host_forget(gate, host);
}
