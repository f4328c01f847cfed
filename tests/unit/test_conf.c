/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/corpus/conf holds configurations, each with what must be said about it beside it
 * (NAME.conf.expected): every file is loaded, and the words compared. "@VERSION@" there stands for
 * librdkafka's version. UPDATE_EXPECTED=1 writes the files anew, for reading through the diff.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/library.h"
#include "conf/load.h"
#include "conf/output.h"
#include "settings/options.h"
#include "settings/read.h"
#include "settings/text.h"

#define CORPUS "tests/corpus/conf"

struct said {
	char *text;
	size_t len;
	int r;
	int error;
	struct conf *conf;
};

static struct said load(const char *file)
{
	struct said said = {0};
	FILE *out = open_memstream(&said.text, &said.len);

	cr_assert(out);
	said.r = conf_load(file, out, &said.conf);
	said.error = errno;
	fclose(out);
	return said;
}

static void forget(struct said *said)
{
	conf_unref(said->conf);
	free(said->text);
}

static const struct prop *prop(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->clusters[0].n_props; i++) {
		if (strcmp(conf->clusters[0].props[i].name, name) == 0)
			return &conf->clusters[0].props[i];
	}
	return NULL;
}

static char *replace(const char *text, const char *what, const char *with)
{
	char *out = NULL;
	size_t len;
	FILE *stream = open_memstream(&out, &len);
	const char *at;

	for (; (at = strstr(text, what)); text = at + strlen(what))
		fprintf(stream, "%.*s%s", (int)(at - text), text, with);
	fputs(text, stream);
	fclose(stream);
	return out;
}

/* True when a line is there that is not a warning. */
static bool has_error(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (!memmem(text, len, ": warning: ", 11))
			return true;
		text += len + (text[len] == '\n');
	}
	return false;
}

static void update(const char *path, const char *text)
{
	char *generic = replace(text, kafka_library_version(), "@VERSION@");
	FILE *file = fopen(path, "w");

	fputs(generic, file);
	fclose(file);
	free(generic);
}

/* What is expected of the file; of libconfig 1.7 and newer there may be something of its own. */
static void find_expected(const char *file, char *path, size_t size)
{
	snprintf(path, size, "%s.expected-libconfig-1.7", file);
	if (strverscmp(conf_library_version(), "1.7") < 0 || access(path, F_OK) != 0)
		snprintf(path, size, "%s.expected", file);
}

static void compare(const char *file)
{
	struct said said = load(file);
	char path[256], *text, *expected;
	size_t len;

	find_expected(file, path, sizeof path);
	if (getenv("UPDATE_EXPECTED"))
		update(path, said.text);
	cr_assert_eq(conf_read(path, CONF_FILE_MAX, &text, &len), 0, "%s is not there", path);
	expected = replace(text, "@VERSION@", kafka_library_version());
	cr_expect_str_eq(said.text, expected, "%s:\ngot:\n%swanted:\n%s", file, said.text,
			 expected);
	cr_expect_eq(said.r, has_error(expected) ? CONF_E_INVALID : 0, "%s: r %d", file, said.r);
	free(text);
	free(expected);
	forget(&said);
}

static void enter_corpus(void)
{
	cr_assert_eq(chdir(CORPUS), 0, "run from the top directory");
	setenv("WAYBILL_TEST_SECRET", "hush-hush", 1);
	unsetenv("WAYBILL_NOT_SET");
	unsetenv("CREDENTIALS_DIRECTORY");
}

TestSuite(conf, .init = enter_corpus);

/* Scenario F04 */
Test(conf, corpus)
{
	glob_t found;

	cr_assert_eq(glob("*.conf", 0, NULL, &found), 0);
	cr_assert_eq(glob("*/waybill.conf", GLOB_APPEND, NULL, &found), 0);
	cr_assert_geq(found.gl_pathc, 30);
	for (size_t i = 0; i < found.gl_pathc; i++)
		compare(found.gl_pathv[i]);
	globfree(&found);
}

Test(conf, all_set)
{
	struct said said = load("good.conf");
	const struct conf *conf = said.conf;

	cr_assert(conf, "%s", said.text);
	cr_expect_str_eq(conf->file, "good.conf");
	cr_expect_str_eq(conf->state_dir, "/var/lib/waybill");
	cr_expect_eq(conf->linger_ms, 20);
	cr_expect_not(conf->library_linger);
	cr_expect_eq(conf->shutdown_timeout_ms, 30000);
	cr_expect_eq(conf->checkpoint_interval_ms, 1000);
	cr_expect_eq(conf->stall_timeout_ms, 60000);
	cr_expect_eq(conf->chunk_memory, 16 << 20);
	cr_expect_eq(conf->dead_letter_max, 64 << 20);
	cr_expect_eq(conf->sources[0].dead_letter_max, 1 << 20);
	cr_expect_eq(conf->sources[1].dead_letter_max, (64 << 20) / conf->n_sources);
	cr_expect_eq(conf->state_damaged, CONF_DAMAGED_STOP);
	cr_expect_eq(conf->n_parsers, 2);
	cr_expect_eq(conf->n_topics, 4);
	cr_expect_str_eq(prop(conf, "bootstrap.servers")->value, "kafka1:9092,kafka2:9092");
	cr_expect_str_eq(prop(conf, "socket.timeout.ms")->value, "20000");
	cr_expect_str_eq(prop(conf, "socket.keepalive.enable")->value, "true");
	cr_expect_str_eq(prop(conf, "log_level")->value, "6");
	forget(&said);
}

static bool leaves_out(const struct source *source)
{
	struct outcome outcome = {.set = OUTCOME_BIT(OUTCOME_UNMATCHED)};

	return outcome_leaves_out(route_rules(source->route), &outcome);
}

Test(conf, a_source_inherits_and_overrides)
{
	struct said said = load("good.conf");
	const struct source *orders, *app;
	const struct conf_patterns *patterns;

	cr_assert(said.conf, "%s", said.text);
	cr_assert_eq(said.conf->n_sources, 2);
	orders = &said.conf->sources[0];
	app = &said.conf->sources[1];
	patterns = said.conf->patterns;
	cr_expect_str_eq(orders->name, "orders");
	cr_expect_str_eq(patterns[0].paths[0], "/var/log/orders/*.log");
	cr_expect_null(patterns[0].paths[1]);
	cr_expect_str_eq(patterns[0].exclude[0], "*.gz");
	cr_assert_eq(orders->rotated, patterns[0].rotated);
	cr_expect_str_eq(orders->rotated[0], "/var/log/old/orders*");
	cr_expect_null(orders->rotated[1]);
	cr_assert(parser_single(orders->parser));
	cr_expect_eq(parser_single(orders->parser)->pattern,
		     said.conf->parsers[0].link.patterns[0]);
	cr_expect_eq(orders->start_at, SOURCE_START_END);
	cr_expect(leaves_out(orders));
	cr_expect_eq(orders->ignore_older_ms, 7ull * 24 * 3600 * 1000);
	cr_expect_eq(orders->rotate_wait_ms, 2000);
	cr_expect_eq(orders->rules.max_line, 65536);
	cr_expect(orders->rules.keep_cr);
	cr_expect_str_eq(patterns[1].paths[0], "/var/log/app/**/*.log");
	cr_expect_null(patterns[1].exclude[0]);
	cr_expect_null(app->rotated[0]);
	cr_expect_eq(app->start_at, SOURCE_START_BEGINNING);
	cr_expect_not(leaves_out(app));
	cr_expect_eq(app->ignore_older_ms, 0);
	cr_expect_eq(app->rotate_wait_ms, 500);
	cr_expect_eq(app->rules.max_line, 4096);
	cr_expect_not(app->rules.keep_cr);
	forget(&said);
}

Test(conf, defaults)
{
	struct said said = load("minimal.conf");
	const struct source *source;

	cr_assert(said.conf, "%s", said.text);
	cr_expect_str_eq(said.text, "");
	cr_expect_str_eq(said.conf->state_dir, "/var/lib/waybill");
	cr_expect_eq(said.conf->linger_ms, 20);
	cr_expect_eq(said.conf->stall_timeout_ms, 60000);
	source = &said.conf->sources[0];
	cr_expect_null(source->parser);
	cr_expect_eq(source->start_at, SOURCE_START_BEGINNING);
	cr_expect_not(leaves_out(source));
	cr_expect_eq(source->rotate_wait_ms, 5000);
	cr_expect_eq(source->rules.max_line, 1 << 20);
	cr_expect_not(source->rules.keep_cr);
	forget(&said);
}

/* The record's topic is an index in the conf's list, and the fallback stands for all else. */
Test(conf, topic_of_a_record)
{
	static const struct {
		const char *level, *topic;
		bool fallback;
	} rows[] = {
		{"info", "app-info", false},
		{"error", "app-error", false},
		{"other", "app-other", false},
		{"surprise", "app-other", true},
	};
	struct said said = load("good.conf");
	struct arena arena = ARENA_NULL;

	cr_assert(said.conf, "%s", said.text);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice fields[2] = {slice_of(rows[i].level), slice_of("m")};
		struct route_input input = {
			.facts = {fields, slice_of("x"), slice_of("/p"), slice_of("p")},
		};
		struct outcome outcome = {0};
		struct record record;

		cr_assert_eq(route_record(said.conf->sources[1].route, &input, &arena, &record,
					  &outcome),
			     0);
		cr_expect_str_eq(said.conf->topics[record.topic], rows[i].topic);
		cr_expect_eq(outcome_has(&outcome, OUTCOME_TOPIC_FALLBACK), rows[i].fallback);
	}
	arena_deinit(&arena);
	forget(&said);
}

Test(conf, conf_d_is_joined_in_order)
{
	struct said said = load("joined/waybill.conf");

	cr_assert(said.conf, "%s", said.text);
	cr_assert_eq(said.conf->n_sources, 2);
	cr_expect_str_eq(said.conf->sources[0].name, "b");
	cr_expect_str_eq(said.conf->sources[1].name, "a");
	cr_expect_eq(parser_single(said.conf->sources[0].parser)->pattern,
		     said.conf->parsers[0].link.patterns[0]);
	forget(&said);
}

Test(conf, references_count)
{
	struct said said = load("minimal.conf");

	cr_assert(said.conf);
	cr_expect_eq(conf_ref(said.conf), said.conf);
	cr_expect_null(conf_unref(said.conf));
	cr_expect_eq(said.conf->refs, 1);
	cr_expect_null(conf_unref(NULL));
	forget(&said);
}

static void unreadable(const char *file, int error, const char *words)
{
	struct said said = load(file);

	cr_expect_eq(said.r, CONF_E_UNREADABLE);
	cr_expect_eq(said.error, error);
	cr_expect_str_eq(said.text, words);
	cr_expect_null(said.conf);
	forget(&said);
}

Test(conf, unreadable_main_file)
{
	unreadable("nowhere.conf", ENOENT,
		   "nowhere.conf: cannot be read: No such file or directory\n");
	unreadable("joined", EISDIR, "joined: is a directory\n");
	unreadable("/dev/zero", EFBIG, "/dev/zero: is too large to be read\n");
}

Test(conf, nul_byte)
{
	char path[] = "/tmp/test_conf_XXXXXX", words[128];
	int fd = mkstemp(path);

	cr_assert_eq(write(fd, "a = 1;\0b = 2;\n", 14), 14);
	close(fd);
	snprintf(words, sizeof words, "%s: holds a NUL byte, so it is not a text file\n", path);
	unreadable(path, EINVAL, words);
	unlink(path);
}

/* An empty conf.d, and a main file beside it; conf_path and extra name them. */
static char conf_path[64], extra[64];

static void make_conf_d(const char *main_text, size_t len)
{
	char dir[] = "/tmp/test_conf_XXXXXX";
	FILE *file;

	cr_assert(mkdtemp(dir));
	snprintf(extra, sizeof extra, "%s/conf.d", dir);
	cr_assert_eq(mkdir(extra, 0700), 0);
	snprintf(extra, sizeof extra, "%s/conf.d/a.conf", dir);
	snprintf(conf_path, sizeof conf_path, "%s/waybill.conf", dir);
	file = fopen(conf_path, "w");
	cr_assert_eq(fwrite(main_text, 1, len, file), len);
	fclose(file);
}

static void remove_conf_d(void)
{
	unlink(extra);
	unlink(conf_path);
	*strrchr(extra, '/') = '\0';
	rmdir(extra);
	*strrchr(conf_path, '/') = '\0';
	rmdir(conf_path);
}

#define SERVERS "kafka: { bootstrap_servers = \"a:1\"; };\n"

/* Opened as any other file it would be waited for, until somebody writes to it. */
Test(conf, a_fifo_in_conf_d_is_not_waited_for, .timeout = 20)
{
	char words[256];
	struct said said;

	make_conf_d(SERVERS, strlen(SERVERS));
	cr_assert_eq(mkfifo(extra, 0600), 0);
	said = load(conf_path);
	snprintf(words, sizeof words, "%s: is no regular file (a FIFO, a device or a socket)\n",
		 extra);
	cr_expect(strstr(said.text, words), "%s", said.text);
	cr_expect_null(said.conf);
	forget(&said);
	remove_conf_d();
}

Test(conf, byte_order_marks)
{
	static const char utf16[] = "\xff\xfek\0:\0";
	char words[256];
	struct said said;

	make_conf_d("\xef\xbb\xbf" SERVERS, strlen(SERVERS) + 3);
	said = load(conf_path);
	cr_expect(said.conf, "%s", said.text);
	forget(&said);
	remove_conf_d();
	make_conf_d(utf16, sizeof utf16 - 1);
	snprintf(words, sizeof words, "%s: is UTF-16; it has to be saved as UTF-8\n", conf_path);
	unreadable(conf_path, EILSEQ, words);
	remove_conf_d();
}

/* One that stands in the configuration is fine as long as nobody else can read that. */
Test(conf, secret_in_the_configuration)
{
	char path[] = "/tmp/test_conf_XXXXXX";
	int fd = mkstemp(path);
	struct said said;

	dprintf(fd, "kafka: { bootstrap_servers = \"a:1\"; sasl_password = \"hush\"; };\n");
	close(fd);
	for (mode_t mode = 0600; mode <= 0644; mode += 0044) {
		chmod(path, mode);
		said = load(path);
		cr_assert(said.conf, "%s", said.text);
		cr_expect_eq(!!strstr(said.text, "kafka.sasl_password stands in a file"),
			     mode == 0644, "%s", said.text);
		forget(&said);
	}
	unlink(path);
}

/* A secret comes out of its file without the line end, and out of no message. */
Test(conf, secrets_are_fetched_and_not_printed)
{
	char dir[] = "/tmp/test_conf_XXXXXX", path[64], conf[64];
	struct said said;
	FILE *file;

	cr_assert(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/pw", dir);
	file = fopen(path, "w");
	fputs("hush-hush\r\n", file);
	fclose(file);
	chmod(path, 0600);
	snprintf(conf, sizeof conf, "%s/waybill.conf", dir);
	file = fopen(conf, "w");
	fprintf(file, "kafka: { bootstrap_servers = \"a:1\"; sasl_password = \"file:%s\";\n", path);
	fprintf(file, "sasl_username = \"env:WAYBILL_TEST_SECRET\"; };\n");
	fclose(file);
	said = load(conf);
	cr_assert(said.conf, "%s", said.text);
	cr_expect_str_eq(prop(said.conf, "sasl.password")->value, "hush-hush");
	cr_expect_str_eq(prop(said.conf, "sasl.username")->value, "hush-hush");
	cr_expect_not(strstr(said.text, "every user"), "%s", said.text);
	forget(&said);

	chmod(path, 0644);
	said = load(conf);
	cr_expect(strstr(said.text, "kafka.sasl_password stands in a file that every user"), "%s",
		  said.text);
	cr_expect_not(strstr(said.text, "hush"), "%s", said.text);
	forget(&said);
	unlink(path);
	unlink(conf);
	rmdir(dir);
}

Test(conf, credentials)
{
	char dir[] = "/tmp/test_conf_XXXXXX", path[64], conf[64];
	struct said said;
	FILE *file;

	cr_assert(mkdtemp(dir));
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	snprintf(path, sizeof path, "%s/kafka", dir);
	file = fopen(path, "w");
	fputs("hush-hush", file);
	fclose(file);
	snprintf(conf, sizeof conf, "%s/waybill.conf", dir);
	file = fopen(conf, "w");
	fputs("kafka: { bootstrap_servers = \"a:1\"; sasl_password = \"credential:kafka\"; };\n",
	      file);
	fclose(file);
	said = load(conf);
	cr_assert(said.conf, "%s", said.text);
	cr_expect_str_eq(prop(said.conf, "sasl.password")->value, "hush-hush");
	forget(&said);
	unlink(path);
	unlink(conf);
	rmdir(dir);
}

/* What is installed loads as it is, reads nothing by itself, and quotes the option table. */
Test(conf, shipped_configuration)
{
	struct said said = load("../../../conf/waybill.conf");

	cr_assert(said.conf, "%s", said.text);
	cr_expect(strstr(said.text, "warning: there are no sources"), "%s", said.text);
	cr_expect_eq(said.conf->n_sources, 0);
	forget(&said);
}

static char *text_of(const char *path)
{
	char *text;
	size_t len;

	cr_assert_eq(conf_read(path, CONF_FILE_MAX, &text, &len), 0, "%s", path);
	return text;
}

Test(conf, a_source_adds_rules_to_those_of_the_top_and_takes_none_away)
{
	struct said said = load("record.conf");
	const struct source *sources;

	cr_assert(said.conf, "%s", said.text);
	sources = said.conf->sources;
	cr_expect_eq(said.conf->redact.n, 2);
	cr_expect_eq(sources[0].redact.n, 3);
	cr_expect_eq(sources[1].redact.n, 2);
	cr_expect_str_eq(sources[0].redact.rules[1].replacement, "${name}=*");
	cr_expect_str_eq(sources[0].redact.rules[2].replacement, "");
	forget(&said);
}

Test(conf, clusters_have_topics_of_their_own)
{
	struct said said = load("clusters_unused.conf");
	const struct conf *conf = said.conf;
	struct kafka_options options;
	bool several;

	cr_assert(conf, "%s", said.text);
	cr_assert_eq(conf->n_clusters, 2, "one that nobody uses is left out");
	cr_expect_str_eq(conf->clusters[1].name, "far");
	cr_expect_eq(conf->sources[0].cluster, 0);
	cr_expect_eq(conf->sources[1].cluster, 1);
	cr_assert_eq(conf->n_topics, 2);
	cr_expect_str_eq(conf->topics[0], conf->topics[1]);
	cr_expect_str_eq(conf_topic_name(conf, 0), "near/t");
	cr_expect_str_eq(conf->topic_keys[1], "far/t");
	conf_kafka_options(conf, &conf->clusters[1], &options);
	cr_assert_eq(options.n_topics, 1);
	cr_expect_str_eq(options.topics[0], "t");
	cr_expect_eq(options.partitioners[0]->hash, PARTITIONER_CRC32);
	cr_expect_str_eq(options.props[0].value, "far:9092");
	cr_assert(options.plans[0].planned);
	cr_expect_eq(options.plans[0].partitions, 5);
	cr_expect_eq(conf->clusters[0].plans[0].partitions, 2);
	cr_expect_eq(conf->clusters[1].numbers[0], 1);
	cr_expect_eq(conf_find_topic(conf, "two", "t", &several), 1);
	cr_expect_eq(conf_find_topic(conf, "one", "t", &several), 0);
	cr_expect_eq(conf_find_topic(conf, "one", "u", &several), 2);
	cr_expect_not(several);
	cr_expect_eq(conf_find_topic(conf, "gone", "t", &several), 2);
	cr_expect(several);
	cr_expect_eq(conf_find_topic(conf, NULL, "far/t", &several), 1);
	forget(&said);
}

/* A topic that only dead letters go to is told apart, for no file waits for it. */
Test(conf, dead_letters_have_topics)
{
	static const char *const expected[] = {"near/dead", "near/a", NULL, "far/dead",
					       "near/dead"};
	struct said said = load("letters.conf");
	const struct conf *conf = said.conf;
	struct kafka_options options;

	cr_assert(conf, "%s", said.text);
	cr_assert_eq(conf->n_sources, ARRAY_LEN(expected));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		uint32_t topic = conf->sources[i].letter_topic;

		cr_assert_eq(topic == SOURCE_NO_TOPIC, !expected[i]);
		if (!expected[i])
			continue;
		cr_expect_str_eq(conf_topic_name(conf, topic), expected[i]);
		cr_expect_eq(conf->topic_settings[topic].letters,
			     strstr(expected[i], "dead") != NULL);
	}
	conf_kafka_options(conf, &conf->clusters[1], &options);
	cr_assert_eq(options.n_topics, 2);
	cr_expect_str_eq(options.topics[1], "dead");
	cr_expect(options.topic_settings[1].letters && !options.topic_settings[0].letters);
	cr_expect_eq(options.plans[1].partitions, 3);
	forget(&said);
}

/* What a branch does not name it takes from its source, and its cluster is in use. */
Test(conf, a_line_may_go_to_several_topics)
{
	struct said said = load("also.conf");
	const struct source *source;

	cr_assert_eq(said.r, 0, "%s", said.text);
	cr_assert_eq(said.conf->n_clusters, 2);
	cr_assert_eq(said.conf->n_topics, 4);
	source = &said.conf->sources[0];
	cr_assert_eq(source->n_also, 3);
	cr_expect(source_cluster(source, 0) == 0 && source_cluster(source, 1) == 0);
	cr_expect(source_cluster(source, 2) == 1 && source_cluster(source, 3) == 1);
	cr_expect(source_share(source, 1) == 0 && source_share(source, 3) == 2);
	cr_expect_eq(route_key_type(source_route(source, 0)), KEY_STRING);
	cr_expect_eq(route_key_type(source_route(source, 1)), KEY_INT32);
	cr_expect_eq(route_key_type(source_route(source, 2)), KEY_STRING);
	cr_expect(route_has_keys(source_route(source, 2)));
	cr_expect_str_eq(said.conf->topics[0], said.conf->topics[2]);
	cr_expect_eq(source_branch_to(source, 2), 2);
	cr_expect_eq(conf_longest_line(said.conf, 1), 2048);
	forget(&said);
}

Test(conf, a_cluster_without_a_name_shows_nowhere)
{
	struct said said = load("minimal.conf");
	const struct conf *conf = said.conf;

	cr_assert(conf, "%s", said.text);
	cr_assert_eq(conf->n_clusters, 1);
	cr_expect_str_eq(conf->clusters[0].name, "");
	cr_expect_str_eq(conf->clusters[0].label, "kafka");
	cr_expect_str_eq(conf->topic_keys[0], conf->topics[0]);
	cr_expect_str_eq(conf_topic_name(conf, 0), conf->topics[0]);
	forget(&said);
}

Test(conf, shipped_configuration_shows_every_option)
{
	char *text = text_of("../../../conf/waybill.conf"), line[128];

	for (size_t i = 0; i < CONF_N_KEYS; i++) {
		const struct conf_option *option = &conf_options()[i];
		const char *quote =
			option->type == CONF_T_INT || option->type == CONF_T_BOOL ||
					(option->written && !strcmp(option->written, "0")) ?
				"" :
				"\"";

		cr_expect(strstr(text, option->name), "%s is not explained", option->name);
		snprintf(line, sizeof line, "%s = %s%s%s;", option->name, quote, option->written,
			 quote);
		if (option->written)
			cr_expect(strstr(text, line), "not there: %s", line);
	}
	free(text);
}

/* The example becomes a configuration when its user follows its first lines. */
Test(conf, shipped_example)
{
	char dir[] = "/tmp/test_conf_XXXXXX", path[64], *text;
	const char *lines[] = {"2024-05-06 07:08:09 status installed libc6:amd64 2.36-9",
			       "2024-05-06 07:08:09 install zsh:amd64 <none> 5.9-4"};
	struct said said;
	FILE *file;

	text = text_of("../../../conf/conf.d/dpkg.conf.example");
	cr_assert(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/waybill.conf", dir);
	file = fopen(path, "w");
	fprintf(file, "kafka: { bootstrap_servers = \"a:1\"; };\n%s", text);
	fclose(file);
	free(text);
	said = load(path);
	cr_assert(said.conf, "%s", said.text);
	cr_expect_str_eq(said.text, "");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct pattern_scratch *scratch = pattern_scratch_new();
		struct slice fields[PATTERN_FIELDS_MAX];

		cr_assert_eq(pattern_match(said.conf->parsers[0].link.patterns[0], scratch,
					   slice_of(lines[i]), PATTERN_ALL_FIELDS, fields),
			     0, "%s", lines[i]);
		cr_expect(slice_eq(fields[3], slice_of(i ? "zsh" : "libc6")));
		cr_expect_eq(fields[2].at == NULL, i == 1);
		pattern_scratch_free(scratch);
	}
	forget(&said);
	unlink(path);
	rmdir(dir);
}

static const struct partitioner *partitioner_of(const struct conf *conf, const char *topic)
{
	for (size_t i = 0; i < conf->n_topics; i++) {
		if (strcmp(conf->topics[i], topic) == 0)
			return conf->topic_partitioners[i];
	}
	cr_assert(false, "no topic %s", topic);
	return NULL;
}

Test(conf, partitioners_are_of_topics)
{
	struct said said = load("partitioner.conf");
	const struct partitioner *plain, *rules;
	const struct partitioner_rule *rule;
	size_t n;

	cr_assert(said.conf, "%s", said.text);
	plain = partitioner_of(said.conf, "plain");
	cr_expect_eq(plain->hash, PARTITIONER_CRC32);
	cr_expect_eq(plain->null_key, PARTITIONER_ROUND_ROBIN);
	cr_expect_null(plain->rules);
	cr_expect(partitioner_equal(partitioner_of(said.conf, "java"), partitioner_default()),
		  "a group of its own replaces that of the top level as a whole");
	rules = partitioner_of(said.conf, "rules");
	cr_expect_eq(rules->hash, PARTITIONER_MURMUR2);
	rule = partitioner_rules_all(rules->rules, &n);
	cr_assert_eq(n, 4);
	cr_expect_eq(rule[0].kind, PARTITIONER_PREFIX);
	cr_expect_eq(rule[1].kind, PARTITIONER_KEYS);
	cr_expect_eq(rule[1].n_texts, 2);
	cr_expect_eq(rule[1].partitions[0], 2);
	cr_expect_eq(rule[1].partitions[1], 1);
	cr_expect_eq(rule[2].n_partitions, 1);
	cr_expect_eq(rule[3].kind, PARTITIONER_PATTERN);
	cr_expect_eq(partitioner_least(rules), 6);
	forget(&said);
}
