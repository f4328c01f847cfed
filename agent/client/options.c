/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options are copied for the helper, which may outlive the configuration that they came from.
 * Passwords are among them, so what is freed is overwritten first. The lists of topics have their
 * room from the beginning: the helper reads them while the loop, which alone writes, puts more
 * behind those that the helper knows of.
 */
#include "client/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *kafka_prop(const struct kafka_options *options, const char *name)
{
	for (size_t i = 0; i < options->n_props; i++) {
		if (strcmp(options->props[i].name, name) == 0)
			return options->props[i].value;
	}
	return NULL;
}

const char *kafka_servers(const struct kafka_options *options)
{
	return kafka_prop(options, "bootstrap.servers");
}

void kafka_props_free(const struct prop *props, size_t n)
{
	for (size_t i = 0; props && i < n; i++) {
		free((char *)props[i].name);
		if (props[i].value)
			explicit_bzero((char *)props[i].value, strlen(props[i].value));
		free((char *)props[i].value);
	}
	free((void *)props);
}

struct prop *kafka_props_copy(const struct prop *props, size_t n)
{
	struct prop *copy = calloc(n + 1, sizeof *copy);

	for (size_t i = 0; copy && i < n; i++) {
		copy[i].name = strdup(props[i].name);
		copy[i].value = strdup(props[i].value);
		if (!copy[i].name || !copy[i].value) {
			kafka_props_free(copy, n);
			return NULL;
		}
	}
	return copy;
}

void kafka_plans_free(const struct topic_plan *plans, size_t n)
{
	for (size_t i = 0; plans && i < n; i++)
		kafka_props_free(plans[i].config, plans[i].n_config);
	free((void *)plans);
}

/* One topic behind those that the copy has. 0 or -ENOMEM. */
static int take_topic(struct kafka_options *copy, const struct kafka_options *from)
{
	size_t i = copy->n_topics;
	struct topic_plan *plan = (struct topic_plan *)&copy->plans[i];
	char *name = strdup(from->topics[i]);

	if (name && from->plans) {
		*plan = from->plans[i];
		plan->config = kafka_props_copy(plan->config, plan->n_config);
	}
	if (!name || (from->plans && !plan->config)) {
		free(name);
		return -ENOMEM;
	}
	((const char **)copy->topics)[i] = name;
	copy->n_topics++;
	return 0;
}

int kafka_options_take_topics(struct kafka_options *copy, const struct kafka_options *from)
{
	struct topic_settings *settings = (struct topic_settings *)copy->topic_settings;
	size_t before = copy->n_topics;
	int r = from->n_topics > copy->max_topics ? -ENOMEM : 0;

	while (copy->n_topics < from->n_topics && !r)
		r = take_topic(copy, from);
	for (size_t i = 0; from->topic_settings && i < copy->n_topics; i++) {
		if (i >= before)
			settings[i] = from->topic_settings[i];
		settings[i].letters = from->topic_settings[i].letters;
		settings[i].unused = from->topic_settings[i].unused;
	}
	return r;
}

int kafka_options_copy(const struct kafka_options *from, struct kafka_options *ret)
{
	*ret = *from;
	if (ret->max_topics < from->n_topics)
		ret->max_topics = from->n_topics;
	ret->login = login_ref(from->login);
	ret->n_topics = 0;
	ret->props = kafka_props_copy(from->props, from->n_props);
	ret->topics = calloc(ret->max_topics + 1, sizeof *ret->topics);
	ret->topic_settings = calloc(ret->max_topics + 1, sizeof *ret->topic_settings);
	ret->plans = calloc(ret->max_topics + 1, sizeof *ret->plans);
	if (!ret->props || !ret->topics || !ret->topic_settings || !ret->plans)
		return -ENOMEM;
	return kafka_options_take_topics(ret, from);
}

void kafka_options_deinit(struct kafka_options *o)
{
	kafka_props_free(o->props, o->n_props);
	login_unref(o->login);
	for (size_t i = 0; o->topics && i < o->n_topics; i++)
		free((char *)o->topics[i]);
	free((void *)o->topics);
	free((void *)o->topic_settings);
	kafka_plans_free(o->plans, o->n_topics);
	*o = (struct kafka_options){0};
}
