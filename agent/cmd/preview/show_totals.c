/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands below the records: the totals, and how keys and bytes spread over the partitions. The
 * comparison (show_compare.c) stands there instead of the spread, and has some of its words.
 */
#include <inttypes.h>

#include "cmd/preview/preview.h"
#include "conf/output.h"

#define PARTITIONS_SHOWN 12
#define KEYS_SHOWN 10

double preview_percent(uint64_t part, uint64_t whole)
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

	/* No broker was asked how many there are. */
	fprintf(paper->to,
		"\n%spartition    records             bytes              keys  topic (%" PRId32
		" each)%s\n",
		paper->bold, preview->partitions, paper->plain);
	for (size_t i = 0; i < n; i++)
		fprintf(paper->to, "%9s %10" PRIu64 " %5.1f%% %12s %5.1f%% %10" PRIu64 "  %s\n",
			place_text(hot[i].partition, place, sizeof place), hot[i].records,
			preview_percent(hot[i].records, total->records),
			size_text(hot[i].bytes, size, sizeof size),
			preview_percent(hot[i].bytes, total->bytes), hot[i].keys,
			conf_topic_name(preview->conf, hot[i].topic));
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
			preview_percent(hot[i].records, total->records),
			size_text(hot[i].bytes, size, sizeof size),
			preview_percent(hot[i].bytes, total->bytes), paper->key);
		paper_print(paper, hot[i].text, SIZE_MAX);
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
	size_t n;
	const struct counter *rows = counters_all(&n);

	for (size_t i = 0; i < n; i++) {
		uint64_t count = counter_value(counters, &rows[i]);
		const char *behind = rows[i].shown ? strchr(rows[i].shown, '|') : NULL;

		if (count && behind)
			fprintf(to, "; %" PRIu64 " %.*s%s%s", count, (int)(behind - rows[i].shown),
				rows[i].shown, count == 1 ? "" : "s", behind + 1);
	}
}

/* Which rules left lines out. */
static void print_rules(FILE *to, const struct preview *preview)
{
	for (size_t i = 0; i < preview->conf->n_rules; i++) {
		uint64_t lines = pipeline_rule_lines(preview->pipeline, i);

		if (lines)
			print_count(to, "; of these ", lines, "line", " by rule ");
		if (lines)
			fputs(preview->conf->rules[i], to);
	}
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
	print_rules(to, preview);
	if (total.placeless)
		print_count(to, "; ", total.placeless, "record",
			    " held: partitioner.rules need more partitions");
	fputc('\n', to);
}

void preview_show_spread(const struct preview *preview)
{
	struct spread_total total = spread_total(preview->spread);

	if (total.records == 0)
		return;
	show_partitions(preview, &total);
	show_keys(preview, &total);
}
