/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration that works may be one that was made to work: verification switched off for a
 * trial, a directory opened for everybody. Nothing of that shows until somebody makes use of it, so
 * it is a warning here, and with --strict no configuration to go live with. Passwords in files that
 * others read are told when the configuration is loaded, at each start.
 *
 * Only the rights of everybody are judged: which group may do what is the administrator's choice.
 */
#include "cmd/check/secure.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "client/library.h"
#include "cluster/ends.h"
#include "cmd/check/check.h"
#include "conf/output.h"
#include "login/login.h"

static bool is(const char *value, const char *word)
{
	return value && strcasecmp(value, word) == 0;
}

/* The words that a check of names is switched off with, and those of no. */
static bool is_off(const char *value)
{
	return is(value, "none") || is(value, "false") || is(value, "f") || is(value, "0");
}

static void judge_certificates(struct check_report *report, struct conf_place place,
			       const struct check_wire *wire)
{
	if (is_off(wire->verification))
		check_find(report, CHECK_WARNING, place,
			   "%s.enable_ssl_certificate_verification = false: anybody on the way "
			   "can pose as the brokers\n"
			   "They get the records, and the password.\n"
			   "Leave it out, and give ssl_ca_location the authority that signed the "
			   "brokers' certificates.",
			   wire->label);
	else if (wire->endpoint ? is_off(wire->endpoint) : !wire->endpoint_by_default)
		check_find(report, CHECK_WARNING, place,
			   "%s.ssl_endpoint_identification_algorithm%s: whoever has any "
			   "certificate of the same authority can pose as the brokers\n"
			   "%s \"https\", and have the brokers' certificates name their hosts.",
			   wire->label,
			   wire->endpoint ? " = \"none\"" :
					    " is not set, and this librdkafka compares no names",
			   wire->endpoint ? "Leave it out, or set it to" : "Set it to");
}

void check_judge_wire(struct check_report *report, struct conf_place place,
		      const struct check_wire *wire)
{
	bool token = is(wire->mechanism, "OAUTHBEARER");

	if (is(wire->protocol, "ssl") || is(wire->protocol, "sasl_ssl"))
		judge_certificates(report, place, wire);
	if (is(wire->protocol, "sasl_plaintext") && (token || is(wire->mechanism, "PLAIN")))
		check_find(report, CHECK_WARNING, place,
			   "%s.security_protocol = \"sasl_plaintext\" with %s: the %s goes over "
			   "the network as it is\n"
			   "Whoever listens has it, and can write to the topics.\n"
			   "Set security_protocol = \"sasl_ssl\"%s.",
			   wire->label, wire->mechanism, token ? "token" : "password",
			   token ? "" : ", or sasl_mechanisms = \"SCRAM-SHA-512\"");
}

void check_judge_writable(struct check_report *report, struct conf_place place, const char *what,
			  const char *follows, const char *path, const struct stat *st)
{
	if (st->st_mode & S_IWOTH)
		check_find(report, CHECK_WARNING, place,
			   "%s %s can be written by every user of this machine\n%s\n"
			   "Take that right away:\n  chmod o-w %s",
			   what, path, follows, path);
}

void check_judge_readable(struct check_report *report, struct conf_place place, const char *setting,
			  const char *path, const struct stat *st)
{
	if (st->st_mode & S_IROTH)
		check_find(report, CHECK_WARNING, place,
			   "%s: %s can be read by every user of this machine\n"
			   "Whoever has the key is us, to the brokers.\n"
			   "Leave it to the service's group:\n"
			   "  chgrp waybill %s && chmod 640 %s",
			   setting, path, path, path);
}

static void look_at_wire(struct check *check, const struct cluster *cluster)
{
	const char *mechanism = cluster_value(cluster, "sasl.mechanisms");
	struct check_wire wire = {
		.label = cluster->label,
		.protocol = cluster_value(cluster, "security.protocol"),
		.mechanism = mechanism ? mechanism : cluster_value(cluster, "sasl.mechanism"),
		.verification = cluster_value(cluster, "enable.ssl.certificate.verification"),
		.endpoint = cluster_value(cluster, "ssl.endpoint.identification.algorithm"),
		.endpoint_by_default = kafka_library_compares_names(),
	};

	check_judge_wire(&check->report, check_block_place(check, cluster, "security_protocol"),
			 &wire);
}

void check_judge_expiry(struct check_report *report, struct conf_place place, const char *setting,
			const struct expiry *expiry, int64_t now_s, uint64_t warning_ms)
{
	int64_t left_s = expiry->at_s - now_s;

	if (left_s <= 0)
		check_find(report, CHECK_ERROR, place,
			   "%s: the certificate of \"%s\" has expired\n"
			   "Brokers, or this end, refuse it: all lines wait.\n"
			   "Put another in its place; it is taken without a reload.",
			   setting, expiry->name);
	else if (left_s < (int64_t)(warning_ms / 1000))
		check_find(report, CHECK_WARNING, place,
			   "%s: the certificate of \"%s\" expires in %lld day%s\n"
			   "All lines wait from then on.\n"
			   "Put another in its place; it is taken without a reload.",
			   setting, expiry->name, (long long)(left_s / 86400),
			   left_s / 86400 == 1 ? "" : "s");
}

/* A property as a configuration has it, without and with the name of its block. */
struct setting {
	char name[64], full[160];
};

static void name_setting(const struct cluster *cluster, const char *dotted, struct setting *ret)
{
	snprintf(ret->name, sizeof ret->name, "%s", dotted);
	for (char *at = ret->name; *at; at++)
		*at = *at == '.' ? '_' : *at;
	snprintf(ret->full, sizeof ret->full, "%s.%s", cluster->label, ret->name);
}

/* 0 or -ENOMEM. */
static int look_at_certificates(struct check *check, const struct cluster *cluster)
{
	struct cluster_ends ends;
	int r = cluster_ends_read(cluster, &ends);

	for (size_t i = 0; r == 0 && i < ends.n; i++) {
		struct setting setting;

		name_setting(cluster, ends.at[i].setting, &setting);
		check_judge_expiry(&check->report, check_block_place(check, cluster, setting.name),
				   setting.full, &ends.at[i], clock_real_ms() / 1000,
				   check->conf->certificate_warning_ms);
	}
	return r;
}

void check_judge_token(struct check_report *report, struct conf_place place, const char *setting,
		       const struct life *life, int64_t now_ms, uint64_t warning_ms)
{
	char left[LIFE_LEFT_MAX];

	if (*life->trouble)
		check_find(
			report, CHECK_ERROR, place,
			"%s: %s\n"
			"Brokers let nobody in without a token: all lines wait.\n"
			"Have whoever renews it put another there; it is taken without a reload.",
			setting, life->trouble);
	else if (life_ends_soon(life, now_ms, (int64_t)warning_ms))
		check_find(
			report, CHECK_WARNING, place,
			"%s: the token expires in %s, and no other has come\n"
			"There should be one: less than a tenth of its life is left.\n"
			"Brokers let nobody in with it from then on: all lines wait.\n"
			"Have whoever renews it put another there; it is taken without a reload.",
			setting, life_print_left(life, now_ms, left));
}

/* One in a file costs nobody anything to look at. Any other is fetched when brokers are asked. */
static int look_at_token(struct check *check, const struct cluster *cluster)
{
	struct setting setting;
	struct token token;
	struct life life;
	char why[512];
	int r;

	if (!cluster->login || !login_file(cluster->login))
		return 0;
	r = login_token(cluster->login, &token, why, sizeof why);
	if (r == 0)
		token_deinit(&token);
	login_life(cluster->login, &life);
	name_setting(cluster, login_setting(cluster->login), &setting);
	check_judge_token(&check->report, check_block_place(check, cluster, setting.name),
			  setting.full, &life, clock_real_ms(),
			  check->conf->certificate_warning_ms);
	return r < 0 ? r : 0;
}

static void look_at_keys(struct check *check, const struct cluster *cluster)
{
	static const char *const names[] = {"ssl.key.location", "ssl.keystore.location",
					    "sasl.kerberos.keytab"};
	struct setting setting;
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *path = cluster_value(cluster, names[i]);

		name_setting(cluster, names[i], &setting);
		if (path && stat(path, &st) == 0)
			check_judge_readable(&check->report,
					     check_block_place(check, cluster, setting.name),
					     setting.full, path, &st);
	}
}

/* In a directory like /tmp nobody takes the place of another's file, but anybody adds one. */
static void look_at_directory(struct check *check, const char *path, bool all_in_it_counts)
{
	struct stat st;

	if (stat(path, &st) == 0 && (all_in_it_counts || !(st.st_mode & S_ISVTX)))
		check_judge_writable(
			&check->report, CHECK_NOWHERE, "the directory",
			"Whoever can put a configuration there chooses which files are "
			"read, and where they are sent.",
			path, &st);
}

static void look_at_configuration(struct check *check)
{
	const struct conf_text *text = &check->load.text;
	char path[PATH_MAX];
	struct stat st;

	for (unsigned i = 0; i < text->n_files; i++) {
		const char *name = text->files[i].name;
		const char *slash = strrchr(name, '/');
		int n = snprintf(path, sizeof path, "%.*s", slash ? (int)(slash - name) : 1,
				 slash ? name : ".");

		if (stat(name, &st) == 0)
			check_judge_writable(
				&check->report, (struct conf_place){&text->files[i], 0},
				"the configuration",
				"Whoever writes to it chooses which files are read, and "
				"where they are sent.",
				name, &st);
		if (i > 0 || n >= PATH_MAX)
			continue;
		look_at_directory(check, path, false);
		if (snprintf(path + n, sizeof path - (size_t)n, "/conf.d") < PATH_MAX - n)
			look_at_directory(check, path, true);
	}
}

int check_security(struct check *check)
{
	struct stat st;
	int r = 0;

	for (size_t i = 0; r == 0 && i < check->conf->n_clusters; i++) {
		const struct cluster *cluster = &check->conf->clusters[i];

		look_at_wire(check, cluster);
		r = look_at_certificates(check, cluster);
		if (r == 0)
			r = look_at_token(check, cluster);
		look_at_keys(check, cluster);
	}
	look_at_configuration(check);
	if (check->state_dir[0] == '/' && stat(check->state_dir, &st) == 0)
		check_judge_writable(&check->report, check->state_place, "state_dir",
				     "Whoever writes to it chooses where reading goes on, and sees "
				     "the dead letters.",
				     check->state_dir, &st);
	return r;
}
