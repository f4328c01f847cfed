/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of parsers. One that is broken stays in the list and is marked: the sources that name it
 * are then judged on their own and do not produce errors that follow from the first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"
#include "settings/grok.h"
#include "settings/read.h"

/* Forms of a line that one parser may know. */
#define PATTERNS_MAX 16
#define COLUMNS_MAX 256

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@-"

/* The type whose patterns become those of a regex. */
#define TYPE_GROK (PARSER_DOCKER + 1)

/* A parser while it is built. */
struct parser_build {
	struct conf_build *build;
	struct conf_parser *parser;
	const struct conf_node *group;
	struct conf_values values;
	char label[96];
	bool grok;
	struct conf_macros macros; /* with grok */
};

/* Notes what is wrong with the parser. */
#define complain(p, place, ...)                                           \
	do {                                                              \
		(p)->parser->good = false;                                \
		conf_problem((p)->build->problems, (place), __VA_ARGS__); \
	} while (0)

/* What a pattern looks like that is written for another type of parser. */
static void warn_of_type(const struct parser_build *p, struct conf_place place, const char *text)
{
	const char *name = text, *end;

	if (strstr(text, "%{"))
		conf_warning(p->build->problems, place,
			     "%s\"%%{\" is grok: with type = \"grok\" it is a macro, here it is "
			     "these two characters",
			     p->label);
	/* "level":  or  "level"\s*: */
	while ((name = strchr(name, '"'))) {
		name++;
		end = name + strspn(name, NAME_LETTERS);
		if (end == name || *end != '"')
			continue;
		end += 1 + strspn(end + 1, " \\s*");
		if (*end != ':')
			continue;
		conf_warning(
			p->build->problems, place,
			"%sthe pattern reads JSON: type = \"json\" does so by paths, also where "
			"members come in another order, within others, or with escapes",
			p->label);
		return;
	}
}

/* Compiles one more pattern; there is room for it. */
static int compile_pattern(struct parser_build *p, struct conf_place place, const char *text,
			   size_t len)
{
	struct parser_link *link = &p->parser->link;
	struct pattern_error error;
	int r = pattern_compile(text, len, &link->patterns[link->n_patterns], &error);

	link->n_patterns += r == 0;
	if (r != PATTERN_E_SYNTAX)
		return r;
	p->parser->good = false;
	conf_problem_of_pattern(p->build->problems, place, p->label, text, &error);
	return 0;
}

static int compile_grok(struct parser_build *p, struct conf_place place, const char *text)
{
	struct grok_error error;
	char *pattern;
	int r = grok_translate(slice_of(text), p->macros.of, p->macros.n, &pattern, &error);

	if (r == GROK_E_SYNTAX)
		complain(p, place, "%s%s", p->label, error.message);
	if (r)
		return r < 0 ? r : 0;
	r = compile_pattern(p, place, pattern, strlen(pattern));
	free(pattern);
	return r;
}

static int compile(struct parser_build *p, struct conf_place place, const char *text, size_t len)
{
	if (p->grok)
		return compile_grok(p, place, text);
	warn_of_type(p, place, text);
	return compile_pattern(p, place, text, len);
}

static int compile_file(struct parser_build *p, const struct conf_value *value)
{
	struct conf_place place = value->node->place;
	char *path = conf_path_beside(place.file->name, value->text), *text = NULL, words[160];
	size_t len = 0;
	int r = path ? conf_read(path, CONF_FILE_MAX, &text, &len) : -ENOMEM;

	if (r == READ_E_FAILED) {
		complain(p, place, "%spattern_file %s %s", p->label, path,
			 conf_read_message(errno, words, sizeof words));
		r = 0;
	} else if (r == 0) {
		/* The line end at the end of the file is the editor's, not the pattern's. */
		while (len && strchr("\r\n", text[len - 1]))
			text[--len] = '\0';
		if (len)
			r = compile(p, place, text, len);
		else
			complain(p, place, "%spattern_file %s is empty", p->label, path);
	}
	free(text);
	free(path);
	return r;
}

static size_t count(const struct conf_node *node)
{
	return node->kind == CONF_LIST ? node->n_kids : 1;
}

static const struct conf_node *text_at(const struct conf_node *node, size_t index)
{
	return node->kind == CONF_LIST ? node->kids[index] : node;
}

static int compile_list(struct parser_build *p, const struct conf_node *list)
{
	size_t n = count(list);
	int r = 0;

	if (n == 0 || n > PATTERNS_MAX) {
		complain(p, list->place, "%spatterns: %zu of them: write 1 to %d", p->label, n,
			 PATTERNS_MAX);
		return 0;
	}
	for (size_t i = 0; i < n && r == 0; i++) {
		const struct conf_node *text = text_at(list, i);

		r = compile(p, text->place, text->text, strlen(text->text));
	}
	return r;
}

static int build_regex(struct parser_build *p)
{
	static const enum conf_key keys[] = {CONF_PATTERN, CONF_PATTERN_FILE, CONF_PATTERNS};
	const struct conf_value *of = p->values.of;
	const struct conf_node *given = NULL;
	enum conf_key key = CONF_PATTERN;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct conf_node *node =
			conf_node_find(p->group, conf_options()[keys[i]].name);

		if (node && given) {
			complain(p, node->place, "%s%s and %s: give one of them", p->label,
				 conf_options()[key].name, conf_options()[keys[i]].name);
			return 0;
		}
		if (node) {
			given = node;
			key = keys[i];
		}
	}
	if (!given) {
		complain(p, p->group->place, "%spattern (or pattern_file) is missing", p->label);
		return 0;
	}
	p->parser->link.patterns = calloc(PATTERNS_MAX, sizeof(struct pattern *));
	if (!p->parser->link.patterns)
		return -ENOMEM;
	if (!of[key].node || (key != CONF_PATTERNS && !of[key].text))
		p->parser->good = false; /* of another type, and noted */
	else if (key == CONF_PATTERN)
		return compile(p, of[key].node->place, of[key].text, strlen(of[key].text));
	else if (key == CONF_PATTERN_FILE)
		return compile_file(p, &of[key]);
	else
		return compile_list(p, of[key].node);
	return 0;
}

static int build_columns(struct parser_build *p)
{
	const struct conf_node *list = p->values.of[CONF_COLUMNS].node;
	const struct conf_value *delimiter = &p->values.of[CONF_DELIMITER];
	struct parser_link *link = &p->parser->link;
	size_t n = list ? count(list) : 0;

	link->header = p->values.of[CONF_HEADER_LINE].number != 0;
	if (link->header && list)
		complain(p, list->place, "%scolumns and header: give one of them", p->label);
	if (!link->header && (n == 0 || n > COLUMNS_MAX)) {
		complain(p, list ? list->place : p->group->place,
			 "%scolumns: write the names of the columns, 1 to %d, or header = true",
			 p->label, COLUMNS_MAX);
		return 0;
	}
	link->columns = calloc(n + 1, sizeof *link->columns);
	if (!link->columns)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		link->columns[i] = strdup(text_at(list, i)->text);
		if (!link->columns[i])
			return -ENOMEM;
		link->n_columns++;
	}
	link->delimiter = ',';
	if (!delimiter->text)
		return 0;
	if (strlen(delimiter->text) != 1 || strchr("\"\r\n", *delimiter->text))
		complain(p, delimiter->node->place,
			 "%sdelimiter: must be one character, and no quote", p->label);
	link->delimiter = *delimiter->text;
	return 0;
}

/* "${message}" → "message". */
static int build_from(struct parser_build *p)
{
	const struct conf_value *from = &p->values.of[CONF_FROM];
	size_t len = from->text ? strlen(from->text) : 0;

	if (!from->text)
		return 0;
	if (len < 4 || strncmp(from->text, "${", 2) != 0 || strcspn(from->text, "}") != len - 1) {
		complain(p, from->node->place,
			 "%sfrom: must be one field, such as \"${message}\", \"${file.path}\" or "
			 "\"${line}\"",
			 p->label);
		return 0;
	}
	p->parser->from = strndup(from->text + 2, len - 3);
	p->parser->link.from = p->parser->from;
	return p->parser->from ? 0 : -ENOMEM;
}

/* Settings of another kind of parser. */
static void warn_of_idle(struct parser_build *p)
{
	static const struct {
		enum conf_key key;
		enum parser_kind kind, other;
	} rows[] = {
		{CONF_PATTERN, PARSER_REGEX, PARSER_REGEX},
		{CONF_PATTERN_FILE, PARSER_REGEX, PARSER_REGEX},
		{CONF_PATTERNS, PARSER_REGEX, PARSER_REGEX},
		{CONF_MACROS, PARSER_REGEX, PARSER_REGEX},
		{CONF_MACROS_FILE, PARSER_REGEX, PARSER_REGEX},
		{CONF_COLUMNS, PARSER_CSV, PARSER_TSV},
		{CONF_DELIMITER, PARSER_CSV, PARSER_CSV},
		{CONF_HEADER_LINE, PARSER_CSV, PARSER_TSV},
	};
	uint64_t type = p->values.of[CONF_PARSER_TYPE].number;
	enum parser_kind kind = p->parser->link.kind;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *name = conf_options()[rows[i].key].name;
		const struct conf_node *node = conf_node_find(p->group, name);
		bool of_grok = rows[i].key == CONF_MACROS || rows[i].key == CONF_MACROS_FILE;

		/* The default, written out, says nothing. */
		if (rows[i].key == CONF_HEADER_LINE && !p->values.of[CONF_HEADER_LINE].number)
			continue;
		if (node && of_grok ? !p->grok :
				      node && kind != rows[i].kind && kind != rows[i].other)
			conf_warning(p->build->problems, node->place,
				     "%s%s does nothing with type = \"%s\"", p->label, name,
				     conf_options()[CONF_PARSER_TYPE].words[type]);
	}
}

static int build_parser(struct conf_build *build, const struct conf_node *list, size_t index)
{
	struct parser_build p = {build, &build->conf->parsers[index], list->kids[index]};
	const struct conf_value *name = &p.values.of[CONF_NAME];
	int r;

	conf_label(list, index, "parser", p.label, sizeof p.label);
	conf_values_init(&p.values);
	conf_values_read(&p.values, p.group, CONF_IN_PARSER, p.label, build->problems);
	conf_check_name(build, list, index, "parser");
	p.parser->good = true;
	p.grok = p.values.of[CONF_PARSER_TYPE].number == TYPE_GROK;
	p.parser->link.kind =
		p.grok ? PARSER_REGEX : (enum parser_kind)p.values.of[CONF_PARSER_TYPE].number;
	if (name->text) {
		p.parser->name = strdup(name->text);
		p.parser->link.name = p.parser->name;
		if (!p.parser->name)
			return -ENOMEM;
	}
	warn_of_idle(&p);
	r = build_from(&p);
	if (r == 0 && p.grok)
		r = conf_read_macros(&p.values, build->problems, p.label, &p.macros);
	if (r == 0 && p.parser->link.kind == PARSER_REGEX)
		r = build_regex(&p);
	else if (r == 0 && (p.parser->link.kind == PARSER_CSV || p.parser->link.kind == PARSER_TSV))
		r = build_columns(&p);
	conf_macros_deinit(&p.macros);
	return r;
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
