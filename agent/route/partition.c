/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition that the line itself names. Whether it is a number is known here; whether the topic
 * has it is known to the output, which says so to the pipeline, and the same rule applies.
 * So the output needs no policy, and preview, whose user names the number of partitions, gives the
 * same answer.
 */
#include "route/route_private.h"

int route_set_partition(const struct route *route, const struct template_facts *facts,
			struct arena *arena, struct record *record, struct outcome *outcome)
{
	struct slice text;
	int r = template_render(route->parts.partition, facts, arena, &text);

	if (r < 0)
		return r;
	if (r == TEMPLATE_E_MISSING || keytype_partition(text, &record->partition)) {
		record->partition = -1;
		outcome_note(outcome, OUTCOME_PARTITION_INVALID);
	}
	return 0;
}
