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
 * One message, one line, cut at LOG_LINE_MAX bytes. Bytes that are not to be seen, or would do
 * something where they are read, are shown as \xHH: names may stand in it as they are. No record
 * content above debug.
 */
void log_say(struct log *log, int priority, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * What can come for each file, directory or line of a source (its name; it and the cause, static
 * text, are borrowed by the log): the first is printed at once, and of those that follow one a
 * minute, with their number, until a minute brings none.
 */
void log_source(struct log *log, int priority, const char *source, const char *cause,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same of what belongs to no source; the first five are printed at once. */
void log_limited(struct log *log, int priority, const char *cause, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

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
