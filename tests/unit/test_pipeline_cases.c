/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the property test (test_pipeline.c) has found, one by one and step by step.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "follow/claims.h"
#include "pipeline/letter.h"
#include "tests/support/world_doubles.h"

/* The lineages' numbers tell their sources: unmatched lines of the even ones are left out. */
#define LINEAGE 1
#define OTHER_LINEAGE 3

/* ---- a double: descriptors that cannot be read any more ---- */

/* An open file's own position, which nobody uses, marks it. */
#define STALE_MARK 123456

ssize_t preadv(int fd, const struct iovec *parts, int n, off_t at)
{
	if (lseek(fd, 0, SEEK_CUR) == STALE_MARK) {
		errno = ESTALE;
		return -1;
	}
	return syscall(SYS_preadv, fd, parts, n, at, 0);
}

/* ---- the world ---- */

static void begin(struct world *world)
{
	here = world;
	world_init(world, 1);
	world_start(world, false);
}

static void expect_no_verdict(struct world *world)
{
	if (world->agent)
		world_judge(world);
	cr_expect(eq(str, world->judge.verdict, ""));
}

/* All must come to its end, each line once. */
static void end(struct world *world)
{
	world_settle_all(world, false);
	expect_no_verdict(world);
	world_deinit(world);
}

static void pass_time(struct world *world, uint64_t us)
{
	world->now_us += us;
	world->logs.now_us = world->now_us;
}

static void write_text(struct world *world, struct log_file *log, const char *text)
{
	logs_append(&world->logs, log, text, strlen(text));
}

static struct log_file *write_new(struct world *world, const char *text)
{
	struct log_file *log = logs_create(&world->logs, LINEAGE);

	write_text(world, log, text);
	return log;
}

/* What was written is found and read. */
static void read_all(struct world *world)
{
	world_take_hints(world, SIZE_MAX);
	while (!TAILQ_EMPTY(&world->agent->files.ready))
		world_turn(world);
	expect_no_verdict(world);
}

static void deliver_all(struct world *world)
{
	world_drain(world);
	expect_no_verdict(world);
}

/* What goes alone is read and sent again, and all reports come in: as often as n lines need it. */
static void go_alone(struct world *world, int n)
{
	while (n--) {
		deliver_all(world);
		world_tick(world);
		read_all(world);
	}
}

/* Sent at once, they would overtake the line before them, which is sent again. */
Test(pipeline_cases, lines_of_a_refused_batch_wait_for_the_reports_of_their_file)
{
	struct world world;

	begin(&world);
	write_new(&world, "L1 t1 k0 \nL2 t0 k0 \nL3 t0 k0 \nL4 t2 k0 \n");
	read_all(&world);
	cr_assert(eq(u32, world.scripted.in_flight, 4));
	scripted_end_topic(&world.scripted, 0, REPORT_REFUSED);
	scripted_end_topic(&world.scripted, 1, REPORT_FAILED);
	world_take_reports(&world);
	expect_no_verdict(&world);
	cr_expect(eq(u32, world.scripted.in_flight, 1));
	end(&world);
}

/* While there is no room for its letter, a record that was refused alone is not sent again. */
Test(pipeline_cases, refused_alone_it_waits_for_room)
{
	struct world world;

	begin(&world);
	world.agent->letters.max_bytes = 10;
	write_new(&world, "L1 t0 k0 POISON\n");
	read_all(&world);
	go_alone(&world, 3);
	for (int i = 0; i < 3; i++) {
		world_tick(&world);
		read_all(&world);
		cr_expect(eq(u32, world.scripted.in_flight, 0));
	}
	cr_expect(ne(ptr, (void *)letters_next_full(&world.agent->letters), NULL));
	world.agent->letters.max_bytes = 1000;
	world_tick(&world);
	read_all(&world);
	cr_expect(eq(u32, world.scripted.in_flight, 0));
	cr_expect(eq(sz, world.agent->letters.n, 1));
	cr_expect(eq(sz, world.agent->letters.rest.wanted, 0));
	end(&world);
}

/* Of another source, which writes to the same topics. */
#define FOREIGN_LINEAGE 2

static uint64_t delivered(const struct world *world)
{
	return world->agent->counters.lines_delivered;
}

/*
 * Its topic was suspended for as long as there was no room: a few bad lines of one source stopped
 * all others that write there.
 */
Test(pipeline_cases, a_source_without_room_for_its_letters_holds_up_nobody_else)
{
	struct world world;
	struct log_file *bad, *foreign;

	begin(&world);
	cr_assert(not(letters_share(&world.agent->letters, "b", 10)));
	bad = write_new(&world, "L1 t0 k0 POISON\nL2 t0 k0 \n");
	read_all(&world);
	go_alone(&world, 3);
	cr_expect(eq(u64, delivered(&world), 0), "the innocent one of its batch is behind it");
	cr_expect(eq(sz, world.agent->letters.n, 0));
	foreign = logs_create(&world.logs, FOREIGN_LINEAGE);
	write_text(&world, foreign, "L3 t0 k0 \nL4 t0 k1 POISON\nL5 t0 k2 \n");
	write_text(&world, bad, "L6 t0 k0 \n");
	read_all(&world);
	/* Its bad line has the batch refused, and each goes alone. */
	go_alone(&world, 5);
	cr_expect(eq(u64, delivered(&world), 2), "of the other source");
	cr_expect(eq(sz, world.agent->letters.n, 1));
	cr_expect(eq(str, (char *)world.agent->letters.items[0].source, "a"));
	cr_expect(eq(str, (char *)letters_next_full(&world.agent->letters)->source, "b"));
	cr_expect(eq(ptr, (void *)letters_next_full(&world.agent->letters), NULL));
	/* Its own file waits, and reads nothing more. */
	cr_expect(eq(u64, world.agent->counters.lines_read, 5));
	world.agent->letters.shares[0].max_bytes = 1000;
	go_alone(&world, 3);
	cr_expect(eq(sz, world.agent->letters.n, 2));
	cr_expect(eq(u64, delivered(&world), 4));
	end(&world);
}

/* Its record was made again as of that moment: another timestamp than the one that was refused. */
Test(pipeline_cases, a_dead_letter_has_the_time_at_which_it_was_sent_alone)
{
	struct world world;
	int64_t read_ms;

	begin(&world);
	write_new(&world, "L1 t0 k0 POISON\n");
	read_all(&world);
	deliver_all(&world);
	read_all(&world);
	read_ms = clock_real_ms();
	pass_time(&world, US_PER_S);
	deliver_all(&world);
	cr_assert(eq(sz, world.agent->letters.n, 1));
	cr_expect(le(i64, world.agent->letters.items[0].time_ms, read_ms));
	cr_expect(gt(i64, world.agent->letters.items[0].time_ms, read_ms - 1000));
	end(&world);
}

/* The library's own refusal has no report: a crash then made a second dead letter of the line. */
Test(pipeline_cases, the_row_is_stored_with_the_letter)
{
	struct world world;

	begin(&world);
	write_new(&world, "L1 t0 k0 \nL2 t0 k0 HUGE\n");
	world_take_hints(&world, SIZE_MAX);
	world_tick(&world);
	world_end_batch(&world, true);
	read_all(&world);
	world_tick(&world);
	world_end_batch(&world, true);
	world_kill(&world, true);
	world_start(&world, false);
	end(&world);
}

/* rotate_wait begins with the last byte, not with the last whole line. */
Test(pipeline_cases, a_rotated_last_line_waits_since_its_last_byte)
{
	struct world world;
	struct log_file *log;

	begin(&world);
	log = write_new(&world, "L1 t0 k0 \n");
	read_all(&world);
	deliver_all(&world);
	pass_time(&world, 20 * US_PER_S);
	write_text(&world, log, "L2 t0 k0 half of ");
	logs_rotate(&world.logs, LINEAGE);
	read_all(&world);
	pass_time(&world, US_PER_S);
	write_text(&world, log, "a line\n");
	read_all(&world);
	cr_expect(eq(u32, world.scripted.in_flight, 1));
	end(&world);
}

/*
 * Scenario D01. The inotify queue ran over when the file was renamed, and nothing has its old name.
 */
Test(pipeline_cases, a_rename_whose_hint_was_lost_is_found_by_the_reconcile)
{
	struct world world;

	begin(&world);
	write_new(&world, "L1 t0 k0 \nL2 t0 k0 no end");
	read_all(&world);
	deliver_all(&world);
	logs_rotate(&world.logs, LINEAGE);
	world.logs.n_hints = 0;
	end(&world);
}

/* Scenario A18. The same when the old name is still written to: what came last was never read. */
Test(pipeline_cases, a_file_is_asked_for_more_before_it_is_closed)
{
	struct world world;
	struct log_file *log;

	begin(&world);
	log = write_new(&world, "L1 t0 k0 \n");
	read_all(&world);
	logs_rotate(&world.logs, LINEAGE);
	read_all(&world);
	deliver_all(&world);
	pass_time(&world, 3 * US_PER_S);
	write_text(&world, log, "L2 t0 k0 \n");
	world.logs.n_hints = 0;
	pass_time(&world, 5 * US_PER_S);
	world_tick(&world);
	write_new(&world, "L3 t0 k0 \n");
	end(&world);
}

/*
 * Scenario A03. Two rotations while the agent is down, the generation between on an inode that a
 * row of another, deleted file names: it was taken for that one, which nobody reads here.
 */
Test(pipeline_cases, a_generation_on_a_used_inode_is_found)
{
	struct world world;
	struct log_file *deleted, *between;

	begin(&world);
	write_new(&world, "L1 t0 k0 \n");
	read_all(&world);
	deleted = logs_create(&world.logs, OTHER_LINEAGE);
	write_text(&world, deleted, "L2 t0 k0 \n");
	read_all(&world);
	world_stop(&world);
	cr_assert(eq(sz, world.store.n_rows, 2));
	logs_unlink(&world.logs, deleted);
	logs_rotate(&world.logs, LINEAGE);
	between = write_new(&world, "L3 t0 k0 \n");
	logs_rotate(&world.logs, LINEAGE);
	write_new(&world, "L4 t0 k0 \n");
	world.store.rows[1].inode = between->identity.inode;
	world.store.rows[1].born_ns = between->identity.born_ns - 1;
	world_start(&world, false);
	end(&world);
}

/* Of the renames no hint is left, only a scan that finds the last generation. */
Test(pipeline_cases, generations_that_were_never_seen_are_found_in_order)
{
	struct world world;

	begin(&world);
	write_new(&world, "L1 t0 k0 \n");
	read_all(&world);
	for (int i = 0; i < 3; i++) {
		logs_rotate(&world.logs, LINEAGE);
		write_new(&world, "L2 t0 k0 \nL3 t1 k0 \n");
	}
	world.logs.n_hints = 0;
	logs_scan(&world.logs);
	read_all(&world);
	end(&world);
}

/*
 * Scenario A02. Renames faster than hints: when these are read, each name is a later generation's.
 */
Test(pipeline_cases, generations_rotated_before_their_hints_are_found_in_order)
{
	struct world world;

	begin(&world);
	write_new(&world, "L1 t0 k0 \n");
	read_all(&world);
	for (int i = 0; i < 3; i++) {
		logs_rotate(&world.logs, LINEAGE);
		if (i < 2)
			write_new(&world, "L2 t0 k0 \nL3 t1 k0 \n");
	}
	read_all(&world);
	end(&world);
}

/* Writes to a rotated file, each second, until the one behind it was read. Seconds, or 999. */
static int seconds_until_next_is_read(struct world *world, struct log_file *older, const char *text)
{
	uint64_t lines = 1;

	write_new(world, "L3 t2 k0 \n");
	for (int second = 1; second < 999; second++) {
		write_text(world, older, text);
		lines += text[strlen(text) - 1] == '\n';
		pass_time(world, US_PER_S);
		world_tick(world);
		/* The last line of the older one is in flight whenever there is nothing to read. */
		read_all(world);
		if (world->agent->counters.lines_read > lines)
			return second;
		deliver_all(world);
	}
	return 999;
}

/* Whoever may make files in a shared directory held back another's log for as long as he wrote. */
Test(pipeline_cases, a_generation_that_grows_without_line_end_holds_the_next_for_a_while)
{
	struct world world;
	struct log_file *older;
	int seconds;

	begin(&world);
	older = write_new(&world, "L1 t0 k0 \nL2 t1 k0 ");
	read_all(&world);
	deliver_all(&world);
	logs_rotate(&world.logs, LINEAGE);
	seconds = seconds_until_next_is_read(&world, older, "x");
	cr_expect(ge(int, seconds, 30));
	cr_expect(le(int, seconds, 40));
	write_text(&world, older, "\n");
	end(&world);
}

Test(pipeline_cases, a_generation_that_grows_line_by_line_holds_the_next_for_a_while)
{
	struct world world;
	struct log_file *older;
	int seconds;

	begin(&world);
	older = write_new(&world, "L1 t0 k0 \n");
	read_all(&world);
	deliver_all(&world);
	logs_rotate(&world.logs, LINEAGE);
	seconds = seconds_until_next_is_read(&world, older, "L2 t0 k0 \n");
	cr_expect(ge(int, seconds, 30));
	cr_expect(le(int, seconds, 40));
	end(&world);
}

/* Brokers that are down are no reason: what was in it when it was rotated comes first. */
Test(pipeline_cases, a_generation_with_unsettled_lines_holds_the_next_for_as_long_as_it_takes)
{
	struct world world;

	begin(&world);
	write_new(&world, "L1 t0 k0 \n");
	read_all(&world);
	logs_rotate(&world.logs, LINEAGE);
	write_new(&world, "L2 t0 k0 \n");
	for (int i = 0; i < 200; i++) {
		pass_time(&world, US_PER_S);
		world_tick(&world);
		read_all(&world);
	}
	cr_expect(eq(u64, world.agent->counters.lines_read, 1));
	end(&world);
}

/* ---- errors ---- */

static struct file *file_of(const struct world *world, const struct log_file *log)
{
	return files_by_inode(&world->agent->files, log->identity.device, log->identity.inode);
}

/* ESTALE before the end: the lineage waited for ever behind a descriptor. */
Test(pipeline_cases, a_descriptor_that_cannot_be_read_is_opened_again)
{
	struct world world;
	struct log_file *log;

	begin(&world);
	log = write_new(&world, "L1 t0 k0 \n");
	read_all(&world);
	deliver_all(&world);
	cr_assert(eq(int, lseek(file_of(&world, log)->tail.fd, STALE_MARK, SEEK_SET), STALE_MARK));
	write_text(&world, log, "L2 t0 k0 \n");
	logs_rotate(&world.logs, LINEAGE);
	write_new(&world, "L3 t0 k0 \n");
	read_all(&world);
	cr_assert(file_of(&world, log)->unreadable);
	cr_assert(eq(u32, world.scripted.in_flight, 0));
	pass_time(&world, 2 * US_PER_S);
	world_tick(&world);
	read_all(&world);
	cr_assert(not(file_of(&world, log)->unreadable));
	cr_assert(eq(u32, world.scripted.in_flight, 1));
	end(&world);
}

static void retry(struct world *world)
{
	pass_time(world, 40 * US_PER_S);
	world_tick(world);
	read_all(world);
}

/*
 * Closed for an error and then deleted, with a record in flight: it was freed under the record, and
 * told as lost although all of it came to Kafka.
 */
Test(pipeline_cases, a_file_that_is_gone_is_lost_only_when_its_reports_say_so)
{
	struct world world;
	struct log_file *log;
	struct file *file;

	begin(&world);
	log = write_new(&world, "L1 t0 k0 \n");
	read_all(&world);
	file = file_of(&world, log);
	cr_assert(eq(int, lseek(file->tail.fd, STALE_MARK, SEEK_SET), STALE_MARK));
	files_ready(&world.agent->files, file);
	read_all(&world);
	cr_assert(file->unreadable && file->tail.fd < 0 && file->account.in_flight == 1);
	logs_unlink(&world.logs, log);
	for (int i = 0; i < 3; i++)
		retry(&world);
	cr_assert(eq(ptr, file_of(&world, log), file));
	deliver_all(&world);
	retry(&world);
	cr_expect(eq(ptr, file_of(&world, log), NULL));
	cr_expect(eq(u64, world.agent->counters.files_lost, 0));
	cr_expect(eq(u64, delivered(&world), 1));
	end(&world);
}

/* Closed, it would be lost. */
Test(pipeline_cases, the_descriptor_of_a_file_without_a_name_is_kept)
{
	struct world world;
	struct log_file *log;
	struct file *file;

	begin(&world);
	log = write_new(&world, "L1 t0 k0 \n");
	read_all(&world);
	deliver_all(&world);
	file = file_of(&world, log);
	write_text(&world, log, "L2 t0 k0 \n");
	logs_unlink(&world.logs, log);
	lseek(file->tail.fd, STALE_MARK, SEEK_SET);
	read_all(&world);
	cr_assert(file->unreadable);
	cr_assert(ge(int, file->tail.fd, 0));
	lseek(file->tail.fd, 0, SEEK_SET);
	pass_time(&world, 2 * US_PER_S);
	agent_age_files(world.agent, clock_mono_us());
	read_all(&world);
	cr_assert(eq(u32, world.scripted.in_flight, 1));
	end(&world);
}

/* While it cannot be opened either, tries are rarer and rarer, and nothing is given up. */
Test(pipeline_cases, a_file_that_cannot_be_read_is_tried_with_back_off)
{
	struct world world;
	struct log_file *log;
	struct file *file;

	begin(&world);
	log = write_new(&world, "L1 t0 k0 \n");
	read_all(&world);
	deliver_all(&world);
	file = file_of(&world, log);
	for (uint32_t ms = 1000; ms < 40000; ms *= 2) {
		cr_assert(eq(int, files_open(&world.agent->files, file), 0));
		lseek(file->tail.fd, STALE_MARK, SEEK_SET);
		if (ms == 1000)
			write_text(&world, log, "L2 t0 k0 \n");
		read_all(&world);
		cr_assert(file->unreadable);
		cr_assert(eq(u32, file->retry_ms, ms < 30000 ? ms : 30000));
		pass_time(&world, ms * US_PER_MS);
		agent_age_files(world.agent, clock_mono_us());
	}
	read_all(&world);
	end(&world);
}

/* ---- memory ---- */

/* Lines of 110 bytes to this topic. */
static void write_lines(struct world *world, struct log_file *log, int topic, int n)
{
	static const char form[] = "L%d t%d k0 %s%s\n";
	static const char filler[] = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl";
	char *text = malloc((size_t)n * 200);
	size_t len = 0;

	cr_assert(ne(ptr, text, NULL));
	for (int i = 0; i < n; i++)
		len += (size_t)sprintf(text + len, form, 1000 + i, topic, filler, filler);
	logs_append(&world->logs, log, text, len);
	free(text);
}

/* What others can read while these files wait, with reports for whatever is sent. */
static void read_while_held(struct world *world)
{
	for (int i = 0; i < 200; i++) {
		while (!TAILQ_EMPTY(&world->agent->files.ready) && world->scripted.in_flight < 900)
			world_turn(world);
		scripted_end_topic(&world->scripted, 1, REPORT_DELIVERED);
		world_take_reports(world);
		expect_no_verdict(world);
	}
}

static void expect_all_done(const struct log_file *log)
{
	for (size_t i = 0; i < log->n_lines; i++)
		cr_assert(eq(int, log->lines[i].of[0].state, LINE_DONE), "line %zu of %zu", i,
			  log->n_lines);
}

/* Each of them had a chunk in hand, all of memory, and every other file stopped. */
Test(pipeline_cases, backlogs_that_wait_for_a_partition_leave_memory_to_others)
{
	struct world world;
	struct log_file *waits[3], *other;

	here = &world;
	world_init(&world, 1);
	world.memory = 1 << 20;
	world_start(&world, false);
	scripted_hold_topic(&world.scripted, 0, true);
	for (int i = 0; i < 3; i++) {
		waits[i] = logs_create(&world.logs, i);
		write_lines(&world, waits[i], 1, 300);
		write_lines(&world, waits[i], 0, 300);
	}
	world_take_hints(&world, SIZE_MAX);
	read_while_held(&world);
	for (int i = 0; i < 3; i++) {
		struct file *file = file_of(&world, waits[i]);

		cr_expect(ne(u64, file->account.committed, waits[i]->len));
		cr_expect(eq(ptr, TAILQ_FIRST(&file->account.chunks), NULL));
	}
	other = logs_create(&world.logs, 3);
	write_lines(&world, other, 1, 5000);
	world_take_hints(&world, SIZE_MAX);
	read_while_held(&world);
	expect_all_done(other);
	end(&world);
}

/* Each report that came made all of them be read and parsed again, to wait again. */
Test(pipeline_cases, files_that_wait_are_left_alone_until_their_topic_moves)
{
	struct world world;
	struct log_file *waits[2], *other;

	here = &world;
	world_init(&world, 1);
	world_start(&world, false);
	scripted_hold_topic(&world.scripted, 0, true);
	for (int i = 0; i < 2; i++) {
		waits[i] = logs_create(&world.logs, i);
		write_lines(&world, waits[i], 0, 300);
	}
	other = logs_create(&world.logs, 2);
	write_lines(&world, other, 1, 5000);
	world_take_hints(&world, SIZE_MAX);
	read_while_held(&world);
	expect_all_done(other);
	cr_expect(eq(u32, world.scripted.holds, 2));

	/* One that was missed is made good by the tick; the end of the hold is not missed. */
	world_tick(&world);
	read_while_held(&world);
	cr_expect(eq(u32, world.scripted.holds, 4));
	scripted_hold_topic(&world.scripted, 0, false);
	world_take_reports(&world);
	for (int i = 0; i < 2; i++)
		cr_expect(eq(int, file_of(&world, waits[i])->queue, FILE_QUEUE_READY));
	end(&world);
}

/* Lines that go alone hold up their own file only, and each has its turn when the last is in. */
Test(pipeline_cases, lines_that_go_alone_hold_up_their_own_file_only)
{
	struct world world;
	struct log_file *refused, *other;

	here = &world;
	world_init(&world, 1);
	world_start(&world, false);
	refused = logs_create(&world.logs, 0);
	write_lines(&world, refused, 0, 2);
	world_take_hints(&world, SIZE_MAX);
	world_turn(&world);
	scripted_end_topic(&world.scripted, 0, REPORT_REFUSED);
	world_take_reports(&world);
	world_turn(&world);
	cr_expect(eq(u32, world.scripted.in_flight, 1), "alone");
	cr_expect(eq(int, file_of(&world, refused)->queue, FILE_QUEUE_HELD));
	other = logs_create(&world.logs, 1);
	write_lines(&world, other, 0, 2);
	world_take_hints(&world, SIZE_MAX);
	world_turn(&world);
	cr_expect(eq(u32, world.scripted.in_flight, 3));
	scripted_end_topic(&world.scripted, 0, REPORT_DELIVERED);
	world_take_reports(&world);
	world_turn(&world);
	cr_expect(eq(u32, world.scripted.in_flight, 1), "the second one");
	scripted_end_topic(&world.scripted, 0, REPORT_DELIVERED);
	world_take_reports(&world);
	cr_expect(eq(u64, delivered(&world), 4));
	end(&world);
}

/*
 * Scenario E15, E35. What the output takes for doubtful goes alone without a refusal: after what is
 * before it, before what is behind it, and nothing is sent again.
 */
Test(pipeline_cases, what_is_doubtful_goes_alone_at_once)
{
	struct world world;
	const struct counters *counters;

	begin(&world);
	write_new(&world, "L1 t0 k0 \nL2 t0 k0 SUSPECT\nL3 t0 k0 SUSPECT\nL4 t0 k0 \n");
	read_all(&world);
	cr_expect(eq(u32, world.scripted.in_flight, 1), "the line before");
	for (int line = 2; line <= 4; line++) {
		scripted_end_topic(&world.scripted, 0, REPORT_DELIVERED);
		world_take_reports(&world);
		read_all(&world);
		cr_expect(eq(u32, world.scripted.in_flight, 1), "line %d", line);
	}
	scripted_end_topic(&world.scripted, 0, REPORT_DELIVERED);
	world_take_reports(&world);
	counters = &world.agent->counters;
	cr_expect(eq(u64, delivered(&world), 4));
	cr_expect(eq(u64, counters->rewinds, 0));
	cr_expect(eq(u64, counters->lines_late, 0));
	end(&world);
}

/* Refused alone it is a dead letter, and what is behind it goes on. */
Test(pipeline_cases, what_is_doubtful_and_refused_is_a_dead_letter)
{
	struct world world;
	const struct counters *counters;

	begin(&world);
	write_new(&world, "L1 t0 k0 SUSPECT POISON\nL2 t0 k0 \n");
	read_all(&world);
	cr_expect(eq(u32, world.scripted.in_flight, 1));
	scripted_end_topic(&world.scripted, 0, REPORT_REFUSED);
	world_take_reports(&world);
	read_all(&world);
	scripted_end_topic(&world.scripted, 0, REPORT_DELIVERED);
	world_take_reports(&world);
	counters = &world.agent->counters;
	cr_expect(eq(u64, counters->lines_dead, 1));
	cr_expect(eq(u64, delivered(&world), 1));
	cr_expect(eq(u64, counters->rewinds, 0));
	end(&world);
}

/* Two batches were under way, and the broker refused the first and took the second. */
Test(pipeline_cases, lines_that_were_overtaken_are_counted)
{
	struct world world;
	const struct counters *counters;

	begin(&world);
	write_new(&world, "L1 t0 k0 \nL2 t0 k0 \nL3 t1 k0 \nL4 t1 k0 \n");
	read_all(&world);
	scripted_end_first(&world.scripted, 0, REPORT_REFUSED);
	scripted_end_first(&world.scripted, 1, REPORT_DELIVERED);
	scripted_end_topic(&world.scripted, 0, REPORT_DELIVERED);
	scripted_end_topic(&world.scripted, 1, REPORT_FAILED);
	counters = &world.agent->counters;
	world_take_reports(&world);
	cr_expect(eq(u64, counters->lines_late, 1));
	end(&world);
}

/*
 * Scenario E22. Its file drains, and a record of it to another topic may be under way for an hour:
 * the topic waited for what was refused, which goes with the rewind.
 */
Test(pipeline_cases, a_topic_does_not_wait_for_a_file_that_drains)
{
	struct world world;
	struct log_file *drains, *other;

	here = &world;
	world_init(&world, 1);
	world_start(&world, false);
	drains = logs_create(&world.logs, 0);
	write_text(&world, drains, "L1 t0 k0 \nL2 t1 k0 \nL3 t2 k0 \n");
	read_all(&world);
	scripted_end_topic(&world.scripted, 0, REPORT_REFUSED);
	scripted_end_topic(&world.scripted, 1, REPORT_FAILED);
	world_take_reports(&world);
	cr_assert(eq(u32, world.scripted.in_flight, 1), "to the third topic");
	other = logs_create(&world.logs, 1);
	write_lines(&world, other, 0, 2);
	world_take_hints(&world, SIZE_MAX);
	world_turn(&world);
	expect_no_verdict(&world);
	cr_expect(eq(u32, world.scripted.in_flight, 3));
	end(&world);
}

/* A record under way pins its chunk: with large ones only, three files had all of memory. */
Test(pipeline_cases, chunks_of_records_under_way_leave_memory_to_others)
{
	struct world world;
	struct log_file *other;

	here = &world;
	world_init(&world, 1);
	world.memory = 1 << 20;
	world_start(&world, false);
	for (int i = 0; i < 3; i++) {
		struct log_file *waits = logs_create(&world.logs, i);

		write_lines(&world, waits, 1, 100);
		write_lines(&world, waits, 0, 20);
		write_lines(&world, waits, 1, 3000);
	}
	world_take_hints(&world, SIZE_MAX);
	read_while_held(&world);
	other = logs_create(&world.logs, 3);
	write_lines(&world, other, 1, 5000);
	world_take_hints(&world, SIZE_MAX);
	read_while_held(&world);
	expect_all_done(other);
	end(&world);
}

/*
 * Scenario G01: two lines came back, and the file was truncated before they were read again. They
 * were taken from lines_read, and a counter that falls is one that began anew for Prometheus.
 */
Test(pipeline_cases, lines_that_came_back_and_are_gone_are_forgotten)
{
	struct world world;
	const struct counters *counters;
	struct log_file *log;

	begin(&world);
	log = write_new(&world, "L1 t0 k0 \nL2 t1 k0 \nL3 t1 k0 \n");
	read_all(&world);
	scripted_end_topic(&world.scripted, 0, REPORT_DELIVERED);
	scripted_end_topic(&world.scripted, 1, REPORT_FAILED);
	world_take_reports(&world);
	expect_no_verdict(&world);
	counters = &world.agent->counters;
	cr_expect(eq(u64, counters->lines_read, 3));
	cr_assert(eq(int, truncate(log->path, 0), 0));
	for (int i = 0; i < 5; i++) {
		pass_time(&world, 61 * US_PER_S);
		world_tick(&world);
		do
			world_turn(&world);
		while (!TAILQ_EMPTY(&world.agent->files.ready) ||
		       claims_due_us(&world.agent->files) != CLOCK_NEVER);
	}
	cr_expect(eq(u64, counters->truncations, 1));
	cr_expect(eq(u64, counters->lines_read, 3));
	cr_expect(eq(u64, counters->lines_delivered, 1));
	cr_expect(eq(u64, counters->lines_forgotten, 2));
	world_kill(&world, false);
	world_deinit(&world);
}

/* All that was read behind it went alone, too, and overtook what was under way. */
Test(pipeline_cases, a_letter_that_cannot_be_read_has_nobody_go_alone)
{
	const struct store_dead_letter letter = {.value = slice_of("v"), .headers = slice_of("?")};
	struct record record;
	struct world world;

	begin(&world);
	cr_expect(eq(int, letter_record(&letter, 0, &record), LETTER_E_UNREADABLE));
	write_new(&world, "L1 t0 k0 \n");
	read_all(&world);
	cr_assert(eq(u32, world.scripted.in_flight, 1));
	for (int i = 0; i < SCRIPTED_PARTITIONS; i++)
		if (world.scripted.partitions[0][i].n)
			cr_expect(not(world.scripted.partitions[0][i].flights->alone));
	end(&world);
}
