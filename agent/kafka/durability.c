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
#include "pressure/durability.h"

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

static bool is_told(const struct kafka *k, size_t topic)
{
	const struct ledger_topic *t = &k->ledger.topics[topic];

	return t->durability_told && strcmp(acks_of(k, topic), t->told_acks) == 0 &&
	       durability_alike(acks_of(k, topic), (uint32_t[]){t->told_replicas, t->replicas},
				(uint32_t[]){t->told_min_insync, t->min_insync});
}

static void note_told(struct ledger_topic *t, const char *acks)
{
	snprintf(t->told_acks, sizeof t->told_acks, "%s", acks);
	t->durability_told = true;
	t->told_replicas = t->replicas;
	t->told_min_insync = t->min_insync;
}

/* Those that are told in one line with the first one, which is among them; all are told then. */
static unsigned int gather(struct kafka *k, size_t first)
{
	const struct ledger_topic like = k->ledger.topics[first];
	const char *acks = acks_of(k, first);
	unsigned int n = 0;

	for (size_t i = first; i < k->ledger.n_topics; i++) {
		struct ledger_topic *t = &k->ledger.topics[i];

		if (!t->replicas || is_told(k, i) || strcmp(acks_of(k, i), acks) != 0 ||
		    !durability_alike(acks, (uint32_t[]){t->replicas, like.replicas},
				      (uint32_t[]){t->min_insync, like.min_insync}))
			continue;
		note_told(t, acks);
		n++;
	}
	return n;
}

static void tell(struct kafka *k, size_t topic)
{
	const struct ledger_topic *t = &k->ledger.topics[topic];
	const char *acks = acks_of(k, topic);
	unsigned int others = gather(k, topic) - 1;
	char what[300], more[48] = "";
	bool weak = durability_words(acks, t->replicas, t->min_insync, what, sizeof what);

	if (others)
		snprintf(more, sizeof more, " and %u other%s", others, others == 1 ? "" : "s");
	remarks_add(&k->remarks, weak ? LOG_NOTICE : LOG_INFO, "durability",
		    k->options->topics[topic], "topic %.200s%s: acks = %s, %s",
		    k->options->topics[topic], more, acks, what);
}

void kafka_tell_durability(struct kafka *k)
{
	for (size_t i = 0; i < k->ledger.n_topics; i++) {
		if (k->ledger.topics[i].replicas && !is_told(k, i))
			tell(k, i);
	}
}
