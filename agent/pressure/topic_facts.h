/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PRESSURE_TOPIC_FACTS_H
#define PRESSURE_TOPIC_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of one topic, whoever found it out. */

enum topic_state {
	TOPIC_UNKNOWN, /* not asked, or the answer was "later" */
	TOPIC_MISSING,
	TOPIC_DENIED, /* not authorized */
	TOPIC_READY,
	TOPIC_CHANGED, /* it has another number of partitions, which somebody has to accept */
};

struct topic_facts {
	enum topic_state state;
	char reason[256]; /* name of the error when not ready, and why it was not made */
	bool created;     /* we made it, and it is ready for the first time */
	/* Values of the settings that its plan names, in its order; NULL: not known. */
	char **planned;
	size_t n_planned;
	int32_t n_partitions; /* 0 unless ready */
	int32_t n_leaderless;
	int32_t *leaders;           /* the id of the broker, of each partition; -1: it has none */
	uint32_t *in_sync;          /* replicas in sync, of each partition */
	uint32_t max_message_bytes; /* 0: not known */
	uint32_t min_insync;        /* min.insync.replicas; 0: not known */
	uint32_t replicas;          /* of partition 0; 0: not known */
	bool compacted;             /* cleanup.policy holds "compact": null keys are refused */
	bool append_time;           /* message.timestamp.type is LogAppendTime */
	uint64_t max_past_ms;       /* message.timestamp.before.max.ms; 0: not known */
	uint64_t max_future_ms;     /* message.timestamp.after.max.ms; 0: not known */
};

/* The id of the partition's leader; -1: it has none, as far as is known, or is not there. */
static inline int32_t topic_facts_leader(const struct topic_facts *facts, int32_t partition)
{
	return partition >= 0 && partition < facts->n_partitions ? facts->leaders[partition] : -1;
}

#endif
