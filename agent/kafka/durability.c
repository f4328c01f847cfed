/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an acknowledgement is worth: it depends on acks, on how many replicas the topic has, and on
 * min.insync.replicas, and only the first is in our configuration. So it is said in words when the
 * topics are known, and again when it changes; topics of a kind in one line.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "kafka/kafka_private.h"

static const char *acks_of(const struct kafka *k, size_t topic)
{
	const struct kafka_options *o = k->options;
	const char *acks = o->topic_settings ? o->topic_settings[topic].acks : "";

	for (size_t i = 0; !*acks && i < o->n_props; i++) {
		if (strcmp(o->props[i].name, "acks") == 0)
			acks = o->props[i].value;
	}
	return *acks && strcmp(acks, "-1") != 0 ? acks : "all";
}

static bool is_told(const struct ledger_topic *t)
{
	return t->durability_told && t->told_replicas == t->replicas &&
	       t->told_min_insync == t->min_insync;
}

static void note_told(struct ledger_topic *t)
{
	t->durability_told = true;
	t->told_replicas = t->replicas;
	t->told_min_insync = t->min_insync;
}

/* Whether the same is said of both. */
static bool is_alike(const struct ledger_topic *a, const struct ledger_topic *b, const char *acks)
{
	if (strcmp(acks, "0") == 0)
		return true;
	return a->replicas == b->replicas &&
	       (strcmp(acks, "1") == 0 || a->min_insync == b->min_insync);
}

/* Those that are told in one line with the first one, which is among them; all are told then. */
static unsigned int gather(struct kafka *k, size_t first)
{
	const struct ledger_topic like = k->ledger.topics[first];
	const char *acks = acks_of(k, first);
	unsigned int n = 0;

	for (size_t i = first; i < k->ledger.n_topics; i++) {
		struct ledger_topic *t = &k->ledger.topics[i];

		if (!t->replicas || is_told(t) || strcmp(acks_of(k, i), acks) != 0 ||
		    !is_alike(t, &like, acks))
			continue;
		note_told(t);
		n++;
	}
	return n;
}

/* acks=all. True: an acknowledged line can be lost with one broker. */
static bool print_all(const struct ledger_topic *t, char *ret, size_t len)
{
	/* Kafka needs no more than there are. */
	uint32_t least = t->min_insync < t->replicas ? t->min_insync : t->replicas;

	if (t->replicas == 1)
		snprintf(
			ret, len,
			"1 replica: an acknowledged line is on one broker, and lost with its disk");
	else if (!t->min_insync)
		snprintf(ret, len,
			 "%u replicas, min.insync.replicas not known (DescribeConfigs): if that is "
			 "1, an acknowledged line may be on one broker only, and lost with it",
			 t->replicas);
	else if (least == 1)
		snprintf(ret, len,
			 "%u replicas, min.insync.replicas 1: while others are down or behind an "
			 "acknowledged line is on one broker only, and lost with it; 2 prevents "
			 "that",
			 t->replicas);
	else
		snprintf(ret, len,
			 "%u replicas, min.insync.replicas %u: an acknowledged line is on %u "
			 "brokers at least, and lost only with all of those",
			 t->replicas, t->min_insync, least);
	return least < 2;
}

static void tell(struct kafka *k, size_t topic)
{
	const struct ledger_topic *t = &k->ledger.topics[topic];
	const char *acks = acks_of(k, topic);
	unsigned int others = gather(k, topic) - 1;
	char what[300], more[48] = "";
	bool weak = true;

	if (others)
		snprintf(more, sizeof more, " and %u other%s", others, others == 1 ? "" : "s");
	if (strcmp(acks, "0") == 0)
		snprintf(what, sizeof what,
			 "nobody confirms a line: what is lost on its way or by a broker counts as "
			 "delivered");
	else if (strcmp(acks, "1") == 0)
		snprintf(what, sizeof what,
			 "%u replica%s: an acknowledged line is on its leader, and lost with it "
			 "until others have it",
			 t->replicas, t->replicas == 1 ? "" : "s");
	else
		weak = print_all(t, what, sizeof what);
	remarks_add(&k->remarks, weak ? LOG_NOTICE : LOG_INFO, "durability",
		    "topic %.200s%s: acks = %s, %s", k->options->topics[topic], more, acks, what);
}

void kafka_tell_durability(struct kafka *k)
{
	for (size_t i = 0; i < k->ledger.n_topics; i++) {
		if (k->ledger.topics[i].replicas && !is_told(&k->ledger.topics[i]))
			tell(k, i);
	}
}
