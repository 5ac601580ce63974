/*
 * A wall clock that a test can set, for a server that is started with this
 * library preloaded: gettimeofday, by which PostgreSQL tells the time, is off
 * by as many microseconds as the file says that WALL_CLOCK names, eight bytes
 * in the machine's order.  The machine's own clock is left alone.
 *
 * built by ../t/175_delay_clock.pl: cc -shared -fPIC -o wall_clock.so
 * wall_clock.c
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_us;

__attribute__((constructor)) static void
open_clock(void)
{
	const char *name = getenv("WALL_CLOCK");
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	void *page;

	if (fd < 0)
		return;
	page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
	if (page != MAP_FAILED)
		offset_us = page;
	close(fd);
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec real;
	int64_t us;

	(void) zone;
	if (clock_gettime(CLOCK_REALTIME, &real) != 0)
		return -1;
	us = (int64_t) real.tv_sec * 1000000 + real.tv_nsec / 1000;
	us += offset_us ? *offset_us : 0;
	now->tv_sec = us / 1000000;
	now->tv_usec = us % 1000000;
	return 0;
}
