/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A producer reads the files that its properties name when it is made, and what a reference refers
 * to was fetched with the configuration. Both may be replaced by who rotates certificates and
 * passwords, who knows nothing of us: so the files are watched. That a secret was replaced between
 * the reading of the configuration and the first look at its file is found by fetching it again.
 */
#include "cluster/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "login/login.h"
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
static int open_token(const struct cluster *cluster, struct cluster_watch *watch)
{
	const char *path = cluster->login ? login_file(cluster->login) : NULL;
	int r = path ? renewal_new(&watch->token) : 0;

	return path && r == 0 ? renewal_add(watch->token, "oauth.token.file", path) : r;
}

int cluster_watch_open(const struct cluster *cluster, struct cluster_watch *ret_watch)
{
	struct cluster_watch *watch = ret_watch;
	int r;

	*watch = (struct cluster_watch){.due = false};
	r = open_token(cluster, watch);
	for (size_t i = 0; i < cluster->n_props && r == 0; i++) {
		char *path = file_of(&cluster->props[i]);

		if (path && !watch->files)
			r = renewal_new(&watch->files);
		if (path && r == 0)
			r = renewal_add(watch->files, cluster->props[i].name, path);
		free(path);
		watch->due |= is_outdated(&cluster->props[i]);
	}
	return r;
}

void cluster_watch_close(struct cluster_watch *watch)
{
	renewal_free(watch->files);
	renewal_free(watch->token);
	*watch = (struct cluster_watch){.due = false};
}

bool cluster_watch_look(struct cluster_watch *watch, const struct cluster *cluster, uint64_t now_us,
			char *ret_what, size_t len)
{
	bool due = watch->due;

	if (due)
		snprintf(ret_what, len, "files of the %s block", cluster->label);
	watch->due = false;
	return due || (watch->files && renewal_look(watch->files, now_us, ret_what, len));
}

/* One property, with what it refers to now. */
static int fetch(const struct cluster *cluster, const struct prop *from, struct prop *to,
		 char *ret_message, size_t len)
{
	char why[512], *value = NULL;
	int r = 0;

	if (from->reference)
		r = secret_fetch(from->reference, &value, why, sizeof why);
	else
		value = strdup(from->value);
	if (r > 0) {
		snprintf(ret_message, len, "%s.%s: %s", cluster->label, from->name, why);
		return CLUSTER_E_UNAVAILABLE;
	}
	to->name = strdup(from->name);
	to->value = value;
	return r < 0 || (to->name && value) ? r : -ENOMEM;
}

int cluster_fetch(const struct cluster *cluster, struct prop **ret_props, char *ret_message,
		  size_t len)
{
	struct prop *props = calloc(cluster->n_props + 1, sizeof *props);
	int r = props ? 0 : -ENOMEM;

	for (size_t i = 0; i < cluster->n_props && r == 0; i++)
		r = fetch(cluster, &cluster->props[i], &props[i], ret_message, len);
	if (r) {
		kafka_props_free(props, cluster->n_props);
		return r;
	}
	*ret_props = props;
	return 0;
}
