/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition that the line itself names. Whether it is a number is known here; whether the topic
 * has it is known to the output, which says so, and the pipeline comes back for the same policy.
 * So the output needs no policy, and preview, whose user names the number of partitions, gives the
 * same answer.
 */
#include "route/route_private.h"

/* What the source says of a partition that cannot be. */
static void settle(const struct route *route, struct record *record, struct route_outcome *outcome,
		   const char *reason)
{
	record->partition = -1;
	outcome->partition_bad = true;
	if (route->parts.bad_partition_is_dead && !outcome->refused)
		outcome->refused = reason;
}

int route_set_partition(const struct route *route, const struct template_facts *facts,
			struct arena *arena, struct record *record, struct route_outcome *outcome)
{
	struct slice text;
	int r = template_render(route->parts.partition, facts, arena, &text);

	if (r < 0)
		return r;
	if (r == TEMPLATE_E_MISSING || keytype_partition(text, &record->partition))
		settle(route, record, outcome, "PARTITION_INVALID (not a number)");
	return 0;
}

bool route_without_partition(const struct route *route, struct record *record,
			     struct route_outcome *outcome)
{
	settle(route, record, outcome, "PARTITION_INVALID (not one of the topic's)");
	outcome->unusual = true;
	return !outcome->refused;
}
