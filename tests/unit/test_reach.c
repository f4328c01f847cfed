/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose links are followed. Links of somebody else need root to make them; without it the targets
 * are files that belong to root instead: what counts is that link and target have two owners.
 */
#include "input/reach.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STRANGER 12345
/* A regular file that is everybody's to read and root's. */
#define OF_ROOT "/etc/passwd"

static char top[] = "/tmp/waybill-reach-XXXXXX";
static char joined[4][PATH_MAX];

/* One of four buffers in turn. */
static const char *at(const char *name)
{
	static size_t turn;
	char *path = joined[turn++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", top, name);
	return path;
}

static void make_file(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_EXCL, 0644);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, "line\n", 5), 5);
	close(fd);
}

static void make_link(const char *target, const char *name)
{
	cr_assert_eq(symlink(target, at(name)), 0);
}

/* Whoever owns the file, the link belongs to another one, who is not root. */
static void give_away(const char *name)
{
	if (geteuid() == 0)
		cr_assert_eq(lchown(at(name), STRANGER, STRANGER), 0);
}

static void begin(void)
{
	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(mkdir(at("dir"), 0755), 0);
	make_file("dir/app.log");
}

static void end(void)
{
	char command[sizeof top + 16];

	snprintf(command, sizeof command, "rm -rf %s", top);
	cr_assert_eq(system(command), 0);
}

TestSuite(reach, .init = begin, .fini = end, .timeout = 60);

/* 0 when it can be opened and holds a line. */
static int try(const char *path, enum reach_links links)
{
	char byte;
	int fd = reach_open(path, links), r;

	if (fd < 0)
		return fd;
	r = read(fd, &byte, 1) == 1 ? 0 : -EIO;
	close(fd);
	return r;
}

Test(reach, a_path_without_links_is_opened_whatever_is_said_of_them)
{
	cr_expect_eq(try(at("dir/app.log"), REACH_NONE), 0);
	cr_expect_eq(try(at("dir/app.log"), REACH_OWNED), 0);
	cr_expect_eq(try(at("dir/./../dir//app.log"), REACH_NONE), 0);
	cr_expect_eq(try(at("dir/none.log"), REACH_OWNED), -ENOENT);
	cr_expect_eq(try("dir/app.log", REACH_OWNED), -EINVAL);
}

Test(reach, links_of_the_owner_are_followed_to_the_end_of_the_path_and_on_the_way)
{
	make_link("dir/app.log", "last");
	make_link("dir", "way");
	make_link("way/app.log", "both");
	make_link(at("dir"), "absolute");
	make_link("../dir/../way/./app.log", "dir/round");
	cr_expect_eq(try(at("last"), REACH_OWNED), 0);
	cr_expect_eq(try(at("way/app.log"), REACH_OWNED), 0);
	cr_expect_eq(try(at("both"), REACH_OWNED), 0);
	cr_expect_eq(try(at("absolute/app.log"), REACH_OWNED), 0);
	cr_expect_eq(try(at("dir/round"), REACH_OWNED), 0);
	cr_expect_eq(try(at("last"), REACH_NONE), -ELOOP);
	cr_expect_eq(try(at("way/app.log"), REACH_NONE), -ELOOP);
}

Test(reach, a_link_of_another_owner_than_its_target_is_not_followed)
{
	make_link(OF_ROOT, "theft");
	give_away("theft");
	make_link("/etc", "etc");
	give_away("etc");
	make_link("theft", "hidden");
	cr_expect_eq(try(at("theft"), REACH_OWNED), -ELOOP);
	cr_expect_eq(try(at("etc/passwd"), REACH_OWNED), -ELOOP);
	cr_expect_eq(try(at("hidden"), REACH_OWNED), -ELOOP);
	cr_expect_eq(try(at("theft"), REACH_ANY), 0);
	cr_expect_eq(try(at("etc/passwd"), REACH_ANY), 0);
}

/* A stranger's link in front of root's one, to a file of the stranger's. */
Test(reach, each_link_on_the_way_is_asked_for_what_it_leads_to_itself)
{
	make_link("dir/app.log", "last");
	make_link("last", "first");
	give_away("first");
	if (geteuid() == 0) {
		cr_expect_eq(try(at("first"), REACH_OWNED), -ELOOP);
		cr_assert_eq(chown(at("dir/app.log"), STRANGER, STRANGER), 0);
	}
	cr_expect_eq(try(at("first"), REACH_OWNED), 0);
}

/* `current -> releases/42` of one who deploys, with a log of the program's user in it. */
Test(reach, a_link_on_the_way_counts_by_its_directory_not_by_the_file)
{
	make_link("dir", "current");
	if (geteuid() == 0) {
		give_away("current");
		cr_assert_eq(chown(at("dir"), STRANGER, STRANGER), 0);
	}
	cr_expect_eq(try(at("current/app.log"), REACH_OWNED), 0);
}

Test(reach, no_link_leads_into_what_the_kernel_shows_or_hides)
{
	static const char *const targets[] = {"/proc/self/environ", "/proc/1/../self/environ",
					      "/sys/kernel/notes",  "/dev/null",
					      "/dev/shm",           "/proc/self/root/etc/passwd"};

	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		make_link(targets[i], "link");
		cr_expect_eq(try(at("link"), REACH_ANY), -ELOOP, "%s", targets[i]);
		cr_expect_eq(try(at("link"), REACH_OWNED), -ELOOP, "%s", targets[i]);
		cr_assert_eq(unlink(at("link")), 0);
	}
}

Test(reach, links_in_a_circle_and_too_many_are_refused)
{
	char name[16], target[16];

	make_link("b", "a");
	make_link("a", "b");
	cr_expect_eq(try(at("a"), REACH_ANY), -ELOOP);
	make_link("dir/app.log", "l0");
	for (int i = 1; i <= 40; i++) {
		snprintf(name, sizeof name, "l%d", i);
		snprintf(target, sizeof target, "l%d", i - 1);
		make_link(target, name);
	}
	cr_expect_eq(try(at("l39"), REACH_ANY), 0);
	cr_expect_eq(try(at("l40"), REACH_ANY), -ELOOP);
}

Test(reach, a_fifo_behind_a_link_is_not_opened)
{
	cr_assert_eq(mkfifo(at("dir/fifo"), 0644), 0);
	make_link("dir/fifo", "fifo");
	cr_expect_eq(try(at("fifo"), REACH_ANY), -ENXIO);
}

static int note(void *context, const char *link)
{
	char *seen = context;

	strcat(strcat(seen, strrchr(link, '/')), " ");
	return 0;
}

static int stop(void *context, const char *link)
{
	(void)context;
	(void)link;
	return 7;
}

Test(reach, a_walk_tells_of_each_link_and_of_where_it_leads)
{
	char seen[256] = "", real[PATH_MAX], want[PATH_MAX];

	make_link("dir", "way");
	make_link("way/app.log", "both");
	cr_assert_not_null(realpath(at("dir/app.log"), want));
	cr_assert_eq(reach_walk(at("both"), REACH_OWNED, note, seen, real), 0);
	cr_expect_str_eq(real, want);
	cr_expect_str_eq(seen, "/both /way ");
	cr_expect_eq(reach_walk(at("both"), REACH_OWNED, stop, NULL, real), 7);
	cr_expect_eq(reach_walk("/", REACH_NONE, NULL, NULL, real), 0);
	cr_expect_str_eq(real, "/");
}
