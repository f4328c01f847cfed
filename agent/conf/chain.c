/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser of a source: the links that it names, and what each of them reads. Its fields get
 * their numbers while the route's templates are compiled, so the chain is compiled behind them;
 * but those of a single pattern are the numbers of its groups, with which a match needs no
 * translation.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"
#include "parsers/names.h"

/* The last link is that of path_pattern. */
#define PARSERS_MAX (PARSER_LINKS_MAX - 1)

/* Kinds that need no more said than their name. */
static const struct parser_link ready_made[] = {
	{.name = "json", .kind = PARSER_JSON},     {.name = "logfmt", .kind = PARSER_LOGFMT},
	{.name = "syslog", .kind = PARSER_SYSLOG}, {.name = "cri", .kind = PARSER_CRI},
	{.name = "docker", .kind = PARSER_DOCKER},
};

static void complain_unknown(struct source_build *s, const struct conf_node *wanted)
{
	const struct conf *conf = s->build->conf;
	const char *names[64], *near;
	size_t n = 0;

	for (size_t i = 0; i < conf->n_parsers && n < ARRAY_LEN(names); i++) {
		if (conf->parsers[i].name)
			names[n++] = conf->parsers[i].name;
	}
	for (size_t i = 0; i < ARRAY_LEN(ready_made) && n < ARRAY_LEN(names); i++)
		names[n++] = ready_made[i].name;
	near = names_nearest(wanted->text, names, n);
	if (near)
		conf_problem(s->build->problems, wanted->place,
			     "%sno parser \"%s\" (did you mean \"%s\"?)", s->label, wanted->text,
			     near);
	else
		conf_problem(
			s->build->problems, wanted->place,
			"%sno parser \"%s\": write it under parsers, or link the file that has "
			"it from share/waybill/parsers.d into conf.d",
			s->label, wanted->text);
}

/*
 * One name of the list; the user's own go before those that are ready-made. A parser that is broken
 * makes the fields of all of them unknown.
 */
static void find_link(struct source_build *s, const struct conf_node *wanted)
{
	const struct conf *conf = s->build->conf;

	for (size_t i = 0; i < conf->n_parsers; i++) {
		const struct conf_parser *parser = &conf->parsers[i];

		if (!parser->name || strcmp(parser->name, wanted->text) != 0)
			continue;
		s->fields_known &= parser->good;
		if (parser->good)
			s->links[s->n_links++] = &parser->link;
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(ready_made); i++) {
		if (strcmp(ready_made[i].name, wanted->text) == 0) {
			s->links[s->n_links++] = &ready_made[i];
			return;
		}
	}
	s->fields_known = false;
	complain_unknown(s, wanted);
}

/* The names that the links surely have. */
static int list_names(struct source_build *s)
{
	const char *name;

	for (size_t i = 0; i < s->n_links; i++) {
		for (size_t k = 0; (name = parser_link_field(s->links[i], k)); k++) {
			const char **names = reallocarray(s->names, s->n_names + 1, sizeof *names);

			if (!names)
				return -ENOMEM;
			s->names = names;
			if (*name)
				names[s->n_names++] = name;
		}
	}
	return 0;
}

bool conf_parser_may_have(const struct source_build *s, struct slice name)
{
	for (size_t i = 0; i < s->n_names; i++) {
		if (slice_eq(name, slice_of(s->names[i])))
			return true;
	}
	for (size_t i = 0; i < s->n_links; i++) {
		if (parser_link_may_have(s->links[i], name))
			return true;
	}
	return false;
}

bool conf_parser_reads_header(const struct source_build *s)
{
	for (size_t i = 0; i < s->n_links; i++)
		if (s->links[i]->header)
			return true;
	return false;
}

static bool is_fact(const char *from)
{
	return strcmp(from, "line") == 0 || strcmp(from, "file.path") == 0 ||
	       strcmp(from, "file.name") == 0 || strcmp(from, PARSER_FROM_FOUND) == 0;
}

/* Whether a link before that one has the field. */
static bool is_known_before(const struct source_build *s, size_t index, const char *field)
{
	const char *name;

	for (size_t i = 0; i < index; i++) {
		if (parser_link_may_have(s->links[i], slice_of(field)))
			return true;
		for (size_t k = 0; (name = parser_link_field(s->links[i], k)); k++) {
			if (strcmp(name, field) == 0)
				return true;
		}
	}
	return false;
}

static void complain_input(struct source_build *s, struct conf_place place, const char *name,
			   const char *from)
{
	if (from)
		conf_problem(
			s->build->problems, place,
			"%sparser \"%s\" reads the field \"%s\", which no parser before it has",
			s->label, name, from);
	else
		conf_problem(s->build->problems, place,
			     "%sparser \"%s\" has nothing to read: no parser before it has a field "
			     "\"message\"; write from = \"${FIELD}\" in it",
			     s->label, name);
}

/* What the link reads gets a number. 0 or -ENOMEM. */
static int set_input(struct source_build *s, size_t index, struct conf_place place)
{
	const char *from = parser_link_from(s->links, index);
	uint32_t number = 0;
	int r;

	if (from && is_fact(from))
		return 0;
	if (!from || !is_known_before(s, index, from)) {
		s->fields_known = false;
		complain_input(s, place, s->links[index]->name, from);
		return 0;
	}
	r = parser_fields_add(&s->fields, slice_of(from), &number);
	if (r == 0)
		s->reads |= (uint64_t)1 << number;
	return r < 0 ? r : 0;
}

/* A single pattern: its fields are numbered as its groups are. */
static int number_groups(struct source_build *s)
{
	uint32_t ignored;

	if (s->n_links != 1 || s->links[0]->kind != PARSER_REGEX || s->links[0]->n_patterns != 1)
		return 0;
	for (size_t i = 0; i < s->n_names; i++) {
		int r = parser_fields_add(&s->fields, slice_of(s->names[i]), &ignored);

		if (r < 0)
			return r;
	}
	return 0;
}

int conf_find_parser(struct source_build *s)
{
	const struct conf_value *no_match = &s->values.of[CONF_ON_NO_MATCH];
	const struct conf_node *list = s->values.of[CONF_PARSER].node;
	size_t n = !list ? 0 : list->kind == CONF_LIST ? list->n_kids : 1;
	int r;

	s->fields_known = (list || !conf_node_find(s->group, "parser")) &&
			  (s->patterns->path.n_patterns || !s->values.of[CONF_PATH_PATTERN].node);
	if (!list && !s->patterns->path.n_patterns && no_match->node &&
	    no_match->node == conf_node_find(s->group, "on_no_match"))
		conf_warning(s->build->problems, no_match->node->place,
			     "%son_no_match does nothing without a parser", s->label);
	if (n > PARSERS_MAX) {
		conf_problem(s->build->problems, list->place, "%sparser: at most %d in a row",
			     s->label, PARSERS_MAX);
		n = PARSERS_MAX;
	}
	for (size_t i = 0; i < n; i++)
		find_link(s, list->kind == CONF_LIST ? list->kids[i] : list);
	if (s->patterns->path.n_patterns)
		s->links[s->n_links++] = &s->patterns->path;
	if (!s->fields_known)
		return 0;
	r = list_names(s);
	if (r == 0)
		r = number_groups(s);
	for (size_t i = 0; i < n && r == 0; i++)
		r = set_input(s, i, list->kind == CONF_LIST ? list->kids[i]->place : list->place);
	return r;
}

int conf_build_parser(struct source_build *s)
{
	uint64_t fields = s->reads;
	uint32_t field = 0;
	int r;

	if (!s->n_links || !s->fields_known)
		return 0;
	for (unsigned i = 0; i <= s->source->n_also; i++) {
		/* It has none where something is wrong, which was noted. */
		if (!source_route(s->source, i))
			return 0;
		fields |= route_fields(source_route(s->source, i));
	}
	s->source->reads_header = conf_parser_reads_header(s);
	r = parser_new(s->links, s->n_links, &s->fields, fields, &s->source->parser, &field);
	if (r == PARSER_E_NAME)
		conf_problem(
			s->build->problems, s->values.of[CONF_PARSER].node->place,
			"%sno path of JSON can be \"%.64s\": it has at most 127 characters and "
			"16 parts",
			s->label, s->fields.names[field]);
	return r < 0 ? r : 0;
}
