/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers of a source. The ready-made ones are nothing but headers that need not be written
 * out, so they become the same templates and the route knows no difference. They come first: a
 * reader that takes the last header of a name finds what the source itself says.
 *
 * How many there are is checked here and not for each record, with room for those that waybill adds
 * on its own account.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf/build.h"
#include "parsers/names.h"

#define OWN_HEADERS "waybill-"
/* waybill-truncated */
#define OWN_HEADERS_N 1u

struct standard {
	const char *name;
	const char *value;
	const char *field; /* of the parser; NULL: the header needs none */
	bool traceparent;
};

static const struct standard STANDARDS[] = {
	{"hostname", "${host.name}", NULL, false},
	{"correlation-id", "${correlation_id}", "correlation_id", false},
	{"traceparent", "${traceparent}", "traceparent", true},
	{"file", "${file.path}", NULL, false},
	{"position", "${file.position}", NULL, false},
};

static void check_header_name(struct source_build *s, const struct conf_value *name)
{
	if (!*name->text)
		conf_problem(s->build->problems, name->node->place,
			     "%sthe name of a header must not be empty", s->label);
	if (strncasecmp(name->text, OWN_HEADERS, strlen(OWN_HEADERS)) == 0)
		conf_problem(s->build->problems, name->node->place,
			     "%sheader \"%s\": names that begin with \"" OWN_HEADERS
			     "\" are kept for waybill itself",
			     s->label, name->text);
}

/* Copies the name and takes the template over, also on failure. 0 or -ENOMEM. */
static int add_header(struct route_headers *headers, const char *name, struct route_header header)
{
	char *copy = strdup(name);

	if (!copy) {
		template_free(header.value);
		return -ENOMEM;
	}
	header.name = slice_of(copy);
	headers->items[headers->n++] = header;
	return 0;
}

static int build_header(struct source_build *s, const struct conf_node *group,
			struct route_headers *headers)
{
	struct conf_values values;
	struct route_header header = {0};
	const struct conf_value *name = &values.of[CONF_NAME], *value = &values.of[CONF_VALUE];
	char what[128];
	int r;

	conf_values_init(&values);
	snprintf(what, sizeof what, "%sheader: ", s->label);
	conf_values_read(&values, group, CONF_IN_HEADER, what, s->build->problems);
	header.on_missing = (enum route_missing)values.of[CONF_ON_MISSING].number;
	header.traceparent = values.of[CONF_HEADER_TYPE].number != 0;
	if (!conf_node_find(group, "value") && header.on_missing == ROUTE_MISSING_OMIT)
		conf_problem(s->build->problems, group->place,
			     "%svalue is missing (on_missing = \"null\" or \"empty\" makes a "
			     "header that never has one)",
			     what);
	if (!name->text)
		return 0;
	check_header_name(s, name);
	snprintf(what, sizeof what, "header \"%.64s\"", name->text);
	r = conf_build_template(s, what, value, &header.value);
	if (r)
		return r;
	if (header.traceparent)
		conf_warn_of_time(s, what, value, header.value, "a traceparent");
	return add_header(headers, name->text, header);
}

static const struct standard *find_standard(struct source_build *s, const struct conf_node *name)
{
	const char *names[ARRAY_LEN(STANDARDS)], *near;

	for (size_t i = 0; i < ARRAY_LEN(STANDARDS); i++) {
		if (strcmp(name->text, STANDARDS[i].name) == 0)
			return &STANDARDS[i];
		names[i] = STANDARDS[i].name;
	}
	near = names_nearest(name->text, names, ARRAY_LEN(names));
	if (near)
		conf_problem(s->build->problems, name->place,
			     "%sstandard_headers: there is no \"%s\" (did you mean \"%s\"?)",
			     s->label, name->text, near);
	else
		conf_problem(s->build->problems, name->place,
			     "%sstandard_headers: there is no \"%s\": there are hostname, "
			     "correlation-id, traceparent, file and position",
			     s->label, name->text);
	return NULL;
}

static int build_standard(struct source_build *s, const struct conf_node *name,
			  struct route_headers *headers)
{
	const struct standard *standard = find_standard(s, name);
	struct route_header header = {0};
	struct conf_value value = {.node = name};
	int r;

	/* A parser that is broken has no fields to judge. */
	if (!standard || !s->fields_known)
		return 0;
	if (standard->field && !conf_parser_may_have(s, slice_of(standard->field))) {
		conf_problem(s->build->problems, name->place,
			     "%sstandard_headers: \"%s\" is the field %s of the parser, and %s: "
			     "name it (?<%s>...) in the pattern, or write the header out: "
			     "{ name = \"%s\"; value = \"${...}\"; }",
			     s->label, standard->name, standard->field,
			     s->n_links ? "this one has none of that name" :
					  "the source has no parser",
			     standard->field, standard->name);
		return 0;
	}
	value.text = standard->value;
	header.traceparent = standard->traceparent;
	r = conf_build_template(s, "standard_headers", &value, &header.value);
	if (r)
		return r;
	return add_header(headers, standard->name, header);
}

static int build_standards(struct source_build *s, struct route_headers *headers)
{
	const struct conf_node *list = s->values.of[CONF_STANDARD_HEADERS].node;
	int r = 0;

	if (list && list->kind != CONF_LIST)
		return build_standard(s, list, headers);
	for (size_t i = 0; list && i < list->n_kids && r == 0; i++)
		r = build_standard(s, list->kids[i], headers);
	return r;
}

/* A field that is a header of its own name. */
static int build_from(struct source_build *s, const struct conf_node *name,
		      struct route_headers *headers)
{
	struct route_header header = {0};
	char text[256];
	struct conf_value value = {.node = name, .text = text};
	int r;

	if ((size_t)snprintf(text, sizeof text, "${%s}", name->text) >= sizeof text) {
		conf_problem(s->build->problems, name->place, "%sheaders_from: a name is too long",
			     s->label);
		return 0;
	}
	check_header_name(s, &(struct conf_value){.node = name, .text = name->text});
	r = conf_build_template(s, "headers_from", &value, &header.value);
	return r || !header.value ? r : add_header(headers, name->text, header);
}

static int build_all_from(struct source_build *s, struct route_headers *headers)
{
	const struct conf_node *list = s->values.of[CONF_HEADERS_FROM].node;
	int r = 0;

	if (list && list->kind != CONF_LIST)
		return build_from(s, list, headers);
	for (size_t i = 0; list && i < list->n_kids && r == 0; i++)
		r = build_from(s, list->kids[i], headers);
	return r;
}

static size_t count(const struct conf_node *node)
{
	return !node ? 0 : node->kind == CONF_LIST ? node->n_kids : 1;
}

/* A repeat of a record without key may go to another partition than the first. */
static void warn_of_null_keys(struct source_build *s)
{
	const struct conf_value *provenance = &s->values.of[CONF_PROVENANCE];

	if (!conf_node_find(s->group, "key") && !conf_node_find(s->group, "partition"))
		conf_warning(s->build->problems, provenance->node->place,
			     "%sprovenance without key: what a crash repeats may go to another "
			     "partition, where only a reader of all partitions finds it",
			     s->label);
}

int conf_build_headers(struct source_build *s, struct route_headers *headers)
{
	bool provenance = s->values.of[CONF_PROVENANCE].number != 0;
	const struct conf_node *standards = s->values.of[CONF_STANDARD_HEADERS].node;
	const struct conf_node *list = s->values.of[CONF_HEADERS].node;
	const struct conf_node *from = s->values.of[CONF_HEADERS_FROM].node;
	size_t n = count(standards) + count(from) + count(list),
	       max = RECORD_HEADERS_MAX - OWN_HEADERS_N;
	int r;

	max -= provenance ? ROUTE_ORIGIN_HEADERS : 0;
	s->source->provenance = provenance;
	s->build->conf->provenance |= provenance;
	if (provenance)
		warn_of_null_keys(s);

	headers->max_bytes = (uint32_t)s->values.of[CONF_HEADERS_MAX_BYTES].number;
	if (n > max) {
		conf_problem(s->build->problems,
			     list ? list->place :
			     from ? from->place :
				    standards->place,
			     "%s%zu headers are too many: at most %zu", s->label, n, max);
		return 0;
	}
	r = build_standards(s, headers);
	if (r == 0)
		r = build_all_from(s, headers);
	for (size_t i = 0; list && i < list->n_kids && r == 0; i++)
		r = build_header(s, list->kids[i], headers);
	return r;
}
