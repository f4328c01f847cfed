/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds up records in flight: the partition of a record where its key names that, else the
 * worst of its topic, or of all.
 */
#include "view/slow.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

/* Quiet for so long a partition is worth a word, as in `waybill status`. */
#define QUIET_US (5 * US_PER_S)

struct worst {
	struct output_partition part;
	size_t topic;
	int32_t number; /* -1: none is quiet for long */
};

static void look_at(const struct view *view, size_t topic, int32_t number, struct worst *worst)
{
	struct output_partition part;

	if (!output_partition(view->output, topic, number, view->now_us, &part) || !part.records ||
	    part.quiet_us < QUIET_US || part.quiet_us <= worst->part.quiet_us)
		return;
	*worst = (struct worst){part, topic, number};
}

static void look_at_topic(const struct view *view, size_t topic, struct worst *worst)
{
	struct output_topic of;
	int32_t n = output_topic(view->output, topic, &of) ? of.n_partitions : 0;

	for (int32_t i = 0; i < n; i++)
		look_at(view, topic, i, worst);
}

/* True: no broker of the topic's cluster answers; ret_words says so. */
static bool say_silence(const struct view *view, int64_t topic, char *ret_words, size_t len)
{
	struct output_stats stats;
	const char *cluster;

	if (topic < 0 && view->conf->n_clusters > 1)
		return false;
	if (topic < 0 ||
	    !output_part(view->output, view->conf->topic_clusters[topic], &cluster, &stats))
		output_stats(view->output, &stats);
	if (stats.reachable)
		return false;
	snprintf(ret_words, len,
		 "no broker answers%s%.300s: mend the brokers or the way to them (`waybill check` "
		 "asks them, too)",
		 stats.last_error && *stats.last_error ? ": " : "",
		 stats.last_error ? stats.last_error : "");
	return true;
}

void slow_partition(const struct view *view, int64_t topic, int32_t partition, char *ret_words,
		    size_t len)
{
	struct worst worst = {.number = -1};
	char look[64];

	if (say_silence(view, topic, ret_words, len))
		return;
	if (topic >= 0 && partition >= 0)
		look_at(view, (size_t)topic, partition, &worst);
	else if (topic >= 0)
		look_at_topic(view, (size_t)topic, &worst);
	for (size_t i = 0; topic < 0 && i < view->conf->n_topics; i++)
		look_at_topic(view, i, &worst);
	ret_words[0] = '\0';
	if (worst.number < 0)
		return;
	if (worst.part.leader < 0)
		snprintf(look, sizeof look, "it has no leader");
	else if (worst.part.lacks_replicas)
		snprintf(look, sizeof look, "it lacks replicas in sync");
	else
		snprintf(look, sizeof look, "look at broker %" PRId32 ", which leads it",
			 worst.part.leader);
	snprintf(ret_words, len,
		 "topic %s partition %" PRId32 " has acknowledged nothing for %" PRIu64
		 " s: %s (`waybill status %s`)",
		 view->conf->topics[worst.topic], worst.number,
		 (uint64_t)(worst.part.quiet_us / US_PER_S), look, view->conf->topics[worst.topic]);
}
