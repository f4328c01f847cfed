/* SPDX-License-Identifier: Apache-2.0 */
/* What an acknowledgement is worth, so that nobody has to know three settings by heart. */
#include "pressure/durability.h"

#include <stdio.h>
#include <string.h>

bool durability_alike(const char *acks, const uint32_t replicas[2], const uint32_t min_insync[2])
{
	if (strcmp(acks, "0") == 0)
		return true;
	return replicas[0] == replicas[1] &&
	       (strcmp(acks, "1") == 0 || replicas[0] == 1 || min_insync[0] == min_insync[1]);
}

/* acks=all. True: an acknowledged line can be lost with one broker. */
static bool print_all(uint32_t replicas, uint32_t min_insync, char *ret, size_t len)
{
	/* Kafka needs no more than there are. */
	uint32_t least = min_insync < replicas ? min_insync : replicas;

	if (replicas == 1)
		snprintf(
			ret, len,
			"1 replica: an acknowledged line is on one broker, and lost with its disk");
	else if (!min_insync)
		snprintf(ret, len,
			 "%u replicas, min.insync.replicas not known (DescribeConfigs): if that is "
			 "1, an acknowledged line may be on one broker only, and lost with it",
			 replicas);
	else if (least == 1)
		snprintf(ret, len,
			 "%u replicas, min.insync.replicas 1: while others are down or behind an "
			 "acknowledged line is on one broker only, and lost with it; 2 prevents "
			 "that",
			 replicas);
	else
		snprintf(ret, len,
			 "%u replicas, min.insync.replicas %u: an acknowledged line is on %u "
			 "brokers at least, and lost only with all of those",
			 replicas, min_insync, least);
	return least < 2;
}

bool durability_words(const char *acks, uint32_t replicas, uint32_t min_insync, char *ret_words,
		      size_t len)
{
	if (strcmp(acks, "0") == 0)
		snprintf(ret_words, len,
			 "nobody confirms a line: what is lost on its way or by a broker counts as "
			 "delivered");
	else if (strcmp(acks, "1") == 0)
		snprintf(ret_words, len,
			 "%u replica%s: an acknowledged line is on its leader, and lost with it "
			 "until others have it",
			 replicas, replicas == 1 ? "" : "s");
	else
		return print_all(replicas, min_insync, ret_words, len);
	return true;
}
