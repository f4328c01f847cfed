/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of parsers. One that is broken stays in the list without its pattern: the sources that
 * name it are then judged on their own and do not produce errors that follow from the first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"
#include "settings/read.h"

/* A parser while it is built. */
struct parser_build {
	struct conf_build *build;
	struct conf_parser *parser;
	const struct conf_node *group;
	struct conf_values values;
	char label[96];
};

static int compile(struct parser_build *p, struct conf_place place, const char *text, size_t len)
{
	struct pattern_error error;
	int r = pattern_compile(text, len, &p->parser->pattern, &error);

	if (r != PATTERN_E_SYNTAX)
		return r;
	conf_complain_pattern(p->build->problems, place, p->label, text, &error);
	return 0;
}

static int compile_file(struct parser_build *p, const struct conf_value *value)
{
	struct conf_place place = value->node->place;
	struct conf_problems *problems = p->build->problems;
	char *path = conf_path_beside(place.file->name, value->text), *text = NULL, words[160];
	size_t len = 0;
	int r = path ? conf_read(path, CONF_FILE_MAX, &text, &len) : -ENOMEM;

	if (r == READ_E_FAILED) {
		conf_problem(problems, place, "%spattern_file %s %s", p->label, path,
			     conf_read_message(errno, words, sizeof words));
		r = 0;
	} else if (r == 0) {
		/* The line end at the end of the file is the editor's, not the pattern's. */
		while (len && strchr("\r\n", text[len - 1]))
			text[--len] = '\0';
		if (len)
			r = compile(p, place, text, len);
		else
			conf_problem(problems, place, "%spattern_file %s is empty", p->label, path);
	}
	free(text);
	free(path);
	return r;
}

static int build_pattern(struct parser_build *p)
{
	const struct conf_value *pattern = &p->values.of[CONF_PATTERN];
	const struct conf_value *file = &p->values.of[CONF_PATTERN_FILE];
	struct conf_problems *problems = p->build->problems;

	if (pattern->node && file->node)
		conf_problem(problems, file->node->place,
			     "%spattern and pattern_file: give one of them", p->label);
	else if (pattern->text)
		return compile(p, pattern->node->place, pattern->text, strlen(pattern->text));
	else if (file->text)
		return compile_file(p, file);
	else if (!conf_node_find(p->group, "pattern") && !conf_node_find(p->group, "pattern_file"))
		conf_problem(problems, p->group->place, "%spattern (or pattern_file) is missing",
			     p->label);
	return 0;
}

static int build_parser(struct conf_build *build, const struct conf_node *list, size_t index)
{
	struct parser_build p = {build, &build->conf->parsers[index], list->kids[index]};
	const struct conf_value *name = &p.values.of[CONF_NAME];

	conf_label(list, index, "parser", p.label, sizeof p.label);
	conf_values_init(&p.values);
	conf_values_read(&p.values, p.group, CONF_IN_PARSER, p.label, build->problems);
	conf_check_name(build, list, index, "parser");
	if (name->text) {
		p.parser->name = strdup(name->text);
		if (!p.parser->name)
			return -ENOMEM;
	}
	return build_pattern(&p);
}

int conf_build_parsers(struct conf_build *build)
{
	const struct conf_node *list = build->main.of[CONF_PARSERS].node;
	struct conf *conf = build->conf;
	int r = 0;

	if (!list || list->n_kids == 0)
		return 0;
	conf->parsers = calloc(list->n_kids, sizeof *conf->parsers);
	if (!conf->parsers)
		return -ENOMEM;
	conf->n_parsers = list->n_kids;
	for (size_t i = 0; i < list->n_kids && r == 0; i++)
		r = build_parser(build, list, i);
	return r;
}
