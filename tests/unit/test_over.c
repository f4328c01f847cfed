/* SPDX-License-Identifier: Apache-2.0 */
/* Events that begin at the end of one generation and end at the start of the next. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/load.h"
#include "pipeline/pipeline.h"
#include "tests/support/must.h"
#include "tests/support/scripted.h"

#define NOW_MS 1795273861000

struct rig {
	char dir[32];
	struct conf *conf;
	struct scripted scripted;
	struct counters counters;
	struct letters letters;
	struct chunk_pools pools;
	struct pipeline *pipeline;
	struct file *older, *newer;
};

static void put(const struct rig *rig, const char *name, const char *text)
{
	char path[64];
	FILE *to;

	snprintf(path, sizeof path, "%s/%s", rig->dir, name);
	to = fopen(path, "ae");
	MUST(to);
	fputs(text, to);
	fclose(to);
}

static struct file *open_file(struct rig *rig, uint64_t id, const char *name, uint64_t committed)
{
	struct identity identity = {.inode = id};
	struct file *file;
	char path[64];

	snprintf(path, sizeof path, "%s/%s", rig->dir, name);
	MUST(!file_new(id, rig->conf->sources, path, path, &identity, committed, &rig->pools,
		       &file));
	file_set_content(file, id, 0);
	tail_set_fd(&file->tail, open(path, O_RDONLY | O_CLOEXEC));
	return file;
}

/* What a start knows of both. */
static void open_both(struct rig *rig, uint64_t older_at, uint64_t newer_at)
{
	rig->older = open_file(rig, 1, "a.log.1", older_at);
	rig->newer = open_file(rig, 2, "a.log", newer_at);
	rig->older->left_path = true;
	file_chain(rig->older, rig->newer);
	file_set_state(rig->older, FILE_READING);
}

static void begin(struct rig *rig, const char *source, const char *older, const char *newer)
{
	struct pipeline_options options = {.counters = &rig->counters, .letters = &rig->letters};
	char path[64], text[512];

	*rig = (struct rig){.dir = "/tmp/waybill-over-XXXXXX"};
	MUST(mkdtemp(rig->dir));
	snprintf(text, sizeof text,
		 "kafka: { bootstrap_servers = \"x\"; };\n"
		 "sources: ( { name = \"a\"; paths = \"%s/a.log\"; topic = \"t\"; %s } );\n",
		 rig->dir, source);
	put(rig, "conf", text);
	put(rig, "a.log.1", older);
	put(rig, "a.log", newer);
	snprintf(path, sizeof path, "%s/conf", rig->dir);
	MUST(!conf_load(path, stderr, &rig->conf));
	scripted_init(&rig->scripted, 1, 100);
	letters_init(&rig->letters, 1 << 20, 0);
	MUST(!chunk_pools_init(&rig->pools, 4 << 20));
	options.output = &rig->scripted.output;
	options.topics = (const char *const *)rig->conf->topics;
	options.n_topics = rig->conf->n_topics;
	MUST(!pipeline_new(&options, &rig->pipeline));
	open_both(rig, 0, 0);
}

static void close_both(struct rig *rig)
{
	file_free(rig->older);
	file_free(rig->newer);
}

static void end(struct rig *rig)
{
	char command[64];

	scripted_crash(&rig->scripted);
	close_both(rig);
	pipeline_free(rig->pipeline);
	letters_deinit(&rig->letters);
	scripted_deinit(&rig->scripted);
	chunk_pools_deinit(&rig->pools);
	conf_unref(rig->conf);
	snprintf(command, sizeof command, "rm -r %s", rig->dir);
	MUST(!system(command));
}

/* The file, quiet for long, is read as far as it goes. */
static void read_file(struct rig *rig, struct file *file)
{
	const struct rate_budget budget = {1 << 20, UINT64_MAX};
	int r;

	do
		r = pipeline_turn(rig->pipeline, file, budget, 0, 1000, NOW_MS);
	while (!r);
	cr_expect(r == PIPELINE_E_IDLE || r == PIPELINE_E_HOLD, "%d", r);
}

static void reports(struct rig *rig, enum report_kind kind)
{
	scripted_end_topic(&rig->scripted, 0, kind);
	MUST(pipeline_reports(rig->pipeline, 100, 2000) >= 0);
	while (pipeline_take_touched(rig->pipeline))
		continue;
	account_advance(&rig->older->account);
}

static void deliver(struct rig *rig)
{
	reports(rig, REPORT_DELIVERED);
}

/* What was submitted since the last time, with a bar behind each. */
static const char *submitted(struct rig *rig)
{
	static char text[1024];

	*text = '\0';
	for (size_t i = 0; i < rig->scripted.n_notes; i++) {
		const struct scripted_note *note = &rig->scripted.notes[i];

		if (note->what == SCRIPTED_SUBMITTED)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s|",
				 (int)note->value_len, note->value);
	}
	scripted_forget(&rig->scripted);
	return text;
}

/* Read, in flight, settled and waiting: no line is counted twice, or not at all. */
static void expect_sum(const struct rig *rig, uint64_t read, uint64_t in_flight)
{
	const struct counters *c = &rig->counters;
	uint64_t waiting = rig->older->lines_back + rig->newer->lines_back;

	cr_expect(eq(u64, c->lines_read, read));
	cr_expect(eq(u64, c->lines_waiting, waiting));
	cr_expect(eq(u64,
		     c->lines_delivered + c->lines_filtered + c->lines_dead + c->lines_forgotten +
			     in_flight + waiting,
		     read));
}

#define INDENT "multiline: { type = \"indent\"; };"
#define CRI "parser = \"cri\"; value = \"${message}\";"
#define T "2026-11-21T15:11:55Z "

Test(over, a_trace_goes_on_in_the_next_generation)
{
	struct rig rig;

	begin(&rig, INDENT, "one\ntwo\n a\n", " b\n c\nthree\n d\n");
	read_file(&rig, rig.older);
	cr_expect(eq(str, (char *)submitted(&rig), "one|two\n a\n b\n c|"));
	expect_sum(&rig, 5, 5);
	cr_expect(eq(u64, rig.newer->account.committed, 0));
	deliver(&rig);
	cr_expect(file_is_settled(rig.older));
	cr_expect(eq(u64, rig.newer->account.committed, 6));
	cr_expect(eq(u32, rig.newer->identity.head_len, 6));
	file_set_state(rig.newer, FILE_READING);
	read_file(&rig, rig.newer);
	cr_expect(eq(str, (char *)submitted(&rig), "three\n d|"));
	deliver(&rig);
	expect_sum(&rig, 7, 0);
	cr_expect(eq(u64, rig.counters.events_delivered, 3));
	end(&rig);
}

/* What came back, and what a restart finds unsettled, is the same event again. */
Test(over, it_is_the_same_after_a_rewind_and_a_restart)
{
	struct rig rig;

	begin(&rig, INDENT, "two\n a\n", " b\nthree\n");
	for (int i = 0; i < 3; i++) {
		read_file(&rig, rig.older);
		cr_expect(eq(str, (char *)submitted(&rig), "two\n a\n b|"));
		expect_sum(&rig, 3, 3);
		reports(&rig, i ? REPORT_FAILED : REPORT_REFUSED);
		expect_sum(&rig, 3, 0);
		MUST(!pipeline_rewind(rig.pipeline, rig.older));
		file_set_state(rig.older, FILE_READING);
	}
	cr_expect(eq(u64, rig.newer->account.committed, 0));
	close_both(&rig);
	rig.counters = (struct counters){0};
	open_both(&rig, 0, 0);
	read_file(&rig, rig.older);
	cr_expect(eq(str, (char *)submitted(&rig), "two\n a\n b|"));
	deliver(&rig);
	expect_sum(&rig, 3, 0);
	cr_expect(eq(u64, rig.newer->account.committed, 3));
	end(&rig);
}

/* Refused alone, it is a dead letter with all its lines, and the next generation is past it. */
Test(over, a_dead_letter_is_the_whole_event)
{
	struct rig rig;

	begin(&rig, INDENT, "two\n a\n", " " SCRIPTED_HUGE "\nthree\n");
	read_file(&rig, rig.older);
	cr_assert(eq(sz, rig.letters.n, 1));
	cr_expect(eq(sz, rig.letters.items[0].value.len, strlen("two\n a\n " SCRIPTED_HUGE)));
	cr_expect(eq(u64, rig.newer->account.committed, 6));
	expect_sum(&rig, 3, 0);
	end(&rig);
}

/* Parts of a line of one stream, with whole lines of the other one between them. */
Test(over, streams_stand_between_each_other)
{
	struct rig rig;

	begin(&rig, CRI, T "stdout P a\n" T "stderr P x\n",
	      T "stderr F y\n" T "stdout P b\n" T "stderr F z\n" T "stdout F c\n" T "stdout F d\n");
	read_file(&rig, rig.older);
	cr_expect(eq(str, (char *)submitted(&rig), "abc|"));
	/* Those between are read as well, and wait. */
	expect_sum(&rig, 6, 3);
	deliver(&rig);
	read_file(&rig, rig.older);
	cr_expect(eq(str, (char *)submitted(&rig), "xy|"));
	expect_sum(&rig, 6, 2);
	deliver(&rig);
	cr_expect(file_is_settled(rig.older));
	file_set_state(rig.newer, FILE_READING);
	read_file(&rig, rig.newer);
	cr_expect(eq(str, (char *)submitted(&rig), "z|d|"));
	deliver(&rig);
	expect_sum(&rig, 7, 0);
	end(&rig);
}

/* What took the place of the next generation's content is not taken for settled. */
Test(over, the_next_generation_is_written_anew_meanwhile)
{
	struct rig rig;

	begin(&rig, INDENT, "two\n a\n", " b\nthree\n");
	read_file(&rig, rig.older);
	submitted(&rig);
	rig.newer->rewritten = true;
	MUST(!pipeline_rewind(rig.pipeline, rig.newer));
	deliver(&rig);
	cr_expect(eq(u64, rig.newer->account.committed, 0));
	expect_sum(&rig, 3, 0);
	end(&rig);
}

/* It ends with its file where the next line begins another, is not whole, or cannot be seen. */
Test(over, what_does_not_go_on_ends_with_its_file)
{
	static const struct {
		const char *older, *newer, *value;
	} rows[] = {
		{"two\n a\n", "three\n", "two\n a|"},
		{"two\n a\n", "", "two\n a|"},
		{"two\n a\n", " half", "two\n a|"},
		{"two\n hal", "f\n", "two\n hal|"},
	};
	struct rig rig;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		begin(&rig, INDENT, rows[i].older, rows[i].newer);
		read_file(&rig, rig.older);
		cr_expect(eq(str, (char *)submitted(&rig), (char *)rows[i].value));
		expect_sum(&rig, 2, 2);
		deliver(&rig);
		cr_expect(eq(u64, rig.newer->account.committed, 0));
		end(&rig);
	}
}
