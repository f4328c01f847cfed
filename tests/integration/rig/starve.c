/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD: while the first byte of the file $STARVE, which is mapped, is not 0, librdkafka, and
 * nobody else, gets no more memory (1) or threads (2): what it asks for fails.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <threads.h>

enum { MEMORY = 1, THREADS = 2 };

static const volatile char *what;

__attribute__((constructor)) static void map_it(void)
{
	int fd = open(getenv("STARVE"), O_RDONLY | O_CLOEXEC);

	what = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	if (fd < 0 || what == MAP_FAILED)
		abort();
}

static bool is_starved(char kind, void *caller)
{
	Dl_info info;

	return what && *what == kind && dladdr(caller, &info) && info.dli_fname &&
	       strstr(info.dli_fname, "librdkafka");
}

void *malloc(size_t size)
{
	extern void *__libc_malloc(size_t);

	if (is_starved(MEMORY, __builtin_return_address(0))) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_malloc(size);
}

int thrd_create(thrd_t *thread, thrd_start_t start, void *argument)
{
	static int (*real)(thrd_t *, thrd_start_t, void *);

	if (is_starved(THREADS, __builtin_return_address(0)))
		return thrd_error;
	if (!real)
		real = dlsym(RTLD_NEXT, "thrd_create");
	return real(thread, start, argument);
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
		   void *(*start)(void *), void *restrict argument)
{
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (is_starved(THREADS, __builtin_return_address(0)))
		return EAGAIN;
	if (!real)
		real = dlsym(RTLD_NEXT, "pthread_create");
	return real(thread, attributes, start, argument);
}
