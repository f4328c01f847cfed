/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hides in names is shown before it is escaped (unicode_show), so a reader of the JSON sees
 * \xHH as everybody else does, and one who decodes it can print it. Then only quotes and
 * backslashes take more room, and what has too little is shown once more in less.
 */
#include "base/clock.h"
#include "base/iso_time.h"
#include "base/json.h"
#include "base/unicode.h"
#include "ops/log_private.h"

/* How many bytes of what was shown have no more than `room` when they are escaped. */
static size_t fitting(struct slice text, size_t room)
{
	size_t i = 0;

	for (size_t used = 0; i < text.len; i++) {
		used += text.at[i] == '"' || text.at[i] == '\\' ? 2 : 1;
		if (used > room)
			break;
	}
	return i;
}

/* `text`, shown in at most `room` bytes of `to`, so that as JSON it has no more. */
static struct slice show(char *to, size_t room, struct slice text)
{
	size_t len = unicode_show(to, room, text);
	size_t fits = fitting((struct slice){to, len}, room);

	if (fits < len)
		len = unicode_show(to, fits, text);
	return (struct slice){to, len};
}

static void put_member(struct json *json, const char *name, const char *value)
{
	char shown[LOG_LINE_MAX / 8];

	if (!value || !value[0])
		return;
	json_put_text(json, ",\"");
	json_put_text(json, name);
	json_put_text(json, "\":");
	json_put_string(json, show(shown, sizeof shown, slice_of(value)));
}

struct slice log_json(struct log *log, int priority, const struct log_about *about,
		      struct slice text)
{
	char time[ISO_TIME_LEN], shown[LOG_LINE_MAX];
	struct json json = {.arena = &log->arena};
	struct slice line;

	arena_reset(&log->arena);
	json_reserve(&json, LOG_LINE_MAX);
	json_put_text(&json, "{\"time\":");
	json_put_string(&json, iso_time_print(clock_real_ms(), time));
	put_member(&json, "level", log_level_name(priority));
	put_member(&json, "id", about->id);
	put_member(&json, "source", about->source);
	put_member(&json, "cluster", about->cluster);
	put_member(&json, "topic", about->topic);
	json_put_text(&json, ",\"message\":");
	json_put_string(&json,
			show(shown, LOG_LINE_MAX - (size_t)(json.at - json.start) - 2 - 2, text));
	json_put_text(&json, "}\n");
	return json_finish(&json, &line) == 0 ? line : SLICE_NONE;
}
