/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of a dead letter holds nothing of its line, unless that is asked for; then its bytes
 * are in base64, for they may be no text.
 */
#include "control/letter.h"

#include <string.h>

#include "base/base64.h"
#include "flow/headers.h"
#include "protocol/line.h"

static bool is_name(const struct request *request, const char *name)
{
	return name && (strcmp(request->about, name) == 0 ||
			(*request->path && strcmp(request->path, name) == 0));
}

bool letter_is_asked(const struct request *request, const struct store_dead_letter *letter)
{
	if (letter->id < request->first || letter->id > request->last)
		return false;
	return !*request->about || is_name(request, letter->source) ||
	       is_name(request, letter->topic) || is_name(request, letter->path);
}

static void put_bytes(struct json *to, const char *name, struct slice bytes)
{
	json_put_text(to, ",\"");
	json_put_text(to, name);
	json_put_text(to, "\":");
	base64_put(to, bytes);
}

/* A list of pairs: a name may be there twice. */
static void put_headers(struct json *to, struct slice bytes)
{
	struct record record = {0};
	const char *comma = "";

	json_put_text(to, ",\"headers\":");
	if (headers_unpack(bytes, &record)) {
		json_put_text(to, "null");
		return;
	}
	json_put_text(to, "[");
	for (uint32_t i = 0; i < record.n_headers; i++) {
		json_put_text(to, comma);
		json_put_text(to, "[");
		json_put_string(to, record.headers[i].name);
		json_put_text(to, ",");
		base64_put(to, record.headers[i].value);
		json_put_text(to, "]");
		comma = ",";
	}
	json_put_text(to, "]");
}

void letter_put(const struct store_dead_letter *letter, bool content, struct json *to)
{
	line_begin(to, "letter");
	line_number(to, "id", letter->id);
	line_text(to, "source", letter->source);
	line_text(to, "path", letter->path);
	line_number(to, "position", letter->position);
	line_text(to, "topic", letter->topic);
	line_natural(to, "partition", letter->partition);
	line_text(to, "reason", letter->reason);
	line_bool(to, "copied", letter->copied);
	line_natural(to, "time_ms", letter->time_ms);
	line_natural(to, "key_bytes", letter->key.at ? (int64_t)letter->key.len : -1);
	line_natural(to, "value_bytes", letter->value.at ? (int64_t)letter->value.len : -1);
	if (content) {
		put_bytes(to, "key", letter->key);
		put_bytes(to, "value", letter->value);
		put_headers(to, letter->headers);
	}
	line_end(to);
}
