/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_TREE_H
#define SETTINGS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "settings/problems.h"

/*
 * What a configuration file says, before anybody asks what it means: our own copy of libconfig's
 * tree, where each setting knows its place. A tree owns its nodes and their strings; the files
 * that the places name must outlive it.
 */

enum conf_kind {
	CONF_GROUP, /* { } */
	CONF_LIST,  /* ( ) and [ ] */
	CONF_TEXT,
	CONF_INT,
	CONF_REAL,
	CONF_BOOL,
};

struct conf_node {
	enum conf_kind kind;
	char *name; /* NULL for elements of a list and for the root */
	struct conf_place place;
	char *text;              /* CONF_TEXT */
	int64_t number;          /* CONF_INT, CONF_BOOL */
	double real;             /* CONF_REAL */
	struct conf_node **kids; /* CONF_GROUP, CONF_LIST; owned */
	size_t n_kids;
};

/* name is copied, NULL is fine. NULL when memory is out. */
struct conf_node *conf_node_new(enum conf_kind kind, const char *name, struct conf_place place);

/* The whole tree. NULL is fine. Returns NULL. */
struct conf_node *conf_node_free(struct conf_node *node);

/* Puts kid last. 0: consumed. -ENOMEM: it stays the caller's. */
int conf_node_add(struct conf_node *node, struct conf_node *kid) MUSTCHECK;

/* The setting of that name in a group, or NULL. */
struct conf_node *conf_node_find(const struct conf_node *group, const char *name);

/* The setting `name` of the first of n groups of a list in which it is this text, or NULL. */
const struct conf_node *conf_node_named(const struct conf_node *list, size_t n, const char *text);

/* A string, number or boolean as it would be written. malloc'ed, NULL when memory is out. */
char *conf_node_text(const struct conf_node *node);

/* "a string", "a list", ...: for messages. */
const char *conf_kind_name(enum conf_kind kind);

#endif
