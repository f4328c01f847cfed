/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is copied here from agent.c and agent_start.c is the order of calls, nothing else: a real
 * loop would bring back the clock, the store's thread and with them chance.
 */
#include "tests/support/world.h"
#include "hints/hints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/load.h"

#include "base/clock.h"
#include "follow/claims.h"
#include "follow/copies.h"
#include "resume/resume.h"
#include "tests/support/must.h"

#define ROUNDS_MAX 300 /* until all is settled, with an output that works: of up to 3 s each */
#define TURNS_MAX 500  /* of a round */

static const char conf_text[] =
	"kafka: { bootstrap_servers = \"localhost\"; };\n"
	"parsers: ( { name = \"p\"; pattern = \"^L[0-9]+ (?<topic>t[0-2]) (?<key>k[0-9]+) \"; } "
	");\n"
	"sources: (\n"
	"{ name = \"a\"; paths = [ \"%1$s/a*.log\" ]; parser = \"p\"; topic = \"${topic}\";\n"
	"  topics = [ \"t0\", \"t1\", \"t2\" ]; key = \"${key}\"; on_no_match = \"skip\"; %2$s },\n"
	"{ name = \"b\"; paths = [ \"%1$s/b*.log\" ]; parser = \"p\"; topic = \"${topic}\";\n"
	"  topics = [ \"t0\", \"t1\", \"t2\" ]; key = \"${key}\"; %2$s } );\n";

static void load_conf(struct world *world, bool also)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof path, "%s/conf", world->dir);
	out = fopen(path, "we");
	MUST(out);
	fprintf(out, conf_text, world->dir, also ? "also: ( { topic = \"u3\"; } );" : "");
	fclose(out);
	MUST(!conf_load(path, stderr, &world->conf));
	unlink(path);
	for (size_t i = 0; i < world->conf->n_topics; i++)
		MUST(world->conf->topics[i][1] == '0' + (int)i);
}

/* One for all lives: the kernel takes 10 ms to end an inotify instance. */
static void make_discover(struct world *world)
{
	char message[256];

	MUST(!discover_new(&world->discover));
	for (size_t i = 0; i < world->conf->n_sources; i++)
		MUST(!discover_add(world->discover, (int)i, world->conf->patterns[i].paths, NULL,
				   message, sizeof message));
}

static void init(struct world *world, uint64_t seed, bool also)
{
	*world = (struct world){
		.random = {seed},
		.now_us = 1000 * US_PER_S,
		.memory = 4 << 20,
		.letters_max = 1 << 20,
		.dir = "/tmp/waybill-world-XXXXXX",
	};
	MUST(mkdtemp(world->dir));
	load_conf(world, also);
	make_discover(world);
	logs_init(&world->logs, world->dir, &world->random);
	world->logs.now_us = world->now_us;
	scripted_init(&world->scripted, seed, 1000);
	judge_init(&world->judge, &world->logs);
	world->judge.branches = also ? 2 : 1;
	world->judge.sources = world->conf->sources;
}

void world_init(struct world *world, uint64_t seed)
{
	init(world, seed, false);
}

void world_init_also(struct world *world, uint64_t seed)
{
	init(world, seed, true);
}

void world_deinit(struct world *world)
{
	fake_store_deinit(&world->store);
	logs_deinit(&world->logs);
	scripted_deinit(&world->scripted);
	discover_free(world->discover);
	conf_unref(world->conf);
	rmdir(world->dir);
}

/* ---- what the judge is told ---- */

static void judge_new_notes(struct world *world)
{
	static const char *const what[] = {"submitted", "refused", "reported"};
	static const char *const fate[] = {"delivered", "refused", "failed"};

	for (size_t i = 0; i < world->scripted.n_notes; i++) {
		const struct scripted_note *note = &world->scripted.notes[i];

		WORLD_TRACE(world, "inode %llu at %llu: %s %.20s topic %u",
			    (unsigned long long)note->inode, (unsigned long long)note->position,
			    what[note->what],
			    note->what == SCRIPTED_REPORTED ? fate[note->report.kind] : note->value,
			    note->topic);
	}
	world->logs.now_us = world->now_us;
	judge_notes(&world->judge, &world->scripted, &world->agent->letters);
	scripted_forget(&world->scripted);
}

/* What was read is somewhere, at any moment. */
static void check_sum(struct world *world)
{
	const struct counters *counters = &world->agent->counters;
	uint64_t under_way =
		world->scripted.in_flight + pipeline_lines_joined(world->agent->pipeline);
	uint64_t waiting = counters->lines_waiting;

	if (counters->lines_read != counters->lines_delivered + counters->lines_filtered +
					    counters->lines_dead + counters->lines_forgotten +
					    under_way + waiting)
		judge_says(&world->judge,
			   "read %llu, delivered %llu, filtered %llu, dead %llu, in flight %lld, "
			   "waiting %llu",
			   (unsigned long long)counters->lines_read,
			   (unsigned long long)counters->lines_delivered,
			   (unsigned long long)counters->lines_filtered,
			   (unsigned long long)counters->lines_dead, (long long)under_way,
			   (unsigned long long)waiting);
}

void world_judge(struct world *world)
{
	judge_new_notes(world);
	judge_agent(&world->judge, &world->agent->files, &world->agent->pools,
		    &world->agent->counters);
	check_sum(world);
	if (world->agent->error)
		judge_says(&world->judge, "the agent ends with error %d", world->agent->error);
}

static void trace_branches(struct world *world, const struct store_file *row)
{
	struct branches *branches = NULL;

	if (branches_decode(row->branches, world->conf->sources[0].branch_ids,
			    world->judge.branches, row->committed, &branches))
		return;
	for (unsigned b = 0; branches && b < world->judge.branches; b++)
		for (size_t i = 0; i < branches->of[b].n; i++)
			WORLD_TRACE(world, "   branch %u: %llu to %llu", b,
				    (unsigned long long)branches->of[b].at[i].start,
				    (unsigned long long)branches->of[b].at[i].end);
	branches_free(branches);
}

static void trace_row(struct world *world, const struct store_file *row)
{
	struct ranges ahead;

	if (row->removed || ranges_decode(row->ahead, row->committed, &ahead))
		return;
	WORLD_TRACE(world, "row of inode %llu: %llu%s", (unsigned long long)row->inode,
		    (unsigned long long)row->committed, row->discarding ? ", discarding" : "");
	for (size_t i = 0; i < ahead.n; i++)
		WORLD_TRACE(world, "   ahead %llu to %llu",
			    (unsigned long long)ahead.at[ahead.first + i].start,
			    (unsigned long long)ahead.at[ahead.first + i].end);
	ranges_deinit(&ahead);
	trace_branches(world, row);
}

void world_submit(struct world *world, const struct store_batch *batch)
{
	for (size_t i = 0; world->trace && i < batch->n_files; i++)
		trace_row(world, &batch->files[i]);
	judge_new_notes(world);
	judge_snapshot(&world->judge, batch);
	fake_store_submit(&world->store, batch);
}

void world_end_batch(struct world *world, bool ok)
{
	if (world->store.written != WRITTEN_UNDER_WAY)
		return;
	WORLD_TRACE(world, "store %s", ok ? "ok" : "failed");
	if (ok)
		judge_stored(&world->judge, &world->store.batch);
	fake_store_end(&world->store, ok);
}

/* ---- the life of an agent ---- */

void world_take_hints(struct world *world, size_t max)
{
	struct logs *logs = &world->logs;
	size_t n = logs->n_hints < max ? logs->n_hints : max;

	for (size_t i = 0; i < n; i++) {
		struct hint hint = {.kind = logs->hints[i].kind,
				    .source = logs->hints[i].lineage % 2,
				    .path = logs->hints[i].path};

		WORLD_TRACE(world, "hint %d %s", hint.kind, strrchr(hint.path, '/'));
		MUST(!hints_follow(&world->agent->files, world->agent->discover, &hint,
				   clock_real_ms()));
	}
	logs->n_hints -= n;
	if (logs->n_hints)
		memmove(logs->hints, logs->hints + n, logs->n_hints * sizeof logs->hints[0]);
}

static void checkpoint(struct world *world)
{
	char message[64];

	if (checkpoint_finish(&world->agent->checkpoint, 0, message, sizeof message) ==
	    CHECKPOINT_E_PENDING)
		return;
	MUST(!checkpoint_start(&world->agent->checkpoint, CHECKPOINT_ROWS_MAX));
}

static int checkpoint_now(struct world *world)
{
	char message[64];
	int r = checkpoint_finish(&world->agent->checkpoint, 1, message, sizeof message);

	MUST(!checkpoint_start(&world->agent->checkpoint, CHECKPOINT_ROWS_MAX));
	return r ? r : checkpoint_finish(&world->agent->checkpoint, 1, message, sizeof message);
}

/* As agent_start.c does it. */
void world_start(struct world *world, bool until_eof)
{
	struct agent *agent = world->agent = calloc(1, sizeof *agent);
	struct pipeline_options options = {
		.output = &world->scripted.output,
		.counters = &agent->counters,
		.letters = &agent->letters,
		.topics = (const char *const *)world->conf->topics,
		.n_topics = world->conf->n_topics,
	};

	WORLD_TRACE(world, "start");
	agent->conf = conf_ref(world->conf);
	agent->until_eof = world->judge.until_eof = until_eof;
	agent->output = &world->scripted.output;
	MUST(!chunk_pools_init(&agent->pools, world->memory));
	MUST(!files_init(&agent->files, world->conf->sources, world->conf->n_sources, &agent->pools,
			 &agent->counters, NULL, fake_store_load(&world->store),
			 world->store.n_rows));
	letters_init(&agent->letters, world->letters_max, world->store.letters_bytes);
	checkpoint_init(&agent->checkpoint, NULL, &agent->files, &agent->letters, &agent->counters);
	agent->discover = world->discover;
	MUST(!pipeline_new(&options, &agent->pipeline));
	MUST(!resume_files(&agent->files, agent->discover, NULL));
	MUST(!hints_first_scan(&agent->files, agent->discover, clock_real_ms()));
	world->logs.n_hints = 0;
	agent->files.first_scan = false;
	checkpoint_now(world);
	world_judge(world);
}

void world_kill(struct world *world, bool stored)
{
	struct agent *agent = world->agent;

	WORLD_TRACE(world, "end");
	world_end_batch(world, stored);
	fake_store_end(&world->store, false);
	world->store.written = WRITTEN_NOTHING;
	output_free(agent->output);
	pipeline_free(agent->pipeline);
	agent_close_order(agent);
	forward_close(&agent->forward);
	checkpoint_deinit(&agent->checkpoint);
	letters_deinit(&agent->letters);
	copies_deinit(&agent->files);
	claims_deinit(&agent->files);
	files_deinit(&agent->files);
	chunk_pools_trim(&agent->pools);
	if (agent->pools.budget.used)
		judge_says(&world->judge, "%zu bytes of memory leak", agent->pools.budget.used);
	chunk_pools_deinit(&agent->pools);
	conf_unref(agent->conf);
	free(agent);
	world->agent = NULL;
	judge_crash(&world->judge);
}

void world_turn(struct world *world)
{
	agent_turn_files(world->agent, clock_mono_us());
}

/* As on_output of agent.c. */
void world_take_reports(struct world *world)
{
	agent_take_reports(world->agent, clock_mono_us());
	agent_wake_held(world->agent);
	agent_wake_spent(world->agent);
}

/* What was written, moved or deleted while hints were lost. */
static void reconcile(struct world *world, uint64_t now_us)
{
	if (now_us < world->reconcile_at_us)
		return;
	world->reconcile_at_us = now_us + 30 * US_PER_S;
	follow_begin_look(&world->agent->files);
	logs_scan(&world->logs);
	world_take_hints(world, SIZE_MAX);
	follow_check_paths(&world->agent->files);
	MUST(!follow_check_some(&world->agent->files, world->discover, CLOCK_NEVER));
}

/* As on_tick of agent.c. */
void world_tick(struct world *world)
{
	uint64_t now_us = clock_mono_us();

	agent_age_files(world->agent, now_us);
	if (!world->agent->until_eof)
		reconcile(world, now_us);
	agent_take_reports(world->agent, now_us);
	files_release_some(&world->agent->files);
	files_release_letters(&world->agent->files, &world->agent->letters);
	checkpoint(world);
	if (random_percent(&world->random, 30))
		chunk_pools_trim(&world->agent->pools);
}

void world_drain(struct world *world)
{
	do {
		judge_new_notes(world);
		scripted_drain(&world->scripted);
		world_take_reports(world);
		judge_new_notes(world);
	} while (world->scripted.in_flight && !world->judge.verdict[0]);
}

/* SIGTERM: nothing more is read, what is in flight comes back, the state is stored. */
void world_stop(struct world *world)
{
	WORLD_TRACE(world, "stop");
	world_drain(world);
	while (checkpoint_due(&world->agent->checkpoint))
		checkpoint_now(world);
	world_kill(world, true);
}

static void trace_files(struct world *world)
{
	static const char *const states[] = {
		[FILE_WAITING] = "waiting",   [FILE_READING] = "reading",
		[FILE_DRAINING] = "draining", [FILE_BACKOFF] = "back-off",
		[FILE_FINISHED] = "finished",
	};
	void *cursor = NULL;
	struct file *file;

	WORLD_TRACE(world, "in flight: %u of %u, memory: %zu of %zu%s", world->scripted.in_flight,
		    world->scripted.queue, world->agent->pools.budget.used,
		    world->agent->pools.budget.max,
		    world->agent->letters.rest.wanted ? ", letters full" : "");
	while ((file = map_next(world->agent->files.by_inode, &cursor)))
		WORLD_TRACE(
			world,
			"inode %llu %s: %s, queue %d, failed %u, %llu of %llu, behind inode %llu",
			(unsigned long long)file->identity.inode, strrchr(file->path, '/'),
			states[file->state], file->queue, file->account.failed,
			(unsigned long long)file->account.committed,
			(unsigned long long)account_read_position(&file->account),
			file->older ? (unsigned long long)file->older->identity.inode : 0);
}

/* A round of the loop in which nothing stands in the way. */
static void settle_round(struct world *world)
{
	world->step++;
	world->now_us += random_below(&world->random, 3000000);
	world->logs.now_us = world->now_us;
	world_take_hints(world, SIZE_MAX);
	/* Suspects go one a round trip, and the queue may be short. */
	for (int i = 0; i < TURNS_MAX && (!TAILQ_EMPTY(&world->agent->files.ready) ||
					  claims_due_us(&world->agent->files) != CLOCK_NEVER);
	     i++) {
		world_turn(world);
		world_drain(world);
	}
	world_drain(world);
	world_end_batch(world, true);
	world_tick(world);
	world_judge(world);
}

static bool all_settled(const struct world *world)
{
	size_t stuck;

	return judge_all_done(&world->judge) &&
	       (!world->agent->until_eof || agent_all_shipped(world->agent, &stuck));
}

void world_settle_all(struct world *world, bool until_eof)
{
	scripted_change(&world->scripted, &(struct scripted_weather){0});
	world->letters_max = world->agent->letters.max_bytes = 1 << 20;
	if (until_eof) {
		world_stop(world);
		world_start(world, true);
	}
	for (int i = 0; !until_eof && i < LOGS_LINEAGES; i++)
		if (logs_current(&world->logs, i))
			logs_complete(&world->logs, logs_current(&world->logs, i));
	for (int round = 0; !all_settled(world) && !world->judge.verdict[0]; round++) {
		settle_round(world);
		if (round < ROUNDS_MAX)
			continue;
		trace_files(world);
		judge_gives_up(&world->judge);
	}
	world_stop(world);
	judge_end(&world->judge);
}
