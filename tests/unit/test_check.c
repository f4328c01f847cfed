/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill check, the parts that are pure: the report, what facts of a topic mean, the trials of
 * patterns, and the printed configuration, which has to load again and mean the same.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/check/access.h"
#include "cmd/check/kafka.h"
#include "cmd/check/report.h"
#include "cmd/check/secure.h"
#include "cmd/check/trial.h"
#include "conf/load.h"
#include "settings/print.h"

/* ---- the report ---- */

static char *printed(struct check_report *report, enum check_severity least)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	check_print(report, least, false, to);
	fclose(to);
	return text;
}

Test(check, findings_come_in_the_order_of_the_files)
{
	struct conf_file first = {.name = (char *)"a.conf", .order = 0};
	struct conf_file second = {.name = (char *)"b.conf", .order = 1};
	struct check_report report = {0};
	char *text;

	check_find(&report, CHECK_ERROR, CHECK_NOWHERE, "anywhere");
	check_find(&report, CHECK_WARNING, (struct conf_place){&second, 1},
		   "two\nfollows\n  do it");
	check_find(&report, CHECK_NOTE, (struct conf_place){&first, 20}, "twenty");
	check_find(&report, CHECK_ERROR, (struct conf_place){&first, 3}, "three");
	text = printed(&report, CHECK_NOTE);
	cr_assert_str_eq(text, "a.conf:3: error: three\n"
			       "a.conf:20: note: twenty\n"
			       "b.conf:1: warning: two\n    follows\n      do it\n"
			       "waybill: error: anywhere\n");
	free(text);
	text = printed(&report, CHECK_ERROR);
	cr_assert_str_eq(text, "a.conf:3: error: three\nwaybill: error: anywhere\n");
	free(text);
	cr_assert_eq(report.counts[CHECK_ERROR], 2);
	cr_assert_eq(report.counts[CHECK_WARNING], 1);
	cr_assert_eq(report.counts[CHECK_NOTE], 1);
	check_report_deinit(&report);
}

Test(check, the_report_is_bounded)
{
	struct check_report report = {0};
	char *text;

	for (int i = 0; i < CHECK_FINDINGS_MAX + 7; i++)
		check_find(&report, CHECK_ERROR, CHECK_NOWHERE, "number %d", i);
	text = printed(&report, CHECK_NOTE);
	cr_assert(strstr(text, "number 499\nand 7 more findings\n"), "%s",
		  text + strlen(text) - 80);
	cr_assert_eq(report.counts[CHECK_ERROR], CHECK_FINDINGS_MAX + 7);
	free(text);
	check_report_deinit(&report);
}

Test(check, no_line_is_wider_than_80_columns_and_no_word_is_cut)
{
	struct conf_file file = {.name = (char *)"/etc/waybill/waybill.conf"};
	struct check_report report = {0};
	char *text, *at;

	check_find(&report, CHECK_ERROR, (struct conf_place){&file, 7},
		   "one two three four five six seven eight nine ten \x1b[31m eleven twelve\n"
		   "t\xc3\xb6lf thirteen fourteen fifteen sixteen seventeen eighteen nineteen "
		   "twenty one-and-twenty");
	text = printed(&report, CHECK_NOTE);
	at = strdup(text);
	for (char *line = strtok(at, "\n"); line; line = strtok(NULL, "\n"))
		cr_assert_leq(strlen(line), 81, "%s", line); /* one of two bytes is a column */
	cr_assert(strstr(text, "eight nine\n    ten \\x1b[31m eleven twelve\n    t\xc3\xb6lf"),
		  "%s", text);
	free(at);
	free(text);
	check_report_deinit(&report);
}

Test(check, problems_of_the_load_keep_their_severity)
{
	struct conf_file file = {.name = (char *)"a.conf"};
	struct conf_problems problems = CONF_PROBLEMS_NULL;
	struct check_report report = {0};
	char *text;

	conf_problem(&problems, (struct conf_place){&file, 2}, "bad \"x\ny\"");
	conf_warning(&problems, (struct conf_place){&file, 1}, "odd");
	check_take_problems(&report, &problems);
	text = printed(&report, CHECK_NOTE);
	cr_assert_str_eq(text, "a.conf:1: warning: odd\na.conf:2: error: bad \"x y\"\n");
	free(text);
	conf_problems_deinit(&problems);
	check_report_deinit(&report);
}

/* ---- topics ---- */

struct replicas_case {
	uint32_t replicas, min_insync;
	int severity; /* -1: nothing is said */
	char words[96];
};

ParameterizedTestParameters(check, replicas)
{
	static struct replicas_case cases[] = {
		{3, 2, -1, ""},
		{3, 1, CHECK_WARNING,
		 "acks=all, 3 replicas, min.insync.replicas 1: an acknowledged record is lost if"},
		{2, 1, CHECK_WARNING, "2 replicas, min.insync.replicas 1"},
		{1, 1, CHECK_WARNING, "acks=all, 1 replica: "},
		{1, 2, CHECK_ERROR,
		 "1 replica, min.insync.replicas 2: no line can be acknowledged"},
		{2, 3, CHECK_ERROR, "2 replicas, min.insync.replicas 3: no line"},
		{3, 3, CHECK_NOTE, "when one broker is down"},
		{3, 0, -1, ""}, /* settings may not be read */
		{0, 0, -1, ""},
	};

	return cr_make_param_array(struct replicas_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct replicas_case *c, check, replicas)
{
	struct topic_facts facts = {.replicas = c->replicas, .min_insync = c->min_insync};
	struct check_report report = {0};

	check_judge_replicas(&report, CHECK_NOWHERE, "orders", &facts, false);
	cr_assert_eq(report.n, c->severity < 0 ? 0 : 1, "%u/%u", c->replicas, c->min_insync);
	if (report.n) {
		cr_assert_eq((int)report.items[0].severity, c->severity);
		cr_assert(strstr(report.items[0].text, c->words), "%s", report.items[0].text);
	}
	check_report_deinit(&report);
}

struct settings_case {
	uint32_t max_message_bytes;
	size_t max_line;
	int severity;
	char words[64];
};

ParameterizedTestParameters(check, settings)
{
	static struct settings_case cases[] = {
		{2000000, 1 << 20, -1, ""},
		{1048588, 1 << 20, CHECK_NOTE, "just within"}, /* both defaults */
		{1000000, 1 << 20, CHECK_WARNING, "max_line is 1048576 bytes"},
		{0, 1 << 20, CHECK_NOTE, "cannot be read"},
	};

	return cr_make_param_array(struct settings_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct settings_case *c, check, settings)
{
	struct topic_facts facts = {
		.replicas = 3,
		.min_insync = 2,
		.max_message_bytes = c->max_message_bytes,
	};
	struct check_report report = {0};

	check_judge_settings(&report, CHECK_NOWHERE, "orders", &facts, c->max_line, false);
	cr_assert_eq(report.n, c->severity < 0 ? 0 : 1);
	if (report.n) {
		cr_assert_eq((int)report.items[0].severity, c->severity);
		cr_assert(strstr(report.items[0].text, c->words), "%s", report.items[0].text);
	}
	check_report_deinit(&report);
}

/* It said "min.insync.replicas 0, max.message.bytes 0" where these may not be asked. */
Test(check, of_a_topic_only_what_is_known_is_said)
{
	struct topic_facts facts = {.n_partitions = 3, .replicas = 1};
	char text[192];

	check_topic_text(&facts, text, sizeof text);
	cr_expect_str_eq(text, "3 partitions, 1 replica");
	facts = (struct topic_facts){
		.n_partitions = 1, .replicas = 3, .min_insync = 2, .max_message_bytes = 1000};
	check_topic_text(&facts, text, sizeof text);
	cr_expect_str_eq(text,
			 "1 partition, 3 replicas, min.insync.replicas 2, max.message.bytes 1000");
}

/* A name that is not known was blamed on ports, firewalls and TLS. */
Test(check, a_name_that_is_not_known_is_not_blamed_on_tls)
{
	cr_expect(
		strstr(check_unreached_advice("k/bootstrap: Failed to resolve 'k:9092': Temporary "
					      "failure in name resolution"),
		       "DNS"));
	cr_expect(strstr(check_unreached_advice("Connection refused"), "firewall"));
}

Test(check, the_command_that_makes_a_topic_can_be_copied)
{
	static const struct {
		int32_t n_brokers;
		const char *replicas;
	} rows[] = {{1, "-factor 1"}, {2, "-factor 2"}, {3, "-factor 3"}, {9, "-factor 3"}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct check_report report = {.servers = "a:1,b:2"};

		check_judge_missing(&report, CHECK_NOWHERE, "orders", rows[i].n_brokers, false);
		cr_assert(strstr(report.items[0].text, "--bootstrap-server a:1,b:2 --create"), "%s",
			  report.items[0].text);
		cr_assert(strstr(report.items[0].text, rows[i].replicas), "%s",
			  report.items[0].text);
		check_report_deinit(&report);
	}
}

/* It said that files wait for it. */
Test(check, no_file_waits_for_a_topic_of_dead_letters)
{
	struct topic_facts facts = {.replicas = 1, .min_insync = 2};
	struct check_report report = {0};

	check_judge_missing(&report, CHECK_NOWHERE, "dead", 1, true);
	check_judge_replicas(&report, CHECK_NOWHERE, "dead", &facts, true);
	facts.min_insync = 1;
	check_judge_replicas(&report, CHECK_NOWHERE, "dead", &facts, true);
	facts.replicas = facts.min_insync = 3;
	check_judge_replicas(&report, CHECK_NOWHERE, "dead", &facts, true);
	facts.max_message_bytes = 1000;
	facts.compacted = true;
	check_judge_settings(&report, CHECK_NOWHERE, "dead", &facts, 2000, true);
	cr_assert_eq(report.n, 6);
	for (size_t i = 0; i < report.n; i++) {
		cr_expect_not(strstr(report.items[i].text, "files"), "%s", report.items[i].text);
		cr_expect(strstr(report.items[i].text, "dead letters") ||
				  strstr(report.items[i].text, "stays in the state"),
			  "%s", report.items[i].text);
	}
	check_report_deinit(&report);
}

Test(check, a_leader_that_is_not_reached)
{
	int32_t leaders[] = {1, 2, 1, -1};
	struct topic_facts facts = {.n_partitions = 4, .leaders = leaders};
	struct broker brokers[] = {
		{.id = 1, .address = "inner:9092", .silent = true, .error_us = 1, .error = "why"},
		{.id = 2, .address = "other:9092"},
		{.id = 3, .address = "third:9092", .silent = true},
	};
	struct check_report report = {0};

	for (size_t i = 0; i < sizeof brokers / sizeof brokers[0]; i++)
		check_judge_leader(&report, CHECK_NOWHERE, "orders", &facts, &brokers[i]);
	cr_assert_eq(report.counts[CHECK_ERROR], 1);
	cr_assert(strstr(report.items[0].text, "broker 1, which leads 2 of its 4 partitions, is "
					       "not reached at inner:9092: why\n"),
		  "%s", report.items[0].text);
	check_report_deinit(&report);
}

Test(check, very_many_brokers_are_told)
{
	struct check_report report = {0};

	check_judge_cluster(&report, CHECK_NOWHERE, 500);
	cr_assert_eq(report.n, 0);
	check_judge_cluster(&report, CHECK_NOWHERE, 5000);
	cr_assert_eq(report.counts[CHECK_WARNING], 1);
	check_report_deinit(&report);
}

/* ---- what is insecure ---- */

struct wire_case {
	char protocol[16], mechanism[16], verification[8], endpoint[8];
	bool old_library;
	char words[64]; /* "": nothing is said */
};

ParameterizedTestParameters(check, wire)
{
	static struct wire_case cases[] = {
		{"", "", "", "", false, ""},
		{"ssl", "", "", "", false, ""},
		{"ssl", "", "true", "https", false, ""},
		{"sasl_ssl", "PLAIN", "", "", false, ""},
		{"sasl_plaintext", "SCRAM-SHA-512", "", "", false, ""},
		{"plaintext", "PLAIN", "false", "none", false, ""},
		{"ssl", "", "false", "", false, "anybody on the way can pose as the brokers"},
		{"SASL_SSL", "PLAIN", "0", "", false, "anybody on the way"},
		{"ssl", "", "", "none", false, "whoever has any certificate"},
		{"ssl", "", "", "", true, "is not set, and this librdkafka compares no names"},
		{"ssl", "", "", "https", true, ""},
		{"sasl_plaintext", "PLAIN", "", "", false, "with PLAIN: the password goes"},
		{"SASL_PLAINTEXT", "plain", "", "", false, "the password goes over the network"},
		{"sasl_plaintext", "OAUTHBEARER", "", "", false, "the token goes"},
	};

	return cr_make_param_array(struct wire_case, cases, sizeof cases / sizeof cases[0]);
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

ParameterizedTest(struct wire_case *c, check, wire)
{
	struct check_wire wire = {
		.protocol = or_null(c->protocol),
		.mechanism = or_null(c->mechanism),
		.verification = or_null(c->verification),
		.endpoint = or_null(c->endpoint),
		.endpoint_by_default = !c->old_library,
	};
	struct check_report report = {0};

	check_judge_wire(&report, CHECK_NOWHERE, &wire);
	cr_assert_eq(report.counts[CHECK_WARNING], c->words[0] != 0);
	if (report.n)
		cr_assert(strstr(report.items[0].text, c->words), "%s", report.items[0].text);
	check_report_deinit(&report);
}

Test(check, a_certificate_that_expires)
{
	struct expiry expiry = {.at_s = 1000000, .name = "CN = agent"};
	struct check_report report = {0};
	const int64_t day_s = 86400;

	check_judge_expiry(&report, CHECK_NOWHERE, "kafka.ssl_ca_location", &expiry,
			   1000000 - 15 * day_s, 14 * 86400000ull);
	cr_assert_eq(report.n, 0);
	check_judge_expiry(&report, CHECK_NOWHERE, "kafka.ssl_ca_location", &expiry,
			   1000000 - 14 * day_s + 1, 14 * 86400000ull);
	cr_assert_eq(report.counts[CHECK_WARNING], 1);
	cr_assert(strstr(report.items[0].text, "\"CN = agent\" expires in 13 days"), "%s",
		  report.items[0].text);
	check_judge_expiry(&report, CHECK_NOWHERE, "kafka.ssl_ca_location", &expiry, 1000000, 0);
	cr_assert_eq(report.counts[CHECK_ERROR], 1);
	check_report_deinit(&report);
}

Test(check, a_token_that_nobody_renews)
{
	struct life life = {.begins_ms = 1000000, .expires_ms = 1600000};
	const uint64_t day_ms = 86400000;
	struct check_report report = {0};

	check_judge_token(&report, CHECK_NOWHERE, "kafka.oauth_token_file", &life, 1500000, day_ms);
	cr_assert_eq(report.n, 0);
	check_judge_token(&report, CHECK_NOWHERE, "kafka.oauth_token_file", &life, 1550000, day_ms);
	cr_assert_eq(report.counts[CHECK_WARNING], 1);
	cr_assert(strstr(report.items[0].text, "kafka.oauth_token_file: the token expires in 50 s"),
		  "%s", report.items[0].text);
	strcpy(life.trouble, "/run/token: the token has expired, 5 s ago");
	check_judge_token(&report, CHECK_NOWHERE, "kafka.oauth_token_file", &life, 1605000, day_ms);
	cr_assert_eq(report.counts[CHECK_ERROR], 1);
	check_report_deinit(&report);
}

Test(check, what_everybody_may_do_has_its_cure)
{
	struct stat open = {.st_mode = S_IFDIR | 0777}, shut = {.st_mode = S_IFDIR | 0770};
	struct check_report report = {0};

	check_judge_writable(&report, CHECK_NOWHERE, "state_dir", "Bad.", "/s", &shut);
	check_judge_readable(&report, CHECK_NOWHERE, "kafka.ssl_key_location", "/k", &shut);
	cr_assert_eq(report.n, 0);
	check_judge_writable(&report, CHECK_NOWHERE, "state_dir", "Bad.", "/s", &open);
	check_judge_readable(&report, CHECK_NOWHERE, "kafka.ssl_key_location", "/k", &open);
	cr_assert_eq(report.counts[CHECK_WARNING], 2);
	cr_assert(strstr(report.items[0].text, "\n  chmod o-w /s"), "%s", report.items[0].text);
	cr_assert(strstr(report.items[1].text, "\n  chgrp waybill /k && chmod 640 /k"), "%s",
		  report.items[1].text);
	check_report_deinit(&report);
}

/* ---- timestamps ---- */

struct times_case {
	bool set, clamp, append_time;
	uint64_t our_past, our_future;     /* 0: no limit */
	uint64_t their_past, their_future; /* 0: not known */
	int severity;
	char words[80];
};

ParameterizedTestParameters(check, times)
{
	static struct times_case cases[] = {
		{false, false, false, 0, 0, 1, 1, -1, ""},
		{false, false, true, 0, 0, 1, 1, CHECK_NOTE, "in place of waybill's"},
		{true, true, true, 0, 0, 1, 1, CHECK_WARNING, "in place of this timestamp"},
		{true, true, false, 0, 0, 0, 0, -1, ""},
		{true, true, false, 0, 0, INT64_MAX, INT64_MAX, -1, ""},
		{true, false, false, 0, 3600000, INT64_MAX, 3600000, -1, ""},
		{true, true, false, 0, 3599999, INT64_MAX, 3600000, -1, ""},
		{true, true, false, 0, 3600000, INT64_MAX, 3600000, CHECK_WARNING,
		 "by more than the clocks may differ"},
		{true, false, false, 0, 3600001, INT64_MAX, 3600000, CHECK_WARNING,
		 "timestamp_max_future is 3600001 ms, the topic's message"},
		{true, false, false, 0, 0, INT64_MAX, 3600000, CHECK_WARNING,
		 "timestamp_max_future is no limit, the topic's message.timestamp.after"},
		{true, false, false, 0, 1, 86400000, 0, CHECK_WARNING,
		 "timestamp_max_past is no limit, the topic's message.timestamp.before"},
		{true, false, false, 86400000, 1, 86400000, 0, -1, ""},
	};

	return cr_make_param_array(struct times_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct times_case *c, check, times)
{
	struct topic_facts facts = {
		.append_time = c->append_time,
		.max_past_ms = c->their_past,
		.max_future_ms = c->their_future,
	};
	struct template_scope scope = {.host = "h", .source = "s"};
	struct check_report report = {0};
	struct template_error error;
	struct route_time time = {
		.max_past_ms = c->our_past,
		.max_future_ms = c->our_future,
		.clamp = c->clamp,
	};

	if (c->set)
		cr_assert_eq(template_compile("${line}", &scope, &time.text, &error), 0);
	check_judge_times(&report, CHECK_NOWHERE, "orders", &facts, &time);
	cr_assert_eq(report.n, c->severity < 0 ? 0 : 1);
	if (report.n) {
		cr_expect_eq((int)report.items[0].severity, c->severity);
		cr_expect(strstr(report.items[0].text, c->words), "%s", report.items[0].text);
	}
	check_report_deinit(&report);
	template_free(time.text);
}

Test(check, partitions_and_rules)
{
	struct check_report report = {.servers = "a:1"};

	check_judge_partitions(&report, CHECK_NOWHERE, "orders", 6, 6);
	cr_expect_eq(report.n, 0);
	check_judge_partitions(&report, CHECK_NOWHERE, "orders", 1, 6);
	cr_assert_eq(report.n, 1);
	cr_expect_eq((int)report.items[0].severity, CHECK_ERROR);
	cr_expect(strstr(report.items[0].text, "1 partition, but partitioner.rules need 6"));
	cr_expect(strstr(report.items[0].text,
			 "--bootstrap-server a:1 --alter --topic orders --partitions 6"));
	check_report_deinit(&report);
}

Test(check, a_topic_that_is_not_as_planned)
{
	struct prop config[] = {{.name = "retention.ms", .value = "1000"},
				{.name = "cleanup.policy", .value = "delete"},
				{.name = "typo", .value = "1"}};
	char *planned[] = {(char *)"2000", (char *)"delete", NULL};
	struct topic_plan plan = {.partitions = 6, .replicas = -1, .config = config, .n_config = 3};
	struct topic_facts facts = {
		.n_partitions = 3, .replicas = 1, .planned = planned, .n_planned = 3};
	struct check_report report = {.servers = "a:1"};

	check_judge_plan(&report, CHECK_NOWHERE, "orders", &facts, &plan);
	cr_assert_eq(report.n, 2, "settings that may not be read are not judged");
	cr_expect(strstr(report.items[0].text, "number of its partitions is 3, wanted is 6"));
	cr_expect(strstr(report.items[1].text, "retention.ms is \"2000\", wanted is \"1000\""));
	cr_expect(strstr(report.items[1].text, "kafka-configs --bootstrap-server a:1 --alter "
					       "--topic orders --add-config retention.ms=1000"));
	check_report_deinit(&report);
	report = (struct check_report){0};
	facts.min_insync = 1;
	facts.n_partitions = 6;
	planned[0] = (char *)"1000";
	check_judge_plan(&report, CHECK_NOWHERE, "orders", &facts, &plan);
	cr_assert_eq(report.n, 1);
	cr_expect(strstr(report.items[0].text, "know no setting typo"));
	check_report_deinit(&report);
	report = (struct check_report){0};
	plan.replicas = 3;
	check_judge_to_make(&report, CHECK_NOWHERE, "orders", &plan);
	cr_expect_eq((int)report.items[0].severity, CHECK_NOTE);
	cr_expect(strstr(report.items[0].text, "run makes it (6 partitions, 3 replicas)"));
	check_report_deinit(&report);
}

/* ---- patterns ---- */

struct pattern_case {
	char pattern[160];
	char sample[80];
	bool nested, backtracks;
};

ParameterizedTestParameters(check, patterns)
{
	static struct pattern_case cases[] = {
		{"^(?<time>\\S+) (?<level>\\w+) order=(?<order_id>\\S+) cid=(?<cid>\\S+)",
		 "a a order=a cid=a", false, false},
		{"^(?<time>\\S+ \\S+) (?<action>\\S+)(?: (?<state>[a-z-]+))? "
		 "(?<package>[^ :]+):\\S+",
		 "a a a a a:a", false, false},
		{"^(?<ip>\\S+) \\S+ (?<user>\\S+) \\[(?<time>[^\\]]+)\\] \"(?<verb>[A-Z]+) "
		 "(?<path>[^\"]*)\" (?<status>\\d{3}) (?<size>\\d+|-)",
		 "a a a [a] \"A a\" 0 0", false, false},
		{"^(?<a>.*) - (?<b>.*)$", "a - a", false, false}, /* quadratic: most are */
		{"(?:\\w+ )+end", "a end", true, false},          /* looks worse than it is */
		{"^(a+)+$", "a", true, true},
		{"^id=(?<id>(\\d+,?)*);", "id=0,;", true, true},
		{"^(?<x>(?:\\w|\\d)+)$", "a", false, true},
		{"^(.*),(.*),(.*),(.*)x$", "a,a,a,ax", false, true},
		{"^(a++)+$", "a", false, false}, /* possessive: gives nothing back */
		{"^(?>a+)+$", "a", false, false},
		{"[[:alpha:]]x{2,3}|y\\.z", "ax", false, false},
		{"", "", false, false},
		{"(", "", false, false}, /* does not compile; must not be read beyond */
		{"[", "", false, false},
		{"\\", "\\", false, false},
		{"(?<", "", false, false},
		{"a{", "a{", false, false},
	};

	return cr_make_param_array(struct pattern_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct pattern_case *c, check, patterns)
{
	char sample[CHECK_SAMPLE_MAX + 1];
	struct pattern_scratch *scratch = pattern_scratch_new();
	size_t len = check_pattern_sample(c->pattern, 'a', sample), at;
	struct pattern_error error;
	struct pattern *compiled;
	const char *unit;
	bool found;

	cr_assert_str_eq(sample, c->sample, "%s: \"%s\"", c->pattern, sample);
	cr_assert_eq(len, strlen(sample));
	cr_assert_eq(check_pattern_nested(c->pattern, &at), c->nested, "%s", c->pattern);
	if (pattern_compile(c->pattern, strlen(c->pattern), &compiled, &error) == 0) {
		found = check_pattern_backtracks(compiled, scratch, sample, len, &unit, &len);
		len = check_pattern_sample(c->pattern, '0', sample);
		found |= check_pattern_backtracks(compiled, scratch, sample, len, &unit, &len);
		cr_assert_eq(found, c->backtracks, "%s", c->pattern);
		pattern_free(compiled);
	}
	pattern_scratch_free(scratch);
}

Test(check, a_long_pattern_gives_a_sample_that_is_cut)
{
	char pattern[4 * CHECK_SAMPLE_MAX], sample[CHECK_SAMPLE_MAX + 1];

	memset(pattern, 'x', sizeof pattern - 1);
	pattern[sizeof pattern - 1] = '\0';
	cr_assert_eq(check_pattern_sample(pattern, 'a', sample), CHECK_SAMPLE_MAX);
	cr_assert_eq(strlen(sample), CHECK_SAMPLE_MAX);
}

/* What is no pattern at all must not lead anywhere; the sanitizers look on. */
Test(check, any_text_is_survived)
{
	static const char letters[] = "(((()))[[]]\\\\?<>:{},|*++^$.'P=aQEd1 ";
	char text[48], sample[CHECK_SAMPLE_MAX + 1];
	unsigned seed = 7;
	size_t at;

	for (int i = 0; i < 100000; i++) {
		size_t len = (size_t)rand_r(&seed) % sizeof text;
		char *copy;

		for (size_t k = 0; k < len; k++)
			text[k] = letters[(size_t)rand_r(&seed) % (sizeof letters - 1)];
		copy = strndup(text, len);
		cr_assert_leq(check_pattern_sample(copy, 'a', sample), CHECK_SAMPLE_MAX);
		if (check_pattern_nested(copy, &at))
			cr_assert_lt(at, len);
		free(copy);
	}
}

/* ---- who may read what ---- */

Test(check, mode_text)
{
	char text[11];

	check_mode_text(S_IFREG | 0640, text);
	cr_assert_str_eq(text, "-rw-r-----");
	check_mode_text(S_IFDIR | 0711, text);
	cr_assert_str_eq(text, "drwx--x--x");
}

Test(check, homes)
{
	cr_assert(check_is_home("/home/x/app.log"));
	cr_assert(check_is_home("/root"));
	cr_assert_not(check_is_home("/homestead/app.log"));
	cr_assert_not(check_is_home("/var/log"));
}

Test(check, the_component_that_stops_us_is_named)
{
	char dir[] = "/tmp/waybill-check-XXXXXX", path[256], wanted[256];
	struct check_denial denial;

	cr_assert(mkdtemp(dir));
	cr_assert(check_access(dir, R_OK | X_OK, &denial));
	snprintf(path, sizeof path, "%s/no/such", dir);
	cr_assert_not(check_access(path, R_OK, &denial));
	snprintf(wanted, sizeof wanted, "%s/no", dir);
	cr_assert_str_eq(denial.component, wanted);
	cr_assert_eq(denial.error, ENOENT);
	cr_assert(denial.search);

	/* Through a link, whose target is what counts. */
	snprintf(path, sizeof path, "%s/link", dir);
	cr_assert_eq(symlink("target/dir", path), 0);
	snprintf(path, sizeof path, "%s/link/file", dir);
	cr_assert_not(check_access(path, R_OK, &denial));
	snprintf(wanted, sizeof wanted, "%s/target", dir);
	cr_assert_str_eq(denial.component, wanted);

	/* One that leads to itself ends, too. */
	snprintf(path, sizeof path, "%s/loop", dir);
	cr_assert_eq(symlink("loop", path), 0);
	cr_assert_not(check_access(path, R_OK, &denial));
	cr_assert_eq(denial.error, ELOOP);
	unlink(path);
	snprintf(path, sizeof path, "%s/link", dir);
	unlink(path);
	rmdir(dir);
}

/* ---- the printed configuration ---- */

static const char conf_text[] =
	"linger_ms = 5; max_line = 4096; on_no_match = \"skip\"; ignore_older = 0;\n"
	"kafka: { bootstrap_servers = \"a:1\"; sasl_password = \"hunter2\";\n"
	"         security_protocol = \"sasl_ssl\"; sasl_mechanism = \"PLAIN\";\n"
	"         ssl_key_password = \"file:%s/secret\"; socket_keepalive_enable = true;\n"
	"         socket_timeout_ms = 30000; };\n"
	"parsers: ( { name = \"p\"; pattern = \"^(?<a>\\\\S+) \\\"(?<b>[^\\\"\\\\\\\\]*)\\t\x01\"; "
	"},\n"
	"           { name = \"f\"; pattern_file = \"f.re\"; } );\n"
	"sources: ( { name = \"s\"; paths = \"/x/*.log\"; parser = \"p\"; topic = \"t-${a}\";\n"
	"             topics = [ \"t-1\", \"t-2\" ]; topic_fallback = \"t-2\"; max_line = "
	"\"8KiB\";\n"
	"             headers: ( { name = \"h\"; value = \"$${x} ${b:-none}\"; } ); },\n"
	"           { name = \"plain\"; paths = [ \"/y\", \"/z\" ]; exclude = [ ]; topic = \"t\"; "
	"},\n"
	"           { name = \"file\"; paths = \"/w\"; parser = \"f\"; topic = \"t\"; key = "
	"\"${c}\"; } );\n";

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	file = fopen(path, "w");
	cr_assert(file);
	cr_assert_eq(fchmod(fileno(file), 0600), 0);
	fputs(text, file);
	fclose(file);
}

static char *print_conf(const char *dir, const char *name, struct conf_load *ret_load)
{
	char path[256], *text = NULL;
	size_t len;
	FILE *to;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	cr_assert_eq(conf_load_files(NULL, path, ret_load), 0);
	conf_problems_print(&ret_load->text.problems, stderr);
	cr_assert_eq(ret_load->text.problems.n, 0, "%s", ret_load->text.problems.items[0].text);
	to = open_memstream(&text, &len);
	conf_print(ret_load->text.root, NULL, to);
	fclose(to);
	return text;
}

static void assert_same_sources(const struct conf *a, const struct conf *b)
{
	cr_assert_eq(a->n_sources, b->n_sources);
	for (size_t i = 0; i < a->n_sources; i++) {
		const struct source *x = &a->sources[i], *y = &b->sources[i];

		cr_assert_str_eq(x->name, y->name);
		for (size_t k = 0; a->patterns[i].paths[k] || b->patterns[i].paths[k]; k++)
			cr_assert_str_eq(a->patterns[i].paths[k], b->patterns[i].paths[k]);
		cr_assert_eq(x->rules.max_line, y->rules.max_line);
		cr_assert_eq(x->rules.keep_cr, y->rules.keep_cr);
		cr_assert_eq(memcmp(route_rules(x->route), route_rules(y->route),
				    sizeof(struct outcome_rules)),
			     0);
		cr_assert_eq(x->start_at, y->start_at);
		cr_assert_eq(x->rotate_wait_ms, y->rotate_wait_ms);
		cr_assert_eq(!x->parser, !y->parser);
	}
}

static void assert_same_cluster(const struct cluster *a, const struct cluster *b)
{
	cr_assert_str_eq(a->name, b->name);
	cr_assert_eq(a->n_props, b->n_props);
	for (size_t i = 0; i < a->n_props; i++) {
		cr_assert_str_eq(a->props[i].name, b->props[i].name);
		if (strcmp(a->props[i].name, "sasl.password") != 0)
			cr_assert_str_eq(a->props[i].value, b->props[i].value);
	}
}

static void assert_same(const struct conf *a, const struct conf *b)
{
	cr_assert_str_eq(a->state_dir, b->state_dir);
	cr_assert_eq(a->linger_ms, b->linger_ms);
	cr_assert_eq(a->chunk_memory, b->chunk_memory);
	cr_assert_eq(a->dead_letter_max, b->dead_letter_max);
	cr_assert_eq(a->shutdown_timeout_ms, b->shutdown_timeout_ms);
	cr_assert_eq(a->n_clusters, b->n_clusters);
	for (size_t i = 0; i < a->n_clusters; i++)
		assert_same_cluster(&a->clusters[i], &b->clusters[i]);
	cr_assert_eq(a->n_topics, b->n_topics);
	for (size_t i = 0; i < a->n_topics; i++)
		cr_assert_str_eq(a->topics[i], b->topics[i]);
	assert_same_sources(a, b);
}

Test(check, what_is_printed_loads_again_and_means_the_same)
{
	char dir[] = "/tmp/waybill-check-XXXXXX", other[] = "/tmp/waybill-check-XXXXXX";
	char text[2048], command[256], *first, *second;
	struct conf_load a, b;

	cr_assert(mkdtemp(dir) && mkdtemp(other));
	snprintf(text, sizeof text, conf_text, dir);
	write_file(dir, "waybill.conf", text);
	write_file(dir, "secret", "s3cret\n");
	write_file(dir, "f.re", "^(?<c>\\d+)\n");
	first = print_conf(dir, "waybill.conf", &a);
	cr_assert_not(strstr(first, "hunter2") || strstr(first, "s3cret"), "%s", first);
	cr_assert(strstr(first, "sasl_password = \"***\";"), "%s", first);
	cr_assert(strstr(first, "dead_letter_max = \"64MiB\";"), "%s", first);
	/* In another directory: nothing in it may depend on where it is. */
	write_file(other, "again.conf", first);
	second = print_conf(other, "again.conf", &b);
	cr_assert_str_eq(first, second);
	assert_same(a.conf, b.conf);
	free(first);
	free(second);
	conf_load_deinit(&a);
	conf_load_deinit(&b);
	snprintf(command, sizeof command, "rm -r %s %s", dir, other);
	cr_assert_eq(system(command), 0);
}
