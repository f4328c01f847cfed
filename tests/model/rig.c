/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent for the model test: real files, hints and state, a scripted output, and no loop. What
 * the loop does is done here when a line on standard input asks for it, so that a list of commands
 * has the same outcome each time; what came of it is one JSON object a line on standard output.
 *
 *   begin CONF          a life can start on this configuration; its state_dir is where it says
 *   start               as agent_start.c does it
 *   run MS              hints, turns and reports until nothing is left to do; then MS milliseconds
 *                       pass, with a tick for each second begun
 *   pass MS             time passes without the agent
 *   checkpoint          what is settled is durable
 *   broker up|down      down: nothing comes back from the output
 *   refuse N            the next N batches of several records are refused
 *   fail N              the next N batches come back undelivered
 *   kill                gone at once: what the output holds is lost
 *   kill landed         the same, but all that the output has is in Kafka, and nobody knows
 *   stop                as on SIGTERM
 *
 * Time is the rig's own, but for the times of day that are compared with those of files.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "agent_private.h"
#include "base/clock.h"
#include "base/json.h"
#include "conf/load.h"
#include "follow/claims.h"
#include "follow/copies.h"
#include "hints/hints.h"
#include "resume/resume.h"
#include "tests/model/broker.h"
#include "tests/support/must.h"

/* Turns until all is read that can be read now: what needs more goes on for ever. */
#define TURNS_MAX 20000
/* No command takes longer, in real time. */
#define COMMAND_S 60

struct rig {
	uint64_t now_us;
	struct conf *conf;
	struct broker broker;
	bool broker_down;
	struct agent *agent; /* NULL: it is down */
	struct arena arena;
	struct json json;
	int64_t durable; /* so many of the texts that landed were settled at the last checkpoint */
	bool any;        /* in the list that is written */
};

/* The doubles of the clock have no other way to find it. */
static struct rig rig = {.now_us = 1000 * US_PER_S, .durable = -1};

uint64_t clock_mono_us(void)
{
	rig.now_us += 50;
	return rig.now_us;
}

uint64_t clock_mono_ns(void)
{
	return rig.now_us * 1000;
}

/* What it costs is what the test says that it takes. */
uint64_t clock_cpu_us(void)
{
	return clock_mono_us();
}

int64_t clock_real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* ---- answers ---- */

static void put_list(const char *name)
{
	json_put_text(&rig.json, name);
	rig.any = false;
}

static void put_comma(void)
{
	if (rig.any)
		json_put_text(&rig.json, ",");
	rig.any = true;
}

static void put_texts(const char *name, const struct broker_texts *texts)
{
	put_list(name);
	for (size_t i = 0; i < texts->n; i++) {
		put_comma();
		json_put_string(&rig.json, slice_of(texts->at[i]));
	}
	json_put_text(&rig.json, "]");
}

static void put_number(const char *name, int64_t number)
{
	put_comma();
	json_put_string(&rig.json, slice_of(name));
	json_put_text(&rig.json, ":");
	json_put_integer(&rig.json, number);
}

static void put_counters(void)
{
	size_t n;
	const struct counter *rows = counters_all(&n);

	rig.agent->counters.in_flight = rig.broker.n;
	put_list(",\"counters\":{");
	for (size_t i = 0; i < n; i++)
		put_number(rows[i].name, (int64_t)counter_value(&rig.agent->counters, &rows[i]));
	json_put_text(&rig.json, "}");
}

/* How far the file was read, of the bytes that it holds now; -1: it is not open. */
static int64_t read_of(const struct file *file)
{
	if (file->tail.fd < 0)
		return -1;
	return file->rewritten || file->tail.rewritten ?
		       0 :
		       (int64_t)account_read_position(&file->account);
}

static void put_files(void)
{
	void *cursor = NULL;
	struct file *file;
	char name[24];

	put_list(",\"read\":{");
	while ((file = map_next(rig.agent->files.by_inode, &cursor))) {
		snprintf(name, sizeof name, "%" PRIu64, file->identity.inode);
		put_number(name, read_of(file));
	}
	json_put_text(&rig.json, "}");
}

static void answer(void)
{
	struct slice text;

	rig.json = (struct json){.arena = &rig.arena};
	put_texts("{\"sent\":[", &rig.broker.sent);
	put_texts(",\"delivered\":[", &rig.broker.landed);
	rig.any = true;
	put_number("durable", rig.durable);
	if (rig.agent) {
		put_counters();
		put_files();
		MUST(!rig.agent->error);
	}
	json_put_text(&rig.json, "}");
	MUST(!json_finish(&rig.json, &text));
	fwrite(text.at, 1, text.len, stdout);
	putchar('\n');
	fflush(stdout);
	arena_reset(&rig.arena);
	broker_forget(&rig.broker);
	rig.durable = -1;
}

/* ---- a life ---- */

static void checkpoint(void)
{
	agent_start_checkpoint(rig.agent);
	agent_finish_checkpoint(rig.agent, 30000);
	MUST(!rig.agent->checkpoint_failing);
	/* As on_writer of agent.c. */
	files_release(&rig.agent->files, FILE_WAITS_STORE, SIZE_MAX);
	files_release_letters(&rig.agent->files, &rig.agent->letters);
	rig.durable = (int64_t)rig.broker.landed.n;
}

static void load(struct agent *agent)
{
	struct store_file *rows;
	size_t n_rows;
	uint64_t bytes, count;

	MUST(!store_open(agent->conf->state_dir, &agent->store, NULL, 0));
	MUST(!store_load(agent->store, &rows, &n_rows));
	MUST(!files_init(&agent->files, agent->conf->sources, agent->conf->n_sources, &agent->pools,
			 &agent->counters, agent->log, rows, n_rows));
	for (size_t i = 0; i < agent->conf->n_sources; i++)
		agent->files.source_known[i] =
			store_knows_source(agent->store, agent->conf->sources[i].name) == 1;
	agent->files.agent_id = store_agent_id(agent->store);
	store_dead_letters(agent->store, &bytes, &count);
	letters_init(&agent->letters, agent->conf->dead_letter_max, bytes);
	MUST(!writer_new(agent->store, &agent->writer));
	checkpoint_init(&agent->checkpoint, agent->writer, &agent->files, &agent->letters,
			&agent->counters);
}

static void discover(struct agent *agent)
{
	char message[256];

	MUST(!discover_new(&agent->discover));
	MUST(!discover_shun(agent->discover, agent->conf->state_dir));
	for (size_t i = 0; i < agent->conf->n_sources; i++)
		MUST(!discover_add(agent->discover, (int)i, agent->conf->patterns[i].paths,
				   agent->conf->patterns[i].exclude, message, sizeof message));
}

static void start(void)
{
	struct agent *agent = rig.agent = calloc(1, sizeof *agent);
	struct pipeline_options options = {
		.output = &rig.broker.output,
		.counters = &agent->counters,
		.letters = &agent->letters,
		.topics = (const char *const *)rig.conf->topics,
		.n_topics = rig.conf->n_topics,
	};

	agent->conf = conf_ref(rig.conf);
	agent->output = &rig.broker.output;
	agent->log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	MUST(!chunk_pools_init(&agent->pools, agent->conf->chunk_memory));
	load(agent);
	discover(agent);
	MUST(!pipeline_new(&options, &agent->pipeline));
	agent->look_at_us = clock_mono_us() + AGENT_LOOK_US;
	MUST(!resume_files(&agent->files, agent->discover, NULL));
	MUST(!hints_first_scan(&agent->files, agent->discover, clock_real_ms()));
	agent->files.first_scan = false;
	checkpoint();
}

/* As agent_free, but for what the output has. */
static void end_life(bool landed)
{
	struct agent *agent = rig.agent;

	broker_drop(&rig.broker, landed);
	pipeline_free(agent->pipeline);
	discover_free(agent->discover);
	checkpoint_deinit(&agent->checkpoint);
	writer_free(agent->writer);
	store_close(agent->store);
	letters_deinit(&agent->letters);
	copies_deinit(&agent->files);
	claims_deinit(&agent->files);
	files_deinit(&agent->files);
	chunk_pools_trim(&agent->pools);
	MUST(!agent->pools.budget.used);
	chunk_pools_deinit(&agent->pools);
	conf_unref(agent->conf);
	log_free(agent->log);
	free(agent);
	rig.agent = NULL;
}

/* ---- what the loop does ---- */

static bool busy(const struct agent *agent)
{
	return agent_has_room(agent, rig.now_us) &&
	       (!TAILQ_EMPTY(&agent->files.ready) || !TAILQ_EMPTY(&agent->files.proofs) ||
		!TAILQ_EMPTY(&agent->files.to_check) || copies_busy(&agent->files) ||
		claims_due_us(&agent->files) != CLOCK_NEVER ||
		files_seek_us(&agent->files) != CLOCK_NEVER);
}

static bool serve(struct agent *agent)
{
	if (rig.broker_down || !rig.broker.n)
		return false;
	broker_serve(&rig.broker);
	agent_take_reports(agent, clock_mono_us());
	agent_wake_held(agent);
	return true;
}

static void work(struct agent *agent)
{
	int turns = 0;

	do {
		while (agent_take_hints(agent))
			;
		if (agent->files.row_wanted)
			checkpoint();
		agent_look(agent, clock_mono_us());
		while (busy(agent)) {
			agent_turn_files(agent, clock_mono_us());
			if (agent->checkpoint_wanted || agent->files.row_wanted)
				checkpoint();
			MUST(turns++ < TURNS_MAX);
		}
	} while (serve(agent) || agent->looking);
}

/* As on_tick of agent.c. */
static void tick(struct agent *agent)
{
	uint64_t now_us = clock_mono_us();

	agent_age_files(agent, now_us);
	agent_tick_looks(agent, now_us);
	agent_take_reports(agent, now_us);
	files_release_some(&agent->files);
	files_release_letters(&agent->files, &agent->letters);
	checkpoint();
	chunk_pools_trim(&agent->pools);
}

static void run(uint64_t ms)
{
	uint64_t end_us = rig.now_us + ms * US_PER_MS;

	work(rig.agent);
	while (rig.now_us < end_us) {
		rig.now_us += end_us - rig.now_us < US_PER_S ? end_us - rig.now_us : US_PER_S;
		tick(rig.agent);
		work(rig.agent);
	}
}

/* As the end of agent_run, after a SIGTERM. */
static void stop(void)
{
	struct agent *agent = rig.agent;

	while (serve(agent))
		;
	follow_begin_look(&agent->files);
	follow_check_paths(&agent->files);
	MUST(!follow_check_some(&agent->files, agent->discover, CLOCK_NEVER));
	MUST(agent_last_checkpoint(agent));
	rig.durable = (int64_t)rig.broker.landed.n;
	end_life(false);
}

/* ---- commands ---- */

static void begin(const char *conf)
{
	if (rig.agent)
		end_life(false);
	conf_unref(rig.conf);
	rig.conf = NULL;
	MUST(!conf_load(conf, stderr, &rig.conf));
	rig.broker_down = false;
}

static void command(char *line)
{
	char *of = strchr(line, ' ');

	if (of)
		*of++ = '\0';
	else
		of = line + strlen(line);
	if (!strcmp(line, "begin"))
		begin(of);
	else if (!strcmp(line, "start"))
		start();
	else if (!strcmp(line, "run"))
		run(strtoull(of, NULL, 10));
	else if (!strcmp(line, "pass"))
		rig.now_us += strtoull(of, NULL, 10) * US_PER_MS;
	else if (!strcmp(line, "checkpoint"))
		checkpoint();
	else if (!strcmp(line, "broker"))
		rig.broker_down = !strcmp(of, "down");
	else if (!strcmp(line, "refuse"))
		rig.broker.refuse = (unsigned)strtoul(of, NULL, 10);
	else if (!strcmp(line, "fail"))
		rig.broker.fail = (unsigned)strtoul(of, NULL, 10);
	else if (!strcmp(line, "kill"))
		end_life(!strcmp(of, "landed"));
	else if (!strcmp(line, "stop"))
		stop();
	else
		MUST(!"command is known");
	answer();
}

int main(void)
{
	char line[4096];

	broker_init(&rig.broker);
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		alarm(COMMAND_S);
		command(line);
		alarm(0);
	}
	if (rig.agent)
		end_life(false);
	conf_unref(rig.conf);
	arena_deinit(&rig.arena);
	return 0;
}
