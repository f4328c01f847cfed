/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records came back, so lines that were read are nowhere but in the file, and then in a copy of it.
 * Every test names all lines that are read after that, each once and in its order.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/follow_rig.h"
#include "tests/support/pack.h"

static struct follow_rig *rig;

#define SEE(want) cr_assert_str_eq(rig_run(rig), want, "\"%s\"", rig->lines)
#define PUT(text) rig_append(rig, "app.log", text)

/* A line was delivered before. */
static void begin_with(const char *pattern, bool compressed)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, pattern);
	rig->sources[0].compressed = compressed;
	rig_start(rig);
	PUT("a1\n");
	SEE("a1 ");
	rig_checkpoint(rig);
	rig->hold = true;
}

static void begin(void)
{
	begin_with("app.log", false);
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(came_back, .init = begin, .fini = end, .timeout = 60);

static void copy(const char *from, const char *to)
{
	char bytes[4096];
	int fd = open(rig_path(rig, from), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, bytes, sizeof bytes - 1);

	cr_assert(fd >= 0 && n >= 0);
	close(fd);
	bytes[n] = '\0';
	rig_append(rig, to, bytes);
}

/* All that is in flight but the last, which is delivered; as pipeline_rewind does it. */
static void come_back(void)
{
	struct file *file = rig_file(rig, "app.log");
	uint64_t read_position = account_read_position(&file->account);
	const struct chunk *first = TAILQ_FIRST(&file->account.chunks);

	for (size_t i = 0; i < rig->n_in_flight; i++)
		account_report(&file->account, rig->in_flight[i],
			       i + 1 < rig->n_in_flight ? SLOT_FAILED : SLOT_DELIVERED);
	rig->n_in_flight = 0;
	if (first->start == 0)
		identity_learn_head(&file->identity, first->bytes, first->cursor);
	(void)tail_chain(&file->tail, &(struct chain){0});
	cr_assert_eq(account_rewind(&file->account), 0);
	tail_rewound(&file->tail, read_position);
	files_dirty(&rig->files, file);
	rig->hold = false;
}

/* A copy of two lines, and two more of which the last one is settled. */
static void copied_and_came_back(void)
{
	PUT("a2\na3\n");
	copy("app.log", "app.log.1");
	PUT("a4\na5\n");
	SEE("a2 a3 a4 a5 ");
	come_back();
}

static void expect_whole(void)
{
	rig_restart(rig);
	SEE("");
	cr_expect_eq(rig->counters.files_lost, 0);
}

/* Scenario A06 */
Test(came_back, a_copy_that_ends_before_what_was_settled_ahead)
{
	copied_and_came_back();
	cr_assert_eq(truncate(rig_path(rig, "app.log"), 0), 0);
	PUT("b1\n");
	SEE("a2 a3 b1 ");
	expect_whole();
}

/* Scenario A06 */
Test(came_back, of_two_copies_the_longer_one_is_taken)
{
	PUT("a2\n");
	copy("app.log", "app.log.2");
	PUT("a3\n");
	copy("app.log", "app.log.1");
	PUT("a4\na5\n");
	SEE("a2 a3 a4 a5 ");
	come_back();
	cr_assert_eq(truncate(rig_path(rig, "app.log"), 0), 0);
	SEE("a2 a3 ");
	expect_whole();
}

/* Scenario A06 */
Test(came_back, a_copy_that_ends_before_what_was_settled_ahead_while_down)
{
	copied_and_came_back();
	rig_stop(rig);
	cr_assert_eq(truncate(rig_path(rig, "app.log"), 0), 0);
	PUT("b1\n");
	rig_start(rig);
	SEE("a2 a3 b1 ");
	expect_whole();
}

Test(came_back, a_copy_that_ends_before_what_was_settled_ahead_is_all_that_is_left)
{
	copied_and_came_back();
	rig_stop(rig);
	rig_remove(rig, "app.log");
	rig_start(rig);
	SEE("a2 a3 ");
	expect_whole();
}

/* Scenario A06, A12: the packed copy is judged before anybody sees that the file was cut off. */
Test(came_back, copied_cut_off_and_compressed_where_it_is_wanted)
{
	static const char text[] = "a1\na2\na3\na4\n";
	struct slice packed = pack(PACKED_GZIP, text, strlen(text));
	struct file *file;
	int fd;

	end();
	begin_with("app.log*", true);
	PUT("a2\na3\na4\n");
	SEE("a2 a3 a4 ");
	come_back();
	file = rig_file(rig, "app.log");
	files_rest(&rig->files, file);
	file_set_state(file, FILE_DRAINING);
	file_set_state(file, FILE_BACKOFF);
	fd = open(rig_path(rig, "app.log.1.gz"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	cr_assert_eq(write(fd, packed.at, packed.len), (ssize_t)packed.len);
	close(fd);
	free((char *)packed.at);
	cr_assert_eq(truncate(rig_path(rig, "app.log"), 0), 0);
	SEE("");
	file_set_state(file, FILE_READING);
	files_ready(&rig->files, file);
	SEE("a2 a3 ");
	expect_whole();
}
