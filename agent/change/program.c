/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signal that comes between two programs stays pending: the mask is inherited, so SIGTERM finds
 * no default action but the new program's loop. The state's lock ends with its descriptor, before
 * the new program's first instruction.
 *
 * Accepted: descriptors above 2 that were handed to us are closed too, since librdkafka makes some
 * that would stay open otherwise.
 */
#include "change/program.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/close_range.h>

#include "ops/notify.h"

#define FIRST_FD 3
#define SELF "/proc/self/exe"
/* Of the same process only: who is started by it has a life of his own. */
#define GENERATION "WAYBILL_GENERATION"

static int find(char *path, size_t size)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof deleted - 1;
	ssize_t n = readlink(SELF, path, size - 1);

	if (n < 0) {
		snprintf(path, size, "%s", SELF);
		return -errno;
	}
	path[n] = '\0';
	if ((size_t)n > tail && strcmp(path + n - tail, deleted) == 0)
		path[n - tail] = '\0';
	return access(path, X_OK) ? -errno : 0;
}

int program_find(char *path, size_t size, bool *ret_other)
{
	struct stat own, next;
	int r = find(path, size);

	if (r)
		return r;
	*ret_other = stat(SELF, &own) < 0 || stat(path, &next) < 0 || own.st_ino != next.st_ino ||
		     own.st_dev != next.st_dev;
	return 0;
}

int program_restart(char **argv)
{
	struct notify notify = {0};
	char path[PATH_MAX];
	int r = find(path, sizeof path);

	if (r)
		return r;
	if (close_range(FIRST_FD, UINT_MAX, CLOSE_RANGE_CLOEXEC))
		return -errno;
	notify_watchdog(&notify);
	execv(path, argv);
	return -errno;
}

uint64_t program_take_generation(void)
{
	const char *text = getenv(GENERATION);
	uint64_t generation = 0;
	long pid = 0;

	if (text && sscanf(text, "%ld %" SCNu64, &pid, &generation) == 2 && pid != (long)getpid())
		generation = 0;
	(void)unsetenv(GENERATION);
	return generation;
}

void program_keep_generation(uint64_t generation)
{
	char text[64];

	snprintf(text, sizeof text, "%ld %" PRIu64, (long)getpid(), generation);
	(void)setenv(GENERATION, text, 1);
}
