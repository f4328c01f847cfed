/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds up records in flight: the partition of a record where its key names that, else the
 * worst of its topic, or of all.
 */
#include "view/slow.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "conf/output.h"

struct worst {
	struct output_partition part;
	size_t topic;
	int32_t number; /* -1: none is quiet for long */
};

void slow_stats(const struct view *view, size_t topic, struct output_stats *ret_stats)
{
	const char *name;

	if (!output_part(view->output, view->conf->topic_clusters[topic], &name, ret_stats))
		output_stats(view->output, ret_stats);
}

/* The broker that leads the partition, if it is known. */
static bool find_leader(const struct view *view, size_t topic, const struct output_partition *part,
			struct output_broker *ret_broker)
{
	const char *cluster = conf_topic_cluster(view->conf, topic)->name;

	for (size_t i = 0; output_broker(view->output, i, view->now_us, ret_broker); i++) {
		if (ret_broker->id == part->leader &&
		    (!ret_broker->cluster || strcmp(ret_broker->cluster, cluster) == 0))
			return true;
	}
	return false;
}

/* Whose leader is there, and the replicas in sync. */
static void say_leader(const struct view *view, size_t topic, const struct output_partition *part,
		       uint32_t replicas, char *ret_words, size_t len)
{
	struct output_broker broker = {.address = "?"};
	bool known = find_leader(view, topic, part, &broker);

	snprintf(ret_words, len, "look at broker %" PRId32 ", which leads it, at %s%s",
		 part->leader, broker.address,
		 known && (broker.silent || *broker.error) ? ": it does not answer" :
		 replicas > 1 ? ", and at those of its other replicas" :
				"");
}

void slow_say(const struct view *view, size_t topic, const struct output_partition *part,
	      char *ret_words, size_t len)
{
	bool quiet = part->records && part->quiet_us >= SLOW_QUIET_US;
	struct output_topic of = {0};
	struct output_stats stats = {0};

	(void)output_topic(view->output, topic, &of);
	if (quiet)
		slow_stats(view, topic, &stats);
	ret_words[0] = '\0';
	if (quiet && !stats.reachable)
		snprintf(ret_words, len, "no broker answers");
	else if (part->leader < 0)
		snprintf(ret_words, len, "it has no leader: start the brokers of its replicas");
	else if (part->lacks_replicas && of.min_insync)
		snprintf(ret_words, len,
			 "%" PRIu32 " of its %" PRIu32 " replicas in sync, and "
			 "min.insync.replicas is %" PRIu32 ": start the brokers of the others, or "
			 "lower it",
			 part->replicas, of.replicas, of.min_insync);
	else if (part->lacks_replicas && quiet)
		snprintf(ret_words, len,
			 "%" PRIu32 " of its %" PRIu32 " replicas in sync, which may be too few: "
			 "start the brokers of the others",
			 part->replicas, of.replicas);
	else if (quiet)
		say_leader(view, topic, part, of.replicas, ret_words, len);
	else if (part->held)
		snprintf(ret_words, len, "it has its share of the queue; others have the rest");
}

static void look_at(const struct view *view, size_t topic, int32_t number, struct worst *worst)
{
	struct output_partition part;

	if (!output_partition(view->output, topic, number, view->now_us, &part) || !part.records ||
	    part.quiet_us < SLOW_QUIET_US || part.quiet_us <= worst->part.quiet_us)
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
	const char *name;
	char look[256];

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
	name = conf_topic_name(view->conf, worst.topic);
	slow_say(view, worst.topic, &worst.part, look, sizeof look);
	snprintf(ret_words, len,
		 "topic %s partition %" PRId32 " has acknowledged nothing for %" PRIu64
		 " s: %s (`waybill status %s:%" PRId32 "`)",
		 name, worst.number, (uint64_t)(worst.part.quiet_us / US_PER_S), look, name,
		 worst.number);
}
