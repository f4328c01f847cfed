/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the lines of a source go: templates for topic, key and value, and the list of topics.
 * Whoever writes the log must not be able to choose any topic of the cluster, nor make one be
 * created, so a topic template that is not constant needs a list of what it may give; the output
 * learns all topics at the start. Topics are shared by all sources and known by their index.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"
#include "parsers/names.h"

/* Kafka's own limit. */
#define TOPIC_NAME_MAX 249

const char *conf_topic_fault(const char *name, size_t len)
{
	if (len == 0)
		return "must not be empty";
	if (len > TOPIC_NAME_MAX)
		return "must not be longer than 249 characters";
	if ((len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.'))
		return "must not be \".\" or \"..\"";
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && !memchr("._-", name[i], 3))
			return "may hold letters, digits, \".\", \"_\" and \"-\" only";
	}
	return NULL;
}

int conf_intern_topic(struct conf *conf, uint32_t cluster, const char *name, size_t len,
		      uint32_t *ret_index)
{
	uint32_t *clusters;
	char **topics;

	for (size_t i = 0; i < conf->n_topics; i++) {
		if (conf->topic_clusters[i] == cluster &&
		    strncmp(conf->topics[i], name, len) == 0 && !conf->topics[i][len]) {
			*ret_index = (uint32_t)i;
			return 0;
		}
	}
	topics = reallocarray(conf->topics, conf->n_topics + 1, sizeof *topics);
	if (!topics)
		return -ENOMEM;
	conf->topics = topics;
	clusters = reallocarray(conf->topic_clusters, conf->n_topics + 1, sizeof *clusters);
	if (!clusters)
		return -ENOMEM;
	conf->topic_clusters = clusters;
	clusters[conf->n_topics] = cluster;
	topics[conf->n_topics] = strndup(name, len);
	if (!topics[conf->n_topics])
		return -ENOMEM;
	*ret_index = (uint32_t)conf->n_topics++;
	return 0;
}

/* Puts a topic at the end of the route's list. 0 or -ENOMEM; a bad name is noted and left out. */
static int add_topic(struct source_build *s, struct route_parts *parts, struct conf_place place,
		     const char *name, size_t len)
{
	const char *fault = conf_topic_fault(name, len);
	struct conf *conf = s->build->conf;
	uint32_t index;
	int r;

	if (fault) {
		conf_problem(s->build->problems, place, "%stopic \"%.*s\" %s", s->label,
			     len > TOPIC_NAME_MAX ? TOPIC_NAME_MAX : (int)len, name, fault);
		return 0;
	}
	r = conf_intern_topic(conf, s->cluster, name, len, &index);
	if (r == 0)
		r = conf_claim_topic(s, index);
	if (r)
		return r;
	parts->topic_names[parts->n_topics] = conf->topics[index];
	parts->topic_indexes[parts->n_topics++] = index;
	return 0;
}

/* Room for n topics. */
static int make_room(struct route_parts *parts, size_t n)
{
	parts->topic_names = calloc(n ? n : 1, sizeof *parts->topic_names);
	parts->topic_indexes = calloc(n ? n : 1, sizeof *parts->topic_indexes);
	return parts->topic_names && parts->topic_indexes ? 0 : -ENOMEM;
}

static int constant_topic(struct source_build *s, struct route_parts *parts)
{
	struct conf_place place = s->values.of[CONF_TOPIC].node->place;
	const struct conf_node *list = s->values.of[CONF_TOPICS].node;
	const struct conf_node *fallback = s->values.of[CONF_TOPIC_FALLBACK].node;
	struct slice name = template_text(parts->topic);

	if (list)
		conf_warning(s->build->problems, list->place,
			     "%stopics does nothing: topic is always the same", s->label);
	if (fallback)
		conf_warning(s->build->problems, fallback->place,
			     "%stopic_fallback does nothing: topic is always the same", s->label);
	return add_topic(s, parts, place, name.at, name.len);
}

/* The fallback goes to the front: that is where the route looks for it. */
static void set_fallback(struct source_build *s, struct route_parts *parts)
{
	const struct conf_value *fallback = &s->values.of[CONF_TOPIC_FALLBACK];
	const char *near;

	for (uint32_t i = 0; i < parts->n_topics; i++) {
		const char *name = parts->topic_names[i];
		uint32_t index = parts->topic_indexes[i];

		if (strcmp(name, fallback->text) != 0)
			continue;
		parts->topic_names[i] = parts->topic_names[0];
		parts->topic_indexes[i] = parts->topic_indexes[0];
		parts->topic_names[0] = name;
		parts->topic_indexes[0] = index;
		return;
	}
	near = names_nearest(fallback->text, parts->topic_names, parts->n_topics);
	conf_problem(s->build->problems, fallback->node->place,
		     "%stopic_fallback \"%s\" is not in topics%s%s%s", s->label, fallback->text,
		     near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

static int listed_topics(struct source_build *s, struct route_parts *parts)
{
	const struct conf_node *list = s->values.of[CONF_TOPICS].node;
	size_t n = list ? (list->kind == CONF_LIST ? list->n_kids : 1) : 0;

	if (n == 0 && (list || !conf_node_find(s->group, "topics")))
		conf_problem(s->build->problems, s->values.of[CONF_TOPIC].node->place,
			     "%stopic depends on what is read, so topics must list the topics that "
			     "it may give: topics = [ \"a\", \"b\" ]",
			     s->label);
	for (size_t i = 0; i < n; i++) {
		const struct conf_node *name = list->kind == CONF_LIST ? list->kids[i] : list;
		int r = add_topic(s, parts, name->place, name->text, strlen(name->text));

		if (r)
			return r;
	}
	if (n && s->values.of[CONF_TOPIC_FALLBACK].text)
		set_fallback(s, parts);
	return 0;
}

static int build_topics(struct source_build *s, struct route_parts *parts)
{
	const struct conf_node *list = s->values.of[CONF_TOPICS].node;
	int r = conf_build_template(s, "topic", &s->values.of[CONF_TOPIC], &parts->topic);

	if (r || !parts->topic)
		return r;
	conf_warn_of_time(s, "topic", &s->values.of[CONF_TOPIC], parts->topic, "one of topics");
	r = make_room(parts, list && list->kind == CONF_LIST ? list->n_kids : 1);
	if (r)
		return r;
	return template_is_constant(parts->topic) ? constant_topic(s, parts) :
						    listed_topics(s, parts);
}

static int build_parts(struct source_build *s, bool branch, struct route_parts *parts)
{
	int r = branch ? 0 : conf_build_fields(s, &parts->computed);

	if (r == 0 && !branch)
		r = conf_build_rules(s, &parts->filter);
	if (r == 0)
		r = build_topics(s, parts);
	if (r == 0)
		r = conf_build_key(s, parts);
	if (r == 0)
		r = conf_build_partition(s, parts);
	if (r == 0)
		r = conf_build_time(s, parts);
	if (r == 0)
		r = conf_build_value(s, parts);
	if (r == 0)
		r = conf_build_headers(s, &parts->headers);
	parts->provenance = s->source->provenance;
	if (s->values.of[CONF_ON_NO_MATCH].number == 1)
		parts->rules.leaves_out |= OUTCOME_BIT(OUTCOME_UNMATCHED);
	if (s->source->not_utf8 == SOURCE_BURY)
		parts->rules.refuses |= OUTCOME_BIT(OUTCOME_NOT_UTF8);
	if (conf_parser_reads_header(s))
		parts->rules.leaves_out |= OUTCOME_BIT(OUTCOME_HEADER_LINE);
	return r;
}

int conf_build_route(struct source_build *s, bool branch, struct route **ret_route)
{
	struct route_parts parts = {0};
	int r = build_parts(s, branch, &parts);

	/* A route without a topic is never needed: its error stops the load. */
	if (r == 0 && parts.topic && parts.n_topics)
		r = route_new(&parts, ret_route);
	route_parts_deinit(&parts);
	return r;
}
