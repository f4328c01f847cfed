/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_LOG_PRIVATE_H
#define OPS_LOG_PRIVATE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "ops/log.h"

/* Shared by log*.c only. */

/* Of the message that stands for those held back; what is longer is cut. */
#define LOG_EXAMPLE_MAX 1024

/* What came of one source and cause in this minute. */
struct log_window {
	const char *source; /* "": of none */
	const char *cause;
	uint64_t started_us;
	unsigned int printed;
	unsigned long held;
	int priority; /* of the example */
	char example[LOG_EXAMPLE_MAX];
};

/* What all windows may take; they are used, and so in memory, from the first on. */
#define LOG_WINDOWS_BYTES ((size_t)256 << 10)
#define LOG_WINDOWS_MAX (LOG_WINDOWS_BYTES / sizeof(struct log_window))
/* Of these for causes alone: more than there are in the program. */
#define LOG_CAUSES_MAX 64

_Static_assert(LOG_WINDOWS_MAX > 2 * LOG_CAUSES_MAX, "sources want more room than causes");

struct log {
	int level;
	bool journal;
	unsigned long dropped;
	unsigned long dropped_said;
	size_t n_windows;
	struct log_window windows[LOG_WINDOWS_MAX];
};

/* Whether the journal reads stderr. */
bool log_line_to_journal(void);

/* Prints one message if the level wants it; what stderr does not take is counted as dropped. */
void log_line(struct log *log, int priority, const char *format, ...) PRINTF_LIKE(3, 4);
void log_line_args(struct log *log, int priority, const char *format, va_list args);

/* Says how many were dropped since that was said last, if stderr takes it. */
void log_line_dropped(struct log *log);

/* Says what was held back in minutes that are over by now; CLOCK_NEVER: in all. */
void log_windows_close(struct log *log, uint64_t now_us);

/*
 * One more message of the source and cause. True: it is to be printed, as one of `burst` in this
 * minute. Else it is held back.
 */
bool log_windows_admit(struct log *log, int priority, const char *source, const char *cause,
		       unsigned int burst, uint64_t now_us, const char *format, va_list args);

#endif
