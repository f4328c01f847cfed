/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The marks of both configurations are compared (settings/marks.h). A setting that is not known to
 * be of one kind is of the other: a restart in place takes any change.
 *
 * What a kafka block says may change, for its producer is disposable. Which blocks are in use may
 * not, nor what is said of topics that a producer has. Others may come.
 */
#include "change/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/output.h"

/* A setting of the top level that a running agent takes. */
static bool is_limit(enum conf_key key)
{
	switch (key) {
	case CONF_HTTP_LISTEN:
	case CONF_LOG_FORMAT:
	case CONF_SHUTDOWN_TIMEOUT:
	case CONF_CHECKPOINT_INTERVAL:
	case CONF_CERTIFICATE_WARNING:
	case CONF_DEAD_LETTER_MAX:
	case CONF_MAX_RATE:
	case CONF_CATCH_UP_RATE:
	case CONF_MAX_FILES:
	case CONF_MAX_DIRECTORIES:
	case CONF_METRICS_PER_FILE:
	case CONF_METRICS_PER_PARTITION:
	case CONF_KAFKA:
	/* Of use at a start only, or, where it counts, refused before. */
	case CONF_STATE_DAMAGED:
	case CONF_STATE_DIR:
		return true;
	default:
		return false;
	}
}

static void add_word(struct plan *plan, const char *word)
{
	size_t len = strlen(plan->what);

	if (plan->way == PLAN_NOTHING)
		plan->way = PLAN_LIMITS;
	snprintf(plan->what + len, sizeof plan->what - len, "%s%s", len ? ", " : "", word);
}

void plan_restart(struct plan *plan, const char *what)
{
	plan->way = PLAN_RESTART;
	snprintf(plan->what, sizeof plan->what, "%s", what);
}

static void because(struct plan *plan, const char *before, const char *name, const char *behind)
{
	plan->way = PLAN_RESTART;
	snprintf(plan->what, sizeof plan->what, "%s%s%s", before, name, behind);
}

static size_t find_topic(const struct conf *conf, const char *key)
{
	size_t i = 0;

	while (i < conf->n_topics && strcmp(conf->topic_keys[i], key) != 0)
		i++;
	return i;
}

static const struct topic_plan *plan_of(const struct conf *conf, size_t topic)
{
	static const struct topic_plan none;

	return conf->plans && conf->plans[topic].planned ? &conf->plans[topic] : &none;
}

static bool is_same_plan(const struct topic_plan *a, const struct topic_plan *b)
{
	if (a->planned != b->planned || a->create != b->create || a->partitions != b->partitions ||
	    a->replicas != b->replicas || a->n_config != b->n_config)
		return false;
	for (size_t i = 0; i < a->n_config; i++)
		if (strcmp(a->config[i].name, b->config[i].name) != 0 ||
		    strcmp(a->config[i].value, b->config[i].value) != 0)
			return false;
	return true;
}

/* What topics are to be, of those that there are in both. */
static bool same_plans(const struct conf *now, const struct conf *next)
{
	for (size_t i = 0; i < next->n_topics; i++) {
		size_t number = find_topic(now, next->topic_keys[i]);

		if (number < now->n_topics && !is_same_plan(plan_of(now, number), plan_of(next, i)))
			return false;
	}
	return true;
}

static void compare_main(const struct conf *now, const struct conf *next, bool state_dir_counts,
			 struct plan *plan)
{
	enum conf_key key = marks_differ(&now->marks, &next->marks, 0);

	for (; key != CONF_N_KEYS; key = marks_differ(&now->marks, &next->marks, key + 1)) {
		if (!is_limit(key) && !(key == CONF_PLANS && same_plans(now, next))) {
			because(plan, "", conf_options()[key].name, " changed");
			return;
		}
		/* Given on the command line it is what it was. */
		if (key != CONF_STATE_DIR || state_dir_counts)
			add_word(plan, conf_options()[key].name);
	}
}

/* ---- sources ---- */

size_t plan_place(const struct conf *conf, const char *name)
{
	size_t i = 0;

	while (i < conf->n_sources && strcmp(conf->sources[i].name, name) != 0)
		i++;
	return i;
}

static int make_room(const struct conf *now, const struct conf *next, struct plan *plan)
{
	size_t room = now->n_sources + next->n_sources + 1;

	plan->places = calloc(room, sizeof *plan->places);
	plan->order = calloc(room, sizeof *plan->order);
	plan->touched = calloc(room, sizeof *plan->touched);
	plan->stays = calloc(room, sizeof *plan->stays);
	plan->names = calloc(room, sizeof *plan->names);
	plan->topics = calloc(next->n_topics + 1, sizeof *plan->topics);
	plan->clusters = calloc(now->n_clusters + 1, sizeof *plan->clusters);
	return plan->places && plan->order && plan->touched && plan->stays && plan->names &&
			       plan->topics && plan->clusters ?
		       0 :
		       -ENOMEM;
}

/* Whether the n-th place to which lines go is the same cluster; it may follow from the blocks. */
static bool same_place(const struct conf *now, const struct source *a, const struct conf *next,
		       const struct source *b, unsigned n)
{
	return strcmp(now->clusters[source_cluster(a, n)].name,
		      next->clusters[source_cluster(b, n)].name) == 0;
}

static bool goes_elsewhere(const struct conf *now, const struct source *a, const struct conf *next,
			   const struct source *b)
{
	bool same = a->n_also == b->n_also &&
		    (a->letter_topic == SOURCE_NO_TOPIC) == (b->letter_topic == SOURCE_NO_TOPIC);

	for (unsigned k = 0; k <= a->n_also && same; k++)
		same = same_place(now, a, next, b, k);
	if (same && a->letter_topic != SOURCE_NO_TOPIC)
		same = strcmp(now->topic_keys[a->letter_topic],
			      next->topic_keys[b->letter_topic]) == 0;
	return !same;
}

/* The one of that index in next, of which the place is known. */
static void compare_source(const struct conf *now, const struct conf *next, size_t index,
			   struct plan *plan)
{
	const struct mark_source *source = &next->marks.sources[index];
	const struct mark_source *before = marks_find(&now->marks, source->name);
	size_t place = plan->places[index];
	bool changes =
		before && (!marks_same(before->is, source->is) ||
			   goes_elsewhere(now, &now->sources[place], next, &next->sources[index]));

	plan->come += !before;
	plan->change += changes;
	plan->touched[place] = !before || changes;
	plan->stays[place] = true;
	if (!plan->touched[place] && !marks_same(before->limits, source->limits))
		add_word(plan, source->name);
}

/* Whether those that stay come one after the other as before. */
static bool keeps_order(const struct conf *now, const struct conf *next)
{
	size_t at = 0;

	for (size_t i = 0; i < next->n_sources; i++) {
		const char *name = next->sources[i].name;
		size_t k = at;

		while (k < now->marks.n_sources && strcmp(now->marks.sources[k].name, name) != 0)
			k++;
		if (k < now->marks.n_sources)
			at = k + 1;
		else if (marks_find(&now->marks, name))
			return false;
	}
	return true;
}

static void compare_sources(const struct conf *now, const struct conf *next, struct plan *plan)
{
	size_t n = 0;

	plan->n_places = now->n_sources;
	for (size_t i = 0; i < now->n_sources; i++)
		plan->names[i] = now->sources[i].name;
	for (size_t i = 0; i < next->n_sources; i++) {
		size_t place = plan_place(now, next->sources[i].name);

		if (place == now->n_sources)
			place = plan->n_places++;
		plan->names[place] = next->sources[i].name;
		plan->places[i] = plan->order[n++] = place;
		compare_source(now, next, i, plan);
	}
	for (size_t i = 0; i < plan->n_places; i++) {
		if (plan->stays[i])
			continue;
		plan->order[n++] = i;
		plan->touched[i] = !now->sources[i].gone;
		plan->go += plan->touched[i];
	}
	if (plan->come + plan->go + plan->change || !keeps_order(now, next))
		plan->way = PLAN_SOURCES;
}

/*
 * Of the only source nothing is counted as long as it has no company, and what it has under way to
 * several clusters cannot be counted behind.
 */
static void touch_only(const struct conf *now, struct plan *plan)
{
	const struct source *only = now->sources;
	bool several = false;

	if (now->n_sources != 1 || plan->n_places == 1 || plan->touched[0])
		return;
	for (unsigned k = 1; k <= only->n_also; k++)
		several |= source_cluster(only, k) != only->cluster;
	plan->touched[0] = several;
	plan->change += several;
}

/* ---- whether the producers can go on ---- */

/* Values that stand elsewhere are looked at by who renews them. */
static void compare_clusters(const struct conf *now, const struct conf *next, struct plan *plan)
{
	bool same = now->n_clusters == next->n_clusters;

	for (size_t i = 0; i < now->n_clusters && same; i++) {
		same = strcmp(now->clusters[i].name, next->clusters[i].name) == 0;
		plan->clusters[i] =
			same && !marks_same(now->clusters[i].mark, next->clusters[i].mark);
	}
	if (!same)
		plan_restart(plan, "other kafka blocks are in use");
}

/* The longest value that a producer takes is said when it is made. */
static bool has_longer_lines(const struct conf *now, const struct conf *next)
{
	for (size_t i = 0; i < now->n_clusters; i++)
		if (conf_longest_line(next, i) > conf_longest_line(now, i))
			return true;
	return false;
}

/* Numbers those of next; who comes is put behind the others. */
static void compare_topics(const struct conf *now, const struct conf *next, struct plan *plan)
{
	plan->n_topics = now->n_topics;
	for (size_t i = 0; i < next->n_topics; i++) {
		size_t number = find_topic(now, next->topic_keys[i]);

		plan->topics[i] = (uint32_t)(number < now->n_topics ? number : plan->n_topics++);
	}
	if (plan->n_topics > now->max_topics)
		plan_restart(plan, "there is no room for so many more topics");
}

/* Its partitioner, and its settings in the producer. */
static bool is_same_topic(const struct conf *now, size_t number, const struct conf *next,
			  size_t index)
{
	const struct topic_settings *a = &now->topic_settings[number];
	const struct topic_settings *b = &next->topic_settings[index];

	return partitioner_equal(now->topic_partitioners[number],
				 next->topic_partitioners[index]) &&
	       strcmp(a->compression_type, b->compression_type) == 0 &&
	       strcmp(a->compression_level, b->compression_level) == 0 &&
	       strcmp(a->acks, b->acks) == 0;
}

/* What lines go to is as it was, or comes. */
static void compare_topics_of(const struct conf *now, const struct conf *next,
			      const struct source *source, const struct route *route,
			      struct plan *plan)
{
	size_t n;
	const uint32_t *topics = route_topics(route, &n);

	for (size_t k = 0; k < n && plan->way != PLAN_RESTART; k++) {
		size_t number = plan->topics[topics[k]];

		if (number < now->n_topics && !is_same_topic(now, number, next, topics[k]))
			because(plan, "partitioner or topic_config of source ", source->name,
				" differ");
	}
}

/* What it takes to have sources changed by an agent that goes on. */
static void check_sources(const struct conf *now, const struct conf *next, struct plan *plan)
{
	if (!now->n_sources || !next->n_sources)
		plan_restart(plan, "there were no sources, or are none");
	else if (plan->n_places > now->max_sources)
		plan_restart(plan, "there is no room for so many more sources");
	else if (now->provenance != next->provenance)
		plan_restart(plan, "provenance changed");
	else if (has_longer_lines(now, next))
		plan_restart(plan, "lines may be longer than those before");
	else
		compare_topics(now, next, plan);
	for (size_t i = 0; i < next->n_sources && plan->way != PLAN_RESTART; i++) {
		const struct source *source = &next->sources[i];

		for (unsigned k = 0; k <= source->n_also && plan->touched[plan->places[i]]; k++)
			compare_topics_of(now, next, source, source_route(source, k), plan);
	}
}

int plan_make(const struct conf *now, const struct conf *next, bool state_dir_counts,
	      struct plan *ret_plan)
{
	struct plan plan = {.way = PLAN_NOTHING};

	if (make_room(now, next, &plan)) {
		plan_deinit(&plan);
		return -ENOMEM;
	}
	compare_main(now, next, state_dir_counts, &plan);
	if (plan.way != PLAN_RESTART)
		compare_sources(now, next, &plan);
	if (plan.way != PLAN_RESTART)
		compare_clusters(now, next, &plan);
	if (plan.way == PLAN_SOURCES)
		touch_only(now, &plan);
	if (plan.way == PLAN_SOURCES)
		check_sources(now, next, &plan);
	*ret_plan = plan;
	return 0;
}

void plan_deinit(struct plan *plan)
{
	free(plan->places);
	free(plan->order);
	free(plan->touched);
	free(plan->stays);
	free(plan->names);
	free(plan->topics);
	free(plan->clusters);
	*plan = (struct plan){.way = PLAN_NOTHING};
}
