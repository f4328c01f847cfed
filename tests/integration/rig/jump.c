/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD: the clock of the day is so many seconds ahead as the file $CLOCK_JUMP says (a number
 * of eight bytes, mapped, so that it may change); the monotonic one goes on. What waits until a
 * time of the day waits by the kernel's, so the jump is taken off there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static const volatile int64_t *ahead;

__attribute__((constructor)) static void map_jump(void)
{
	int fd = open(getenv("CLOCK_JUMP"), O_RDONLY | O_CLOEXEC);

	ahead = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
	if (fd < 0 || ahead == MAP_FAILED)
		abort();
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);
	int r;

	if (!real)
		real = dlsym(RTLD_NEXT, "clock_gettime");
	r = real(clock, ts);
	if (r == 0 && ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ts->tv_sec += *ahead;
	return r;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	*tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ret)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}

/* A time of the day is far above what a monotonic clock shows. */
int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
			   const struct timespec *restrict until)
{
	static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
	struct timespec ts = *until;

	if (!real)
		real = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	if (ts.tv_sec > 1000000000)
		ts.tv_sec -= *ahead;
	return real(cond, mutex, &ts);
}
