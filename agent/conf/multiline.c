/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which lines of a source are one event. A pattern says nothing beside a ready-made type, and a
 * group without any would join a whole file: both are errors, since what comes out of them is
 * surely not meant.
 */
#include <errno.h>
#include <string.h>

#include "conf/build.h"

/* A multiline group while it is built. */
struct multiline_build {
	struct source_build *s;
	const struct conf_node *group;
	struct conf_values values;
	char label[128];
	struct join_options options;
};

/* A pattern of the group, if it has it. 0 or -ENOMEM. */
static int compile(struct multiline_build *b, enum conf_key key, struct pattern **ret_pattern)
{
	const struct conf_value *value = &b->values.of[key];
	const char *name = conf_options()[key].name;
	struct conf_problems *problems = b->s->build->problems;
	struct pattern_error error;
	char label[160];
	int r;

	if (!value->text)
		return 0;
	if (b->values.of[CONF_MULTILINE_TYPE].number != JOIN_PATTERNS) {
		conf_problem(problems, value->node->place,
			     "%s%s: has no place beside type = \"%s\": leave out one of them",
			     b->label, name,
			     conf_options()[CONF_MULTILINE_TYPE]
				     .words[b->values.of[CONF_MULTILINE_TYPE].number]);
		return 0;
	}
	r = pattern_compile(value->text, strlen(value->text), ret_pattern, &error);
	if (r != PATTERN_E_SYNTAX)
		return r;
	snprintf(label, sizeof label, "%s%s: ", b->label, name);
	conf_problem_of_pattern(problems, value->node->place, label, value->text, &error);
	return 0;
}

/* How the lines are wrapped, by the parser that reads them. */
static enum join_wrap find_wrap(const struct source_build *s)
{
	for (size_t i = 0; i < s->n_links; i++) {
		const struct parser_link *link = s->links[i];
		bool line = !link->from || strcmp(link->from, "line") == 0;

		if (line && (link->kind == PARSER_CRI || link->kind == PARSER_DOCKER))
			return link->kind == PARSER_CRI ? WRAP_CRI : WRAP_DOCKER;
	}
	return WRAP_NONE;
}

/* Two events are to fit into memory, each with the line that shows its end. */
static void check_memory(struct multiline_build *b)
{
	const struct conf *conf = b->s->build->conf;
	size_t line = b->s->source->rules.max_line, event = b->options.max_event;

	if (2 * ((event > line ? event : line) + line) > conf->chunk_memory)
		conf_problem(b->s->build->problems, b->group->place,
			     "%schunk_memory must hold twice max_event, or max_line if that is "
			     "larger, and max_line",
			     b->label);
}

static int compile_all(struct multiline_build *b)
{
	int r = compile(b, CONF_START, &b->options.start);

	if (r == 0)
		r = compile(b, CONF_CONTINUE, &b->options.go_on);
	if (r == 0)
		r = compile(b, CONF_END, &b->options.end);
	/* A type that is none was noted as such. */
	if (r == 0 && b->values.of[CONF_MULTILINE_TYPE].number == JOIN_PATTERNS &&
	    !conf_node_find(b->group, "type") == !b->values.of[CONF_MULTILINE_TYPE].node &&
	    !conf_node_find(b->group, "start") && !conf_node_find(b->group, "continue") &&
	    !conf_node_find(b->group, "end"))
		conf_problem(b->s->build->problems, b->group->place,
			     "%swhich lines? write start, continue or end, or a type such as "
			     "\"java\"",
			     b->label);
	return r;
}

/* Without a group each line is an event, and an event as long as a line. */
static void set_options(struct multiline_build *b)
{
	const struct conf_value *of = b->values.of;

	b->options.kind = (enum join_kind)of[CONF_MULTILINE_TYPE].number;
	b->options.flush_after_us = of[CONF_FLUSH_AFTER].number * 1000;
	b->options.max_lines = (uint32_t)of[CONF_MAX_LINES].number;
	b->options.max_event = of[CONF_MAX_EVENT].number;
	if (b->group)
		return;
	b->options.kind = JOIN_LINES;
	b->options.max_event = b->s->source->rules.max_line;
}

int conf_build_multiline(struct source_build *s)
{
	struct multiline_build b = {.s = s, .group = s->values.of[CONF_MULTILINE].node};
	int r = 0;

	b.options.wrap = find_wrap(s);
	if (!b.group && !b.options.wrap)
		return 0;
	snprintf(b.label, sizeof b.label, "%smultiline: ", s->label);
	conf_values_init(&b.values);
	if (b.group) {
		conf_values_read(&b.values, b.group, CONF_IN_MULTILINE, b.label,
				 s->build->problems);
		r = compile_all(&b);
	}
	set_options(&b);
	if (b.group)
		check_memory(&b);
	if (r == 0)
		r = join_new(&b.options, &s->source->join);
	if (r) {
		pattern_free(b.options.start);
		pattern_free(b.options.go_on);
		pattern_free(b.options.end);
	}
	return r;
}
