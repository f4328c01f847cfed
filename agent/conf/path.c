/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path_pattern: what the path of a file says. It is a link of the source's parser like any other,
 * and the last one: what stands in a line, which others write, does not take the place of what the
 * path says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

#define PATTERNS_MAX 2

/* Ready-made ones, by name. */
static const struct {
	const char *name, *patterns[PATTERNS_MAX];
} ready_made[] = {
	/* /var/log/pods/NS_POD_UID/CONTAINER/N.log, /var/log/containers/POD_NS_CONTAINER-ID.log */
	{"kubernetes",
	 {"/(?<namespace>[a-z0-9-]+)_(?<pod>[a-z0-9.-]+)_(?<uid>[0-9a-f-]{32,36})"
	  "/(?<container>[^/]+)/(?<restart>[0-9]+)\\.log[^/]*$",
	  "/(?<pod>[a-z0-9.-]+)_(?<namespace>[a-z0-9-]+)_(?<container>[^/]+)"
	  "-(?<id>[0-9a-f]{64})\\.log$"}},
};

/* One more pattern. 0 or -ENOMEM; what is wrong with it is noted. */
static int compile(struct source_build *s, const char *text)
{
	struct parser_link *link = &s->patterns->path;
	const struct conf_node *node = s->values.of[CONF_PATH_PATTERN].node;
	struct pattern_error error;
	int r = pattern_compile(text, strlen(text), &link->patterns[link->n_patterns], &error);
	char label[128];

	link->n_patterns += r == 0;
	if (r != PATTERN_E_SYNTAX)
		return r;
	snprintf(label, sizeof label, "%spath_pattern: ", s->label);
	conf_problem_of_pattern(s->build->problems, node->place, label, text, &error);
	return 0;
}

static int compile_all(struct source_build *s, const char *text)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(ready_made); i++) {
		if (strcmp(ready_made[i].name, text) != 0)
			continue;
		for (size_t k = 0; k < PATTERNS_MAX && r == 0; k++)
			r = compile(s, ready_made[i].patterns[k]);
		return r;
	}
	return compile(s, text);
}

int conf_build_path_pattern(struct source_build *s)
{
	const struct conf_value *value = &s->values.of[CONF_PATH_PATTERN];
	struct parser_link *link = &s->patterns->path;
	int r;

	if (!value->text)
		return 0;
	link->name = "path_pattern";
	link->from = PARSER_FROM_FOUND;
	link->patterns = calloc(PATTERNS_MAX, sizeof(struct pattern *));
	if (!link->patterns)
		return -ENOMEM;
	r = compile_all(s, value->text);
	if (r || !link->n_patterns)
		return r;
	if (!pattern_n_fields(link->patterns[0]))
		conf_problem(
			s->build->problems, value->node->place,
			"%spath_pattern: has no named group: (?<name>...), and is no ready-made "
			"one (kubernetes)",
			s->label);
	s->source->reads_found = true;
	return 0;
}
