/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One source: its names, path patterns, parser and reading rules; where its lines go is built in
 * route.c. A source starts from the values of the top level, which are its defaults. Path
 * patterns are compiled here only to find what is wrong with them; input/discover compiles them
 * again for itself, which costs nothing and leaves struct conf free of its types.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/glob.h"
#include "conf/build.h"
#include "settings/read.h"

/* Checks one pattern. 0, 1 with a message, -ENOMEM. */
typedef int check_pattern(const char *text, char *message, size_t len);

static int check_path(const char *text, char *message, size_t len)
{
	struct glob *glob = NULL;
	int r = glob_compile(text, &glob, message, len);

	/* It would be "{NAME}" behind a dollar sign, and match nothing. */
	if (r == 0 && strstr(text, "${")) {
		snprintf(message, len,
			 "a variable of the environment is ${env:NAME}, and a field has no place "
			 "in \"%s\"",
			 text);
		r = 1;
	}
	glob_free(glob);
	return r;
}

static int check_exclude(const char *text, char *message, size_t len)
{
	struct exclude *exclude = NULL;
	int r = exclude_compile(text, &exclude, message, len);

	exclude_free(exclude);
	return r;
}

static size_t n_texts(const struct conf_node *node)
{
	return node->kind == CONF_LIST ? node->n_kids : 1;
}

static const struct conf_node *text_at(const struct conf_node *node, size_t index)
{
	return node->kind == CONF_LIST ? node->kids[index] : node;
}

/* Copies a string or a list of strings, checking each. node == NULL: an empty array. */
static int copy_patterns(struct source_build *s, enum conf_key key, check_pattern *check,
			 char ***ret_texts)
{
	const struct conf_node *node = s->values.of[key].node;
	size_t n = node ? n_texts(node) : 0;
	char **texts = calloc(n + 1, sizeof *texts), message[512];

	if (!texts)
		return -ENOMEM;
	*ret_texts = texts;
	for (size_t i = 0; i < n; i++) {
		const struct conf_node *text = text_at(node, i);
		int r = check(text->text, message, sizeof message);

		if (r < 0)
			return r;
		if (r)
			conf_problem(s->build->problems, text->place, "%s%s: %s", s->label,
				     conf_options()[key].name, message);
		texts[i] = strdup(text->text);
		if (!texts[i])
			return -ENOMEM;
	}
	return 0;
}

static int build_paths(struct source_build *s)
{
	const struct conf_node *paths = s->values.of[CONF_PATHS].node;
	int r = copy_patterns(s, CONF_PATHS, check_path, &s->patterns->paths);

	if (r)
		return r;
	if (paths && n_texts(paths) == 0)
		conf_problem(s->build->problems, paths->place, "%spaths is empty", s->label);
	r = copy_patterns(s, CONF_EXCLUDE, check_exclude, &s->patterns->exclude);
	if (!r)
		r = copy_patterns(s, CONF_ROTATED, check_path, &s->patterns->rotated);
	s->source->rotated = s->patterns->rotated;
	s->source->links = (enum reach_links)s->values.of[CONF_FOLLOW_LINKS].number;
	s->source->compressed = s->values.of[CONF_COMPRESSED].number != 0;
	return r;
}

static void set_rules(struct source_build *s)
{
	const struct conf_value *of = s->values.of;
	struct source *source = s->source;
	const struct conf_node *longest = of[CONF_MAX_LINE].node;

	source->start_at = (enum source_start_at)of[CONF_START_AT].number;
	source->ignore_older_ms = of[CONF_IGNORE_OLDER].number;
	source->rotate_wait_ms = of[CONF_ROTATE_WAIT].number;
	source->rules.max_line = of[CONF_MAX_LINE].number;
	source->not_utf8 = (enum source_not_utf8)of[CONF_ON_INVALID_UTF8].number;
	source->rules.keep_cr = of[CONF_KEEP_CR].number != 0;
	if (2 * source->rules.max_line > s->build->conf->chunk_memory)
		conf_problem(s->build->problems, longest ? longest->place : s->group->place,
			     "%schunk_memory must hold at least two lines of max_line", s->label);
}

/* The source's own rules behind those of the top level, which it cannot take away. */
static int build_redact(struct source_build *s)
{
	const struct conf_node *all = s->build->main.of[CONF_REDACT].node;
	const struct conf_node *own = s->values.of[CONF_REDACT].node;

	return conf_build_redact(s->build, s->label, own == all ? NULL : own,
				 &s->build->conf->redact, &s->source->redact);
}

static int build_source(struct conf_build *build, const struct conf_node *list, size_t index)
{
	struct source_build s = {build, &build->conf->sources[index], &build->conf->patterns[index],
				 list->kids[index], .values = build->main};
	const struct conf_value *name = &s.values.of[CONF_NAME];
	int r;

	conf_label(list, index, "source", s.label, sizeof s.label);
	conf_values_read(&s.values, s.group, CONF_IN_SOURCE, s.label, build->problems);
	conf_check_name(build, list, index, "source");
	s.source->name = strdup(name->text ? name->text : "");
	if (!s.source->name)
		return -ENOMEM;
	s.cluster = conf_find_cluster(build, &s.values.of[CONF_CLUSTER], s.label);
	s.source->cluster = s.cluster;
	r = build_paths(&s);
	if (r)
		return r;
	r = conf_source_topic_config(&s);
	if (r)
		return r;
	s.source->dead_letter_max = s.values.of[CONF_SOURCE_DEAD_LETTER_MAX].node ?
					    s.values.of[CONF_SOURCE_DEAD_LETTER_MAX].number :
					    build->conf->dead_letter_max / list->n_kids;
	s.source->drops_oldest_letter = s.values.of[CONF_DEAD_LETTER_FULL].number != 0;
	s.source->letter_topic = SOURCE_NO_TOPIC;
	s.source->keeps_copied = s.values.of[CONF_DEAD_LETTER_COPIED].number != 0;
	if (*s.values.of[CONF_DEAD_LETTER_TOPIC].text)
		build->letters[index] = (struct conf_letters){
			s.values.of[CONF_DEAD_LETTER_TOPIC].text,
			s.values.of[CONF_DEAD_LETTER_TOPIC].node->place,
		};
	s.source->max_files = s.values.of[CONF_SOURCE_MAX_FILES].number;
	s.source->max_rate = s.values.of[CONF_SOURCE_MAX_RATE].number;
	s.source->max_directories = s.values.of[CONF_SOURCE_MAX_DIRECTORIES].number;
	set_rules(&s);
	r = conf_build_path_pattern(&s);
	if (r == 0)
		r = conf_find_parser(&s);
	if (r == 0)
		r = conf_build_multiline(&s);
	if (r == 0)
		r = conf_build_lines(&s);
	if (r == 0)
		r = build_redact(&s);
	if (r == 0)
		r = conf_source_partitioner(&s);
	if (r == 0)
		r = conf_build_route(&s, false, &s.source->route);
	if (r == 0)
		r = conf_build_also(&s);
	if (r == 0)
		r = conf_build_parser(&s);
	parser_fields_deinit(&s.fields);
	free(s.names);
	return r;
}

/* Two sources cannot both have a file; where the patterns are the same text we can tell now. */
static void warn_of_shadows(const struct conf_build *build, const struct conf_node *list)
{
	const struct source *sources = build->conf->sources;
	const struct conf_patterns *patterns = build->conf->patterns;

	for (size_t i = 1; i < list->n_kids; i++) {
		for (char **path = patterns[i].paths; path && *path; path++) {
			for (char **other = patterns[i - 1].paths; other && *other; other++) {
				if (strcmp(*path, *other) == 0)
					conf_warning(build->problems, list->kids[i]->place,
						     "source \"%s\" gets no files of %s: source "
						     "\"%s\" takes them",
						     sources[i].name, *path, sources[i - 1].name);
			}
		}
	}
}

int conf_build_sources(struct conf_build *build)
{
	const struct conf_node *list = build->main.of[CONF_SOURCES].node;
	struct conf *conf = build->conf;
	int r = 0;

	if (!list || list->n_kids == 0) {
		if (!conf_node_find(build->root, "sources") || list)
			conf_warning(build->problems, build->root->place,
				     "there are no sources, so nothing will be read: write them "
				     "here, or "
				     "into conf.d/*.conf beside this file");
		return 0;
	}
	conf->sources = calloc(list->n_kids, sizeof *conf->sources);
	conf->patterns = calloc(list->n_kids, sizeof *conf->patterns);
	build->letters = calloc(list->n_kids, sizeof *build->letters);
	if (!conf->sources || !conf->patterns || !build->letters)
		return -ENOMEM;
	conf->n_sources = list->n_kids;
	for (size_t i = 0; i < list->n_kids && r == 0; i++)
		r = build_source(build, list, i);
	if (r == 0)
		r = conf_build_letters(build);
	if (r == 0)
		warn_of_shadows(build, list);
	return r;
}
