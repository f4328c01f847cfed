/* SPDX-License-Identifier: Apache-2.0 */
/* Acknowledgements for a reader that is quick, slow, stopped, or gone. */
#include "ops/acks.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static int ends[2]; /* the reader's, the writer's */
static struct acks *acks;
static uint64_t now_us = 5 * US_PER_S;
static uint64_t added, next; /* next: the position that is to be read */

static void open_pipe(void)
{
	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(acks_new(ends[1], &acks), 0);
}

static void close_pipe(void)
{
	acks_free(acks);
	close(ends[0]);
	close(ends[1]);
}

TestSuite(acks, .init = open_pipe, .fini = close_pipe, .timeout = 60);

static struct ack an_ack(uint64_t position)
{
	return (struct ack){.path = {"/var/log/a.log", 14},
			    .position = position,
			    .topic = {"orders", 6},
			    .partition = 3,
			    .offset = (int64_t)position + 1,
			    .timestamp_ms = 1700000000123};
}

static void add(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		struct ack ack = an_ack(added++);

		acks_add(acks, &ack);
	}
}

/* Until there is no room, though the pipe has taken what it can. */
static void fill(void)
{
	while (acks_has_room(acks, now_us)) {
		add(1000);
		acks_flush(acks, now_us);
	}
}

/* What the reader finds now, at most len - 1 bytes. */
static size_t take(char *text, size_t len)
{
	ssize_t n;

	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	n = read(ends[0], text, len - 1);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* Reads all that there is, flushing on; counts lines in order and what gaps say. */
static void read_all(uint64_t *ret_lines, uint64_t *ret_lost)
{
	static char text[ACKS_MAX_BYTES + (1 << 20)];
	size_t len = 0, got;
	unsigned long long position, lost;

	*ret_lines = *ret_lost = 0;
	do {
		acks_flush(acks, now_us);
		got = take(text + len, sizeof text - len);
		len += got;
	} while (got || acks_waits(acks));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "{\"lost\":%llu}", &lost) == 1) {
			*ret_lost += lost;
			next += lost;
			continue;
		}
		cr_assert_eq(
			sscanf(line, "{\"file\":\"/var/log/a.log\",\"position\":%llu,", &position),
			1, "%s", line);
		cr_assert_eq(position, next++);
		++*ret_lines;
	}
}

Test(acks, one_line_each)
{
	struct ack odd = {.path = {"/a\"\xff", 4},
			  .position = UINT32_MAX + 1ull,
			  .topic = {"t", 1},
			  .offset = -1,
			  .timestamp_ms = -1,
			  .append_time = true};
	char text[1024];

	add(1);
	acks_add(acks, &odd);
	cr_expect(acks_waits(acks));
	acks_flush(acks, now_us);
	cr_expect_not(acks_waits(acks));
	take(text, sizeof text);
	cr_expect_str_eq(text,
			 "{\"file\":\"/var/log/a.log\",\"position\":0,\"topic\":\"orders\","
			 "\"partition\":3,\"offset\":1,\"timestamp\":1700000000123,"
			 "\"timestamp_type\":\"CreateTime\"}\n"
			 "{\"file\":\"/a\\\"\xef\xbf\xbd\",\"position\":4294967296,\"topic\":\"t\","
			 "\"partition\":0,\"offset\":null,\"timestamp\":null,"
			 "\"timestamp_type\":\"LogAppendTime\"}\n",
			 "%s", text);
}

/* The flag stays where others share it. */
Test(acks, our_end_does_not_block_and_the_callers_still_does)
{
	cr_expect_not(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
	cr_expect(fcntl(acks_fd(acks), F_GETFL) & O_NONBLOCK);
	cr_expect_neq(acks_fd(acks), ends[1]);
}

Test(acks, slow_reader_is_pressure_and_gets_all)
{
	uint64_t lines, lost;

	fill();
	now_us += ACKS_PATIENCE_US - 1;
	acks_flush(acks, now_us);
	cr_expect_not(acks_has_room(acks, now_us));
	/* What was under way finds room all the same. */
	add(10000);
	read_all(&lines, &lost);
	cr_expect_eq(lines, added);
	cr_expect_eq(lost, 0);
	cr_expect(acks_has_room(acks, now_us));
}

/* A reader that takes a little at a time is slow, not stopped. */
Test(acks, patience_begins_anew_with_each_byte_taken)
{
	char text[65536];

	fill();
	add(10000); /* so that it stays full */
	for (int i = 0; i < 5; i++) {
		acks_flush(acks, now_us);
		now_us += ACKS_PATIENCE_US - 1;
		cr_expect_not(acks_has_room(acks, now_us));
		cr_expect_gt(take(text, sizeof text), 0);
	}
}

Test(acks, stopped_reader_is_given_up_and_told_what_it_missed)
{
	struct acks_news news;
	uint64_t lines, lost;

	fill();
	cr_expect_eq(acks_news(acks, now_us, &news), 1);
	cr_expect_eq(acks_news(acks, now_us + US_PER_S, &news), 0);
	cr_expect_eq(news.state, ACKS_PATIENT);
	now_us += ACKS_PATIENCE_US;
	cr_expect(acks_has_room(acks, now_us));
	cr_expect_eq(acks_news(acks, now_us, &news), 0);
	cr_expect_eq(news.state, ACKS_GIVEN_UP);
	cr_expect_eq(news.lost, 0);
	add(200000);
	acks_flush(acks, now_us);
	cr_expect_eq(acks_news(acks, now_us, &news), 1);
	cr_expect_gt(news.lost, 0);
	read_all(&lines, &lost);
	cr_expect_eq(lost, 0, "nothing has come behind the gap yet");
	cr_expect_eq(lines + news.lost, added);
	cr_expect_eq(acks_news(acks, now_us, &news), 0);
	cr_expect_eq(news.state, ACKS_FLOWING);
	/* Where they are missing, not at the end. */
	add(100);
	read_all(&lines, &lost);
	cr_expect_eq(lost, news.lost);
	cr_expect_eq(lines, 100);
}

Test(acks, closed_reader_ends_it)
{
	struct acks_news news;

	add(10);
	close(ends[0]);
	acks_flush(acks, now_us);
	cr_expect_not(acks_waits(acks));
	add(5);
	cr_expect_eq(acks_news(acks, now_us, &news), 0);
	cr_expect_eq(news.state, ACKS_CLOSED);
	cr_expect_eq(news.error, -EPIPE);
	cr_expect_eq(news.lost, 15);
	cr_expect(acks_has_room(acks, now_us));
	ends[0] = dup(ends[1]);
}

Test(acks, finish_gives_up_and_counts_what_is_left)
{
	struct acks_news news;
	uint64_t lines, lost;

	add(5000);
	acks_finish(acks, 300000);
	cr_expect_not(acks_waits(acks));
	acks_news(acks, now_us, &news);
	cr_expect_eq(news.error, -ETIMEDOUT);
	cr_expect_gt(news.lost, 0);
	/* The last line that it got may be half of one. */
	{
		static char text[1 << 20];
		size_t len = take(text, sizeof text);

		lines = 0;
		for (size_t i = 0; i < len; i++)
			lines += text[i] == '\n';
	}
	lost = news.lost;
	cr_expect_eq(lines + lost, 5000);
}

Test(acks, regular_file)
{
	char path[] = "/tmp/test_acks.XXXXXX", text[256];
	int fd = mkstemp(path);
	struct acks *to_file;
	struct ack ack = an_ack(7);

	cr_assert_eq(write(fd, "before\n", 7), 7);
	cr_assert_eq(acks_new(fd, &to_file), 0);
	cr_expect_eq(acks_fd(to_file), -1, "epoll refuses files");
	acks_add(to_file, &ack);
	acks_finish(to_file, 0);
	cr_assert_gt(pread(fd, text, sizeof text, 0), 60);
	cr_expect_eq(strncmp(text, "before\n{\"file\":\"/var/log/a.log\"", 30), 0, "%.60s", text);
	acks_free(to_file);
	close(fd);
	unlink(path);
}

Test(acks, socket_as_systemd_gives_it)
{
	char text[256] = "";
	int pair[2];
	struct acks *to_socket;
	struct ack ack = an_ack(7);

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	cr_assert_eq(acks_new(pair[1], &to_socket), 0);
	cr_expect_not(fcntl(pair[1], F_GETFL) & O_NONBLOCK);
	acks_add(to_socket, &ack);
	acks_flush(to_socket, now_us);
	cr_assert_gt(read(pair[0], text, sizeof text - 1), 60);
	for (int i = 0; i < 5000; i++)
		acks_add(to_socket, &ack);
	acks_flush(to_socket, now_us);
	cr_expect(acks_waits(to_socket), "a full socket would have blocked");
	close(pair[0]);
	acks_flush(to_socket, now_us);
	cr_expect_not(acks_waits(to_socket));
	acks_free(to_socket);
	close(pair[1]);
}

/* At level debug: a number and one line of a second, and nothing printed. */
Test(acks, sample)
{
	struct acks *sampler;
	struct ack ack = an_ack(1), later = an_ack(2);
	char text[512];

	cr_assert_eq(acks_new(-1, &sampler), 0);
	cr_expect_eq(acks_sample(sampler, text, sizeof text), 0);
	cr_expect_str_eq(text, "");
	acks_add(sampler, &ack);
	acks_add(sampler, &later);
	cr_expect(acks_has_room(sampler, now_us));
	acks_flush(sampler, now_us);
	cr_expect_eq(acks_sample(sampler, text, sizeof text), 2);
	cr_expect(strstr(text, "\"position\":1,"), "%s", text);
	cr_expect_eq(text[strlen(text) - 1], '}');
	acks_add(sampler, &later);
	cr_expect_eq(acks_sample(sampler, text, sizeof text), 1);
	cr_expect(strstr(text, "\"position\":2,"), "%s", text);
	acks_free(sampler);
}
