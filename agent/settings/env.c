/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Done once, on the tree, so that no reader of a setting has to know of it: a path, a broker, a
 * pattern are what they would be if they were written out. What is put in is not looked at again.
 */
#include "settings/env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK "${env:"

/* Settings whose strings are templates, here or within their groups. */
static bool is_template(const char *name)
{
	static const char *const names[] = {"topic",     "key", "value", "partition",
					    "timestamp", "by",  "from",  NULL};

	for (size_t i = 0; name && names[i]; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* Text while it is put together. */
struct expansion {
	FILE *to;
	struct conf_problems *problems;
	struct conf_place place;
};

/* at: behind MARK. Returns what is behind the reference, or NULL: it is not closed. */
static const char *expand_one(const struct expansion *x, const char *at)
{
	size_t len = strcspn(at, "}"), name_len;
	const char *dash = memmem(at, len, ":-", 2), *value;
	char name[256];

	if (!at[len])
		return NULL;
	name_len = dash ? (size_t)(dash - at) : len;
	snprintf(name, sizeof name, "%.*s", (int)name_len, at);
	value = getenv(name);
	if (value)
		fputs(value, x->to);
	else if (dash)
		fwrite(dash + 2, 1, len - name_len - 2, x->to);
	else
		conf_problem(x->problems, x->place,
			     "environment variable \"%.64s\" is not set and has no default", name);
	return at + len + 1;
}

static int expand_text(struct conf_node *node, struct conf_problems *problems)
{
	struct expansion x = {.problems = problems, .place = node->place};
	const char *at = node->text, *mark;
	char *text = NULL;
	size_t len;

	x.to = open_memstream(&text, &len);
	if (!x.to)
		return -ENOMEM;
	while (at && (mark = strstr(at, MARK))) {
		fwrite(at, 1, (size_t)(mark - at), x.to);
		at = expand_one(&x, mark + strlen(MARK));
		if (!at)
			conf_problem(problems, node->place, "\"" MARK "\" is not closed by \"}\"");
	}
	if (at)
		fputs(at, x.to);
	if (fclose(x.to)) {
		free(text);
		return -ENOMEM;
	}
	free(node->text);
	node->text = text;
	return 0;
}

int conf_expand_env(struct conf_node *root, struct conf_problems *problems)
{
	int r = 0;

	if (root->kind == CONF_TEXT)
		return strstr(root->text, MARK) ? expand_text(root, problems) : 0;
	for (size_t i = 0; i < root->n_kids && r == 0; i++) {
		if (!is_template(root->kids[i]->name))
			r = conf_expand_env(root->kids[i], problems);
	}
	return r;
}
