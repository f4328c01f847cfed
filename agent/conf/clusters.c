/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kafka blocks: one without a name, as most have it, or a list of those of several clusters,
 * each with one. Sources name theirs, and a topic is told apart by its cluster and its name; what
 * knows topics by their index alone has no idea of clusters.
 *
 * One that no source uses is not kept: nobody would look at a connection that nothing needs.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"
#include "conf/output.h"
#include "parsers/names.h"

/* A name stands before a topic's in the state and in messages: "CLUSTER/TOPIC". */
#define NAME_MAX_LEN 64

static const struct conf_node *kafka_of(const struct conf_build *build)
{
	return build->main.of[CONF_KAFKA].node;
}

/* The block of the cluster of that index; NULL: there is none. */
static const struct conf_node *block_at(const struct conf_build *build, size_t index)
{
	const struct conf_node *kafka = kafka_of(build);

	if (!kafka || kafka->kind == CONF_GROUP)
		return kafka;
	return index < kafka->n_kids ? kafka->kids[index] : NULL;
}

static void enter(struct conf_build *build, size_t index)
{
	build->kafka = (struct cluster_build){
		.block = block_at(build, index),
		.cluster = &build->conf->clusters[index],
		.problems = build->problems,
		.no_secrets = build->no_secrets,
	};
}

static bool is_name(const char *name)
{
	for (const char *at = name; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr("._-", *at))
			return false;
	}
	return strlen(name) <= NAME_MAX_LEN;
}

/* The name that the block has, or "" where it has none, or a wrong one, which is noted. */
static const char *name_of(struct conf_build *build, size_t index)
{
	const struct conf_node *kafka = kafka_of(build), *block = block_at(build, index);
	const struct conf_node *name = block ? conf_node_find(block, "name") : NULL;

	if (!name && block && kafka->n_kids > 1 && kafka->kind == CONF_LIST)
		conf_problem(build->problems, block->place,
			     "kafka: of several blocks each needs a name: name = \"...\"");
	if (!name)
		return "";
	if (name->kind == CONF_TEXT && *name->text && is_name(name->text))
		return name->text;
	conf_problem(build->problems, name->place,
		     "kafka.name: must be a string of up to %d letters, digits, \".\", \"_\" and "
		     "\"-\"",
		     NAME_MAX_LEN);
	return "";
}

static int name_cluster(struct conf_build *build, size_t index)
{
	const struct conf_node *kafka = kafka_of(build);
	struct cluster *cluster = build->kafka.cluster;

	cluster->name = strdup(name_of(build, index));
	if (!cluster->name)
		return -ENOMEM;
	if (asprintf(&cluster->label, *cluster->name ? "kafka \"%s\"" : "kafka", cluster->name) < 0)
		cluster->label = NULL;
	if (!cluster->label)
		return -ENOMEM;
	if (*cluster->name && kafka->kind == CONF_LIST)
		conf_check_name(build, kafka, index, "cluster");
	return 0;
}

int conf_build_clusters(struct conf_build *build)
{
	const struct conf_node *kafka = kafka_of(build);
	size_t n = kafka && kafka->kind == CONF_LIST && kafka->n_kids ? kafka->n_kids : 1;
	struct conf *conf = build->conf;
	int r = 0;

	/* What is installed has neither, and waits for both. */
	if (conf_node_find(build->root, "sources") && !conf_node_find(build->root, "kafka"))
		conf_problem(build->problems, build->root->place,
			     "kafka is missing: kafka: { bootstrap_servers = "
			     "\"host1:9092,host2:9092\"; };");
	if (kafka && !block_at(build, 0))
		conf_problem(build->problems, kafka->place, "kafka is empty");
	conf->clusters = calloc(n, sizeof *conf->clusters);
	if (!conf->clusters)
		return -ENOMEM;
	for (conf->n_clusters = 0; conf->n_clusters < n && r == 0;) {
		enter(build, conf->n_clusters++);
		r = name_cluster(build, conf->n_clusters - 1);
		if (r == 0 && build->kafka.block)
			r = cluster_build_block(&build->kafka);
	}
	/* What sources inherit is judged by it. */
	enter(build, 0);
	return r;
}

/* "there are "a", "b"" and a likely one. */
static void complain_unknown(const struct conf_build *build, const struct conf_value *value,
			     const char *label)
{
	const struct conf *conf = build->conf;
	const char **names = calloc(conf->n_clusters, sizeof *names), *near = NULL;
	char list[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < conf->n_clusters && len < sizeof list; i++) {
		if (*conf->clusters[i].name)
			len += (size_t)snprintf(list + len, sizeof list - len, "%s\"%s\"",
						len ? ", " : "", conf->clusters[i].name);
	}
	for (size_t i = 0; names && i < conf->n_clusters; i++)
		names[i] = conf->clusters[i].name;
	if (names)
		near = names_nearest(value->text, names, conf->n_clusters);
	if (conf->n_clusters == 1 && !*conf->clusters[0].name)
		conf_problem(build->problems, value->node->place,
			     "%scluster: the kafka block has no name, so no source can name it: "
			     "leave it out, or give that name = \"%s\"",
			     label, value->text);
	else
		conf_problem(build->problems, value->node->place,
			     "%scluster: there is no kafka block \"%s\", only %s%s%s%s", label,
			     value->text, list, near ? " (did you mean \"" : "", near ? near : "",
			     near ? "\"?)" : "");
	free(names);
}

uint32_t conf_find_cluster(struct conf_build *build, const struct conf_value *value,
			   const char *label)
{
	const struct conf *conf = build->conf;
	uint32_t i = 0;

	while (value->text && i < conf->n_clusters &&
	       strcmp(conf->clusters[i].name, value->text) != 0)
		i++;
	/* Where the blocks themselves are wrong nobody can tell. */
	if (i == conf->n_clusters && block_at(build, 0))
		complain_unknown(build, value, label);
	if (i == conf->n_clusters)
		i = 0;
	enter(build, i);
	return i;
}

static void renumber(struct source *source, const uint32_t *numbers)
{
	source->cluster = numbers[source->cluster];
	for (unsigned k = 0; k < source->n_also; k++)
		source->also[k].cluster = numbers[source->also[k].cluster];
}

/* Leaves out the clusters that are not `used`, the first apart when none is. */
static void drop_unused(struct conf *conf, const bool *used, uint32_t *numbers)
{
	uint32_t n = 0;

	for (size_t i = 0; i < conf->n_clusters; i++) {
		numbers[i] = n;
		if (!used[i])
			cluster_deinit(&conf->clusters[i]);
		else
			conf->clusters[n++] = conf->clusters[i];
	}
	conf->n_clusters = n;
	for (size_t i = 0; i < conf->n_sources; i++)
		renumber(&conf->sources[i], numbers);
	for (size_t i = 0; i < conf->n_topics; i++)
		conf->topic_clusters[i] = numbers[conf->topic_clusters[i]];
}

static int leave_out_unused(struct conf_build *build)
{
	struct conf *conf = build->conf;
	bool *used = calloc(conf->n_clusters, sizeof *used);
	uint32_t *numbers = calloc(conf->n_clusters, sizeof *numbers);

	if (!used || !numbers) {
		free(used);
		free(numbers);
		return -ENOMEM;
	}
	used[0] = !conf->n_sources;
	for (size_t i = 0; i < conf->n_sources; i++) {
		for (unsigned k = 0; k <= conf->sources[i].n_also; k++)
			used[source_cluster(&conf->sources[i], k)] = true;
	}
	for (size_t i = 0; i < conf->n_clusters && conf->n_clusters > 1; i++) {
		if (!used[i] && conf->n_sources && *conf->clusters[i].name)
			conf_warning(build->problems, block_at(build, i)->place,
				     "%s: no source uses it, so nobody connects to it",
				     conf->clusters[i].label);
	}
	drop_unused(conf, used, numbers);
	free(used);
	free(numbers);
	return 0;
}

static int make_keys(struct conf *conf)
{
	conf->topic_keys = calloc(conf->n_topics + 1, sizeof *conf->topic_keys);
	conf->cluster_names = calloc(conf->n_topics + 1, sizeof *conf->cluster_names);
	if (!conf->topic_keys || !conf->cluster_names)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_topics; i++) {
		const char *cluster = conf->clusters[conf->topic_clusters[i]].name;
		const char *slash = *cluster ? "/" : "";

		conf->cluster_names[i] = cluster;
		if (asprintf(&conf->topic_keys[i], "%s%s%s", cluster, slash, conf->topics[i]) < 0) {
			conf->topic_keys[i] = NULL;
			return -ENOMEM;
		}
	}
	return 0;
}

/* Its part of what the conf has of topics. */
static int take_topics(struct conf *conf, uint32_t index)
{
	struct cluster *cluster = &conf->clusters[index];
	size_t room = conf->n_topics + 1;

	cluster->numbers = calloc(room, sizeof *cluster->numbers);
	cluster->topics = calloc(room, sizeof *cluster->topics);
	cluster->partitioners = calloc(room, sizeof *cluster->partitioners);
	cluster->topic_settings = calloc(room, sizeof *cluster->topic_settings);
	cluster->plans = conf->plans ? calloc(room, sizeof *cluster->plans) : NULL;
	if (!cluster->numbers || !cluster->topics || !cluster->partitioners ||
	    !cluster->topic_settings || (conf->plans && !cluster->plans))
		return -ENOMEM;
	for (uint32_t i = 0; i < conf->n_topics; i++) {
		if (conf->topic_clusters[i] != index)
			continue;
		cluster->numbers[cluster->n_topics] = i;
		cluster->topics[cluster->n_topics] = conf->topics[i];
		cluster->partitioners[cluster->n_topics] = conf->topic_partitioners[i];
		if (conf->plans)
			cluster->plans[cluster->n_topics] = conf->plans[i];
		cluster->topic_settings[cluster->n_topics++] = conf->topic_settings[i];
	}
	return 0;
}

int conf_finish_clusters(struct conf_build *build)
{
	struct conf *conf = build->conf;
	int r = 0;

	for (size_t i = 0; i < conf->n_clusters && r == 0; i++) {
		enter(build, i);
		if (build->kafka.block)
			r = cluster_build_login(&build->kafka);
		if (build->kafka.block && r == 0)
			r = cluster_build_producer(&build->kafka, conf_longest_line(conf, i));
	}
	if (r == 0)
		r = leave_out_unused(build);
	if (r == 0)
		r = make_keys(conf);
	for (uint32_t i = 0; i < conf->n_clusters && r == 0; i++)
		r = take_topics(conf, i);
	return r;
}
