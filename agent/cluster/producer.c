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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cluster/build.h"

#define IN_FLIGHT "max.in.flight.requests.per.connection"
#define IDEMPOTENT_IN_FLIGHT_MAX 5

static uint64_t number_of(const struct cluster *cluster, const char *name, uint64_t otherwise)
{
	const char *value = cluster_value(cluster, name);

	return value ? strtoull(value, NULL, 10) : otherwise;
}

void cluster_warn_of_acks(struct conf_problems *problems, struct conf_place place,
			  const char *label, const char *acks)
{
	if (strcmp(acks, "1") == 0)
		conf_warning(problems, place,
			     "%sacks = 1: a line counts as delivered when one broker has it; it is "
			     "lost if that broker fails before another has copied it",
			     label);
	else if (strcmp(acks, "0") == 0)
		conf_warning(problems, place,
			     "%sacks = 0: a line counts as delivered when it is sent; lines are "
			     "lost, unseen, with every broken connection and everything that a "
			     "broker refuses",
			     label);
}

static void check_in_flight(const struct cluster_build *build)
{
	if (build->cluster->idempotent &&
	    number_of(build->cluster, IN_FLIGHT, 1) > IDEMPOTENT_IN_FLIGHT_MAX)
		conf_problem(build->problems,
			     cluster_place(build, "max_in_flight_requests_per_connection"),
			     "%s.max_in_flight_requests_per_connection: an idempotent producer "
			     "has at most %d requests in flight: leave it out",
			     build->cluster->label, IDEMPOTENT_IN_FLIGHT_MAX);
}

/* A batch has to be a message that Kafka takes, and two of them to fit into our queue. */
static void check_batches(const struct cluster_build *build, size_t max_line)
{
	uint64_t bytes = number_of(build->cluster, "batch.size", 1);
	uint64_t records = number_of(build->cluster, "batch.num.messages", 1);
	const char *label = build->cluster->label;
	size_t message = kafka_message_bytes(max_line);

	if (bytes > message)
		conf_problem(build->problems, cluster_place(build, "batch_size"),
			     "%s.batch_size: a batch must not be larger than the largest "
			     "message, %zu bytes here: lower it, or raise max_line",
			     label, message);
	else if (bytes > (size_t)KAFKA_QUEUE_BYTES / 2)
		conf_problem(build->problems, cluster_place(build, "batch_size"),
			     "%s.batch_size: at most %zu bytes, so that two batches fit into "
			     "the queue",
			     label, (size_t)KAFKA_QUEUE_BYTES / 2);
	if (records > (size_t)KAFKA_QUEUE_RECORDS)
		conf_problem(build->problems, cluster_place(build, "batch_num_messages"),
			     "%s.batch_num_messages: the queue holds %zu records, so a batch "
			     "cannot have more",
			     label, (size_t)KAFKA_QUEUE_RECORDS);
}

/* Adds a property of ours; there is room for one. 0 or -ENOMEM. */
static int add_prop(struct cluster *cluster, const char *name, const char *value)
{
	struct prop prop = {strdup(name), strdup(value)};

	if (!prop.name || !prop.value) {
		free((char *)prop.name);
		free((char *)prop.value);
		return -ENOMEM;
	}
	cluster->props[cluster->n_props++] = prop;
	return 0;
}

/* What is given up with idempotence. 0 or -ENOMEM. */
static int build_plain(const struct cluster_build *build)
{
	struct cluster *cluster = build->cluster;
	const char *acks = cluster_value(cluster, "acks");
	bool reorders =
		number_of(cluster, IN_FLIGHT, 1) > 1 && number_of(cluster, "retries", 1) > 0;
	char label[96];

	snprintf(label, sizeof label, "%s.", cluster->label);
	conf_warning(build->problems, cluster_place(build, "enable_idempotence"),
		     "%senable_idempotence = false: after a broken connection or a change of "
		     "leaders lines are repeated%s",
		     label,
		     reorders ? ", and, with several requests in flight, change their order" : "");
	if (acks)
		cluster_warn_of_acks(build->problems, cluster_place(build, "acks"), label, acks);
	return cluster_value(cluster, IN_FLIGHT) ? 0 : add_prop(cluster, IN_FLIGHT, "1");
}

void cluster_check_compression(struct conf_problems *problems, struct conf_place place,
			       const char *label, const char *codec, const char *level)
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
			conf_problem(problems, place,
				     "%scompression_level: %s has the levels 0 to %d, and -1 for "
				     "its default",
				     label, codec, codecs[i].max);
		else
			conf_problem(problems, place,
				     "%scompression_level: compression_type \"%s\" has no levels: "
				     "leave it out, or give gzip, lz4 or zstd",
				     label, codec);
	}
}

int cluster_build_producer(const struct cluster_build *build, size_t max_line)
{
	char label[96];

	snprintf(label, sizeof label, "%s.", build->cluster->label);
	check_in_flight(build);
	check_batches(build, max_line);
	cluster_check_compression(build->problems, cluster_place(build, "compression_level"), label,
				  cluster_value(build->cluster, "compression.type"),
				  cluster_value(build->cluster, "compression.level"));
	return build->cluster->idempotent ? 0 : build_plain(build);
}
