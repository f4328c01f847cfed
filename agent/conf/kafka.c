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
#include "conf/build.h"
#include "login/login.h"
#include "parsers/names.h"
#include "settings/props.h"
#include "settings/secret.h"

/* How librdkafka's message begins when it does not know a name at all. */
#define UNKNOWN "No such configuration property"

/* One setting on its way to a property. */
struct setting {
	const struct conf_node *node;
	struct conf_problems *problems;
	bool idempotent; /* the producer is, by the block as a whole */
	char *name;      /* as the library calls it */
	char *value;     /* the secret itself, if it is one */
	char *reference; /* where it was fetched, or NULL */
	bool secret;
	bool no_secrets; /* a reference is not followed: the property is left out */
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

char *conf_scalar_text(const struct conf_node *node)
{
	char *text = NULL;
	int n = 0;

	if (node->kind == CONF_BOOL)
		return strdup(node->number ? "true" : "false");
	if (node->kind == CONF_TEXT)
		return strdup(node->text);
	if (node->kind == CONF_INT)
		n = asprintf(&text, "%lld", (long long)node->number);
	else
		n = asprintf(&text, "%g", node->real);
	return n < 0 ? NULL : text;
}

/* Where the value is a reference, fetches what it refers to. 0, 1 (noted, or left out), -ENOMEM. */
static int resolve(struct setting *setting)
{
	char message[512];
	int r;

	setting->secret = props_is_secret(setting->name);
	if (setting->secret)
		conf_warn_of_readers(setting->problems, setting->node);
	if (setting->node->kind != CONF_TEXT || !secret_is_reference(setting->node->text)) {
		setting->value = conf_scalar_text(setting->node);
		return setting->value ? 0 : -ENOMEM;
	}
	if (setting->no_secrets)
		return 1;
	setting->secret = true;
	setting->reference = strdup(setting->node->text);
	if (!setting->reference)
		return -ENOMEM;
	r = secret_fetch(setting->node->text, &setting->value, message, sizeof message);
	if (r != SECRET_E_UNAVAILABLE)
		return r;
	conf_problem(setting->problems, setting->node->place, "kafka.%s: %s", setting->node->name,
		     message);
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
		     "kafka.%s: librdkafka %s does not know \"%s\"%s", setting->node->name,
		     kafka_library_version(), setting->name, hint);
}

/* The library takes a list of no servers, and waits for ever. 0 or 1 (noted). */
static int ask_servers(const struct setting *setting)
{
	if (strcmp(setting->name, "bootstrap.servers") != 0 ||
	    setting->value[strspn(setting->value, " ,\t")])
		return 0;
	conf_problem(setting->problems, setting->node->place,
		     "kafka.%s names no server: \"host1:9092,host2:9092\"", setting->node->name);
	return 1;
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
			     "kafka.%s: librdkafka does not accept the value", node->name);
	else
		conf_problem(setting->problems, node->place, "kafka.%s: %.*s", node->name,
			     (int)strcspn(message, "\n"), message);
	return 1;
}

/* Reserved under the name with dots or under the one that the user wrote. 0 or 1 (noted). */
static int ask_table(const struct setting *setting)
{
	const char *reason = props_reserved(setting->name, setting->value, setting->idempotent);

	if (!reason)
		reason = props_reserved(setting->node->name, setting->value, setting->idempotent);
	if (reason)
		conf_problem(setting->problems, setting->node->place, "kafka.%s is reserved: %s",
			     setting->node->name, reason);
	return reason ? 1 : 0;
}

/* 0, 1 (noted), -ENOMEM. */
static int check(struct setting *setting)
{
	const struct conf_node *node = setting->node;
	int r;

	if (node->kind == CONF_GROUP || node->kind == CONF_LIST) {
		conf_problem(setting->problems, node->place,
			     "kafka.%s: must be a string, a number, or true or false, not %s",
			     node->name, conf_kind_name(node->kind));
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

/* Of conf/login.c. */
static bool is_for_login(const struct conf_node *node)
{
	char *name = strdup(node->name);
	bool ours;

	if (name)
		to_dots(name);
	ours = name && login_owns(name);
	free(name);
	return ours;
}

static int add_prop(struct conf_build *build, const struct conf_node *node)
{
	struct conf *conf = build->conf;
	struct setting setting = {
		.node = node,
		.problems = build->problems,
		.no_secrets = build->no_secrets,
		.idempotent = conf->idempotent,
	};
	int r = check(&setting);

	if (r == 0) {
		conf->props[conf->n_props++] =
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
static bool is_idempotent(struct conf_build *build, const struct conf_node *block)
{
	const struct conf_node *node = conf_node_find(block, "enable_idempotence");

	if (!node)
		return true;
	if (node->kind != CONF_TEXT)
		return node->number != 0;
	if (strchr(node->text, ':'))
		conf_problem(build->problems, node->place,
			     "kafka.enable_idempotence: must be true or false, written here");
	return strcasecmp(node->text, "false") != 0;
}

int conf_build_kafka(struct conf_build *build)
{
	const struct conf_node *block = build->main.of[CONF_KAFKA].node;
	int r = 0;

	if (!block) {
		/* What is installed has neither, and waits for both. */
		if (conf_node_find(build->root, "sources") && !conf_node_find(build->root, "kafka"))
			conf_problem(build->problems, build->root->place, "kafka is missing");
		return 0;
	}
	build->conf->idempotent = is_idempotent(build, block);
	/* And one that producer.c may add. */
	build->conf->props = calloc(block->n_kids + 1, sizeof *build->conf->props);
	if (!build->conf->props)
		return -ENOMEM;
	for (size_t i = 0; i < block->n_kids && r == 0; i++) {
		if (!is_for_login(block->kids[i]))
			r = add_prop(build, block->kids[i]);
	}
	if (!conf_node_find(block, "bootstrap_servers"))
		conf_problem(build->problems, block->place,
			     "kafka.bootstrap_servers is missing: \"host1:9092,host2:9092\"");
	return r;
}
