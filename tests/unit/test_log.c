/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log, read at the other end of a pipe that stands for stderr. Time is the test's: the clock
 * below takes the place of base/clock.c.
 */
#include "ops/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"

static uint64_t test_now_us = 1000 * US_PER_S;

uint64_t clock_mono_us(void)
{
	return test_now_us;
}

int64_t clock_real_ms(void)
{
	return 0;
}

struct rig {
	int stderr_copy, reader;
	char text[1 << 20];
};

static struct rig rig;

/* fds: who reads, and what stderr is to be. */
static void take_stderr(const int fds[2])
{
	cr_assert_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	rig.reader = fds[0];
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
}

static void open_stderr(void)
{
	int fds[2];

	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	take_stderr(fds);
}

/* Each test runs in a process of its own; stderr is put back so that failures are seen. */
static void set_up(void)
{
	unsetenv("JOURNAL_STREAM");
	signal(SIGPIPE, SIG_IGN);
	rig.stderr_copy = dup(STDERR_FILENO);
	open_stderr();
}

static void tear_down(void)
{
	dup2(rig.stderr_copy, STDERR_FILENO);
	close(rig.stderr_copy);
	close(rig.reader);
}

/* What has come since the last call. */
static const char *printed(void)
{
	size_t used = 0;
	ssize_t n;

	while ((n = read(rig.reader, rig.text + used, sizeof rig.text - 1 - used)) > 0)
		used += (size_t)n;
	rig.text[used] = '\0';
	return rig.text;
}

static void expect_printed(const char *expected)
{
	const char *got = printed();

	cr_expect_str_eq(got, expected, "\"%s\", not \"%s\"", got, expected);
}

TestSuite(log, .init = set_up, .fini = tear_down);

Test(log, plain_style)
{
	struct log *log = log_new(LOG_DEBUG);

	log_say(log, LOG_WARNING, "file %s: %d", "a.log", 7);
	expect_printed("waybill: warning: file a.log: 7\n");
	log_say(log, LOG_ERR, "x");
	expect_printed("waybill: error: x\n");
	log_say(log, LOG_NOTICE, "x");
	log_say(log, LOG_INFO, "x");
	log_say(log, LOG_DEBUG, "x");
	log_say(log, LOG_CRIT, "x");
	expect_printed("waybill: notice: x\nwaybill: info: x\nwaybill: debug: x\n"
		       "waybill: error: x\n");
	log_free(log);
	expect_printed("");
}

Test(log, journal_style)
{
	struct stat st;
	char stream[64];
	struct log *log;

	cr_assert_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log = log_new(LOG_INFO);
	log_say(log, LOG_WARNING, "x");
	log_say(log, LOG_INFO, "y");
	expect_printed("<4>x\n<6>y\n");
	log_free(log);
	/* Inherited, but stderr is another file by now. */
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	log = log_new(LOG_INFO);
	log_say(log, LOG_WARNING, "x");
	expect_printed("waybill: warning: x\n");
	log_free(log);
}

Test(log, level)
{
	struct log *log = log_new(LOG_NOTICE);

	log_say(log, LOG_INFO, "x");
	log_limited(log, LOG_INFO, "cause", "x");
	expect_printed("");
	log_say(log, LOG_NOTICE, "x");
	expect_printed("waybill: notice: x\n");
	log_free(log);
}

Test(log, level_names)
{
	cr_expect_eq(log_level_of("debug"), LOG_DEBUG);
	cr_expect_eq(log_level_of("info"), LOG_INFO);
	cr_expect_eq(log_level_of("notice"), LOG_NOTICE);
	cr_expect_eq(log_level_of("warning"), LOG_WARNING);
	cr_expect_eq(log_level_of("error"), LOG_ERR);
	cr_expect_eq(log_level_of("loud"), -1);
	cr_expect_eq(log_level_of(""), -1);
}

Test(log, controls_become_question_marks)
{
	struct log *log = log_new(LOG_INFO);

	log_say(log, LOG_INFO, "a\nb\tc\x1b[31m\x7f caf\xc3\xa9 \xc2\x9b \xc2\xa0");
	expect_printed("waybill: info: a?b?c?[31m? caf\xc3\xa9 ?? \xc2\xa0\n");
	log_free(log);
}

Test(log, long_messages_are_cut)
{
	struct log *log = log_new(LOG_INFO);
	char *text = malloc(10000);
	const char *got;

	/* The longest that fits, and one more. */
	memset(text, 'x', 10000);
	text[LOG_LINE_MAX - strlen("waybill: info: ") - 1] = '\0';
	log_say(log, LOG_INFO, "%s", text);
	got = printed();
	cr_expect_eq(strlen(got), LOG_LINE_MAX);
	cr_expect_str_eq(got + LOG_LINE_MAX - 5, "xxxx\n");
	log_say(log, LOG_INFO, "%sx", text);
	got = printed();
	cr_expect_eq(strlen(got), LOG_LINE_MAX);
	cr_expect_str_eq(got + LOG_LINE_MAX - 5, "x...\n");
	free(text);
	log_free(log);
}

/* There is room again: what was dropped is said before the next message, once. */
static void expect_dropped(struct log *log, unsigned n)
{
	char expected[256];

	log_say(log, LOG_INFO, "again");
	snprintf(expected, sizeof expected,
		 "waybill: warning: %u messages dropped: stderr was full or closed\n"
		 "waybill: info: again\n",
		 n);
	expect_printed(expected);
	log_say(log, LOG_INFO, "and on");
	expect_printed("waybill: info: and on\n");
}

static void fill_stderr(struct log *log)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

	for (unsigned n = 1; n < 1000000 && poll(&fd, 1, 0) == 1; n++)
		log_say(log, LOG_INFO, "message %u", n);
}

/* Scenario F08. A write that blocks would hang the test, which Criterion ends. */
Test(log, full_pipe_drops, .timeout = 20)
{
	struct log *log = log_new(LOG_INFO);
	const char *got;

	fill_stderr(log);
	log_say(log, LOG_INFO, "too many");
	log_say(log, LOG_INFO, "one too many");
	got = printed();
	cr_assert_not_null(strstr(got, "message 1\n"));
	cr_expect_null(strstr(got, "too many"));
	expect_dropped(log, 2);
	log_free(log);
}

/* Scenario F08. The same for a socket, which is what the journal gives. */
Test(log, full_socket_drops, .timeout = 20)
{
	struct log *log = log_new(LOG_INFO);
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	close(rig.reader);
	take_stderr(fds);
	fill_stderr(log);
	log_say(log, LOG_INFO, "one too many");
	cr_expect_null(strstr(printed(), "one too many"));
	expect_dropped(log, 1);
	log_free(log);
}

/* Scenario F08 */
Test(log, closed_reader_drops)
{
	struct log *log = log_new(LOG_INFO);

	/* With the default action a write would end the process. */
	signal(SIGPIPE, SIG_DFL);
	close(rig.reader);
	log_say(log, LOG_INFO, "x");
	open_stderr();
	expect_dropped(log, 1);
	log_free(log);
}

/* Scenario F08 */
Test(log, closed_stderr_drops)
{
	struct log *log = log_new(LOG_INFO);

	close(STDERR_FILENO);
	log_say(log, LOG_INFO, "x");
	dup2(rig.stderr_copy, STDERR_FILENO);
	close(rig.reader);
	open_stderr();
	expect_dropped(log, 1);
	log_free(log);
}

/* Scenario F08 */
Test(log, full_disk_drops)
{
	struct log *log = log_new(LOG_INFO);
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
	log_say(log, LOG_INFO, "x");
	close(rig.reader);
	open_stderr();
	expect_dropped(log, 1);
	log_free(log);
}

static void say_often(struct log *log, const char *cause, int n)
{
	for (int i = 0; i < n; i++)
		log_limited(log, LOG_WARNING, cause, "%s %d", cause, i);
}

/* Scenario E30 */
Test(log, limits_each_cause)
{
	struct log *log = log_new(LOG_INFO);

	say_often(log, "a", LOG_BURST + 3);
	expect_printed("waybill: warning: a 0\nwaybill: warning: a 1\nwaybill: warning: a 2\n"
		       "waybill: warning: a 3\nwaybill: warning: a 4\n");
	say_often(log, "b", 1);
	expect_printed("waybill: warning: b 0\n");
	test_now_us += 60 * US_PER_S - 1;
	log_tick(log);
	expect_printed("");
	test_now_us++;
	log_tick(log);
	expect_printed("waybill: warning: suppressed 3 of 8 messages about a\n");
	say_often(log, "a", 1);
	expect_printed("waybill: warning: a 0\n");
	log_free(log);
	expect_printed("");
}

Test(log, next_message_tells_what_was_held_back)
{
	struct log *log = log_new(LOG_INFO);

	say_often(log, "a", LOG_BURST + 1);
	printed();
	test_now_us += 60 * US_PER_S;
	log_say(log, LOG_INFO, "other");
	expect_printed("waybill: warning: suppressed 1 of 6 messages about a\n"
		       "waybill: info: other\n");
	log_free(log);
}

Test(log, free_tells_what_was_held_back)
{
	struct log *log = log_new(LOG_INFO);

	say_often(log, "a", LOG_BURST + 2);
	printed();
	log_free(log);
	expect_printed("waybill: warning: suppressed 2 of 7 messages about a\n");
}

/*
 * More causes at a time than there are rows: the oldest gives way, nothing is lost from the
 * count.
 */
Test(log, many_causes)
{
	struct log *log = log_new(LOG_INFO);
	static char names[200][16];

	say_often(log, "oldest", LOG_BURST + 4);
	printed();
	for (int i = 0; i < 200; i++) {
		test_now_us += 1;
		snprintf(names[i], sizeof names[i], "c%d", i);
		say_often(log, names[i], 1);
	}
	cr_expect_not_null(
		strstr(printed(), "waybill: warning: suppressed 4 of 9 messages about oldest\n"));
	log_free(log);
}

Test(log, silent_without_log)
{
	log_say(NULL, LOG_ERR, "x");
	log_limited(NULL, LOG_ERR, "c", "x");
	log_tick(NULL);
	cr_assert_null(log_free(NULL));
	expect_printed("");
}
