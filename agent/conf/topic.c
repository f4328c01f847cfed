/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a source says of its topics: its partitioner and its topic_config belong to them, and not to
 * its lines alone. So sources that share a topic have to say the same, in whatever words.
 *
 * The topic_config group: what librdkafka can keep apart for each topic and waybill can leave to
 * the user. That is compression and, without idempotence, acks; of its other properties of a topic
 * the timeouts would let lines expire, and partitioners are waybill's own. Whatever else the
 * library has is the whole producer's, and belongs into the kafka block.
 *
 * A source's own group replaces that of the top level as a whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/library.h"
#include "conf/build.h"
#include "conf/output.h"
#include "parsers/names.h"
#include "settings/props.h"

static const char *const names[] = {"compression_type", "compression_level", "acks"};

/* A group while it is built. */
struct group_build {
	struct conf_build *build;
	const struct conf_node *group;
	const char *label;
	struct topic_settings settings;
};

static void complain_unknown(const struct group_build *g, const struct conf_node *node)
{
	const char *near = names_nearest(node->name, names, ARRAY_LEN(names));
	const char *reason = props_reserved(node->name, "", g->build->kafka.cluster->idempotent);
	char dots[64], message[256];

	snprintf(dots, sizeof dots, "%s", node->name);
	for (char *at = dots; *at; at++)
		*at = *at == '_' ? '.' : *at;
	if (!reason)
		reason = props_reserved(dots, "", g->build->kafka.cluster->idempotent);
	if (reason)
		conf_problem(g->build->problems, node->place, "%s%s is reserved: %s", g->label,
			     node->name, reason);
	else if (near)
		conf_problem(g->build->problems, node->place,
			     "%sunknown property \"%s\" (did you mean \"%s\"?)", g->label,
			     node->name, near);
	else if (kafka_try_prop(dots, "1", message, sizeof message) &&
		 strncmp(message, "No such", 7) == 0)
		conf_problem(g->build->problems, node->place,
			     "%sunknown property \"%s\": here are those of the producer; what the "
			     "topic itself has is in config of topics at the top level",
			     g->label, node->name);
	else
		conf_problem(g->build->problems, node->place,
			     "%s%s cannot be set for one topic: it belongs into the kafka block",
			     g->label, node->name);
}

/* Whether the library, and our promise, take the value. What is wrong is noted. */
static bool check(const struct group_build *g, const struct conf_node *node, const char *name,
		  const char *value)
{
	const char *reason = props_reserved(name, value, g->build->kafka.cluster->idempotent);
	char message[512];

	if (reason)
		conf_problem(g->build->problems, node->place, "%s%s: %s", g->label, node->name,
			     reason);
	else if (kafka_try_prop(name, value, message, sizeof message))
		conf_problem(g->build->problems, node->place, "%s%s: %.*s", g->label, node->name,
			     (int)strcspn(message, "\n"), message);
	else
		return true;
	return false;
}

/* Checked values are short. */
static void keep(struct group_build *g, const struct conf_node *node, const char *value)
{
	struct topic_settings *s = &g->settings;

	if (strcmp(node->name, "acks") == 0) {
		snprintf(s->acks, sizeof s->acks, "%s", strcmp(value, "-1") ? value : "all");
		cluster_warn_of_acks(g->build->problems, node->place, g->label, s->acks);
	} else if (strcmp(node->name, "compression_level") == 0) {
		snprintf(s->compression_level, sizeof s->compression_level, "%ld",
			 strtol(value, NULL, 10));
	} else {
		snprintf(s->compression_type, sizeof s->compression_type, "%s", value);
	}
}

static int build_property(struct group_build *g, const struct conf_node *node)
{
	static const char *const dotted[] = {"compression.type", "compression.level", "acks"};
	size_t i = 0;
	char *value;

	while (i < ARRAY_LEN(names) && strcmp(names[i], node->name) != 0)
		i++;
	if (i == ARRAY_LEN(names)) {
		complain_unknown(g, node);
		return 0;
	}
	if (node->kind == CONF_GROUP || node->kind == CONF_LIST) {
		conf_problem(g->build->problems, node->place,
			     "%s%s: must be a string or a number, not %s", g->label, node->name,
			     conf_kind_name(node->kind));
		return 0;
	}
	value = conf_node_text(node);
	if (!value)
		return -ENOMEM;
	if (check(g, node, dotted[i], value))
		keep(g, node, value);
	free(value);
	return 0;
}

/* The topic's own, or what it has from the kafka block. */
static const char *effective(const struct cluster *cluster, const char *own, const char *name)
{
	return *own && strcasecmp(own, "inherit") != 0 ? own : cluster_value(cluster, name);
}

int conf_build_topic_config(struct conf_build *build, const struct conf_node *group,
			    const char *label, struct topic_settings *ret_settings)
{
	char inside[128];
	struct group_build g = {build, group, inside};
	const struct conf_node *level;
	int r = 0;

	snprintf(inside, sizeof inside, "%stopic_config: ", label);
	for (size_t i = 0; group && i < group->n_kids && r == 0; i++)
		r = build_property(&g, group->kids[i]);
	if (r)
		return r;
	level = group ? conf_node_find(group, "compression_level") : NULL;
	if (*g.settings.compression_type || *g.settings.compression_level)
		cluster_check_compression(
			build->problems, level ? level->place : group->place, inside,
			effective(build->kafka.cluster, g.settings.compression_type,
				  "compression.type"),
			effective(build->kafka.cluster, g.settings.compression_level,
				  "compression.level"));
	*ret_settings = g.settings;
	return 0;
}

int conf_source_topic_config(struct source_build *s)
{
	const struct conf_node *group = s->values.of[CONF_TOPIC_CONFIG].node;

	/* That of the top level was judged by the first cluster. */
	if (group == s->build->main.of[CONF_TOPIC_CONFIG].node && !s->cluster) {
		s->topic_settings = s->build->topic_settings;
		return 0;
	}
	return conf_build_topic_config(s->build, group, s->label, &s->topic_settings);
}

/* Room for one topic more. */
static int make_room(struct conf_build *build)
{
	size_t n = build->n_claims + 1;
	struct conf *conf = build->conf;
	const struct partitioner **partitioners =
		reallocarray(conf->topic_partitioners, n, sizeof *partitioners);
	struct topic_settings *settings;
	struct conf_claim *claims;

	if (!partitioners)
		return -ENOMEM;
	conf->topic_partitioners = partitioners;
	settings = reallocarray(conf->topic_settings, n, sizeof *settings);
	if (!settings)
		return -ENOMEM;
	conf->topic_settings = settings;
	claims = reallocarray(build->claims, n, sizeof *claims);
	if (!claims)
		return -ENOMEM;
	build->claims = claims;
	return 0;
}

static struct conf_place place_of(const struct source_build *s, enum conf_key key)
{
	const struct conf_node *node = s->values.of[key].node;

	return node ? node->place : s->group->place;
}

/* A later source says something else of the topic than the first one. */
static void complain(const struct source_build *s, uint32_t topic, enum conf_key key,
		     struct conf_place first)
{
	conf_problem(s->build->problems, place_of(s, key),
		     "%s%s: topic \"%s\" has another one in source \"%s\" (%s:%u); sources that "
		     "share a topic need the same",
		     s->label, conf_options()[key].name, s->build->conf->topics[topic],
		     s->build->claims[topic].source, first.file->name, first.line);
}

int conf_claim_letters(struct conf_build *build, uint32_t topic, const struct conf_letters *letters)
{
	if (topic < build->n_claims)
		return 0;
	if (make_room(build))
		return -ENOMEM;
	build->conf->topic_partitioners[topic] = partitioner_default();
	build->conf->topic_settings[topic] = (struct topic_settings){.letters = true};
	build->claims[build->n_claims++] = (struct conf_claim){"", letters->place, letters->place};
	return 0;
}

int conf_claim_topic(struct source_build *s, uint32_t topic)
{
	struct conf_build *build = s->build;
	const struct partitioner *partitioner;
	const struct topic_settings *settings;
	const struct conf_claim *claim;

	if (topic == build->n_claims) {
		if (make_room(build))
			return -ENOMEM;
		build->conf->topic_partitioners[topic] = s->partitioner;
		build->conf->topic_settings[topic] = s->topic_settings;
		build->claims[build->n_claims++] = (struct conf_claim){
			s->source->name,
			place_of(s, CONF_PARTITIONER),
			place_of(s, CONF_TOPIC_CONFIG),
		};
		return 0;
	}
	claim = &build->claims[topic];
	partitioner = build->conf->topic_partitioners[topic];
	settings = &build->conf->topic_settings[topic];
	if (partitioner && s->partitioner && !partitioner_equal(partitioner, s->partitioner))
		complain(s, topic, CONF_PARTITIONER, claim->partitioner);
	if (memcmp(settings, &s->topic_settings, sizeof *settings) != 0)
		complain(s, topic, CONF_TOPIC_CONFIG, claim->topic_config);
	return 0;
}
