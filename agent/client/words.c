/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka takes guesses that are wrong as often as right. Whatever a certificate is refused for,
 * it names ssl.ca.location, also when the certificate is of another host. Of whatever does not
 * speak Kafka it reads the first four bytes as a length, finds it too large, and has one raise
 * receive.message.max.bytes: of an HTTP server, or of a port for TLS that got no TLS. And a broker
 * that hangs up, or says nothing, it takes for one of before 2016 (0.10). Its own words are kept up
 * to the guess. Where it is itself what brokers refuse, it cannot know. And when it has no room for
 * a thread it does not say what the many are.
 *
 * A Java broker hangs up without a word on whoever speaks to a port in another way than it wants,
 * be it TLS or SASL; when it does so tells which.
 */
#include "client/words.h"

#include <ctype.h>
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/result.h"

#define TOO_LARGE "Invalid response size "
#define NOT_VERIFIED "certificate verify failed"
#define NO_THREAD "Unable to create broker thread"
#define HANDSHAKE "SSL handshake failed"
/* All that a broker says of one, whatever is wrong with it (RFC 7628, 3.2.2). */
#define INVALID_TOKEN "invalid_token"
#define SCRAM "SASL mechanism SCRAM"
/* 2.6.1: the first that sends the nonce of SCRAM once, as brokers from Kafka 4 on insist. */
#define SCRAM_VERSION 0x02060100
/* So soon behind the first request the newer library means it, too. */
#define EARLY_MS 2000
#define NO_TLS                                                                                   \
	"the broker hangs up on the TLS handshake: most likely this port speaks no TLS, so set " \
	"security_protocol = \"plaintext\" or \"sasl_plaintext\", or name the port that does"
#define NO_CERTIFICATE                                                                          \
	"; the broker wants a certificate of its clients, and refuses ours or misses it: look " \
	"at ssl_certificate_location and ssl_key_location"

/* The numbers are those of OpenSSL (X509_V_ERR_...), which do not change. */
static const struct {
	int error;
	const char *words;
} certificates[] = {
	{2, "no authority of ssl_ca_location has signed it"},
	{9, "it, or one that has signed it, is not valid yet; look at the clocks"},
	{10, "it, or one that has signed it, has expired"},
	{18, "it has signed itself, and is not in ssl_ca_location"},
	{19, "its authority is not in ssl_ca_location"},
	{20, "its authority is not in ssl_ca_location"},
	{21, "its authority is not in ssl_ca_location"},
	{23, "it was revoked"},
	{62, "it is for another name than the one connected to; look at bootstrap_servers, at the "
	     "broker's advertised.listeners and at the names (subjectAltName) in the certificate"},
	{64, "it is not for the address connected to; look at bootstrap_servers, at the broker's "
	     "advertised.listeners and at the addresses (subjectAltName) in the certificate"},
};

const char *words_certificate(int error)
{
	for (size_t i = 0; i < ARRAY_LEN(certificates); i++) {
		if (certificates[i].error == error)
			return certificates[i].words;
	}
	return "OpenSSL does not verify it; look at ssl_ca_location, its dates and its names";
}

/* What answers with these four bytes where a length should be. */
static void name_stranger(uint32_t first, char *ret_text, size_t len)
{
	char bytes[] = {(char)(first >> 24), (char)(first >> 16), (char)(first >> 8), (char)first,
			'\0'};
	bool text = true;

	for (int i = 0; i < 4; i++)
		text &= isprint((unsigned char)bytes[i]) && bytes[i] != '%';
	/* A record of TLS: an alert, or a handshake; and its version, 3.x. */
	if (first >> 24 >= 0x14 && first >> 24 <= 0x17 && (first >> 16 & 0xff) == 3)
		snprintf(ret_text, len,
			 "this port speaks TLS, and was not spoken to in TLS: set "
			 "security_protocol = \"ssl\" or \"sasl_ssl\"");
	else if (text)
		snprintf(ret_text, len,
			 "what answers there is not Kafka: its answer begins with \"%s\"; look at "
			 "address and port",
			 bytes);
	else
		snprintf(ret_text, len,
			 "what answers there is not Kafka, or is damaged on the way: its answer is "
			 "no message of Kafka's; look at address and port");
}

static void append(char *text, size_t size, const char *words)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s", words);
}

static void name_token(char *text, size_t size, const char *token)
{
	if (!*token)
		return;
	append(text, size, "; the token: ");
	append(text, size, token);
}

/*
 * Where an error text has `mark`, and `also`, these words take its place from `from` on, or, where
 * that is NULL, come behind it. The first row that fits.
 */
static const struct {
	const char *mark, *also, *from, *words;
} hang_ups[] = {
	{"in state APIVERSION_QUERY", "ssl://", "Disconnected",
	 "the broker hangs up on the first request, behind the TLS handshake: it may want a "
	 "certificate of its clients (ssl_certificate_location, ssl_key_location); else look at "
	 "address and port, and at what the broker logs"},
	{"in state APIVERSION_QUERY", "", "Disconnected",
	 "the broker hangs up on the first request: most likely this port speaks TLS, so set "
	 "security_protocol = \"ssl\" or \"sasl_ssl\"; else look at address and port, and at what "
	 "the broker logs"},
	{HANDSHAKE, "PLAINTEXT broker listener", HANDSHAKE, NO_TLS},
	{HANDSHAKE, "wrong version number", HANDSHAKE,
	 "what answers there speaks no TLS; look at address and port, and at security_protocol"},
	{HANDSHAKE, "unexpected eof", HANDSHAKE, NO_TLS},
	{HANDSHAKE, "Broken pipe", HANDSHAKE, NO_TLS},
	{"in state SSL_HANDSHAKE", "", "Disconnected", NO_TLS},
	{"SSL alert number", "certificate", NULL, NO_CERTIFICATE},
	{"SSL alert number", "unknown ca", NULL, NO_CERTIFICATE},
	{"ApiVersionRequest failed", "probably due to broker version", "ApiVersionRequest",
	 "what listens there takes the connection and does not answer the first request: it is "
	 "frozen or very slow, or not Kafka; look at address and port"},
	{"mechanism handshake failed", "Unsupported SASL mechanism", NULL,
	 "; set sasl_mechanism to one of those"},
	{"mechanism handshake failed", "current SASL state", "SASL ",
	 "this port wants no login: set security_protocol = \"plaintext\", or \"ssl\" with TLS, or "
	 "name the port that does"},
};

/*
 * Brokers answer the first request of anybody, and then those only who log in. Who was answered
 * more is let in, unless the broker has changed its mind: then it hangs up at once.
 */
static bool is_no_login(const char *text, bool answered)
{
	const char *after = strstr(text, "(after ");
	char *end;
	long ms;

	if (!after || strstr(text, "sasl_"))
		return false;
	ms = strtol(after + strlen("(after "), &end, 10);
	return (ms < EARLY_MS || !answered) &&
	       strncmp(end, "ms in state UP", strlen("ms in state UP")) == 0;
}

static void put(char *text, size_t size, char *at, const char *words)
{
	snprintf(at, size - (size_t)(at - text), "%s", words);
}

/* Where it tells that the broker has hung up; which of them is a matter of who was faster. */
static char *hang_up_at(char *text)
{
	char *at = strstr(text, "Disconnected");

	if (!at)
		at = strstr(text, "Send failed: ");
	if (!at && strstr(text, "unexpected eof"))
		at = strstr(text, "Receive failed: ");
	return at;
}

static bool mend_hang_up(char *text, size_t size, bool answered)
{
	char *cut = hang_up_at(text);

	if (cut && is_no_login(text, answered)) {
		put(text, size, cut,
		    "the broker hangs up on whoever does not log in: most likely this port wants "
		    "SASL, so set security_protocol = \"sasl_plaintext\", or \"sasl_ssl\" with "
		    "TLS, and sasl_mechanism");
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(hang_ups); i++) {
		const char *from = hang_ups[i].from;
		char *at = from ? strstr(text, from) : text + strlen(text);

		if (!at || !strstr(text, hang_ups[i].mark) || !strstr(text, hang_ups[i].also))
			continue;
		put(text, size, at, hang_ups[i].words);
		return true;
	}
	return false;
}

static const char *value_of(const struct prop *props, size_t n_props, const char *name, size_t len)
{
	for (size_t i = 0; i < n_props; i++) {
		if (strlen(props[i].name) == len && strncmp(props[i].name, name, len) == 0)
			return props[i].value;
	}
	return NULL;
}

/* What is wrong with a file that can be read, by what OpenSSL says of it; NULL: its own words. */
static const char *wrong_file(const char *text)
{
	if (strstr(text, "key values mismatch") || strstr(text, "X509_check_private_key"))
		return "is not the key of ssl_certificate_location";
	if (strncmp(text, "ssl.key.", strlen("ssl.key.")) == 0)
		return "is no key (PEM), or is encrypted, and ssl_key_password is missing or wrong";
	if (strstr(text, "PEM") || strstr(text, "no certificate"))
		return "holds no certificate (PEM)";
	return NULL;
}

void words_mend_refusal(char *text, size_t size, const struct prop *props, size_t n_props)
{
	const char *end = strstr(text, ".location failed: ");
	size_t len = end ? (size_t)(end - text) + strlen(".location") : 0;
	const char *path = end ? value_of(props, n_props, text, len) : NULL;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	const char *wrong = path ? wrong_file(text) : NULL;

	if (path && fd < 0)
		snprintf(text + len, size - len, ": %s cannot be read: %m", path);
	else if (wrong)
		snprintf(text + len, size - len, ": %s %s", path, wrong);
	if (fd >= 0)
		close(fd);
}

void words_mend(char *text, size_t size, const struct words_known *known)
{
	char *size_at = strstr(text, TOO_LARGE), *cause = strstr(text, NOT_VERIFIED);
	char *handshake = strstr(text, HANDSHAKE);

	if (mend_hang_up(text, size, known->answered))
		return;
	if (strstr(text, SCRAM) && rd_kafka_version() < SCRAM_VERSION)
		append(text, size,
		       "; brokers of Kafka 4 refuse SCRAM of a librdkafka before 2.6.1, whatever "
		       "the password is");
	else if (strstr(text, INVALID_TOKEN))
		name_token(text, size, known->token);
	else if (strstr(text, NO_THREAD))
		snprintf(text, size,
			 "librdkafka can make no thread for a broker: it keeps one for each that "
			 "is named; too many are, or TasksMax of the unit is too low");
	else if (size_at)
		name_stranger((uint32_t)strtol(size_at + strlen(TOO_LARGE), NULL, 10), size_at,
			      size - (size_t)(size_at - text));
	else if (handshake && cause)
		snprintf(handshake, size - (size_t)(handshake - text),
			 "the broker's certificate is refused: %s",
			 words_certificate(known->certificate));
}
