/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds up records in flight. To which partition one of them goes is not kept with its file;
 * but of a file that waits for long there is one that answers to none.
 */
#include "control/slow.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

/* Quiet for so long a partition is worth a word, as in `waybill status`. */
#define QUIET_US (5 * US_PER_S)

void slow_partition(const struct view *view, char *ret_words, size_t len)
{
	struct output_partition part, worst = {0};
	size_t topic = 0;
	int32_t number = -1;
	char look[64];

	for (size_t i = 0; i < view->conf->n_topics; i++) {
		for (int32_t p = 0; output_partition(view->output, i, p, view->now_us, &part);
		     p++) {
			if (!part.records || part.quiet_us < QUIET_US ||
			    part.quiet_us <= worst.quiet_us)
				continue;
			worst = part;
			topic = i;
			number = p;
		}
	}
	ret_words[0] = '\0';
	if (number < 0)
		return;
	if (worst.leader < 0)
		snprintf(look, sizeof look, "it has no leader");
	else if (worst.lacks_replicas)
		snprintf(look, sizeof look, "it lacks replicas in sync");
	else
		snprintf(look, sizeof look, "look at broker %" PRId32 ", which leads it",
			 worst.leader);
	snprintf(ret_words, len,
		 "topic %s partition %" PRId32 " has acknowledged nothing for %" PRIu64
		 " s: %s (`waybill status %s`)",
		 view->conf->topics[topic], number, (uint64_t)(worst.quiet_us / US_PER_S), look,
		 view->conf->topics[topic]);
}
