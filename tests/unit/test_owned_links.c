/* SPDX-License-Identifier: Apache-2.0 */
/* Whose links are followed, and whose file it is to which one leads, over real directories. */
#include "follow/follow.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/follow_rig.h"

static struct follow_rig *rig;

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(name, text) rig_append(rig, name, text)

static void make_link(const char *target, const char *name)
{
	cr_assert_eq(symlink(target, rig_path(rig, name)), 0);
}

/* As `ln -sfn` or a container runtime: the link is never away. */
static void turn_link(const char *target, const char *name)
{
	make_link(target, "turned");
	rig_rename(rig, "turned", name);
}

/* Nothing is told as lost or comes again, not after another start either. */
static void end_well(void)
{
	cr_assert_eq(rig->counters.files_lost, 0);
	rig_stop(rig);
	rig_start(rig);
	SEE("");
	cr_assert_eq(rig->counters.files_lost, 0);
}

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "app.log");
	cr_assert_eq(mkdir(rig_path(rig, "pods"), 0755), 0);
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(owned_links, .init = begin, .fini = end, .timeout = 60);

#define STRANGER 12345

static size_t refused(const char *name)
{
	const char *path = rig_path(rig, name);

	return map_get(rig->files.refused, path, strlen(path)) != NULL;
}

/* A link of somebody to what is not theirs: as root a stranger's, else ours to what is root's. */
static void make_theft(const char *name)
{
	make_link("/etc/passwd", name);
	if (geteuid() == 0)
		cr_assert_eq(lchown(rig_path(rig, name), STRANGER, STRANGER), 0);
}

Test(owned_links, a_link_to_what_its_owner_does_not_own_is_not_read_and_told_once)
{
	make_theft("app.log");
	rig_start(rig);
	SEE("");
	cr_expect(refused("app.log"));
	rig_rescan(rig);
	cr_expect_str_eq(rig->lines, "");
	/* What is its own is read again. */
	rig_remove(rig, "app.log");
	PUT("app.log", "a\n");
	SEE("a ");
	end_well();
}

Test(owned_links, follow_links_any_reads_what_owner_does_not)
{
	make_theft("app.log");
	rig->sources[0].links = REACH_ANY;
	rig_start(rig);
	rig_run(rig);
	cr_expect_not_null(strstr(rig->lines, "root:"));
}

Test(owned_links, follow_links_no_reads_behind_no_link)
{
	PUT("pods/0.log", "a\n");
	make_link("pods/0.log", "app.log");
	rig->sources[0].links = REACH_NONE;
	rig_start(rig);
	SEE("");
	cr_expect(refused("app.log"));
}

/* The first source's link is found first, at a start and later. */
Test(owned_links, a_file_is_its_own_sources_whatever_links_lead_to_it)
{
	rig_also(rig, "pods/*.log");
	PUT("pods/0.log", "a\n");
	make_link("pods/0.log", "app.log");
	rig_start(rig);
	SEE("a ");
	cr_assert_not_null(rig_file(rig, "pods/0.log"));
	cr_expect_eq(rig_file(rig, "pods/0.log")->source, &rig->sources[1]);
	PUT("pods/1.log", "b\n");
	turn_link("pods/1.log", "app.log");
	SEE("b ");
	cr_assert_not_null(rig_file(rig, "pods/1.log"));
	cr_expect_eq(rig_file(rig, "pods/1.log")->source, &rig->sources[1]);
	rig_rename(rig, "pods/1.log", "pods/1.old");
	PUT("pods/1.old", "c\n");
	SEE("c ");
	end_well();
}

/* The link led there before the file of the other source came. */
Test(owned_links, a_link_that_waits_for_another_sources_file_does_not_get_it)
{
	rig_also(rig, "pods/*.log");
	make_link("pods/0.log", "app.log");
	rig_start(rig);
	SEE("");
	PUT("pods/0.log", "a\n");
	rig_rescan(rig);
	cr_assert_str_eq(rig->lines, "a ");
	cr_assert_not_null(rig_file(rig, "pods/0.log"));
	cr_expect_eq(rig_file(rig, "pods/0.log")->source, &rig->sources[1]);
}

Test(owned_links, a_link_to_a_directory_that_its_owner_does_not_own_is_not_gone_through)
{
	int source;

	rig_end(rig);
	rig_begin(rig, "*/passwd");
	make_link("/etc", "etc");
	if (geteuid() == 0)
		cr_assert_eq(lchown(rig_path(rig, "etc"), STRANGER, STRANGER), 0);
	rig_start(rig);
	SEE("");
	cr_expect_str_eq(discover_next_refused(rig->discover, &source), rig_path(rig, "etc"));
	cr_expect_eq(source, 0);
	cr_expect_null(discover_next_refused(rig->discover, &source));
}

/* Of several in one look the last one only was told. */
Test(owned_links, each_link_that_is_refused_in_a_look_is_told)
{
	const char *link;
	int source, n = 0;
	char name[16];

	rig_end(rig);
	rig_begin(rig, "*/passwd");
	for (int i = 0; i < DISCOVER_REFUSED_MAX + 50; i++) {
		snprintf(name, sizeof name, "etc%d", i);
		make_link("/etc", name);
		if (geteuid() == 0)
			cr_assert_eq(lchown(rig_path(rig, name), STRANGER, STRANGER), 0);
	}
	rig_start(rig);
	SEE("");
	while ((link = discover_next_refused(rig->discover, &source))) {
		cr_expect(strstr(link, "/etc"));
		n++;
	}
	cr_expect_eq(n, DISCOVER_REFUSED_MAX);
}

/* A hard link to a log of another source took it: that one's topic got nothing. */
Test(owned_links, a_hard_link_in_a_strangers_directory_takes_no_log_from_its_source)
{
	bool root = geteuid() == 0;

	rig_end(rig);
	rig_begin(rig, "theirs/*.log");
	rig_also(rig, "ours/*.log");
	cr_assert_eq(mkdir(rig_path(rig, "theirs"), 0755), 0);
	cr_assert_eq(mkdir(rig_path(rig, "ours"), 0755), 0);
	PUT("ours/app.log", "a\n");
	cr_assert_eq(link(rig_path(rig, "ours/app.log"), rig_path(rig, "theirs/app.log")), 0);
	if (root)
		cr_assert_eq(chown(rig_path(rig, "theirs"), STRANGER, STRANGER), 0);
	rig_start(rig);
	SEE("a ");
	/* Without other owners the first source has it. */
	cr_expect_null(rig_file(rig, root ? "theirs/app.log" : "ours/app.log"));
	cr_expect_not_null(rig_file(rig, root ? "ours/app.log" : "theirs/app.log"));
	rig_rescan(rig);
	cr_expect_str_eq(rig->lines, "");
	cr_expect_not_null(rig_file(rig, root ? "ours/app.log" : "theirs/app.log"));
	end_well();
}
