/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a record: its template's text, as bytes of the key's type. A number where there is
 * none is treated like a key that is not there, by the same policy, and counted apart: the first
 * is a fault of the pattern or of the log, the second may be a line of another kind.
 *
 * The constant is serialised once, when the configuration is loaded, where it can be refused.
 */
#include "route/route_private.h"

int route_set_key(const struct route *route, const struct template_facts *facts,
		  struct arena *arena, struct record *record, struct outcome *outcome)
{
	int r;

	record->key = SLICE_NONE;
	if (!route->parts.key)
		return 0;
	r = template_render(route->parts.key, facts, arena, &record->key);
	if (LIKELY(r == 0 && route->parts.key_type == KEY_STRING))
		return 0;
	if (r == 0)
		r = keytype_serialize(route->parts.key_type, record->key, arena, &record->key);
	else if (r > 0)
		outcome_note(outcome, OUTCOME_KEY_MISSING);
	if (r <= 0)
		return r;
	if (!outcome_has(outcome, OUTCOME_KEY_MISSING))
		outcome_note(outcome, OUTCOME_KEY_INVALID);
	record->key = route->parts.missing_key;
	return 0;
}

bool route_has_keys(const struct route *route)
{
	return route->parts.key;
}

bool route_keys_may_be_null(const struct route *route)
{
	const struct route_parts *parts = &route->parts;

	if (!parts->key || template_is_constant(parts->key))
		return !parts->key;
	return !parts->missing_key.at && !(parts->rules.refuses & OUTCOMES_OF_KEY) &&
	       (parts->key_type != KEY_STRING || template_may_be_missing(parts->key));
}

enum key_type route_key_type(const struct route *route)
{
	return route->parts.key_type;
}
