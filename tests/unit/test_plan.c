/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between two configurations, and which way a reload takes for that. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/live.h"
#include "change/plan.h"
#include "conf/load.h"
#include "login/login.h"

#define HEAD "state_dir = \"/s\";\nkafka = { bootstrap_servers = \"h:9092\"; };\n"
#define PARSER "{ name = \"p\"; pattern = \"(?<a>x)\"; }"
#define BODY                                                                              \
	"parsers = ( " PARSER " );\nsources = (\n"                                        \
	"  { name = \"one\"; paths = [ \"/a\", \"/b\" ]; parser = \"p\"; topic = \"t\"; " \
	"key = \"${a}\"; },\n"                                                            \
	"  { name = \"two\"; paths = \"/c\"; topic = \"u\"; }\n);\n"

static char dir[64];

static void write_at(const char *name, const char *text)
{
	char path[128];
	FILE *to;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	to = fopen(path, "w");
	cr_assert(to);
	fputs(text, to);
	fclose(to);
}

static void make_dir(void)
{
	char path[128];

	snprintf(dir, sizeof dir, "/tmp/plan-XXXXXX");
	cr_assert(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/conf.d", dir);
	cr_assert_eq(mkdir(path, 0700), 0);
}

static void remove_dir(void)
{
	static const char *const names[] = {"conf.d/a.conf", "conf.d/z.conf", "main.conf",
					    "pattern"};
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/conf.d", dir);
	rmdir(path);
	rmdir(dir);
}

TestSuite(plan, .init = make_dir, .fini = remove_dir);

static struct conf *load_main(void)
{
	struct conf *conf = NULL;
	char path[128];

	snprintf(path, sizeof path, "%s/main.conf", dir);
	cr_assert_eq(conf_load(path, stderr, &conf), 0);
	return conf;
}

static struct conf *load(const char *text)
{
	write_at("main.conf", text);
	return load_main();
}

/* What an agent goes by that began with this text. */
static struct conf *live(const char *text)
{
	struct conf *base = load(text), *conf = live_new(base);

	cr_assert(conf);
	conf_unref(base);
	return conf;
}

/* next is what main.conf says; of what is returned no pointer is of use. */
static struct plan from_keeping(struct conf *now)
{
	struct conf *next = load_main();
	struct plan plan, copy;

	cr_assert_eq(plan_make(now, next, true, &plan), 0);
	copy = plan;
	plan_deinit(&plan);
	conf_unref(next);
	return copy;
}

/* now is freed. */
static struct plan from(struct conf *now)
{
	struct plan plan = from_keeping(now);

	conf_unref(now);
	return plan;
}

static struct plan between(const char *a, const char *b)
{
	struct conf *now = live(a);

	write_at("main.conf", b);
	return from(now);
}

static void expect(const char *a, const char *b, enum plan_way way, const char *what)
{
	struct plan plan = between(a, b);

	cr_expect_eq(plan.way, way, "%d: %s\n%s", plan.way, plan.what, b);
	if (what)
		cr_expect_str_eq(plan.what, what);
}

static void expect_same(const char *a, const char *b)
{
	expect(a, b, PLAN_NOTHING, "");
}

Test(plan, the_same_text)
{
	expect_same(HEAD BODY, HEAD BODY);
}

Test(plan, comments_and_spaces)
{
	expect_same(HEAD BODY, "# a comment\nkafka : { bootstrap_servers=\"h:9092\" }\n\n" BODY
			       "/* another */ state_dir = \"/s\";\n");
}

Test(plan, order_of_settings_and_of_parsers)
{
	expect_same(
		HEAD BODY, HEAD
		"sources = ( { topic = \"t\"; name = \"one\"; key = \"${a}\"; parser = [ \"p\" ]; "
		"paths = ( \"/a\", \"/b\" ); }, { paths = [ \"/c\" ]; topic = \"u\"; "
		"name = \"two\"; } ); parsers = ( { name = \"unused\"; pattern = \"y\"; }, "
		"{ pattern = \"(?<a>x)\"; name = \"p\"; } );\n");
}

Test(plan, the_files_in_which_it_stands)
{
	struct conf *now = live(HEAD BODY);

	write_at("main.conf", HEAD "parsers = ( " PARSER " );\n");
	write_at("conf.d/a.conf", "sources = ( { name = \"one\"; paths = [ \"/a\", \"/b\" ]; "
				  "parser = \"p\"; topic = \"t\"; key = \"${a}\"; } );\n");
	write_at("conf.d/z.conf",
		 "sources = ( { name = \"two\"; paths = \"/c\"; topic = \"u\"; } );\n");
	cr_expect_eq(from(now).way, PLAN_NOTHING);
}

Test(plan, sizes_and_times_as_they_are_written)
{
	expect_same("max_rate = \"1MiB/s\"; checkpoint_interval = \"1s\";\n" HEAD BODY,
		    "max_rate = \"1024KiB/s\"; checkpoint_interval = \"1000ms\";\n" HEAD BODY);
}

Test(plan, defaults_that_are_written_down)
{
	expect_same(HEAD BODY,
		    "linger_ms = 20; log_format = \"auto\"; max_line = \"1MiB\";\n" HEAD BODY);
}

Test(plan, limits_of_all)
{
	expect(HEAD BODY, "max_rate = \"1MiB/s\"; log_format = \"json\";\n" HEAD BODY, PLAN_LIMITS,
	       "log_format, max_rate");
	expect(HEAD BODY, "http_listen = \"127.0.0.1:9464\";\n" HEAD BODY, PLAN_LIMITS,
	       "http_listen");
}

Test(plan, limits_of_a_source)
{
	char before[512], behind[512];

	snprintf(before, sizeof before,
		 HEAD "sources = ( { name = \"one\"; paths = \"/a\"; topic = \"t\"; } );\n");
	snprintf(behind, sizeof behind,
		 HEAD "sources = ( { name = \"one\"; paths = \"/a\"; topic = \"t\"; "
		      "max_rate = \"1MiB/s\"; } );\n");
	expect(before, behind, PLAN_LIMITS, "one");
	/* As far as a source has it of the top level. */
	expect(before,
	       "rotate_wait = \"1s\";\n" HEAD
	       "sources = ( { name = \"one\"; paths = \"/a\"; topic = \"t\"; } );\n",
	       PLAN_LIMITS, "one");
}

Test(plan, what_asks_for_a_restart)
{
	expect(HEAD BODY, "linger_ms = 21;\n" HEAD BODY, PLAN_RESTART, "linger_ms changed");
	expect(HEAD BODY,
	       "state_dir = \"/s\"; kafka = { name = \"x\"; bootstrap_servers = \"h:9092\"; "
	       "};\n" BODY,
	       PLAN_RESTART, "other kafka blocks are in use");
}

/* ---- kafka blocks ---- */

#define KAFKA(blocks) "state_dir = \"/s\"; kafka = " blocks ";\n"
#define BLOCK(name, more) "{ name = \"" name "\"; bootstrap_servers = \"h:9092\"; " more " }"
#define TO(name, more) "{ name = \"" name "\"; paths = \"/" name "\"; topic = \"t\"; " more " }"

/* Which of the clusters of a get another producer: a bit each. */
static unsigned clusters_between(const char *a, const char *b, enum plan_way way, const char *what)
{
	struct conf *now = live(a), *next = load(b);
	struct plan plan;
	unsigned bits = 0;

	cr_assert_eq(plan_make(now, next, true, &plan), 0);
	cr_expect_eq(plan.way, way, "%d: %s", plan.way, plan.what);
	cr_expect_str_eq(plan.what, what);
	for (size_t i = 0; i < now->n_clusters; i++)
		bits |= (unsigned)plan.clusters[i] << i;
	plan_deinit(&plan);
	conf_unref(now);
	conf_unref(next);
	return bits;
}

Test(plan, a_block_that_changes_is_another_producer)
{
	static const char other[] = KAFKA("{ bootstrap_servers = \"h:9093\"; }") BODY;
	static const char more[] =
		KAFKA("{ client_id = \"c\"; bootstrap_servers = \"h:9092\"; }") BODY;
	static const char turned[] =
		KAFKA("{ bootstrap_servers = \"h:9092\"; client_id = \"c\"; }") BODY;

	cr_expect_eq(clusters_between(HEAD BODY, HEAD BODY, PLAN_NOTHING, ""), 0);
	cr_expect_eq(clusters_between(HEAD BODY, other, PLAN_LIMITS, "kafka"), 1);
	cr_expect_eq(clusters_between(HEAD BODY, more, PLAN_LIMITS, "kafka"), 1);
	cr_expect_eq(clusters_between(turned, more, PLAN_NOTHING, ""), 0);
}

Test(plan, only_the_block_that_changes)
{
	static const char sources[] =
		"sources = ( " TO("one", "") ", " TO("two", "cluster = \"y\";") " );\n";
	char a[1024], b[1024], c[1024];

	snprintf(a, sizeof a, "%s%s", KAFKA("( " BLOCK("x", "") ", " BLOCK("y", "") " )"), sources);
	snprintf(b, sizeof b, "%s%s",
		 KAFKA("( " BLOCK("x", "") ", " BLOCK("y", "acks = \"all\";") " )"), sources);
	snprintf(c, sizeof c, "%s%s",
		 KAFKA("( " BLOCK("x", "") ", " BLOCK("y", "") ", " BLOCK("z", "") " )"), sources);
	cr_expect_eq(clusters_between(a, b, PLAN_LIMITS, "kafka"), 2);
	/* Nobody uses it. */
	cr_expect_eq(clusters_between(a, c, PLAN_LIMITS, "kafka"), 0);
}

/* Who names no cluster goes to the first block, and says the same when that is another. */
Test(plan, a_source_goes_elsewhere_because_the_blocks_stand_otherwise)
{
	static const char sources[] = "sources = ( " TO("one", "cluster = \"x\";") ", " TO(
		"two", "cluster = \"y\";") ", " TO("three", "") " );\n";
	char a[1024], b[1024];
	struct plan plan;

	snprintf(a, sizeof a, "%s%s", KAFKA("( " BLOCK("x", "") ", " BLOCK("y", "") " )"), sources);
	snprintf(b, sizeof b, "%s%s", KAFKA("( " BLOCK("y", "") ", " BLOCK("x", "") " )"), sources);
	plan = between(a, b);
	cr_expect(plan.way == PLAN_RESTART || (plan.way == PLAN_SOURCES && plan.change == 1),
		  "%d: %s", plan.way, plan.what);
}

/* What it says is in force, whatever was reloaded since. */
Test(plan, a_block_is_that_of_the_last_configuration)
{
	struct conf *now = live(HEAD BODY), *next;
	struct plan plan;

	for (unsigned i = 0; i < 3; i++) {
		char text[1024], value[16];

		snprintf(value, sizeof value, "h:%u", i + 1);
		snprintf(text, sizeof text,
			 "state_dir = \"/s\"; kafka = { bootstrap_servers = \"%s\"; };\n" BODY,
			 value);
		next = load(text);
		cr_assert_eq(plan_make(now, next, true, &plan), 0);
		cr_expect(plan.clusters[0]);
		live_take_limits(now, next);
		plan_deinit(&plan);
		conf_unref(next);
		cr_expect_str_eq(cluster_value(&now->clusters[0], "bootstrap.servers"), value);
		cr_expect_eq(from_keeping(now).way, PLAN_NOTHING);
	}
	conf_unref(now);
}

/* Its login knows the tokens that are in use. */
Test(plan, a_block_that_says_the_same_stays_what_it_was)
{
	struct conf *now = live(HEAD BODY), *next = load("max_files = 70;\n" HEAD BODY);
	const struct prop *props = now->clusters[0].props;
	struct plan plan;

	cr_assert_eq(plan_make(now, next, true, &plan), 0);
	cr_expect_eq(plan.way, PLAN_LIMITS);
	live_take_limits(now, next);
	cr_expect_eq(now->clusters[0].props, props);
	plan_deinit(&plan);
	conf_unref(next);
	conf_unref(now);
}

#define TOKENS(id)                                                             \
	"state_dir = \"/s\";\nkafka = { bootstrap_servers = \"h:9092\"; "      \
	"security_protocol = \"sasl_ssl\"; sasl_mechanism = \"OAUTHBEARER\"; " \
	"oauth_token_file = \"/token\"; client_id = \"" id "\"; };\n"

/* Who asks how long the token is good asks the login that the producer has. */
Test(plan, the_login_of_a_block_stays_until_it_says_something_else)
{
	struct conf *now = live(TOKENS("a") BODY);
	struct login *before = login_ref(now->clusters[0].login);
	struct conf *next = load("max_rate = \"1MiB/s\";\n" TOKENS("a") BODY);

	cr_assert(before);
	live_take_limits(now, next);
	conf_unref(next);
	cr_expect_eq(now->clusters[0].login, before);
	next = load(TOKENS("b") BODY);
	live_take_limits(now, next);
	cr_expect_eq(now->clusters[0].login, next->clusters[0].login);
	conf_unref(next);
	login_unref(before);
	conf_unref(now);
}

Test(plan, state_dir_of_the_command_line)
{
	struct conf *now = live(HEAD BODY), *next;
	struct plan plan;

	next = load("state_dir = \"/other\"; kafka = { bootstrap_servers = \"h:9092\"; };\n" BODY);
	cr_assert_eq(plan_make(now, next, false, &plan), 0);
	cr_expect_eq(plan.way, PLAN_NOTHING);
	plan_deinit(&plan);
	conf_unref(now);
	conf_unref(next);
}

static void expect_source(const char *one, const char *other)
{
	char a[1024], b[1024];

	snprintf(a, sizeof a, HEAD "%s", one);
	snprintf(b, sizeof b, HEAD "%s", other);
	cr_expect_neq(between(a, b).way, PLAN_NOTHING, "%s", other);
	cr_expect_neq(between(a, b).way, PLAN_LIMITS, "%s", other);
}

#define SOURCE(more) "sources = ( { name = \"one\"; paths = \"/a\"; topic = \"t\"; " more " } );\n"

Test(plan, what_becomes_of_lines)
{
	const char *plain = SOURCE("");

	expect_source(plain, SOURCE("exclude = \"*.gz\";"));
	expect_source(plain, SOURCE("key = \"k\";"));
	expect_source(plain, SOURCE("headers = ( { name = \"h\"; value = \"v\"; } );"));
	expect_source(plain, "max_line = \"2MiB\";\n" SOURCE(""));
	expect_source(plain,
		      "redact = ( { pattern = \"x\"; replacement = \"y\"; } );\n" SOURCE(""));
	expect_source(plain, "sources = ( { name = \"one\"; paths = \"/b\"; topic = \"t\"; } );\n");
	expect_source(plain, "sources = ( { name = \"one\"; paths = \"/a\"; topic = \"u\"; } );\n");
}

#define PARSED(parsers, more)                                                                \
	"parsers = ( " parsers " );\nsources = ( { name = \"one\"; paths = \"/a\"; topic = " \
	"\"t\"; parser = \"p\"; key = \"${a}\"; " more "} );\n"

Test(plan, the_parser_of_a_source)
{
	expect_source(PARSED(PARSER, ""), PARSED("{ name = \"p\"; pattern = \"(?<a>y)\"; }", ""));
	/* Rules of the top level stand before those of a source, which are the same. */
	expect_source(PARSED(PARSER, "redact = ( { pattern = \"x\"; replacement = \"y\"; } ); "),
		      "redact = ( { pattern = \"q\"; replacement = \"y\"; } );\n" PARSED(
			      PARSER, "redact = ( { pattern = \"x\"; replacement = \"y\"; } ); "));
}

Test(plan, the_file_of_a_pattern)
{
	struct conf *now;

	write_at("pattern", "(?<a>x)\n");
	now = live(HEAD PARSED("{ name = \"p\"; pattern_file = \"pattern\"; }", ""));
	cr_expect_eq(from_keeping(now).way, PLAN_NOTHING);
	write_at("pattern", "(?<a>y)\n");
	cr_expect_neq(from(now).way, PLAN_NOTHING);
}

Test(plan, limits_are_taken)
{
	struct conf *now = live(HEAD BODY), *next;

	next = load("max_rate = \"1MiB/s\"; dead_letter_max = \"1MiB\"; http_listen = "
		    "\"127.0.0.1:1\"; start_at = \"end\";\n" HEAD BODY);
	live_take_limits(now, next);
	conf_unref(next);
	cr_expect_eq(now->max_rate, 1 << 20);
	cr_expect_str_eq(now->http_listen, "127.0.0.1:1");
	cr_expect_eq(now->sources[1].start_at, SOURCE_START_END);
	cr_expect_eq(now->sources[0].dead_letter_max, 1 << 19);
	cr_expect_eq(from(now).way, PLAN_NOTHING, "its marks are those of the next one");
}

/* ---- sources ---- */

#define ONE(more) "{ name = \"one\"; paths = \"/a\"; topic = \"t\"; " more " }"
#define TWO "{ name = \"two\"; paths = \"/c\"; topic = \"u\"; }"
#define THREE "{ name = \"three\"; paths = \"/d\"; topic = \"u\"; }"
#define SOURCES(list) HEAD "sources = ( " list " );\n"

static void expect_sources(const char *a, const char *b, size_t come, size_t go, size_t change)
{
	struct plan plan = between(a, b);

	cr_expect_eq(plan.way, PLAN_SOURCES, "%d: %s", plan.way, plan.what);
	cr_expect_eq(plan.come, come);
	cr_expect_eq(plan.go, go);
	cr_expect_eq(plan.change, change);
}

Test(plan, sources_come_go_and_change)
{
	const char *both = SOURCES(ONE("") ", " TWO);

	expect_sources(both, SOURCES(ONE("") ", " TWO ", " THREE), 1, 0, 0);
	expect_sources(both, SOURCES(TWO), 0, 1, 0);
	expect_sources(both, SOURCES(TWO ", " ONE("key = \"k\";")), 0, 0, 1);
	expect_sources(both, SOURCES(THREE ", " TWO), 1, 1, 0);
	expect_sources(both, SOURCES(TWO ", " ONE("")), 0, 0, 0);
	expect_sources(both,
		       "redact = ( { pattern = \"x\"; replacement = \"y\"; } );\n" SOURCES(
			       ONE("") ", " TWO),
		       0, 0, 2);
}

Test(plan, what_a_producer_is_made_of)
{
	const char *both = SOURCES(ONE("") ", " TWO);

	expect(both, SOURCES(ONE("topic_config = { compression_type = \"gzip\"; };") ", " TWO),
	       PLAN_RESTART, NULL);
	expect(both, SOURCES(ONE("partitioner = { hash = \"crc32\"; };") ", " TWO), PLAN_RESTART,
	       "partitioner or topic_config of source one differ");
	expect(both, SOURCES(ONE("max_line = \"4MiB\";") ", " TWO), PLAN_RESTART,
	       "lines may be longer than those before");
	expect(both, SOURCES(ONE("provenance = true;") ", " TWO), PLAN_RESTART,
	       "provenance changed");
}

#define ALSO "also = ( { topic = \"u\"; } );"
#define DEAD "dead_letter_topic = \"u\";"

Test(plan, a_source_with_several_topics_is_like_any_other)
{
	const char *both = SOURCES(ONE("") ", " TWO), *also = SOURCES(ONE(ALSO DEAD) ", " TWO);

	expect_sources(both, SOURCES(ONE(ALSO) ", " TWO), 0, 0, 1);
	expect_sources(both, SOURCES(ONE(DEAD) ", " TWO), 0, 0, 1);
	expect_sources(both, DEAD SOURCES(ONE("") ", " TWO), 0, 0, 2);
	expect_sources(also, both, 0, 0, 1);
	expect_sources(also, SOURCES(ONE(ALSO DEAD "key = \"k\";") ", " TWO), 0, 0, 1);
	expect_sources(also, SOURCES(TWO), 0, 1, 0);
	expect_sources(also, SOURCES(ONE(ALSO DEAD) ", " TWO ", " THREE), 1, 0, 0);
	expect_sources(also, SOURCES(TWO ", " ONE(ALSO DEAD)), 0, 0, 0);
	expect_sources(SOURCES(ONE(ALSO)), SOURCES(ONE(ALSO) ", " TWO), 1, 0, 0);
	expect(also, SOURCES(ONE(ALSO DEAD " max_rate = \"1MiB/s\";") ", " TWO), PLAN_LIMITS,
	       "one");
}

#define CLUSTERS                                                                            \
	"state_dir = \"/s\"; kafka = ( { name = \"x\"; bootstrap_servers = \"h:9092\"; }, " \
	"{ name = \"y\"; bootstrap_servers = \"i:9092\"; } );\n"
#define ACROSS(name)                                                                     \
	"{ name = \"" name "\"; paths = \"/" name "\"; topic = \"t\"; cluster = \"x\"; " \
	"also = ( { topic = \"" name "\"; cluster = \"y\"; } ); }"

/* What it has under way was not counted by cluster. */
Test(plan, the_only_source_with_several_clusters_is_halted_for_company)
{
	static const char one[] = CLUSTERS "sources = ( " ACROSS("a") " );\n";
	static const char two[] = CLUSTERS "sources = ( " ACROSS("a") ", " ACROSS("b") " );\n";
	static const char three[] =
		CLUSTERS "sources = ( " ACROSS("a") ", " ACROSS("b") ", " ACROSS("c") " );\n";

	expect_sources(one, two, 1, 0, 1);
	expect_sources(two, three, 1, 0, 0);
}

Test(plan, series_of_files_and_partitions_are_limits)
{
	expect(HEAD BODY, "metrics_per_file = 5; metrics_per_partition = true;\n" HEAD BODY,
	       PLAN_LIMITS, "metrics_per_file, metrics_per_partition");
}

/* What `text` says is in force from now on. */
static void take(struct conf *now, const char *text)
{
	struct conf *next = load(text);
	struct plan plan;

	cr_assert_eq(plan_make(now, next, true, &plan), 0);
	cr_assert_eq(plan.way, PLAN_SOURCES, "%s", plan.what);
	cr_assert_eq(live_take_sources(now, next, &plan), 0);
	plan_deinit(&plan);
	conf_unref(next);
}

Test(plan, a_source_keeps_its_place)
{
	struct conf *now = live(SOURCES(ONE("") ", " TWO));
	const char *name = now->sources[0].name;
	const struct route *route = now->sources[1].route;

	take(now, SOURCES(TWO ", " THREE));
	cr_assert_eq(now->n_sources, 3);
	cr_expect(now->sources[0].gone);
	cr_expect_eq(now->sources[1].route, route, "what did not change is what it was");
	cr_expect_str_eq(now->sources[2].name, "three");
	cr_expect_eq(from_keeping(now).way, PLAN_NOTHING);
	take(now, SOURCES(ONE("key = \"k\";") ", " TWO));
	cr_assert_eq(now->n_sources, 3);
	cr_expect_not(now->sources[0].gone);
	cr_expect_eq(now->sources[0].name, name, "who keeps its name need not be told");
	cr_expect(route_has_keys(now->sources[0].route));
	cr_expect(now->sources[2].gone);
	cr_expect_eq(from(now).way, PLAN_NOTHING);
}

Test(plan, topics_and_rules_keep_their_numbers)
{
	static const char rule[] = "rules = ( { name = \"r\"; action = \"drop\"; pattern = "
				   "\"x\"; } );";
	struct conf *now = live(SOURCES(ONE("") ", " TWO));
	char text[512];
	size_t n;

	snprintf(text, sizeof text,
		 SOURCES("{ name = \"two\"; paths = \"/c\"; topic = \"u\"; key = \"k\"; %s }"),
		 rule);
	take(now, text);
	cr_expect_eq(route_topics(now->sources[1].route, &n)[0], 1);
	cr_expect_eq(n, 1);
	cr_assert_eq(now->n_rules, 1);
	cr_expect_str_eq(now->rules[0], "two/r");
	take(now, SOURCES(ONE("rules = ( { name = \"q\"; action = \"drop\"; pattern = \"y\"; } "
			      ");") ", " TWO));
	cr_assert_eq(now->n_rules, 2);
	take(now, text);
	cr_expect_eq(now->n_rules, 2);
	conf_unref(now);
}

#define NEW(topic, more) "{ name = \"new\"; paths = \"/n\"; topic = \"" topic "\"; " more " }"

/* Where lines of each source may go, by the plan that is taken. */
Test(plan, topics_come_and_stay)
{
	static const char rules[] =
		"partitioner = { rules = ( { prefix = \"p\"; partitions = [ 0 ]; "
		"} ); };";
	struct conf *now = live(SOURCES(ONE("") ", " TWO));
	const struct topic_settings *settings = now->topic_settings;
	char text[512];
	size_t n;

	snprintf(text, sizeof text, SOURCES(NEW("v", "dead_letter_topic = \"w\"; %s") ", " TWO),
		 rules);
	take(now, text);
	cr_assert_eq(now->n_topics, 4);
	cr_expect_eq(now->topic_settings, settings, "who has the lists need not be told");
	cr_expect_eq(now->clusters[0].n_topics, 4);
	cr_expect_str_eq(now->topics[2], "v");
	cr_expect_eq(route_topics(now->sources[2].route, &n)[0], 2);
	cr_expect_eq(partitioner_least(now->topic_partitioners[2]), 2);
	cr_expect_str_eq(now->topics[now->sources[2].letter_topic], "w");
	cr_expect(settings[0].unused && !settings[1].unused && !settings[2].unused);
	cr_expect(settings[3].letters && !settings[3].unused && !settings[2].letters);
	take(now, SOURCES(ONE("") ", " TWO));
	cr_expect_eq(now->n_topics, 4);
	cr_expect(!settings[0].unused && settings[2].unused && settings[3].unused);
	/* The producer has it as it was, whoever has said so. */
	write_at("main.conf", SOURCES(ONE("") ", " NEW("v", "")));
	cr_expect_eq(from_keeping(now).way, PLAN_RESTART);
	take(now, text);
	cr_expect_eq(route_topics(now->sources[2].route, &n)[0], 2);
	cr_expect_eq(now->n_topics, 4);
	/* One that took dead letters gets lines, and one that gets lines takes dead letters. */
	take(now, SOURCES(ONE("dead_letter_topic = \"u\";") ", " NEW("w", "") ", " TWO));
	cr_expect(!settings[3].letters && !settings[1].letters && settings[2].unused);
	conf_unref(now);
}

#define PLANS(list) "topics = ( " list " );\n"
#define PLAN(name, partitions) \
	"{ name = \"" name "\"; create = true; partitions = " partitions "; }"

/* What is said of a topic that comes is taken with it. */
Test(plan, a_topic_that_comes_may_have_a_plan)
{
	struct conf *now = live(PLANS(PLAN("t", "3")) SOURCES(ONE("") ", " TWO));

	take(now,
	     PLANS(PLAN("v", "5") ", " PLAN("t", "3")) SOURCES(ONE("") ", " NEW("v", "") ", " TWO));
	cr_expect(now->plans[2].create);
	cr_expect_eq(now->plans[2].partitions, 5);
	cr_expect_eq(now->clusters[0].plans[2].partitions, 5);
	write_at("main.conf", PLANS(PLAN("v", "6") ", " PLAN("t", "3"))
				      SOURCES(ONE("") ", " NEW("v", "") ", " TWO));
	cr_expect_eq(from_keeping(now).way, PLAN_RESTART);
	write_at("main.conf", PLANS(PLAN("t", "3")) SOURCES(ONE("") ", " TWO));
	cr_expect_eq(from(now).way, PLAN_SOURCES);
}

Test(plan, there_is_no_room_for_any_number_of_topics)
{
	struct conf *now = live(SOURCES(ONE("") ", " TWO));
	char text[512];

	for (int i = 0; i < TOPICS_SPARE; i++) {
		snprintf(text, sizeof text,
			 SOURCES(TWO ", { name = \"new\"; paths = \"/n\"; topic = \"n%d\"; }"), i);
		take(now, text);
	}
	write_at("main.conf", SOURCES(TWO ", " NEW("more", "")));
	cr_expect_eq(from_keeping(now).way, PLAN_RESTART);
	write_at("main.conf", SOURCES(TWO ", " NEW("n7", "")));
	cr_expect_eq(from(now).way, PLAN_SOURCES);
}

/* The number that a record gets, which a route with a constant topic has worked out before. */
static uint32_t topic_of_record(const struct route *route)
{
	struct arena arena = {0};
	struct rules_work work = {.scratch = NULL};
	struct route_input input = {.facts = {.line = {"x", 1}}, .rules = &work};
	struct outcome outcome = {0};
	struct record record;
	uint32_t topic;

	cr_assert_eq(route_record(route, &input, &arena, &record, &outcome), 0);
	topic = record.topic;
	arena_deinit(&arena);
	return topic;
}

Test(plan, records_of_a_changed_source_go_to_its_topic)
{
	struct conf *now = live(SOURCES(ONE("") ", " TWO));

	take(now, SOURCES("{ name = \"two\"; paths = \"/e\"; topic = \"u\"; }, " ONE(
			  "exclude = \"*.gz\";")));
	cr_expect_eq(topic_of_record(now->sources[0].route), 0);
	cr_expect_eq(topic_of_record(now->sources[1].route), 1);
	conf_unref(now);
}

Test(plan, there_is_no_room_for_any_number_of_names)
{
	struct conf *now = live(SOURCES(ONE("") ", " TWO));
	char text[512];

	for (int i = 0; i < SOURCES_SPARE; i++) {
		snprintf(text, sizeof text,
			 SOURCES(TWO ", { name = \"n%d\"; paths = \"/n\"; topic = \"u\"; }"), i);
		take(now, text);
	}
	write_at("main.conf", SOURCES(TWO ", " THREE));
	cr_expect_eq(from_keeping(now).way, PLAN_RESTART);
	write_at("main.conf", SOURCES(TWO ", " ONE("")));
	cr_expect_eq(from(now).way, PLAN_SOURCES);
}
