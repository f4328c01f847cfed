/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The comparison as three tables of at most 80 columns: what it comes to, the partitions one by
 * one, the hottest keys. Records are not shown with it: who compares has thousands of lines, and
 * wants to know which of two settings to take.
 */
#include <inttypes.h>

#include "cmd/preview/preview.h"
#include "conf/output.h"

#define PARTITIONS_SHOWN 24
#define KEYS_SHOWN 20
#define TOPICS_SHOWN 8

/* Columns of a key, behind the numbers. */
#define KEY_COLUMNS 26

static void show_clients(const struct preview *preview, uint32_t topic,
			 const struct compare_client *clients, uint64_t keys)
{
	const struct paper *paper = &preview->paper;
	double mean = (double)clients[0].records / preview->partitions;

	fprintf(paper->to,
		"\n%stopic %s, %" PRId32 " partitions%s: %" PRIu64 " records with %" PRIu64
		" keys\n",
		paper->bold, conf_topic_name(preview->conf, topic), preview->partitions,
		paper->plain, clients[0].records, keys);
	fprintf(paper->to,
		"%sclient       keys elsewhere    records elsewhere      fullest partition  "
		"empty%s\n",
		paper->bold, paper->plain);
	for (size_t i = 0; i < COMPARE_CLIENTS; i++) {
		const struct compare_client *c = &clients[i];

		fprintf(paper->to, "%-10s", c->name);
		if (i)
			fprintf(paper->to, " %9" PRIu64 " %5.1f%% %12" PRIu64 " %5.1f%%",
				c->keys_elsewhere, preview_percent(c->keys_elsewhere, keys),
				c->records_elsewhere,
				preview_percent(c->records_elsewhere, c->records));
		else
			fprintf(paper->to, "%37s", "");
		fprintf(paper->to, " %6" PRId32 " %5.1f%% x %5.2f %6" PRId32 "\n", c->fullest,
			preview_percent(c->fullest_records, c->records),
			(double)c->fullest_records / mean, c->empty);
	}
}

static void show_partitions(const struct preview *preview, uint32_t topic,
			    const struct compare_client *clients)
{
	const struct paper *paper = &preview->paper;

	fprintf(paper->to, "\n%spartition", paper->bold);
	for (size_t i = 0; i < COMPARE_CLIENTS; i++)
		fprintf(paper->to, "  %10s", clients[i].name);
	fprintf(paper->to, "%s\n", paper->plain);
	for (int32_t k = 0; k < preview->partitions && k < PARTITIONS_SHOWN; k++) {
		fprintf(paper->to, "%9" PRId32, k);
		for (size_t i = 0; i < COMPARE_CLIENTS; i++)
			fprintf(paper->to, "  %9.1f%%",
				preview_percent(compare_records(preview->compare, topic, i, k),
						clients[i].records));
		fputc('\n', paper->to);
	}
	if (preview->partitions > PARTITIONS_SHOWN)
		fprintf(paper->to, "and %" PRId32 " more\n",
			preview->partitions - PARTITIONS_SHOWN);
}

/* A partition's number, "any" for a client that draws lots, "-" where waybill would hold it. */
static void print_place(FILE *to, int32_t partition, const char *none, int columns)
{
	if (partition < 0)
		fprintf(to, "%*s", columns, none);
	else
		fprintf(to, "%*" PRId32, columns, partition);
}

static void show_keys(const struct preview *preview, const struct spread_total *total)
{
	static const int columns[SPREAD_CLIENTS] = {7, 11, 7, 7};
	const struct paper *paper = &preview->paper;
	struct spread_key hot[KEYS_SHOWN];
	size_t n = spread_keys(preview->spread, hot, ARRAY_LEN(hot));

	fprintf(paper->to,
		"\n%s   records  waybill   Java librdkafka sarama  CRC32  hottest keys%s\n",
		paper->bold, paper->plain);
	for (size_t i = 0; i < n; i++) {
		fprintf(paper->to, "%10" PRIu64, hot[i].records);
		print_place(paper->to, hot[i].partition, "-", 9);
		for (size_t k = 0; k < SPREAD_CLIENTS; k++)
			print_place(paper->to, hot[i].elsewhere[k], "any", columns[k]);
		fprintf(paper->to, "  %s", paper->key);
		paper_print(paper, hot[i].text, KEY_COLUMNS);
		fprintf(paper->to, "%s\n", paper->plain);
	}
	preview_show_more_keys(paper->to, total, n);
}

void preview_show_comparison(const struct preview *preview)
{
	struct spread_total total = spread_total(preview->spread);
	struct compare_client clients[COMPARE_CLIENTS];
	FILE *to = preview->paper.to;
	size_t shown = 0, more = 0;

	for (uint32_t topic = 0; topic < preview->conf->n_topics; topic++) {
		compare_topic(preview->compare, topic, clients);
		if (!clients[0].records)
			continue;
		if (shown == TOPICS_SHOWN) {
			more++;
			continue;
		}
		shown++;
		show_clients(preview, topic, clients, spread_topic_keys(preview->spread, topic));
		show_partitions(preview, topic, clients);
	}
	if (more)
		fprintf(to, "\nand %zu more topics\n", more);
	if (!shown) {
		fputs("\nNo record has a key: there is nothing to compare.\n", to);
		return;
	}
	show_keys(preview, &total);
	fputs("\nelsewhere: to another partition than waybill's. fullest partition: its share of\n"
	      "the records, and of the mean. partitioner.hash = \"murmur2\" goes with Java,\n"
	      "\"crc32\" with librdkafka and CRC32, \"fnv1a\" with sarama.\n",
	      to);
}
