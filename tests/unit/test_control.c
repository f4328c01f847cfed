/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket, from its mode to what a hostile client can do: no more than take a slot for a
 * while. Time is the test's.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/client.h"
#include "control/control.h"
#include "control/explain.h"
#include "control/find.h"
#include "login/login.h"
#include "protocol/address.h"
#include "protocol/order.h"
#include "tests/support/caller.h"
#include "view/condition.h"
#include "view/slow.h"

#define QUESTION "{\"version\":1,\"request\":\"status\"}\n"

static char dir[] = "/tmp/waybill-control-XXXXXX";
static char path[PATH_MAX];
static struct conf conf;
static struct source source = {.name = (char[]){"orders"}};
static struct files files;
static struct chunk_pools pools;
static struct counters counters;
static struct letters letters;
static struct order order;
static struct histogram delays;
static struct output output;
static struct view view;
static struct control *control;

static void output_stats_of(const struct output *of, struct output_stats *ret_stats)
{
	(void)of;
	*ret_stats = (struct output_stats){.up = true, .reachable = true, .producers_made = 1};
}

static const struct output_ops ops = {.stats = output_stats_of};

static struct cluster cluster = {.name = "", .label = "kafka"};
static uint32_t topic_clusters[2];

static void begin(void)
{
	char message[256], state[PATH_MAX];

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/control", dir);
	snprintf(state, sizeof state, "%s/state", dir);
	conf = (struct conf){.sources = &source,
			     .n_sources = 1,
			     .clusters = &cluster,
			     .n_clusters = 1,
			     .topic_clusters = topic_clusters};
	output.ops = &ops;
	cr_assert_eq(chunk_pools_init(&pools, 1 << 20), 0);
	cr_assert_eq(files_init(&files, &source, 1, &pools, &counters, NULL, NULL, 0), 0);
	letters_init(&letters, 1000, 0);
	view = (struct view){.conf = &conf,
			     .files = &files,
			     .output = &output,
			     .letters = &letters,
			     .counters = &counters,
			     .order = &order,
			     .delays = &delays,
			     .life = "running",
			     .has_room = true,
			     .now_us = 1000000};
	cr_assert_eq(store_open(state, &view.store, message, sizeof message), 0, "%s", message);
	umask(0077);
	cr_assert_eq(control_new(path, &control), 0);
}

static void end(void)
{
	char command[PATH_MAX + 16];

	control_free(control);
	store_close(view.store);
	letters_deinit(&letters);
	files_deinit(&files);
	chunk_pools_deinit(&pools);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(control, .init = begin, .fini = end, .timeout = 120);

static void add_files(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct identity identity = {.device = 1, .inode = i + 1};
		char name[64];
		struct file *file;

		snprintf(name, sizeof name, "/var/log/orders/%zu.log", i);
		cr_assert_eq(file_new(i + 1, &source, name, name, &identity, 0, &pools, &file), 0);
		cr_assert_eq(files_insert(&files, file), 0);
	}
}

/* Turns while there is something to do. Returns their number. */
static size_t turn(void)
{
	struct pollfd ready = {.fd = control_fd(control), .events = POLLIN};
	size_t n = 0;

	for (; n < 100000 && poll(&ready, 1, 0) > 0; n++)
		control_turn(control, &view);
	return n;
}

/* What there is to read now. 0: nothing yet; -1: the other end has hung up. */
static ssize_t hear(int fd, char *text, size_t room)
{
	ssize_t n = recv(fd, text, room - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? n : n == 0 || errno == ECONNRESET ? -1 : 0;
}

/* Its whole answer, malloc'ed. */
static char *answer(int fd)
{
	static const char last[] = "\"kind\":\"end\"";
	size_t len = 0, room = 1 << 20;
	char *text = calloc(1, room);

	do {
		ssize_t n;

		turn();
		n = hear(fd, text + len, room - len);
		if (n < 0)
			break;
		len += (size_t)n;
		if (room - len < 1 << 18)
			text = realloc(text, room *= 2);
	} while (!strstr(len > 200 ? text + len - 200 : text, last));
	return text;
}

Test(control, its_mode_lets_owner_and_group_in_whatever_the_umask)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	cr_expect(S_ISSOCK(st.st_mode));
	cr_expect_eq(st.st_mode & 07777, 0660, "%o", st.st_mode);
	cr_assert_eq(address_give(path, getegid()), 0);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0660, "%o", st.st_mode);
}

Test(control, a_dead_agents_socket_is_replaced_a_live_ones_and_a_file_are_not)
{
	struct control *other;
	char file[PATH_MAX + 8];

	cr_expect_eq(control_new(path, &other), -EADDRINUSE);
	cr_assert_eq(rename(path, strcat(strcpy(file, path), ".kept")), 0);
	control_free(control);
	cr_assert_eq(rename(file, path), 0);
	cr_assert_eq(control_new(path, &control), 0);
	snprintf(file, sizeof file, "%s/file", dir);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	cr_expect_eq(control_new(file, &other), -EADDRINUSE);
	cr_expect_eq(access(file, F_OK), 0);
}

/* No connection to it is refused: it was taken for a dead agent's, and its name removed. */
Test(control, another_programs_socket_of_another_type_is_not_replaced)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct control *other;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof name.sun_path, "%s/log", dir);
	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
	cr_expect_eq(control_new(name.sun_path, &other), -EADDRINUSE);
	cr_expect_eq(access(name.sun_path, F_OK), 0);
	close(fd);
	cr_assert_eq(control_new(name.sun_path, &other), 0);
	control_free(other);
}

Test(control, it_is_gone_with_the_agent)
{
	control = control_free(control);
	cr_expect_eq(access(path, F_OK), -1);
}

/* It was removed by its name, whosever it was by then. */
Test(control, what_has_taken_its_place_stays)
{
	struct control *other;

	cr_assert_eq(unlink(path), 0);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	control = control_free(control);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(control_new(path, &control), 0);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(control_new(path, &other), 0);
	control = control_free(control);
	cr_expect_eq(access(path, F_OK), 0);
	control_free(other);
	cr_expect_neq(access(path, F_OK), 0);
}

Test(control, a_path_may_be_longer_than_a_sockets_name)
{
	int fd;
	char *text;

	control = control_free(control);
	for (int i = 0; i < 12; i++) {
		snprintf(path + strlen(path) - (i ? 0 : strlen("control")), 32, "%s",
			 "a-long-name/");
		cr_assert_eq(mkdir(path, 0700), 0);
	}
	strcat(path, "control");
	cr_assert_gt(strlen(path), 108);
	cr_assert_eq(control_new(path, &control), 0);
	fd = call(path);
	say(fd, QUESTION);
	text = answer(fd);
	cr_expect_not_null(strstr(text, "\"kind\":\"end\""));
	free(text);
}

Test(control, where_it_is_follows_from_the_state_directory)
{
	static const struct {
		const char *configured, *state_dir, *path;
	} cases[] = {
		{"", "/var/lib/waybill", "/run/waybill/control"},
		{NULL, "/var/lib/waybill/web", "/run/waybill-web/control"},
		{"", "/tmp/waybill", "/tmp/waybill/control"},
		{"/run/x", "/var/lib/waybill", "/run/x"},
	};
	char text[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cr_assert_eq(address_path(cases[i].configured, cases[i].state_dir, text), 0);
		cr_expect_str_eq(text, cases[i].path);
	}
}

Test(control, questions_are_answered_one_after_the_other)
{
	int fd = call(path);
	char *first, *second;

	say(fd, QUESTION QUESTION);
	first = answer(fd);
	cr_expect_not_null(strstr(first, "\"kind\":\"agent\""));
	cr_expect_not_null(strstr(first, "\"kind\":\"source\",\"source\":\"orders\""));
	if (!strstr(strstr(first, "\"kind\":\"end\""), "\"kind\":\"agent\"")) {
		second = answer(fd);
		cr_expect_not_null(strstr(second, "\"kind\":\"end\""));
		free(second);
	}
	free(first);
}

Test(control, what_is_wrong_is_said_and_ends_the_connection)
{
	static const char *const wrong[] = {
		"status\n",
		"[]\n",
		"{}\n",
		"{\"version\":2,\"request\":\"status\"}\n",
		"{\"version\":1,\"request\":\"stop\"}\n",
		"{\"version\":1}\n",
		"\n",
		"{\"version\":1,\"version\":1,\"request\":\"status\"}\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		int fd = call(path);
		char *text;

		say(fd, wrong[i]);
		text = answer(fd);
		cr_expect_not_null(strstr(text, "\"kind\":\"error\",\"message\":\""), "%s",
				   wrong[i]);
		cr_expect_eq(hear(fd, text, 100), -1);
		free(text);
		close(fd);
	}
}

Test(control, a_question_has_a_length)
{
	static char much[REQUEST_MAX];
	int fd = call(path);
	char *text;

	memset(much, ' ', sizeof much - 1);
	say(fd, much);
	turn();
	say(fd, " ");
	text = answer(fd);
	cr_expect_not_null(strstr(text, "the question is too long"), "%s", text);
	free(text);
}

Test(control, twenty_thousand_files_are_answered_in_bounded_pieces)
{
	static char text[1 << 20];
	int fd;
	size_t turns = 0, bytes = 0, n = 0;

	add_files(20000);
	fd = call(path);
	say(fd, QUESTION);
	for (ssize_t got = 0; n < 100000 && !strstr(text, "\"kind\":\"end\""); n++) {
		control_turn(control, &view);
		turns++;
		got = hear(fd, text, sizeof text);
		cr_assert_geq(got, 0);
		/* Four pieces, and the line that passes each. */
		cr_assert_leq(got, 4 * (ANSWER_PIECE + 4096));
		bytes += (size_t)got;
	}
	cr_expect_gt(turns, 20);
	cr_expect_gt(bytes, 20000 * 100);
}

static size_t times(const char *text, const char *word)
{
	size_t n = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		n++;
	}
	return n;
}

Test(control, one_of_many_files_is_found_by_its_name)
{
	int fd;
	char *text;

	add_files(3000);
	fd = call(path);
	say(fd, "{\"version\":1,\"request\":\"status\",\"about\":\"/var/log/orders/2999.log\"}\n");
	text = answer(fd);
	cr_expect_eq(times(text, "\"kind\":\"file\""), 1);
	cr_expect_not_null(strstr(text, "\"known\":true"));
	free(text);
	say(fd, "{\"version\":1,\"request\":\"status\",\"about\":\"orders\"}\n");
	text = answer(fd);
	cr_expect_eq(times(text, "\"kind\":\"file\""), 3000);
	free(text);
	say(fd, "{\"version\":1,\"request\":\"status\",\"about\":\"nothing\"}\n");
	text = answer(fd);
	cr_expect_eq(times(text, "\"kind\":\"file\""), 0);
	cr_expect_not_null(strstr(text, "\"known\":false"));
	free(text);
}

Test(control, a_file_that_goes_while_it_is_answered_is_passed_over)
{
	static char text[1 << 20];
	int fd;
	struct file *file;

	add_files(2000);
	fd = call(path);
	say(fd, QUESTION);
	control_turn(control, &view);
	control_turn(control, &view);
	for (uint64_t inode = 1; inode <= 2000; inode += 2) {
		file = files_by_inode(&files, 1, inode);
		files_remove(&files, file, false);
	}
	for (size_t n = 0; n < 10000 && !strstr(text, "\"kind\":\"end\""); n++) {
		control_turn(control, &view);
		cr_assert_geq(hear(fd, text, sizeof text), 0);
	}
	cr_expect_not_null(strstr(text, "\"files_shown\":1"));
}

/*
 * What a scrape writes does not grow with the files, and what it takes is counted in turns: 40 of
 * 512 files each.
 */
Test(control, a_scrape_of_twenty_thousand_files)
{
	static char text[1 << 20];
	int fd;
	size_t turns, bytes = 0;
	ssize_t got;

	add_files(20000);
	fd = call(path);
	say(fd, "{\"version\":1,\"request\":\"metrics\"}\n");
	for (turns = 0; turns < 1000 && !strstr(text, "\"kind\":\"end\""); turns++) {
		control_turn(control, &view);
		got = hear(fd, text, sizeof text);
		cr_assert_geq(got, 0);
		bytes += (size_t)got;
	}
	cr_expect_leq(turns, 20, "%zu", turns);
	cr_expect_geq(turns, 10, "%zu: it is not made in pieces", turns);
	cr_expect_leq(bytes, 32768);
	cr_expect_not_null(strstr(text, "waybill_source_files{source=\\\"orders\\\"} 20000"));
}

/* Each of several clusters is named; of one whose token does not say when it ends there is none. */
Test(control, a_scrape_tells_what_ends)
{
	static struct cluster_ends ends[2] = {
		{2,
		 {{"ssl.keystore.location", 1700000000, "CN = agent"},
		  {"ssl.ca.location", 1800000000, "CN = authority"}}},
	};
	static struct cluster both[2] = {{.name = "one"}, {.name = "two"}};
	struct login_setting setting = {"oauth.token.command", "/bin/echo"};
	struct login_setting words[] = {setting,
					{"oauth.token.command", "a.eyJleHAiOjQ4MDAwMDAwMDB9.b"}};
	char why[256], *text;
	struct token token;
	int fd;

	cr_assert_eq(login_new(words, 2, why, sizeof why, &both[1].login), 0);
	view.ends = ends;
	conf.clusters = both;
	conf.n_clusters = 2;
	for (int n = 0; n < 2; n++) {
		fd = call(path);
		say(fd, "{\"version\":1,\"request\":\"metrics\"}\n");
		text = answer(fd);
		cr_expect_not_null(strstr(text,
					  "expiry_timestamp_seconds{cluster=\\\"one\\\",setting="
					  "\\\"ssl.keystore.location\\\"} 1700000000.000\\n"));
		cr_expect_not_null(strstr(text, "\\\"ssl.ca.location\\\"} 1800000000.000\\n"));
		cr_expect_eq(strstr(text,
				    "waybill_token_expiry_timestamp_seconds{cluster=\\\"two\\\"} "
				    "4800000000.000\\n") != NULL,
			     n == 1, "%d", n);
		cr_expect_null(
			strstr(text, "waybill_token_expiry_timestamp_seconds{cluster=\\\"one"));
		free(text);
		close(fd);
		cr_assert_eq(login_token(both[1].login, &token, why, sizeof why), 0, "%s", why);
		token_deinit(&token);
	}
	login_unref(both[1].login);
}

/* The answer to a question, malloc'ed. */
static char *ask(const char *question)
{
	int fd = call(path);
	char *text;

	say(fd, question);
	text = answer(fd);
	close(fd);
	return text;
}

/* What is over, then what is over soon, of both clusters; what is not has no words. */
Test(control, status_tells_what_ends_the_worst_first)
{
	static struct cluster_ends ends[2] = {
		{2,
		 {{"ssl.certificate.location", 2000000000, "CN = agent"},
		  {"ssl.ca.location", 1700000500, "CN = authority"}}},
		{1, {{"ssl.keystore.location", 1600000000, "CN = late"}}},
	};
	static struct cluster both[2] = {{.name = "one", .label = "kafka \"one\""},
					 {.name = "two", .label = "kafka \"two\""}};
	const char *over, *soon, *later;
	char *text;

	view.ends = ends;
	view.now_ms = 1700000000000;
	conf.certificate_warning_ms = 86400000;
	conf.clusters = both;
	conf.n_clusters = 2;
	text = ask(QUESTION);
	over = strstr(text, "\"cluster\":\"two\",\"setting\":\"ssl.keystore.location\",\"name\":"
			    "\"CN = late\",\"state\":\"over\",\"ends_s\":1600000000,\"words\":"
			    "\"kafka \\\"two\\\".ssl.keystore.location: the certificate of "
			    "\\\"CN = late\\\" has expired (2020-09-13): put another in its place");
	soon = strstr(text, "\"state\":\"soon\",\"ends_s\":1700000500,\"words\":\"kafka");
	later = strstr(text, "\"state\":\"later\",\"ends_s\":2000000000,\"words\":null");
	cr_expect(over && soon && later && over < soon && soon < later, "%s", text);
	free(text);
	conf.certificate_warning_ms = 0;
	text = ask(QUESTION);
	cr_expect(!strstr(text, "soon") && strstr(text, "\"state\":\"over\""), "%s", text);
	free(text);
}

static void read_life(const struct life *life, const char *expect, const struct cluster *of)
{
	char words[ENDS_WORDS_MAX];

	cluster_ends_judge_token(of, life, 1000000, 86400000, words, sizeof words);
	cr_expect(*expect ? strstr(words, expect) != NULL : !*words, "%s", words);
}

/* One that has a tenth of its life left, and one that has none: until then the next one is due. */
Test(control, a_token_that_is_over_is_told_and_not_only_before)
{
	struct login_setting setting = {"oauth.token.command", "/bin/echo"};
	struct cluster of = {.name = "", .label = "kafka"};
	char why[256];

	cr_assert_eq(login_new(&setting, 1, why, sizeof why, &of.login), 0);
	read_life(&(struct life){0, 2000000, ""}, "", &of);
	read_life(&(struct life){0, 0, ""}, "", &of);
	read_life(&(struct life){0, 1100000, "it says no"},
		  "expires in 100 s (1970-01-01T00:18:20Z), and no other has come (it says no)",
		  &of);
	read_life(&(struct life){0, 1000000, ""}, "has expired (1970-01-01T00:16:40Z)", &of);
	login_unref(of.login);
}

/* What is no UTF-8 is U+FFFD in JSON, where its file must be found by it; of two it is none. */
Test(control, a_name_that_is_no_utf8_is_found_as_it_is_told)
{
	static const char question[] =
		"{\"version\":1,\"request\":\"explain\",\"about\":\"/log/\xef\xbf\xbd.log\"}\n";
	static const char of_status[] =
		"{\"version\":1,\"request\":\"status\",\"about\":\"/log/\xef\xbf\xbd.log\"}\n";
	static const char *const names[] = {"/log/\xe9.log", "/log/\xe8.log"};
	struct file *file;
	char *text;

	for (size_t i = 0; i < 2; i++) {
		struct identity identity = {.device = 1, .inode = i + 1};

		cr_assert_eq(
			file_new(i + 1, &source, names[i], names[i], &identity, 0, &pools, &file),
			0);
		cr_assert_eq(files_insert(&files, file), 0);
		text = ask(of_status);
		cr_expect_not_null(strstr(text, "\"kind\":\"file\""), "%s", text);
		cr_expect_not_null(strstr(text, "\"known\":true"), "%s", text);
		free(text);
		if (i)
			break;
		text = ask(question);
		cr_expect_not_null(strstr(text, "source orders follows it"), "%s", text);
		free(text);
	}
	conf.patterns = &(struct conf_patterns){0};
	cr_assert_null(request_file(&files, &(struct request){.about = "/log/\xef\xbf\xbd.log"}));
}

/* Of many files those that are furthest behind have series of their own, no more than wanted. */
Test(control, a_scrape_tells_the_worst_files)
{
	char *text;
	int fd;

	conf.metrics_per_file = 2;
	add_files(1000);
	for (uint64_t inode = 100; inode <= 300; inode += 100)
		files_by_inode(&files, 1, inode)->tail.reach = inode;
	fd = call(path);
	say(fd, "{\"version\":1,\"request\":\"metrics\"}\n");
	text = answer(fd);
	cr_expect_not_null(strstr(text, "299.log\\\",inode=\\\"300\\\"} 300\\n"));
	cr_expect_not_null(strstr(text, "199.log\\\",inode=\\\"200\\\"} 200\\n"));
	cr_expect_null(strstr(text, "inode=\\\"100\\\""));
	cr_expect_not_null(strstr(text, "waybill_files_unlisted 998\\n"));
	free(text);
	close(fd);
}

/* They come in no order, and go out in that of their lag. */
Test(control, the_worst_files_are_told_in_their_order)
{
	static const char name[] = "waybill_file_lag_bytes{";
	const char *at;
	char *text;
	size_t n = 0;
	int fd;

	conf.metrics_per_file = 50;
	add_files(1000);
	for (uint64_t inode = 1; inode <= 1000; inode++)
		files_by_inode(&files, 1, inode)->tail.reach = inode * 7919 % 1009;
	fd = call(path);
	say(fd, "{\"version\":1,\"request\":\"metrics\"}\n");
	text = answer(fd);
	for (at = strstr(text, name); at; at = strstr(at + 1, name), n++) {
		uint64_t lag = strtoull(strstr(at, "} ") + 2, NULL, 10), above = 0;

		for (uint64_t inode = 1; inode <= 1000; inode++)
			above += inode * 7919 % 1009 > lag;
		cr_expect_eq(above, n, "%zu: %lu", n, lag);
	}
	cr_expect_eq(n, 50);
	free(text);
	close(fd);
}

/* Who takes nothing costs a slot, until it is overdue; the memory for it is a piece. */
Test(control, who_does_not_read_is_left)
{
	static char text[1 << 20];
	int fd;
	size_t turns;

	add_files(20000);
	fd = call(path);
	say(fd, QUESTION);
	turns = turn();
	cr_expect_lt(turns, 100, "it turns without an end");
	view.now_us += CLIENT_PATIENCE_US - 1;
	control_age(control, view.now_us);
	cr_expect_gt(hear(fd, text, sizeof text), 0);
	turn();
	view.now_us += CLIENT_PATIENCE_US;
	control_age(control, view.now_us);
	while (hear(fd, text, sizeof text) > 0)
		;
	cr_expect_eq(hear(fd, text, sizeof text), -1, "it is still served");
}

Test(control, others_wait_until_a_slot_is_free)
{
	int stuck[CONTROL_CLIENTS], fd;
	char *text, some[16];

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		stuck[i] = call(path);
		say(stuck[i], "{");
		turn();
	}
	fd = call(path);
	say(fd, QUESTION);
	cr_expect_lt(turn(), 100, "it turns without an end");
	cr_expect_eq(hear(fd, some, sizeof some), 0);
	view.now_us += CLIENT_PATIENCE_US;
	control_age(control, view.now_us);
	text = answer(fd);
	cr_expect_not_null(strstr(text, "\"kind\":\"end\""));
	free(text);
	cr_expect_eq(hear(stuck[0], some, sizeof some), -1);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		close(stuck[i]);
}

Test(control, who_hangs_up_frees_his_slot)
{
	for (size_t i = 0; i < 5 * CONTROL_CLIENTS; i++) {
		int fd = call(path);

		say(fd, i % 2 ? QUESTION : "{");
		control_turn(control, &view);
		close(fd);
		turn();
	}
	cr_expect_eq(turn(), 0);
}

Test(condition, is_told_in_words)
{
	struct identity identity = {.device = 1, .inode = 1};
	struct condition condition;
	struct file *file, *older;

	begin();
	conf.topics = (char *[]){"orders"};
	conf.n_topics = 1;
	cr_assert_eq(file_new(1, &source, "/a.log", "/a.log", &identity, 10, &pools, &file), 0);
	identity.inode = 2;
	cr_assert_eq(file_new(2, &source, "/a.log.1", "/a.log", &identity, 10, &pools, &older), 0);
	file->older = older;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.state, "waiting");
	cr_expect_str_eq(condition.waits_for, "an older file to be delivered: /a.log.1");
	file->older = NULL;
	file->state = FILE_READING;
	file->queue = FILE_QUEUE_READY;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.state, "reading");
	cr_expect_str_eq(condition.waits_for, "its turn");
	conf.max_rate = 1024;
	files_share_of(&files, &source)->paced = FILES_PACE_OF_ALL;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.waits_for,
			 "its rate: max_rate of all sources, 1024 bytes a second");
	source.max_rate = RATE_LINES | 50;
	files_share_of(&files, &source)->paced = FILES_PACE_OF_SOURCE;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.waits_for,
			 "its rate: max_rate of its source, 50 lines a second");
	files_share_of(&files, &source)->paced = FILES_PACE_NONE;
	view.has_room = false;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.waits_for, "room among the records in flight");
	file->queue = FILE_QUEUE_NONE;
	file->eof_seen = true;
	file->account.in_flight = 3;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.state, "reading");
	cr_expect_str_eq(condition.waits_for, "the acknowledgement of 3 records");
	file->account.in_flight = 0;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.state, "idle");
	cr_expect_str_eq(condition.waits_for, "");
	cr_expect_eq(condition.lag, 0);
	file->tail.pending = 5;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.state, "partial");
	cr_expect_eq(condition.lag, 5);
	/* A program that stopped in the midst of a line: it was told to be late, all night. */
	file->sent_ms = view.now_ms - 3600000;
	cr_expect_eq(condition_lag_ms(&view, file, &condition), 0);
	condition.lag = 6;
	cr_expect_eq(condition_lag_ms(&view, file, &condition), 3600000);
	file->queue = FILE_QUEUE_HELD;
	file->waits_for = FILE_WAITS_TOPIC;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.state, "held");
	cr_expect_str_eq(condition.waits_for, "topic orders");
	file->waits_for = FILE_WAITS_LETTERS;
	condition_of(&view, file, &condition);
	cr_expect_not_null(strstr(condition.waits_for, "those of source orders have all of its "
						       "dead_letter_max; `waybill dead-letters"));
	file->waits_for = FILE_WAITS_RATE;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.waits_for, "a limit among the rules of its source");
	file->waits_for = FILE_WAITS_CATCH_UP;
	condition_of(&view, file, &condition);
	cr_expect_not_null(strstr(condition.waits_for, "catch_up_rate"));
	file->queue = FILE_QUEUE_NONE;
	file->state = FILE_BACKOFF;
	file->wake_us = view.now_us + 1500000;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.state, "backoff");
	cr_expect_str_eq(condition.waits_for, "another try in 2 s: records came back undelivered");
	file->unreadable = true;
	file->retry_us = view.now_us;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.state, "unreadable");
	file->unreadable = false;
	file->state = FILE_FINISHED;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.state, "finished");
	file_free(file);
	file_free(older);
	end();
}

/* The words, good until the next call, behind a check of the verdict. */
static const char *explained(const char *name, int64_t position, const char *verdict)
{
	static struct arena arena;
	struct json json = {.arena = &arena};
	struct request request = {.kind = REQUEST_EXPLAIN, .position = position};
	char wanted[64];
	struct slice text;
	char *end;

	arena_reset(&arena);
	snprintf(request.about, sizeof request.about, "%s", name);
	explain_line(&view, &request, &json);
	cr_assert_eq(json_finish(&json, &text), 0);
	snprintf(wanted, sizeof wanted, "\"verdict\":\"%s\"", verdict);
	end = strndup(text.at, text.len);
	cr_expect_not_null(strstr(end, wanted), "%s@%lld: %s", name, (long long)position, end);
	return end;
}

static void expect(const char *name, int64_t position, const char *verdict, const char *words)
{
	const char *text = explained(name, position, verdict);

	cr_expect_not_null(strstr(text, words), "%s", text);
	free((char *)text);
}

/* 0: delivered below the position; then a hole, and behind it one line of each fate. */
Test(explain, lines_of_a_file)
{
	static const enum slot_state states[] = {SLOT_DELIVERED, SLOT_IN_FLIGHT, SLOT_DELIVERED,
						 SLOT_DEAD,      SLOT_REFUSED,   SLOT_FAILED};
	struct store_dead_letter letter = {.source = "orders",
					   .path = "/var/log/orders/0.log",
					   .topic = "orders",
					   .reason = "MSG_SIZE_TOO_LARGE"};
	const char *const name = "/var/log/orders/0.log";
	struct slot *slots[ARRAY_LEN(states)];
	struct chunk *chunk;
	struct file *file;

	begin();
	add_files(1);
	file = files_by_inode(&files, 1, 1);
	file->state = FILE_READING;
	chunk = account_new_chunk(&file->account, CHUNK_SMALL, 0);
	cr_assert_not_null(chunk);
	chunk->filled = 100;
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		slots[i] = account_add_slot(&file->account, chunk, 10);
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (states[i] != SLOT_IN_FLIGHT)
			account_report(&file->account, slots[i], states[i]);
	}
	slots[0]->partition = 3;
	slots[0]->offset = 17;
	slots[2]->partition = 4;
	slots[2]->offset = (1ull << 48) - 1;
	account_advance(&file->account);
	cr_assert_eq(file->account.committed, 10);
	file->tail.reach = 100;
	expect(name, 0, "settled", "it was delivered to partition 3 offset 17");
	expect(name, 20, "ahead", "delivered to partition 4, ahead of");
	/* As behind a rewind: where it went is not known any more. */
	slots[0]->state = SLOT_AHEAD;
	expect(name, 0, "settled", "not kept (`waybill run --print-acks` prints it)");
	cr_assert_eq(letters_share(&letters, "orders", 1000), 0);
	expect(name, 0, "settled", "no dead letters");
	expect(name, 9, "settled", "no dead letters");
	expect(name, 10, "in_flight", "has not acknowledged");
	expect(name, 19, "in_flight", "has not acknowledged");
	expect(name, 20, "ahead", "ahead of the line at position 10, which is in flight");
	letter.file = file->id;
	letter.position = 30;
	letter.key = letter.value = (struct slice){"x", 1};
	cr_assert_eq(letters_add(&letters, &letter), 0);
	expect(name, 30, "dead", "MSG_SIZE_TOO_LARGE");
	expect(name, 40, "suspect", "again alone");
	expect(name, 50, "returned", "sent again");
	cr_assert_eq(ranges_add(&file->account.ahead, 70, 80), 0);
	expect(name, 60, "unread", "not read yet");
	expect(name, 70, "ahead", "position 10");
	expect(name, 80, "unread", "not read yet");
	expect(name, 100, "beyond", "100 bytes");
	expect(name, -1, "reading", "all before position 10 is settled");
	counters.checkpoint_age_ms = 7000;
	expect(name, 9, "settled", "positions were not written for 7 s");
	counters.checkpoint_age_ms = 0;
	/* Now there are letters of the source, and none of this line. */
	expect(name, 0, "settled", "it is no dead letter");
	view.writing = true;
	expect(name, 0, "settled", "or one of the dead letters");
	view.writing = false;
	account_report(&file->account, slots[1], SLOT_DELIVERED);
	end();
}

/* Stored and below the position, it is still known. */
Test(explain, a_stored_dead_letter)
{
	struct store_dead_letter letter = {.file = 1,
					   .position = 5,
					   .source = "orders",
					   .path = "/var/log/orders/0.log",
					   .topic = "orders",
					   .reason = "KEY_MISSING",
					   .key = {"x", 1},
					   .value = {"y", 1}};
	struct store_batch batch = {.letters = &letter, .n_letters = 1};
	char message[256];
	struct file *file;

	begin();
	add_files(1);
	file = files_by_inode(&files, 1, 1);
	file->state = FILE_READING;
	file->account.committed = 50;
	cr_assert_eq(letters_share(&letters, "orders", 1000), 0);
	letters_held(&letters, "orders", 2, 0);
	cr_assert_eq(store_write(view.store, &batch, message, sizeof message), 0);
	expect("/var/log/orders/0.log", 5, "dead", "KEY_MISSING");
	expect("/var/log/orders/0.log", 6, "settled", "it is no dead letter");
	end();
}

/* One of ten thousands in which nothing happens is known by its place only. */
Test(explain, a_dormant_file)
{
	const struct dormant dormant = {.id = 9, .inode = 77, .committed = 500, .source = 0};

	begin();
	cr_assert_eq(dormants_add(&files.dormants, &dormant, "/var/log/orders/old.log", 5), 0);
	expect("/var/log/orders/old.log", -1, "idle", "source orders follows it: all before");
	expect("/var/log/orders/old.log", 0, "settled", "as all of its file is");
	expect("/var/log/orders/old.log", 500, "beyond", "the file has 500 bytes");
	end();
}

Test(explain, files_that_are_not_followed)
{
	char *paths[] = {"/var/log/orders/*.log", "/srv/*/app.log", "/opt/{web,db}/app-[0-9].log",
			 "/pods/**/c/*.log", NULL};
	char *exclude[] = {"*-debug.log", NULL};
	struct conf_patterns patterns = {paths, exclude, NULL};
	struct discover *discover;
	char message[256];

	begin();
	conf.patterns = &patterns;
	cr_assert_eq(discover_new(&discover), 0);
	cr_assert_eq(discover_shun(discover, dir), 0);
	cr_assert_eq(discover_add(discover, 0, paths, exclude, message, sizeof message), 0);
	view.discover = discover;
	expect("/var/log/orders/a.txt", -1, "unmatched",
	       "which wants \\\"*.log\\\" where this has \\\"a.txt\\\"");
	expect("/var/log/orders/sub/a.log", -1, "unmatched", "where this has \\\"sub\\\"");
	expect("/var/log/orders", -1, "unmatched", "which goes on with \\\"*.log\\\"");
	expect("/srv/x/y/app.log", -1, "unmatched",
	       "which wants \\\"app.log\\\" where this has \\\"y\\\"");
	expect("/srv/x/app.log/z", -1, "unmatched", "which ends before \\\"z\\\"");
	expect("/opt/db/app-x.log", -1, "unmatched",
	       "which wants \\\"app-[0-9].log\\\" where this has \\\"app-x.log\\\"");
	expect("/opt/mail/app-1.log", -1, "unmatched",
	       "which wants \\\"web\\\" where this has \\\"mail\\\"");
	expect("/pods/a/b/c/x.txt", -1, "unmatched",
	       "which wants \\\"*.log\\\" where this has \\\"x.txt\\\"");
	expect("/pods/a/b", -1, "unmatched", "which wants \\\"c\\\" where this has \\\"b\\\"");
	expect("/pods", -1, "unmatched", "which goes on with \\\"**\\\"");
	expect("/var/log/orders/a-debug.log", 7, "excluded", "source orders");
	expect("/var/log/orders/a.log", -1, "absent", "no such file is known");
	files.quota.shares[0].waiting = 3;
	expect("/var/log/orders/a.log", -1, "no_room",
	       "one of the 3 files of the source that wait");
	expect("/var/log/orders/a.txt", -1, "unmatched", "no source wants it");
	snprintf(message, sizeof message, "%s/state/waybill.db", dir);
	expect(message, -1, "own", "waybill's own");
	discover_free(discover);
	end();
}

/* The second of two partitions is the worse one. */
static bool two_partitions(const struct output *of, size_t topic, int32_t partition,
			   uint64_t now_us, struct output_partition *ret_partition)
{
	(void)of, (void)now_us;
	*ret_partition = (struct output_partition){
		.leader = partition + 7,
		.records = 1,
		.quiet_us = (uint64_t)(partition + 1) * 10000000,
	};
	return topic < 2 && partition < 2;
}

static bool brokers_of_two(const struct output *of, size_t index, uint64_t now_us,
			   struct output_broker *ret_broker)
{
	(void)of, (void)now_us;
	*ret_broker = (struct output_broker){.id = (int32_t)index + 7,
					     .address = index ? "b:9092" : "a:9092",
					     .error = index ? "timed out" : ""};
	return index < 2;
}

static bool topic_of_two(const struct output *of, size_t topic, struct output_topic *ret_topic)
{
	(void)of;
	*ret_topic = (struct output_topic){.state = "ready", .n_partitions = topic == 0 ? 1 : 2};
	return topic < 2;
}

static void silent_stats(const struct output *of, struct output_stats *ret_stats)
{
	(void)of;
	*ret_stats = (struct output_stats){.producers_made = 1};
}

/* What its topic's partitions do is no news while no broker answers. */
Test(condition, no_broker_is_what_a_file_waits_for)
{
	static const struct output_views views = {
		.topic = topic_of_two, .partition = two_partitions, .broker = brokers_of_two};
	struct output_ops seen = ops;
	struct condition condition;
	struct file *file;

	begin();
	seen.views = &views;
	output.ops = &seen;
	conf.topics = (char *[]){"orders"};
	conf.n_topics = 1;
	add_files(1);
	file = files_by_inode(&files, 1, 1);
	file->state = FILE_READING;
	file->queue = FILE_QUEUE_HELD;
	file->waits_for = FILE_WAITS_TOPIC;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.waits_for,
			 "a partition of topic orders that takes no records now; topic orders "
			 "partition 0 has acknowledged nothing for 10 s: look at broker 7, which "
			 "leads it, at a:9092 (`waybill status orders:0`)");
	seen.stats = silent_stats;
	condition_of(&view, file, &condition);
	cr_expect_str_eq(condition.waits_for,
			 "a broker of topic orders that answers: none does now");
	file->queue = FILE_QUEUE_NONE;
	end();
}

Test(explain, the_partition_of_a_record_and_not_the_worst_of_all)
{
	static const struct output_views views = {
		.topic = topic_of_two, .partition = two_partitions, .broker = brokers_of_two};
	struct output_ops seen = ops;
	char words[512];

	begin();
	seen.views = &views;
	output.ops = &seen;
	conf.topics = (char *[]){"orders", "audit"};
	conf.n_topics = 2;
	slow_partition(&view, 1, 0, words, sizeof words);
	cr_expect_not_null(
		strstr(words, "topic audit partition 0 has acknowledged nothing for 10 s"));
	slow_partition(&view, 0, -1, words, sizeof words);
	cr_expect_not_null(strstr(words, "topic orders partition 0 "), "%s", words);
	slow_partition(&view, -1, -1, words, sizeof words);
	cr_expect_not_null(strstr(words, "topic audit partition 1 "), "%s", words);
	cr_expect_not_null(strstr(words, "look at broker 8, which leads it, at b:9092: it does "
					 "not answer (`waybill status audit:1`)"),
			   "%s", words);
	end();
}

/* What of its partitions is told, and which of its files: 0.log waits for it, 1.log does not. */
Test(control, status_of_one_partition)
{
	static const struct output_views views = {
		.topic = topic_of_two, .partition = two_partitions, .broker = brokers_of_two};
	struct output_ops seen = ops;
	struct file *file;
	char *text;

	seen.views = &views;
	output.ops = &seen;
	conf.topics = (char *[]){"orders", "audit"};
	conf.topic_settings = (struct topic_settings[2]){0};
	conf.n_topics = 2;
	add_files(2);
	file = files_by_inode(&files, 1, 1);
	file->queue = FILE_QUEUE_HELD;
	file->waits_for = FILE_WAITS_TOPIC;
	file->waits_topic = 1;
	text = ask("{\"version\":1,\"request\":\"status\",\"about\":\"audit:1\"}\n");
	cr_expect_not_null(strstr(text, "\"topic\":\"audit\",\"partition\":1,"), "%s", text);
	cr_expect_null(strstr(text, "\"partition\":0,"), "%s", text);
	cr_expect_null(strstr(text, "\"topic\":\"orders\""), "%s", text);
	cr_expect_not_null(strstr(text, "/0.log"), "%s", text);
	cr_expect_null(strstr(text, "/1.log"), "%s", text);
	cr_expect_not_null(strstr(text,
				  "\"trouble\":\"look at broker 8, which leads it, at b:9092: "
				  "it does not answer\""),
			   "%s", text);
	cr_expect_not_null(strstr(text, "\"known\":true"), "%s", text);
	free(text);
	/* A file may have such a name. */
	text = ask("{\"version\":1,\"request\":\"status\",\"about\":\"/a:1\",\"topics\":true}\n");
	cr_expect_not_null(strstr(text, "\"topic\":\"orders\",\"partition\":0,"), "%s", text);
	cr_expect_not_null(strstr(text, "\"topic\":\"audit\",\"partition\":1,"), "%s", text);
	cr_expect_null(strstr(text, "\"kind\":\"file\""), "%s", text);
	cr_expect_not_null(strstr(text, "\"known\":false"), "%s", text);
	free(text);
	text = ask("{\"version\":1,\"request\":\"status\",\"about\":\"audit:2\"}\n");
	cr_expect_not_null(strstr(text, "\"known\":false"), "%s", text);
	free(text);
	file->queue = FILE_QUEUE_NONE;
}

static void expect_trouble(struct output_partition part, const char *words)
{
	char said[256];

	slow_say(&view, 1, &part, said, sizeof said);
	cr_expect(*words ? strstr(said, words) != NULL : !*said, "%s", said);
}

static bool topic_of_three(const struct output *of, size_t topic, struct output_topic *ret_topic)
{
	(void)of;
	*ret_topic = (struct output_topic){
		.state = "ready", .n_partitions = 1, .replicas = 3, .min_insync = topic ? 2 : 0};
	return true;
}

/* Each says what to do, and none is told that is busy only. */
Test(control, what_is_the_matter_with_a_partition)
{
	static const struct output_views views = {
		.topic = topic_of_three, .partition = two_partitions, .broker = brokers_of_two};
	const uint64_t quiet_us = SLOW_QUIET_US;
	struct output_ops seen = ops;

	seen.views = &views;
	output.ops = &seen;
	conf.topics = (char *[]){"orders", "audit"};
	conf.n_topics = 2;
	expect_trouble((struct output_partition){.leader = 7, .records = 9}, "");
	expect_trouble((struct output_partition){.leader = 7, .quiet_us = quiet_us}, "");
	expect_trouble((struct output_partition){.leader = -1}, "it has no leader: start");
	expect_trouble(
		(struct output_partition){.leader = 7, .lacks_replicas = true, .replicas = 1},
		"1 of its 3 replicas in sync, and min.insync.replicas is 2: start the "
		"brokers of the others, or lower it");
	expect_trouble((struct output_partition){.leader = 7, .records = 9, .quiet_us = quiet_us},
		       "look at broker 7, which leads it, at a:9092, and at those of its other "
		       "replicas");
	expect_trouble((struct output_partition){.leader = 7, .held = true}, "share of the queue");
	seen.stats = silent_stats;
	expect_trouble((struct output_partition){.leader = 7, .records = 9, .quiet_us = quiet_us},
		       "no broker answers");
}

#define LETTERS "{\"version\":1,\"request\":\"letters\"}\n"
#define CONTENT "{\"version\":1,\"request\":\"letters\",\"content\":true}\n"
#define DROP "{\"version\":1,\"request\":\"drop\",\"first\":1,\"last\":2}\n"

static void keep_a_letter(void)
{
	struct store_dead_letter letter = {
		.file = 1,
		.source = "orders",
		.path = "/a",
		.topic = "t",
		.reason = "r",
		.value = {"secret", 6},
	};
	char message[256];

	cr_assert_eq(store_write(view.store,
				 &(struct store_batch){.letters = &letter, .n_letters = 1}, message,
				 sizeof message),
		     0);
}

Test(control, what_was_in_a_letter_is_told_to_who_asks_for_it)
{
	int fd = call(path);
	char *text;

	keep_a_letter();
	say(fd, LETTERS);
	text = answer(fd);
	cr_expect_not_null(strstr(text, "\"id\":1,\"source\":\"orders\""), "%s", text);
	cr_expect_null(strstr(text, "c2VjcmV0"));
	free(text);
	say(fd, CONTENT);
	text = answer(fd);
	cr_expect_not_null(strstr(text, "\"value\":\"c2VjcmV0\""), "%s", text);
	free(text);
}

/* While the store is written to it must not be read: no turn goes round in circles meanwhile. */
Test(control, letters_wait_until_the_store_was_written)
{
	int fd = call(path);
	char *text, some[64];

	keep_a_letter();
	view.writing = true;
	say(fd, LETTERS);
	cr_expect_lt(turn(), 10, "it turns without an end");
	cr_expect_eq(hear(fd, some, sizeof some), 0);
	view.writing = false;
	control_wake(control, &view);
	text = answer(fd);
	cr_expect_not_null(strstr(text, "\"id\":1"));
	free(text);
	/* Who is gone while he waits is dropped. */
	view.writing = true;
	say(fd, LETTERS);
	turn();
	close(fd);
	cr_expect_lt(turn(), 10, "it turns without an end");
}

Test(control, an_order_is_taken_one_at_a_time)
{
	int fd = call(path);
	char *text;

	say(fd, DROP);
	text = answer(fd);
	cr_expect_not_null(strstr(text, "\"order\":\"drop\",\"state\":\"given\""), "%s", text);
	free(text);
	cr_expect(order.state == ORDER_GIVEN && order.request.last == 2);
	cr_expect_eq(order.user, geteuid());
	say(fd, DROP);
	text = answer(fd);
	cr_expect_not_null(strstr(text, "another order"), "%s", text);
	free(text);
	order.state = ORDER_DONE;
	fd = call(path);
	say(fd, DROP);
	text = answer(fd);
	cr_expect_not_null(strstr(text, "\"number\":2"), "%s", text);
	free(text);
}

/* Asks as nobody; what he hears is in `said`. */
static void ask_as_another(const char *question, char *said, size_t room)
{
	int ends[2];
	pid_t child;
	ssize_t n;

	cr_assert_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		int fd;

		/* In any case another than the agent's, if not by name then by the kernel's. */
		if (setresuid(65534, 65534, 65534) != 0)
			_exit(2);
		fd = call(path);
		say(fd, question);
		n = recv(fd, said, room - 1, 0);
		_exit(n > 0 && write(ends[1], said, (size_t)n) == n ? 0 : 1);
	}
	cr_assert_gt(child, 0);
	for (int i = 0; i < 10000 && waitpid(child, NULL, WNOHANG) == 0; i++) {
		struct pollfd ready = {.fd = control_fd(control), .events = POLLIN};

		if (poll(&ready, 1, 10) > 0)
			control_turn(control, &view);
	}
	n = read(ends[0], said, room - 1);
	said[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	close(ends[1]);
}

/* Connects as nobody, as often as there are slots, and asks once more: `said` is what he hears. */
static pid_t take_all_slots(const char *question, char *said, size_t room)
{
	int ends[2];
	pid_t child;
	ssize_t n = 0;

	cr_assert_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		if (setresuid(65534, 65534, 65534) != 0)
			_exit(2);
		for (size_t i = 0; i <= CONTROL_CLIENTS; i++) {
			int fd = call(path);

			(void)!send(fd, question, strlen(question) / 2, MSG_NOSIGNAL);
			if (i == CONTROL_CLIENTS)
				n = recv(fd, said, room - 1, 0);
		}
		(void)!write(ends[1], said, n > 0 ? (size_t)n : 1);
		pause();
	}
	cr_assert_gt(child, 0);
	for (int i = 0; i < 1000; i++) {
		struct pollfd ready[] = {{.fd = control_fd(control), .events = POLLIN},
					 {.fd = ends[0], .events = POLLIN}};

		if (poll(ready, 2, 10) > 0 && ready[1].revents)
			break;
		control_turn(control, &view);
	}
	n = read(ends[0], said, room - 1);
	said[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	close(ends[1]);
	return child;
}

/* The group of the socket could keep the operator out, for a minute and again. */
Test(control, slots_are_kept_for_root_and_the_agents_user)
{
	char said[4096] = "", *text;
	pid_t child;
	int fd;

	if (geteuid() != 0)
		return;
	cr_assert_eq(chmod(dir, 0755), 0);
	cr_assert_eq(chmod(path, 0666), 0);
	child = take_all_slots(QUESTION, said, sizeof said);
	if (!strstr(said, "try again in a minute"))
		kill(child, SIGKILL);
	cr_assert_not_null(strstr(said, "try again in a minute"), "%s", said);
	fd = call(path);
	say(fd, QUESTION);
	text = answer(fd);
	cr_expect_not_null(strstr(text, "\"kind\":\"end\""), "%s", text);
	free(text);
	close(fd);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Root can be another user; anybody else is taken for one when the agent's user is not his. */
Test(control, orders_and_content_are_for_root_and_the_agents_user)
{
	char said[4096] = "";
	const char *const denied[] = {CONTENT, DROP};

	if (geteuid() != 0)
		return;
	cr_assert_eq(chmod(dir, 0755), 0);
	cr_assert_eq(chmod(path, 0666), 0);
	for (size_t i = 0; i < ARRAY_LEN(denied); i++) {
		ask_as_another(denied[i], said, sizeof said);
		cr_expect_not_null(strstr(said, "for root and the user of the agent"), "%s", said);
	}
	cr_expect_eq(order.state, ORDER_NONE);
	ask_as_another(LETTERS, said, sizeof said);
	cr_expect_not_null(strstr(said, "\"kind\":\"end\""), "%s", said);
}
