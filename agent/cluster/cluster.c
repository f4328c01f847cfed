/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever was half-built of it is freed here too, so a builder just stops. */
#include "cluster/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "settings/secret.h"

const char *cluster_value(const struct cluster *cluster, const char *name)
{
	for (size_t i = 0; i < cluster->n_props; i++) {
		if (strcmp(cluster->props[i].name, name) == 0)
			return cluster->props[i].value;
	}
	return NULL;
}

void cluster_deinit(struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->n_props; i++) {
		free((char *)cluster->props[i].name);
		secret_free((char *)cluster->props[i].value);
		free((char *)cluster->props[i].reference);
	}
	free(cluster->props);
	login_unref(cluster->login);
	free(cluster->numbers);
	free(cluster->topics);
	free(cluster->partitioners);
	free(cluster->topic_settings);
	free(cluster->plans);
	free(cluster->name);
	free(cluster->label);
	*cluster = (struct cluster){0};
}
