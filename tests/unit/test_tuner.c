/*
 * test_tuner.c
 *	  Which size --connections auto comes to, on servers that are made up.
 */
#include "tuner.h"

#include "tap.h"

/*
 * A server whose rate grows with the connections up to "best" and falls
 * beyond, by "fall" of it for each one more; each lease takes lease_ms.
 */
typedef struct Server
{
	int best;
	double fall;
	double a_connection; /* leases a second */
	int room;			 /* 0: for all */
} Server;

static double
rate_of(const Server *server, int size)
{
	int good = size < server->best ? size : server->best;
	double rate = good * server->a_connection;

	for (int i = server->best; i < size; i++)
		rate *= 1.0 - server->fall;
	return rate;
}

static void
run(Tuner *tuner, const Server *server, int tasks, double seconds)
{
	int64_t now_ns = 1000;
	double ended = 0;
	int looks = (int) (seconds * 1e9 / (double) TUNER_LOOK_NS);

	tuner_init(tuner, tasks);
	tuner_begin(tuner, now_ns, 0);
	for (int i = 0; i < looks; i++)
	{
		int size = tuner->size;

		if (server->room > 0 && size > server->room)
			size = server->room;
		now_ns += TUNER_LOOK_NS;
		ended += rate_of(server, size) * (double) TUNER_LOOK_NS / 1e9;
		tuner_look(tuner, now_ns, (int64_t) ended, tasks - size, size);
	}
}

static void
test_finds(void)
{
	Server flat = {.best = 16, .fall = 0, .a_connection = 1000};
	Server falls = {.best = 16, .fall = 0.02, .a_connection = 1000};
	Server sleeps = {.best = 1000, .fall = 0, .a_connection = 10};
	Server slow = {.best = 1000, .fall = 0, .a_connection = 0.1};
	Server small = {.best = 1000, .fall = 0, .a_connection = 100, .room = 20};
	Server one = {.best = 1, .fall = 0.1, .a_connection = 100};
	Tuner tuner;

	run(&tuner, &falls, 256, 60);
	ok(tuner.size >= 13 && tuner.size <= 21, "it falls beyond 16: %d",
	   tuner.size);
	ok(tuner.end == TUNER_NO_GAIN, "because more gain nothing");
	ok(tuner.peak <= 64, "without having tried 256: %d", tuner.peak);

	run(&tuner, &flat, 256, 120);
	ok(tuner.size >= 13 && tuner.size <= 22, "no gain beyond 16: %d",
	   tuner.size);

	run(&tuner, &sleeps, 200, 10);
	is_i64(tuner.size, 200, "each gains as much: one a task");
	ok(tuner.end == TUNER_LIMIT, "which is the limit");

	run(&tuner, &slow, 200, 3);
	is_i64(tuner.size, 200, "not even one has ended: more at once");

	run(&tuner, &small, 200, 20);
	is_i64(tuner.size, 20, "the server has no room for more");
	ok(tuner.end == TUNER_SERVER_LIMIT, "and that is said");

	run(&tuner, &one, 50, 200);
	ok(tuner.size <= 2, "one is the best: %d", tuner.size);

	run(&tuner, &flat, 3, 5);
	is_i64(tuner.size, 3, "never more than tasks");
}

static void
test_no_demand(void)
{
	Tuner tuner;

	tuner_init(&tuner, 100);
	tuner_begin(&tuner, 0, 0);
	for (int i = 1; i < 100; i++)
		tuner_look(&tuner, i * TUNER_LOOK_NS, i * 50, 0, tuner.size);
	is_i64(tuner.size, TUNER_FIRST, "nobody waits: it stays small");
	ok(tuner.end == TUNER_NO_DEMAND, "and that is said");

	tuner_init(&tuner, 100);
	tuner_begin(&tuner, 0, 0);
	tuner_look(&tuner, TUNER_LOOK_NS, 1, 5, tuner.size);
	ok(tuner.end == TUNER_UNDECIDED, "a short run decides nothing");
}

int
main(void)
{
	test_finds();
	test_no_demand();
	return done_testing();
}
