/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates, keys and passwords that are replaced while the agent runs. No reload is needed, and
 * nothing but the producer changes: what is fetched from files is fetched again, and the output is
 * told. It tries what is new beside what is in use (kafka/helper_work.c), so a mistake in a file
 * stops nothing. While the agent stops nobody logs in any more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "kafka/kafka.h"
#include "login/login.h"
#include "login/renewal.h"
#include "settings/props.h"
#include "settings/secret.h"

/* What is watched of a property; malloc'ed, or NULL. */
static char *file_of(const struct prop *prop)
{
	if (prop->reference)
		return secret_path(prop->reference);
	return props_names_file(prop->name) ? strdup(prop->value) : NULL;
}

/* Whether the reference leads to something else than when the configuration was read. */
static bool is_outdated(const struct prop *prop)
{
	char message[512], *value;
	bool differs;

	if (!prop->reference || secret_fetch(prop->reference, &value, message, sizeof message))
		return false;
	differs = strcmp(value, prop->value) != 0;
	secret_free(value);
	return differs;
}

/* A token that is replaced before its time may be one that is no good any more. */
static int open_token(const struct cluster *conf, struct agent_cluster *cluster)
{
	const char *path = conf->login ? login_file(conf->login) : NULL;
	int r = path ? renewal_new(&cluster->token_file) : 0;

	return path && r == 0 ? renewal_add(cluster->token_file, "oauth.token.file", path) : r;
}

static int open_cluster(const struct cluster *conf, struct agent_cluster *cluster)
{
	int r = open_token(conf, cluster);

	for (size_t i = 0; i < conf->n_props && r == 0; i++) {
		char *path = file_of(&conf->props[i]);

		if (path && !cluster->renewal)
			r = renewal_new(&cluster->renewal);
		if (path && r == 0)
			r = renewal_add(cluster->renewal, conf->props[i].name, path);
		free(path);
		cluster->renewal_due |= is_outdated(&conf->props[i]);
	}
	return r;
}

int agent_open_renewal(struct agent *agent)
{
	int r = 0;

	for (size_t i = 0; i < agent->conf->n_clusters && r == 0; i++)
		r = open_cluster(&agent->conf->clusters[i], &agent->clusters[i]);
	/* A life that ends before the first tick tells it as well. */
	if (r == 0)
		agent_tick_expiry(agent, clock_mono_us());
	return r ? r : agent->error;
}

void agent_close_renewal(struct agent *agent)
{
	for (size_t i = 0; agent->clusters && i < agent->conf->n_clusters; i++) {
		renewal_free(agent->clusters[i].renewal);
		renewal_free(agent->clusters[i].token_file);
	}
}

/* Fetches what the references refer to now. False: one cannot be had, and it was told. */
static bool fetch(struct agent *agent, const struct cluster *cluster, struct prop *props)
{
	char message[512];
	char *value;
	int r;

	for (size_t i = 0; i < cluster->n_props; i++) {
		if (!props[i].reference)
			continue;
		r = secret_fetch(props[i].reference, &value, message, sizeof message);
		if (r < 0) {
			agent->error = r;
			return false;
		}
		if (r) {
			log_limited(agent->log, LOG_ERR, "renewal-unavailable",
				    "%s.%s: %s; the producer goes on as it was, and a change of "
				    "the file is looked at again",
				    cluster->label, props[i].name, message);
			return false;
		}
		props[i].value = value;
	}
	return true;
}

static void renew(struct agent *agent, size_t index, const char *what)
{
	const struct cluster *conf = &agent->conf->clusters[index];
	struct prop *props = calloc(conf->n_props + 1, sizeof *props);

	if (!props) {
		agent->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < conf->n_props; i++) {
		props[i] = conf->props[i];
		/* Its value is fetched anew, and then ours. */
		if (props[i].reference)
			props[i].value = NULL;
	}
	if (fetch(agent, conf, props)) {
		log_limited(agent->log, LOG_NOTICE, "renewal-found",
			    "%s: there is something new, which the next producer uses", what);
		/* One that was put there expires as well. */
		if (strstr(what, "ssl."))
			agent_look_at_certificates(agent);
		if (kafka_renew(agent->clusters[index].kafka, props, conf->n_props))
			agent->error = -ENOMEM;
	}
	for (size_t i = 0; i < conf->n_props; i++) {
		if (props[i].reference)
			secret_free((char *)props[i].value);
	}
	free(props);
}

static void tick_cluster(struct agent *agent, size_t index, uint64_t now_us)
{
	struct agent_cluster *cluster = &agent->clusters[index];
	char what[512], files[128];

	if (cluster->token_file && renewal_look(cluster->token_file, now_us, what, sizeof what))
		kafka_renew_token(cluster->kafka, now_us);
	if (!cluster->renewal)
		return;
	if (cluster->renewal_due) {
		snprintf(files, sizeof files, "files of the %s block",
			 agent->conf->clusters[index].label);
		renew(agent, index, files);
	}
	cluster->renewal_due = false;
	if (renewal_look(cluster->renewal, now_us, what, sizeof what))
		renew(agent, index, what);
}

void agent_tick_renewal(struct agent *agent, uint64_t now_us)
{
	agent_tick_expiry(agent, now_us);
	for (size_t i = 0; i < agent->conf->n_clusters && agent->state == AGENT_RUNNING; i++)
		tick_cluster(agent, i, now_us);
}
