/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_LOG_H
#define OPS_LOG_H

/*
 * Messages on stderr, with "<N>" prefixes under the journal. An object, not a global. Never blocks
 * the data path: when the pipe is full the message is dropped and counted (scenario F08). Includes
 * nothing, so that everybody may include it. Priorities are those of <syslog.h>. One thread uses
 * it. Whoever runs it ignores SIGPIPE. A NULL log is fine everywhere: it is silent.
 */
struct log;

/* NULL when memory is out. level: least important priority that is printed (LOG_INFO). */
struct log *log_new(int level);

/* Prints what was held back, frees. NULL is fine. Returns NULL. */
struct log *log_free(struct log *log);

/*
 * One message, one line, cut at LOG_LINE_MAX bytes; control characters become '?'. No record
 * content above debug.
 */
void log_say(struct log *log, int priority, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The same, at most LOG_BURST times a minute for one cause (static text); what is held back is said
 * later as "suppressed N of M messages about CAUSE".
 */
void log_limited(struct log *log, int priority, const char *cause, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#define LOG_BURST 5

/*
 * What is printed of one message, prefix and newline included: a pipe takes it whole or not at
 * all.
 */
#define LOG_LINE_MAX 4096

/* Says what was held back in minutes that are over; each of the above does it too. */
void log_tick(struct log *log);

/* "debug" -> LOG_DEBUG ...; -1 when unknown. Names: debug info notice warning error. */
int log_level_of(const char *name);

#endif
