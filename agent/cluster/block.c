/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kafka block: any property of librdkafka, each asked of the library itself, so there is no
 * list of ours that could be out of date. A libconfig name cannot hold a dot, so underscores stand
 * for them; the few properties with real underscores (log_level) are found by trying both. Values
 * that are secret, or came from a secret place, are in no message: librdkafka's words would quote
 * them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/library.h"
#include "cluster/build.h"
#include "login/login.h"
#include "parsers/names.h"
#include "settings/marks.h"
#include "settings/props.h"
#include "settings/secret.h"

/* How librdkafka's message begins when it does not know a name at all. */
#define UNKNOWN "No such configuration property"

/* One setting on its way to a property. */
struct setting {
	const struct conf_node *node;
	const struct cluster_build *build;
	struct conf_problems *problems;
	const char *label; /* of the block */
	char *name;        /* as the library calls it */
	char *value;       /* the secret itself, if it is one */
	char *reference;   /* where it was fetched, or NULL */
	bool secret;
};

static void setting_deinit(struct setting *setting)
{
	free(setting->name);
	secret_free(setting->value);
	free(setting->reference);
}

static void to_dots(char *name)
{
	for (; *name; name++) {
		if (*name == '_')
			*name = '.';
	}
}

void cluster_warn_of_readers(const struct cluster_build *build, const struct conf_node *node)
{
	const char *path;

	if (node->kind != CONF_TEXT || !secret_is_exposed(node->text, node->place.file->name))
		return;
	/* With what takes the right away; the file may be another one than that of the settings. */
	path = secret_is_reference(node->text) ? strchr(node->text, ':') + 1 :
						 node->place.file->name;
	conf_warning(build->problems, node->place,
		     "%s.%s stands in a file that every user of this machine can read: chgrp "
		     "waybill %s && chmod 640 %s",
		     build->cluster->label, node->name, path, path);
}

/* Where the value is a reference, fetches what it refers to. 0, 1 (noted, or left out), -ENOMEM. */
static int resolve(struct setting *setting)
{
	char message[512];
	int r;

	setting->secret = props_is_secret(setting->name);
	if (setting->secret)
		cluster_warn_of_readers(setting->build, setting->node);
	if (setting->node->kind != CONF_TEXT || !secret_is_reference(setting->node->text)) {
		setting->value = conf_node_text(setting->node);
		return setting->value ? 0 : -ENOMEM;
	}
	if (setting->build->no_secrets)
		return 1;
	setting->secret = true;
	setting->reference = strdup(setting->node->text);
	if (!setting->reference)
		return -ENOMEM;
	r = secret_fetch(setting->node->text, &setting->value, message, sizeof message);
	if (r != SECRET_E_UNAVAILABLE)
		return r;
	conf_problem(setting->problems, setting->node->place, "%s.%s: %s", setting->label,
		     setting->node->name, message);
	return 1;
}

static void complain_unknown(const struct setting *setting)
{
	size_t n;
	const char *const *common = props_common(&n);
	const char *near = names_nearest(setting->name, common, n);
	char hint[96] = "";

	if (near)
		snprintf(hint, sizeof hint, " (did you mean \"%s\"?)", near);
	for (char *at = hint; near && *at; at++) {
		if (*at == '.')
			*at = '_';
	}
	conf_problem(setting->problems, setting->node->place,
		     "%s.%s: librdkafka %s does not know \"%s\"%s", setting->label,
		     setting->node->name, kafka_library_version(), setting->name, hint);
}

/* What is wrong with one server of the list, or NULL. */
static const char *wrong_server(struct slice server)
{
	static const char *const protocols[] = {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};
	const char *scheme = memmem(server.at, server.len, "://", 3);

	if (memchr(server.at, '$', server.len))
		return "a variable of the environment is ${env:NAME}";
	for (size_t i = 0; i < server.len; i++) {
		if (strchr(" \t\n;", server.at[i]))
			return "servers are parted by commas";
	}
	for (size_t i = 0; scheme && i < ARRAY_LEN(protocols); i++) {
		size_t len = strlen(protocols[i]);

		if ((size_t)(scheme - server.at) == len &&
		    strncasecmp(server.at, protocols[i], len) == 0)
			return NULL;
	}
	return scheme ? "a server has no \"://\"" : NULL;
}

/* The library takes what names no server, or one that cannot be, and waits for ever. 0 or 1. */
static int ask_servers(const struct setting *setting)
{
	const char *at = setting->value, *wrong = NULL;
	size_t n = 0;

	if (strcmp(setting->name, "bootstrap.servers") != 0)
		return 0;
	while (!wrong && *(at += strspn(at, " ,\t\n"))) {
		struct slice server = {at, strcspn(at, ",")};

		at += server.len;
		while (strchr(" \t\n", server.at[server.len - 1]))
			server.len--;
		wrong = wrong_server(server);
		n++;
	}
	if (!n)
		wrong = "it names no server";
	if (wrong)
		conf_problem(setting->problems, setting->node->place,
			     "%s.%s: %s: write \"host1:9092,host2:9092\"", setting->label,
			     setting->node->name, wrong);
	return wrong ? 1 : 0;
}

/* Asks the library; tries the name with its underscores when dots are unknown. 0 or 1 (noted). */
static int ask_library(struct setting *setting)
{
	const struct conf_node *node = setting->node;
	char message[512], other[512];

	if (kafka_try_prop(setting->name, setting->value, message, sizeof message) == 0)
		return 0;
	if (strncmp(message, UNKNOWN, strlen(UNKNOWN)) == 0) {
		int r = kafka_try_prop(node->name, setting->value, other, sizeof other);

		if (r && strncmp(other, UNKNOWN, strlen(UNKNOWN)) == 0) {
			complain_unknown(setting);
			return 1;
		}
		strcpy(setting->name, node->name);
		if (r == 0)
			return 0;
		memcpy(message, other, sizeof message);
	}
	if (setting->secret)
		conf_problem(setting->problems, node->place,
			     "%s.%s: librdkafka does not accept the value", setting->label,
			     node->name);
	else
		conf_problem(setting->problems, node->place, "%s.%s: %.*s", setting->label,
			     node->name, (int)strcspn(message, "\n"), message);
	return 1;
}

/* Reserved under the name with dots or under the one that the user wrote. 0 or 1 (noted). */
static int ask_table(const struct setting *setting)
{
	const char *reason =
		props_reserved(setting->name, setting->value, setting->build->cluster->idempotent);

	if (!reason)
		reason = props_reserved(setting->node->name, setting->value,
					setting->build->cluster->idempotent);
	if (reason)
		conf_problem(setting->problems, setting->node->place, "%s.%s is reserved: %s",
			     setting->label, setting->node->name, reason);
	return reason ? 1 : 0;
}

/* 0, 1 (noted), -ENOMEM. */
static int check(struct setting *setting)
{
	const struct conf_node *node = setting->node;
	int r;

	if (node->kind == CONF_GROUP || node->kind == CONF_LIST) {
		conf_problem(setting->problems, node->place,
			     "%s.%s: must be a string, a number, or true or false, not %s%s",
			     setting->label, node->name, conf_kind_name(node->kind),
			     strcmp(node->name, "bootstrap_servers") == 0 ?
				     ": write \"host1:9092,host2:9092\"" :
				     "");
		return 1;
	}
	setting->name = strdup(node->name);
	if (!setting->name)
		return -ENOMEM;
	to_dots(setting->name);
	r = resolve(setting);
	if (r == 0)
		r = ask_table(setting);
	if (r == 0)
		r = ask_servers(setting);
	return r ? r : ask_library(setting);
}

/* The name, or of login.c. */
static bool is_ours(const struct conf_node *node)
{
	char *name = strdup(node->name);
	bool ours;

	if (name)
		to_dots(name);
	ours = name && (login_owns(name) || strcmp(name, "name") == 0);
	free(name);
	return ours;
}

static int add_prop(const struct cluster_build *build, const struct conf_node *node)
{
	struct cluster *cluster = build->cluster;
	struct setting setting = {
		.node = node,
		.build = build,
		.problems = build->problems,
		.label = cluster->label,
	};
	int r = check(&setting);

	if (r == 0) {
		cluster->props[cluster->n_props++] =
			(struct prop){setting.name, setting.value, setting.reference};
		return 0;
	}
	setting_deinit(&setting);
	return r < 0 ? r : 0;
}

/*
 * Before the others are read: what may be set depends on it. So it is written out, where a reader
 * of the configuration sees what is given up, and not fetched from somewhere else.
 */
static bool is_idempotent(const struct cluster_build *build, const struct conf_node *block)
{
	const struct conf_node *node = conf_node_find(block, "enable_idempotence");

	if (!node)
		return true;
	if (node->kind != CONF_TEXT)
		return node->number != 0;
	if (strchr(node->text, ':'))
		conf_problem(build->problems, node->place,
			     "%s.enable_idempotence: must be true or false, written here",
			     build->cluster->label);
	return strcasecmp(node->text, "false") != 0;
}

int cluster_build_block(const struct cluster_build *build)
{
	const struct conf_node *block = build->block;
	struct cluster *cluster = build->cluster;
	int r = marks_of_group(block, &cluster->mark);

	cluster->idempotent = is_idempotent(build, block);
	/* And one that producer.c may add. */
	cluster->props = calloc(block->n_kids + 1, sizeof *cluster->props);
	if (!cluster->props)
		r = -ENOMEM;
	for (size_t i = 0; i < block->n_kids && r == 0; i++) {
		if (!is_ours(block->kids[i]))
			r = add_prop(build, block->kids[i]);
	}
	if (!conf_node_find(block, "bootstrap_servers"))
		conf_problem(build->problems, block->place,
			     "%s.bootstrap_servers is missing: \"host1:9092,host2:9092\"",
			     cluster->label);
	return r;
}
