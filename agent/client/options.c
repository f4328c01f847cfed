/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties are copied for the helper, which may outlive the configuration that they came from.
 * Passwords are among them, so what is freed is overwritten first.
 */
#include "client/options.h"

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

struct topic_plan *kafka_plans_copy(const struct topic_plan *plans, size_t n)
{
	struct topic_plan *copy = calloc(n + 1, sizeof *copy);

	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = plans[i];
		copy[i].config = kafka_props_copy(plans[i].config, plans[i].n_config);
		if (!copy[i].config) {
			kafka_plans_free(copy, n);
			return NULL;
		}
	}
	return copy;
}
