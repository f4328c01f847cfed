/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a topic does to timestamps, against what its sources set. Brokers refuse a record whose
 * timestamp is too far from their clock, and a refused one is a dead letter: with lines in it that
 * were good. Whether brokers overwrite timestamps matters to a source that sets some, and is no
 * more than good to know for all others.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/check/check.h"
#include "cmd/check/kafka.h"

/* Kafka's word for "no limit". */
#define NO_LIMIT INT64_MAX

static const char *limit_text(uint64_t ms, char *text, size_t len)
{
	if (ms)
		snprintf(text, len, "%" PRIu64 " ms", ms);
	else
		snprintf(text, len, "no limit");
	return text;
}

/* ours: 0 is no limit. A record that is clamped lies at the limit: clocks need room beside it. */
static void judge_limit(struct check_report *report, struct conf_place place, const char *topic,
			const char *setting, uint64_t ours, const char *property, uint64_t theirs,
			bool clamp)
{
	char text[32];

	if (theirs == 0 || theirs >= NO_LIMIT || (ours && ours < theirs) ||
	    (ours == theirs && !clamp))
		return;
	check_find(report, CHECK_WARNING, place,
		   "topic \"%s\": %s is %s, the topic's %s %" PRIu64 " ms\n"
		   "A line whose time is beyond that is refused, and kept as a dead letter.\n"
		   "Lower %s%s, or raise the topic's.",
		   topic, setting, limit_text(ours, text, sizeof text), property, theirs, setting,
		   ours == theirs ? " by more than the clocks may differ" : "");
}

void check_judge_times(struct check_report *report, struct conf_place place, const char *topic,
		       const struct topic_facts *facts, const struct route_time *time)
{
	if (!time->text) {
		if (facts->append_time)
			check_find(report, CHECK_NOTE, place,
				   "topic \"%s\": message.timestamp.type is LogAppendTime: the "
				   "brokers put their own time in place of waybill's",
				   topic);
		return;
	}
	if (facts->append_time) {
		check_find(report, CHECK_WARNING, place,
			   "topic \"%s\": message.timestamp.type is LogAppendTime: the brokers put "
			   "their own time in place of this timestamp\n"
			   "Let them keep it:\n"
			   "  kafka-configs --bootstrap-server %s --alter --topic %s --add-config "
			   "message.timestamp.type=CreateTime",
			   topic, check_servers(report), topic);
		return;
	}
	judge_limit(report, place, topic, "timestamp_max_past", time->max_past_ms,
		    "message.timestamp.before.max.ms", facts->max_past_ms, time->clamp);
	judge_limit(report, place, topic, "timestamp_max_future", time->max_future_ms,
		    "message.timestamp.after.max.ms", facts->max_future_ms, time->clamp);
}
