/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "login/login.h"
#include "output/partitioner.h"

/* A property of the `kafka` block: name with dots, value as text. All borrowed. */
struct prop {
	const char *name;
	const char *value;
	const char *reference; /* where the value was fetched (settings/secret.h), or NULL */
};

/* What a topic may have apart from the others: properties of librdkafka; "": as the kafka block. */
struct topic_settings {
	char compression_type[12];
	char compression_level[8];
	char acks[4];
	bool letters; /* no property: only dead letters go there, so that no file waits for it */
	bool unused;  /* the same: nothing goes there any more, since a reload */
};

/* So many topics more than at the start may come by reloads, those that are unused included. */
#define TOPICS_SPARE 256

/* What a topic is to be, where somebody said so. */
struct topic_plan {
	bool planned;        /* false: nobody did */
	bool create;         /* it is made when it is not there at the start */
	int32_t partitions;  /* -1: not said */
	int32_t replicas;    /* the same */
	struct prop *config; /* settings of the topic: names with dots */
	size_t n_config;
};

/* What is done when a topic has another number of partitions than its keys went by. */
enum kafka_on_change {
	KAFKA_CHANGE_WARN,  /* it is told, and they go by the new one */
	KAFKA_CHANGE_PAUSE, /* its files wait until somebody accepts it */
	KAFKA_CHANGE_PIN,   /* they go by the old one, as long as there are as many */
};

struct library_log;

/* What the Kafka output is told; below all of its modules, which each take what they need. */
struct kafka_options {
	const struct prop
		*props; /* of the `kafka` block, already checked by props_reserved; copied */
	size_t n_props;
	struct login *login; /* for tokens, or NULL; referenced */
	const char *const
		*topics; /* all topics that records may name; copied. record.topic indexes it */
	size_t n_topics;
	size_t max_topics; /* 0, or for so many there is room: kafka_options_take_topics */
	const struct topic_settings *topic_settings; /* n_topics of them, or NULL; copied */
	const struct topic_plan *plans;              /* n_topics of them, or NULL; copied */
	/* Of each topic; NULL: the default for all. Borrowed until the output is freed. */
	const struct partitioner *const *partitioners;
	enum kafka_on_change on_change;
	const uint32_t *kept; /* of each topic: ledger_topic.n_kept; NULL: 0. Not kept. */
	uint64_t linger_us;
	bool library_linger;     /* producer_linger = "library": no kicks of ours */
	size_t queue_records;    /* our limit, but for LEDGER_RESERVE; 10,000 */
	size_t queue_bytes;      /* likewise; 4 MiB */
	size_t max_line;         /* longest value; message.max.bytes is derived from it */
	bool tell_timestamps;    /* in reports of what was delivered */
	uint64_t stall_us;       /* no report for so long although brokers answer: dispose; 60 s */
	struct library_log *log; /* lines of the library's log go there, or NULL; borrowed */
};

/* The value of a property of the kafka block; NULL: it has none of that name. */
const char *kafka_prop(const struct kafka_options *options, const char *name);

/* The brokers that it names; its other name is reserved (settings/props.c). NULL: none. */
const char *kafka_servers(const struct kafka_options *options);

/* A copy for kafka_props_free; references are left out. NULL: no memory. */
struct prop *kafka_props_copy(const struct prop *props, size_t n);

/* Overwrites the values and frees. NULL is fine. */
void kafka_props_free(const struct prop *props, size_t n);

/* The plans of a copy, and what they hold. NULL is fine. */
void kafka_plans_free(const struct topic_plan *plans, size_t n);

/*
 * A copy, with room for max_topics; what is borrowed or not kept stays what it is. 0; -ENOMEM: it
 * is for kafka_options_deinit all the same.
 */
int kafka_options_copy(const struct kafka_options *options, struct kafka_options *ret_copy)
	MUSTCHECK;
void kafka_options_deinit(struct kafka_options *copy);

/*
 * The topics of a copy are those of `from` now, which begin with its own: at most max_topics. Of
 * those that it has, who sends to them is taken over. 0 or -ENOMEM.
 */
int kafka_options_take_topics(struct kafka_options *copy, const struct kafka_options *from)
	MUSTCHECK;

#define KAFKA_QUEUE_RECORDS 10000
#define KAFKA_QUEUE_BYTES (4u << 20)

/*
 * message.max.bytes for lines of up to max_line bytes: room for key, headers and framing, and not
 * less than the library's default.
 */
static inline size_t kafka_message_bytes(size_t max_line)
{
	size_t bytes = max_line + (64u << 10);

	return bytes < 1000000u ? 1000000u : bytes;
}

#endif
