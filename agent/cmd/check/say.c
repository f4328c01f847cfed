/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every part of a check needs: to say what is well, and to find the place of a setting, so
 * that a finding can name it. The parts call this, and check.c calls the parts.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/check/check.h"
#include "cmd/wrap.h"

void check_say(const struct check *check, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	if (check->quiet)
		return;
	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return;
	/* What is told of a thing is indented below it. */
	wrap_text(stdout, text, (size_t)n, 0, strspn(text, " ") + 2);
	free(text);
}

void check_size_text(uint64_t bytes, char *ret_text, size_t len)
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1000;
		unit++;
	}
	snprintf(ret_text, len, "%.*f %s", unit ? 1 : 0, value, units[unit]);
}

const struct conf_node *check_group(const struct check *check, enum conf_key list, size_t index)
{
	const struct conf_node *node =
		conf_node_find(check->load.text.root, conf_options()[list].name);

	return node && node->kind == CONF_LIST && index < node->n_kids ? node->kids[index] : NULL;
}

struct conf_place check_place(const struct check *check, enum conf_key list, size_t index,
			      enum conf_key key)
{
	const struct conf_node *group = check_group(check, list, index);
	const struct conf_node *node =
		group ? conf_node_find(group, conf_options()[key].name) : NULL;

	return node ? node->place : group ? group->place : CHECK_NOWHERE;
}

const struct conf_node *check_block(const struct check *check, const struct cluster *cluster)
{
	const struct conf_node *kafka = conf_node_find(check->load.text.root, "kafka"), *name;

	for (size_t i = 0; kafka && kafka->kind == CONF_LIST && i < kafka->n_kids; i++) {
		name = conf_node_find(kafka->kids[i], "name");
		if (name && name->kind == CONF_TEXT && strcmp(name->text, cluster->name) == 0)
			return kafka->kids[i];
	}
	if (kafka && kafka->kind == CONF_LIST)
		return kafka->n_kids ? kafka->kids[0] : NULL;
	return kafka;
}

struct conf_place check_block_place(const struct check *check, const struct cluster *cluster,
				    const char *setting)
{
	const struct conf_node *block = check_block(check, cluster);
	const struct conf_node *node = block ? conf_node_find(block, setting) : NULL;

	return node ? node->place : block ? block->place : CHECK_NOWHERE;
}

struct conf_place check_main_place(const struct check *check, enum conf_key key)
{
	const struct conf_node *node =
		conf_node_find(check->load.text.root, conf_options()[key].name);

	return node ? node->place : CHECK_NOWHERE;
}
