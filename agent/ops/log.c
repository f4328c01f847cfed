/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages go to stderr and to nowhere else: systemd, a container or a terminal each know what to
 * do with it. When the journal owns it (JOURNAL_STREAM names its device and inode), a line starts
 * with the priority as "<N>"; otherwise with words.
 *
 * Nothing here may block, since the data path waits for it. stderr is shared with other processes
 * and so is its O_NONBLOCK flag, which is therefore not ours to set: each write asks poll first,
 * and takes no more than PIPE_BUF bytes, for which a pipe that polls writable has room. What does
 * not fit is dropped, counted, and said with the next message that fits. Accepted: another writer
 * of the same pipe may take the room between poll and write.
 *
 * A cause is a row of a small table: messages in this minute, and how many of them were printed.
 *
 *   first message ── a minute ──► over: "suppressed N of M", row free again
 *
 * When more causes than rows are at it, the oldest row makes room, early and with its summary.
 */
#include "ops/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/result.h"

#define CAUSES_MAX 64
#define WINDOW_US (60 * US_PER_S)

_Static_assert(LOG_LINE_MAX <= PIPE_BUF, "a larger write to a pipe is not all or nothing");

struct cause {
	const char *name; /* static text */
	int priority;     /* of the last message held back */
	uint64_t started_us;
	unsigned long seen, printed;
};

struct log {
	int level;
	bool journal;
	unsigned long dropped;
	unsigned long dropped_said;
	size_t n_causes;
	struct cause causes[CAUSES_MAX];
};

struct level_name {
	const char *name;
	int level;
};

static const struct level_name LEVELS[] = {
	{"debug", LOG_DEBUG},     {"info", LOG_INFO}, {"notice", LOG_NOTICE},
	{"warning", LOG_WARNING}, {"error", LOG_ERR},
};

int log_level_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(LEVELS); i++) {
		if (strcmp(LEVELS[i].name, name) == 0)
			return LEVELS[i].level;
	}
	return -1;
}

/* Anything worse than an error is called one. */
static const char *name_of(int priority)
{
	for (size_t i = 0; i < ARRAY_LEN(LEVELS); i++) {
		if (LEVELS[i].level == priority)
			return LEVELS[i].name;
	}
	return "error";
}

/* JOURNAL_STREAM alone proves nothing: a child whose stderr was redirected inherits it too. */
static bool journal_owns_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

struct log *log_new(int level)
{
	struct log *log = calloc(1, sizeof *log);

	if (log) {
		log->level = level;
		log->journal = journal_owns_stderr();
	}
	return log;
}

static bool write_line(const char *line, size_t len)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
	ssize_t n;

	/* POLLERR is a pipe without reader: the write would raise SIGPIPE. */
	if (poll(&fd, 1, 0) != 1 || fd.revents != POLLOUT)
		return false;
	do
		n = write(STDERR_FILENO, line, len);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

/* Keeps a message in one line, and a file name from steering the reader's terminal. */
static void blank_controls(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		unsigned char before = i ? (unsigned char)text[i - 1] : 0;

		if (c < ' ' || c == 0x7f)
			text[i] = '?';
		else if (before == 0xc2 && c < 0xa0) /* U+0080 to U+009F in UTF-8 */
			text[i - 1] = text[i] = '?';
	}
}

static size_t print_prefix(const struct log *log, int priority, char *line, size_t size)
{
	if (log->journal)
		return (size_t)snprintf(line, size, "<%d>", priority);
	return (size_t)snprintf(line, size, "waybill: %s: ", name_of(priority));
}

static bool print_line(const struct log *log, int priority, const char *format, va_list args)
{
	char line[LOG_LINE_MAX + 1];
	size_t start = print_prefix(log, priority, line, sizeof line);
	size_t room = LOG_LINE_MAX - 1 - start;
	int n = vsnprintf(line + start, room + 1, format, args);
	size_t len = n < 0 ? 0 : (size_t)n;

	if (len > room) {
		len = room;
		memcpy(line + start + len - 3, "...", 3);
	}
	blank_controls(line + start, len);
	line[start + len] = '\n';
	return write_line(line, start + len + 1);
}

PRINTF_LIKE(3, 4)
static bool print(const struct log *log, int priority, const char *format, ...)
{
	va_list args;
	bool written;

	va_start(args, format);
	written = print_line(log, priority, format, args);
	va_end(args);
	return written;
}

static void say_dropped(struct log *log)
{
	unsigned long news = log->dropped - log->dropped_said;

	if (news > 0 &&
	    print(log, LOG_WARNING, "%lu messages dropped: stderr was full or closed", news))
		log->dropped_said = log->dropped;
}

static void emit(struct log *log, int priority, const char *format, va_list args)
{
	if (priority > log->level)
		return;
	say_dropped(log);
	if (!print_line(log, priority, format, args))
		log->dropped++;
}

/* Frees a row; says what it held back, if anything. */
static void close_cause(struct log *log, size_t index)
{
	struct cause cause = log->causes[index];
	unsigned long held = cause.seen - cause.printed;

	log->causes[index] = log->causes[--log->n_causes];
	if (held == 0 || cause.priority > log->level)
		return;
	say_dropped(log);
	if (!print(log, cause.priority, "suppressed %lu of %lu messages about %s", held, cause.seen,
		   cause.name))
		log->dropped++;
}

/* Backwards, since closing a row moves the last one into its place. */
static void close_causes(struct log *log, uint64_t now_us)
{
	for (size_t i = log->n_causes; i-- > 0;) {
		if (now_us - log->causes[i].started_us >= WINDOW_US)
			close_cause(log, i);
	}
}

static void close_oldest(struct log *log)
{
	size_t oldest = 0;

	for (size_t i = 1; i < log->n_causes; i++) {
		if (log->causes[i].started_us < log->causes[oldest].started_us)
			oldest = i;
	}
	close_cause(log, oldest);
}

static struct cause *find_cause(struct log *log, const char *name, uint64_t now_us)
{
	struct cause *cause;

	for (size_t i = 0; i < log->n_causes; i++) {
		if (strcmp(log->causes[i].name, name) == 0)
			return &log->causes[i];
	}
	if (log->n_causes == CAUSES_MAX)
		close_oldest(log);
	cause = &log->causes[log->n_causes++];
	*cause = (struct cause){.name = name, .started_us = now_us};
	return cause;
}

struct log *log_free(struct log *log)
{
	if (log) {
		while (log->n_causes > 0)
			close_oldest(log);
		say_dropped(log);
		free(log);
	}
	return NULL;
}

void log_tick(struct log *log)
{
	if (log)
		close_causes(log, clock_mono_us());
}

void log_say(struct log *log, int priority, const char *format, ...)
{
	va_list args;

	if (!log)
		return;
	log_tick(log);
	va_start(args, format);
	emit(log, priority, format, args);
	va_end(args);
}

void log_limited(struct log *log, int priority, const char *cause_name, const char *format, ...)
{
	uint64_t now_us = clock_mono_us();
	struct cause *cause;
	va_list args;

	if (!log)
		return;
	close_causes(log, now_us);
	if (priority > log->level)
		return;
	cause = find_cause(log, cause_name, now_us);
	cause->seen++;
	if (cause->printed == LOG_BURST) {
		cause->priority = priority;
		return;
	}
	cause->printed++;
	va_start(args, format);
	emit(log, priority, format, args);
	va_end(args);
}
