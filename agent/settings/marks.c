/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings are written out in one form (numbers as numbers, members of groups by name, what is
 * one thing as one however it is put into a list), and that text is hashed: so it is compared what
 * is said, without keeping it.
 *
 * A source has what it says, what the top level says where it may say it, too, and the parsers that
 * it names, with the files that these name: whoever changes a parser changes the sources that have
 * it. The host's name is in there as well, for it is in what they send.
 *
 * Rejected: to compare what was built. Patterns and templates are compiled, by a library of which
 * nothing can be asked back.
 */
#include "settings/marks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings/problems.h"
#include "settings/read.h"

static const struct hash128 nothing;

bool marks_same(struct hash128 a, struct hash128 b)
{
	return a.low == b.low && a.high == b.high;
}

bool marks_is_limit(enum conf_key key)
{
	switch (key) {
	case CONF_SOURCE_DEAD_LETTER_MAX:
	case CONF_DEAD_LETTER_FULL:
	case CONF_SOURCE_MAX_RATE:
	case CONF_SOURCE_MAX_FILES:
	case CONF_SOURCE_MAX_DIRECTORIES:
	case CONF_START_AT:
	case CONF_IGNORE_OLDER:
	case CONF_ROTATE_WAIT:
		return true;
	default:
		return false;
	}
}

static int by_name(const void *a, const void *b)
{
	const struct conf_node *const *one = a, *const *other = b;

	return strcmp((*one)->name, (*other)->name);
}

static void write_node(FILE *to, const struct conf_node *node);

static void write_group(FILE *to, const struct conf_node *group)
{
	struct conf_node **kids = calloc(group->n_kids + 1, sizeof(struct conf_node *));

	/* Without memory they stand as they are: then a change is seen where there is none. */
	if (kids && group->n_kids) {
		memcpy(kids, group->kids, group->n_kids * sizeof(struct conf_node *));
		qsort(kids, group->n_kids, sizeof(struct conf_node *), by_name);
	}
	fputc('{', to);
	for (size_t i = 0; i < group->n_kids; i++) {
		const struct conf_node *kid = kids ? kids[i] : group->kids[i];

		fprintf(to, "%s=", kid->name);
		write_node(to, kid);
	}
	fputc('}', to);
	free(kids);
}

static void write_text(FILE *to, const char *text)
{
	fprintf(to, "%zu\"%s;", text ? strlen(text) : 0, text ? text : "");
}

/* What a pattern_file or macros_file holds; one that is not there was told by who needs it. */
static void write_file(FILE *to, const struct conf_node *node)
{
	char *path = conf_path_beside(node->place.file->name, node->text), *text = NULL;
	size_t len;

	if (path && conf_read(path, CONF_FILE_MAX, &text, &len) == 0)
		write_text(to, text);
	free(text);
	free(path);
}

static bool names_file(const struct conf_node *node)
{
	const struct conf_option *options = conf_options();

	return node->name && node->place.file &&
	       (strcmp(node->name, options[CONF_PATTERN_FILE].name) == 0 ||
		strcmp(node->name, options[CONF_MACROS_FILE].name) == 0);
}

static void write_node(FILE *to, const struct conf_node *node)
{
	switch (node->kind) {
	case CONF_GROUP:
		write_group(to, node);
		return;
	case CONF_LIST:
		/* One thing in a list is the thing. */
		if (node->n_kids != 1)
			fprintf(to, "(%zu ", node->n_kids);
		for (size_t i = 0; i < node->n_kids; i++)
			write_node(to, node->kids[i]);
		return;
	case CONF_TEXT:
		write_text(to, node->text);
		if (names_file(node))
			write_file(to, node);
		return;
	case CONF_REAL:
		fprintf(to, "r%.17g;", node->real);
		return;
	case CONF_INT:
	case CONF_BOOL:
		fprintf(to, "%c%" PRId64 ";", node->kind == CONF_BOOL ? 'b' : 'i', node->number);
		return;
	}
}

static void write_value(FILE *to, enum conf_key key, const struct conf_value *value)
{
	fprintf(to, "%d ", (int)key);
	switch (conf_options()[key].type) {
	case CONF_T_SIZE:
	case CONF_T_RATE:
	case CONF_T_TIME:
	case CONF_T_INT:
	case CONF_T_BOOL:
	case CONF_T_WORD:
		/* Not set is not zero: a source without a limit of its own has that of all. */
		fprintf(to, "%d%" PRIu64 ";", value->node || conf_options()[key].written,
			value->number);
		return;
	case CONF_T_TEXT:
		write_text(to, value->text);
		return;
	default:
		if (value->node)
			write_node(to, value->node);
	}
}

/* A text that grows, and its hash. */
struct writing {
	FILE *to;
	char *text;
	size_t len;
};

static int begin(struct writing *w)
{
	w->to = open_memstream(&w->text, &w->len);
	return w->to ? 0 : -ENOMEM;
}

static int end(struct writing *w, struct hash128 *ret_hash)
{
	int r = fclose(w->to) ? -ENOMEM : 0;

	if (!r)
		*ret_hash = hash_bytes128(w->text, w->len);
	free(w->text);
	return r;
}

int marks_of_group(const struct conf_node *group, struct hash128 *ret_mark)
{
	struct writing w;
	int r = begin(&w);

	if (r)
		return r;
	if (group)
		write_node(w.to, group);
	return end(&w, ret_mark);
}

/* ---- the top level ---- */

/* What a source may say, too, is in its own mark. */
static bool is_of_main(enum conf_key key)
{
	unsigned where = conf_options()[key].where;

	return (where & CONF_IN_MAIN) && !(where & CONF_IN_SOURCE) && key != CONF_SOURCES &&
	       key != CONF_PARSERS;
}

static int mark_main(const struct conf_values *values, struct marks *marks)
{
	int r = 0;

	for (int key = 0; key < CONF_N_KEYS && !r; key++) {
		struct writing w;

		if (!is_of_main(key))
			continue;
		r = begin(&w);
		if (r)
			break;
		write_value(w.to, key, &values->of[key]);
		r = end(&w, &marks->of[key]);
	}
	return r;
}

/* ---- sources ---- */

static void write_parser(FILE *to, const struct conf_node *parsers, const struct conf_node *name)
{
	for (size_t i = 0; parsers && i < parsers->n_kids; i++) {
		const struct conf_node *own = conf_node_find(parsers->kids[i], "name");

		if (own && own->kind == CONF_TEXT && strcmp(own->text, name->text) == 0)
			write_node(to, parsers->kids[i]);
	}
}

static void write_parsers(FILE *to, const struct conf_node *parsers, const struct conf_node *names)
{
	if (!names)
		return;
	if (names->kind == CONF_TEXT)
		write_parser(to, parsers, names);
	for (size_t i = 0; i < names->n_kids; i++)
		write_parser(to, parsers, names->kids[i]);
}

static void write_host(FILE *to)
{
	char host[256] = "";

	(void)!gethostname(host, sizeof host - 1);
	write_text(to, host);
}

static int hash_source(const struct conf_values *main, const struct conf_values *values,
		       bool limits, struct hash128 *ret_hash)
{
	struct writing w;
	int r = begin(&w);

	if (r)
		return r;
	for (int key = 0; key < CONF_N_KEYS; key++)
		if ((conf_options()[key].where & CONF_IN_SOURCE) && marks_is_limit(key) == limits)
			write_value(w.to, key, &values->of[key]);
	if (!limits) {
		write_parsers(w.to, main->of[CONF_PARSERS].node, values->of[CONF_PARSER].node);
		/* Those of the top level go before its own, and not instead. */
		write_value(w.to, CONF_REDACT, &main->of[CONF_REDACT]);
		write_host(w.to);
	}
	return end(&w, ret_hash);
}

static int mark_source(const struct conf_values *main, const struct conf_node *group,
		       struct mark_source *source)
{
	struct conf_problems problems = CONF_PROBLEMS_NULL;
	struct conf_values values = *main;
	int r;

	conf_values_read(&values, group, CONF_IN_SOURCE, "", &problems);
	conf_problems_deinit(&problems);
	source->name = strdup(values.of[CONF_NAME].text ? values.of[CONF_NAME].text : "");
	if (!source->name)
		return -ENOMEM;
	r = hash_source(main, &values, false, &source->is);
	return r ? r : hash_source(main, &values, true, &source->limits);
}

int marks_of(const struct conf_node *root, struct marks *ret_marks)
{
	struct conf_problems problems = CONF_PROBLEMS_NULL;
	struct marks marks = {.n_sources = 0};
	struct conf_values main;
	const struct conf_node *list;
	int r;

	conf_values_init(&main);
	conf_values_read(&main, root, CONF_IN_MAIN, "", &problems);
	conf_problems_deinit(&problems);
	list = main.of[CONF_SOURCES].node;
	marks.sources = calloc((list ? list->n_kids : 0) + 1, sizeof *marks.sources);
	r = marks.sources ? mark_main(&main, &marks) : -ENOMEM;
	for (size_t i = 0; list && i < list->n_kids && !r; i++)
		r = mark_source(&main, list->kids[i], &marks.sources[marks.n_sources++]);
	if (r) {
		marks_deinit(&marks);
		return r;
	}
	*ret_marks = marks;
	return 0;
}

void marks_deinit(struct marks *marks)
{
	for (size_t i = 0; i < marks->n_sources; i++)
		free(marks->sources[i].name);
	free(marks->sources);
	*marks = (struct marks){.of = {nothing}};
}

/* ---- compared ---- */

enum conf_key marks_differ(const struct marks *a, const struct marks *b, size_t from)
{
	while (from < CONF_N_KEYS && marks_same(a->of[from], b->of[from]))
		from++;
	return (enum conf_key)from;
}

const struct mark_source *marks_find(const struct marks *marks, const char *name)
{
	for (size_t i = 0; i < marks->n_sources; i++) {
		if (strcmp(marks->sources[i].name, name) == 0)
			return &marks->sources[i];
	}
	return NULL;
}
