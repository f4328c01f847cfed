/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets, FIFOs and devices under names that a pattern wants, and in the place of logs while the
 * agent runs. Whoever opens a FIFO wakes its writer, and a device may do anything: the kernel says
 * what was opened.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/follow_rig.h"
#include "tests/support/said.h"

static struct follow_rig *rig;
static int opened; /* tells of everything that is opened in the directory of the logs */

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "*.log*");
	rig->log = said_begin();
	opened = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	cr_assert_geq(opened, 0);
}

static void end(void)
{
	close(opened);
	rig_end(rig);
	free(rig);
}

TestSuite(special, .init = begin, .fini = end, .timeout = 120);

/* ---- what is made ---- */

/* Good for two calls. */
PRINTF_LIKE(1, 2)
static const char *path_of(const char *format, ...)
{
	char name[64];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof name, format, args);
	va_end(args);
	return rig_path(rig, name);
}

static void make_fifo(const char *path)
{
	cr_assert_eq(mkfifo(path, 0600), 0);
}

static void make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
}

/* Who may make none has a link to one, which is no other kind of thing. */
static void make_device(const char *path)
{
	if (mknod(path, S_IFCHR | 0600, makedev(1, 3)))
		cr_assert_eq(symlink("/dev/null", path), 0);
}

static void (*const make[])(const char *path) = {make_fifo, make_socket, make_device};

/* ---- what was opened ---- */

static void watch(void)
{
	cr_assert_geq(inotify_add_watch(opened, rig->top, IN_OPEN), 0);
}

/* How many times something in the directory was opened since the last call. */
static size_t times_opened(void)
{
	_Alignas(struct inotify_event) char bytes[64 << 10];
	size_t times = 0;
	ssize_t n;

	while ((n = read(opened, bytes, sizeof bytes)) > 0)
		for (char *at = bytes; at < bytes + n;) {
			const struct inotify_event *event = (void *)at;

			cr_assert_eq(event->mask & IN_Q_OVERFLOW, 0);
			times += event->len && !(event->mask & IN_ISDIR);
			at += sizeof *event + event->len;
		}
	return times;
}

static size_t descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void stop_listening(void)
{
	rig_crash(rig);
	rig->log = said_end(rig->log);
	rig_start(rig);
}

/* ---- tests ---- */

#define MANY 5000

/* What was said of one kind: the first of them, and how many were like it. */
static void expect_told(const char *kind)
{
	cr_expect_eq(said_times(kind), 2, "%s: %zu", kind, said_times(kind));
}

/* Scenario C12. */
Test(special, thousands_in_the_place_of_logs_are_told_with_a_count_and_never_opened)
{
	size_t before;

	rig_start(rig);
	before = descriptors();
	for (int i = 0; i < MANY; i++)
		rig_append(rig, strrchr(path_of("%d.log", i), '/') + 1, "x\n");
	rig_run(rig);
	cr_expect_eq(rig->files.n_open, MANY);
	for (int i = 0; i < MANY; i++) {
		cr_assert_eq(unlink(path_of("%d.log", i)), 0);
		make[i % ARRAY_LEN(make)](path_of("%d.log", i));
	}
	watch();
	rig->quiet = true;
	rig_run(rig);
	rig_rescan(rig);
	rig_rescan(rig);
	cr_expect_eq(times_opened(), 0);
	cr_expect_eq(rig->files.n_open, 0, "%zu", rig->files.n_open);
	cr_expect_eq(descriptors(), before, "%zu and %zu", before, descriptors());
	cr_expect_eq(rig->counters.files_lost, 0);
	stop_listening();
	expect_told("a FIFO: it is not followed");
	expect_told("a socket: it is not followed");
	expect_told("a device: it is not followed");
	cr_expect_eq(said_times("more than 1000 of its paths"), 1);
	cr_expect_eq(said_times("\n"), 7);
}

/* Scenario C12. What they become is a log, and what a log becomes is none: by renaming. */
Test(special, a_log_and_a_fifo_change_places)
{
	rig_start(rig);
	make_fifo(path_of("fifo.log"));
	rig_append(rig, "a.log", "a1\n");
	cr_expect_str_eq(rig_run(rig), "a1 ");
	watch();
	rig_rename(rig, "a.log", "other.log");
	rig_rename(rig, "fifo.log", "a.log");
	rig_rename(rig, "other.log", "fifo.log");
	cr_expect_str_eq(rig_run(rig), "");
	cr_expect_eq(times_opened(), 0);
	rig_append(rig, "fifo.log", "a2\n");
	cr_expect_str_eq(rig_run(rig), "a2 ");
	cr_expect_eq(said_times("fifo.log: a FIFO"), 1);
	stop_listening();
}

/* One whose name says that it is a generation, or a copy, of what is there. */
static void come_beside(const char *name)
{
	rig_start(rig);
	make_fifo(path_of("app.log"));
	rig_run(rig);
	watch();
	rig_append(rig, name, "1\n");
	cr_expect_eq(times_opened(), 1, "by who wrote it");
	cr_expect_str_eq(rig_run(rig), "1 ");
	cr_expect_eq(times_opened(), 1, "and by us, once");
	stop_listening();
}

/* Scenario C12. It was opened to compare both, and its writer found a reader. */
Test(special, a_fifo_is_not_compared_with_a_file_that_may_be_its_copy)
{
	come_beside("app.log.1");
}

/* Scenario C12. */
Test(special, a_fifo_in_the_place_of_a_log_is_not_compared_with_its_generations)
{
	rig_start(rig);
	rig_append(rig, "app.log", "1\n");
	cr_expect_str_eq(rig_run(rig), "1 ");
	rig_stop(rig);
	rig_rename(rig, "app.log", "app.log.2");
	rig_append(rig, "app.log.1", "2\n");
	make_fifo(path_of("app.log"));
	watch();
	rig_start(rig);
	cr_expect_str_eq(rig_run(rig), "2 ");
	cr_expect_eq(times_opened(), 2, "both logs");
	stop_listening();
}
