/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of the producer that are fine one by one and do not go together, and those by which the
 * user gives up a part of the promise. librdkafka finds few of them, and only when the producer is
 * made, without a line number. What each property may be is kafka.c's matter.
 *
 * Without idempotence one request at a time is the default: more of them are faster where brokers
 * are far away, but a request that is sent again then comes behind its successors, and order is
 * what readers of a log count on. Whoever wants it says so.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/build.h"
#include "conf/output.h"

#define IN_FLIGHT "max.in.flight.requests.per.connection"
#define IDEMPOTENT_IN_FLIGHT_MAX 5

static uint64_t number_of(const struct conf *conf, const char *name, uint64_t otherwise)
{
	const char *value = conf_kafka_value(conf, name);

	return value ? strtoull(value, NULL, 10) : otherwise;
}

/* Where a setting of the block stands. */
static struct conf_place place_of(const struct conf_build *build, const char *setting)
{
	const struct conf_node *block = build->main.of[CONF_KAFKA].node;
	const struct conf_node *node = conf_node_find(block, setting);

	return node ? node->place : block->place;
}

void conf_warn_of_acks(struct conf_build *build, struct conf_place place, const char *label,
		       const char *acks)
{
	if (strcmp(acks, "1") == 0)
		conf_warning(build->problems, place,
			     "%sacks = 1: a line counts as delivered when one broker has it; it is "
			     "lost if that broker fails before another has copied it",
			     label);
	else if (strcmp(acks, "0") == 0)
		conf_warning(build->problems, place,
			     "%sacks = 0: a line counts as delivered when it is sent; lines are "
			     "lost, unseen, with every broken connection and everything that a "
			     "broker refuses",
			     label);
}

static void check_in_flight(struct conf_build *build)
{
	if (build->conf->idempotent &&
	    number_of(build->conf, IN_FLIGHT, 1) > IDEMPOTENT_IN_FLIGHT_MAX)
		conf_problem(build->problems,
			     place_of(build, "max_in_flight_requests_per_connection"),
			     "kafka.max_in_flight_requests_per_connection: an idempotent producer "
			     "has at most %d requests in flight: leave it out",
			     IDEMPOTENT_IN_FLIGHT_MAX);
}

/* A batch has to be a message that Kafka takes, and two of them to fit into our queue. */
static void check_batches(struct conf_build *build)
{
	uint64_t bytes = number_of(build->conf, "batch.size", 1);
	uint64_t records = number_of(build->conf, "batch.num.messages", 1);
	struct kafka_options options;
	size_t message;

	conf_kafka_options(build->conf, &options);
	message = kafka_message_bytes(options.max_line);
	if (bytes > message)
		conf_problem(build->problems, place_of(build, "batch_size"),
			     "kafka.batch_size: a batch must not be larger than the largest "
			     "message, %zu bytes here: lower it, or raise max_line",
			     message);
	else if (bytes > options.queue_bytes / 2)
		conf_problem(build->problems, place_of(build, "batch_size"),
			     "kafka.batch_size: at most %zu bytes, so that two batches fit into "
			     "the queue",
			     options.queue_bytes / 2);
	if (records > options.queue_records)
		conf_problem(build->problems, place_of(build, "batch_num_messages"),
			     "kafka.batch_num_messages: the queue holds %zu records, so a batch "
			     "cannot have more",
			     options.queue_records);
}

/* Adds a property of ours; there is room for one. 0 or -ENOMEM. */
static int add_prop(struct conf *conf, const char *name, const char *value)
{
	struct prop prop = {strdup(name), strdup(value)};

	if (!prop.name || !prop.value) {
		free((char *)prop.name);
		free((char *)prop.value);
		return -ENOMEM;
	}
	conf->props[conf->n_props++] = prop;
	return 0;
}

/* What is given up with idempotence. 0 or -ENOMEM. */
static int build_plain(struct conf_build *build)
{
	struct conf *conf = build->conf;
	const char *acks = conf_kafka_value(conf, "acks");
	bool reorders = number_of(conf, IN_FLIGHT, 1) > 1 && number_of(conf, "retries", 1) > 0;

	conf_warning(build->problems, place_of(build, "enable_idempotence"),
		     "kafka.enable_idempotence = false: after a broken connection or a change of "
		     "leaders lines are repeated%s",
		     reorders ? ", and, with several requests in flight, change their order" : "");
	if (acks)
		conf_warn_of_acks(build, place_of(build, "acks"), "kafka.", acks);
	return conf_kafka_value(conf, IN_FLIGHT) ? 0 : add_prop(conf, IN_FLIGHT, "1");
}

void conf_check_compression(struct conf_build *build, struct conf_place place, const char *label,
			    const char *codec, const char *level)
{
	static const struct {
		const char *codec;
		int max; /* 0: it has no levels; zstd has more, which librdkafka does not take */
	} codecs[] = {{"none", 0}, {"snappy", 0}, {"gzip", 9}, {"lz4", 12}, {"zstd", 12}};
	long n = level ? strtol(level, NULL, 10) : -1;

	codec = codec ? codec : "lz4";
	for (size_t i = 0; n >= 0 && i < ARRAY_LEN(codecs); i++) {
		if (strcasecmp(codecs[i].codec, codec) != 0 || n <= codecs[i].max)
			continue;
		if (codecs[i].max)
			conf_problem(build->problems, place,
				     "%scompression_level: %s has the levels 0 to %d, and -1 for "
				     "its default",
				     label, codec, codecs[i].max);
		else
			conf_problem(build->problems, place,
				     "%scompression_level: compression_type \"%s\" has no levels: "
				     "leave it out, or give gzip, lz4 or zstd",
				     label, codec);
	}
}

int conf_build_producer(struct conf_build *build)
{
	if (!build->main.of[CONF_KAFKA].node)
		return 0;
	check_in_flight(build);
	check_batches(build);
	conf_check_compression(build, place_of(build, "compression_level"), "kafka.",
			       conf_kafka_value(build->conf, "compression.type"),
			       conf_kafka_value(build->conf, "compression.level"));
	return build->conf->idempotent ? 0 : build_plain(build);
}
