/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of what libconfig read, and not libconfig's own tree, for three reasons: the trees of
 * several files must become one, the meaning is worked out in files that do not know libconfig,
 * and tests can build trees by hand. Arrays and lists are one kind here: people confuse [ ] and
 * ( ), and nothing is gained by punishing them.
 */
#include "settings/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct conf_node *conf_node_new(enum conf_kind kind, const char *name, struct conf_place place)
{
	struct conf_node *node = calloc(1, sizeof *node);

	if (!node)
		return NULL;
	node->kind = kind;
	node->place = place;
	if (name) {
		node->name = strdup(name);
		if (!node->name)
			return conf_node_free(node);
	}
	return node;
}

struct conf_node *conf_node_free(struct conf_node *node)
{
	if (!node)
		return NULL;
	for (size_t i = 0; i < node->n_kids; i++)
		conf_node_free(node->kids[i]);
	free(node->kids);
	free(node->name);
	free(node->text);
	free(node);
	return NULL;
}

int conf_node_add(struct conf_node *node, struct conf_node *kid)
{
	/* Room for 1, 2, 4, 8, ...: it is full exactly when the count is zero or a power of two. */
	if ((node->n_kids & (node->n_kids - 1)) == 0) {
		size_t room = node->n_kids ? 2 * node->n_kids : 1;
		struct conf_node **kids = reallocarray(node->kids, room, sizeof *kids);

		if (!kids)
			return -ENOMEM;
		node->kids = kids;
	}
	node->kids[node->n_kids++] = kid;
	return 0;
}

struct conf_node *conf_node_find(const struct conf_node *group, const char *name)
{
	for (size_t i = 0; i < group->n_kids; i++) {
		if (group->kids[i]->name && strcmp(group->kids[i]->name, name) == 0)
			return group->kids[i];
	}
	return NULL;
}

const struct conf_node *conf_node_named(const struct conf_node *list, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		const struct conf_node *name = conf_node_find(list->kids[i], "name");

		if (name && name->kind == CONF_TEXT && strcmp(name->text, text) == 0)
			return name;
	}
	return NULL;
}

const char *conf_kind_name(enum conf_kind kind)
{
	static const char *const names[] = {
		[CONF_GROUP] = "a group { }", [CONF_LIST] = "a list",
		[CONF_TEXT] = "a string",     [CONF_INT] = "a number",
		[CONF_REAL] = "a fraction",   [CONF_BOOL] = "true or false",
	};

	return names[kind];
}

char *conf_node_text(const struct conf_node *node)
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
