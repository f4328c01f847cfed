/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records for people. Unlike the demo's, nothing is cut: who previews wants to see the whole key
 * and the whole value, and a terminal wraps. The one exception is a line that did not match: there
 * the place where the pattern stopped counts, so a window around it is shown, with a mark below
 * that also works where there are no colours.
 */
#include <inttypes.h>

#include "cmd/preview/preview.h"

#define INDENT 11 /* "  headers  " */
#define PARTITIONS_SHOWN 12
#define KEYS_SHOWN 10

/* To find where a miss stops takes some matches more; nobody reads more of them than this. */
#define MISSES_EXPLAINED 10000

/* The whole text. Printable ASCII, which is nearly all of it, goes out in one piece. */
static void print_text(const struct paper *paper, struct slice text)
{
	while (text.len > 0) {
		size_t n = 0;

		while (n < text.len && text.at[n] >= ' ' && text.at[n] < 0x7f)
			n++;
		fwrite_unlocked(text.at, 1, n, paper->to);
		text = (struct slice){text.at + n, text.len - n};
		for (n = 0; n < text.len && !(text.at[n] >= ' ' && text.at[n] < 0x7f); n++)
			;
		if (n > 0)
			paper_print(paper, (struct slice){text.at, n}, SIZE_MAX);
		text = (struct slice){text.at + n, text.len - n};
	}
}

static void print_label(const struct paper *paper, const char *label)
{
	fprintf(paper->to, "  %s%-*s%s", paper->dim, INDENT - 2, label, paper->plain);
}

/* A second's text serves all records of that second. */
static void print_time(struct preview *preview, int64_t timestamp_ms)
{
	const struct paper *paper = &preview->paper;
	time_t second = (time_t)(timestamp_ms / 1000);
	struct tm utc;

	if (second != preview->second) {
		gmtime_r(&second, &utc);
		strftime(preview->second_text, sizeof preview->second_text, "%Y-%m-%dT%H:%M:%S",
			 &utc);
		preview->second = second;
	}
	fprintf(paper->to, "%s%s.%03dZ%s", paper->dim, preview->second_text,
		(int)(timestamp_ms % 1000), paper->plain);
}

/* "name=value"s, a new line before each that would cross the right edge. */
static void print_headers(const struct paper *paper, const struct record *record)
{
	size_t used = INDENT;

	print_label(paper, "headers");
	for (uint32_t i = 0; i < record->n_headers; i++) {
		const struct header *header = &record->headers[i];
		size_t need = header->name.len + header->value.len + 1;

		if (i > 0 && used + need + 1 > paper->width) {
			fprintf(paper->to, "\n%*s", INDENT, "");
			used = INDENT;
		} else if (i > 0) {
			fputc(' ', paper->to);
		}
		used += need + 1;
		print_text(paper, header->name);
		fputc('=', paper->to);
		if (header->value.at)
			print_text(paper, header->value);
		else
			fprintf(paper->to, "%s(null)%s", paper->dim, paper->plain);
	}
	fputc('\n', paper->to);
}

static void print_key(const struct preview *preview, struct slice key)
{
	const struct paper *paper = &preview->paper;
	enum key_type type = route_key_type(preview->source->route);
	char text[KEYTYPE_SHOWN_MAX];

	fputs("  key ", paper->to);
	if (key.at && key.len) {
		fputs(paper->key, paper->to);
		print_text(paper, keytype_show(type, key, text));
		fputs(paper->plain, paper->to);
		if (type != KEY_STRING)
			fprintf(paper->to, " %s%s%s", paper->dim, keytype_name(type), paper->plain);
	} else {
		fprintf(paper->to, "%s%s%s", paper->dim, key.at ? "(empty)" : "(none)",
			paper->plain);
	}
	fputc('\n', paper->to);
}

void preview_show_record(struct preview *preview, const struct record *record, int32_t partition)
{
	const struct paper *paper = &preview->paper;

	fprintf(paper->to, "%s%s  ", paper->bold, preview->conf->topics[record->topic]);
	if (partition < 0)
		fputs("no partition, held", paper->to);
	else
		fprintf(paper->to, "partition %" PRId32, partition);
	fprintf(paper->to, "%s  ", paper->plain);
	print_time(preview, record->timestamp_ms);
	print_key(preview, record->key);
	if (record->n_headers > 0)
		print_headers(paper, record);
	print_label(paper, "value");
	print_text(paper, record->value);
	fputc('\n', paper->to);
}

/* Drops bytes from the front until it fits into `columns`, not within a UTF-8 sequence. */
static struct slice end_of(struct slice text, size_t columns)
{
	size_t cut = text.len > columns ? text.len - columns : 0;

	while (cut < text.len && cut > 0 && (text.at[cut] & 0xc0) == 0x80)
		cut++;
	return (struct slice){text.at + cut, text.len - cut};
}

static void repeat(FILE *to, char c, size_t n)
{
	while (n-- > 0)
		fputc(c, to);
}

/* The line around the byte where the longest match stopped, and a mark below it. */
static void show_stop(const struct preview *preview, struct slice line, size_t start, size_t end)
{
	const struct paper *paper = &preview->paper;
	size_t room = paper->width - INDENT, blank = 0, agreed;
	struct slice before = {line.at, start};
	struct slice piece = {line.at + start, end - start};
	struct slice rest = {line.at + end, line.len - end};

	if (end > room / 2) {
		piece = end_of(piece, room / 2);
		before = end_of(before, room / 2 - piece.len);
		fputs("...", paper->to);
		blank = 3;
		room -= 3;
	}
	blank += paper_print(paper, before, room);
	fputs(preview->good, paper->to);
	agreed = paper_print(paper, piece, room - blank);
	fputs(paper->plain, paper->to);
	fputs(preview->bad, paper->to);
	if (blank + agreed + 3 < room)
		paper_print(paper, rest, room - blank - agreed);
	fprintf(paper->to, "%s\n%*s", paper->plain, (int)(INDENT + blank), "");
	repeat(paper->to, '~', agreed);
	fputs("^ ", paper->to);
}

static void show_miss(const struct preview *preview, const struct preview_outcome *outcome)
{
	const struct paper *paper = &preview->paper;
	struct slice line = outcome->line;
	size_t start, end;

	fprintf(paper->to, "  %s%-*s%s", preview->bad, INDENT - 2, "no match", paper->plain);
	if (outcome->limited) {
		fputs("the pattern needs too many steps for this line and gave up\n", paper->to);
		return;
	}
	if (preview->counters.lines_unmatched > MISSES_EXPLAINED) {
		fprintf(paper->to, "(only the first %d show where)\n", MISSES_EXPLAINED);
		return;
	}
	pattern_furthest(preview->source->parser, preview->scratch, line, &start, &end);
	show_stop(preview, line, start, end);
	if (end == line.len)
		fprintf(paper->to, "the line ends too early\n");
	else
		fprintf(paper->to, "the pattern stops, byte %zu\n", end + 1);
}

void preview_show_outcome(struct preview *preview, const struct preview_outcome *outcome)
{
	const struct paper *paper = &preview->paper;

	if (outcome->dead) {
		fprintf(paper->to, "%s(dead letter)%s  %s\n", paper->bold, paper->plain,
			outcome->dead->reason);
		print_label(paper, "value");
		print_text(paper, outcome->dead->value);
		fputc('\n', paper->to);
	}
	if (outcome->left_out) {
		fprintf(paper->to, "%s(left out)%s  by on_no_match = \"skip\"\n", paper->bold,
			paper->plain);
		print_label(paper, "line");
		print_text(paper, outcome->line);
		fputc('\n', paper->to);
	}
	if (outcome->time_note && outcome->matched && !outcome->left_out) {
		print_label(paper, "time");
		fprintf(paper->to, "%s\n", outcome->time_note);
	}
	if (outcome->redacted) {
		print_label(paper, "redacted");
		fputs("a rule of redact replaced a part of the line\n", paper->to);
	}
	if (outcome->withheld)
		fprintf(paper->to,
			"  %s%-*s%sa rule of redact needs too many steps for this line and gave "
			"up\n",
			preview->bad, INDENT - 2, "withheld", paper->plain);
	else if (!outcome->matched)
		show_miss(preview, outcome);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* "12", "3.4 KiB": in at most 10 columns. */
static const char *size_text(uint64_t bytes, char *text, size_t len)
{
	static const char *const units[] = {"", " KiB", " MiB", " GiB", " TiB"};
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 1024 && unit < ARRAY_LEN(units) - 1; unit++)
		value /= 1024;
	snprintf(text, len, unit ? "%.1f%s" : "%.0f%s", value, units[unit]);
	return text;
}

/* A partition's number, "-" for none. */
static const char *place_text(int32_t partition, char *text, size_t len)
{
	snprintf(text, len, partition < 0 ? "-" : "%" PRId32, partition);
	return text;
}

static void show_partitions(const struct preview *preview, const struct spread_total *total)
{
	const struct paper *paper = &preview->paper;
	struct spread_partition hot[PARTITIONS_SHOWN];
	size_t n = spread_partitions(preview->spread, hot, ARRAY_LEN(hot));
	char size[32], place[16];

	fprintf(paper->to,
		"\n%spartition    records             bytes              keys  topic%s\n",
		paper->bold, paper->plain);
	for (size_t i = 0; i < n; i++)
		fprintf(paper->to, "%9s %10" PRIu64 " %5.1f%% %12s %5.1f%% %10" PRIu64 "  %s\n",
			place_text(hot[i].partition, place, sizeof place), hot[i].records,
			percent(hot[i].records, total->records),
			size_text(hot[i].bytes, size, sizeof size),
			percent(hot[i].bytes, total->bytes), hot[i].keys,
			preview->conf->topics[hot[i].topic]);
	if (total->partitions_used > n)
		fprintf(paper->to, "and %zu more\n", total->partitions_used - n);
}

void preview_show_more_keys(FILE *to, const struct spread_total *total, size_t n)
{
	if (total->keys > n)
		fprintf(to, "and %" PRIu64 " more keys\n", total->keys - n);
	if (total->others)
		fprintf(to,
			"%" PRIu64
			" records have other keys: only the first %d are counted singly\n",
			total->others, SPREAD_KEYS_MAX);
}

static void show_keys(const struct preview *preview, const struct spread_total *total)
{
	const struct paper *paper = &preview->paper;
	struct spread_key hot[KEYS_SHOWN];
	size_t n = spread_keys(preview->spread, hot, ARRAY_LEN(hot));
	char size[32], place[16];

	if (n == 0)
		return;
	fprintf(paper->to, "\n%spartition    records             bytes        hottest keys%s\n",
		paper->bold, paper->plain);
	for (size_t i = 0; i < n; i++) {
		fprintf(paper->to, "%9s %10" PRIu64 " %5.1f%% %12s %5.1f%%  %s",
			place_text(hot[i].partition, place, sizeof place), hot[i].records,
			percent(hot[i].records, total->records),
			size_text(hot[i].bytes, size, sizeof size),
			percent(hot[i].bytes, total->bytes), paper->key);
		print_text(paper, hot[i].text);
		fprintf(paper->to, "%s%s\n", paper->plain,
			hot[i].length > hot[i].text.len ? "..." : "");
	}
	preview_show_more_keys(paper->to, total, n);
}

static void print_count(FILE *to, const char *before, uint64_t n, const char *what,
			const char *behind)
{
	fprintf(to, "%s%" PRIu64 " %s%s%s", before, n, what, n == 1 ? "" : "s", behind);
}

/* What the counters of run would have counted, where it is not nothing. */
static void print_exceptions(FILE *to, const struct counters *counters)
{
	const struct {
		uint64_t n;
		const char *what, *behind;
	} rows[] = {
		{counters->lines_limited, "line", " too hard for the pattern"},
		{counters->lines_filtered, "line", " left out"},
		{counters->lines_redacted, "line", " redacted"},
		{counters->lines_withheld, "line", " withheld"},
		{counters->lines_dead, "dead letter", ""},
		{counters->keys_invalid, "key", " not of key_type"},
		{counters->partitions_bad, "partition", " that the topic has not"},
		{counters->lines_truncated, "line", " cut at max_line"},
		{counters->headers_missing, "header", " whose field was missing"},
		{counters->headers_too_large, "header", " left out: headers_max_bytes"},
		{counters->headers_invalid, "header", " left out: no valid traceparent"},
		{counters->topics_fallback, "record", " to the fallback topic"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].n)
			print_count(to, "; ", rows[i].n, rows[i].what, rows[i].behind);
}

void preview_show_summary(const struct preview *preview)
{
	const struct counters *counters = &preview->counters;
	struct spread_total total = spread_total(preview->spread);
	FILE *to = preview->paper.to;

	print_count(to, counters->lines_read ? "\n" : "", counters->lines_read, "line", "");
	if (preview->source->parser)
		fprintf(to, ": matched %" PRIu64 ", not matched %" PRIu64,
			counters->lines_read - counters->lines_unmatched,
			counters->lines_unmatched);
	print_count(to, "\n", total.records, "record", "");
	fprintf(to, ", without a key %" PRIu64, total.keyless);
	print_exceptions(to, counters);
	if (total.placeless)
		print_count(to, "; ", total.placeless, "record",
			    " held: partitioner.rules need more partitions");
	fputc('\n', to);
	if (preview->compare) {
		preview_show_comparison(preview, &total);
	} else if (total.records > 0) {
		show_partitions(preview, &total);
		show_keys(preview, &total);
	}
}
