/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUT_OUTPUT_H
#define OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "flow/record.h"
#include "flow/report.h"
#include "output/share.h"

/*
 * Where records go. Implementations that run in the program are Kafka, several of those as one, and
 * the terminal of preview; tests add a scripted one. Nothing here calls back: pressure is a return
 * value, reports are fetched. One thread calls all of it, and none of it blocks for more than about
 * a millisecond.
 */
struct output;

enum {
	OUTPUT_E_FULL = 1,  /* no room: come back after reports were fetched */
	OUTPUT_E_HOLD,      /* this record cannot go now (topic not known, its partition makes no
			    * progress, producer being replaced): others may */
	OUTPUT_E_PARTITION, /* record->partition is not among the partitions of the topic: an
			     * explicit one, which the source's policy has to judge */
	OUTPUT_E_REFUSED,   /* the library itself refused this record alone (size): a dead letter */
	OUTPUT_E_ALONE,     /* it may be refused, and its batch with it: it has to go alone */
};

/* Something that happened below and that the top should log once. */
struct output_remark {
	int priority;      /* LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG of <syslog.h> */
	const char *id;    /* static: a message of docs/messages.md, e.g. "topic-missing" */
	const char *topic; /* of which it is told, borrowed from the options; NULL: of none */
	const char *cluster; /* of several, the one that it is about; NULL: there is one */
	bool every;          /* not limited: each one is printed */
	char text[768];      /* names cause, setting and what happens next */
};

struct output_stats {
	uint64_t records_in_flight;
	uint64_t bytes_in_flight;
	uint64_t producers_made;   /* 1 after the start */
	uint64_t producers_failed; /* for a fault another was made, not because one was asked for */
	uint64_t kicks;
	uint64_t queue_full_surprises; /* the library said full though we counted room: a bug */
	uint64_t reports_without_offset;
	bool up; /* a broker is reachable and the topics of the sources are known */
	uint64_t records_max, bytes_max; /* of what may be in flight; 0: no limit */
	/* Of what is in flight: in partitions that stand still, and not counted to these limits. */
	uint64_t records_beside, bytes_beside;
	bool reachable;     /* a broker answered the last question */
	bool renewal_waits; /* a producer is not yet of the properties that it was last given */
	/* Of several producers: of one for which something is wrong, if there is one. */
	const char *state;      /* of the producer, a static word; NULL: there is none */
	const char *last_error; /* last words on a connection, "" when there are none; borrowed */
	/* Why so, of one of several; "" or NULL: it is not known to be refused. Borrowed. */
	const char *renewal_error;
};

/* How things are beyond numbers, for those who ask. Texts are borrowed until the next call. */

struct output_topic {
	const char *state; /* static: "ready", "unknown", "missing", "denied", "changed" */
	int32_t n_partitions;
	uint32_t n_kept;               /* its keys go by so many; 0: not known */
	uint32_t replicas, min_insync; /* 0: not known */
};

struct output_partition {
	int32_t leader;          /* the id of the broker; -1: it has none */
	uint32_t replicas;       /* in sync */
	uint64_t delivered;      /* records, since the start */
	uint64_t records, bytes; /* in flight */
	uint64_t quiet_us;       /* of these: since the last report */
	bool held;               /* records for it wait in their files */
	bool lacks_replicas;     /* the broker refuses records until more are in sync */
};

/* What the library last counted of the requests to one broker. */
struct output_load {
	bool counted;               /* false: it did not yet, or does not */
	bool connected;             /* and logged in */
	uint64_t requests, records; /* that are not sent yet: of those, records */
	uint64_t rtt_n, rtt_sum_us; /* answers since the start, from request to answer */
	/* Of the last interval: half, or 99 of a hundred, took no longer; 0: not known. */
	uint64_t rtt_50_us, rtt_99_us;
	uint64_t throttled_ms; /* since the start: what answers told it to wait, for a quota */
};

struct output_broker {
	int32_t id;
	const char *address,
		*error; /* error: last words on its connection, "" when there are none */
	uint64_t error_age_us;
	bool silent;         /* it was asked and did not answer */
	const char *cluster; /* of several, the one that it is of; NULL: there is one */
	struct output_load load;
};

/* Each is false where there is no such thing. */
struct output_views {
	bool (*topic)(const struct output *output, size_t topic, struct output_topic *ret_topic);
	bool (*partition)(const struct output *output, size_t topic, int32_t partition,
			  uint64_t now_us, struct output_partition *ret_partition);
	bool (*broker)(const struct output *output, size_t index, uint64_t now_us,
		       struct output_broker *ret_broker);
	/* May be NULL: that cannot be told beforehand. */
	int32_t (*place)(const struct output *output, const struct record *record);
	/* May be NULL: it is one. */
	bool (*part)(const struct output *output, size_t index, const char **ret_name,
		     struct output_stats *ret_stats);
};

struct output_ops {
	bool (*has_room)(const struct output *output);
	/* May be NULL: it bounds no shares. */
	bool (*is_spent)(struct output *output, const struct output_share *share);
	int (*submit)(struct output *output, const struct record *record, void *slot,
		      uint64_t now_us);
	uint64_t (*moved)(const struct output *output, uint32_t topic);
	size_t (*reports)(struct output *output, struct report *ret_reports, size_t max,
			  uint64_t now_us);
	uint64_t (*service)(struct output *output, uint64_t now_us);
	void (*kick)(struct output *output, uint64_t now_us);
	void (*give_up)(struct output *output); /* may be NULL: it has nothing to give up */
	bool (*accept)(struct output *output, size_t topic); /* may be NULL, as give_up */
	int (*next_remark)(struct output *output, struct output_remark *ret_remark);
	int (*fd)(const struct output *output);
	void (*stats)(const struct output *output, struct output_stats *ret_stats);
	struct output *(*free)(struct output *output);
	const struct output_views *views; /* NULL: there is nothing to see */
};

/* First member of every implementation. */
struct output {
	const struct output_ops *ops;
};

/* False: submit would say OUTPUT_E_FULL. Asked before a line is parsed. */
static inline bool output_has_room(const struct output *output)
{
	return output->ops->has_room(output);
}

/*
 * Whether one of several takes no more now, so that room is left for each other. Asked before a
 * line is parsed; not for ever: some of his is under way, and reports of anybody may give way.
 */
static inline bool output_is_spent(struct output *output, const struct output_share *share)
{
	return output->ops->is_spent && output->ops->is_spent(output, share);
}

/* The same of any of n shares of one, in as many clusters or fewer. */
static inline bool output_any_spent(struct output *output, const struct output_share *shares,
				    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (output_is_spent(output, &shares[i]))
			return true;
	}
	return false;
}

/*
 * Hands one record over. 0: a report for `slot` will come, exactly one. OUTPUT_E_FULL,
 * OUTPUT_E_HOLD, OUTPUT_E_PARTITION, OUTPUT_E_REFUSED, OUTPUT_E_ALONE (not of a record that does):
 * nothing was taken, no report will come.
 * -ENOMEM. What was on hold may be tried again when output_moved of its topic has risen; fd is
 * readable then.
 */
MUSTCHECK static inline int output_submit(struct output *output, const struct record *record,
					  void *slot, uint64_t now_us)
{
	return output->ops->submit(output, record, slot, now_us);
}

/*
 * A number that rises when a hold of the topic's records may have ended. Until then another try of
 * a record that was refused with OUTPUT_E_HOLD would be refused again.
 */
static inline uint64_t output_moved(const struct output *output, uint32_t topic)
{
	return output->ops->moved(output, topic);
}

/* Fetches up to max reports; 0 when there are none now. Call until it gives fewer than max. */
static inline size_t output_reports(struct output *output, struct report *ret_reports, size_t max,
				    uint64_t now_us)
{
	return output->ops->reports(output, ret_reports, max, now_us);
}

/*
 * Does what is due (kicks, recovery, answers of the helper) and returns the time, in microseconds
 * of CLOCK_MONOTONIC, at which it wants to be called again (CLOCK_NEVER: not before fd is ready).
 * Call when fd is readable, at the time returned, and after submitting.
 */
static inline uint64_t output_service(struct output *output, uint64_t now_us)
{
	return output->ops->service(output, now_us);
}

/* Sends what is queued without waiting for company: at stop. */
static inline void output_kick(struct output *output, uint64_t now_us)
{
	output->ops->kick(output, now_us);
}

/*
 * Nothing more is waited for: all that is in flight is to be reported soon, as failed where it is
 * not known what became of it.
 */
static inline void output_give_up(struct output *output)
{
	if (output->ops->give_up)
		output->ops->give_up(output);
}

/*
 * The keys of the topic go by the number of partitions that it has now. False: they do already, or
 * it is not known.
 */
static inline bool output_accept(struct output *output, size_t topic)
{
	return output->ops->accept && output->ops->accept(output, topic);
}

/* 0: *ret_remark holds the next thing to log. 1: nothing. */
static inline int output_next_remark(struct output *output, struct output_remark *ret_remark)
{
	return output->ops->next_remark(output, ret_remark);
}

/* A descriptor that polls readable when reports or answers wait; -1 when there is none. */
static inline int output_fd(const struct output *output)
{
	return output->ops->fd(output);
}

/* How things are, in numbers. */
static inline void output_stats(const struct output *output, struct output_stats *ret_stats)
{
	output->ops->stats(output, ret_stats);
}

/* The views of struct output_views; indexes count from 0. */
static inline bool output_topic(const struct output *output, size_t topic,
				struct output_topic *ret_topic)
{
	const struct output_views *views = output->ops->views;

	return views && views->topic(output, topic, ret_topic);
}

static inline bool output_partition(const struct output *output, size_t topic, int32_t partition,
				    uint64_t now_us, struct output_partition *ret_partition)
{
	const struct output_views *views = output->ops->views;

	return views && views->partition(output, topic, partition, now_us, ret_partition);
}

static inline bool output_broker(const struct output *output, size_t index, uint64_t now_us,
				 struct output_broker *ret_broker)
{
	const struct output_views *views = output->ops->views;

	return views && views->broker(output, index, now_us, ret_broker);
}

/*
 * The partition that a record goes to, by the rules and its key, or -1: there is no rule for it, or
 * the topic is not known.
 */
static inline int32_t output_place(const struct output *output, const struct record *record)
{
	const struct output_views *views = output->ops->views;

	return views && views->place ? views->place(output, record) : -1;
}

/* One of several clusters. False: there is none of that index, or one in all. */
static inline bool output_part(const struct output *output, size_t index, const char **ret_name,
			       struct output_stats *ret_stats)
{
	const struct output_views *views = output->ops->views;

	return views && views->part && views->part(output, index, ret_name, ret_stats);
}

/*
 * Frees without waiting: what is unacknowledged stays unacknowledged. Values lent with value_stays
 * and not reported must stay readable until the process ends: other threads may still be sending
 * them. NULL is fine. Returns NULL.
 */
static inline struct output *output_free(struct output *output)
{
	return output ? output->ops->free(output) : NULL;
}

#endif
