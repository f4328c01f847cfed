/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "client/library.h"
#include "settings/props.h"

struct row {
	const char *name, *value;
	const char *says; /* a piece of the reason; NULL: not reserved */
};

static const struct row rows[] = {
	{"bootstrap.servers", "a:9092", NULL},
	{"compression.type", "zstd", NULL},
	{"statistics.interval.ms", "5000", NULL},
	{"log_level", "7", NULL},
	{"debug", "broker", NULL},
	{"client.id", "x", NULL},
	{"sasl.password", "x", NULL},
	{"ssl.key.location", "/x", NULL},
	{"ssl.certificate.location", "/x", NULL},
	{"enable.ssl.certificate.verification", "false", NULL},
	{"enable.idempotence", "true", NULL},
	{"enable.idempotence", "TRUE", NULL},
	{"enable.idempotence", "false", NULL},
	{"enable.idempotence", "no", "true or false"},
	{"acks", "all", NULL},
	{"acks", "-1", NULL},
	{"acks", "1", "acks = \"all\""},
	{"acks", "al", "acks = \"all\""},
	{"acks", "", "acks = \"all\""},
	{"request.required.acks", "all", "use acks"},
	{"delivery.report.only.error", "true", "report of every line"},
	{"delivery.report.only.error", "false", NULL},
	{"transactional.id", "x", "transactions"},
	{"enable.gapless.guarantee", "true", "order itself"},
	{"message.timeout.ms", "0", NULL},
	{"message.timeout.ms", "300000", "never expire"},
	{"delivery.timeout.ms", "1", "never expire"},
	{"linger.ms", "5", "linger_ms at the top level"},
	{"queue.buffering.max.ms", "5", "linger_ms at the top level"},
	{"queue.buffering.max.messages", "5", "small on purpose"},
	{"queue.buffering.max.kbytes", "5", "small on purpose"},
	{"partitioner", "random", "names the partition"},
	{"partitioner_cb", "x", "names the partition"},
	{"sticky.partitioning.linger.ms", "1", "names the partition"},
	{"test.mock.num.brokers", "3", "demo"},
	{"plugin.library.paths", "x", "foreign code"},
	{"retries", "5", "retries for ever"},
	{"retries", "0", "retries for ever"},
	{"message.send.max.retries", "5", "use retries"},
	{"max.in.flight", "1", "use max_in_flight_requests_per_connection"},
	{"max.in.flight.requests.per.connection", "1", NULL},
	{"batch.size", "1", NULL},
	{"batch.num.messages", "1", NULL},
	{"message.max.bytes", "1", "max_line"},
	{"dr_msg_cb", "x", "by a program only"},
	{"opaque", "x", "by a program only"},
	{"group.id", "x", "consumers"},
	{"auto.offset.reset", "earliest", "start_at"},
};

/* Scenario E02 */
Test(props, reserved)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *reason = props_reserved(rows[i].name, rows[i].value, true);

		if (!rows[i].says)
			cr_expect_null(reason, "%s=%s: %s", rows[i].name, rows[i].value, reason);
		else
			cr_expect(reason && strstr(reason, rows[i].says), "%s=%s: %s", rows[i].name,
				  rows[i].value, reason ? reason : "not reserved");
	}
}

/* What a producer may that is not idempotent, and what it may not either. */
Test(props, reserved_without_idempotence)
{
	static const struct row plain[] = {
		{"acks", "all", NULL},
		{"acks", "1", NULL},
		{"acks", "0", NULL},
		{"acks", "2", "\"all\", 1 or 0"},
		{"request.required.acks", "1", "use acks"},
		{"retries", "0", NULL},
		{"message.timeout.ms", "1000", "never expire"},
		{"enable.gapless.guarantee", "true", "order itself"},
	};

	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		const char *reason = props_reserved(plain[i].name, plain[i].value, false);

		cr_expect_eq(!reason, !plain[i].says, "%s=%s", plain[i].name, plain[i].value);
		cr_expect(!reason || strstr(reason, plain[i].says), "%s", reason);
	}
}

Test(props, secrets)
{
	static const char *const secret[] = {"sasl.password", "ssl.key.password", "ssl.key.pem",
					     "ssl.keystore.password",
					     "sasl.oauthbearer.client.secret"};
	static const char *const open[] = {"bootstrap.servers", "sasl.username", "ssl.ca.location",
					   "ssl.key.location", "ssl.certificate.pem"};

	for (size_t i = 0; i < ARRAY_LEN(secret); i++)
		cr_expect(props_is_secret(secret[i]), "%s", secret[i]);
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		cr_expect_not(props_is_secret(open[i]), "%s", open[i]);
}

/* What is suggested must exist: the library's only complaint may be about the value. */
Test(props, suggestions_are_known_to_the_library)
{
	char message[256];
	size_t n;
	const char *const *names = props_common(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], "client.dns.lookup") == 0)
			continue; /* since 2.2 */
		if (kafka_try_prop(names[i], "1", message, sizeof message))
			cr_expect_null(strstr(message, "No such"), "%s", message);
	}
}
