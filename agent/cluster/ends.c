/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file or a reference holds may be newer than the configuration, and its password too: so
 * both are fetched when somebody wants to know, and never kept.
 */
#include "cluster/ends.h"

#include <string.h>

#include "settings/secret.h"

/* What the property is now. 0: *ret_value is for secret_free, NULL: it is prop->value itself. */
static int fetch(const struct prop *prop, char **ret_value)
{
	char message[512];

	return prop->reference ? secret_fetch(prop->reference, ret_value, message, sizeof message) :
				 0;
}

static const struct prop *find(const struct cluster *cluster, const char *name)
{
	for (size_t i = 0; i < cluster->n_props; i++) {
		if (strcmp(cluster->props[i].name, name) == 0)
			return &cluster->props[i];
	}
	return NULL;
}

/* 0; EXPIRY_E_NONE or another that is above 0: there is nothing to tell; -ENOMEM. */
static int read_one(const struct prop *prop, const struct prop *password, struct expiry *ret_expiry)
{
	char *value = NULL, *secret = NULL;
	int r = fetch(prop, &value);

	if (r == 0 && password)
		r = fetch(password, &secret);
	if (r == 0)
		r = expiry_read(prop->name, value ? value : prop->value,
				secret   ? secret :
				password ? password->value :
					   NULL,
				ret_expiry);
	secret_free(value);
	secret_free(secret);
	return r;
}

int cluster_ends_read(const struct cluster *cluster, struct cluster_ends *ret_ends)
{
	const struct prop *password = find(cluster, EXPIRY_PASSWORD);
	struct cluster_ends ends = {0};

	for (size_t i = 0; i < cluster->n_props && ends.n < EXPIRY_SETTINGS; i++) {
		const struct prop *prop = &cluster->props[i];
		bool keystore = strcmp(prop->name, EXPIRY_KEYSTORE) == 0;
		int r = read_one(prop, keystore ? password : NULL, &ends.at[ends.n]);

		if (r < 0)
			return r;
		ends.n += r == 0;
	}
	*ret_ends = ends;
	return 0;
}
