/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD: the clock of the day is so many seconds ahead as the file $CLOCK_JUMP says (a number
 * of eight bytes, mapped, so that it may change); the monotonic one goes on. Who waits for a time
 * of the day waits, as in the kernel, for what the clock shows by then, however it was set since.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>

#define NS 1000000000
#define SLICE_NS 20000000
/* A time of the day is above what a monotonic clock shows. */
#define MONOTONIC_S 10000000

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

int timespec_get(struct timespec *ts, int base)
{
	return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, ts) == 0 ? base : 0;
}

/* When to look at the clock again, by the true one; false: `until` has come. */
static bool next_look(const struct timespec *until, struct timespec *ret_look)
{
	int64_t left_ns;

	clock_gettime(CLOCK_REALTIME, ret_look);
	left_ns = (until->tv_sec - ret_look->tv_sec) * NS + until->tv_nsec - ret_look->tv_nsec;
	if (left_ns <= 0)
		return false;
	ret_look->tv_sec -= *ahead;
	ret_look->tv_nsec += left_ns < SLICE_NS ? left_ns : SLICE_NS;
	ret_look->tv_sec += ret_look->tv_nsec / NS;
	ret_look->tv_nsec %= NS;
	return true;
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
			   const struct timespec *restrict until)
{
	static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
	struct timespec look;
	int r = ETIMEDOUT;

	if (!real)
		real = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	if (until->tv_sec < MONOTONIC_S)
		return real(cond, mutex, until);
	while (r == ETIMEDOUT && next_look(until, &look))
		r = real(cond, mutex, &look);
	return r;
}

/* Those of C11, which librdkafka has. */
int cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex,
		  const struct timespec *restrict until)
{
	static int (*real)(cnd_t *, mtx_t *, const struct timespec *);
	struct timespec look;
	int r = thrd_timedout;

	if (!real)
		real = dlsym(RTLD_NEXT, "cnd_timedwait");
	while (r == thrd_timedout && next_look(until, &look))
		r = real(cond, mutex, &look);
	return r;
}
