/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill rows: the tables of facts, counters and settings as lines of text, which tests/docs.sh
 * makes the lists of the manual pages of. Not for users, so it is not in --help: but the program is
 * the only one that has read its tables as the compiler has, which a script would have to guess.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/cmd.h"
#include "control/metrics.h"
#include "ops/counters.h"
#include "parsers/facts.h"
#include "settings/options.h"

static const char *text(const char *text_or_null)
{
	return text_or_null ? text_or_null : "";
}

/* name|kind|help */
static void print_facts(void)
{
	static const char *const kinds[] = {"text", "number", "time", "text", "text"};
	size_t n;
	const struct fact *facts = facts_all(&n);

	for (size_t i = 0; i < n; i++)
		printf("%s|%s|%s\n", facts[i].name, kinds[facts[i].kind], facts[i].help);
}

/* name|kind|help */
static void print_counters(void)
{
	size_t n;
	const struct counter *rows = counters_all(&n);

	for (size_t i = 0; i < n; i++)
		printf("%s|%s|%s\n", rows[i].name, rows[i].kind == COUNTER_NOW ? "now" : "sum",
		       rows[i].help);
}

/* name|kind|label|help */
static void print_metrics(void)
{
	char name[METRIC_NAME_MAX];
	bool milli;
	size_t n;
	const struct counter *counters = counters_all(&n), *counter;
	const struct metric_family *families;
	const struct metric *metrics;

	for (size_t i = 0; i < n; i++) {
		metrics_name(&counters[i], false, name, &milli);
		printf("%s|%s||%s\n", name, counters[i].kind == COUNTER_SUM ? "counter" : "gauge",
		       metrics_help(&counters[i]));
	}
	puts("waybill_build_info|gauge|version|1, with the version as a label");
	for (size_t i = 0; (counter = metrics_source_counter(i)); i++) {
		metrics_name(counter, true, name, &milli);
		printf("%s|counter|source|%s\n", name, metrics_help(counter));
	}
	families = metrics_families(&n);
	for (size_t i = 0; i < n; i++)
		printf("%s|%s|%s|%s\n", families[i].name, families[i].type, families[i].labels,
		       families[i].help);
	metrics = metrics_rows(&n);
	for (size_t i = 0; i < n; i++)
		printf("%s|%s|%s|%s\n", metrics[i].name,
		       metrics_is_sum(&metrics[i]) ? "counter" : "gauge",
		       text(metrics_label(metrics[i].scope)), metrics[i].help);
}

static void print_places(unsigned where)
{
	static const struct {
		unsigned bit;
		const char *name;
	} places[] = {
		{CONF_IN_MAIN, "main"},     {CONF_IN_PARSER, "parser"},
		{CONF_IN_SOURCE, "source"}, {CONF_IN_HEADER, "header"},
		{CONF_IN_JSON, "json"},     {CONF_IN_PARTITIONER, "partitioner"},
		{CONF_IN_RULE, "rule"},     {CONF_IN_REDACT, "redact"},
		{CONF_IN_FIELD, "field"},   {CONF_IN_MULTILINE, "multiline"},
		{CONF_IN_FILTER, "filter"}, {CONF_IN_TOPIC, "topic"},
	};
	const char *before = "";

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (!(where & places[i].bit))
			continue;
		printf("%s%s", before, places[i].name);
		before = " ";
	}
}

/* name|places|default|min|max|words|help */
static void print_settings(void)
{
	const struct conf_option *options = conf_options();

	for (size_t i = 0; i < CONF_N_KEYS; i++) {
		const struct conf_option *option = &options[i];

		printf("%s|", option->name);
		print_places(option->where);
		printf("|%s|%s|%s|", text(option->written), text(option->min), text(option->max));
		for (size_t w = 0; w < CONF_WORDS_MAX && option->words[w]; w++)
			printf("%s%s", w ? " " : "", option->words[w]);
		printf("|%s\n", option->help);
	}
}

int cmd_rows(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} tables[] = {
		{"facts", print_facts},
		{"counters", print_counters},
		{"metrics", print_metrics},
		{"settings", print_settings},
	};

	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		if (argc != 2 || strcmp(argv[1], tables[i].name) != 0)
			continue;
		tables[i].print();
		return EX_OK;
	}
	fputs("usage: waybill rows facts|counters|metrics|settings\n", stderr);
	return EX_USAGE;
}
