/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON object a line. The record comes first and what became of its line later, so the text is
 * begun by one call and ended by the other; on its way it waits in an arena.
 */
#include "cmd/preview/preview.h"

static void put(struct json *json, const char *text)
{
	json_put_raw(json, slice_of(text));
}

static void put_headers(struct json *json, const struct record *record)
{
	for (uint32_t i = 0; i < record->n_headers; i++) {
		put(json, i ? ",{\"name\":" : "{\"name\":");
		json_put_string(json, record->headers[i].name);
		put(json, ",\"value\":");
		json_put_string(json, record->headers[i].value);
		put(json, "}");
	}
}

/*
 * A number is written as text, since many readers of JSON round those above 2^53; key_type says of
 * which bytes it is the text.
 */
static void put_key(struct preview *preview, struct slice key)
{
	enum key_type type = route_key_type(preview->source->route);
	char text[KEYTYPE_SHOWN_MAX];

	json_put_string(&preview->json_text, keytype_show(type, key, text));
	if (type == KEY_STRING)
		return;
	put(&preview->json_text, ",\"key_type\":");
	json_put_string(&preview->json_text, slice_of(keytype_name(type)));
}

void preview_json_record(struct preview *preview, const struct record *record, int32_t partition)
{
	struct json *json = &preview->json_text;

	put(json, "{\"topic\":");
	json_put_string(json, slice_of(preview->conf->topics[record->topic]));
	put(json, ",\"partition\":");
	if (partition < 0)
		put(json, "null");
	else
		json_put_integer(json, partition);
	put(json, ",\"key\":");
	put_key(preview, record->key);
	put(json, ",\"headers\":[");
	put_headers(json, record);
	put(json, "],\"timestamp\":");
	json_put_integer(json, record->timestamp_ms);
	put(json, ",\"value\":");
	json_put_string(json, record->value);
}

/* Headers are not kept with a dead letter, and a partition was not chosen. */
static void put_dead_letter(struct preview *preview, const struct store_dead_letter *letter)
{
	struct json *json = &preview->json_text;

	put(json, "{\"topic\":");
	json_put_string(json, slice_of(letter->topic));
	put(json, ",\"partition\":null,\"key\":");
	put_key(preview, letter->key);
	put(json, ",\"headers\":[],\"timestamp\":");
	json_put_integer(json, letter->time_ms);
	put(json, ",\"value\":");
	json_put_string(json, letter->value);
	put(json, ",\"dead_letter\":");
	json_put_string(json, slice_of(letter->reason));
}

int preview_json_outcome(struct preview *preview, const struct preview_outcome *outcome)
{
	struct json *json = &preview->json_text;
	struct slice text;
	int r;

	if (outcome->dead) {
		put_dead_letter(preview, outcome->dead);
	} else if (outcome->left_out) {
		put(json, "{\"topic\":null,\"partition\":null,\"key\":null,\"headers\":[],"
			  "\"timestamp\":null,\"value\":");
		json_put_string(json, outcome->line);
	}
	if (outcome->redacted || outcome->withheld)
		put(json, outcome->redacted ? ",\"redacted\":true" : ",\"withheld\":true");
	put(json, outcome->matched ? ",\"matched\":true}\n" : ",\"matched\":false}\n");
	r = json_finish(json, &text);
	if (r)
		return r;
	fwrite_unlocked(text.at, 1, text.len, preview->to);
	arena_reset(&preview->json_arena);
	*json = (struct json){.arena = &preview->json_arena};
	return 0;
}
