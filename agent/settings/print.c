/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration as its reader understood it. The option table is walked, not the user's file, so
 * a default that is not printed would be an option without a row. Values are printed as they were
 * written ("16MiB" stays "16MiB"): the reader checks them against his file. What a source inherits
 * from the top level is printed in the source, since that is where it has its effect.
 *
 * A pattern_file is named by its whole path, for the text that is printed may be stored anywhere.
 */
#include "settings/print.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "settings/options.h"
#include "settings/props.h"
#include "settings/read.h"
#include "settings/secret.h"

#define MASK "***"

struct printer {
	FILE *to;
	const struct conf_node *root;
	const char *state_dir; /* instead of that of the files, or NULL */
};

/*
 * The escapes that libconfig knows, but "\xHH", of which a load warns; other bytes stand as they
 * are.
 */
static void print_text(FILE *to, const char *text)
{
	static const char plain[] = "\"\\\n\r\t\f", letters[] = "\"\\nrtf";

	fputc('"', to);
	for (; *text; text++) {
		const char *special = strchr(plain, *text);

		if (special)
			fprintf(to, "\\%c", letters[special - plain]);
		else
			fputc(*text, to);
	}
	fputc('"', to);
}

/* libconfig knows a real by its point, and an integer of more than 32 bits by its L. */
static void print_scalar(FILE *to, const struct conf_node *node)
{
	if (node->kind == CONF_TEXT)
		print_text(to, node->text);
	else if (node->kind == CONF_BOOL)
		fputs(node->number ? "true" : "false", to);
	else if (node->kind == CONF_INT)
		fprintf(to, "%" PRId64 "%s", node->number,
			node->number > INT32_MAX || node->number < INT32_MIN ? "L" : "");
	else
		fprintf(to, "%#.17g", node->real);
}

/* A string, or a list of strings. */
static void print_value(FILE *to, const struct conf_node *node)
{
	if (node->kind != CONF_LIST) {
		print_scalar(to, node);
		return;
	}
	fputs("[ ", to);
	for (size_t i = 0; i < node->n_kids; i++) {
		print_scalar(to, node->kids[i]);
		fputs(i + 1 < node->n_kids ? ", " : " ", to);
	}
	fputc(']', to);
}

static void print_path(FILE *to, const struct conf_node *node)
{
	char *path = conf_path_beside(node->place.file->name, node->text), whole[PATH_MAX];

	print_text(to, path && realpath(path, whole) ? whole : node->text);
	free(path);
}

static void print_default(FILE *to, const struct conf_option *option)
{
	if (option->type == CONF_T_INT || option->type == CONF_T_BOOL)
		fputs(option->written, to);
	else
		print_text(to, option->written);
}

static bool is_masked(const struct conf_node *property)
{
	char *name = strdup(property->name);
	bool secret;

	for (char *at = name; at && *at; at++) {
		if (*at == '_')
			*at = '.';
	}
	/* Rather mask too much than print a secret for want of memory. */
	secret = !name || props_is_secret(name) || props_is_secret(property->name);
	free(name);
	return secret && !(property->kind == CONF_TEXT && secret_is_reference(property->text));
}

/* librdkafka's properties of a group. */
static void print_properties(const struct printer *p, const struct conf_node *block, int indent)
{
	for (size_t i = 0; i < block->n_kids; i++) {
		const struct conf_node *property = block->kids[i];

		fprintf(p->to, "%*s%s = ", indent + 2, "", property->name);
		if (is_masked(property))
			print_text(p->to, MASK);
		else
			print_value(p->to, property);
		fputs(";\n", p->to);
	}
}

/* A group of them, or a list of groups. */
static void print_blocks(const struct printer *p, const struct conf_node *node, int indent)
{
	if (node->kind == CONF_GROUP) {
		fprintf(p->to, "%s = {\n", node->name);
		print_properties(p, node, indent);
		fprintf(p->to, "%*s};\n", indent, "");
		return;
	}
	fprintf(p->to, "%s = (\n", node->name);
	for (size_t i = 0; i < node->n_kids; i++) {
		fprintf(p->to, "%*s{\n", indent + 2, "");
		print_properties(p, node->kids[i], indent + 2);
		fprintf(p->to, "%*s}%s\n", indent + 2, "", i + 1 < node->n_kids ? "," : "");
	}
	fprintf(p->to, "%*s);\n", indent, "");
}

static void print_group(const struct printer *p, const struct conf_node *group, unsigned where,
			int indent);

/* What the groups of a list are. */
static unsigned kind_of_list(enum conf_key key)
{
	return key == CONF_PARSERS      ? CONF_IN_PARSER :
	       key == CONF_SOURCES      ? CONF_IN_SOURCE :
	       key == CONF_JSON         ? CONF_IN_JSON :
	       key == CONF_RULES        ? CONF_IN_RULE :
	       key == CONF_FIELDS       ? CONF_IN_FIELD :
	       key == CONF_REDACT       ? CONF_IN_REDACT :
	       key == CONF_SOURCE_RULES ? CONF_IN_FILTER :
	       key == CONF_PLANS        ? CONF_IN_TOPIC :
					  CONF_IN_HEADER;
}

static void print_list(const struct printer *p, enum conf_key key, const struct conf_node *list,
		       int indent)
{
	fprintf(p->to, "%s = (\n", conf_options()[key].name);
	for (size_t i = 0; i < list->n_kids; i++) {
		fprintf(p->to, "%*s{\n", indent + 2, "");
		print_group(p, list->kids[i], kind_of_list(key), indent + 4);
		fprintf(p->to, "%*s}%s\n", indent + 2, "", i + 1 < list->n_kids ? "," : "");
	}
	fprintf(p->to, "%*s);\n", indent, "");
}

/*
 * Where the setting of a group stands: in it, for some of a source at the top; NULL: nowhere. Rules
 * of redact are added to those at the top, not put in their place, so a source shows its own.
 */
static const struct conf_node *find_setting(const struct printer *p, const struct conf_node *group,
					    const struct conf_option *option)
{
	const struct conf_node *own = conf_node_find(group, option->name);

	if (own || !(option->where & CONF_IN_MAIN) || !(option->where & CONF_IN_SOURCE) ||
	    option == &conf_options()[CONF_REDACT])
		return own;
	return conf_node_find(p->root, option->name);
}

/*
 * Some settings say nothing in a source without another one, and are warned of when they are
 * written there; their defaults are not printed then.
 */
static bool is_idle(enum conf_key key, const struct conf_node *group, unsigned where)
{
	static const struct {
		enum conf_key key;
		const char *needs;
	} table[] = {
		{CONF_ON_NO_MATCH, "parser"},
		{CONF_KEY_TYPE, "key"},
		{CONF_ON_MISSING_KEY, "key"},
		{CONF_TIMESTAMP_FORMAT, "timestamp"},
		{CONF_TIMESTAMP_ZONE, "timestamp"},
		{CONF_TIMESTAMP_ZONES, "timestamp"},
		{CONF_TIMESTAMP_LANGUAGE, "timestamp"},
		{CONF_TIMESTAMP_MAX_PAST, "timestamp"},
		{CONF_TIMESTAMP_MAX_FUTURE, "timestamp"},
		{CONF_ON_BAD_TIMESTAMP, "timestamp"},
		{CONF_ON_BAD_PARTITION, "partition"},
	};

	for (size_t i = 0; where == CONF_IN_SOURCE && i < ARRAY_LEN(table); i++) {
		if (table[i].key == key)
			return !conf_node_find(group, table[i].needs) &&
			       !conf_node_find(group, conf_options()[key].name);
	}
	return false;
}

static void print_setting(const struct printer *p, const struct conf_node *group, enum conf_key key,
			  unsigned where, int indent)
{
	const struct conf_option *option = &conf_options()[key];
	const struct conf_node *node = find_setting(p, group, option);

	if ((!node && !option->written) || is_idle(key, group, where))
		return;
	fprintf(p->to, "%*s", indent, "");
	if (node && (key == CONF_KAFKA || key == CONF_TOPIC_CONFIG || key == CONF_PLAN_CONFIG)) {
		print_blocks(p, node, indent);
		return;
	}
	if (node && (key == CONF_PARTITIONER || key == CONF_MULTILINE)) {
		fprintf(p->to, "%s = {\n", option->name);
		print_group(p, node,
			    key == CONF_PARTITIONER ? CONF_IN_PARTITIONER : CONF_IN_MULTILINE,
			    indent + 2);
		fprintf(p->to, "%*s};\n", indent, "");
		return;
	}
	if (node && option->type == CONF_T_LIST && node->kind == CONF_LIST) {
		print_list(p, key, node, indent);
		return;
	}
	fprintf(p->to, "%s = ", option->name);
	if (key == CONF_STATE_DIR && p->state_dir)
		print_text(p->to, p->state_dir);
	else if (!node)
		print_default(p->to, option);
	else if (key == CONF_PATTERN_FILE || key == CONF_MACROS_FILE)
		print_path(p->to, node);
	else
		print_value(p->to, node);
	fputs(";\n", p->to);
}

static void print_group(const struct printer *p, const struct conf_node *group, unsigned where,
			int indent)
{
	for (size_t key = 0; key < CONF_N_KEYS; key++) {
		if (conf_options()[key].where & where)
			print_setting(p, group, (enum conf_key)key, where, indent);
	}
}

void conf_print(const struct conf_node *root, const char *state_dir, FILE *to)
{
	struct printer p = {to, root, state_dir};

	print_group(&p, root, CONF_IN_MAIN, 0);
}
