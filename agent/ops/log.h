/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_LOG_H
#define OPS_LOG_H

/*
 * Messages on stderr, or as fields in the journal. An object, not a global. Never blocks the data
 * path: when the pipe is full the message is dropped and counted (scenario F08). Includes nothing,
 * so that everybody may include it. Priorities are those of <syslog.h>. One thread uses it. Whoever
 * runs it ignores SIGPIPE. A NULL log is fine everywhere: it is silent.
 *
 * Each message has an id, static text: a heading of docs/messages.md, which says what it means.
 */
struct log;

/* How messages are written: the words of log_format, in this order. */
enum log_format {
	LOG_FORMAT_AUTO, /* as fields where the journal owns stderr, else as text */
	LOG_FORMAT_TEXT, /* with words in front, or "<N>" where the journal owns stderr */
	LOG_FORMAT_JSON, /* an object a line */
};

/* NULL when memory is out. level: least important priority that is printed (LOG_INFO). */
struct log *log_new(int level, enum log_format format);

/* From here on they are written so. */
void log_set_format(struct log *log, enum log_format format);

/* Prints what was held back, frees. NULL is fine. Returns NULL. */
struct log *log_free(struct log *log);

/*
 * One message, one line, cut at LOG_LINE_MAX bytes. Bytes that are not to be seen, or would do
 * something where they are read, are shown as \xHH: names may stand in it as they are. No record
 * content above debug.
 */
void log_say(struct log *log, int priority, const char *id, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * What can come for each file, directory or line of a source (its name; borrowed by the log): the
 * first of an id is printed at once, and of those that follow one a minute, with their number,
 * until a minute brings none.
 */
void log_source(struct log *log, int priority, const char *source, const char *id,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same of what belongs to no source; the first five are printed at once. */
void log_limited(struct log *log, int priority, const char *id, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* What a message is about. All of it but the topic is borrowed by the log. */
struct log_about {
	const char *id;
	const char *source;  /* NULL: of none */
	const char *topic;   /* NULL: of none; copied */
	const char *cause;   /* messages of the id are limited by it; NULL: by the id alone */
	const char *cluster; /* of several; NULL: of none */
};

/* log_source where it has a source, else log_limited, of all that is known. */
void log_limited_about(struct log *log, int priority, const struct log_about *about,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * What is printed of one message, prefix and newline included: a pipe takes it whole or not at
 * all.
 */
#define LOG_LINE_MAX 4096

/*
 * On a terminal: a line of up to 79 columns of ASCII that stays below all messages, until another
 * one, or "", takes its place. Nothing where messages are no text.
 */
void log_bottom(struct log *log, const char *text);

/* Says what was held back in minutes that are over; each of the above does it too. */
void log_tick(struct log *log);

/* "debug" -> LOG_DEBUG ...; -1 when unknown. Names: debug info notice warning error. */
int log_level_of(const char *name);

#endif
