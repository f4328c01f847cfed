/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redaction rules: those of the top level hold for every source and come first; a source can add to
 * them and cannot take any away. Whoever answers for what leaves the host can thus keep them in one
 * place, and need not read what others write about their sources.
 */
#include <errno.h>
#include <string.h>

#include "conf/build.h"

/* A match of nothing would put the replacement between all bytes: surely not meant. */
static int check_empty(struct conf_build *build, const char *label, struct conf_place place,
		       const struct pattern *pattern)
{
	struct pattern_scratch *scratch = pattern_scratch_new();

	if (!scratch)
		return -ENOMEM;
	if (pattern_match(pattern, scratch, slice_of(""), PATTERN_NO_FIELDS, NULL) == 0)
		conf_problem(build->problems, place,
			     "%sthe pattern matches the empty text too, so the replacement would "
			     "stand in every line, before every character",
			     label);
	pattern_scratch_free(scratch);
	return 0;
}

static int check_replacement(struct conf_build *build, const char *label,
			     const struct conf_value *replacement, const struct pattern *pattern)
{
	struct pattern_error error;
	const char *text = replacement->text;
	int r = pattern_check_replacement(pattern, text, strlen(text), &error);

	if (r == PATTERN_E_SYNTAX)
		conf_problem(build->problems, replacement->node->place,
			     "%sreplacement: %s: %.*s <HERE> %.24s", label, error.message,
			     (int)error.at, text, text + error.at);
	return r < 0 ? r : 0;
}

/* One rule; what is wrong with it is noted, and it is left out. 0 or -ENOMEM. */
static int build_rule(struct conf_build *build, const char *label, const struct conf_node *group,
		      struct redact *redact)
{
	struct conf_values values;
	const struct conf_value *pattern = &values.of[CONF_PATTERN];
	const struct conf_value *replacement = &values.of[CONF_REPLACEMENT];
	struct pattern *compiled = NULL;
	struct pattern_error error;
	int r;

	conf_values_init(&values);
	conf_values_read(&values, group, CONF_IN_REDACT, label, build->problems);
	if (!conf_node_find(group, "pattern"))
		conf_problem(build->problems, group->place, "%spattern is missing", label);
	if (!pattern->text)
		return 0;
	r = pattern_compile(pattern->text, strlen(pattern->text), &compiled, &error);
	if (r == PATTERN_E_SYNTAX)
		conf_problem_of_pattern(build->problems, pattern->node->place, label, pattern->text,
					&error);
	if (r)
		return r < 0 ? r : 0;
	r = check_empty(build, label, pattern->node->place, compiled);
	if (r == 0 && replacement->text)
		r = check_replacement(build, label, replacement, compiled);
	if (r == 0)
		return redact_add(redact, compiled, replacement->text ? replacement->text : "");
	pattern_free(compiled);
	return r;
}

int conf_build_redact(struct conf_build *build, const char *label, const struct conf_node *list,
		      const struct redact *shared, struct redact *ret_redact)
{
	size_t n = list ? list->n_kids : 0;
	char what[128];
	int r = redact_init(ret_redact, shared, n);

	snprintf(what, sizeof what, "%sredact: ", label);
	for (size_t i = 0; i < n && r == 0; i++)
		r = build_rule(build, what, list->kids[i], ret_redact);
	return r;
}
