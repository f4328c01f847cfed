/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A topic has another number of partitions than its keys have gone by, under the agent or since it
 * ran last: from then on most keys would go to other partitions, and a reader would see the records
 * of a key out of their order. Whether that is right nobody knows but who runs the topic, so a
 * setting says what is done (on_partition_change). What is under way arrives where it was sent to.
 *
 * With fewer partitions than before (the topic was made anew), or where the rules of a partitioner
 * need more, the old number is of no use: then "pin" waits like "pause".
 */
#include <stdio.h>
#include <syslog.h>

#include "kafka/kafka_private.h"

/* How many of the keys that were seen lately move; "" when none was seen. */
static void print_moves(const struct ledger_topic *t, int32_t n, uint64_t now_us, char *ret,
			size_t len)
{
	struct keys_moves moves;

	ret[0] = '\0';
	if (keys_moving(&t->keys, &t->placing, n, now_us, &moves) || !moves.seen)
		return;
	snprintf(ret, len, "; of %s%llu keys seen in the last hour %llu move",
		 moves.estimated ? "about " : "", (unsigned long long)moves.seen,
		 (unsigned long long)moves.moving);
}

static void tell(struct kafka *k, size_t topic, int32_t n, uint64_t now_us, int priority,
		 const char *what)
{
	struct ledger_topic *t = &k->ledger.topics[topic];
	char moves[128];

	if (t->n_told == n)
		return;
	print_moves(t, n, now_us, moves, sizeof moves);
	t->n_told = n;
	remarks_add(&k->remarks, priority, "partitions-changed", k->options->topics[topic],
		    "topic %.200s has %d partition%s now, %d before: %s%s (on_partition_change)",
		    k->options->topics[topic], n, n == 1 ? "" : "s", t->n_kept, what, moves);
}

bool kafka_take_count(struct kafka *k, size_t topic, int32_t n, uint64_t now_us)
{
	struct ledger_topic *t = &k->ledger.topics[topic];
	char what[300];

	if (!t->n_kept || t->n_kept == n) {
		t->n_kept = n;
		t->n_told = 0;
		return true;
	}
	switch (k->options->on_change) {
	case KAFKA_CHANGE_WARN:
		tell(k, topic, n, now_us, LOG_WARNING,
		     "from here on its keys go to other partitions");
		t->n_kept = n;
		t->n_told = 0;
		return true;
	case KAFKA_CHANGE_PIN:
		if (n > t->n_kept && t->n_kept >= partitioner_least(t->placing.partitioner)) {
			tell(k, topic, n, now_us, LOG_NOTICE, "its keys go by the old number");
			return true;
		}
		break;
	case KAFKA_CHANGE_PAUSE:
		break;
	}
	snprintf(what, sizeof what, "its files wait until `waybill topics accept %.200s`",
		 k->options->topics[topic]);
	tell(k, topic, n, now_us, LOG_ERR, what);
	return false;
}

bool kafka_accept(struct output *output, size_t topic)
{
	struct kafka *k = (struct kafka *)output;
	struct ledger_topic *t = topic < k->ledger.n_topics ? &k->ledger.topics[topic] : NULL;

	if (!t || !t->n || t->n == t->n_kept || partitioner_topic_resize(&t->placing, t->n))
		return false;
	remarks_add(&k->remarks, LOG_NOTICE, "partitions-accepted", k->options->topics[topic],
		    "topic %.200s: its keys go by %d partitions from here on, %d before",
		    k->options->topics[topic], t->n, t->n_kept);
	t->n_kept = t->n;
	t->n_told = 0;
	if (t->state == TOPIC_CHANGED)
		t->state = TOPIC_READY;
	t->moved++;
	return true;
}
