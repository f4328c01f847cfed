/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON object a line. The record comes first and what became of its line later, so the text is
 * begun by one call and ended by the other; on its way it waits in an arena.
 */
#include "cmd/preview/preview.h"
#include "conf/output.h"

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
static void put_key(struct preview *preview, struct slice key, uint32_t topic)
{
	enum key_type type = preview_key_type(preview, topic);
	char text[KEYTYPE_SHOWN_MAX];

	json_put_string(&preview->json_text, keytype_show(type, key, text));
	if (type == KEY_STRING)
		return;
	json_put_text(&preview->json_text, ",\"key_type\":");
	json_put_string(&preview->json_text, slice_of(keytype_name(type)));
}

static void put_record(struct preview *preview, const struct record *record, int32_t partition)
{
	const struct conf *conf = preview->conf;
	struct json *json = &preview->json_text;

	json_put_text(json, "{");
	if (conf->n_clusters > 1) {
		json_put_text(json, "\"cluster\":");
		json_put_string(json, slice_of(conf->cluster_names[record->topic]));
		json_put_text(json, ",");
	}
	json_put_text(json, "\"topic\":");
	json_put_string(json, slice_of(conf->topics[record->topic]));
	json_put_text(json, ",\"partition\":");
	json_put_natural(json, partition);
	json_put_text(json, ",\"key\":");
	put_key(preview, record->key, record->topic);
	json_put_text(json, ",\"headers\":[");
	put_headers(json, record);
	json_put_text(json, "],\"timestamp\":");
	json_put_integer(json, record->timestamp_ms);
	json_put_text(json, ",\"value\":");
	json_put_string(json, record->value);
}

/* Another record of the line is about to begin. 0 or -ENOMEM. */
static int set_aside(struct preview *preview)
{
	int r = json_finish(&preview->json_text, &preview->begun[preview->n_begun]);

	if (r)
		return r;
	preview->n_begun += preview->begun[preview->n_begun].len > 0;
	preview->json_text = (struct json){.arena = &preview->json_arena};
	return 0;
}

int preview_json_record(struct preview *preview, const struct record *record, int32_t partition)
{
	int r = preview->source->n_also ? set_aside(preview) : 0;

	if (!r)
		put_record(preview, record, partition);
	return r;
}

/* Headers are not kept with a dead letter, and a partition was not chosen. */
static int put_dead_letter(struct preview *preview, const struct store_dead_letter *letter)
{
	bool several;
	struct record record = {
		.topic = (uint32_t)conf_find_topic(preview->conf, preview->source->name,
						   letter->topic, &several),
		.key = letter->key,
		.value = letter->value,
		.timestamp_ms = letter->time_ms,
	};
	int r = preview_json_record(preview, &record, -1);

	json_put_text(&preview->json_text, ",\"dead_letter\":");
	json_put_string(&preview->json_text, slice_of(letter->reason));
	return r;
}

/* The end of each object. */
static void write_object(const struct preview *preview, struct slice text,
			 const struct outcome *outcome)
{
	fwrite_unlocked(text.at, 1, text.len, preview->to);
	if (outcome_has(outcome, OUTCOME_REDACTED))
		fputs(",\"redacted\":true", preview->to);
	if (outcome_has(outcome, OUTCOME_WITHHELD))
		fputs(",\"withheld\":true", preview->to);
	fputs(outcome_has(outcome, OUTCOME_UNMATCHED) ? ",\"matched\":false}\n" :
							",\"matched\":true}\n",
	      preview->to);
}

int preview_json_outcome(struct preview *preview, const struct pipeline_line *line)
{
	const struct outcome *outcome = &line->outcome;
	struct json *json = &preview->json_text;
	struct slice text;
	int r = 0;

	if (outcome_has(outcome, OUTCOME_LEFT_OUT)) {
		json_put_text(json,
			      "{\"topic\":null,\"partition\":null,\"key\":null,\"headers\":[],"
			      "\"timestamp\":null,\"value\":");
		json_put_string(json, line->text);
	}
	for (size_t i = 0; i < preview->letters.n && !r; i++)
		r = put_dead_letter(preview, &preview->letters.items[i]);
	if (!r)
		r = json_finish(json, &text);
	if (r)
		return r;
	for (size_t i = 0; i < preview->n_begun; i++)
		write_object(preview, preview->begun[i], outcome);
	write_object(preview, text, outcome);
	preview->n_begun = 0;
	arena_reset(&preview->json_arena);
	*json = (struct json){.arena = &preview->json_arena};
	return 0;
}
