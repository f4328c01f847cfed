/* SPDX-License-Identifier: Apache-2.0 */
/* What a reload goes on with: the next configuration, and this program once more in its process. */
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "change/next.h"
#include "change/program.h"
#include "tests/support/said.h"

static char dir[64], file[128];

static void begin(void)
{
	strcpy(dir, "/tmp/test_next.XXXXXX");
	cr_assert(mkdtemp(dir));
	snprintf(file, sizeof file, "%s/waybill.conf", dir);
}

static void end(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -r %s", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(next, .init = begin, .fini = end, .timeout = 60);

static void write_conf(const char *text)
{
	FILE *to = fopen(file, "w");

	cr_assert(to && fputs(text, to) >= 0 && fclose(to) == 0);
}

#define GOOD                                               \
	"state_dir = \"/var/lib/waybill\";\n"              \
	"kafka: { bootstrap_servers = \"localhost:9\"; };" \
	"sources: ( { name = \"a\"; paths = \"/a\"; topic = \"t\"; } );\n"

Test(next, one_that_is_right_is_taken)
{
	struct log *log = said_begin();
	struct conf *conf;

	write_conf(GOOD);
	conf = next_load(log, file, "/var/lib/waybill", true);
	cr_assert(conf && conf->n_sources == 1);
	cr_expect_null(conf_unref(conf));
	conf = next_load(log, file, NULL, true);
	cr_expect(conf, "it is not known what it was");
	conf_unref(conf);
	said_end(log);
	cr_expect_eq(said_times("\n"), 0);
}

Test(next, what_is_wrong_with_one_is_told_line_by_line)
{
	struct log *log = said_begin();

	write_conf(
		"state_dir = \"/var/lib/waybill\"; linger = 5;\nsources: ( { name = \"a\"; } );\n");
	cr_expect_null(next_load(log, file, "/var/lib/waybill", true));
	said_end(log);
	cr_expect_eq(said_times("unknown key \"linger\""), 1);
	cr_expect_eq(said_times("waybill.conf:2: "), 2, "neither paths nor topic");
	cr_expect_eq(said_times("\n"), 4, "each is a message");
}

/* At the first look; what is taken is looked at twice. */
Test(next, what_is_doubtful_is_told_once)
{
	struct log *log = said_begin();
	struct conf *conf;

	write_conf(
		"state_dir = \"/var/lib/waybill\"; kafka: { bootstrap_servers = \"localhost:9\"; "
		"enable_idempotence = false; };\n"
		"sources: ( { name = \"a\"; paths = \"/a\"; topic = \"t\"; } );\n");
	conf = next_load(log, file, "/var/lib/waybill", true);
	cr_expect(conf);
	conf_unref(conf);
	conf = next_load(log, file, "/var/lib/waybill", false);
	cr_expect(conf);
	conf_unref(conf);
	said_end(log);
	cr_expect_eq(said_times("kafka.enable_idempotence = false"), 1);
	cr_expect_eq(said_times("\n"), 1);
}

Test(next, one_that_is_not_there_is_told)
{
	struct log *log = said_begin();

	cr_expect_null(next_load(log, file, NULL, true));
	said_end(log);
	cr_expect_eq(said_times(file), 1);
}

Test(next, another_state_directory_is_nobodys_reload)
{
	struct log *log = said_begin();

	write_conf(GOOD);
	cr_expect_null(next_load(log, file, "/srv/waybill", true));
	said_end(log);
	cr_expect_eq(said_times("state_dir: it is /srv/waybill now, and a reload does not change "
				"it to /var/lib/waybill: restart waybill"),
		     1);
}

Test(next, the_generation_is_taken_once_and_by_the_same_process)
{
	char other[64];

	cr_expect_eq(program_take_generation(), 0, "the first life");
	program_keep_generation(7);
	cr_expect_eq(program_take_generation(), 7);
	cr_expect_eq(program_take_generation(), 0);
	snprintf(other, sizeof other, "%ld 7", (long)getpid() + 1);
	setenv("WAYBILL_GENERATION", other, 1);
	cr_expect_eq(program_take_generation(), 0, "of who has started us");
	cr_expect_null(getenv("WAYBILL_GENERATION"), "nor is it handed on");
	setenv("WAYBILL_GENERATION", "seven", 1);
	cr_expect_eq(program_take_generation(), 0);
}

Test(next, this_program_is_found)
{
	char path[PATH_MAX], own[PATH_MAX] = "";
	bool other = true;

	cr_assert_geq(readlink("/proc/self/exe", own, sizeof own - 1), 0);
	cr_assert_eq(program_find(path, sizeof path, &other), 0);
	cr_expect_str_eq(path, own);
	cr_expect_not(other);
}

/* Of the next test: in a process that runs a copy of this program. */
Test(next, of_a_copy)
{
	char path[PATH_MAX];
	const char *copy = getenv("TEST_NEXT_COPY");
	char *argv[] = {"program", NULL};
	bool other = false;

	if (!copy)
		return;
	cr_assert_eq(program_find(path, sizeof path, &other), 0);
	cr_expect(strcmp(path, copy) == 0 && !other);
	cr_assert_eq(unlink(copy), 0);
	cr_expect_eq(program_find(path, sizeof path, &other), -ENOENT);
	cr_expect_str_eq(path, copy, "without a word behind it");
	cr_expect_eq(program_restart(argv), -ENOENT);
	cr_assert_eq(symlink("/bin/true", copy), 0);
	cr_assert_eq(program_find(path, sizeof path, &other), 0);
	cr_expect(strcmp(path, copy) == 0 && other, "an upgrade put it there");
}

Test(next, one_that_was_replaced_or_removed_is_told_apart)
{
	char command[512];

	/* It is not to know of the process that it is started by. */
	snprintf(command, sizeof command,
		 "cp /proc/$PPID/exe %s/copy && env -i TEST_NEXT_COPY=%s/copy %s/copy "
		 "--filter next/of_a_copy >%s/out 2>&1",
		 dir, dir, dir, dir);
	cr_expect_eq(system(command), 0);
}
