/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages go to stderr: systemd, a container or a terminal each know what to do with it. When the
 * journal owns it (JOURNAL_STREAM names its device and inode), they go to the journal's own socket
 * instead, where a message has fields; by log_format they stay lines of stderr.
 */
#include "ops/log.h"

#include <stdlib.h>

#include "base/clock.h"
#include "ops/log_private.h"

/* Of what belongs to no source: few things, each of which an operator may have to know. */
#define BURST 5

struct log *log_new(int level, enum log_format format)
{
	struct log *log = calloc(1, sizeof *log);

	if (log) {
		log->level = level;
		log->format = format;
		log->journal = log_line_to_journal();
		log->journal_path = LOG_JOURNAL_PATH;
		log->journal_fd = -1;
	}
	return log;
}

void log_set_format(struct log *log, enum log_format format)
{
	if (!log || log->format == format)
		return;
	log_bottom(log, "");
	log->format = format;
}

struct log *log_free(struct log *log)
{
	if (log) {
		log_windows_close(log, CLOCK_NEVER);
		log_line_dropped(log);
		log_journal_close(log);
		arena_deinit(&log->arena);
		free(log);
	}
	return NULL;
}

void log_tick(struct log *log)
{
	if (log)
		log_windows_close(log, clock_mono_us());
}

void log_say(struct log *log, int priority, const char *id, const char *format, ...)
{
	va_list args;

	if (!log)
		return;
	log_tick(log);
	va_start(args, format);
	log_line_args(log, priority, &(struct log_about){.id = id}, format, args);
	va_end(args);
}

static void say_limited(struct log *log, int priority, const struct log_about *about,
			const char *format, va_list args)
{
	uint64_t now_us = clock_mono_us();
	va_list copy;

	log_windows_close(log, now_us);
	if (priority > log->level)
		return;
	va_copy(copy, args);
	if (log_windows_admit(log, priority, about, about->source ? 1 : BURST, now_us, format,
			      copy))
		log_line_args(log, priority, about, format, args);
	va_end(copy);
}

void log_limited_about(struct log *log, int priority, const struct log_about *about,
		       const char *format, ...)
{
	va_list args;

	if (!log)
		return;
	va_start(args, format);
	say_limited(log, priority, about, format, args);
	va_end(args);
}

void log_limited(struct log *log, int priority, const char *id, const char *format, ...)
{
	va_list args;

	if (!log)
		return;
	va_start(args, format);
	say_limited(log, priority, &(struct log_about){.id = id}, format, args);
	va_end(args);
}

void log_source(struct log *log, int priority, const char *source, const char *id,
		const char *format, ...)
{
	va_list args;

	if (!log)
		return;
	va_start(args, format);
	say_limited(log, priority, &(struct log_about){.id = id, .source = source}, format, args);
	va_end(args);
}
