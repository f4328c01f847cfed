/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kafka block takes any property of librdkafka, so that nobody has to wait for us to know it,
 * but for those of this table: they would break the promise (a line is given up only when Kafka has
 * confirmed it), or are worked out by waybill, or do nothing in a producer. An idempotent producer
 * has less freedom than another; what the user gives up with it he is warned of in
 * cluster/producer.c. Each row says why and what to use instead; a refusal at the start is kinder
 * than a surprise at night. The table is searched from the top, so exceptions stand before the
 * pattern that covers them.
 *
 * Reasons are sentences that follow "kafka.NAME: ".
 */
#include "settings/props.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "base/result.h"

struct reserved {
	const char *pattern; /* fnmatch; names hold no metacharacters of it */
	const char *allowed; /* these values are fine nevertheless: words parted by spaces */
	const char *reason;
	bool idempotent; /* the row is for idempotent producers only */
};

#define IDEMPOTENT "an idempotent producer "
#define CONSUMER "it is a setting of consumers and does nothing in a producer"
#define CALLBACK "it can be set by a program only"

static const struct reserved table[] = {
	/* What keeps the promise. */
	{"enable.idempotence", "true false", "write true or false"},
	{"acks", "all -1",
	 IDEMPOTENT "needs acks = \"all\", the default; less takes "
		    "enable_idempotence = false, and can lose lines",
	 true},
	{"acks", "all -1 1 0", "give \"all\", 1 or 0"},
	{"request.required.acks", NULL, "use acks"},
	{"retries", NULL,
	 IDEMPOTENT "retries for ever, since what is given up leaves a gap; leave it out", true},
	{"message.send.max.retries", NULL, "use retries"},
	{"max.in.flight", NULL, "use max_in_flight_requests_per_connection"},
	{"enable.gapless.guarantee", "false",
	 "one refused record would stop all topics; waybill keeps the order itself"},
	{"message.timeout.ms", "0",
	 "lines never expire: they wait in their file until Kafka has confirmed them"},
	{"delivery.timeout.ms", "0",
	 "lines never expire: they wait in their file until Kafka has confirmed them"},
	{"delivery.report.only.error", "false",
	 "waybill needs the report of every line to know that Kafka has it"},
	{"transactional.id", NULL, "waybill does not use transactions"},
	{"transaction.timeout.ms", NULL, "waybill does not use transactions"},
	{"request.timeout.ms", NULL,
	 "it belongs to acks, which waybill keeps; see socket_timeout_ms"},
	{"produce.offset.report", "true", "waybill needs the offset of every line"},

	/* What waybill works out itself. */
	{"linger.ms", NULL, "use linger_ms at the top level"},
	{"queue.buffering.max.ms", NULL, "use linger_ms at the top level"},
	{"queue.*", NULL,
	 "the queue is small on purpose: what waits, waits in its file; "
	 "see chunk_memory at the top level"},
	{"queuing.strategy", "fifo", "lines go out in the order of their file"},
	{"message.max.bytes", NULL,
	 "it is worked out from max_line, at the top level or in a source"},
	{"message.copy.max.bytes", NULL, "waybill's records are not copied"},
	{"partitioner*", NULL,
	 "waybill names the partition of every record: keys as the Java client does it"},
	{"msg_order_cmp", NULL, "lines go out in the order of their file"},
	{"sticky.partitioning.linger.ms", NULL,
	 "waybill names the partition of every record; see linger_ms"},
	{"metadata.broker.list", NULL, "use bootstrap_servers"},
	{"compression.codec", NULL, "use compression_type"},
	{"client.software.*", NULL, "waybill gives its own name and version; see client_id"},
	{"log.queue", NULL, "waybill takes the library's messages itself"},
	{"enabled_events", NULL, "waybill chooses the events itself"},
	{"enable_sasl_queue", NULL, "waybill serves the library's events itself"},
	{"internal.*", NULL, "waybill sets it itself"},

	/* What Java's clients have. */
	{"sasl.jaas.config", NULL,
	 "it is a setting of Java: use sasl_mechanism, sasl_username and sasl_password"},
	{"ssl.truststore.*", NULL,
	 "it is a setting of Java: use ssl_ca_location, a file of certificates (PEM)"},
	{"*.serializer", NULL, "it is a setting of Java: see key_type, value and json in a source"},

	/* What has no place in a configuration file. */
	{"test.mock.*", NULL, "it replaces Kafka by a toy; use waybill demo to try things out"},
	{"plugin.library.paths", NULL, "foreign code could take records away unseen"},
	{"interceptors", NULL, "foreign code could take records away unseen"},
	{"opaque", NULL, CALLBACK},
	{"default_topic_conf", NULL, CALLBACK},
	{"ssl_engine_callback_data", NULL, CALLBACK},
	{"ssl_certificate", NULL, "use ssl_certificate_location or ssl_certificate_pem"},
	{"ssl_key", NULL, "use ssl_key_location or ssl_key_pem"},
	{"ssl_ca", NULL, "use ssl_ca_location or ssl_ca_pem"},
	{"*_cb", NULL, CALLBACK},
	{"*_callback", NULL, CALLBACK},

	/* Of consumers: harmless, but whoever writes it expects something. */
	{"group.*", NULL, CONSUMER},
	{"session.timeout.ms", NULL, CONSUMER},
	{"heartbeat.interval.ms", NULL, CONSUMER},
	{"max.poll.interval.ms", NULL, CONSUMER},
	{"partition.assignment.strategy", NULL, CONSUMER},
	{"auto.offset.reset", NULL, CONSUMER "; see start_at in a source"},
	{"auto.commit.*", NULL, CONSUMER},
	{"enable.auto.*", NULL, CONSUMER},
	{"enable.partition.eof", NULL, CONSUMER},
	{"isolation.level", NULL, CONSUMER},
	{"fetch.*", NULL, CONSUMER},
	{"queued.m*", NULL, CONSUMER},
	{"offset.store.*", NULL, CONSUMER},
	{"check.crcs", NULL, CONSUMER},
	{"consume.callback.max.messages", NULL, CONSUMER},
	{"coordinator.query.interval.ms", NULL, CONSUMER},
};

/* Librdkafka takes "TRUE", "t", "1" for true as well; its own words are enough here. */
static bool is_allowed(const char *allowed, const char *value)
{
	size_t len = strlen(value);

	while (allowed && *allowed) {
		size_t word = strcspn(allowed, " ");

		if (word == len && strncasecmp(allowed, value, len) == 0)
			return true;
		allowed += word + strspn(allowed + word, " ");
	}
	return false;
}

const char *props_reserved(const char *name, const char *value, bool idempotent)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if ((idempotent || !table[i].idempotent) && fnmatch(table[i].pattern, name, 0) == 0)
			return is_allowed(table[i].allowed, value) ? NULL : table[i].reason;
	}
	return NULL;
}

bool props_is_secret(const char *name)
{
	static const char *const patterns[] = {
		"*password*",       "*secret*",         "ssl.key.pem",
		"ssl.keystore.pem", "sasl.jaas.config", "sasl.oauthbearer.config",
		"*private.key*",    "*assertion.key*",  "*passphrase*",
	};

	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		if (fnmatch(patterns[i], name, 0) == 0)
			return true;
	}
	return false;
}

bool props_names_file(const char *name)
{
	static const char *const names[] = {
		"ssl.ca.location",       "ssl.certificate.location", "ssl.key.location",
		"ssl.keystore.location", "ssl.crl.location",         "sasl.kerberos.keytab",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

const char *const *props_common(size_t *ret_n)
{
	static const char *const names[] = {
		"bootstrap.servers",
		"client.id",
		"client.dns.lookup",
		"compression.type",
		"compression.level",
		"security.protocol",
		"sasl.mechanisms",
		"sasl.mechanism",
		"sasl.username",
		"sasl.password",
		"sasl.kerberos.service.name",
		"sasl.kerberos.principal",
		"sasl.kerberos.keytab",
		"ssl.ca.location",
		"ssl.ca.pem",
		"ssl.certificate.location",
		"ssl.certificate.pem",
		"ssl.key.location",
		"ssl.key.pem",
		"ssl.key.password",
		"ssl.keystore.location",
		"ssl.keystore.password",
		"ssl.crl.location",
		"ssl.cipher.suites",
		"ssl.endpoint.identification.algorithm",
		"enable.ssl.certificate.verification",
		"socket.timeout.ms",
		"socket.keepalive.enable",
		"socket.nagle.disable",
		"socket.connection.setup.timeout.ms",
		"connections.max.idle.ms",
		"reconnect.backoff.ms",
		"reconnect.backoff.max.ms",
		"retry.backoff.ms",
		"topic.metadata.refresh.interval.ms",
		"metadata.max.age.ms",
		"broker.address.family",
		"statistics.interval.ms",
		"allow.auto.create.topics",
		"debug",
		"log_level",
		"linger.ms",
		"acks",
		"message.timeout.ms",
		"enable.idempotence",
		"batch.size",
		"batch.num.messages",
		"max.in.flight.requests.per.connection",
		"retries",
	};

	*ret_n = ARRAY_LEN(names);
	return names;
}
