/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dead letter as a record: once more as it was, or for a topic of dead letters. There a header
 * may be twice, if one of the line's own has the name of one of ours: ours is the last one then,
 * and that is what clients give who are asked by name.
 */
#include "pipeline/letter.h"

#include <inttypes.h>
#include <stdio.h>

#include "flow/headers.h"

int letter_record(const struct store_dead_letter *letter, uint32_t topic, struct record *ret_record)
{
	ret_record->topic = topic;
	ret_record->partition = letter->partition;
	ret_record->key = letter->key;
	ret_record->value = letter->value;
	ret_record->value_stays = false;
	ret_record->timestamp_ms = letter->time_ms;
	return headers_unpack(letter->headers, ret_record) ? LETTER_E_UNREADABLE : 0;
}

static void add(struct record *record, const char *name, const char *value)
{
	if (value && *value)
		record->headers[record->n_headers++] =
			(struct header){slice_of(name), slice_of(value)};
}

int letter_copy(const struct store_dead_letter *letter, uint32_t topic, int code, int64_t now_ms,
		struct letter_texts *texts, struct record *ret_record)
{
	if (letter_record(letter, topic, ret_record))
		return LETTER_E_UNREADABLE;
	*texts = (struct letter_texts){0};
	snprintf(texts->position, sizeof texts->position, "%" PRIu64, letter->position);
	snprintf(texts->time, sizeof texts->time, "%" PRId64, letter->time_ms);
	if (letter->partition >= 0)
		snprintf(texts->partition, sizeof texts->partition, "%" PRId32, letter->partition);
	if (code)
		snprintf(texts->code, sizeof texts->code, "%d", code);
	ret_record->partition = -1;
	ret_record->timestamp_ms = now_ms;
	add(ret_record, "waybill.letter.source", letter->source);
	add(ret_record, "waybill.letter.file", letter->path);
	add(ret_record, "waybill.letter.position", texts->position);
	add(ret_record, "waybill.letter.reason", letter->reason);
	add(ret_record, "waybill.letter.code", texts->code);
	add(ret_record, "waybill.letter.time", texts->time);
	add(ret_record, "waybill.letter.topic", letter->topic);
	add(ret_record, "waybill.letter.partition", texts->partition);
	return 0;
}
