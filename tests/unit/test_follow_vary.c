/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variations of what happens to files, each over real directories and a real store: swaps, renames
 * to and fro, odd names, links of links, hard links under two patterns. Every line comes once.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "follow/follow.h"
#include "tests/support/follow_rig.h"

static struct follow_rig *rig;

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(name, text) rig_append(rig, name, text)

static void begin_with(const char *pattern)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, pattern);
	rig_start(rig);
	SEE("");
}

static void begin(void)
{
	begin_with("*.log");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(follow_vary, .init = begin, .fini = end, .timeout = 60);

static void again_with(const char *pattern)
{
	end();
	begin_with(pattern);
}

static void make_dir(const char *name)
{
	cr_assert_eq(mkdir(rig_path(rig, name), 0755), 0);
}

static void make_link(const char *target, const char *name)
{
	cr_assert_eq(symlink(target, rig_path(rig, name)), 0);
}

static void restart(void)
{
	rig_stop(rig);
	rig_start(rig);
}

static void end_well(void)
{
	cr_assert_eq(rig->counters.files_lost, 0);
	cr_assert_eq(rig->counters.generations_missed, 0);
	restart();
	SEE("");
	cr_assert_eq(rig->counters.files_lost, 0);
}

/* Each of the words is one of the lines, and nothing else is. */
static void see_all(const char *words)
{
	char want[256], *word, *rest;
	size_t len = 0;

	snprintf(want, sizeof want, "%s", words);
	rig_run(rig);
	for (word = strtok_r(want, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		cr_assert(strstr(rig->lines, word), "no %s in \"%s\"", word, rig->lines);
		len += strlen(word) + 1;
	}
	cr_assert_eq(strlen(rig->lines), len, "\"%s\"", rig->lines);
}

/* ---- names that are exchanged ---- */

static void two_files(void)
{
	PUT("a.log", "a1\n");
	PUT("b.log", "b1\n");
	see_all("a1 b1");
}

static void swap(void)
{
	rig_rename(rig, "a.log", "tmp");
	rig_rename(rig, "b.log", "a.log");
	rig_rename(rig, "tmp", "b.log");
}

/* Scenario A17 */
Test(follow_vary, two_files_that_change_places_are_read_once)
{
	two_files();
	swap();
	SEE("");
	PUT("a.log", "b2\n");
	PUT("b.log", "a2\n");
	see_all("a2 b2");
	swap();
	PUT("a.log", "a3\n");
	PUT("b.log", "b3\n");
	see_all("a3 b3");
	end_well();
}

/* Scenario A17 */
Test(follow_vary, two_files_that_change_places_while_down_are_read_once)
{
	two_files();
	rig_stop(rig);
	swap();
	PUT("a.log", "b2\n");
	PUT("b.log", "a2\n");
	rig_start(rig);
	see_all("a2 b2");
	end_well();
}

/* Scenario A17: neither is rotated: nobody else comes to its path. */
Test(follow_vary, a_file_that_changed_places_keeps_its_half_line)
{
	two_files();
	swap();
	SEE("");
	PUT("a.log", "b2 in ");
	rig->quiet = true;
	SEE("");
	PUT("a.log", "two pieces\n");
	SEE("b2 in two pieces ");
	end_well();
}

/* Scenario A17 */
Test(follow_vary, a_file_that_is_renamed_to_and_fro_is_read_once)
{
	PUT("a.log", "a1\n");
	SEE("a1 ");
	for (int i = 0; i < 3; i++) {
		rig_rename(rig, "a.log", "b.log");
		PUT("b.log", "x\n");
		SEE("x ");
		rig_rename(rig, "b.log", "a.log");
		PUT("a.log", "y\n");
		SEE("y ");
	}
	end_well();
}

/* Scenario A17 */
Test(follow_vary, a_file_renamed_within_the_pattern_keeps_its_half_line)
{
	PUT("a.log", "a1\na2 in ");
	SEE("a1 ");
	rig_rename(rig, "a.log", "b.log");
	SEE("");
	rig->quiet = true;
	SEE("");
	PUT("b.log", "two pieces\n");
	SEE("a2 in two pieces ");
	end_well();
}

/* Scenario A17 */
Test(follow_vary, a_file_renamed_over_another_within_the_pattern_loses_neither)
{
	two_files();
	rig->hold = true;
	PUT("b.log", "b2\n");
	SEE("b2 ");
	PUT("a.log", "a2\n");
	PUT("b.log", "b3\n");
	rig_rename(rig, "a.log", "b.log");
	see_all("a2 b3");
	rig_deliver(rig);
	rig->hold = false;
	PUT("b.log", "a3\n");
	SEE("a3 ");
	end_well();
}

/* ---- names ---- */

/* Scenario A11 */
Test(follow_vary, names_with_blanks_newlines_and_other_bytes_are_names)
{
	static const char *const names[] = {
		"with blank.log", "line\nend.log",   "\xc3\xa4\xe2\x82\xac.log",
		"\xff\xfe.log",   "quote\"'.log",    "star*[a].log",
		"-n.log",         "percent%s%n.log",
	};
	char rotated[64];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(rotated, sizeof rotated, "%s.1", names[i]);
		PUT(names[i], "a1\n");
		SEE("a1 ");
		rig_stop(rig);
		PUT(names[i], "a2\n");
		rig_rename(rig, names[i], rotated);
		PUT(names[i], "b1\n");
		rig_start(rig);
		SEE("a2 b1 ");
		rig_rename(rig, names[i], "gone");
		PUT("gone", "b2\n");
		SEE("b2 ");
		rig_remove(rig, "gone");
		SEE("");
	}
	end_well();
}

/* Scenario A11: the longest name that there is has no room for a rotated one's end. */
Test(follow_vary, a_name_of_255_bytes_is_rotated)
{
	char name[256], rotated[256];

	memset(name, 'n', 251);
	strcpy(name + 251, ".log");
	snprintf(rotated, sizeof rotated, "%.250s.1", name);
	PUT(name, "a1\n");
	SEE("a1 ");
	PUT(name, "a2\n");
	rig_rename(rig, name, rotated);
	PUT(name, "b1\n");
	SEE("a2 b1 ");
	rig_stop(rig);
	PUT(name, "b2\n");
	rig_rename(rig, name, "kept");
	PUT(name, "c1\n");
	rig_start(rig);
	SEE("b2 c1 ");
	end_well();
}

/* ---- links ---- */

/* Scenario A13: the file behind a chain of relative links is rotated. */
Test(follow_vary, a_chain_of_links_over_directories_is_followed)
{
	make_dir("one");
	make_dir("two");
	make_dir("two/three");
	PUT("two/three/0", "a1\n");
	make_link("../two/next", "one/link");
	make_link("three/0", "two/next");
	make_link("./one/link", "a.log");
	SEE("a1 ");
	PUT("two/three/0", "a2\n");
	rig_rename(rig, "two/three/0", "two/three/0.20260101-101112");
	PUT("two/three/0", "b1\n");
	SEE("a2 b1 ");
	PUT("two/three/1", "c1\n");
	make_link("three/1", "turned");
	rig_rename(rig, "turned", "two/next");
	SEE("c1 ");
	rig_stop(rig);
	PUT("two/three/1", "c2\n");
	rig_rename(rig, "two/three/1", "two/three/1.1");
	PUT("two/three/1", "d1\n");
	rig_start(rig);
	SEE("c2 d1 ");
	end_well();
}

/* Scenario A13, A14: the other source wants the file itself. */
Test(follow_vary, a_link_into_the_directory_of_another_source_is_read_once)
{
	end();
	rig = malloc(sizeof *rig);
	rig_begin(rig, "*.log");
	rig_also(rig, "other/*");
	make_dir("other");
	PUT("other/0", "a1\n");
	make_link("other/0", "a.log");
	rig_start(rig);
	SEE("a1 ");
	PUT("other/0", "a2\n");
	SEE("a2 ");
	rig_rename(rig, "other/0", "other/1");
	PUT("other/0", "b1\n");
	SEE("b1 ");
	rig_remove(rig, "a.log");
	PUT("other/0", "b2\n");
	PUT("other/1", "a3\n");
	see_all("b2 a3");
	end_well();
}

/* ---- hard links ---- */

/* Scenario A14 */
Test(follow_vary, a_live_file_with_hard_links_under_two_patterns_is_read_once)
{
	end();
	rig = malloc(sizeof *rig);
	rig_begin(rig, "*.log");
	rig_also(rig, "other/*");
	make_dir("other");
	PUT("a.log", "a1\n");
	cr_assert_eq(link(rig_path(rig, "a.log"), rig_path(rig, "other/0")), 0);
	rig_start(rig);
	SEE("a1 ");
	PUT("other/0", "a2\n");
	SEE("a2 ");
	rig_rename(rig, "a.log", "a.log.1");
	PUT("a.log", "b1\n");
	see_all("b1");
	PUT("other/0", "a3\n");
	SEE("a3 ");
	rig_stop(rig);
	PUT("a.log", "b2\n");
	PUT("other/0", "a4\n");
	rig_remove(rig, "a.log.1");
	rig_start(rig);
	see_all("a4 b2");
	rig_remove(rig, "other/0");
	SEE("");
	end_well();
}

/* ---- directories ---- */

/* Scenario A17, D06 */
Test(follow_vary, directories_that_change_places_are_read_once)
{
	again_with("app*/*.log");
	make_dir("app1");
	make_dir("app2");
	PUT("app1/x.log", "a1\n");
	PUT("app2/x.log", "b1\n");
	see_all("a1 b1");
	rig_rename(rig, "app1", "tmp");
	rig_rename(rig, "app2", "app1");
	rig_rename(rig, "tmp", "app2");
	PUT("app1/x.log", "b2\n");
	PUT("app2/x.log", "a2\n");
	see_all("a2 b2");
	end_well();
}

/* Scenario A17, D06 */
Test(follow_vary, a_directory_that_leaves_the_pattern_and_comes_back_is_read_once)
{
	again_with("app*/*.log");
	make_dir("app1");
	PUT("app1/x.log", "a1\n");
	SEE("a1 ");
	for (int i = 0; i < 2; i++) {
		rig_rename(rig, "app1", "out");
		PUT("out/x.log", "o\n");
		SEE("o ");
		rig_rename(rig, "out", "app2");
		PUT("app2/x.log", "p\n");
		SEE("p ");
		rig_rename(rig, "app2", "app1");
		PUT("app1/x.log", "q\n");
		SEE("q ");
	}
	end_well();
}

/* Scenario A13, D06: a directory on the way is a link whose target is made later. */
Test(follow_vary, a_directory_link_that_leads_nowhere_yet_is_followed_at_once)
{
	again_with("cur/*.log");
	make_link("rel/1", "cur");
	SEE("");
	make_dir("rel");
	SEE("");
	make_dir("rel/1");
	PUT("rel/1/x.log", "a1\n");
	SEE("a1 ");
	PUT("rel/1/x.log", "a2\n");
	SEE("a2 ");
	end_well();
}

/* ---- rotatelogs -L: each file has a date in its name, and the newest one a hard link ---- */

static void rotatelogs(const char *date, const char *line)
{
	(void)!unlink(rig_path(rig, "app.log"));
	PUT(date, "");
	cr_assert_eq(link(rig_path(rig, date), rig_path(rig, "app.log")), 0);
	PUT(date, line);
}

static void three_files_of_rotatelogs(const char *pattern, bool down, bool unread)
{
	again_with(pattern);
	rotatelogs("app.log.20260101100001", "a1\n");
	SEE("a1 ");
	if (down)
		rig_stop(rig);
	if (unread)
		PUT("app.log.20260101100001", "a2\n");
	rotatelogs("app.log.20260101100002", "b1\n");
	rotatelogs("app.log.20260101100003", "c1\n");
	if (down)
		rig_start(rig);
	SEE(unread ? "a2 b1 c1 " : "b1 c1 ");
	PUT("app.log.20260101100003", "c2\n");
	SEE("c2 ");
	end_well();
}

/* Scenario A11, A14 */
Test(follow_vary, files_of_rotatelogs_are_read_once_by_either_name_or_both)
{
	static const char *const patterns[] = {"app.log", "app.log*", "app.log.2*"};

	for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
		for (int down = 0; down < 2; down++) {
			three_files_of_rotatelogs(patterns[i], down, false);
			three_files_of_rotatelogs(patterns[i], down, true);
		}
}
