/* SPDX-License-Identifier: Apache-2.0 */
/* How files of secrets are replaced, and when that is seen: scenario E29. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cluster/watch.h"
#include "login/renewal.h"

struct rig {
	char dir[32], what[512];
	char first[64], second[64];
	struct renewal *renewal;
	uint64_t now_us;
};

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
}

static struct rig *begin(void)
{
	struct rig *rig = calloc(1, sizeof *rig);

	strcpy(rig->dir, "/tmp/renewal.XXXXXX");
	cr_assert_not_null(mkdtemp(rig->dir));
	snprintf(rig->first, sizeof rig->first, "%s/first", rig->dir);
	snprintf(rig->second, sizeof rig->second, "%s/second", rig->dir);
	put(rig->first, "a");
	put(rig->second, "b");
	rig->now_us = US_PER_S;
	cr_assert_eq(renewal_new(&rig->renewal), 0);
	cr_assert_eq(renewal_add(rig->renewal, "one", rig->first), 0);
	cr_assert_eq(renewal_add(rig->renewal, "two", rig->second), 0);
	return rig;
}

static void end(struct rig *rig)
{
	char command[64];

	snprintf(command, sizeof command, "rm -r %s", rig->dir);
	cr_assert_eq(system(command), 0);
	renewal_free(rig->renewal);
	free(rig);
}

/* Looks once a second. True when something new is told within so many. */
static bool seen(struct rig *rig, int seconds)
{
	while (seconds--) {
		rig->now_us += US_PER_S;
		if (renewal_look(rig->renewal, rig->now_us, rig->what, sizeof rig->what))
			return true;
	}
	return false;
}

Test(renewal, written_in_place)
{
	struct rig *rig = begin();

	cr_expect(!seen(rig, 30));
	put(rig->first, "c");
	cr_expect(seen(rig, 2));
	cr_expect(strstr(rig->what, "one (") && !strstr(rig->what, "two ("), "%s", rig->what);
	cr_expect(!seen(rig, 30));
	end(rig);
}

Test(renewal, renamed_over)
{
	struct rig *rig = begin();

	put("/tmp/renewal-new", "c");
	cr_assert_eq(rename("/tmp/renewal-new", rig->second), 0);
	cr_expect(seen(rig, 2));
	cr_expect(strstr(rig->what, "two ("));
	end(rig);
}

/* A key and its certificate: not before both have been left alone for a second. */
Test(renewal, a_pair_is_told_together)
{
	struct rig *rig = begin();

	put(rig->first, "c");
	cr_expect(!seen(rig, 1));
	put(rig->second, "d");
	cr_expect(!seen(rig, 1));
	cr_expect(seen(rig, 1));
	cr_expect(strstr(rig->what, "one (") && strstr(rig->what, "two ("), "%s", rig->what);
	end(rig);
}

Test(renewal, touched_only)
{
	struct rig *rig = begin();

	put(rig->first, "a");
	cr_assert_eq(chmod(rig->second, 0600), 0);
	cr_expect(!seen(rig, 30));
	end(rig);
}

Test(renewal, taken_away_and_put_back)
{
	struct rig *rig = begin();

	unlink(rig->first);
	cr_expect(seen(rig, 2));
	put(rig->first, "c");
	cr_expect(seen(rig, 2));
	end(rig);
}

/* As Kubernetes does it: file -> ..data/file, ..data -> another directory from now on. */
Test(renewal, a_link_above_leads_elsewhere)
{
	struct rig *rig = begin();
	char path[5][64];
	static const char *const names[] = {"v1", "v2", "..data", "..new", "secret"};

	for (int i = 0; i < 5; i++)
		snprintf(path[i], sizeof path[i], "%s/%s", rig->dir, names[i]);
	cr_assert_eq(mkdir(path[0], 0700), 0);
	cr_assert_eq(mkdir(path[1], 0700), 0);
	cr_assert_eq(symlink("v1", path[2]), 0);
	cr_assert_eq(symlink("..data/secret", path[4]), 0);
	snprintf(rig->what, sizeof rig->what, "%s/secret", path[0]);
	put(rig->what, "old");
	snprintf(rig->what, sizeof rig->what, "%s/secret", path[1]);
	put(rig->what, "new");
	cr_assert_eq(renewal_add(rig->renewal, "three", path[4]), 0);
	cr_expect(!seen(rig, 30));

	cr_assert_eq(symlink("v2", path[3]), 0);
	cr_assert_eq(rename(path[3], path[2]), 0);
	cr_expect(seen(rig, 2));
	cr_expect(strstr(rig->what, "three ("));
	/* The directory that it leads to now is watched as well. */
	snprintf(rig->what, sizeof rig->what, "%s/secret", path[1]);
	put(rig->what, "newer");
	cr_expect(seen(rig, 2));
	end(rig);
}

/* The directory is removed, with its watch, and is there again. */
Test(renewal, a_directory_that_is_made_anew)
{
	struct rig *rig = begin();
	char dir[64], path[80];

	snprintf(dir, sizeof dir, "%s/tls", rig->dir);
	snprintf(path, sizeof path, "%s/key", dir);
	cr_assert_eq(mkdir(dir, 0700), 0);
	put(path, "x");
	cr_assert_eq(renewal_add(rig->renewal, "three", path), 0);
	unlink(path);
	cr_assert_eq(rmdir(dir), 0);
	cr_expect(seen(rig, 2));
	cr_assert_eq(mkdir(dir, 0700), 0);
	put(path, "y");
	/* Nobody tells of it: it is found by looking every ten seconds. */
	cr_expect(seen(rig, 12));
	end(rig);
}

/* NUL bytes are part of it: of a keytab. */
Test(renewal, binary)
{
	struct rig *rig = begin();
	FILE *file = fopen(rig->first, "w");

	cr_assert_eq(fwrite("a\0b", 1, 3, file), 3);
	fclose(file);
	cr_expect(seen(rig, 2));
	file = fopen(rig->first, "w");
	cr_assert_eq(fwrite("a\0c", 1, 3, file), 3);
	fclose(file);
	cr_expect(seen(rig, 2));
	end(rig);
}

/* ---- of a kafka block ---- */

/* One with a password in the first file, which said `password` when it was read. */
static struct cluster block_of(struct rig *rig, struct prop *props, const char *password)
{
	static char reference[80];

	snprintf(reference, sizeof reference, "file:%s", rig->first);
	props[0] = (struct prop){"bootstrap.servers", "h:9092", NULL};
	props[1] = (struct prop){"sasl.password", password, reference};
	props[2] = (struct prop){"ssl.ca.location", rig->second, NULL};
	return (struct cluster){.label = "kafka", .props = props, .n_props = 3};
}

static bool looks_new(struct cluster_watch *watch, const struct cluster *cluster, struct rig *rig,
		      int seconds)
{
	bool found = false;

	while (!found && seconds--)
		found = cluster_watch_look(watch, cluster, rig->now_us += US_PER_S, rig->what,
					   sizeof rig->what);
	return found;
}

Test(renewal, what_a_block_names_is_watched)
{
	struct rig *rig = begin();
	struct prop props[3];
	struct cluster cluster = block_of(rig, props, "a");
	struct cluster_watch watch;

	cr_assert_eq(cluster_watch_open(&cluster, &watch), 0);
	cr_expect(!looks_new(&watch, &cluster, rig, 30));
	put(rig->second, "c");
	cr_expect(looks_new(&watch, &cluster, rig, 3));
	cr_expect(strstr(rig->what, "ssl.ca.location ("), "%s", rig->what);
	put(rig->first, "d");
	cr_expect(looks_new(&watch, &cluster, rig, 3));
	cr_expect(strstr(rig->what, "sasl.password ("), "%s", rig->what);
	cluster_watch_close(&watch);
	end(rig);
}

Test(renewal, a_secret_that_was_replaced_before_it_was_watched)
{
	struct rig *rig = begin();
	struct prop props[3];
	struct cluster cluster = block_of(rig, props, "the one before");
	struct cluster_watch watch;

	cr_assert_eq(cluster_watch_open(&cluster, &watch), 0);
	cr_expect(looks_new(&watch, &cluster, rig, 1));
	cr_expect(!looks_new(&watch, &cluster, rig, 30));
	cluster_watch_close(&watch);
	end(rig);
}

Test(renewal, what_a_block_refers_to_is_fetched)
{
	struct rig *rig = begin();
	struct prop props[3], *fetched;
	struct cluster cluster = block_of(rig, props, "a");
	char message[640];

	put(rig->first, "another\n");
	cr_assert_eq(cluster_fetch(&cluster, &fetched, message, sizeof message), 0);
	cr_expect_str_eq(fetched[0].value, "h:9092");
	cr_expect_str_eq(fetched[1].name, "sasl.password");
	cr_expect_str_eq(fetched[1].value, "another");
	kafka_props_free(fetched, cluster.n_props);
	cr_assert_eq(unlink(rig->first), 0);
	cr_expect_eq(cluster_fetch(&cluster, &fetched, message, sizeof message),
		     CLUSTER_E_UNAVAILABLE);
	cr_expect(strstr(message, "kafka.sasl.password: ") && strstr(message, rig->first), "%s",
		  message);
	put(rig->first, "");
	end(rig);
}
