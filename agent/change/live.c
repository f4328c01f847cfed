/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reload brings is not copied but borrowed: a source is a handful of pointers to what was
 * compiled for it, and these may point on into anything of their configuration. So that one lives
 * for as long as a source or a kafka block of it is in its place, and with it, unused, the others
 * that came with it: there are at most as many configurations as there are sources and blocks.
 *
 * A block that says the same stays the one that it was, for its login knows the tokens in use.
 *
 * The place of a source is never another's, so whoever counts by its number, or keeps its name
 * (messages, dead letters), need not be told. A configuration that goes through more names than
 * there is room for is a matter for a restart.
 */
#include "change/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "change/live_topics.h"

struct live {
	struct conf conf;     /* first */
	struct conf *base;    /* the one of the start */
	struct conf *says;    /* the one that was taken last: limits and marks */
	struct conf **owners; /* of the source at each place */
	struct conf **blocks; /* of what each cluster's kafka block says; NULL: base */
	size_t max;           /* places */
	struct live_topics topics;
};

static struct live *of(struct conf *conf)
{
	return (struct live *)conf;
}

static struct conf *live_free(struct conf *conf)
{
	struct live *live = of(conf);

	for (size_t i = 0; live->owners && i < conf->n_sources; i++)
		conf_unref(live->owners[i]);
	/* Names and rules are here for good. */
	for (size_t i = 0; conf->sources && i < conf->n_sources; i++)
		free(conf->sources[i].name);
	for (size_t i = 0; conf->rules && i < conf->n_rules; i++)
		free(conf->rules[i]);
	free(conf->rules);
	free(conf->sources);
	free(conf->patterns);
	free(live->owners);
	for (size_t i = 0; live->blocks && i < conf->n_clusters; i++)
		conf_unref(live->blocks[i]);
	free(live->blocks);
	live_topics_deinit(&live->topics, conf);
	conf_unref(live->says);
	conf_unref(live->base);
	free(live);
	return NULL;
}

/* Puts a source of `owner` into a place that has its name. */
static void put(struct live *live, size_t place, struct conf *owner, size_t index)
{
	struct source *source = &live->conf.sources[place];
	char *name = source->name;
	struct conf *before = live->owners[place];

	*source = owner->sources[index];
	source->name = name;
	live->conf.patterns[place] = owner->patterns[index];
	live->owners[place] = conf_ref(owner);
	conf_unref(before);
}

static int add_rule(struct conf *conf, const char *name, uint32_t *ret_number)
{
	char **grown;

	for (size_t i = 0; i < conf->n_rules; i++) {
		*ret_number = (uint32_t)i;
		if (strcmp(conf->rules[i], name) == 0)
			return 0;
	}
	grown = reallocarray(conf->rules, conf->n_rules + 1, sizeof *grown);
	if (!grown)
		return -ENOMEM;
	conf->rules = grown;
	grown[conf->n_rules] = strdup(name);
	if (!grown[conf->n_rules])
		return -ENOMEM;
	*ret_number = (uint32_t)conf->n_rules++;
	return 0;
}

static int fill(struct live *live)
{
	struct conf *conf = &live->conf, *base = live->base;
	uint32_t number;

	conf->sources = calloc(live->max, sizeof *conf->sources);
	conf->patterns = calloc(live->max, sizeof *conf->patterns);
	live->owners = calloc(live->max, sizeof(struct conf *));
	live->blocks = calloc(base->n_clusters + 1, sizeof(struct conf *));
	if (!conf->sources || !conf->patterns || !live->owners || !live->blocks)
		return -ENOMEM;
	for (conf->n_sources = 0; conf->n_sources < base->n_sources; conf->n_sources++) {
		conf->sources[conf->n_sources].name = strdup(base->sources[conf->n_sources].name);
		if (!conf->sources[conf->n_sources].name)
			return -ENOMEM;
		put(live, conf->n_sources, base, conf->n_sources);
	}
	for (size_t i = 0; i < base->n_rules; i++)
		if (add_rule(conf, base->rules[i], &number))
			return -ENOMEM;
	return 0;
}

struct conf *live_new(struct conf *base)
{
	struct live *live = calloc(1, sizeof *live);
	int r;

	if (!live)
		return NULL;
	live->conf = *base;
	live->conf.refs = 1;
	live->conf.free = live_free;
	live->conf.sources = NULL;
	live->conf.patterns = NULL;
	live->conf.rules = NULL;
	live->conf.n_sources = live->conf.n_rules = 0;
	live->base = conf_ref(base);
	live->says = conf_ref(base);
	live->conf.max_sources = live->max = base->n_sources + SOURCES_SPARE;
	r = live_topics_init(&live->topics, &live->conf, base);
	if (!r)
		r = fill(live);
	return r ? conf_unref(&live->conf) : &live->conf;
}

/* ---- limits ---- */

static void take_limits_of(struct source *source, const struct source *next)
{
	source->start_at = next->start_at;
	source->ignore_older_ms = next->ignore_older_ms;
	source->rotate_wait_ms = next->rotate_wait_ms;
	source->dead_letter_max = next->dead_letter_max;
	source->drops_oldest_letter = next->drops_oldest_letter;
	source->max_files = next->max_files;
	source->max_directories = next->max_directories;
	source->max_rate = next->max_rate;
}

/* Both have the same ones, by the plan. */
static void take_block(struct live *live, struct conf *next, size_t index)
{
	struct cluster *cluster = &live->conf.clusters[index];
	const struct cluster *from = &next->clusters[index];
	struct conf *before = live->blocks[index];

	if (marks_same(cluster->mark, from->mark))
		return;
	cluster->props = from->props;
	cluster->n_props = from->n_props;
	cluster->login = from->login;
	cluster->idempotent = from->idempotent;
	cluster->mark = from->mark;
	live->blocks[index] = conf_ref(next);
	conf_unref(before);
}

void live_take_limits(struct conf *live, struct conf *next)
{
	struct conf *before = of(live)->says;

	of(live)->says = conf_ref(next);
	live->marks = next->marks;
	live->http_listen = next->http_listen;
	live->log_format = next->log_format;
	live->shutdown_timeout_ms = next->shutdown_timeout_ms;
	live->checkpoint_interval_ms = next->checkpoint_interval_ms;
	live->certificate_warning_ms = next->certificate_warning_ms;
	live->dead_letter_max = next->dead_letter_max;
	live->max_rate = next->max_rate;
	live->catch_up_rate = next->catch_up_rate;
	live->max_files = next->max_files;
	live->max_directories = next->max_directories;
	live->metrics_per_file = next->metrics_per_file;
	live->metrics_per_partition = next->metrics_per_partition;
	live->state_damaged = next->state_damaged;
	for (size_t i = 0; i < live->n_clusters; i++)
		take_block(of(live), next, i);
	for (size_t i = 0; i < next->n_sources; i++) {
		size_t place = plan_place(live, next->sources[i].name);

		if (place < live->n_sources)
			take_limits_of(&live->sources[place], &next->sources[i]);
	}
	conf_unref(before);
}

/* ---- sources ---- */

static void renumber_source(struct source *source, const uint32_t *topics, const uint32_t *rules)
{
	for (unsigned k = 0; k <= source->n_also; k++)
		route_renumber(source_route(source, k), topics, rules);
	if (source->letter_topic != SOURCE_NO_TOPIC)
		source->letter_topic = topics[source->letter_topic];
}

/* What next calls its topics and rules by, in numbers of live. */
static int renumber(struct live *live, struct conf *next, const struct plan *plan)
{
	uint32_t *rules = calloc(next->n_rules + 1, sizeof *rules);
	int r = rules ? 0 : -ENOMEM;

	for (size_t i = 0; i < next->n_rules && !r; i++)
		r = add_rule(&live->conf, next->rules[i], &rules[i]);
	for (size_t i = 0; i < next->n_sources && !r; i++)
		if (plan->touched[plan->places[i]])
			renumber_source(&next->sources[i], plan->topics, rules);
	free(rules);
	return r;
}

int live_take_sources(struct conf *conf, struct conf *next, const struct plan *plan)
{
	struct live *live = of(conf);
	int r = live_topics_take(&live->topics, conf, next, plan);

	if (!r)
		r = renumber(live, next, plan);
	for (; conf->n_sources < plan->n_places && !r; conf->n_sources++) {
		conf->sources[conf->n_sources].name = strdup(plan->names[conf->n_sources]);
		r = conf->sources[conf->n_sources].name ? 0 : -ENOMEM;
	}
	if (r)
		return r;
	for (size_t i = 0; i < conf->n_sources; i++)
		conf->sources[i].gone |= plan->touched[i] && !plan->stays[i];
	for (size_t i = 0; i < next->n_sources; i++)
		if (plan->touched[plan->places[i]])
			put(live, plan->places[i], next, i);
	live_topics_see_use(conf);
	live_take_limits(conf, next);
	return 0;
}
