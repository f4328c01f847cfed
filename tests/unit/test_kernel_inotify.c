/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What input/watch.c and input/discover.c believe about the kernel, one belief a test, on inotify
 * itself. When one fails on a new kernel or file system, the code that relies on it is named here.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define MASK                                                                           \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MODIFY | IN_ATTRIB | \
	 IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK | IN_MASK_ADD)

static char top[64];
static int fd, wd;
static char heard[4096];

static const char *at(const char *name)
{
	static char paths[4][256];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, 256, "%s/%s", top, name);
	return path;
}

static void start(void)
{
	char template[] = "/tmp/waybill-kernel-XXXXXX";

	cr_assert_not_null(mkdtemp(template));
	strcpy(top, template);
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	cr_assert_geq(fd, 0);
	wd = inotify_add_watch(fd, top, MASK);
	cr_assert_geq(wd, 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void stop(void)
{
	close(fd);
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(kernel_inotify, .init = start, .fini = stop, .timeout = 60);

static const char *name_of(uint32_t mask)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{IN_CREATE, "create"},        {IN_MOVED_TO, "to"},     {IN_MOVED_FROM, "from"},
		{IN_DELETE, "delete"},        {IN_MODIFY, "modify"},   {IN_ATTRIB, "attrib"},
		{IN_MOVE_SELF, "self-moved"}, {IN_IGNORED, "ignored"}, {IN_UNMOUNT, "unmount"},
		{IN_Q_OVERFLOW, "overflow"},
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (mask & names[i].bit)
			return names[i].name;
	return "?";
}

/* All events that wait: "create:a/ modify:b ", a slash for directories, "2:" before another wd. */
static const char *listen(void)
{
	char buffer[65536] __attribute__((aligned(8)));
	size_t used = 0;
	ssize_t got;

	heard[0] = '\0';
	while ((got = read(fd, buffer, sizeof buffer)) > 0) {
		for (char *p = buffer; p < buffer + got;) {
			const struct inotify_event *event = (void *)p;

			if (event->wd > wd)
				used += (size_t)snprintf(heard + used, sizeof heard - used,
							 "%d:", event->wd - wd + 1);
			used += (size_t)snprintf(heard + used, sizeof heard - used, "%s%s%s%s ",
						 name_of(event->mask), event->len ? ":" : "",
						 event->len ? event->name : "",
						 event->mask & IN_ISDIR ? "/" : "");
			cr_assert_lt(used, sizeof heard);
			p += sizeof *event + event->len;
		}
	}
	cr_assert_eq(errno, EAGAIN);
	return heard;
}

static int make(const char *name)
{
	int file = open(at(name), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	cr_assert_geq(file, 0);
	return file;
}

/* watch.c: a directory's watch serves all its files. */
Test(kernel_inotify, a_directory_tells_of_writes_to_its_files)
{
	int file = make("a");

	cr_expect_str_eq(listen(), "create:a ");
	cr_assert_eq(write(file, "x", 1), 1);
	cr_expect_str_eq(listen(), "modify:a ");
	cr_assert_eq(ftruncate(file, 0), 0);
	cr_expect_str_eq(listen(), "modify:a ");
	cr_assert_eq(fchmod(file, 0600), 0);
	cr_expect_str_eq(listen(), "attrib:a ");
	close(file);
	cr_expect_str_eq(listen(), "", "closing is not asked for");
}

/* watch.c: a flood of writes to one file is one event, but by turns they are many. */
Test(kernel_inotify, equal_events_in_a_row_are_merged)
{
	int a = make("a"), b = make("b");

	listen();
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(write(a, "x", 1), 1);
	cr_expect_str_eq(listen(), "modify:a ");
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(write(a, "x", 1), 1);
		cr_assert_eq(write(b, "x", 1), 1);
	}
	cr_expect_str_eq(listen(), "modify:a modify:b modify:a modify:b ");
	close(a);
	close(b);
}

/* discover.c: HINT_LEFT comes first; a rename over another file says no delete. */
Test(kernel_inotify, a_rename_says_from_and_then_to)
{
	close(make("a"));
	close(make("b"));
	listen();
	cr_assert_eq(rename(at("a"), at("c")), 0);
	cr_expect_str_eq(listen(), "from:a to:c ");
	cr_assert_eq(rename(at("c"), at("b")), 0);
	cr_expect_str_eq(listen(), "from:c to:b ");
}

/* The file's reader: writes through the old descriptor are told under the new name. */
Test(kernel_inotify, writes_after_a_rename_have_the_new_name)
{
	int file = make("a");

	cr_assert_eq(rename(at("a"), at("a.1")), 0);
	listen();
	cr_assert_eq(write(file, "x", 1), 1);
	cr_expect_str_eq(listen(), "modify:a.1 ");
	/* IN_EXCL_UNLINK: and without a name not at all. */
	cr_assert_eq(unlink(at("a.1")), 0);
	cr_expect_str_eq(listen(), "delete:a.1 ");
	cr_assert_eq(write(file, "x", 1), 1);
	cr_expect_str_eq(listen(), "");
	close(file);
}

/* discover.c: a directory that goes ends with IN_IGNORED; IN_DELETE_SELF is not asked for. */
Test(kernel_inotify, a_removed_directory_ends_with_ignored)
{
	int second;

	cr_assert_eq(mkdir(at("d"), 0755), 0);
	second = inotify_add_watch(fd, at("d"), MASK);
	cr_assert_eq(second, wd + 1);
	listen();
	cr_assert_eq(rmdir(at("d")), 0);
	listen();
	cr_expect_not_null(strstr(heard, "2:ignored "));
	cr_expect_not_null(strstr(heard, "delete:d/ "));
	/* watch.c: its number is not given out again, and removing it is EINVAL. */
	cr_expect_eq(inotify_rm_watch(fd, second), -1);
	cr_expect_eq(errno, EINVAL);
	cr_assert_eq(mkdir(at("d"), 0755), 0);
	cr_expect_eq(inotify_add_watch(fd, at("d"), MASK), second + 1);
}

/* discover.c: a directory that is moved keeps its watch wherever it goes, and says so. */
Test(kernel_inotify, a_moved_directory_says_so_itself)
{
	int second;

	cr_assert_eq(mkdir(at("d"), 0755), 0);
	second = inotify_add_watch(fd, at("d"), MASK);
	listen();
	cr_assert_eq(rename(at("d"), at("e")), 0);
	cr_expect_str_eq(listen(), "from:d/ to:e/ 2:self-moved ");
	close(make("e/a"));
	cr_expect_str_eq(listen(), "2:create:a ");
	/* watch.c: the same directory has the same number, by whatever path. */
	cr_expect_eq(inotify_add_watch(fd, at("e"), MASK), second);
	cr_assert_eq(symlink("e", at("link")), 0);
	cr_expect_eq(inotify_add_watch(fd, at("link"), MASK), second);
}

/* discover_walk.c: the rename of a directory above says nothing: so those are watched, too. */
Test(kernel_inotify, a_renamed_parent_says_nothing_to_the_child)
{
	int own = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char buffer[4096];

	cr_assert_eq(mkdir(at("p"), 0755), 0);
	cr_assert_eq(mkdir(at("p/d"), 0755), 0);
	cr_assert_geq(inotify_add_watch(own, at("p/d"), MASK), 0);
	cr_assert_eq(rename(at("p"), at("q")), 0);
	cr_expect_eq(read(own, buffer, sizeof buffer), -1);
	cr_expect_eq(errno, EAGAIN);
	close(own);
}

/* watch.c: IN_MASK_ADD never takes away what another point of the same directory asked for. */
Test(kernel_inotify, masks_add_up)
{
	int file = make("a");

	cr_expect_eq(inotify_add_watch(fd, top, (MASK) & ~(uint32_t)IN_MODIFY), wd);
	listen();
	cr_assert_eq(write(file, "x", 1), 1);
	cr_expect_str_eq(listen(), "modify:a ");
	close(file);
}

/* watch.c: events that waited when their watch was removed still come, and then IN_IGNORED. */
Test(kernel_inotify, old_events_outlive_their_watch)
{
	close(make("a"));
	cr_assert_eq(inotify_rm_watch(fd, wd), 0);
	cr_expect_str_eq(listen(), "create:a ignored ");
}

/* discover.c: a symbolic link is no directory to inotify, whatever it leads to. */
Test(kernel_inotify, a_link_to_a_directory_is_created_as_a_file)
{
	cr_assert_eq(symlink("/tmp", at("link")), 0);
	cr_expect_str_eq(listen(), "create:link ");
	cr_assert_eq(mkdir(at("d"), 0755), 0);
	cr_expect_str_eq(listen(), "create:d/ ");
}

/* discover_follow: a write through a link, or through another hard link, is told elsewhere only. */
Test(kernel_inotify, writes_are_told_where_the_file_was_opened)
{
	int file;

	cr_assert_eq(mkdir(at("d"), 0755), 0);
	file = make("d/a");
	cr_assert_eq(symlink("d/a", at("soft")), 0);
	cr_assert_eq(link(at("d/a"), at("hard")), 0);
	listen();
	cr_assert_eq(write(file, "x", 1), 1);
	cr_expect_str_eq(listen(), "");
	close(file);
	file = make("soft");
	cr_assert_eq(write(file, "x", 1), 1);
	cr_expect_str_eq(listen(), "");
	close(file);
	file = make("hard");
	cr_assert_eq(write(file, "x", 1), 1);
	cr_expect_str_eq(listen(), "modify:hard ");
	close(file);
}

/* watch.c: the errors that it tells apart. */
Test(kernel_inotify, reasons_for_no_watch)
{
	close(make("a"));
	cr_expect_eq(inotify_add_watch(fd, at("a"), MASK), -1);
	cr_expect_eq(errno, ENOTDIR);
	cr_expect_eq(inotify_add_watch(fd, at("b"), MASK), -1);
	cr_expect_eq(errno, ENOENT);
}

static long limit(const char *name)
{
	char path[64];
	FILE *file;
	long value = 0;

	snprintf(path, sizeof path, "/proc/sys/fs/inotify/%s", name);
	file = fopen(path, "re");
	cr_assert_not_null(file);
	cr_assert_eq(fscanf(file, "%ld", &value), 1);
	fclose(file);
	return value;
}

/*
 * Scenario D01. discover.c: a queue that is full says so, at its end, and works again when it was
 * read.
 */
Test(kernel_inotify, a_full_queue_ends_with_overflow)
{
	long most = limit("max_queued_events"), n = 0;
	char buffer[65536] __attribute__((aligned(8)));
	const struct inotify_event *last = NULL;
	int a, b;
	ssize_t got;

	a = make("a");
	b = make("b");
	for (long i = 0; i < most + 10; i++)
		cr_assert_eq(pwrite(i % 2 ? a : b, "x", 1, 0), 1);
	while ((got = read(fd, buffer, sizeof buffer)) > 0)
		for (char *p = buffer; p < buffer + got; p += sizeof *last + last->len, n++)
			last = (void *)p;
	cr_assert_not_null(last);
	cr_expect_eq(n, most + 1);
	cr_expect_eq(last->wd, -1);
	cr_expect(last->mask & IN_Q_OVERFLOW);
	cr_assert_eq(write(a, "x", 1), 1);
	cr_expect_str_eq(listen(), "modify:a ");
	close(a);
	close(b);
}
