/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fluent-bit.conf (the form with sections, or that in YAML) → waybill. Inputs of the type tail
 * become sources; filters of the type grep that are for all, rules of each; the first Kafka output
 * says where they go. Fluent Bit sends JSON with the line as "log" and the time as @timestamp.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/import/write.h"

#define SECTIONS_MAX 64

struct fluent_bit {
	struct entries *entries;
	FILE *to;
	size_t output;
};

static bool is_named(struct fluent_bit *f, const char *section, size_t i, const char *name)
{
	const char *value = entries_value(f->entries, "%s[%zu].name", section, i);

	return value && strcasecmp(value, name) == 0;
}

static const char *output_value(struct fluent_bit *f, const char *name)
{
	return entries_value(f->entries, "output[%zu].%s", f->output, name);
}

/* "rdkafka.compression.type" → compression_type. */
static void put_properties(struct fluent_bit *f)
{
	char prefix[64];

	snprintf(prefix, sizeof prefix, "output[%zu].rdkafka.", f->output);
	write_properties(f->to, f->entries, prefix);
}

static void put_kafka(struct fluent_bit *f)
{
	const char *brokers = output_value(f, "brokers");

	fputs("kafka: {\n", f->to);
	write_text(f->to, 2, "bootstrap_servers", brokers ? brokers : "localhost:9092");
	put_properties(f);
	fputs("};\n\n", f->to);
}

/* "a, b" as a list. */
static void put_list(FILE *to, const char *name, const char *text)
{
	char *copy = strdup(text), *rest = copy, *part;
	const char *before = " ";

	fprintf(to, "    %s = [", name);
	while (copy && (part = strsep(&rest, ","))) {
		part += strspn(part, " ");
		part[strcspn(part, " ")] = '\0';
		fputs(before, to);
		write_quoted(to, part);
		before = ", ";
	}
	fputs(" ];\n", to);
	free(copy);
}

/* "Regex log ERROR": the field, then the pattern. */
static bool put_rule(struct fluent_bit *f, size_t filter, const char *theirs, const char *action,
		     bool first)
{
	const char *text = entries_value(f->entries, "filter[%zu].%s", filter, theirs);
	size_t len = text ? strcspn(text, " \t") : 0;

	if (!text || !text[len])
		return first;
	fprintf(f->to, "%s\n      { name = \"%s-%zu\"; action = \"%s\"; ",
		first ? "    rules: (" : ",", theirs, filter + 1, action);
	if (strncmp(text, "log", len) != 0 || len != 3)
		fprintf(f->to, "value = \"${%.*s}\"; ", (int)len, text);
	fputs("pattern = ", f->to);
	write_quoted(f->to, text + len + strspn(text + len, " \t"));
	fputs("; }", f->to);
	return false;
}

static void put_rules(struct fluent_bit *f)
{
	bool first = true;

	for (size_t i = 0; i < SECTIONS_MAX && entries_has(f->entries, "filter[%zu]", i); i++) {
		if (!is_named(f, "filter", i, "grep"))
			continue;
		first = put_rule(f, i, "regex", "keep", first);
		first = put_rule(f, i, "exclude", "drop", first);
		(void)entries_find(f->entries, "filter[%zu].match", i);
	}
	if (!first)
		fputs(" );\n", f->to);
}

/* "docker, cri" is how containers write; "java" and others, what one event is. */
static void put_multiline(struct fluent_bit *f, size_t input)
{
	const char *parsers = entries_value(f->entries, "input[%zu].multiline.parser", input);
	static const char *const known[] = {"java", "python", "go", "ruby"};

	if (!parsers)
		return;
	if (strcasestr(parsers, "cri") || strcasestr(parsers, "docker"))
		fprintf(f->to, "    parser = \"%s\";%s\n",
			strcasestr(parsers, "cri") ? "cri" : "docker",
			strcasestr(parsers, "docker") && strcasestr(parsers, "cri") ?
				"   # or \"docker\", where Docker runs the containers" :
				"");
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!strcasestr(parsers, known[i]))
			continue;
		fprintf(f->to, "    multiline: { type = \"%s\"; };\n", known[i]);
		return;
	}
}

/* What the name of a file says; labels and annotations are of the API server. */
static bool put_kubernetes(struct fluent_bit *f)
{
	for (size_t i = 0; i < SECTIONS_MAX && entries_has(f->entries, "filter[%zu]", i); i++) {
		if (!is_named(f, "filter", i, "kubernetes"))
			continue;
		(void)entries_find(f->entries, "filter[%zu].match", i);
		fputs("    path_pattern = \"kubernetes\"; follow_links = \"any\";\n", f->to);
		return true;
	}
	return false;
}

static void put_value(struct fluent_bit *f, size_t input, bool kubernetes)
{
	const char *format = entries_value(f->entries, "input[%zu].multiline.parser", input);
	const char *path = entries_value(f->entries, "input[%zu].path_key", input);
	const char *parser = entries_value(f->entries, "input[%zu].parser", input);
	bool members = parser && strcasecmp(parser, "json") == 0;
	bool wrapped = format && (strcasestr(format, "cri") || strcasestr(format, "docker"));

	fprintf(f->to,
		"    json: ( { name = \"@timestamp\"; value = \"${event.time:epoch_s}\"; type = "
		"\"number\"; },\n"
		"            { %s; value = \"${%s}\"; }",
		members ? "type = \"members\"" : "name = \"log\"", wrapped ? "message" : "line");
	if (path) {
		fputs(",\n            { name = ", f->to);
		write_quoted(f->to, path);
		fputs("; value = \"${file.path}\"; }", f->to);
	}
	if (kubernetes)
		fputs(",\n            { name = \"kubernetes\"; json: (\n"
		      "              { name = \"namespace_name\"; value = \"${namespace}\"; },\n"
		      "              { name = \"pod_name\"; value = \"${pod}\"; },\n"
		      "              { name = \"container_name\"; value = \"${container}\"; } ); }",
		      f->to);
	fputs(" );\n", f->to);
}

static void put_parser(struct fluent_bit *f, size_t input)
{
	const char *parser = entries_value(f->entries, "input[%zu].parser", input);
	static const char *const known[] = {"json", "logfmt", "cri", "docker", "syslog", NULL};
	char name[64];

	if (!parser)
		return;
	snprintf(name, sizeof name, "%s", parser);
	for (char *at = name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	for (size_t i = 0; known[i]; i++) {
		if (strncmp(name, known[i], strlen(known[i])) == 0) {
			write_text(f->to, 4, "parser", known[i]);
			return;
		}
	}
	fprintf(f->to, "    # parser \"%s\": write it with its pattern under parsers\n", parser);
}

/* The first of several, where no field names one of them. */
static void put_topic(struct fluent_bit *f, const char *topics)
{
	const char *field = strchr(topics, ',') ? output_value(f, "topic_key") : NULL;
	char first[256];

	snprintf(first, sizeof first, "%.*s", (int)strcspn(topics, ", "), topics);
	if (!field) {
		write_text(f->to, 4, "topic", first);
		return;
	}
	fprintf(f->to, "    topic = \"${%s}\";\n", field);
	put_list(f->to, "topics", topics);
}

static void put_source(struct fluent_bit *f, size_t input)
{
	struct entries *entries = f->entries;
	const char *paths = entries_value(entries, "input[%zu].path", input);
	const char *exclude = entries_value(entries, "input[%zu].exclude_path", input);
	const char *tag = entries_value(entries, "input[%zu].tag", input);
	const char *head = entries_value(entries, "input[%zu].read_from_head", input);
	const char *topic = output_value(f, "topics"), *key = output_value(f, "message_key");
	const char *field = output_value(f, "message_key_field");
	const char *older = entries_value(entries, "input[%zu].ignore_older", input);
	char name[64];
	bool kubernetes;

	snprintf(name, sizeof name, "input-%zu", input + 1);
	fputs("  {\n", f->to);
	write_text(f->to, 4, "name", tag && !strchr(tag, '*') ? tag : name);
	put_list(f->to, "paths", paths ? paths : "/var/log/*.log");
	if (exclude)
		put_list(f->to, "exclude", exclude);
	kubernetes = put_kubernetes(f);
	put_parser(f, input);
	put_multiline(f, input);
	put_rules(f);
	put_topic(f, topic ? topic : "fluent-bit");
	if (key)
		write_text(f->to, 4, "key", key);
	if (field)
		fprintf(f->to,
			"    # key = \"${%s}\";   # when the parser that finds it is there\n",
			field);
	put_value(f, input, kubernetes);
	if (older)
		write_text(f->to, 4, "ignore_older", older);
	if (!head || strcasecmp(head, "true") != 0)
		fputs("    start_at = \"end\";\n", f->to);
	fputs("  }", f->to);
}

/* "pipeline.inputs[0].Name" of the form in YAML as "input[0].name". */
static void take_yaml(struct entries *entries)
{
	static const struct {
		const char *theirs, *ours;
	} rows[] = {
		{"pipeline.inputs[", "input["},
		{"pipeline.outputs[", "output["},
		{"pipeline.filters[", "filter["},
	};

	for (size_t i = 0; i < entries->n; i++) {
		char *path = entries->of[i].path;

		for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
			size_t theirs = strlen(rows[k].theirs), ours = strlen(rows[k].ours);

			if (strncasecmp(path, rows[k].theirs, theirs) != 0)
				continue;
			memmove(path + ours, path + theirs, strlen(path + theirs) + 1);
			memcpy(path, rows[k].ours, ours);
			for (char *at = path; *at; at++)
				*at = (char)tolower((unsigned char)*at);
		}
	}
}

int import_fluent_bit(struct entries *entries, FILE *to)
{
	struct fluent_bit f = {entries, to, 0};
	bool any = false;

	take_yaml(entries);
	while (f.output < SECTIONS_MAX && !is_named(&f, "output", f.output, "kafka"))
		f.output++;
	if (f.output == SECTIONS_MAX)
		return 1;
	(void)output_value(&f, "match");
	put_kafka(&f);
	fputs("sources: (\n", to);
	for (size_t i = 0; i < SECTIONS_MAX; i++) {
		if (!is_named(&f, "input", i, "tail"))
			continue;
		if (any)
			fputs(",\n", to);
		put_source(&f, i);
		any = true;
	}
	fputs("\n);\n", to);
	return any ? 0 : 1;
}
