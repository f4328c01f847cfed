/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory belongs to somebody else, and holds as many files as its owner likes: of what can
 * happen to each, the journal gets one line a source, cause and minute.
 *
 *   first message: printed ── a minute ── some were held back: one of them, and how many
 *                                              └── a minute ── and so on, until none was
 *
 * A pair of source (or cluster) and cause is a row of a small table, which is freed behind a minute
 * in which nothing was held back. When there are more pairs than rows, a further source is counted
 * with all such sources, under its cause alone; for causes there is a row each. So the most that is
 * printed in a minute follows from the size of the table, whatever the sources do.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/unicode.h"
#include "ops/log_private.h"

#define WINDOW_US (60 * US_PER_S)

static void say_held(struct log *log, const struct log_window *window)
{
	const struct log_about *about = &window->about;

	if (window->held == 1)
		log_line(log, window->priority, about, "%s (held back for up to a minute)",
			 window->example);
	else
		log_line(log, window->priority, about,
			 "%s (suppressed %lu of %lu like it within a minute%s%s)", window->example,
			 window->held - 1, window->held, about->source[0] ? ", source " : "",
			 about->source);
}

static void drop(struct log *log, size_t index)
{
	if (log->windows[index].held > 0)
		say_held(log, &log->windows[index]);
	log->windows[index] = log->windows[--log->n_windows];
}

/* Backwards, since a row that is dropped leaves its place to the last one. */
void log_windows_close(struct log *log, uint64_t now_us)
{
	for (size_t i = log->n_windows; i-- > 0;) {
		struct log_window *window = &log->windows[i];

		if (now_us - window->started_us < WINDOW_US)
			continue;
		if (window->held == 0 || now_us == CLOCK_NEVER) {
			drop(log, i);
			continue;
		}
		say_held(log, window);
		window->held = 0;
		window->started_us = now_us;
	}
}

static struct log_window *find(struct log *log, const struct log_about *wanted)
{
	for (size_t i = 0; i < log->n_windows; i++) {
		const struct log_about *about = &log->windows[i].about;

		if (strcmp(about->cause, wanted->cause) == 0 &&
		    strcmp(about->source, wanted->source) == 0 &&
		    strcmp(about->cluster, wanted->cluster) == 0)
			return &log->windows[i];
	}
	return NULL;
}

/* The table is full of causes: more of them than the program has. */
static void make_room(struct log *log)
{
	size_t oldest = 0;

	for (size_t i = 1; i < log->n_windows; i++) {
		if (log->windows[i].started_us < log->windows[oldest].started_us)
			oldest = i;
	}
	drop(log, oldest);
}

static struct log_window *window_of(struct log *log, const struct log_about *about, uint64_t now_us)
{
	struct log_about wanted = {
		.id = about->id,
		.source = about->source ? about->source : "",
		.cluster = about->cluster ? about->cluster : "",
		.cause = about->cause ? about->cause : about->id,
	};
	struct log_window *window = find(log, &wanted);

	if (!window && (wanted.source[0] || wanted.cluster[0]) &&
	    log->n_windows >= LOG_WINDOWS_MAX - LOG_CAUSES_MAX) {
		wanted.source = wanted.cluster = "";
		window = find(log, &wanted);
	}
	if (window)
		return window;
	if (log->n_windows == LOG_WINDOWS_MAX)
		make_room(log);
	window = &log->windows[log->n_windows++];
	window->about = wanted;
	window->about.topic = window->topic;
	window->started_us = now_us;
	window->printed = 0;
	window->held = 0;
	return window;
}

static void keep_example(struct log_window *window, int priority, const char *format, va_list args)
{
	char text[LOG_EXAMPLE_MAX];
	int n = vsnprintf(text, sizeof text, format, args);
	size_t len;

	if (n >= (int)sizeof text)
		n = sizeof text - 1;
	len = unicode_show(window->example, sizeof window->example - 1,
			   (struct slice){text, n < 0 ? 0 : (size_t)n});
	window->example[len] = '\0';
	window->priority = priority;
}

bool log_windows_admit(struct log *log, int priority, const struct log_about *about,
		       unsigned int burst, uint64_t now_us, const char *format, va_list args)
{
	struct log_window *window = window_of(log, about, now_us);

	if (window->printed < burst) {
		window->printed++;
		return true;
	}
	if (window->held++ == 0) {
		snprintf(window->topic, sizeof window->topic, "%s",
			 about->topic ? about->topic : "");
		keep_example(window, priority, format, args);
	}
	return false;
}
