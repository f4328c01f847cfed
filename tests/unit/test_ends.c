/* SPDX-License-Identifier: Apache-2.0 */
/* When what a kafka block names ends: certificates in PEM, authorities, keystores. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cluster/ends.h"

#define DAY_S 86400

static char dir[32];

/* An authority for 5 days, and a certificate of it for 10; keystores with and without it. */
static void begin(void)
{
	static const char make[] =
		"cd %s && new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes' && exec 2>log &&"
		"openssl req -x509 $new -keyout ca.key -out ca.pem -subj /CN=authority -days 5 &&"
		"openssl req $new -keyout key -out request -subj /CN=agent &&"
		"openssl x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -days 10"
		"  -out agent.pem &&"
		"store='openssl pkcs12 -export -inkey key -in agent.pem' &&"
		"$store -out alone.p12 -passout pass:secret &&"
		"$store -out open.p12 -passout pass: &&"
		"$store -out chain.p12 -passout pass:secret -certfile ca.pem &&"
		"echo secret >password";
	char command[1024];

	strcpy(dir, "/tmp/ends.XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	snprintf(command, sizeof command, make, dir);
	cr_assert_eq(system(command), 0);
}

static void end(void)
{
	char command[64];

	snprintf(command, sizeof command, "rm -r %s", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(ends, .init = begin, .fini = end, .timeout = 120);

/* What is found of one property, and a keystore's password; reference: where that is kept. */
static size_t read_one(const char *name, const char *file, const char *password,
		       const char *reference, struct expiry *ret)
{
	char path[64];
	struct prop props[] = {{EXPIRY_PASSWORD, password, reference}, {name, path, NULL}};
	struct cluster cluster = {.props = props + !password, .n_props = 1 + (password != NULL)};
	struct cluster_ends ends;

	snprintf(path, sizeof path, "%s/%s", dir, file);
	cr_assert_eq(cluster_ends_read(&cluster, &ends), 0);
	if (ends.n)
		*ret = ends.at[0];
	return ends.n;
}

static void expect(const struct expiry *expiry, const char *setting, const char *name, int days)
{
	int64_t left_s = expiry->at_s - clock_real_ms() / 1000;

	cr_expect_str_eq(expiry->setting, setting);
	cr_expect_str_eq(expiry->name, name);
	cr_expect(left_s > (days - 1) * DAY_S && left_s <= days * DAY_S, "%lld", (long long)left_s);
}

Test(ends, of_a_keystore)
{
	struct expiry expiry;

	cr_assert_eq(read_one(EXPIRY_KEYSTORE, "alone.p12", "secret", NULL, &expiry), 1);
	expect(&expiry, EXPIRY_KEYSTORE, "CN = agent", 10);
	/* Those by which it was signed are sent with it. */
	cr_assert_eq(read_one(EXPIRY_KEYSTORE, "chain.p12", "secret", NULL, &expiry), 1);
	expect(&expiry, EXPIRY_KEYSTORE, "CN = authority", 5);
	cr_assert_eq(read_one(EXPIRY_KEYSTORE, "open.p12", NULL, NULL, &expiry), 1);
	expect(&expiry, EXPIRY_KEYSTORE, "CN = agent", 10);
}

/* It came with the keystore, after the configuration was read. */
Test(ends, by_the_password_that_counts_now)
{
	struct expiry expiry;
	char reference[64];

	snprintf(reference, sizeof reference, "file:%s/password", dir);
	cr_assert_eq(read_one(EXPIRY_KEYSTORE, "alone.p12", "of before", reference, &expiry), 1);
	expect(&expiry, EXPIRY_KEYSTORE, "CN = agent", 10);
}

Test(ends, of_pem)
{
	struct expiry expiry;

	cr_assert_eq(read_one("ssl.certificate.location", "agent.pem", NULL, NULL, &expiry), 1);
	expect(&expiry, "ssl.certificate.location", "CN = agent", 10);
	cr_assert_eq(read_one("ssl.ca.location", "ca.pem", NULL, NULL, &expiry), 1);
	expect(&expiry, "ssl.ca.location", "CN = authority", 5);
}

/* The library tells what is wrong with it; nothing is made up here. */
Test(ends, of_what_cannot_be_read_nothing_is_told)
{
	struct expiry expiry;

	cr_expect_eq(read_one(EXPIRY_KEYSTORE, "alone.p12", "wrong", NULL, &expiry), 0);
	cr_expect_eq(read_one(EXPIRY_KEYSTORE, "alone.p12", NULL, NULL, &expiry), 0);
	cr_expect_eq(read_one(EXPIRY_KEYSTORE, "agent.pem", "secret", NULL, &expiry), 0);
	cr_expect_eq(read_one(EXPIRY_KEYSTORE, "none.p12", "secret", NULL, &expiry), 0);
	cr_expect_eq(read_one(EXPIRY_KEYSTORE, "alone.p12", "x", "file:/none", &expiry), 0);
	cr_expect_eq(read_one("ssl.key.location", "key", NULL, NULL, &expiry), 0);
}
