/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing here may block, since the data path waits for it. stderr is shared with other processes
 * and so is its O_NONBLOCK flag, which is therefore not ours to set: each write asks poll first,
 * and takes no more than PIPE_BUF bytes, for which a pipe that polls writable has room. What does
 * not fit is dropped, counted, and said with the next message that fits. Accepted: another writer
 * of the same pipe may take the room between poll and write.
 *
 * What others chose - names of files and topics, what brokers say - stands in messages as it is;
 * that no byte of it does anything is seen to here, once for all.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/unicode.h"
#include "ops/log_private.h"

_Static_assert(LOG_LINE_MAX <= PIPE_BUF, "a larger write to a pipe is not all or nothing");

/* JOURNAL_STREAM alone proves nothing: a child whose stderr was redirected inherits it too. */
bool log_line_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
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

static size_t print_prefix(const struct log *log, int priority, char *line, size_t size)
{
	if (log->journal)
		return (size_t)snprintf(line, size, "<%d>", priority);
	return (size_t)snprintf(line, size, "waybill: %s: ", log_level_name(priority));
}

/* Blanks over the line below, as paper_draw has them: no terminal is asked for more. */
static void erase_bottom(const struct log *log)
{
	char text[sizeof log->bottom + 2];
	int len = snprintf(text, sizeof text, "\r%*s\r", (int)strlen(log->bottom), "");

	if (log->bottom[0])
		write_line(text, (size_t)len);
}

void log_bottom(struct log *log, const char *text)
{
	if (!log || log->journal || log->format == LOG_FORMAT_JSON)
		return;
	erase_bottom(log);
	snprintf(log->bottom, sizeof log->bottom, "%s", text);
	write_line(log->bottom, strlen(log->bottom));
}

static bool print_text(const struct log *log, int priority, struct slice text)
{
	char line[LOG_LINE_MAX];
	size_t len = print_prefix(log, priority, line, sizeof line);
	bool written;

	len += unicode_show(line + len, sizeof line - 1 - len, text);
	line[len] = '\n';
	erase_bottom(log);
	written = write_line(line, len + 1);
	if (log->bottom[0])
		write_line(log->bottom, strlen(log->bottom));
	return written;
}

static bool print_json(struct log *log, int priority, const struct log_about *about,
		       struct slice text)
{
	struct slice line = log_json(log, priority, about, text);

	return line.len > 0 && write_line(line.at, line.len);
}

static bool print_args(struct log *log, int priority, const struct log_about *about,
		       const char *format, va_list args)
{
	enum log_journal_result sent = LOG_JOURNAL_E_NONE;
	char bytes[LOG_LINE_MAX + 1];
	int n = vsnprintf(bytes, sizeof bytes, format, args);
	/* Longer than there is room for, and so cut where characters end. */
	size_t len = n < 0 ? 0 : n > LOG_LINE_MAX ? LOG_LINE_MAX : (size_t)n;
	struct slice text = {bytes, len};

	if (log->format == LOG_FORMAT_JSON)
		return print_json(log, priority, about, text);
	if (log->journal && log->format == LOG_FORMAT_AUTO)
		sent = log_journal_send(log, priority, about, text);
	return sent == LOG_JOURNAL_E_NONE ? print_text(log, priority, text) :
					    sent == LOG_JOURNAL_TAKEN;
}

PRINTF_LIKE(4, 5)
static bool print(struct log *log, int priority, const struct log_about *about, const char *format,
		  ...)
{
	va_list args;
	bool written;

	va_start(args, format);
	written = print_args(log, priority, about, format, args);
	va_end(args);
	return written;
}

void log_line_dropped(struct log *log)
{
	unsigned long news = log->dropped - log->dropped_said;

	if (news > 0 && print(log, LOG_WARNING, &(struct log_about){.id = "messages-dropped"},
			      "%lu messages dropped: stderr was full or closed", news))
		log->dropped_said = log->dropped;
}

void log_line_args(struct log *log, int priority, const struct log_about *about, const char *format,
		   va_list args)
{
	if (priority > log->level)
		return;
	log_line_dropped(log);
	if (!print_args(log, priority, about, format, args))
		log->dropped++;
}

void log_line(struct log *log, int priority, const struct log_about *about, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line_args(log, priority, about, format, args);
	va_end(args);
}
