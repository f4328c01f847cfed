/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INSTANCE_TOPICS_H
#define INSTANCE_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/brokers.h"
#include "instance/producer.h"
#include "pressure/topic_facts.h"

/*
 * What the brokers say of our topics. A snapshot is taken by the helper thread and does not change
 * afterwards; nothing is submitted to a topic before a snapshot says that it is ready.
 */

struct topics {
	size_t n;
	size_t n_ready;
	int32_t broker;         /* the one that answered */
	int32_t n_brokers;      /* all that it named */
	struct brokers leaders; /* those that lead partitions of the topics */
	struct topic_facts at[];
};

enum {
	TOPICS_E_UNREACHABLE = 1, /* no broker answered; message says why */
};

/*
 * Asks for all topics of the producer; blocks up to timeout_ms. 0: *ret_topics is the caller's.
 * TOPICS_E_UNREACHABLE with ret_message. -ENOMEM.
 */
int topics_ask(struct producer *producer, int timeout_ms, char *ret_message, size_t len,
	       struct topics **ret_topics) MUSTCHECK;

/*
 * Adds what the topics' settings say (max.message.bytes, min.insync.replicas and, for check, those
 * of timestamps), and those that the plans name; plans: of each topic, or NULL. Blocks up to
 * timeout_ms. What cannot be learned stays 0: not all may read settings.
 */
void topics_ask_settings(struct producer *producer, int timeout_ms, const struct topic_plan *plans,
			 struct topics *topics);

/* Copies the settings of an older snapshot into one that was taken without asking for them. */
void topics_keep_settings(struct topics *topics, const struct topics *older);

/* So many brokers are asked at once at most. */
#define TOPICS_ASKED_BROKERS 16

/*
 * Whether one of n brokers answers a question about the topic, be it by a refusal: all are asked at
 * once, and the first answer does. Blocks up to timeout_ms.
 */
bool topics_any_answers(struct producer *producer, size_t topic, const int32_t *brokers, size_t n,
			int timeout_ms);

/* What the next producer is to be made with. */
struct producer_sizing topics_sizing(const struct topics *topics);

/* NULL is fine. Returns NULL. */
struct topics *topics_free(struct topics *topics);

#endif
