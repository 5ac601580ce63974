/*
 * test_loop_resolve.c
 *	  The real loop: names.
 */
#include "loop_helper.h"
#include "loop_resolve.h"

#include <dlfcn.h>
#include <netdb.h>

/*
 * The C library's resolver, but "hang.test" takes a second and a half, and
 * no name server is asked.
 */
int
getaddrinfo(const char *host, const char *service,
			const struct addrinfo *hints, struct addrinfo **found)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
				struct addrinfo **);

	*(void **) &real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (hints->ai_flags & AI_NUMERICHOST)
		return real(host, service, hints, found);
	if (strcmp(host, "hang.test") == 0)
		sleep_ms(1500);
	if (strcmp(host, "two.test") == 0)
		return real("127.0.0.9", service, hints, found);
	return EAI_NONAME;
}

static char found[200];
static int nanswers;
static bool in_resolve;
static bool was_inside;
static Err resolve_err;

static void
on_resolved(void *arg, const char *const *addresses, int naddresses,
			const Err *err)
{
	(void) arg;
	nanswers++;
	was_inside = in_resolve;
	found[0] = '\0';
	for (int i = 0; i < naddresses; i++)
	{
		strcat(found, addresses[i]);
		strcat(found, " ");
	}
	if (naddresses == 0)
		resolve_err = *err;
}

static void
resolve_one(const char *host, const char *want)
{
	nanswers = 0;
	in_resolve = true;
	ok(loop_resolve(loop, host, on_resolved, NULL) != NULL, "resolve %s",
	   host);
	in_resolve = false;
	loop_run(loop);
	is_str(found, want, "its addresses");
	ok(nanswers == 1 && !was_inside, "told once, from the loop");
}

static void
test_resolve(void)
{
	int64_t begin_ns;

	start();
	resolve_one("127.0.0.1", "127.0.0.1 ");
	resolve_one("::1", "::1 ");
	resolve_one("two.test", "127.0.0.9 ");
	resolve_one("none.test", "");
	is_str(resolve_err.message,
		   "could not resolve host name \"none.test\": "
		   "Name or service not known",
		   "a name that is not known");
	is_i64(resolve_err.kind, ERR_CONNECT, "is a failure to connect");
	nanswers = 0;
	loop_resolve_cancel(loop_resolve(loop, "127.0.0.1", on_resolved, NULL));
	loop_resolve_cancel(loop_resolve(loop, "two.test", on_resolved, NULL));
	begin_ns = loop_now_ns(loop);
	loop_resolve_cancel(loop_resolve(loop, "hang.test", on_resolved, NULL));
	loop_run(loop);
	run_ms(50);
	is_i64(nanswers, 0, "cancelled lookups are not told");
	ok(loop_now_ns(loop) - begin_ns < NS_PER_S,
	   "and one that hangs does not keep the loop going");
	loop_resolve(loop, "hang.test", on_resolved, NULL);
	loop_resolve(loop, "two.test", on_resolved, NULL);
	loop_resolve(loop, "127.0.0.1", on_resolved, NULL);
	sleep_ms(20);
	begin_ns = loop_now_ns(loop);
	loop_free(loop);
	begin_ns = loop_now_ns(loop = loop_new(NULL)) - begin_ns;
	loop_free(loop);
	ok(begin_ns < NS_PER_S, "loop_free does not wait for a lookup that hangs");
	sleep_ms(1600); /* let it end, for those who look for leaks */
}

int
main(void)
{
	alarm(120); /* a loop that never ends fails as well */
	test_resolve();
	return done_testing();
}
