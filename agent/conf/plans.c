/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics of the top level: what they are to be. Sources name the topics that there are, so a
 * plan of another one is only warned of. A topic is told apart by its cluster, and so is its plan.
 * Names and values of the settings are the brokers' matter: each version of them knows others, and
 * says so when the topic is made.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

static int add_setting(struct conf_build *build, struct topic_plan *plan,
		       const struct conf_node *node, const char *label)
{
	char *name, *value;

	if (node->kind == CONF_GROUP || node->kind == CONF_LIST) {
		conf_problem(build->problems, node->place,
			     "%sconfig: %s: must be a string, a number, or true or false, not %s",
			     label, node->name, conf_kind_name(node->kind));
		return 0;
	}
	name = strdup(node->name);
	value = conf_node_text(node);
	if (!name || !value) {
		free(name);
		free(value);
		return -ENOMEM;
	}
	for (char *at = name; *at; at++)
		*at = *at == '_' ? '.' : *at;
	plan->config[plan->n_config++] = (struct prop){.name = name, .value = value};
	return 0;
}

static int add_settings(struct conf_build *build, struct topic_plan *plan,
			const struct conf_node *group, const char *label)
{
	int r = 0;

	plan->config = calloc((group ? group->n_kids : 0) + 1, sizeof *plan->config);
	if (!plan->config)
		return -ENOMEM;
	for (size_t i = 0; group && i < group->n_kids && r == 0; i++)
		r = add_setting(build, plan, group->kids[i], label);
	return r;
}

/* The index of the cluster's topic of that name; n_topics: no source sends to it. */
static size_t topic_of(const struct conf *conf, uint32_t cluster, const char *name)
{
	size_t i = 0;

	while (i < conf->n_topics &&
	       (conf->topic_clusters[i] != cluster || strcmp(conf->topics[i], name) != 0))
		i++;
	return i;
}

/* Whether it names a cluster that is not there: that was noted, and no other judges its topic. */
static bool is_nowhere(const struct conf *conf, uint32_t cluster, const struct conf_node *group)
{
	const struct conf_node *name = conf_node_find(group, "cluster");

	return name &&
	       (name->kind != CONF_TEXT || strcmp(conf->clusters[cluster].name, name->text) != 0);
}

static int32_t number_of(const struct conf_value *value)
{
	return value->node ? (int32_t)value->number : -1;
}

/* names: of each topic that has a plan already, the name there. */
static int build_plan(struct conf_build *build, const struct conf_node *list, size_t index,
		      const struct conf_node **names)
{
	const struct conf_node *group = list->kids[index];
	struct conf_values values;
	const struct conf_value *of = values.of, *name = &of[CONF_NAME];
	struct topic_plan *plan;
	uint32_t cluster;
	size_t topic;
	char label[96];

	conf_values_init(&values);
	conf_label(list, index, "topic", label, sizeof label);
	conf_values_read(&values, group, CONF_IN_TOPIC, label, build->problems);
	cluster = conf_find_cluster(build, &of[CONF_CLUSTER], label);
	if (!name->text || is_nowhere(build->conf, cluster, group))
		return 0;
	topic = topic_of(build->conf, cluster, name->text);
	if (topic == build->conf->n_topics) {
		conf_warning(build->problems, group->place,
			     "%sno source sends to it%s%s, so it is left alone", label,
			     build->conf->n_clusters > 1 ? " in " : "",
			     build->conf->n_clusters > 1 ? build->kafka.cluster->label : "");
		return 0;
	}
	if (names[topic]) {
		conf_problem(build->problems, name->node->place,
			     "%sit is there a second time; the first is at %s:%u", label,
			     names[topic]->place.file->name, names[topic]->place.line);
		return 0;
	}
	names[topic] = name->node;
	plan = &build->conf->plans[topic];
	plan->planned = true;
	plan->create = of[CONF_PLAN_CREATE].number != 0;
	plan->partitions = number_of(&of[CONF_PLAN_PARTITIONS]);
	plan->replicas = number_of(&of[CONF_PLAN_REPLICATION]);
	return add_settings(build, plan, of[CONF_PLAN_CONFIG].node, label);
}

int conf_build_plans(struct conf_build *build)
{
	const struct conf_node *list = build->main.of[CONF_PLANS].node;
	const struct conf_node **names;
	int r = 0;

	if (!list)
		return 0;
	names = calloc(build->conf->n_topics + 1, sizeof *names);
	build->conf->plans = calloc(build->conf->n_topics + 1, sizeof *build->conf->plans);
	if (!build->conf->plans || !names)
		r = -ENOMEM;
	for (size_t i = 0; i < list->n_kids && r == 0; i++)
		r = build_plan(build, list, i, names);
	free(names);
	return r;
}
