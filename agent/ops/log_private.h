/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_LOG_PRIVATE_H
#define OPS_LOG_PRIVATE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"
#include "ops/log.h"

/* Shared by log*.c only. */

/* Of the message that stands for those held back; what is longer is cut. */
#define LOG_EXAMPLE_MAX 1024

/* A name of a topic has 249 bytes. */
#define LOG_TOPIC_MAX 250

/* What came of one source and cause in this minute. */
struct log_window {
	struct log_about about;    /* "" where there is none, the cause never NULL */
	char topic[LOG_TOPIC_MAX]; /* of the example; that of `about` */
	uint64_t started_us;
	unsigned int printed;
	unsigned long held;
	int priority; /* of the example */
	char example[LOG_EXAMPLE_MAX];
};

/* What all windows may take; they are used, and so in memory, from the first on. */
#define LOG_WINDOWS_BYTES ((size_t)320 << 10)
#define LOG_WINDOWS_MAX (LOG_WINDOWS_BYTES / sizeof(struct log_window))
/* Of these for causes alone: more than there are in the program. */
#define LOG_CAUSES_MAX 96

_Static_assert(LOG_WINDOWS_MAX > 2 * LOG_CAUSES_MAX, "sources want more room than causes");

/* Where the journal takes messages as fields. */
#define LOG_JOURNAL_PATH "/run/systemd/journal/socket"

struct log {
	int level;
	enum log_format format;
	bool journal; /* it owns stderr */
	const char *journal_path;
	int journal_fd;     /* -1: not needed yet */
	struct arena arena; /* of one message */
	char bottom[80];    /* what is drawn below; "": nothing */
	unsigned long dropped;
	unsigned long dropped_said;
	size_t n_windows;
	struct log_window windows[LOG_WINDOWS_MAX];
};

/* Whether the journal reads stderr. */
bool log_line_to_journal(void);

/* Prints one message if the level wants it; what stderr does not take is counted as dropped. */
void log_line(struct log *log, int priority, const struct log_about *about, const char *format, ...)
	PRINTF_LIKE(4, 5);
void log_line_args(struct log *log, int priority, const struct log_about *about, const char *format,
		   va_list args);

/* Says how many were dropped since that was said last, if stderr takes it. */
void log_line_dropped(struct log *log);

/*
 * A message as one JSON object, newline included, of LOG_LINE_MAX bytes at most: what is longer of
 * `text` is cut. The line lies in log->arena until the next message; empty when memory is out.
 */
struct slice log_json(struct log *log, int priority, const struct log_about *about,
		      struct slice text);

/* The message, shown as a line is, as fields of the journal. LOG_JOURNAL_E_NONE: print it. */
enum log_journal_result {
	LOG_JOURNAL_TAKEN,
	LOG_JOURNAL_E_FULL, /* it has no room now */
	LOG_JOURNAL_E_NONE, /* there is nobody */
};
enum log_journal_result log_journal_send(struct log *log, int priority,
					 const struct log_about *about, struct slice text);
void log_journal_close(struct log *log);

/* Says what was held back in minutes that are over by now; CLOCK_NEVER: in all. */
void log_windows_close(struct log *log, uint64_t now_us);

/*
 * One more message of the source and cause. True: it is to be printed, as one of `burst` in this
 * minute. Else it is held back.
 */
bool log_windows_admit(struct log *log, int priority, const struct log_about *about,
		       unsigned int burst, uint64_t now_us, const char *format, va_list args);

/* What a priority is called. Anything worse than an error is called one. */
const char *log_level_name(int priority);

#endif
