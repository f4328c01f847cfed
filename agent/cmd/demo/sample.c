/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill sample FILE: the application whose log the demo ships, a process that knows nothing of
 * the agent. Only `waybill demo` starts it, so it is not in --help. It ends when its standard input
 * does.
 *
 * It rotates as logrotate does with `create`: older generations are renamed one up, the log is
 * renamed and made anew, and for a moment the application goes on writing to the old file, because
 * it has not opened the new one yet. Doing both in one process makes that moment the same in every
 * run; that nobody else renames is no difference to who follows the log.
 *
 * After each line it tells its parent how far it is, for the counters; what stands in the files is
 * the truth.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/demo/sample.h"

#define LINE_US (US_PER_S / SAMPLE_RATE)
#define BEHIND_MAX_US US_PER_S /* after a longer pause it does not make up for all of it */
#define LATE_LINES 5           /* still go to the old file */

struct sample {
	const char *path;
	int fd;
	int next_fd;      /* the new file while lines still go to the old one; -1 */
	unsigned lines;   /* written */
	unsigned in_file; /* since the last rotation */
	unsigned rotations;
};

static int make_log(const char *path, int *ret_fd)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* The path of a generation; 0 is the log itself. */
static int name_of(const struct sample *sample, unsigned generation, char path[PATH_MAX])
{
	int n = generation ? snprintf(path, PATH_MAX, "%s.%u", sample->path, generation) :
			     snprintf(path, PATH_MAX, "%s", sample->path);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int rotate(struct sample *sample)
{
	char from[PATH_MAX], to[PATH_MAX];
	int r = 0;

	for (unsigned i = sample->rotations + 1; i > 0 && r == 0; i--) {
		r = name_of(sample, i - 1, from);
		if (r == 0)
			r = name_of(sample, i, to);
		if (r == 0 && rename(from, to))
			r = -errno;
	}
	if (r == 0)
		r = make_log(sample->path, &sample->next_fd);
	if (r)
		return r;
	sample->rotations++;
	sample->in_file = 0;
	return 0;
}

static int write_line(struct sample *sample)
{
	char line[SAMPLE_LINE_MAX];
	size_t len = sample_line(line, sample->lines, clock_real_ms());
	ssize_t n = write(sample->fd, line, len);

	if (n < 0)
		return -errno;
	if ((size_t)n != len)
		return -ENOSPC;
	sample->lines++;
	sample->in_file++;
	printf("%u %u\n", sample->lines, sample->rotations);
	return fflush(stdout) ? -EPIPE : 0;
}

static int step(struct sample *sample)
{
	int r = 0;

	if (sample->in_file == SAMPLE_ROTATE)
		r = rotate(sample);
	if (r == 0 && sample->next_fd >= 0 && sample->in_file == LATE_LINES) {
		close(sample->fd);
		sample->fd = sample->next_fd;
		sample->next_fd = -1;
	}
	return r ? r : write_line(sample);
}

/* Whether standard input has ended, waiting until the time `due` for it. */
static bool asked_to_end(uint64_t now, uint64_t due)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&in, 1, due <= now ? 0 : (int)((due - now) / US_PER_MS) + 1) > 0;
}

static int work(struct sample *sample)
{
	uint64_t now = clock_mono_us(), due = now;
	int r = 0;

	while (r == 0 && sample->lines < SAMPLE_LINES_MAX && !asked_to_end(now, due)) {
		now = clock_mono_us();
		if (due + BEHIND_MAX_US < now)
			due = now;
		for (; r == 0 && due <= now; due += LINE_US)
			r = step(sample);
	}
	return r;
}

int cmd_sample(int argc, char **argv)
{
	struct sample sample = {.fd = -1, .next_fd = -1};
	int r;

	if (argc != 2) {
		fputs("usage: waybill sample FILE\n", stderr);
		return EX_USAGE;
	}
	sample.path = argv[1];
	r = make_log(sample.path, &sample.fd);
	if (r == 0)
		r = work(&sample);
	if (r) {
		fprintf(stderr, "waybill: %s: %s\n", sample.path, strerror(-r));
		return EX_IOERR;
	}
	return EX_OK;
}
