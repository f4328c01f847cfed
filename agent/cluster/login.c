/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of the kafka block by which waybill itself fetches a token for SASL/OAUTHBEARER
 * (login/). They are kept as they are written: a reference is followed when a token is fetched, so
 * that what was replaced meanwhile counts. Here it is followed once, for the word of warning.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cluster/build.h"
#include "login/login.h"
#include "settings/secret.h"

#define SETTINGS_MAX 128

struct collected {
	struct login_setting at[SETTINGS_MAX];
	size_t n;
	struct conf_place place; /* of the first */
};

static void collected_deinit(struct collected *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free((char *)c->at[i].name);
		secret_free((char *)c->at[i].text);
	}
}

/* With dots; malloc'ed. */
static char *dotted(const char *name)
{
	char *copy = strdup(name);

	for (char *at = copy; at && *at; at++) {
		if (*at == '_')
			*at = '.';
	}
	return copy;
}

static void check_secret(const struct cluster_build *build, const struct conf_node *node,
			 const char *text)
{
	char message[512], *value;

	if (build->no_secrets || !secret_is_reference(text))
		return;
	if (secret_fetch(text, &value, message, sizeof message))
		conf_problem(build->problems, node->place, "%s.%s: %s", build->cluster->label,
			     node->name, message);
	else
		secret_free(value);
}

/* A client's secret goes to the token endpoint as it is. */
static void check_endpoint(const struct cluster_build *build, const struct login_setting *setting,
			   struct conf_place place)
{
	static const char *const near[] = {"http://127.", "http://localhost", "http://[::1]"};

	if (strcmp(setting->name, "sasl.oauthbearer.token.endpoint.url") != 0 ||
	    strncmp(setting->text, "http://", 7) != 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(near); i++) {
		if (strncmp(setting->text, near[i], strlen(near[i])) == 0)
			return;
	}
	conf_warning(build->problems, place,
		     "%s.sasl_oauthbearer_token_endpoint_url: by http:// whoever listens has "
		     "the client's secret and the token: https://...",
		     build->cluster->label);
}

/* One value of the setting `node`. 0 or -ENOMEM. */
static int add(const struct cluster_build *build, const struct conf_node *node,
	       const struct conf_node *value, struct collected *c)
{
	struct login_setting *to = &c->at[c->n];

	if (c->n == SETTINGS_MAX || value->kind == CONF_GROUP || value->kind == CONF_LIST) {
		conf_problem(build->problems, value->place, "%s.%s: must be a string",
			     build->cluster->label, node->name);
		return 0;
	}
	to->name = dotted(node->name);
	to->text = conf_node_text(value);
	if (!c->n++)
		c->place = node->place;
	if (!to->name || !to->text)
		return -ENOMEM;
	if (login_is_secret(to->name))
		cluster_warn_of_readers(build, node);
	check_secret(build, node, to->text);
	check_endpoint(build, to, node->place);
	return 0;
}

/* 0, also for a setting that is not ours, or -ENOMEM. */
static int collect(const struct cluster_build *build, const struct conf_node *node,
		   struct collected *c)
{
	char *name = dotted(node->name);
	bool ours = name && login_owns(name), list = name && login_is_list(name);
	int r = name ? 0 : -ENOMEM;

	free(name);
	if (r || !ours)
		return r;
	if (!list || node->kind != CONF_LIST)
		return add(build, node, node, c);
	for (size_t i = 0; i < node->n_kids && r == 0; i++)
		r = add(build, node, node->kids[i], c);
	return r;
}

/* A token that nobody fetches, and one that nobody wants. */
static void check_mechanism(const struct cluster_build *build, const struct collected *c)
{
	const struct conf_node *block = build->block;
	const char *label = build->cluster->label;
	const char *mechanism = cluster_value(build->cluster, "sasl.mechanism");
	const char *unsecured =
		cluster_value(build->cluster, "enable.sasl.oauthbearer.unsecure.jwt");

	if (!mechanism)
		mechanism = cluster_value(build->cluster, "sasl.mechanisms");
	if (mechanism && strcasecmp(mechanism, "AWS_MSK_IAM") == 0)
		conf_problem(build->problems, block->place,
			     "%s.sasl_mechanism = \"AWS_MSK_IAM\" is what Java calls it: set "
			     "sasl_mechanism = \"OAUTHBEARER\" and sasl_oauthbearer_method = "
			     "\"aws_msk_iam\"",
			     label);
	else if (build->cluster->login && (!mechanism || strcasecmp(mechanism, "OAUTHBEARER") != 0))
		conf_problem(build->problems, c->place,
			     "%s: a token is for sasl_mechanism = \"OAUTHBEARER\" only", label);
	else if (!build->cluster->login && mechanism && strcasecmp(mechanism, "OAUTHBEARER") == 0 &&
		 !(unsecured && strcasecmp(unsecured, "true") == 0))
		conf_problem(build->problems, block->place,
			     "%s.sasl_mechanism = \"OAUTHBEARER\" needs a token: set "
			     "oauth_token_file, oauth_token_command or sasl_oauthbearer_method",
			     label);
}

int cluster_build_login(const struct cluster_build *build)
{
	const struct conf_node *block = build->block;
	struct collected c = {0};
	char message[256];
	int r = 0;

	for (size_t i = 0; block && i < block->n_kids && r == 0; i++)
		r = collect(build, block->kids[i], &c);
	if (r == 0)
		r = login_new(c.at, c.n, message, sizeof message, &build->cluster->login);
	if (r == LOGIN_E_INVALID)
		conf_problem(build->problems, c.place, "%s: %s", build->cluster->label, message);
	else if (r == 0 && block)
		check_mechanism(build, &c);
	if (r == 0 && block)
		cluster_check_protocol(build);
	collected_deinit(&c);
	return r < 0 ? r : 0;
}
