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
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "ops/log_private.h"
#include "ops/messages.h"

static uint64_t test_now_us = 1000 * US_PER_S;

uint64_t clock_mono_us(void)
{
	return test_now_us;
}

uint64_t clock_mono_ns(void)
{
	return test_now_us * 1000;
}

int64_t clock_real_ms(void)
{
	return 0;
}

uint64_t clock_cpu_us(void)
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
	struct log *log = log_new(LOG_DEBUG, LOG_FORMAT_TEXT);

	log_say(log, LOG_WARNING, "x", "file %s: %d", "a.log", 7);
	expect_printed("waybill: warning: file a.log: 7\n");
	log_say(log, LOG_ERR, "x", "x");
	expect_printed("waybill: error: x\n");
	log_say(log, LOG_NOTICE, "x", "x");
	log_say(log, LOG_INFO, "x", "x");
	log_say(log, LOG_DEBUG, "x", "x");
	log_say(log, LOG_CRIT, "x", "x");
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
	log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	log_say(log, LOG_WARNING, "x", "x");
	log_say(log, LOG_INFO, "x", "y");
	expect_printed("<4>x\n<6>y\n");
	log_free(log);
	/* Inherited, but stderr is another file by now. */
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	log_say(log, LOG_WARNING, "x", "x");
	expect_printed("waybill: warning: x\n");
	log_free(log);
}

/* stderr is the journal's from here on. */
static void give_to_journal(void)
{
	struct stat st;
	char stream[64];

	cr_assert_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
}

/* A journal's socket of the test's; returns who reads it. */
static int open_journal(struct log *log, struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof address->sun_path, "/tmp/test_log.%d", getpid());
	cr_assert_eq(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
	log->journal_path = address->sun_path;
	return fd;
}

static void expect_entry(int journal, const char *expected)
{
	char got[8192];
	ssize_t n = recv(journal, got, sizeof got - 1, 0);

	got[n < 0 ? 0 : n] = '\0';
	cr_expect_str_eq(got, expected, "\"%s\", not \"%s\"", got, expected);
}

/* Whatever a name holds: a value is a line, and so no name makes a field. */
Test(log, fields_of_the_journal)
{
	const struct log_about about = {"topic-missing", "web\nPRIORITY=0", "t\xff", NULL};
	struct sockaddr_un address;
	struct log *log;
	int journal;

	give_to_journal();
	log = log_new(LOG_INFO, LOG_FORMAT_AUTO);
	journal = open_journal(log, &address);
	log_say(log, LOG_NOTICE, "started", "%s", "a\nMESSAGE_ID=b");
	expect_entry(journal, "MESSAGE=a\\x0aMESSAGE_ID=b\nPRIORITY=5\nSYSLOG_IDENTIFIER=waybill\n"
			      "MESSAGE_ID=71640495b5ba522b83d7e2bcd857c469\n"
			      "WAYBILL_MESSAGE=started\n");
	log_limited_about(log, LOG_ERR, &about, "1");
	log_limited_about(log, LOG_ERR, &about, "2");
	expect_entry(journal, "MESSAGE=1\nPRIORITY=3\nSYSLOG_IDENTIFIER=waybill\n"
			      "MESSAGE_ID=baed05869a2b5661844dd29b8cc0ee92\n"
			      "WAYBILL_MESSAGE=topic-missing\n"
			      "WAYBILL_SOURCE=web\\x0aPRIORITY=0\nWAYBILL_TOPIC=t\\xff\n");
	log_free(log);
	expect_entry(journal, "MESSAGE=2 (held back for up to a minute)\nPRIORITY=3\n"
			      "SYSLOG_IDENTIFIER=waybill\n"
			      "MESSAGE_ID=baed05869a2b5661844dd29b8cc0ee92\n"
			      "WAYBILL_MESSAGE=topic-missing\n"
			      "WAYBILL_SOURCE=web\\x0aPRIORITY=0\nWAYBILL_TOPIC=t\\xff\n");
	expect_printed("");
	close(journal);
	unlink(address.sun_path);
}

/* Scenario F08: of a journal that hangs. One that blocks would hang the test. */
Test(log, full_journal_drops, .timeout = 20)
{
	char bytes[8192];
	struct sockaddr_un address;
	struct log *log;
	int journal;

	give_to_journal();
	log = log_new(LOG_INFO, LOG_FORMAT_AUTO);
	journal = open_journal(log, &address);
	for (int i = 0; i < 100000 && !log->dropped; i++)
		log_say(log, LOG_INFO, "started", "x");
	cr_assert_eq(log->dropped, 1);
	while (recv(journal, bytes, sizeof bytes, 0) > 0)
		;
	log_say(log, LOG_INFO, "started", "again");
	expect_entry(journal, "MESSAGE=1 messages dropped: stderr was full or closed\nPRIORITY=4\n"
			      "SYSLOG_IDENTIFIER=waybill\n"
			      "MESSAGE_ID=332c636d355b53d396b6b25d3bd2b10a\n"
			      "WAYBILL_MESSAGE=messages-dropped\n");
	expect_printed("");
	log_free(log);
	close(journal);
	unlink(address.sun_path);
}

/* Nobody is at its place: the line of stderr is the journal's as well. */
Test(log, without_a_journal_it_is_text)
{
	struct log *log;

	give_to_journal();
	log = log_new(LOG_INFO, LOG_FORMAT_AUTO);
	log->journal_path = "/nonexistent/socket";
	log_say(log, LOG_WARNING, "started", "x");
	expect_printed("<4>x\n");
	log_free(log);
}

Test(log, json_style)
{
	const struct log_about about = {"topic-missing", "we\"b", "t", NULL};
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_JSON);

	log_say(log, LOG_WARNING, "started", "%s", "a\n\"b\\ caf\xc3\xa9 \xff");
	expect_printed("{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"warning\","
		       "\"id\":\"started\","
		       "\"message\":\"a\\\\x0a\\\"b\\\\ caf\xc3\xa9 \\\\xff\"}\n");
	log_limited_about(log, LOG_ERR, &about, "x");
	expect_printed("{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"error\","
		       "\"id\":\"topic-missing\",\"source\":\"we\\\"b\",\"topic\":\"t\","
		       "\"message\":\"x\"}\n");
	log_free(log);
}

/* However long, and whatever is escaped in it: an object, whole, that a pipe takes at once. */
Test(log, json_is_cut_within_its_text)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_JSON);
	char text[3 * LOG_LINE_MAX];
	const char *const of[] = {"x", "\"", "\\", "\xff", "x\""};

	for (size_t i = 0; i < ARRAY_LEN(of); i++) {
		size_t len = 0;
		const char *got;

		while (len < sizeof text - 8)
			len = (size_t)(stpcpy(text + len, of[i]) - text);
		log_say(log, LOG_INFO, "started", "%s", text);
		got = printed();
		cr_expect_leq(strlen(got), LOG_LINE_MAX);
		cr_expect_geq(strlen(got), LOG_LINE_MAX - 8, "%s", of[i]);
		cr_expect_str_eq(got + strlen(got) - 6, "...\"}\n", "%s", of[i]);
	}
	log_free(log);
}

Test(log, numbers_of_messages)
{
	cr_expect_str_eq(message_journal_id("acknowledged"), "8e59a067bb41586eb141ee2fb342d08e");
	cr_expect_eq(strlen(message_journal_id("watches-exhausted")), MESSAGE_ID_LEN);
	cr_expect_null(message_journal_id("nothing-like-it"));
	cr_expect_null(message_journal_id(""));
}

/* As systemd starts it: a stream socket. One line, whole, whatever the file is called. */
Test(log, any_name_is_a_line_of_the_journal)
{
	struct stat st;
	char stream[64];
	struct log *log;
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	close(rig.reader);
	take_stderr(fds);
	cr_assert_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	log_source(log, LOG_WARNING, "web", "fifo", "%s: a FIFO", "/l/\n<0>\xe2\x80\xae\xff.log");
	log_source(log, LOG_WARNING, "web", "fifo", "%s: a FIFO", "/l/\r\xe2\x81\xa6\xfe.log");
	expect_printed("<4>/l/\\x0a<0>\\xe2\\x80\\xae\\xff.log: a FIFO\n");
	log_free(log);
	expect_printed(
		"<4>/l/\\x0d\\xe2\\x81\\xa6\\xfe.log: a FIFO (held back for up to a minute)\n");
}

/* It is written over by a message, and stands below it again. */
Test(log, a_line_stays_below)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);

	log_bottom(log, "5 %");
	expect_printed("5 %");
	log_say(log, LOG_INFO, "x", "a");
	expect_printed("\r   \rwaybill: info: a\n5 %");
	log_say(log, LOG_DEBUG, "x", "not printed");
	expect_printed("");
	log_bottom(log, "50 %");
	expect_printed("\r   \r50 %");
	log_bottom(log, "");
	expect_printed("\r    \r");
	log_say(log, LOG_INFO, "x", "b");
	expect_printed("waybill: info: b\n");
	log_free(log);
	log = log_new(LOG_INFO, LOG_FORMAT_JSON);
	log_bottom(log, "5 %");
	expect_printed("");
	log_free(log);
	log_bottom(NULL, "5 %");
}

Test(log, level)
{
	struct log *log = log_new(LOG_NOTICE, LOG_FORMAT_TEXT);

	log_say(log, LOG_INFO, "x", "x");
	log_limited(log, LOG_INFO, "cause", "x");
	expect_printed("");
	log_say(log, LOG_NOTICE, "x", "x");
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

/*
 * A control, a byte that is no UTF-8 or a character that is invisible or turns the direction of
 * writing (U+202E): the journal would hide the message, a terminal would obey it.
 */
Test(log, shows_what_names_hide)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);

	log_say(log, LOG_INFO, "x", "a\nb\tc\x1b[31m\x7f caf\xc3\xa9 \xc2\x9b \xc2\xa0");
	expect_printed(
		"waybill: info: a\\x0ab\\x09c\\x1b[31m\\x7f caf\xc3\xa9 \\xc2\\x9b \xc2\xa0\n");
	log_say(log, LOG_INFO, "x", "%s: gone",
		"/logs/\xe2\x80\xae"
		"gol.exe\xff\xc3");
	expect_printed("waybill: info: /logs/\\xe2\\x80\\xaegol.exe\\xff\\xc3: gone\n");
	log_say(log, LOG_INFO, "x",
		"\xed\xa0\x80 \xef\xbf\xbe \xe2\x80\xa8 \xf0\x9f\x98\x80 \xe6\x97\xa5");
	expect_printed("waybill: info: \\xed\\xa0\\x80 \\xef\\xbf\\xbe \\xe2\\x80\\xa8 "
		       "\xf0\x9f\x98\x80 \xe6\x97\xa5\n");
	log_free(log);
}

/* Nothing of a character or of what stands for a byte is left where a message is cut. */
Test(log, cut_between_characters)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	const char *const ends[] = {"\xf0\x9f\x98\x80", "\xff"};
	char text[2 * LOG_LINE_MAX];
	const char *got;

	for (size_t i = 0; i < 2 * sizeof ends / sizeof ends[0] * 8; i++) {
		size_t fill = LOG_LINE_MAX - 32 + i / 2;

		memset(text, 'x', fill);
		text[fill] = '\0';
		for (int k = 0; k < 20; k++)
			strcat(text, ends[i % 2]);
		log_say(log, LOG_INFO, "x", "%s", text);
		got = printed();
		cr_expect_leq(strlen(got), LOG_LINE_MAX);
		cr_expect_geq(strlen(got), LOG_LINE_MAX - 4);
		got += strlen(got) - 4;
		cr_expect_str_eq(got, "...\n");
		cr_expect(got[-1] == 'x' || got[-1] == (i % 2 ? 'f' : '\x80'), "%zu: %.8s", i,
			  got - 4);
	}
	log_free(log);
}

Test(log, long_messages_are_cut)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	char *text = malloc(10000);
	const char *got;

	/* The longest that fits, and one more. */
	memset(text, 'x', 10000);
	text[LOG_LINE_MAX - strlen("waybill: info: ") - 1] = '\0';
	log_say(log, LOG_INFO, "x", "%s", text);
	got = printed();
	cr_expect_eq(strlen(got), LOG_LINE_MAX);
	cr_expect_str_eq(got + LOG_LINE_MAX - 5, "xxxx\n");
	log_say(log, LOG_INFO, "x", "%sx", text);
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

	log_say(log, LOG_INFO, "x", "again");
	snprintf(expected, sizeof expected,
		 "waybill: warning: %u messages dropped: stderr was full or closed\n"
		 "waybill: info: again\n",
		 n);
	expect_printed(expected);
	log_say(log, LOG_INFO, "x", "and on");
	expect_printed("waybill: info: and on\n");
}

static void fill_stderr(struct log *log)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

	for (unsigned n = 1; n < 1000000 && poll(&fd, 1, 0) == 1; n++)
		log_say(log, LOG_INFO, "x", "message %u", n);
}

/* Scenario F08. A write that blocks would hang the test, which Criterion ends. */
Test(log, full_pipe_drops, .timeout = 20)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	const char *got;

	fill_stderr(log);
	log_say(log, LOG_INFO, "x", "too many");
	log_say(log, LOG_INFO, "x", "one too many");
	got = printed();
	cr_assert_not_null(strstr(got, "message 1\n"));
	cr_expect_null(strstr(got, "too many"));
	expect_dropped(log, 2);
	log_free(log);
}

/* Scenario F08. The same for a socket, which is what the journal gives. */
Test(log, full_socket_drops, .timeout = 20)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	close(rig.reader);
	take_stderr(fds);
	fill_stderr(log);
	log_say(log, LOG_INFO, "x", "one too many");
	cr_expect_null(strstr(printed(), "one too many"));
	expect_dropped(log, 1);
	log_free(log);
}

/* Scenario F08 */
Test(log, closed_reader_drops)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);

	/* With the default action a write would end the process. */
	signal(SIGPIPE, SIG_DFL);
	close(rig.reader);
	log_say(log, LOG_INFO, "x", "x");
	open_stderr();
	expect_dropped(log, 1);
	log_free(log);
}

/* Scenario F08 */
Test(log, closed_stderr_drops)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);

	close(STDERR_FILENO);
	log_say(log, LOG_INFO, "x", "x");
	dup2(rig.stderr_copy, STDERR_FILENO);
	close(rig.reader);
	open_stderr();
	expect_dropped(log, 1);
	log_free(log);
}

/* Scenario F08 */
Test(log, full_disk_drops)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
	log_say(log, LOG_INFO, "x", "x");
	close(rig.reader);
	open_stderr();
	expect_dropped(log, 1);
	log_free(log);
}

static void say_often(struct log *log, const char *source, int n)
{
	for (int i = 0; i < n; i++)
		log_source(log, LOG_WARNING, source, "fifo", "/%s/%d: a FIFO", source, i);
}

static void minute(struct log *log)
{
	test_now_us += 60 * US_PER_S;
	log_tick(log);
}

/* Whoever owns a directory may fill it: one line a source, cause and minute. */
Test(log, one_line_a_source_cause_and_minute)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);

	say_often(log, "web", 20000);
	expect_printed("waybill: warning: /web/0: a FIFO\n");
	say_often(log, "db", 1);
	expect_printed("waybill: warning: /db/0: a FIFO\n");
	log_source(log, LOG_NOTICE, "web", "moved", "/web/1: moved");
	expect_printed("waybill: notice: /web/1: moved\n");
	test_now_us += 60 * US_PER_S - 1;
	log_tick(log);
	expect_printed("");
	test_now_us++;
	log_tick(log);
	expect_printed("waybill: warning: /web/1: a FIFO (suppressed 19998 of 19999 like it within "
		       "a minute, "
		       "source web)\n");
	/* It goes on: nothing is told at once any more. */
	say_often(log, "web", 7000);
	expect_printed("");
	minute(log);
	expect_printed("waybill: warning: /web/0: a FIFO (suppressed 6999 of 7000 like it within a "
		       "minute, "
		       "source web)\n");
	say_often(log, "web", 1);
	expect_printed("");
	minute(log);
	expect_printed("waybill: warning: /web/0: a FIFO (held back for up to a minute)\n");
	/* A minute without any: the next one is news again. */
	minute(log);
	expect_printed("");
	say_often(log, "web", 1);
	expect_printed("waybill: warning: /web/0: a FIFO\n");
	log_free(log);
	expect_printed("");
}

/* Scenario E30 */
Test(log, limits_each_cause)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);

	for (int i = 0; i < 8; i++)
		log_limited(log, LOG_WARNING, "a", "a %d", i);
	expect_printed("waybill: warning: a 0\nwaybill: warning: a 1\nwaybill: warning: a 2\n"
		       "waybill: warning: a 3\nwaybill: warning: a 4\n");
	log_limited(log, LOG_WARNING, "b", "b");
	expect_printed("waybill: warning: b\n");
	minute(log);
	expect_printed("waybill: warning: a 5 (suppressed 2 of 3 like it within a minute)\n");
	log_free(log);
	expect_printed("");
}

Test(log, next_message_tells_what_was_held_back)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);

	say_often(log, "web", 2);
	printed();
	test_now_us += 60 * US_PER_S;
	log_say(log, LOG_INFO, "x", "other");
	expect_printed("waybill: warning: /web/1: a FIFO (held back for up to a minute)\n"
		       "waybill: info: other\n");
	log_free(log);
}

Test(log, free_tells_what_was_held_back)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);

	say_often(log, "web", 3);
	printed();
	log_free(log);
	expect_printed("waybill: warning: /web/1: a FIFO (suppressed 1 of 2 like it within a "
		       "minute, source "
		       "web)\n");
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/*
 * More sources than there are rows: those behind are told together, and nothing is lost from the
 * count, nor printed more often.
 */
Test(log, many_sources)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	static char names[5000][16];
	unsigned long held = 0, n;
	const char *got;
	size_t at_once;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5000; i++) {
			test_now_us += 1;
			snprintf(names[i], sizeof names[i], "s%d", i);
			say_often(log, names[i], 1);
		}
	}
	at_once = lines(printed());
	cr_expect_geq(at_once, 100);
	cr_expect_leq(at_once, 256);
	log_limited(log, LOG_WARNING, "other", "other causes have rows of their own");
	cr_expect_eq(lines(printed()), 1);
	minute(log);
	got = printed();
	cr_expect_leq(lines(got), at_once);
	for (; *got; got = strchr(got, '\n') + 1)
		held += sscanf(got, "%*[^(](suppressed %*u of %lu", &n) == 1 ? n : 1;
	cr_expect_eq(at_once + held, 15000, "%zu and %lu", at_once, held);
	log_free(log);
}

/*
 * One source that says all it can, a thousand times, takes a row for each cause; the first message
 * of another one is printed at once all the same, and so is one of no source.
 */
Test(log, a_source_that_says_all_it_can_hides_no_other)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	static char causes[LOG_CAUSES_MAX][16];

	for (int round = 0; round < 1000; round++)
		for (int i = 0; i < LOG_CAUSES_MAX; i++) {
			snprintf(causes[i], sizeof causes[i], "c%d", i);
			log_source(log, LOG_WARNING, "loud", causes[i], "x");
		}
	cr_expect_eq(lines(printed()), LOG_CAUSES_MAX);
	for (int i = 0; i < LOG_CAUSES_MAX; i++) {
		log_source(log, LOG_WARNING, "quiet", causes[i], "once");
		cr_expect_eq(lines(printed()), 1, "%d", i);
	}
	log_limited(log, LOG_WARNING, "c0", "of no source");
	cr_expect_eq(lines(printed()), 1);
	log_free(log);
}

/* More causes than there are rows: the oldest gives way, with what it held back. */
Test(log, many_causes)
{
	struct log *log = log_new(LOG_INFO, LOG_FORMAT_TEXT);
	static char names[1000][16];

	for (int i = 0; i < 9; i++)
		log_limited(log, LOG_WARNING, "oldest", "oldest");
	printed();
	for (int i = 0; i < 1000; i++) {
		test_now_us += 1;
		snprintf(names[i], sizeof names[i], "c%d", i);
		log_limited(log, LOG_WARNING, names[i], "x");
	}
	cr_expect_not_null(
		strstr(printed(),
		       "waybill: warning: oldest (suppressed 3 of 4 like it within a minute)\n"));
	log_free(log);
}

Test(log, silent_without_log)
{
	log_say(NULL, LOG_ERR, "x", "x");
	log_limited(NULL, LOG_ERR, "c", "x");
	log_source(NULL, LOG_ERR, "s", "c", "x");
	log_tick(NULL);
	cr_assert_null(log_free(NULL));
	expect_printed("");
}
