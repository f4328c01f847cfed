/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library tells what it counts as one JSON object: first of itself, then "brokers", then
 * "topics" with some kilobyte a partition, all of which we count ourselves. So what is behind the
 * brokers is cut off unread. The rest is read by the helper: a hundred brokers take milliseconds.
 *
 * Each text is of one interval: what it counts begins at 0 again with the next, but for what is so
 * much now. A quantile is 0 without answers, and where all took longer than was thought possible
 * (half a second, at first). Brokers without a number are bootstrap servers, which get no records.
 */
#include "client/statistics.h"

#include <stdlib.h>
#include <string.h>

#include "base/object.h"

char *statistics_cut(const char *text)
{
	const char *end = strstr(text, "\"topics\":");
	size_t len = end ? (size_t)(end - text) : 0;
	char *part, *comma;

	if (!end || len > STATISTICS_TEXT_MAX)
		return NULL;
	part = strndup(text, len);
	comma = part ? strrchr(part, ',') : NULL;
	if (comma)
		memcpy(comma, "}", sizeof "}");
	return part;
}

/* A member of an object that may not be there; 0: none, or it is negative. */
static uint64_t number(const struct object *object, const char *name)
{
	int64_t value = object ? object_number(object, name, 0) : 0;

	return value > 0 ? (uint64_t)value : 0;
}

static void read_load(const struct object *broker, struct output_load *ret)
{
	const struct object *rtt = object_member(broker, "rtt");
	const char *state = object_text(broker, "state");

	*ret = (struct output_load){
		.counted = true,
		.connected = state && strcmp(state, "UP") == 0,
		.requests = number(broker, "outbuf_cnt"),
		.records = number(broker, "outbuf_msg_cnt"),
		.rtt_n = number(rtt, "cnt"),
		.rtt_sum_us = number(rtt, "sum"),
		.rtt_50_us = number(rtt, "p50"),
		.rtt_99_us = number(rtt, "p99"),
		.throttled_ms = number(object_member(broker, "throttle"), "sum"),
	};
}

static struct statistics *read_brokers(const struct object *brokers)
{
	struct statistics *all;
	const struct object *broker;
	void *at = NULL;
	size_t n = 0;

	while (object_next(brokers, &at))
		n++;
	all = calloc(1, sizeof *all + n * sizeof all->at[0]);
	while (all && (broker = object_next(brokers, &at))) {
		int64_t id = object_number(broker, "nodeid", -1);

		if (id < 0 || id > INT32_MAX)
			continue;
		all->at[all->n].id = (int32_t)id;
		read_load(broker, &all->at[all->n++].load);
	}
	return all;
}

struct statistics *statistics_read(const char *part)
{
	const struct object *brokers;
	struct statistics *all = NULL;
	struct object *object;
	char why[64];

	if (object_read((struct slice){part, strlen(part)}, &object, why, sizeof why))
		return NULL;
	brokers = object_member(object, "brokers");
	if (brokers)
		all = read_brokers(brokers);
	object_free(object);
	return all;
}
