/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Producers that get other properties while the agent runs: certificates, keys and passwords that
 * are replaced, for which no reload is needed, and kafka blocks that a reload changes. Nothing but
 * the producer changes. The output tries what is new beside what is in use (kafka/trial.c), so a
 * mistake in a file stops nothing. While the agent stops nobody logs in any more.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "kafka/kafka.h"

int agent_open_renewal(struct agent *agent)
{
	int r = 0;

	for (size_t i = 0; i < agent->conf->n_clusters && r == 0; i++)
		r = cluster_watch_open(&agent->conf->clusters[i], &agent->clusters[i].watch);
	/* A life that ends before the first tick tells it as well. */
	if (r == 0)
		agent_tick_expiry(agent, clock_mono_us());
	return r ? r : agent->error;
}

void agent_close_renewal(struct agent *agent)
{
	for (size_t i = 0; agent->clusters && i < agent->conf->n_clusters; i++)
		cluster_watch_close(&agent->clusters[i].watch);
}

/* False: something cannot be had now, which was told. */
static bool hand_over(struct agent *agent, size_t index)
{
	const struct cluster *cluster = &agent->conf->clusters[index];
	struct prop *props = NULL;
	char message[640];
	int r = cluster_fetch(cluster, &props, message, sizeof message);

	if (r == CLUSTER_E_UNAVAILABLE)
		log_limited(agent->log, LOG_ERR, "renewal-unavailable",
			    "%s; the producer goes on as it was, and a change of the file is "
			    "looked at again",
			    message);
	else if (!r)
		r = kafka_renew(agent->clusters[index].kafka, props, cluster->n_props,
				cluster->login);
	if (r < 0)
		agent->error = r;
	kafka_props_free(props, cluster->n_props);
	return !r;
}

static void renew(struct agent *agent, size_t index, const char *what)
{
	if (!hand_over(agent, index))
		return;
	log_limited(agent->log, LOG_NOTICE, "renewal-found",
		    "%s: there is something new, which the next producer uses", what);
	/* One that was put there expires as well. */
	if (strstr(what, "ssl."))
		agent_look_at_certificates(agent);
}

/* The block was read just now, with what it refers to. */
static int take_block(struct agent *agent, size_t index)
{
	const struct cluster *cluster = &agent->conf->clusters[index];
	struct agent_cluster *of = &agent->clusters[index];
	int r;

	cluster_watch_close(&of->watch);
	r = cluster_watch_open(cluster, &of->watch);
	if (!r)
		r = kafka_renew(of->kafka, cluster->props, cluster->n_props, cluster->login);
	of->token_told_ms = 0;
	log_say(agent->log, LOG_NOTICE, "reload-producer",
		"SIGHUP: reload: %s changed: a producer of it is made, which takes the place of "
		"the one in use as soon as brokers let it in and that one has delivered what it "
		"has; nothing is lost meanwhile",
		cluster->label);
	return r;
}

int agent_take_blocks(struct agent *agent, const bool *changed)
{
	int r = 0;

	for (size_t i = 0; i < agent->conf->n_clusters && !r; i++)
		if (changed[i])
			r = take_block(agent, i);
	return r;
}

static void tick_cluster(struct agent *agent, size_t index, uint64_t now_us)
{
	struct agent_cluster *of = &agent->clusters[index];
	char what[512];

	if (of->watch.token && renewal_look(of->watch.token, now_us, what, sizeof what))
		kafka_renew_token(of->kafka, now_us);
	if (cluster_watch_look(&of->watch, &agent->conf->clusters[index], now_us, what,
			       sizeof what))
		renew(agent, index, what);
}

void agent_tick_renewal(struct agent *agent, uint64_t now_us)
{
	agent_tick_expiry(agent, now_us);
	for (size_t i = 0; i < agent->conf->n_clusters && agent->state == AGENT_RUNNING; i++)
		tick_cluster(agent, i, now_us);
}
