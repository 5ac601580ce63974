/*
 * http_wait.c
 *	  Transfers that wait until a name is looked up: once for all of them.
 *
 * A NameWait exists while its lookup is under way, http_forget_waits ends
 * those that are left.
 */
#include <stdlib.h>

#include "http_private.h"
#include "loop_resolve.h"
#include "mem.h"

/* One name being looked up, and who waits for it. */
typedef struct NameWait
{
	Http *http;
	HttpName *name;
	LoopResolve *resolve;
	Transfer *waiters;
	Transfer **tail;
	struct NameWait *next;
	struct NameWait **prev;
} NameWait;

/* No address: nothing was sent, at least not by this hop. */
static RetryFault
transfer_fault(const Transfer *transfer)
{
	return transfer->easy.hop.number == 0 ? RETRY_FAULT_CONNECT
										  : RETRY_FAULT_LOST;
}

static void
on_lookup_timeout(void *arg)
{
	Transfer *transfer = arg;
	HttpRequest *request = transfer->easy.request;

	request->fault = transfer_fault(transfer);
	err_set(&request->err, ERR_TIMEOUT,
			"host name \"%.*s\" not resolved "
			"after %.3g s",
			(int) transfer->name->host_len, transfer->name->key,
			(double) (loop_now_ns(transfer->http->loop) -
					  transfer->easy.hop.started_ns) /
				1e9);
	err_hint(&request->err, "check the name, and that this machine's name "
							"server answers");
	http_cancel(transfer->http, request);
}

static void
name_wait_free(NameWait *wait)
{
	*wait->prev = wait->next;
	if (wait->next != NULL)
		wait->next->prev = wait->prev;
	wait->name->lookup = NULL;
	free(wait);
}

/* Everybody who waits begins, or fails for the same reason. */
static void
on_resolved(void *arg, const char *const *addresses, int naddresses,
			const Err *err)
{
	NameWait *wait = arg;
	Http *http = wait->http;
	HttpName *name = wait->name;
	Transfer *transfer = wait->waiters;
	int64_t now_ns = loop_now_ns(http->loop);

	name_wait_free(wait);
	if (naddresses > 0)
		http_name_known(name, addresses, naddresses, now_ns);
	while (transfer != NULL)
	{
		Transfer *next = transfer->next;
		HttpRequest *request = transfer->easy.request;

		loop_timer_clear(http->loop, &transfer->lookup_timeout);
		transfer->lookup_ns = now_ns - transfer->easy.hop.started_ns;
		transfer->next = NULL;
		if (naddresses > 0)
			transfer_add(transfer, name->resolve);
		else
		{
			request->err = *err;
			request->err.kind = ERR_HTTP;
			request->fault = transfer_fault(transfer);
			transfer_end(transfer, CURLE_OK);
		}
		transfer = next;
	}
}

static NameWait *
name_wait_new(Http *http, HttpName *name)
{
	NameWait *wait = mem_alloc(sizeof(*wait));
	char *host = mem_strndup(name->key, name->host_len);

	wait->http = http;
	wait->name = name;
	wait->tail = &wait->waiters;
	wait->next = http->name_waits;
	wait->prev = &http->name_waits;
	if (wait->next != NULL)
		wait->next->prev = &wait->next;
	http->name_waits = wait;
	name->lookup = wait;
	wait->resolve = loop_resolve(http->loop, host, on_resolved, wait);
	free(host);
	return wait;
}

void
transfer_wait_for_name(Transfer *transfer, HttpName *name)
{
	Http *http = transfer->http;
	HttpRequest *request = transfer->easy.request;
	NameWait *wait = name->lookup;

	if (wait == NULL)
		wait = name_wait_new(http, name);
	transfer->state = TRANSFER_LOOKING_UP;
	transfer->name = name;
	*wait->tail = transfer;
	wait->tail = &transfer->next;
	loop_timer_init(&transfer->lookup_timeout, on_lookup_timeout, transfer);
	if (request->connect_timeout_ns >= 0)
		loop_timer_set(http->loop, &transfer->lookup_timeout,
					   transfer->easy.hop.started_ns +
						   request->connect_timeout_ns);
}

void
transfer_stop_waiting(Transfer *transfer)
{
	NameWait *wait = transfer->name->lookup;
	Transfer **link = &wait->waiters;

	while (*link != transfer)
		link = &(*link)->next;
	*link = transfer->next;
	if (wait->tail == &transfer->next)
		wait->tail = link;
	loop_timer_clear(transfer->http->loop, &transfer->lookup_timeout);
}

void
http_forget_waits(Http *http)
{
	while (http->name_waits != NULL)
	{
		loop_resolve_cancel(http->name_waits->resolve);
		name_wait_free(http->name_waits);
	}
}
