/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group of the configuration, read by the option table: each setting is converted and judged by
 * its row alone, so what is said of a wrong one is the same for all of a type. What settings mean
 * together is for the parts of conf that build something of them.
 *
 * Values land in an array by key rather than in struct members by offset: nothing needs casting,
 * and a source inherits the top level's defaults by copying one struct.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flow/rate.h"
#include "parsers/names.h"
#include "settings/foreign.h"
#include "settings/options.h"
#include "settings/units.h"

/* A plain number is taken as bytes up to here; above it a unit says that the user has counted. */
#define PLAIN_SIZE_MAX 1000000

/* Lines a second that a rate may be: as many as bytes. */
#define LINES_MAX (UINT64_C(1) << 40)

/* What a value is read with. */
struct reader {
	const struct conf_option *option;
	const struct conf_node *node;
	const char *what;
	struct conf_problems *problems;
};

#define COMPLAIN(reader, format, ...)                                                            \
	conf_problem((reader)->problems, (reader)->node->place, "%s%s: " format, (reader)->what, \
		     (reader)->option->name, ##__VA_ARGS__)

/* Text of a size, rate, time or integer (limits and defaults too) to its number; as units_x. */
static int to_number(enum conf_type type, const char *text, uint64_t *ret_number)
{
	return type == CONF_T_TIME ? units_time(text, ret_number) :
	       type == CONF_T_RATE ? units_rate(text, ret_number) :
				     units_size(text, ret_number);
}

static const char *hint_of(enum conf_type type)
{
	return type == CONF_T_TIME ? UNITS_TIME_HINT :
	       type == CONF_T_RATE ? UNITS_RATE_HINT :
				     UNITS_SIZE_HINT;
}

/* What was written, for behind "not". */
static const char *written(const struct conf_node *node, char *text, size_t len)
{
	if (node->kind == CONF_TEXT)
		snprintf(text, len, "\"%.40s\"", node->text);
	else if (node->kind == CONF_INT)
		snprintf(text, len, "%lld", (long long)node->number);
	else if (node->kind == CONF_BOOL)
		snprintf(text, len, "%s", node->number ? "true" : "false");
	else
		snprintf(text, len, "%s", conf_kind_name(node->kind));
	return text;
}

/* The limits in the table are of bytes. */
static bool lines_in_range(const struct reader *reader, uint64_t lines)
{
	char text[64];

	if (lines >= 1 && lines <= LINES_MAX)
		return true;
	COMPLAIN(reader, "must be between 1line/s and %" PRIu64 "lines/s, not %s", LINES_MAX,
		 written(reader->node, text, sizeof text));
	return false;
}

static bool in_range(const struct reader *reader, uint64_t number)
{
	const struct conf_option *option = reader->option;
	uint64_t min = 0, max = UINT64_MAX;
	char text[64];

	if (option->type == CONF_T_RATE && number & RATE_LINES)
		return lines_in_range(reader, number & ~RATE_LINES);
	if (option->min && to_number(option->type, option->min, &min))
		min = 0;
	if (option->max && to_number(option->type, option->max, &max))
		max = UINT64_MAX;
	if (number >= min && number <= max)
		return true;
	COMPLAIN(reader, "must be between %s and %s, not %s", option->min, option->max,
		 written(reader->node, text, sizeof text));
	return false;
}

static bool read_int(const struct reader *reader, uint64_t *ret_number)
{
	const struct conf_node *node = reader->node;

	if (node->kind != CONF_INT) {
		COMPLAIN(reader, "must be a whole number, not %s", conf_kind_name(node->kind));
		return false;
	}
	if (!in_range(reader, node->number < 0 ? UINT64_MAX : (uint64_t)node->number))
		return false;
	*ret_number = (uint64_t)node->number;
	return true;
}

static bool read_ints(const struct reader *reader)
{
	const struct conf_node *list = reader->node;
	struct reader each = *reader;
	uint64_t ignored;

	if (list->kind != CONF_LIST)
		return read_int(reader, &ignored);
	for (size_t i = 0; i < list->n_kids; i++) {
		each.node = list->kids[i];
		if (!read_int(&each, &ignored))
			return false;
	}
	return true;
}

/* A size or time written as a number: zero is nothing in any unit, small sizes are bytes. */
static bool read_plain(const struct reader *reader, uint64_t *ret_number)
{
	int64_t number = reader->node->number;

	if (reader->option->type == CONF_T_RATE ||
	    (reader->option->type == CONF_T_TIME && number != 0)) {
		COMPLAIN(reader, "%lld of what? write %s", (long long)number,
			 hint_of(reader->option->type));
		return false;
	}
	if (number > PLAIN_SIZE_MAX) {
		COMPLAIN(reader, "write sizes above %d as a string with a unit: " UNITS_SIZE_HINT,
			 PLAIN_SIZE_MAX);
		return false;
	}
	*ret_number = number < 0 ? UINT64_MAX : (uint64_t)number;
	return in_range(reader, *ret_number);
}

static bool read_measure(const struct reader *reader, uint64_t *ret_number)
{
	const struct conf_node *node = reader->node;
	const char *hint = hint_of(reader->option->type);
	uint64_t number = UINT64_MAX;
	int r;

	if (node->kind == CONF_INT)
		return read_plain(reader, ret_number);
	if (node->kind != CONF_TEXT) {
		COMPLAIN(reader, "must be a string, not %s: %s", conf_kind_name(node->kind), hint);
		return false;
	}
	r = to_number(reader->option->type, node->text, &number);
	if (r == UNITS_E_SYNTAX) {
		COMPLAIN(reader, "cannot read \"%s\": write %s", node->text, hint);
		return false;
	}
	if (!in_range(reader, number))
		return false;
	*ret_number = number;
	return true;
}

static size_t n_words(const struct conf_option *option)
{
	size_t n = 0;

	while (n < CONF_WORDS_MAX && option->words[n])
		n++;
	return n;
}

static bool read_word(const struct reader *reader, uint64_t *ret_number)
{
	const struct conf_option *option = reader->option;
	const char *word = reader->node->kind == CONF_TEXT ? reader->node->text : "", *near;
	size_t n = n_words(option), len = 0;
	char list[128] = "", text[64];

	for (size_t i = 0; i < n; i++) {
		if (strcmp(word, option->words[i]) == 0) {
			*ret_number = i;
			return true;
		}
		len += (size_t)snprintf(list + len, sizeof list - len, "%s\"%s\"",
					i == 0     ? "" :
					i == n - 1 ? " or " :
						     ", ",
					option->words[i]);
	}
	near = names_nearest(word, option->words, n);
	written(reader->node, text, sizeof text);
	if (near)
		COMPLAIN(reader, "must be %s, not %s (did you mean \"%s\"?)", list, text, near);
	else
		COMPLAIN(reader, "must be %s, not %s", list, text);
	return false;
}

static bool is_texts(const struct conf_node *node)
{
	if (node->kind == CONF_TEXT)
		return true;
	if (node->kind != CONF_LIST)
		return false;
	for (size_t i = 0; i < node->n_kids; i++) {
		if (node->kids[i]->kind != CONF_TEXT)
			return false;
	}
	return true;
}

/* A group where a list of groups belongs is the usual slip, so it is named. */
static bool is_groups(const struct reader *reader)
{
	const struct conf_node *node = reader->node;
	bool good = node->kind == CONF_LIST;

	for (size_t i = 0; good && i < node->n_kids; i++)
		good = node->kids[i]->kind == CONF_GROUP;
	if (!good)
		COMPLAIN(reader, "must be a list of groups: %s: ( { ... }, { ... } )",
			 reader->option->name);
	return good;
}

static bool must_be(const struct reader *reader, bool good, const char *wanted)
{
	if (!good)
		COMPLAIN(reader, "must be %s, not %s", wanted, conf_kind_name(reader->node->kind));
	return good;
}

static bool read_value(const struct reader *reader, struct conf_value *value)
{
	const struct conf_node *node = reader->node;

	switch (reader->option->type) {
	case CONF_T_TEXT:
		value->text = node->text;
		return must_be(reader, node->kind == CONF_TEXT, "a string");
	case CONF_T_TEXTS:
		if (!is_texts(node))
			COMPLAIN(reader, "must be a string or a list of strings");
		return is_texts(node);
	case CONF_T_SIZE:
	case CONF_T_RATE:
	case CONF_T_TIME:
		return read_measure(reader, &value->number);
	case CONF_T_INT:
		return read_int(reader, &value->number);
	case CONF_T_INTS:
		return read_ints(reader);
	case CONF_T_BOOL:
		value->number = node->number != 0;
		return must_be(reader, node->kind == CONF_BOOL, "true or false");
	case CONF_T_WORD:
		return read_word(reader, &value->number);
	case CONF_T_GROUP:
		return must_be(reader, node->kind == CONF_GROUP, "a group { }");
	case CONF_T_GROUPS:
		return node->kind == CONF_LIST ?
			       is_groups(reader) :
			       must_be(reader, node->kind == CONF_GROUP, "a group { }");
	case CONF_T_LIST:
		if (reader->option->words[0] && node->kind == CONF_TEXT) {
			value->text = node->text;
			return read_word(reader, &value->number);
		}
		return is_groups(reader);
	}
	return false;
}

static void set_default(const struct conf_option *option, struct conf_value *value)
{
	const char *written = option->written;

	*value = (struct conf_value){0};
	if (!written)
		return;
	if (option->type == CONF_T_TEXT)
		value->text = written;
	else if (option->type == CONF_T_BOOL)
		value->number = strcmp(written, "true") == 0;
	else if (option->type == CONF_T_WORD)
		while (strcmp(option->words[value->number], written) != 0)
			value->number++;
	else if (to_number(option->type, written, &value->number))
		value->number = 0;
}

void conf_values_init(struct conf_values *values)
{
	for (size_t i = 0; i < CONF_N_KEYS; i++)
		set_default(&conf_options()[i], &values->of[i]);
}

static const struct conf_option *find(const char *name, unsigned where)
{
	const struct conf_option *options = conf_options();

	for (size_t i = 0; i < CONF_N_KEYS; i++) {
		if ((options[i].where & where) && strcmp(options[i].name, name) == 0)
			return &options[i];
	}
	return NULL;
}

static const char *place_of(unsigned where)
{
	if (where & CONF_IN_MAIN)
		return "at the top level";
	if (where & CONF_IN_SOURCE)
		return "in a source";
	if (where & CONF_IN_PARSER)
		return "in a parser";
	if (where & CONF_IN_PARTITIONER)
		return "in a partitioner";
	if (where & CONF_IN_FILTER)
		return "in a rule of a source";
	if (where & CONF_IN_FIELD)
		return "in a field";
	if (where & CONF_IN_TOPIC)
		return "in one of topics";
	if (where & CONF_IN_ALSO)
		return "in one of also";
	return where & CONF_IN_RULE ? "in a rule of a partitioner" : "in a header";
}

/* { hostname = "..."; } in a list of what has names of the user's own. Whether it is that. */
static bool complain_nameless(const struct conf_node *node, const struct conf_node *group,
			      unsigned where, const char *what, struct conf_problems *problems)
{
	if (!(where & (CONF_IN_HEADER | CONF_IN_JSON | CONF_IN_FIELD)) ||
	    conf_node_find(group, "name") || conf_node_find(group, "value"))
		return false;
	conf_problem(problems, node->place,
		     "%sunknown key \"%s\": write { name = \"%s\"; value = \"...\"; }", what,
		     node->name, node->name);
	return true;
}

static void complain_unknown(const struct conf_node *node, unsigned where, const char *what,
			     struct conf_problems *problems)
{
	const struct conf_option *options = conf_options(), *elsewhere = find(node->name, ~0u);
	const char *names[CONF_N_KEYS], *near, *hint = foreign_hint(node->name);
	size_t n = 0;

	for (size_t i = 0; i < CONF_N_KEYS; i++) {
		if (options[i].where & where)
			names[n++] = options[i].name;
	}
	near = names_nearest(node->name, names, n);
	if (elsewhere && near)
		conf_problem(problems, node->place,
			     "%sunknown key \"%s\" (did you mean \"%s\"?): it belongs %s", what,
			     node->name, near, place_of(elsewhere->where));
	else if (elsewhere)
		conf_problem(problems, node->place, "%sunknown key \"%s\": it belongs %s", what,
			     node->name, place_of(elsewhere->where));
	else if (hint)
		conf_problem(problems, node->place, "%sunknown key \"%s\": %s", what, node->name,
			     hint);
	else if (near)
		conf_problem(problems, node->place, "%sunknown key \"%s\" (did you mean \"%s\"?)",
			     what, node->name, near);
	else
		conf_problem(problems, node->place, "%sunknown key \"%s\"", what, node->name);
}

void conf_values_read(struct conf_values *values, const struct conf_node *group, unsigned where,
		      const char *what, struct conf_problems *problems)
{
	const struct conf_option *options = conf_options();

	for (size_t i = 0; i < group->n_kids; i++) {
		const struct conf_node *node = group->kids[i];
		const struct conf_option *option = find(node->name, where);
		struct reader reader = {option, node, what, problems};
		struct conf_value value = {.node = node};

		if (!option && complain_nameless(node, group, where, what, problems))
			return;
		if (!option)
			complain_unknown(node, where, what, problems);
		else if (read_value(&reader, &value))
			values->of[option - options] = value;
	}
	for (size_t i = 0; i < CONF_N_KEYS; i++) {
		const struct conf_option *option = &options[i];

		if ((option->where & where) && option->required && where != CONF_IN_ALSO &&
		    !conf_node_find(group, option->name))
			conf_problem(problems, group->place, "%s%s is missing", what, option->name);
	}
}
