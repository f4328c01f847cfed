/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start of an agent, and its end. The order counts: signals are blocked before the first thread
 * exists, the state is locked before anything is read, and the first look at all files is durable
 * before the first line is shipped.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "agent_private.h"
#include "base/clock.h"
#include "change/live.h"
#include "change/program.h"
#include "conf/output.h"
#include "files/doze.h"
#include "follow/claims.h"
#include "follow/copies.h"
#include "hints/hints.h"
#include "kafka/kafka.h"
#include "ops/notify.h"
#include "output/clusters.h"
#include "resume/resume.h"

#define FIRST_ROWS_MAX 20000
/* Less than WatchdogSec= of the unit. */
#define FIRST_ROWS_MS 20000

/* Before any thread is made, so that all of them inherit the mask. */
static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGPIPE);
	/* Of a lease that somebody breaks while it is asked for (files/writers.c). */
	sigaddset(&signals, SIGIO);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* Another database in the place of a damaged one, as state_damaged says. */
static int replace_damaged(struct agent *agent, const char *dir, const char *message)
{
	char aside[4096], again[256];
	int r;

	if (agent->conf->state_damaged == CONF_DAMAGED_STOP) {
		log_say(agent->log, LOG_ERR, "state-damaged",
			"%s: the database is damaged (%s); state_damaged = \"stop\"", dir, message);
		return AGENT_E_DAMAGED;
	}
	r = store_set_aside(dir, aside, sizeof aside);
	if (r)
		return r;
	log_say(agent->log, LOG_ERR, "state-set-aside",
		"%s: the database is damaged (%s): it is kept as %s; by state_damaged all files "
		"are read from their %s",
		dir, message, aside,
		agent->conf->state_damaged == CONF_DAMAGED_END ? "end: lines are lost" :
								 "start: lines are repeated");
	agent->damaged = true;
	r = store_open(dir, &agent->store, again, sizeof again);
	return r > 0 ? AGENT_E_STATE : r;
}

static int open_store(struct agent *agent, const char *dir)
{
	char message[512] = "";
	int r = store_open(dir, &agent->store, message, sizeof message);

	if (r == STORE_E_DAMAGED)
		return replace_damaged(agent, dir, message);
	if (r > 0)
		log_say(agent->log, LOG_ERR, "state-unusable", "state_dir: %s", message);
	if (r == STORE_E_NEWER)
		return AGENT_E_NEWER;
	return r == STORE_E_LOCKED ? AGENT_E_LOCKED : r > 0 ? AGENT_E_STATE : r;
}

static void held(void *context, const char *source, uint64_t bytes, uint64_t copied)
{
	letters_held(context, source, bytes, copied);
}

static int share_letters(struct agent *agent)
{
	const struct conf *conf = agent->conf;
	uint64_t bytes, count;
	int r = 0;

	store_dead_letters(agent->store, &bytes, &count);
	letters_init(&agent->letters, conf->dead_letter_max, bytes);
	for (size_t i = 0; !r && i < conf->n_sources; i++) {
		const struct source *source = &conf->sources[i];

		r = letters_share(&agent->letters, source->name, source->dead_letter_max);
		if (!r && source->drops_oldest_letter)
			letters_drop_oldest(&agent->letters, source->name);
	}
	return r ? r : store_source_letters(agent->store, held, &agent->letters);
}

static int load_files(struct agent *agent)
{
	struct store_file *rows = NULL;
	size_t n_rows = 0;
	int r;

	r = store_load(agent->store, &rows, &n_rows);
	if (!r)
		r = files_init(&agent->files, agent->conf->sources, agent->conf->n_sources,
			       &agent->pools, &agent->counters, agent->log, rows, n_rows);
	if (r)
		return r;
	r = agent_limit_files(agent);
	if (r)
		return r;
	doze_begin(&agent->files);
	for (size_t i = 0; i < agent->conf->n_sources; i++) {
		r = store_knows_source(agent->store, agent->conf->sources[i].name);
		if (r < 0)
			return r;
		agent->files.source_known[i] = r;
	}
	agent->files.damaged = agent->damaged;
	agent->files.damaged_at_end = agent->conf->state_damaged == CONF_DAMAGED_END;
	agent->files.agent_id = store_agent_id(agent->store);
	return share_letters(agent);
}

static int make_discover(struct agent *agent, const char *state_dir)
{
	char message[256];
	int r = discover_new(&agent->discover);

	if (!r)
		r = discover_shun(agent->discover, state_dir);
	for (size_t i = 0; !r && i < agent->conf->n_sources; i++) {
		const struct conf_patterns *patterns = &agent->conf->patterns[i];

		r = discover_add(agent->discover, (int)i, patterns->paths, patterns->exclude,
				 message, sizeof message);
		if (r > 0) {
			/*
			 * conf_load has compiled the same patterns, so this is a bug, not the
			 * user's.
			 */
			log_say(agent->log, LOG_ERR, "pattern-wrong", "source %s: %s",
				agent->conf->sources[i].name, message);
			r = -EINVAL;
		}
		discover_set_links(agent->discover, (int)i, agent->conf->sources[i].links);
		discover_limit(agent->discover, (int)i, agent->conf->sources[i].max_directories);
	}
	return r ? r : discover_set_max(agent->discover, agent->conf->max_directories);
}

/* The output of one cluster. 0 or negative errno. */
static int make_kafka(struct agent *agent, size_t index)
{
	const struct cluster *cluster = &agent->conf->clusters[index];
	uint32_t *kept = agent_kept_of(agent, cluster);
	struct kafka_options options;
	int r;

	if (!kept)
		return -ENOMEM;
	conf_kafka_options(agent->conf, cluster, &options);
	options.tell_timestamps = agent->acks != NULL;
	options.kept = kept;
	r = kafka_new(&options, &agent->clusters[index].kafka);
	free(kept);
	return r;
}

/* Those of all clusters as one; of a single one it is that itself. 0 or negative errno. */
static int join_clusters(struct agent *agent)
{
	const struct conf *conf = agent->conf;
	struct clusters_part *parts;
	int r;

	if (conf->n_clusters == 1) {
		agent->output = agent->clusters[0].kafka;
		return 0;
	}
	parts = calloc(conf->n_clusters, sizeof *parts);
	if (!parts)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_clusters; i++) {
		const struct cluster *cluster = &conf->clusters[i];

		parts[i] = (struct clusters_part){agent->clusters[i].kafka, cluster->name,
						  cluster->numbers, cluster->n_topics};
	}
	r = clusters_new(parts, conf->n_clusters, conf->n_topics, &agent->output);
	free(parts);
	return r;
}

static int make_clusters(struct agent *agent)
{
	int r = 0;

	for (size_t i = 0; i < agent->conf->n_clusters && !r; i++)
		r = make_kafka(agent, i);
	if (!r)
		r = join_clusters(agent);
	/* Nothing has them all yet. */
	for (size_t i = 0; i < agent->conf->n_clusters && r; i++)
		agent->clusters[i].kafka = output_free(agent->clusters[i].kafka);
	return r;
}

static int make_output(struct agent *agent)
{
	const struct conf *conf = agent->conf;
	struct pipeline_options options = {
		.counters = &agent->counters,
		.losses = &agent->files.losses,
		.letters = &agent->letters,
		.topics = (const char *const *)conf->topics,
		.topic_clusters = conf->n_clusters > 1 ? conf->cluster_names : NULL,
		.topic_keys = conf->n_clusters > 1 ? (const char *const *)conf->topic_keys : NULL,
		.n_topics = conf->n_topics,
		.n_rules = conf->n_rules,
		.limits = true,
		.delays = &agent->delays,
	};
	int r;

	options.acks = agent->acks;
	r = make_clusters(agent);
	if (r)
		return r;
	agent->checkpoint.topics.output = agent->output;
	options.output = agent->output;
	r = pipeline_new(&options, &agent->pipeline);
	return r ? r : agent_open_letters(agent);
}

/* While a start reads copies: the watchdog is served, and a stop that was asked for is heard. */
static bool start_is_over(void *context)
{
	struct agent *agent = context;
	sigset_t pending;

	notify_starting(&agent->notify);
	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

/* All rows, in batches that take the memory of some thousand files and not of all. */
static int first_checkpoint(struct agent *agent)
{
	int r;

	do {
		agent->checkpoint_begun_us = clock_mono_us();
		r = checkpoint_start(&agent->checkpoint, FIRST_ROWS_MAX);
		if (r)
			return r;
		agent_finish_checkpoint(agent, FIRST_ROWS_MS);
		notify_watchdog(&agent->notify);
	} while (!agent->checkpoint.under_way && !agent->checkpoint_failing &&
		 checkpoint_due(&agent->checkpoint));
	return 0;
}

/*
 * The first look at everything, made durable before the first line is read: a file that starts at
 * its end (start_at, ignore_older) must start there again after a crash in the first second.
 */
static int first_scan(struct agent *agent)
{
	int r;

	agent->files.start_is_over = start_is_over;
	agent->files.start_context = agent;
	r = resume_files(&agent->files, agent->discover, NULL);
	if (!r)
		r = hints_first_scan(&agent->files, agent->discover, clock_real_ms());
	if (r)
		return r;
	agent->files.first_scan = agent->files.damaged = false;
	r = files_drop_rows(&agent->files);
	if (r)
		return r;
	notify_watchdog(&agent->notify);
	r = first_checkpoint(agent);
	if (r)
		return r;
	agent_begin_progress(agent);
	return 0;
}

/* The cluster that is named first may have been the only one, and without a name. */
static int init_kept_topics(struct agent *agent)
{
	const struct conf *conf = agent->conf;
	const char **before = calloc(conf->n_topics + 1, sizeof *before);
	int r;

	if (!before)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_topics; i++)
		before[i] = conf->topic_clusters[i] == 0 ? conf->topics[i] : NULL;
	r = kept_topics_init(&agent->checkpoint.topics, (const char *const *)conf->topic_keys,
			     before, conf->n_topics, agent->store);
	free(before);
	return r;
}

static int build(struct agent *agent, const char *state_dir)
{
	int r;

	block_signals();
	r = chunk_pools_init(&agent->pools, agent->conf->chunk_memory);
	if (!r)
		r = open_store(agent, state_dir);
	if (!r)
		r = load_files(agent);
	if (!r)
		r = writer_new(agent->store, &agent->writer);
	if (r)
		return r;
	/* After a reload the watchdog runs on: a start of many files has half a minute a step. */
	notify_watchdog(&agent->notify);
	checkpoint_init(&agent->checkpoint, agent->writer, &agent->files, &agent->letters,
			&agent->counters);
	r = init_kept_topics(agent);
	if (!r)
		r = make_discover(agent, state_dir);
	/* Before the output, which reads the same files: what comes in between is seen twice. */
	if (!r)
		r = agent_open_renewal(agent);
	if (!r)
		r = make_output(agent);
	if (!r)
		agent_open_control(agent, state_dir);
	if (!r)
		r = agent_make_loop(agent);
	if (!r)
		r = first_scan(agent);
	return r;
}

int agent_new(const struct agent_options *options, struct agent **ret_agent)
{
	struct agent *agent = calloc(1, sizeof *agent);
	int r;

	if (!agent)
		return -ENOMEM;
	agent->conf = live_new(options->conf);
	if (!agent->conf) {
		free(agent);
		return -ENOMEM;
	}
	agent->config = options->config;
	agent->generation = program_take_generation();
	agent_count_generation(agent);
	agent->log = options->log;
	agent->own_state_dir = options->state_dir != NULL;
	agent->until_eof = options->until_eof;
	agent->draws = options->draws;
	agent->sample_acks = options->sample_acks;
	agent->clusters = calloc(agent->conf->n_clusters, sizeof *agent->clusters);
	agent->ends = calloc(agent->conf->n_clusters, sizeof *agent->ends);
	r = agent->clusters && agent->ends ? 0 : -ENOMEM;
	if (!r && (options->print_acks || options->sample_acks))
		r = acks_new(options->print_acks ? STDOUT_FILENO : -1, &agent->acks);
	if (!r)
		r = build(agent, options->state_dir ? options->state_dir : agent->conf->state_dir);
	if (r) {
		agent_free(agent);
		return r;
	}
	*ret_agent = agent;
	return 0;
}

struct agent *agent_free(struct agent *agent)
{
	if (!agent)
		return NULL;
	agent_close_control(agent);
	sd_event_unref(agent->loop);
	/* The output first: its threads read payloads from the chunks that files own. */
	output_free(agent->output);
	agent_close_renewal(agent);
	pipeline_free(agent->pipeline);
	acks_free(agent->acks);
	discover_free(agent->discover);
	checkpoint_deinit(&agent->checkpoint);
	writer_free(agent->writer);
	store_close(agent->store);
	agent_close_order(agent);
	forward_close(&agent->forward);
	letters_deinit(&agent->letters);
	copies_deinit(&agent->files);
	claims_deinit(&agent->files);
	files_deinit(&agent->files);
	chunk_pools_deinit(&agent->pools);
	free(agent->clusters);
	free(agent->ends);
	free(agent->halted);
	conf_unref(agent->conf);
	free(agent);
	return NULL;
}
