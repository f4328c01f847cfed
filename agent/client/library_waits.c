/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka waits until a time of the day: its threads for work and back-offs, and ours for a
 * millisecond in each kick. When the clock is set back meanwhile such a wait lasts longer by as
 * much, hours after one that was hours ahead, and the loop stood still in it (F07). So the one
 * function of libc that it waits with is ours: the program's own definition goes before that of a
 * shared library. It measures how long is left and waits that long by the monotonic clock.
 *
 * Rejected: to kick from another thread, which would hang in our place, and the library's own as
 * before; to look at the clock, which shows it too late. Weakness: that in glibc the conditions of
 * C11 are those of POSIX is what it does and not what it promises, and a library that waits with
 * the latter is not helped. ThreadSanitizer does not know C11's mutexes: there libc's stays.
 */
#include <errno.h>
#include <pthread.h>
#include <threads.h>
#include <time.h>

#ifndef __SANITIZE_THREAD__

#define NS_PER_S 1000000000l

_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "conditions of C11 are those of POSIX");
_Static_assert(sizeof(mtx_t) <= sizeof(pthread_mutex_t), "mutexes of C11 are those of POSIX");

static struct timespec now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts;
}

/* a + b − c */
static struct timespec shift(struct timespec a, const struct timespec *b, const struct timespec *c)
{
	a.tv_sec += b->tv_sec - c->tv_sec;
	a.tv_nsec += b->tv_nsec - c->tv_nsec;
	for (; a.tv_nsec < 0; a.tv_nsec += NS_PER_S)
		a.tv_sec--;
	for (; a.tv_nsec >= NS_PER_S; a.tv_nsec -= NS_PER_S)
		a.tv_sec++;
	return a;
}

__attribute__((used, visibility("default"))) int
cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex, const struct timespec *restrict until)
{
	struct timespec day = now(CLOCK_REALTIME), end = shift(now(CLOCK_MONOTONIC), until, &day);
	int r = end.tv_sec < 0 ?
			ETIMEDOUT :
			pthread_cond_clockwait((pthread_cond_t *)cond, (pthread_mutex_t *)mutex,
					       CLOCK_MONOTONIC, &end);

	return r == 0 ? thrd_success : r == ETIMEDOUT ? thrd_timedout : thrd_error;
}

#endif
