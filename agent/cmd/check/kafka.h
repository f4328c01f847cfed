/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CHECK_KAFKA_H
#define CMD_CHECK_KAFKA_H

#include <stddef.h>

#include "cmd/check/report.h"
#include "instance/topics.h"
#include "route/route.h"

/*
 * What the facts of a topic mean for lines, in words. Pure but for the report. letters: only dead
 * letters go to the topic, so that no file waits for it.
 */

/* Who waits for a topic: "files" or "dead letters". */
static inline const char *check_who_waits(bool letters)
{
	return letters ? "dead letters" : "files";
}

/* Replicas and min.insync.replicas against acks=all. Unknown ones (0) are not judged. */
void check_judge_replicas(struct check_report *report, struct conf_place place, const char *topic,
			  const struct topic_facts *facts, bool letters);

/* The topic's other settings, its limit against max_line (bytes) among them. */
void check_judge_settings(struct check_report *report, struct conf_place place, const char *topic,
			  const struct topic_facts *facts, size_t max_line, bool letters);

/* Null keys that the source may send to a topic that refuses them. */
void check_judge_keys(struct check_report *report, struct conf_place place, const char *topic,
		      const struct topic_facts *facts, const struct route *route);

/* What the topic does to the timestamps of a source that writes to it. */
void check_judge_times(struct check_report *report, struct conf_place place, const char *topic,
		       const struct topic_facts *facts, const struct route_time *time);

/* Its n partitions against those that the rules of its partitioner need at least. */
void check_judge_partitions(struct check_report *report, struct conf_place place, const char *topic,
			    int32_t n, int32_t least);

/* Of a topic that is not there: the command that makes it, on a cluster of so many brokers. */
void check_judge_missing(struct check_report *report, struct conf_place place, const char *topic,
			 int32_t n_brokers, bool letters);

/* The same of one that run makes: what it will be. */
void check_judge_to_make(struct check_report *report, struct conf_place place, const char *topic,
			 const struct topic_plan *plan);

/* In what a topic that is ready differs from its plan. */
void check_judge_plan(struct check_report *report, struct conf_place place, const char *topic,
		      const struct topic_facts *facts, const struct topic_plan *plan);

/* A leader of partitions of the topic that did not answer. */
void check_judge_leader(struct check_report *report, struct conf_place place, const char *topic,
			const struct topic_facts *facts, const struct broker *broker);

/* The number of brokers that are named. */
void check_judge_cluster(struct check_report *report, struct conf_place place, int32_t n_brokers);

/* What is known of a topic that is ready, in words; what may not be asked is left out. */
void check_topic_text(const struct topic_facts *facts, char *ret_text, size_t len);

/* What to look at when no broker answers; message: the library's words. Static text. */
const char *check_unreached_advice(const char *message);

#endif
