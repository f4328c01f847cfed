/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More files or directories than there may be: what one source has of the places, who waits, and
 * that all of it is read in the end. No source takes what is another's.
 */
#include "base/quota.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/follow_rig.h"

/* ---- the places alone ---- */

static size_t take(struct quota *quota, size_t source, size_t n)
{
	size_t taken = 0;

	for (size_t i = 0; i < n; i++) {
		if (!quota_has_room(quota, source))
			continue;
		quota_take(quota, source);
		taken++;
	}
	return taken;
}

static size_t look(struct quota *quota, size_t first, size_t second)
{
	size_t n;

	quota_begin_look(quota);
	n = take(quota, 0, first) + take(quota, 1, second);
	quota_end_look(quota);
	return n;
}

TestSuite(quota, .timeout = 60);

Test(quota, half_is_dealt_out_and_the_other_half_goes_in_turns)
{
	struct quota quota;

	cr_assert_eq(quota_init(&quota, 2, 100), 0);
	/* 25 of its own, and half of the common 50 while nobody knows who wants more. */
	cr_expect_eq(look(&quota, 400, 10), 60);
	cr_expect_eq(quota.shares[0].n, 50);
	cr_expect_eq(quota.shares[0].waiting, 350);
	cr_expect_eq(quota.shares[1].waiting, 0);
	cr_expect(quota_wants_look(&quota));
	/* Then nobody else wants it: but the other's own stay free. */
	look(&quota, 350, 0);
	cr_expect_eq(quota.shares[0].n, 75);
	cr_expect_not(quota_wants_look(&quota));
	cr_expect_eq(take(&quota, 1, 100), 15);
	cr_expect_eq(quota_waiting(&quota), 325 + 85);
	/* What comes free is dealt to both that wait. */
	for (size_t i = 0; i < 10; i++)
		quota_give(&quota, 0);
	cr_expect(quota_wants_look(&quota));
	look(&quota, 325, 85);
	cr_expect_eq(quota.shares[0].n, 70);
	cr_expect_eq(quota.shares[1].n, 30);
	quota_deinit(&quota);
}

Test(quota, a_source_has_its_own_limit_and_each_one_is_told_once)
{
	const struct quota_share *share;
	struct quota quota;
	size_t source;

	cr_assert_eq(quota_init(&quota, 2, 100), 0);
	quota_limit(&quota, 0, 3);
	cr_expect_eq(look(&quota, 5, 30), 33);
	cr_assert_not_null(share = quota_next_untold(&quota, &source));
	cr_expect_eq(source, 0);
	cr_expect_eq(share->waiting, 2);
	look(&quota, 2, 0);
	cr_expect_null(quota_next_untold(&quota, &source));
	look(&quota, 0, 0);
	look(&quota, 1, 0);
	cr_expect_not_null(quota_next_untold(&quota, &source), "none waited in between");
	quota_deinit(&quota);
}

/* Fewer places than sources: whoever comes first, but nothing is counted wrongly. */
Test(quota, there_may_be_fewer_places_than_sources)
{
	struct quota quota;

	cr_assert_eq(quota_init(&quota, 3, 2), 0);
	cr_expect_eq(look(&quota, 1, 1), 2);
	cr_expect_eq(take(&quota, 2, 1), 0);
	quota_give(&quota, 0);
	quota_begin_look(&quota);
	cr_expect_eq(take(&quota, 2, 1), 1);
	quota_deinit(&quota);
}

/* ---- files ---- */

static struct follow_rig *rig;

static void begin_files(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "one-*.log");
	rig_also(rig, "two-*.log");
	rig->max_files = 8;
}

static void end_files(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(max_files, .init = begin_files, .fini = end_files, .timeout = 60);

static const char *name_of(const char *source, int i)
{
	static char name[32];

	snprintf(name, sizeof name, "%s-%c.log", source, 'a' + i);
	return name;
}

static void make(const char *source, int first, int n)
{
	char text[8];

	for (int i = first; i < first + n; i++) {
		snprintf(text, sizeof text, "%c%c\n", source[0], 'a' + i);
		rig_append(rig, name_of(source, i), text);
	}
}

static size_t known(size_t source)
{
	return rig->files.quota.shares[source].n;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == ' ';
	return n;
}

/* All whose turn it is, at a start and while it runs; a later look has what is free then. */
Test(max_files, one_source_does_not_take_the_places_of_another)
{
	make("one", 0, 20);
	rig_start(rig);
	cr_expect_eq(lines(rig_run(rig)), 6, "%s", rig->lines);
	cr_expect_eq(known(0), 6);
	cr_expect_eq(quota_waiting(&rig->files.quota), 14);
	make("two", 0, 3);
	cr_expect_eq(lines(rig_run(rig)), 2, "%s", rig->lines);
	cr_expect_eq(known(1), 2);
}

Test(max_files, who_waits_is_taken_in_when_others_are_deleted)
{
	size_t n = 0;

	make("one", 0, 12);
	rig_start(rig);
	n += lines(rig_run(rig));
	rig->quiet = true;
	for (int i = 0; i < 6; i++) {
		n += lines(rig_rescan(rig));
		for (int k = 0; k < 12; k++)
			if (rig_file(rig, name_of("one", k)))
				rig_remove(rig, name_of("one", k));
		n += lines(rig_run(rig));
	}
	cr_expect_eq(n, 12);
	rig_rescan(rig);
	cr_expect_eq(quota_waiting(&rig->files.quota), 0);
	cr_expect_eq(known(0), 0);
}

/* Rows of files for which there is no room stay; they go on where they were. */
Test(max_files, a_known_file_that_has_to_wait_goes_on_where_it_was)
{
	size_t n;

	rig->max_files = 100;
	make("one", 0, 10);
	rig_start(rig);
	cr_expect_eq(lines(rig_run(rig)), 10);
	rig_stop(rig);
	rig->max_files = 6;
	rig_start(rig);
	make("one", 0, 10);
	n = lines(rig_rescan(rig));
	cr_expect_eq(n, 4, "%s", rig->lines);
	cr_expect_eq(known(0), 4);
	rig_stop(rig);
	rig->max_files = 100;
	rig_start(rig);
	cr_expect_eq(lines(rig_run(rig)), 10 - n, "%s", rig->lines);
	cr_expect_eq(known(0), 10);
	cr_expect_eq(rig->counters.files_lost, 0);
}
