/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP at a socket of its own: what is answered, who may ask, and what a hostile client can do. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/http.h"
#include "protocol/address.h"
#include "tests/support/caller.h"

#define SOURCES 1000
#define ASK(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

static char dir[] = "/tmp/waybill-http-XXXXXX";
static char path[64];
static struct source sources[SOURCES];
static struct conf conf;
static struct files files;
static struct chunk_pools pools;
static struct counters counters;
static struct letters letters;
static struct order order;
static struct histogram delays;
static struct output output;
static struct output_stats stats;
static size_t n_asked;
static struct view view;
static struct http *http;
static struct cluster cluster = {.name = "", .label = "kafka"};
static uint32_t topic_clusters[1];

static void output_stats_of(const struct output *of, struct output_stats *ret_stats)
{
	(void)of;
	n_asked++;
	*ret_stats = stats;
}

static const struct output_ops ops = {.stats = output_stats_of};

static void begin(void)
{
	char message[256], state[64];

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/http", dir);
	snprintf(state, sizeof state, "%s/state", dir);
	for (size_t i = 0; i < SOURCES; i++)
		cr_assert_gt(asprintf(&sources[i].name, "source-%zu", i), 0);
	conf = (struct conf){.sources = sources,
			     .n_sources = SOURCES,
			     .clusters = &cluster,
			     .n_clusters = 1,
			     .topic_clusters = topic_clusters};
	output.ops = &ops;
	stats = (struct output_stats){.up = true, .reachable = true};
	cr_assert_eq(chunk_pools_init(&pools, 1 << 20), 0);
	cr_assert_eq(files_init(&files, sources, SOURCES, &pools, &counters, NULL, NULL, 0), 0);
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
	cr_assert_eq(http_new(path, &http), 0);
}

static void end(void)
{
	char command[80];

	http_free(http);
	store_close(view.store);
	letters_deinit(&letters);
	files_deinit(&files);
	chunk_pools_deinit(&pools);
	for (size_t i = 0; i < SOURCES; i++)
		free(sources[i].name);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(http, .init = begin, .fini = end, .timeout = 120);

static void turn(void)
{
	struct pollfd ready = {.fd = http_fd(http), .events = POLLIN};

	do
		http_turn(http, &view);
	while (poll(&ready, 1, 0) > 0);
}

/* All that there is until the other end has hung up, malloc'ed; NULL: it has not. */
static char *hear(int fd)
{
	size_t len = 0, room = 8 << 20;
	char *text = calloc(1, room);

	for (ssize_t n = 1; n; len += (size_t)n) {
		turn();
		n = recv(fd, text + len, room - len - 1, MSG_DONTWAIT);
		if (n < 0 && errno == ECONNRESET)
			break;
		if (n < 0) {
			free(text);
			return NULL;
		}
	}
	return text;
}

static void assert_answer(const char *question, const char *status, const char *words)
{
	int fd = call(path);
	char *text;

	say(fd, question);
	text = hear(fd);
	cr_assert_not_null(text);
	cr_expect_eq(strncmp(text + strlen("HTTP/1.1 "), status, 3), 0, "%s: %.40s", question,
		     text);
	cr_expect_not_null(strstr(text, words), "%s: %s", question, text);
	free(text);
	close(fd);
}

Test(http, its_mode_lets_owner_and_group_in_whatever_the_umask)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	cr_expect(S_ISSOCK(st.st_mode));
	cr_expect_eq(st.st_mode & 07777, 0660, "%o", st.st_mode);
	http = http_free(http);
	cr_expect_eq(access(path, F_OK), -1, "it is gone with the agent");
}

Test(http, a_dead_agents_socket_is_replaced_a_live_ones_is_not)
{
	struct http *other;
	char kept[80];

	cr_expect_eq(http_new(path, &other), -EADDRINUSE);
	assert_answer(ASK("/readyz"), "200", "ok\n");
	snprintf(kept, sizeof kept, "%s.kept", path);
	cr_assert_eq(rename(path, kept), 0);
	http = http_free(http);
	cr_assert_eq(rename(kept, path), 0);
	cr_assert_eq(http_new(path, &http), 0);
	assert_answer(ASK("/readyz"), "200", "ok\n");
}

Test(http, what_is_asked_wrongly)
{
	assert_answer(ASK("/nothing"), "404", "/metrics, /healthz and /readyz");
	assert_answer("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", "405",
		      "Allow: GET, HEAD");
	assert_answer("HEAD /readyz HTTP/1.1\r\nHost: x\r\n\r\n", "200", "Content-Length: 3");
}

/* It was "ok" whatever the reason was. */
Test(http, health_says_why_nothing_moves)
{
	assert_answer(ASK("/healthz"), "200", "\r\n\r\nok\n");
	view.has_room = false;
	assert_answer(ASK("/healthz"), "200", "\r\n\r\nas many records as may be are in flight\n");
	counters.checkpoint_age_ms = 20000;
	assert_answer(ASK("/healthz"), "200", "\r\n\r\nthe state is not written\n");
	stats.up = false;
	assert_answer(ASK("/healthz"), "200", "\r\n\r\na topic is not ready");
	stats.state = "draining";
	assert_answer(ASK("/readyz"), "503", "\r\n\r\na producer that is replaced");
	stats.reachable = false;
	assert_answer(ASK("/healthz"), "200", "\r\n\r\nno broker answers\n");
	assert_answer(ASK("/readyz"), "503", "\r\n\r\nno broker answers\n");
	view.life = "stopping";
	assert_answer(ASK("/readyz"), "503", "\r\n\r\nit is stopping\n");
	view.life = "reloading";
	assert_answer(ASK("/readyz"), "503", "\r\n\r\nit restarts in place");
	view.stuck = true;
	assert_answer(ASK("/healthz"), "503", "\r\n\r\nlines can be read and sent");
}

/* A byte a second kept a slot for ever, and sixteen such clients kept everybody else out. */
Test(http, who_takes_too_long_to_ask_is_left)
{
	int slow[HTTP_CLIENTS], other;
	char *text;

	for (size_t i = 0; i < HTTP_CLIENTS; i++) {
		slow[i] = call(path);
		say(slow[i], "GET /healthz HTTP/1.1\r\nX: ");
	}
	turn();
	other = call(path);
	say(other, ASK("/healthz"));
	for (size_t s = 1; s < HTTP_PATIENCE_S; s++) {
		view.now_us += US_PER_S;
		for (size_t i = 0; i < HTTP_CLIENTS; i++)
			say(slow[i], "x");
		cr_assert_null(hear(slow[0]));
		cr_assert_null(hear(other));
	}
	view.now_us += US_PER_S;
	turn();
	text = hear(other);
	cr_assert_not_null(text);
	cr_expect_not_null(strstr(text, "ok\n"));
	free(text);
	for (size_t i = 0; i < HTTP_CLIENTS; i++) {
		text = hear(slow[i]);
		cr_assert_not_null(text, "%zu is served still", i);
		free(text);
		close(slow[i]);
	}
	close(other);
}

/* The same of who takes an answer byte by byte. */
Test(http, who_takes_too_long_to_hear_is_left)
{
	char some[16], *text;
	int fd = call(path);

	say(fd, ASK("/metrics"));
	turn();
	for (size_t s = 1; s < HTTP_ANSWER_S; s++) {
		view.now_us += US_PER_S;
		turn();
		cr_assert_gt(recv(fd, some, sizeof some, MSG_DONTWAIT), 0);
	}
	view.now_us += US_PER_S;
	turn();
	text = hear(fd);
	cr_assert_not_null(text);
	cr_expect_lt(strlen(text), SOURCES * 1000, "all of it came");
	free(text);
	close(fd);
}

/* Each had a scrape of its own, and the loop did nothing else meanwhile. */
Test(http, many_at_a_time_get_the_same_scrape)
{
	int fds[HTTP_CLIENTS];
	size_t of_one;
	char *text;

	assert_answer(ASK("/metrics"), "200", "waybill_lines_read_total 0\n");
	of_one = n_asked;
	for (size_t i = 0; i < HTTP_CLIENTS; i++) {
		fds[i] = call(path);
		say(fds[i], ASK("/metrics"));
	}
	n_asked = 0;
	for (size_t i = 0; i < HTTP_CLIENTS; i++) {
		text = hear(fds[i]);
		cr_assert_not_null(text);
		cr_expect_not_null(strstr(text, "waybill_source_files{source=\"source-999\"} 0\n"));
		free(text);
		close(fds[i]);
	}
	cr_expect_leq(n_asked, HTTP_CLIENTS / 2 * of_one, "%zu of %zu", n_asked, of_one);
}
