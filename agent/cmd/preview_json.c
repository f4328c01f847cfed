/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON object a line, written as the record is seen and never built in memory: a tree of a
 * library's objects would take a dozen allocations for each line, more time than all the rest, and
 * would refuse the bytes that logs are full of. Writing JSON is the easy half: what must be right
 * is the text of strings. It is always valid UTF-8; each maximal piece of bytes that is none
 * becomes one U+FFFD, as most decoders do it, so a comparison with another program's reading holds.
 */
#include <inttypes.h>

#include "cmd/preview_private.h"

/* Length of the UTF-8 sequence at `at`, or, negated, of the piece that can be none. */
static int sequence(const unsigned char *at, size_t len)
{
	unsigned char low = 0x80, high = 0xbf; /* what the second byte may be */
	int more = at[0] >= 0xf0 ? 3 : at[0] >= 0xe0 ? 2 : 1;

	if (at[0] < 0xc2 || at[0] > 0xf4)
		return -1;
	if (at[0] == 0xe0)
		low = 0xa0;
	else if (at[0] == 0xed)
		high = 0x9f;
	else if (at[0] == 0xf0)
		low = 0x90;
	else if (at[0] == 0xf4)
		high = 0x8f;
	for (int i = 1; i <= more; i++) {
		if ((size_t)i == len || at[i] < low || at[i] > high)
			return -i;
		low = 0x80;
		high = 0xbf;
	}
	return more + 1;
}

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

static void escape(FILE *to, unsigned char c)
{
	switch (c) {
	case '"':
		fputs("\\\"", to);
		break;
	case '\\':
		fputs("\\\\", to);
		break;
	case '\t':
		fputs("\\t", to);
		break;
	default:
		fprintf(to, "\\u%04x", c);
	}
}

static void put_string(FILE *to, struct slice text)
{
	const unsigned char *at = (const unsigned char *)text.at, *end = at + text.len;

	putc_unlocked('"', to);
	while (at < end) {
		const unsigned char *run = at;
		int n;

		/* Plain bytes and whole sequences go out in one piece. */
		while (at < end && is_plain(*at))
			at++;
		if (at > run)
			fwrite_unlocked(run, 1, (size_t)(at - run), to);
		if (at == end)
			break;
		if (*at < 0x80) {
			escape(to, *at++);
			continue;
		}
		n = sequence(at, (size_t)(end - at));
		if (n > 0)
			fwrite_unlocked(at, 1, (size_t)n, to);
		else
			fputs_unlocked("\xef\xbf\xbd", to);
		at += n > 0 ? n : -n;
	}
	putc_unlocked('"', to);
}

static void put_nullable(FILE *to, struct slice text)
{
	if (text.at)
		put_string(to, text);
	else
		fputs_unlocked("null", to);
}

static void put_headers(FILE *to, const struct record *record)
{
	for (uint32_t i = 0; i < record->n_headers; i++) {
		fputs_unlocked(i ? ",{\"name\":" : "{\"name\":", to);
		put_string(to, record->headers[i].name);
		fputs_unlocked(",\"value\":", to);
		put_nullable(to, record->headers[i].value);
		putc_unlocked('}', to);
	}
}

void preview_json_record(struct preview *preview, const struct record *record, int32_t partition)
{
	FILE *to = preview->to;

	fputs_unlocked("{\"topic\":", to);
	put_string(to, slice_of(preview->conf->topics[record->topic]));
	fprintf(to, ",\"partition\":%" PRId32 ",\"key\":", partition);
	put_nullable(to, record->key);
	fputs_unlocked(",\"headers\":[", to);
	put_headers(to, record);
	fprintf(to, "],\"timestamp\":%" PRId64 ",\"value\":", record->timestamp_ms);
	put_nullable(to, record->value);
}

/* Headers are not kept with a dead letter, and a partition was not chosen. */
static void put_dead_letter(FILE *to, const struct store_dead_letter *letter)
{
	fputs_unlocked("{\"topic\":", to);
	put_string(to, slice_of(letter->topic));
	fputs_unlocked(",\"partition\":null,\"key\":", to);
	put_nullable(to, letter->key);
	fprintf(to, ",\"headers\":[],\"timestamp\":%" PRId64 ",\"value\":", letter->time_ms);
	put_nullable(to, letter->value);
	fputs_unlocked(",\"dead_letter\":", to);
	put_string(to, slice_of(letter->reason));
}

void preview_json_outcome(struct preview *preview, const struct preview_outcome *outcome)
{
	FILE *to = preview->to;

	if (outcome->dead) {
		put_dead_letter(to, outcome->dead);
	} else if (outcome->left_out) {
		fputs_unlocked("{\"topic\":null,\"partition\":null,\"key\":null,\"headers\":[],"
			       "\"timestamp\":null,\"value\":",
			       to);
		put_string(to, outcome->line);
	}
	fputs_unlocked(outcome->matched ? ",\"matched\":true}\n" : ",\"matched\":false}\n", to);
}
