/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reload changes in an agent that goes on: no file is closed, nothing is waited for, and no
 * producer is made anew. Whatever was made of a setting at the start is made of it again here, by
 * the same functions where there are such. For sources see change/swap.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "agent_private.h"
#include "base/clock.h"
#include "change/live.h"
#include "conf/output.h"
#include "control/http.h"
#include "kafka/kafka.h"
#include "output/clusters.h"

void agent_count_generation(struct agent *agent)
{
	agent->generation++;
	agent->reloaded_ms = clock_real_ms();
}

int agent_listen_again(struct agent *agent)
{
	agent_listen(agent);
	return agent_watch_http(agent);
}

void agent_look_again(struct agent *agent)
{
	agent->reloaded_ms = clock_real_ms();
	agent_look_at_certificates(agent);
	/* What could not be made at the start is tried again. */
	if (agent->http)
		return;
	if (agent_listen_again(agent) < 0)
		agent->http = http_free(agent->http);
}

static void limit_letters(struct agent *agent)
{
	const struct conf *conf = agent->conf;

	letters_limit(&agent->letters, conf->dead_letter_max);
	for (size_t i = 0; i < conf->n_sources; i++)
		letters_limit_source(&agent->letters, conf->sources[i].name,
				     conf->sources[i].dead_letter_max,
				     conf->sources[i].drops_oldest_letter);
	files_release_letters(&agent->files, &agent->letters);
}

static int limit_directories(struct agent *agent)
{
	const struct conf *conf = agent->conf;

	for (size_t i = 0; i < conf->n_sources; i++)
		discover_limit(agent->discover, (int)i, conf->sources[i].max_directories);
	return discover_set_max(agent->discover, conf->max_directories);
}

int agent_hand_on_limits(struct agent *agent)
{
	int r = agent_limit_files(agent);

	log_set_format(agent->log, agent->conf->log_format);
	if (!r)
		r = limit_directories(agent);
	if (r)
		return r;
	limit_letters(agent);
	agent_look_at_certificates(agent);
	/* A checkpoint is due by the interval that counts now; what may come is looked for. */
	agent->checkpoint_at_us = agent->look_at_us = 0;
	return 0;
}

int agent_take_limits(struct agent *agent, struct conf *next)
{
	live_take_limits(agent->conf, next);
	return agent_hand_on_limits(agent);
}

static int hand_on_topics_of(struct agent *agent, size_t index)
{
	const struct cluster *cluster = &agent->conf->clusters[index];
	struct kafka_options options;
	uint32_t *kept;
	int r = 0;

	if (agent->conf->n_clusters > 1)
		r = clusters_take_topics(agent->output, index, cluster->n_topics,
					 agent->conf->n_topics);
	kept = r ? NULL : agent_kept_of(agent, cluster);
	if (!kept)
		return -ENOMEM;
	conf_kafka_options(agent->conf, cluster, &options);
	options.kept = kept;
	r = kafka_take_topics(agent->clusters[index].kafka, &options);
	free(kept);
	return r;
}

/* Topics that came, and who sends to those that there were: each is told who knows them. */
static int hand_on_topics(struct agent *agent)
{
	size_t n = agent->conf->n_topics;
	int r = kept_topics_take(&agent->checkpoint.topics, n, agent->store);

	for (size_t i = 0; i < agent->conf->n_clusters && !r; i++)
		r = hand_on_topics_of(agent, i);
	return r ? r : pipeline_set_topics(agent->pipeline, n);
}

struct swap agent_swap(struct agent *agent)
{
	return (struct swap){agent->conf,     &agent->files,   agent->discover,
			     &agent->letters, agent->pipeline, agent->store};
}

int agent_swap_sources(struct agent *agent, struct conf *next, const struct plan *plan)
{
	const struct swap swap = agent_swap(agent);
	int r = swap_exchange(&swap, next, plan);

	if (!r)
		r = hand_on_topics(agent);
	if (!r)
		r = agent_hand_on_limits(agent);
	if (!r)
		r = swap_meet(&swap, plan->touched, clock_real_ms());
	if (r)
		return r;
	forward_look_again(&agent->forward);
	agent->checkpoint.sources_written = false;
	notify_watchdog(&agent->notify);
	/* As after a start: what is begun at its end is begun there again by the next one. */
	agent->checkpoint_failing |= !agent_last_checkpoint(agent);
	return 0;
}

void agent_go_on_with_sources(struct agent *agent)
{
	for (size_t i = 0; agent->halted && i < agent->files.n_sources; i++)
		files_halt(&agent->files, i, false);
	free(agent->halted);
	agent->halted = NULL;
}
