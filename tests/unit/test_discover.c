/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discover, on real temporary directories: inotify tells of a change before the system call that
 * made it returns, so nothing here waits. The limits of the kernel are played by our own
 * inotify_add_watch and inotify_init1, which the linker prefers to those of the C library.
 */
#include "input/discover.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

/* ---- the doubles ---- */

static int watches_left = INT_MAX;
static const char *never_watched = "";
static unsigned content_watches;
static int instance_errno;

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	if ((watches_left <= 0 && access(path, F_OK) == 0) || strcmp(path, never_watched) == 0) {
		errno = ENOSPC;
		return -1;
	}
	watches_left--;
	content_watches += (mask & IN_MODIFY) != 0;
	return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

int inotify_init1(int flags)
{
	errno = instance_errno;
	return instance_errno ? -1 : (int)syscall(SYS_inotify_init1, flags);
}

/* ---- a directory, and what was heard of it ---- */

static char top[64];
static struct discover *d;
static char heard[1 << 20];

static const char *at(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", top, name);
	return path;
}

static void start(void)
{
	char template[] = "/tmp/waybill-discover-XXXXXX";

	cr_assert_not_null(mkdtemp(template));
	strcpy(top, template);
	cr_assert_eq(discover_new(&d), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void stop(void)
{
	d = discover_free(d);
	if (geteuid() != getuid())
		cr_assert_eq(seteuid(getuid()), 0);
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(discover, .init = start, .fini = stop, .timeout = 60);

static void make_dir(const char *name)
{
	cr_assert_eq(mkdir(at(name), 0755), 0, "%s: %s", name, strerror(errno));
}

static void append(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	cr_assert_geq(fd, 0, "%s: %s", name, strerror(errno));
	cr_assert_eq(write(fd, "line\n", 5), 5);
	close(fd);
}

static void make(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	cr_assert_geq(fd, 0, "%s: %s", name, strerror(errno));
	close(fd);
}

static void move(const char *from, const char *to)
{
	cr_assert_eq(rename(at(from), at(to)), 0, "%s: %s", from, strerror(errno));
}

static void link_to(const char *target, const char *name)
{
	cr_assert_eq(symlink(target, at(name)), 0);
}

/* A source of one or two patterns below top and perhaps an exclude. */
static void want(int source, const char *pattern, const char *second, const char *exclude)
{
	char *paths[] = {strdup(at(pattern)), second ? strdup(at(second)) : NULL, NULL};
	char *excludes[] = {(char *)exclude, NULL};
	char message[300];

	cr_assert_eq(discover_add(d, source, paths, excludes, message, sizeof message), 0, "%s",
		     message);
	free(paths[0]);
	free(paths[1]);
}

/* Takes all hints that wait: "F0 a.log C b.log ", paths below top; found, changed, moved, left,
 * tree left.
 */
static const char *listen(void)
{
	struct pollfd poll_fd = {.fd = discover_fd(d), .events = POLLIN};
	size_t used = 0, skip = strlen(top) + 1;
	struct hint hint;
	int r;

	heard[0] = '\0';
	do {
		while ((r = discover_next(d, &hint)) == 0) {
			cr_assert_eq(strncmp(hint.path, top, skip - 1), 0, "%s", hint.path);
			used += (size_t)snprintf(
				heard + used, sizeof heard - used,
				hint.kind == HINT_FOUND ? "%c%d %s " : "%c%.0d %s ",
				"FCMLTN"[hint.kind], hint.kind == HINT_FOUND ? hint.source : 0,
				hint.path + skip);
			cr_assert_lt(used, sizeof heard);
		}
		cr_assert_eq(r, DISCOVER_E_NONE);
	} while (poll_fd.fd >= 0 && poll(&poll_fd, 1, 0) > 0);
	return heard;
}

static const char *scan(void)
{
	cr_assert_eq(discover_scan(d), 0);
	return listen();
}

static unsigned times(const char *text, const char *part)
{
	unsigned n = 0;

	while ((text = strstr(text, part))) {
		n++;
		text += strlen(part);
	}
	return n;
}

#define HEARS(call, part) \
	cr_expect_eq(times((call), part), 1, "no single \"%s\" in: %s", part, heard)
#define IS(call, all) cr_expect_str_eq((call), all)

static struct discover_trouble trouble(void)
{
	struct discover_trouble trouble;

	discover_trouble(d, &trouble);
	return trouble;
}

static const char *denied(void)
{
	const char *path;
	int source = -1, error = 0;

	path = discover_next_denied(d, &source, &error);
	cr_expect(!path || (source >= 0 && error == EACCES));
	return path ? path : "";
}

/* ---- files ---- */

Test(discover, found_at_start_and_at_each_scan)
{
	make("a.log");
	make("a.txt");
	make_dir("d");
	want(0, "*.log", NULL, NULL);
	IS(listen(), "");
	IS(scan(), "F0 a.log ");
	IS(listen(), "");
	IS(scan(), "F0 a.log ");
}

/* The caller tells that it is no log file; a pattern that takes everything means the files. */
Test(discover, a_directory_is_found_only_where_its_name_is_asked_for)
{
	make_dir("d.log");
	want(0, "*.log", NULL, NULL);
	IS(scan(), "F0 d.log ");
	want(1, "*", NULL, NULL);
	make_dir("e");
	IS(scan(), "F0 d.log ");
}

Test(discover, created_later_and_written_to)
{
	want(3, "*.log", NULL, NULL);
	IS(scan(), "");
	make("a.log");
	make("a.txt");
	IS(listen(), "F3 a.log N a.txt ");
	append("a.log");
	IS(listen(), "C a.log ");
	append("a.txt");
	IS(listen(), "C a.txt ");
	cr_assert_eq(truncate(at("a.log"), 0), 0);
	IS(listen(), "C a.log ");
}

/*
 * Scenario D04. The double sees what is asked of the kernel: writes only where wanted files can be.
 */
Test(discover, writes_on_the_way_are_not_asked_for)
{
	make_dir("d");
	make_dir("d/e");
	want(0, "d/*/*.log", NULL, NULL);
	scan();
	cr_expect_eq(content_watches, 1);
	cr_expect_eq(trouble().directories, 5);
}

/* Scenario D04. What one new name costs does not depend on the number of files. */
Test(discover, one_change_is_one_hint)
{
	char name[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "%d.log", i);
		make(name);
	}
	want(0, "*.log", NULL, NULL);
	cr_expect_eq(times(scan(), "F0 "), 1000);
	make("new.log");
	IS(listen(), "F0 new.log ");
}

Test(discover, the_first_source_gets_a_path_unless_it_excludes_it)
{
	want(1, "*.log", NULL, "b*");
	want(2, "*", NULL, "/tmp/**/c.log");
	make("a.log");
	make("b.log");
	make("c.log");
	make("a.gz");
	HEARS(scan(), "F1 a.log ");
	HEARS(heard, "F2 b.log ");
	HEARS(heard, "F1 c.log ");
	HEARS(heard, "F2 a.gz ");
	cr_expect_eq(times(heard, "F"), 4);
}

Test(discover, a_rename_within_the_directory)
{
	make("a.log");
	want(0, "*.log", NULL, NULL);
	IS(scan(), "F0 a.log ");
	move("a.log", "a.log.1");
	IS(listen(), "L a.log M a.log.1 ");
	append("a.log.1");
	IS(listen(), "C a.log.1 ");
	move("a.log.1", "b.log");
	IS(listen(), "L a.log.1 F0 b.log ");
	cr_assert_eq(unlink(at("b.log")), 0);
	IS(listen(), "L b.log ");
}

/* Scenario A17 */
Test(discover, moved_out_and_in_and_over)
{
	make_dir("d");
	make_dir("elsewhere");
	make("d/a.log");
	make("elsewhere/b.log");
	make("d/a.new");
	want(0, "d/*.log", NULL, NULL);
	IS(scan(), "F0 d/a.log ");
	move("d/a.log", "elsewhere/a.log");
	IS(listen(), "L d/a.log ");
	move("elsewhere/b.log", "d/b.log");
	IS(listen(), "F0 d/b.log ");
	move("d/a.new", "d/b.log");
	IS(listen(), "L d/a.new F0 d/b.log ");
}

/* Scenario D10 */
Test(discover, attributes_of_a_wanted_file_give_it_again)
{
	make("a.log");
	make("b.txt");
	want(0, "*.log", NULL, NULL);
	IS(scan(), "F0 a.log ");
	cr_assert_eq(chmod(at("a.log"), 0600), 0);
	IS(listen(), "F0 a.log ");
	cr_assert_eq(chmod(at("b.txt"), 0600), 0);
	IS(listen(), "C b.txt ");
}

/* ---- directories that come and go ---- */

/* Scenario D07 */
Test(discover, nothing_is_there_at_start)
{
	want(0, "a/b/c/*.log", "x/y.log", NULL);
	IS(scan(), "");
	make_dir("a");
	make_dir("a/b");
	IS(listen(), "");
	make_dir("a/b/c");
	make("a/b/c/1.log");
	HEARS(listen(), "F0 a/b/c/1.log ");
	make("a/b/c/2.log");
	IS(listen(), "F0 a/b/c/2.log ");
	make_dir("x");
	make("x/y.log");
	HEARS(listen(), "F0 x/y.log ");
	append("x/y.log");
	IS(listen(), "C x/y.log ");
}

enum { RACES = 1000 };

static void *make_trees(void *unused)
{
	char name[64];

	for (int i = 0; i < RACES; i++) {
		snprintf(name, sizeof name, "%d", i);
		make_dir(name);
		snprintf(name, sizeof name, "%d/b", i);
		make_dir(name);
		snprintf(name, sizeof name, "%d/b/c", i);
		make_dir(name);
		snprintf(name, sizeof name, "%d/b/c/x.log", i);
		append(name);
	}
	return unused;
}

/*
 * Scenario D05. Whatever the moment at which a directory is looked at, its file is found. No scan
 * helps.
 */
Test(discover, trees_made_while_we_look)
{
	struct pollfd poll_fd = {.fd = discover_fd(d), .events = POLLIN};
	struct discover_trouble how;
	static bool found[RACES];
	unsigned n = 0;
	struct hint hint;
	pthread_t maker;
	int r;

	want(0, "*/b/c/*.log", NULL, NULL);
	IS(scan(), "");
	cr_assert_eq(pthread_create(&maker, NULL, make_trees, NULL), 0);
	while (n < RACES) {
		r = discover_next(d, &hint);
		cr_assert_geq(r, 0);
		if (r == 0 && hint.kind == HINT_FOUND) {
			int i = atoi(hint.path + strlen(top) + 1);

			n += !found[i];
			found[i] = true;
		}
		if (r == DISCOVER_E_NONE)
			cr_assert_gt(poll(&poll_fd, 1, 10000), 0, "found %u, heard no more", n);
	}
	pthread_join(maker, NULL);
	how = trouble();
	cr_expect_eq(how.overflows, 0, "a scan would have helped");
}

/* Scenario D06 */
Test(discover, a_directory_is_removed_and_made_again)
{
	make_dir("d");
	make("d/a.log");
	want(0, "d/*.log", NULL, NULL);
	IS(scan(), "F0 d/a.log ");
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(unlink(at("d/a.log")), 0);
		cr_assert_eq(rmdir(at("d")), 0);
		make_dir("d");
		make("d/a.log");
		cr_expect_geq(times(listen(), "F0 d/a.log "), 1, "%s", heard);
		append("d/a.log");
		IS(listen(), "C d/a.log ");
	}
	cr_assert_eq(unlink(at("d/a.log")), 0);
	cr_assert_eq(rmdir(at("d")), 0);
	HEARS(listen(), "L d/a.log ");
	make_dir("d");
	make("d/b.log");
	HEARS(listen(), "F0 d/b.log ");
}

/* Scenario D06 */
Test(discover, a_parent_is_renamed_and_another_takes_its_place)
{
	make_dir("p");
	make_dir("p/q");
	make_dir("p/q/d");
	make("p/q/d/a.log");
	want(0, "p/q/d/*.log", NULL, NULL);
	IS(scan(), "F0 p/q/d/a.log ");
	move("p", "old");
	HEARS(listen(), "T p ");
	append("old/q/d/a.log");
	IS(listen(), "");
	make_dir("new");
	make_dir("new/q");
	make_dir("new/q/d");
	make("new/q/d/b.log");
	move("new", "p");
	IS(listen(), "F0 p/q/d/b.log ");
	append("p/q/d/b.log");
	IS(listen(), "C p/q/d/b.log ");
	cr_expect_eq(trouble().directories, 3 + 3, "nothing of the old one is watched");
}

/* Scenario D06. Both at once, before we look: the same path is another directory. */
Test(discover, two_directories_change_places)
{
	make_dir("d");
	make_dir("e");
	make("d/a.log");
	make("e/b.log");
	want(0, "d/*.log", NULL, NULL);
	IS(scan(), "F0 d/a.log ");
	move("d", "x");
	move("e", "d");
	HEARS(listen(), "F0 d/b.log ");
	append("x/a.log");
	append("d/b.log");
	IS(listen(), "C d/b.log ");
}

Test(discover, a_directory_becomes_a_file_and_back)
{
	make_dir("d");
	make("d/a.log");
	want(0, "d/*.log", "d", NULL);
	IS(scan(), "F0 d/a.log ");
	cr_assert_eq(unlink(at("d/a.log")), 0);
	cr_assert_eq(rmdir(at("d")), 0);
	make("d");
	cr_expect_geq(times(listen(), "F0 d "), 1, "%s", heard);
	cr_assert_eq(unlink(at("d")), 0);
	make_dir("d");
	make("d/b.log");
	HEARS(listen(), "F0 d/b.log ");
}

/* A caller that stops early is called again: what was read from the kernel already is not lost. */
Test(discover, the_descriptor_tells_of_what_is_left)
{
	struct pollfd poll_fd = {.fd = discover_fd(d), .events = POLLIN};
	struct hint hint;
	char name[16];
	int n = 0, r;

	want(0, "*.log", NULL, NULL);
	scan();
	cr_expect_eq(poll(&poll_fd, 1, 0), 0);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof name, "%d.log", i);
		make(name);
	}
	for (; poll(&poll_fd, 1, 0) > 0; n += r == 0)
		cr_assert_geq(r = discover_next(d, &hint), 0);
	cr_expect_eq(n, 10);
	cr_assert_eq(discover_scan(d), 0);
	for (n = 0; poll(&poll_fd, 1, 0) > 0; n += r == 0)
		cr_assert_geq(r = discover_next(d, &hint), 0);
	cr_expect_eq(n, 10);
}

/* ---- patterns ---- */

Test(discover, any_depth)
{
	make_dir("a");
	make_dir("a/b");
	make_dir("a/.hidden");
	make("a/b/x.log");
	make("a/.hidden/x.log");
	make("x.log");
	want(0, "**/x.log", NULL, NULL);
	HEARS(scan(), "F0 a/b/x.log ");
	HEARS(heard, "F0 x.log ");
	cr_expect_eq(times(heard, "F"), 2);
	make_dir("a/b/c");
	make_dir("a/b/c/d");
	make("a/b/c/d/x.log");
	make("a/b/c/d/y.log");
	IS(listen(), "F0 a/b/c/d/x.log ");
	move("a/b/c", "c");
	IS(listen(), "T a/b/c F0 c/d/x.log ");
}

Test(discover, braces_and_literals)
{
	make_dir("a");
	make_dir("b");
	make("a/x.log");
	make("b/y.log");
	make("b/z.log");
	want(0, "{a/x,b/{y,w}}.log", NULL, NULL);
	want(1, "b/y.log", "b/w.log", NULL);
	HEARS(scan(), "F0 a/x.log ");
	HEARS(heard, "F0 b/y.log ");
	cr_expect_eq(times(heard, "F"), 2, "%s", heard);
	make("b/w.log");
	IS(listen(), "F0 b/w.log ");
}

Test(discover, an_excluded_directory_is_not_entered)
{
	struct discover_trouble before;
	char exclude[PATH_MAX];

	make_dir("a");
	make_dir("b");
	make("a/x.log");
	make("b/x.log");
	snprintf(exclude, sizeof exclude, "%s/b", top);
	want(0, "**/*.log", NULL, exclude);
	IS(scan(), "F0 a/x.log ");
	cr_expect_eq(discover_wants(d, at("a/y.log")), 0);
	cr_expect_eq(discover_wants(d, at("a/y.txt")), -1);
	cr_expect_eq(discover_wants(d, at("b/c/x.log")), -1, "its directory is excluded");
	before = trouble();
	make_dir("b/c");
	make("b/c/x.log");
	IS(listen(), "");
	cr_expect_eq(trouble().directories, before.directories);
}

/* Scenario D11 */
Test(discover, our_own_directory_is_never_given)
{
	make_dir("state");
	make_dir("state/sub");
	make("state/x.log");
	make("state/sub/x.log");
	make("statement.log");
	make("own.log");
	cr_assert_eq(discover_shun(d, at("state/")), 0);
	cr_assert_eq(discover_shun(d, at("own.log")), 0);
	link_to(at("state/sub"), "link");
	want(0, "**/*.log", NULL, NULL);
	IS(scan(), "F0 statement.log ");
	make("state/y.log");
	IS(listen(), "");
	cr_expect(discover_shuns(d, at("state/sub/x.log")));
	cr_expect(discover_shuns(d, at("own.log")));
	cr_expect_not(discover_shuns(d, at("statement.log")));
	cr_expect_eq(discover_wants(d, at("statement.log")), 0);
	cr_expect_eq(discover_wants(d, at("own.log")), -1);
}

Test(discover, an_invalid_pattern_is_refused_with_words)
{
	char *good[] = {(char *)"/tmp/x", NULL}, *bad[] = {(char *)"/tmp/[x", NULL};
	char message[300] = "";

	cr_expect_eq(discover_add(d, 0, bad, NULL, message, sizeof message), DISCOVER_E_INVALID);
	cr_expect_not_null(strstr(message, "without"));
	cr_expect_eq(discover_add(d, 0, good, bad, message, sizeof message), DISCOVER_E_INVALID);
	cr_expect_eq(discover_add(d, 0, good, NULL, message, sizeof message), 0);
	cr_expect_null(discover_free(NULL));
}

/* ---- links ---- */

/* Scenario A13 */
Test(discover, links_in_a_circle)
{
	make_dir("a");
	make_dir("a/b");
	make("a/b/x.log");
	link_to("..", "a/b/up");
	link_to(".", "a/self");
	link_to("/", "a/root");
	link_to("b", "a/c");
	want(0, "a/**/*.log", NULL, NULL);
	HEARS(scan(), "F0 a/b/x.log ");
	HEARS(heard, "F0 a/c/x.log ");
	cr_expect_eq(times(heard, "F"), 2, "%s", heard);
	link_to("a", "again");
	want(0, "again/b/up/self/b/*.log", NULL, NULL);
	cr_expect_geq(times(scan(), "F0 again/b/up/self/b/x.log "), 1, "%s", heard);
}

/* Scenario A14 */
Test(discover, one_directory_by_two_paths)
{
	make_dir("real");
	make("real/a.log");
	link_to("real", "link");
	want(0, "real/*.log", "link/*.log", NULL);
	HEARS(scan(), "F0 real/a.log ");
	HEARS(heard, "F0 link/a.log ");
	append("real/a.log");
	HEARS(listen(), "C real/a.log ");
	HEARS(heard, "C link/a.log ");
	make("link/b.log");
	HEARS(listen(), "F0 real/b.log ");
	HEARS(heard, "F0 link/b.log ");
	cr_assert_eq(unlink(at("link")), 0);
	HEARS(listen(), "T link ");
	append("real/a.log");
	IS(listen(), "C real/a.log ");
	cr_assert_eq(unlink(at("real/a.log")), 0);
	cr_assert_eq(unlink(at("real/b.log")), 0);
	link_to("real", "link");
	listen();
	cr_assert_eq(rmdir(at("real")), 0);
	listen();
	make_dir("real");
	make("real/a.log");
	HEARS(listen(), "F0 real/a.log ");
}

/* One path wants the writes, the other, looked at later, only the names. */
Test(discover, one_directory_on_the_way_and_at_the_end)
{
	make_dir("real");
	make_dir("real/sub");
	make("real/a.log");
	link_to("real", "link");
	want(0, "real/*.log", NULL, NULL);
	IS(scan(), "F0 real/a.log ");
	want(1, "link/sub/*.log", NULL, NULL);
	scan();
	append("real/a.log");
	IS(listen(), "C real/a.log ");
}

/* Scenario A13 */
Test(discover, a_linked_directory_is_retargeted)
{
	make_dir("1");
	make_dir("2");
	make("1/a.log");
	make("2/b.log");
	link_to("1", "now");
	want(0, "now/*.log", NULL, NULL);
	IS(scan(), "F0 now/a.log ");
	link_to("2", "next");
	move("next", "now");
	HEARS(listen(), "F0 now/b.log ");
	append("1/a.log");
	append("2/b.log");
	IS(listen(), "C now/b.log ");
}

Test(discover, a_file_takes_the_place_of_a_linked_directory)
{
	uint64_t before;

	make_dir("1");
	link_to("1", "now");
	make("file");
	want(0, "now/*.log", NULL, NULL);
	scan();
	before = trouble().directories;
	move("file", "now");
	IS(listen(), "");
	cr_expect_eq(trouble().directories, before - 1);
	make("1/a.log");
	IS(listen(), "");
}

/* Scenario A13 */
Test(discover, the_target_of_a_link_is_followed)
{
	make_dir("d");
	make_dir("pods");
	make("pods/0.log");
	link_to("../pods/0.log", "d/a.log");
	link_to("nowhere", "d/b.log");
	want(0, "d/*.log", NULL, NULL);
	HEARS(scan(), "F0 d/a.log ");
	HEARS(heard, "F0 d/b.log ");
	append("pods/0.log");
	IS(listen(), "");
	cr_assert_eq(discover_follow(d, at("pods/0.log")), 0);
	append("d/a.log");
	IS(listen(), "C pods/0.log ");
	move("pods/0.log", "pods/0.log.1");
	IS(listen(), "L pods/0.log M pods/0.log.1 ");
	/* The directory goes: forgotten. It is there again at the next call. */
	move("pods", "gone");
	listen();
	make_dir("pods");
	make("pods/0.log");
	cr_assert_eq(discover_follow(d, at("pods/0.log")), 0);
	append("pods/0.log");
	IS(listen(), "C pods/0.log ");
	cr_expect_eq(discover_follow(d, at("not/there.log")), 0);
	cr_expect_eq(discover_follow(d, "relative"), -EINVAL);
}

/* ---- trouble ---- */

/* Scenario D01 */
Test(discover, an_overflow_asks_for_a_scan)
{
	int fd[2];

	make_dir("d");
	make("a.log");
	make("b.log");
	want(0, "*.log", "d/*.log", NULL);
	scan();
	fd[0] = open(at("a.log"), O_WRONLY | O_CLOEXEC);
	fd[1] = open(at("b.log"), O_WRONLY | O_CLOEXEC);
	/* By turns, or the kernel would merge them; until the queue is surely full. */
	for (int i = 0; i < 40000; i++)
		cr_assert_eq(pwrite(fd[i % 2], "x", 1, 0), 1);
	close(fd[0]);
	close(fd[1]);
	make("late.log");
	make_dir("e");
	cr_assert_eq(rmdir(at("d")), 0);
	move("e", "d");
	make("d/late.log");
	listen();
	cr_expect(discover_lost_hints(d));
	cr_expect_not(discover_is_scanning(d), "it does not begin by itself");
	cr_expect_geq(times(scan(), "F0 late.log "), 1);
	cr_expect_not(discover_lost_hints(d));
	cr_expect_not(discover_is_scanning(d));
	cr_expect_geq(times(heard, "F0 d/late.log "), 1);
	cr_expect_eq(trouble().overflows, 1);
	append("d/late.log");
	IS(listen(), "C d/late.log ");
}

/* Scenario D02 */
Test(discover, the_watch_limit_means_polling)
{
	struct discover_trouble how;

	make_dir("a");
	make_dir("b");
	make("a/x.log");
	make("b/x.log");
	want(0, "*/*.log", NULL, NULL);
	watches_left = 3;
	HEARS(scan(), "F0 a/x.log ");
	HEARS(heard, "F0 b/x.log ");
	how = trouble();
	cr_expect_eq(how.watch_errno, ENOSPC);
	cr_expect_eq(how.directories, 3);
	cr_expect_eq(how.unwatched, 2);
	cr_expect_eq(trouble().watch_errno, 0, "told once");
	make("b/y.log");
	IS(listen(), "");
	HEARS(scan(), "F0 b/y.log ");
	watches_left = INT_MAX;
	scan();
	cr_expect_eq(trouble().unwatched, 0);
	make("b/z.log");
	IS(listen(), "F0 b/z.log ");
}

/* Its own word is enough when the parent cannot be watched, or says nothing (umount). */
Test(discover, a_directory_tells_of_its_own_end)
{
	static char parent[100];

	make_dir("p");
	make_dir("p/d");
	strcpy(parent, at("p"));
	never_watched = parent;
	want(0, "p/d/*.log", NULL, NULL);
	scan();
	move("p/d", "p/x");
	make_dir("p/d");
	make("p/d/a.log");
	HEARS(listen(), "F0 p/d/a.log ");
	cr_assert_eq(unlink(at("p/d/a.log")), 0);
	cr_assert_eq(rmdir(at("p/d")), 0);
	make_dir("p/d");
	make("p/d/b.log");
	HEARS(listen(), "F0 p/d/b.log ");
}

/* Scenario D02 */
Test(discover, without_an_instance_all_is_polled)
{
	struct discover_trouble how;

	discover_free(d);
	instance_errno = EMFILE;
	cr_assert_eq(discover_new(&d), 0);
	cr_expect_eq(discover_fd(d), -1);
	make_dir("a");
	make("a/x.log");
	want(0, "a/*.log", NULL, NULL);
	IS(scan(), "F0 a/x.log ");
	how = trouble();
	cr_expect_eq(how.watch_errno, EMFILE);
	cr_expect_eq(how.directories, 0);
	cr_expect_eq(how.unwatched, 4);
	cr_assert_eq(unlink(at("a/x.log")), 0);
	cr_assert_eq(rmdir(at("a")), 0);
	IS(scan(), "");
	cr_expect_eq(trouble().unwatched, 3);
	cr_assert_eq(discover_follow(d, at("a.log")), 0);
	instance_errno = 0;
}

/* As somebody for whom modes mean something. */
static void become_nobody(void)
{
	if (getuid() != 0)
		return;
	cr_assert_eq(chown(top, NOBODY, NOBODY), 0);
	cr_assert_eq(seteuid(NOBODY), 0);
}

/* Scenario D10 */
Test(discover, a_closed_directory_is_told_and_found_when_it_opens)
{
	become_nobody();
	make_dir("d");
	make("d/a.log");
	cr_assert_eq(chmod(at("d"), 0), 0);
	want(0, "d/*.log", NULL, NULL);
	IS(scan(), "");
	cr_expect_str_eq(denied(), at("d"));
	cr_expect_str_eq(denied(), "", "told once");
	IS(scan(), "");
	cr_expect_str_eq(denied(), "", "and not again at each scan");
	cr_expect_eq(trouble().denied, 1);
	cr_assert_eq(chmod(at("d"), 0755), 0);
	HEARS(listen(), "F0 d/a.log ");
	cr_expect_eq(trouble().unwatched, 0);
	cr_expect_eq(trouble().denied, 0);
	cr_assert_eq(chmod(at("d"), 0), 0);
	IS(scan(), "");
	cr_expect_str_eq(denied(), at("d"), "it was open in between");
	cr_assert_eq(chmod(at("d"), 0755), 0);
	IS(scan(), "F0 d/a.log ");
	append("d/a.log");
	IS(listen(), "C d/a.log ");
}

/* It was told that permission is denied. */
Test(discover, a_directory_for_which_there_is_no_descriptor_is_told_as_that)
{
	struct rlimit limit, none;
	int source, error = 0;

	make_dir("d");
	want(3, "d/*.log", NULL, NULL);
	make("d/a.log");
	IS(scan(), "F3 d/a.log ");
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){.rlim_cur = 3, .rlim_max = limit.rlim_max};
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	IS(scan(), "");
	cr_expect_str_eq(discover_next_denied(d, &source, &error), at("d"));
	cr_expect_eq(error, EMFILE);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	IS(scan(), "F3 d/a.log ");
	cr_expect_eq(trouble().denied, 0);
}

/* Of several only the last was told. */
Test(discover, each_closed_directory_is_told)
{
	become_nobody();
	for (int i = 0; i < 3; i++) {
		make_dir((char[]){'d', (char)('0' + i), 0});
		cr_assert_eq(chmod(at((char[]){'d', (char)('0' + i), 0}), 0), 0);
	}
	want(3, "d?/*.log", NULL, NULL);
	IS(scan(), "");
	cr_expect_eq(trouble().denied, 3);
	cr_expect_neq(denied()[0], '\0');
	cr_expect_neq(denied()[0], '\0');
	/* One of which nobody was told is gone. */
	for (int i = 0; i < 3; i++)
		cr_assert_eq(rmdir(at((char[]){'d', (char)('0' + i), 0})), 0);
	listen();
	cr_expect_eq(trouble().denied, 0);
	cr_expect_str_eq(denied(), "");
}

Test(discover, a_literal_needs_no_right_to_read)
{
	become_nobody();
	make_dir("d");
	make_dir("d/e");
	make("d/e/a.log");
	cr_assert_eq(chmod(at("d"), 0111), 0);
	want(0, "d/e/*.log", NULL, NULL);
	IS(scan(), "F0 d/e/a.log ");
	cr_expect_eq(trouble().denied, 0);
	cr_expect_eq(trouble().unwatched, 1);
	make("d/e/b.log");
	IS(listen(), "F0 d/e/b.log ");
	cr_assert_eq(chmod(at("d"), 0755), 0);
}

/* Names that do not fit a path end the walk there, and nothing else. */
Test(discover, a_path_too_long_is_left_out)
{
	char name[201], cwd[PATH_MAX];
	int depth = 0;

	cr_assert_not_null(getcwd(cwd, sizeof cwd));
	memset(name, 'n', 200);
	name[200] = '\0';
	cr_assert_eq(chdir(top), 0);
	for (; depth < 30; depth++) {
		cr_assert_eq(mkdir(name, 0755), 0);
		cr_assert_eq(chdir(name), 0);
	}
	make("a.log");
	want(0, "**/*.log", NULL, NULL);
	IS(scan(), "F0 a.log ");
	for (; depth > 0; depth--) {
		cr_assert_eq(chdir(".."), 0);
		cr_assert_eq(rmdir(name), 0);
	}
	cr_assert_eq(chdir(cwd), 0);
	make("b.log");
	HEARS(listen(), "F0 b.log ");
}

/* ---- a list ---- */

static int note_path(void *context, const char *path)
{
	strcat(context, strrchr(path, '/') + 1);
	strcat(context, " ");
	return strcmp(path + strlen(path) - 4, "stop") == 0 ? 7 : 0;
}

Test(discover, a_list_has_what_is_there_without_a_watch)
{
	char dir[] = "/tmp/waybill-list-XXXXXX", pattern[64], path[64], seen[256] = "";

	cr_assert(mkdtemp(dir));
	snprintf(pattern, sizeof pattern, "%s/{a,b}*", dir);
	for (const char **name = (const char *[]){"a1", "c1", "b1", NULL}; *name; name++) {
		snprintf(path, sizeof path, "%s/%s", dir, *name);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	}
	cr_expect_eq(discover_list((char *[]){pattern, NULL}, note_path, seen), 0);
	cr_expect(strlen(seen) == 6 && strstr(seen, "a1 ") && strstr(seen, "b1 "), "%s", seen);
	snprintf(path, sizeof path, "%s/astop", dir);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	cr_expect_eq(discover_list((char *[]){pattern, NULL}, note_path, seen), 7);
	cr_expect_eq(discover_list((char *[]){"[", NULL}, note_path, seen), -EINVAL);
	for (const char **name = (const char *[]){"a1", "c1", "b1", "astop", NULL}; *name; name++) {
		snprintf(path, sizeof path, "%s/%s", dir, *name);
		unlink(path);
	}
	rmdir(dir);
}

/* ---- many ---- */

/* A call that looks at a large tree in vain comes back: the watchdog and others want their turn. */
Test(discover, a_large_directory_of_which_nothing_is_wanted_is_read_in_steps)
{
	struct hint hint;
	size_t n = 0;
	int r;

	make_dir("many");
	for (int i = 0; i < 9000; i++) {
		char name[32];

		snprintf(name, sizeof name, "many/%d.txt", i);
		make(name);
	}
	want(0, "many/*.log", NULL, NULL);
	cr_assert_eq(discover_scan(d), 0);
	while ((r = discover_next(d, &hint)) == 0) {
		cr_assert_eq(hint.kind, HINT_NONE);
		cr_assert(hint.more);
		n++;
	}
	cr_expect_eq(r, DISCOVER_E_NONE);
	cr_expect_geq(n, 2);
}

/* Whoever makes directories without end has a share, and what is another source's is watched. */
Test(discover, directories_above_the_limit_wait_and_are_found_when_others_are_gone)
{
	char name[32];

	want(0, "one/*/*.log", NULL, NULL);
	want(1, "two/*/*.log", NULL, NULL);
	cr_assert_eq(discover_set_max(d, 30), 0);
	make_dir("one");
	make_dir("two");
	for (int i = 10; i < 50; i++) {
		snprintf(name, sizeof name, "one/%d", i);
		make_dir(name);
	}
	make_dir("two/a");
	make("two/a/x.log");
	HEARS(scan(), "F1 two/a/x.log ");
	scan();
	cr_expect_geq(quota_waiting(discover_quota(d)), 18);
	cr_expect_lt(discover_quota(d)->shares[1].n, 15);
	make_dir("two/b");
	make("two/b/x.log");
	HEARS(listen(), "F1 two/b/x.log ");
	make("one/49/x.log");
	make("one/48/x.log");
	for (int i = 10; i < 48; i++) {
		snprintf(name, sizeof name, "one/%d", i);
		cr_assert_eq(rmdir(at(name)), 0);
	}
	listen();
	cr_expect(quota_wants_look(discover_quota(d)));
	scan();
	HEARS(heard, "F0 one/49/x.log ");
	HEARS(heard, "F0 one/48/x.log ");
	cr_expect_eq(quota_waiting(discover_quota(d)), 0);
}

/* ---- other patterns ---- */

static void change(int source, const char *pattern)
{
	char *paths[] = {pattern ? strdup(at(pattern)) : NULL, NULL};
	char message[300];

	cr_assert_eq(discover_change(d, source, paths, NULL, message, sizeof message), 0);
	free(paths[0]);
}

static uint64_t directories(void)
{
	struct discover_trouble trouble;

	discover_trouble(d, &trouble);
	return trouble.directories;
}

Test(discover, other_patterns_of_one_source)
{
	uint64_t before;

	make_dir("a");
	make_dir("b");
	make("a/x.log");
	make("b/x.log");
	want(0, "a/*.log", NULL, NULL);
	scan();
	before = directories();
	want(1, "b/*.log", NULL, NULL);
	cr_expect_str_eq(scan(), "F0 a/x.log F1 b/x.log ");
	change(1, NULL);
	cr_expect_eq(directories(), before, "what nothing leads to any more is not watched");
	append("a/x.log");
	append("b/x.log");
	cr_expect_str_eq(listen(), "C a/x.log ", "the other source's watch is as it was");
	change(1, "b/x*");
	cr_expect_str_eq(scan(), "F0 a/x.log F1 b/x.log ");
	append("b/x.log");
	cr_expect_str_eq(listen(), "C b/x.log ");
}

Test(discover, another_order_of_sources)
{
	make("x.log");
	want(0, "*.log", NULL, NULL);
	want(1, "x*", NULL, NULL);
	cr_expect_str_eq(scan(), "F0 x.log ");
	discover_set_order(d, (const size_t[]){1, 0});
	cr_expect_str_eq(scan(), "F1 x.log ");
	cr_expect_eq(discover_wants(d, at("x.log")), 1);
}
