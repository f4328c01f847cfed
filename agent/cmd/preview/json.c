/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON object a line. The record comes first and what became of its line later, so the text is
 * begun by one call and ended by the other; on its way it waits in an arena.
 */
#include "cmd/preview/preview.h"

static void put_headers(struct json *json, const struct record *record)
{
	for (uint32_t i = 0; i < record->n_headers; i++) {
		json_put_text(json, i ? ",{\"name\":" : "{\"name\":");
		json_put_string(json, record->headers[i].name);
		json_put_text(json, ",\"value\":");
		json_put_string(json, record->headers[i].value);
		json_put_text(json, "}");
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
	json_put_text(&preview->json_text, ",\"key_type\":");
	json_put_string(&preview->json_text, slice_of(keytype_name(type)));
}

static void put_record(struct preview *preview, const char *topic, const struct record *record,
		       int32_t partition)
{
	struct json *json = &preview->json_text;
	uint32_t cluster = preview->source->cluster;

	json_put_text(json, "{");
	if (preview->conf->n_clusters > 1) {
		json_put_text(json, "\"cluster\":");
		json_put_string(json, slice_of(preview->conf->clusters[cluster].name));
		json_put_text(json, ",");
	}
	json_put_text(json, "\"topic\":");
	json_put_string(json, slice_of(topic));
	json_put_text(json, ",\"partition\":");
	json_put_natural(json, partition);
	json_put_text(json, ",\"key\":");
	put_key(preview, record->key);
	json_put_text(json, ",\"headers\":[");
	put_headers(json, record);
	json_put_text(json, "],\"timestamp\":");
	json_put_integer(json, record->timestamp_ms);
	json_put_text(json, ",\"value\":");
	json_put_string(json, record->value);
}

void preview_json_record(struct preview *preview, const struct record *record, int32_t partition)
{
	put_record(preview, preview->conf->topics[record->topic], record, partition);
}

/* Headers are not kept with a dead letter, and a partition was not chosen. */
static void put_dead_letter(struct preview *preview, const struct store_dead_letter *letter)
{
	struct record record = {
		.key = letter->key, .value = letter->value, .timestamp_ms = letter->time_ms};

	put_record(preview, letter->topic, &record, -1);
	json_put_text(&preview->json_text, ",\"dead_letter\":");
	json_put_string(&preview->json_text, slice_of(letter->reason));
}

int preview_json_outcome(struct preview *preview, const struct pipeline_line *line)
{
	const struct outcome *outcome = &line->outcome;
	struct json *json = &preview->json_text;
	struct slice text;
	int r;

	if (outcome_has(outcome, OUTCOME_LEFT_OUT)) {
		json_put_text(json,
			      "{\"topic\":null,\"partition\":null,\"key\":null,\"headers\":[],"
			      "\"timestamp\":null,\"value\":");
		json_put_string(json, line->text);
	} else if (line->why) {
		put_dead_letter(preview, preview->letters.items);
	}
	if (outcome_has(outcome, OUTCOME_REDACTED))
		json_put_text(json, ",\"redacted\":true");
	if (outcome_has(outcome, OUTCOME_WITHHELD))
		json_put_text(json, ",\"withheld\":true");
	json_put_text(json, outcome_has(outcome, OUTCOME_UNMATCHED) ? ",\"matched\":false}\n" :
								      ",\"matched\":true}\n");
	r = json_finish(json, &text);
	if (r)
		return r;
	fwrite_unlocked(text.at, 1, text.len, preview->to);
	arena_reset(&preview->json_arena);
	*json = (struct json){.arena = &preview->json_arena};
	return 0;
}
