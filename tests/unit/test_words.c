/* SPDX-License-Identifier: Apache-2.0 */
/* What the library says of a connection, and what is said instead. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/result.h"
#include "client/words.h"

#define SIZE(N)                                           \
	"kafka:9092/bootstrap: Invalid response size " #N \
	" (0..100000000): increase receive.message.max.bytes"
#define TLS                                                                                   \
	"ssl://kafka:9093/1: SSL handshake failed: error:0A000086:SSL routines::certificate " \
	"verify failed: broker certificate could not be verified, verify that "               \
	"ssl.ca.location is correctly configured (after 3ms in state SSL_HANDSHAKE)"

/* Of a cluster that has answered before. */
static void mend(char *text, size_t size, int certificate, const char *token)
{
	const struct words_known known = {certificate, token, true};

	words_mend(text, size, &known);
}

Test(words, whose_answer_it_is)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{SIZE(1213486160), "kafka:9092/bootstrap: what answers there is not Kafka: its "
				   "answer begins with \"HTTP\""},
		{SIZE(1397966893), "its answer begins with \"SSH-\""},
		{SIZE(352518912), "kafka:9092/bootstrap: this port speaks TLS"},
		{SIZE(-2004318072), "its answer is no message of Kafka's"},
		{SIZE(167772161), "its answer is no message of Kafka's"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[384];

		snprintf(text, sizeof text, "%s", rows[i].text);
		mend(text, sizeof text, 0, "");
		cr_expect(strstr(text, rows[i].wanted), "%s", text);
		cr_expect_not(strstr(text, "receive.message.max.bytes"), "%s", text);
	}
}

Test(words, a_name_is_no_matter_of_the_authority)
{
	static const struct {
		int error;
		const char *wanted, *not_wanted;
	} rows[] = {
		{62,
		 "ssl://kafka:9093/1: the broker's certificate is refused: it is for another name",
		 "ca_location"},
		{64, "not for the address", "ca_location"},
		{10, "has expired", "ca_location"},
		{20, "its authority is not in ssl_ca_location", "expired"},
		{18, "has signed itself", "expired"},
		{0, "OpenSSL does not verify it", "correctly configured"},
		{1000, "OpenSSL does not verify it", "correctly configured"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[384] = TLS;

		mend(text, sizeof text, rows[i].error, "");
		cr_expect(strstr(text, rows[i].wanted), "%s", text);
		cr_expect_not(strstr(text, rows[i].not_wanted), "%s", text);
	}
}

/* As the libraries say it, 2.0.2 and 2.15. */
Test(words, who_hangs_up_is_told_by_when)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{"a:1/bootstrap: Disconnected while requesting ApiVersion: might be caused by "
		 "incorrect security.protocol configuration (connecting to a SSL listener?) or "
		 "broker version is < 0.10 (see api.version.request) (after 3ms in state "
		 "APIVERSION_QUERY)",
		 "a:1/bootstrap: the broker hangs up on the first request: most likely this port "
		 "speaks TLS, so set security_protocol = \"ssl\""},
		{"sasl_plaintext://a:1/1: Disconnected: connection closed by peer: receive 0 "
		 "after POLLIN (after 41ms in state APIVERSION_QUERY)",
		 "a:1/1: the broker hangs up on the first request: most likely this port speaks "
		 "TLS"},
		{"ssl://a:1/1: Disconnected while requesting ApiVersion: might be caused by "
		 "broker version < 0.10 (see api.version.request) (after 3ms in state "
		 "APIVERSION_QUERY)",
		 "ssl://a:1/1: the broker hangs up on the first request, behind the TLS "
		 "handshake: it may want a certificate"},
		{"a:1/bootstrap: Disconnected: verify that security.protocol is correctly "
		 "configured, broker might require SASL authentication (after 5ms in state UP)",
		 "a:1/bootstrap: the broker hangs up on whoever does not log in: most likely this "
		 "port wants SASL"},
		{"ssl://a:1/1: Disconnected: connection closed by peer: POLLHUP (after 1999ms in "
		 "state UP, 1 identical error(s) suppressed)",
		 "ssl://a:1/1: the broker hangs up on whoever does not log in"},
		{"ssl://a:1/1: SSL handshake failed: Disconnected: connecting to a PLAINTEXT "
		 "broker listener? (after 1ms in state SSL_HANDSHAKE)",
		 "ssl://a:1/1: the broker hangs up on the TLS handshake: most likely this port "
		 "speaks no TLS"},
		{"ssl://a:1/1: SSL handshake failed: ../ssl/record/rec_layer_s3.c:318:ssl3_read_n "
		 "error:0A000126:SSL routines::unexpected eof while reading (after 58ms in state "
		 "SSL_HANDSHAKE)",
		 "ssl://a:1/1: the broker hangs up on the TLS handshake"},
		{"ssl://a:1/1: Receive failed: error:0A000412:SSL routines::sslv3 alert bad "
		 "certificate: SSL alert number 42 (after 87ms in state APIVERSION_QUERY)",
		 "SSL alert number 42 (after 87ms in state APIVERSION_QUERY); the broker wants a "
		 "certificate of its clients"},
		{"ssl://a:1/1: Disconnected: during SSL connection handshake (after 1ms in state "
		 "SSL_HANDSHAKE)",
		 "ssl://a:1/1: the broker hangs up on the TLS handshake"},
		{"ssl://a:1/1: Disconnected: SSL connection closed by peer (after 0ms in state "
		 "SSL_HANDSHAKE)",
		 "ssl://a:1/1: the broker hangs up on the TLS handshake"},
		{"ssl://a:1/1: SSL handshake failed: SSL transport error: Broken pipe (after 1ms "
		 "in state SSL_HANDSHAKE)",
		 "ssl://a:1/1: the broker hangs up on the TLS handshake"},
		{"ssl://a:1/1: SSL handshake failed: error:0A00010B:SSL routines::wrong version "
		 "number (after 1ms in state SSL_HANDSHAKE)",
		 "ssl://a:1/1: what answers there speaks no TLS"},
		{"a:1/bootstrap: ApiVersionRequest failed: Local: Timed out: probably due to "
		 "broker version < 0.10 (see api.version.request configuration) (after 5001ms in "
		 "state APIVERSION_QUERY)",
		 "a:1/bootstrap: what listens there takes the connection and does not answer"},
		{"sasl_plaintext://a:1/1: SASL SCRAM-SHA-256 mechanism handshake failed: Broker: "
		 "Unsupported SASL mechanism: broker's supported mechanisms: PLAIN (after 2ms in "
		 "state AUTH_HANDSHAKE)",
		 "PLAIN (after 2ms in state AUTH_HANDSHAKE); set sasl_mechanism to one of those"},
		{"sasl_plaintext://a:1/1: SASL PLAIN mechanism handshake failed: Broker: Request "
		 "not valid in current SASL state: broker's supported mechanisms:  (after 2ms in "
		 "state AUTH_HANDSHAKE)",
		 "sasl_plaintext://a:1/1: this port wants no login"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[384];

		snprintf(text, sizeof text, "%s", rows[i].text);
		mend(text, sizeof text, 0, "");
		cr_expect(strstr(text, rows[i].wanted), "%s", text);
		cr_expect_not(strstr(text, "0.10"), "%s", text);
		cr_expect_not(strchr(text, '?'), "%s", text);
	}
}

/* A broker, or this host, may be slow to hang up; who was answered nothing yet was not let in. */
Test(words, who_was_never_answered_is_not_let_in)
{
	static const char *const texts[] = {
		"a:1/bootstrap: Disconnected (after 4731ms in state UP)",
		"a:1/1: Send failed: Broken pipe (after 3ms in state UP)",
		"ssl://a:1/1: Send failed: SSL transport error: Broken pipe (after 3ms in state "
		"UP)",
		"ssl://a:1/1: Receive failed: error:0A000126:SSL routines::unexpected eof while "
		"reading (after 2003ms in state UP)",
	};
	const struct words_known known = {0, "", false};
	char login[384] = "sasl_ssl://a:1/1: Disconnected (after 4731ms in state UP)";

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char text[384];

		snprintf(text, sizeof text, "%s", texts[i]);
		words_mend(text, sizeof text, &known);
		cr_expect(strstr(text, "most likely this port wants SASL"), "%s", text);
	}
	words_mend(login, sizeof login, &known);
	cr_expect(strstr(login, "Disconnected (after"), "%s", login);
}

Test(words, threads_are_a_matter_of_how_many_brokers_are_named)
{
	char text[384] = "Unable to create broker thread";

	mend(text, sizeof text, 0, "");
	cr_expect(strstr(text, "TasksMax"), "%s", text);
}

Test(words, others_stay_as_they_are)
{
	static const char *const texts[] = {
		"kafka:9092/1: Connect to ipv4#127.0.0.1:9092 failed: Connection refused",
		"kafka:9092/1: Disconnected (after 2000ms in state UP)",
		"sasl_ssl://kafka:9092/1: Disconnected (after 2ms in state UP)",
		"kafka:9092/1: Disconnected",
		"",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char text[384];

		snprintf(text, sizeof text, "%s", texts[i]);
		mend(text, sizeof text, 62, "");
		cr_expect_str_eq(text, texts[i]);
	}
}

/* A broker says nothing else of a token; it may be for another audience. */
Test(words, a_refused_token_is_told_by_what_it_says_of_itself)
{
	char text[384] = "a:1/1: SASL authentication error: {\"status\":\"invalid_token\"}";

	mend(text, sizeof text, 0, "audience \"b\"");
	cr_expect(strstr(text, "}; the token: audience \"b\""), "%s", text);
	strcpy(text, "a:1/1: SASL authentication error: {\"status\":\"invalid_token\"}");
	mend(text, sizeof text, 0, "");
	cr_expect_not(strstr(text, "the token"), "%s", text);
}

Test(words, there_may_be_little_room)
{
	char text[80] = "a:1/1: Invalid response size 1213486160 (0..100000000): increase";

	mend(text, sizeof text, 0, "");
	cr_expect_eq(strlen(text), sizeof text - 1, "%s", text);
}
