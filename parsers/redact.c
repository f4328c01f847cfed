/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redaction changes the line before anybody else sees it, and not the finished record: a record has
 * many places in which a piece of the line may end (key, headers, value, topic, dead letter), and
 * one that is forgotten there is a leak. The price: patterns of parsers have to match what is left.
 *
 * It fails closed. A pattern that gives up has said nothing about the line, which may hold what the
 * rule is for; so none of it goes on, and its place is taken by words that say so.
 */
#include "parsers/redact.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int redact_init(struct redact *redact, const struct redact *shared, size_t capacity)
{
	size_t n = shared ? shared->n : 0;

	*redact = REDACT_NULL;
	if (n + capacity == 0)
		return 0;
	redact->rules = calloc(n + capacity, sizeof *redact->rules);
	if (!redact->rules)
		return -ENOMEM;
	redact->n = redact->n_shared = n;
	if (n > 0)
		memcpy(redact->rules, shared->rules, n * sizeof *redact->rules);
	return 0;
}

int redact_add(struct redact *redact, struct pattern *pattern, const char *replacement)
{
	struct redact_rule *rule = &redact->rules[redact->n++];

	*rule = (struct redact_rule){pattern, strdup(replacement), strlen(replacement), NULL};
	if (!rule->replacement ||
	    asprintf(&rule->withheld, "[withheld by waybill: redaction rule %zu reached its limit]",
		     redact->n) < 0) {
		rule->withheld = NULL;
		return -ENOMEM;
	}
	return 0;
}

void redact_deinit(struct redact *redact)
{
	for (size_t i = redact->n_shared; i < redact->n; i++) {
		pattern_free(redact->rules[i].pattern);
		free(redact->rules[i].replacement);
		free(redact->rules[i].withheld);
	}
	free(redact->rules);
	*redact = REDACT_NULL;
}

int redact_line(const struct redact *redact, struct pattern_scratch *scratch, struct arena *arena,
		struct slice *line)
{
	int changed = 0;

	for (size_t i = 0; i < redact->n; i++) {
		const struct redact_rule *rule = &redact->rules[i];
		struct slice replacement = {rule->replacement, rule->replacement_len};
		int r = pattern_replace(rule->pattern, scratch, *line, replacement, arena, line);

		if (LIKELY(r == PATTERN_E_MISS))
			continue;
		if (r < 0)
			return r;
		if (r == PATTERN_E_LIMIT) {
			*line = slice_of(rule->withheld);
			return REDACT_E_WITHHELD;
		}
		changed = REDACT_E_CHANGED;
	}
	return changed;
}
