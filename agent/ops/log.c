/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages go to stderr and to nowhere else: systemd, a container or a terminal each know what to
 * do with it. When the journal owns it (JOURNAL_STREAM names its device and inode), a line starts
 * with the priority as "<N>"; otherwise with words.
 */
#include "ops/log.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "ops/log_private.h"

/* Of what belongs to no source: few things, each of which an operator may have to know. */
#define BURST 5

int log_level_of(const char *name)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {
		{"debug", LOG_DEBUG},     {"info", LOG_INFO}, {"notice", LOG_NOTICE},
		{"warning", LOG_WARNING}, {"error", LOG_ERR},
	};

	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		if (strcmp(levels[i].name, name) == 0)
			return levels[i].level;
	}
	return -1;
}

struct log *log_new(int level)
{
	struct log *log = calloc(1, sizeof *log);

	if (log) {
		log->level = level;
		log->journal = log_line_to_journal();
	}
	return log;
}

struct log *log_free(struct log *log)
{
	if (log) {
		log_windows_close(log, CLOCK_NEVER);
		log_line_dropped(log);
		free(log);
	}
	return NULL;
}

void log_tick(struct log *log)
{
	if (log)
		log_windows_close(log, clock_mono_us());
}

void log_say(struct log *log, int priority, const char *format, ...)
{
	va_list args;

	if (!log)
		return;
	log_tick(log);
	va_start(args, format);
	log_line_args(log, priority, format, args);
	va_end(args);
}

static void say_limited(struct log *log, int priority, const char *source, const char *cause,
			unsigned int burst, const char *format, va_list args)
{
	uint64_t now_us = clock_mono_us();
	va_list copy;

	log_windows_close(log, now_us);
	if (priority > log->level)
		return;
	va_copy(copy, args);
	if (log_windows_admit(log, priority, source, cause, burst, now_us, format, copy))
		log_line_args(log, priority, format, args);
	va_end(copy);
}

void log_limited(struct log *log, int priority, const char *cause, const char *format, ...)
{
	va_list args;

	if (!log)
		return;
	va_start(args, format);
	say_limited(log, priority, "", cause, BURST, format, args);
	va_end(args);
}

void log_source(struct log *log, int priority, const char *source, const char *cause,
		const char *format, ...)
{
	va_list args;

	if (!log)
		return;
	va_start(args, format);
	say_limited(log, priority, source, cause, 1, format, args);
	va_end(args);
}
