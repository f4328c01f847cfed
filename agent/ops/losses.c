/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was lost is counted and told in the log; who asks later why a line is not in Kafka names a
 * file that is not there any more. So the last ones are kept by name, as long as the process lives:
 * losses are rare, or there are so many of them that one more name does not help.
 */
#include "ops/losses.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/iso_time.h"

static void forget(struct loss *loss)
{
	free(loss->path);
	free(loss->lineage);
	*loss = (struct loss){0};
}

void losses_add(struct losses *losses, const char *path, const char *lineage,
		enum counters_lost why, uint64_t bytes)
{
	struct loss loss = {.why = why, .bytes = bytes, .time_ms = clock_real_ms()};
	struct loss *at;

	if (!losses)
		return;
	loss.path = strdup(path);
	loss.lineage = strdup(lineage ? lineage : path);
	if (!loss.path || !loss.lineage) {
		forget(&loss);
		return;
	}
	at = &losses->at[losses->n++ % LOSSES_KEPT];
	forget(at);
	*at = loss;
}

const struct loss *losses_find(const struct losses *losses, const char *name)
{
	uint64_t kept = losses->n < LOSSES_KEPT ? losses->n : LOSSES_KEPT;

	for (uint64_t i = 1; i <= kept; i++) {
		const struct loss *loss = &losses->at[(losses->n - i) % LOSSES_KEPT];

		if (strcmp(loss->path, name) == 0 || strcmp(loss->lineage, name) == 0)
			return loss;
	}
	return NULL;
}

void losses_describe(const struct loss *loss, char *ret_words, size_t len)
{
	static const char *const words[LOST_REASONS] = {
		[LOST_REMOVED] = "it was removed before it was read",
		[LOST_STOPPED] = "it was removed while no agent ran",
		[LOST_TRUNCATED] = "it shrank or was rewritten",
		[LOST_OVERWRITTEN] = "it was overwritten after its rotation",
	};
	char time[ISO_TIME_LEN];

	iso_time_print(loss->time_ms, time);
	snprintf(ret_words, len, "%" PRIu64 " bytes were lost unread (seen at %.19sZ): %s",
		 loss->bytes, time, words[loss->why]);
}

void losses_deinit(struct losses *losses)
{
	for (size_t i = 0; i < LOSSES_KEPT; i++)
		forget(&losses->at[i]);
	losses->n = 0;
}
