/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vector.yaml or vector.toml → waybill. Sources of the types file and kubernetes_logs become
 * sources; the first Kafka sink says where they go. Transforms are programs, and left over. With
 * the codec "json" Vector sends an envelope, with "text" the line.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/import/write.h"

struct vector {
	struct entries *entries;
	FILE *to;
	char source[128], sink[128]; /* paths: "sources.NAME" */
	bool pods;                   /* the source reads logs of containers */
};

static const char *value_of(struct vector *v, const char *where, const char *name)
{
	return entries_value(v->entries, "%s.%s", where, name);
}

/*
 * The next table of `kind` with that type behind the entry at *at, which moves on: its path. False:
 * there is none.
 */
static bool next_table(struct vector *v, const char *kind, const char *type, size_t *at,
		       char path[128])
{
	size_t len = strlen(kind);

	while (*at < v->entries->n) {
		struct entry *entry = &v->entries->of[(*at)++];
		const char *name = entry->path + len, *dot;

		if (strncmp(entry->path, kind, len) != 0 || *name != '.')
			continue;
		dot = strrchr(name + 1, '.');
		if (!dot || strcmp(dot, ".type") != 0 || strchr(name + 1, '.') != dot ||
		    strcmp(entry->value, type) != 0)
			continue;
		snprintf(path, 128, "%.*s", (int)(dot - entry->path), entry->path);
		entry->used = true;
		return true;
	}
	return false;
}

/* A field of an event, with or without the point in front of it. */
static void put_field(FILE *to, const char *name, size_t len)
{
	static const struct {
		const char *theirs, *ours;
	} rows[] = {
		{"message", "line"},
		{"file", "file.path"},
		{"host", "host.name"},
		{"timestamp", "event.time"},
		{"kubernetes.pod_namespace", "namespace"},
		{"kubernetes.pod_name", "pod"},
		{"kubernetes.container_name", "container"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strlen(rows[i].theirs) == len && strncmp(rows[i].theirs, name, len) == 0) {
			fprintf(to, "${%s}", rows[i].ours);
			return;
		}
	}
	fprintf(to, "${%.*s}", (int)len, name);
}

/* "{{ field }}" as "${field}". */
static void put_template(FILE *to, const char *name, const char *text)
{
	size_t len;

	fprintf(to, "    %s = \"", name);
	while (*text) {
		const char *end = strstr(text, "}}");

		if (strncmp(text, "{{", 2) == 0 && end) {
			text += 2 + strspn(text + 2, " .");
			put_field(to, text, strcspn(text, " }"));
			text = end + 2;
			continue;
		}
		if ((len = write_environment(to, text))) {
			text += len;
			continue;
		}
		if (strchr("\"\\", *text))
			fputc('\\', to);
		fputs(*text == '$' ? "$" : "", to);
		fputc(*text++, to);
	}
	fputs("\";\n", to);
}

/* "librdkafka_options": "client.id" → client_id. */
static void put_options(struct vector *v)
{
	char prefix[160];

	snprintf(prefix, sizeof prefix, "%s.librdkafka_options.", v->sink);
	write_properties(v->to, v->entries, prefix);
}

static void put_properties(struct vector *v)
{
	static const struct {
		const char *theirs, *ours;
	} rows[] = {
		{"compression", "compression_type"},          {"sasl.username", "sasl_username"},
		{"sasl.mechanism", "sasl_mechanisms"},        {"tls.ca_file", "ssl_ca_location"},
		{"tls.crt_file", "ssl_certificate_location"}, {"tls.key_file", "ssl_key_location"},
	};
	bool sasl = entries_has(v->entries, "%s.sasl", v->sink);
	bool tls = entries_has(v->entries, "%s.tls", v->sink);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *value = value_of(v, v->sink, rows[i].theirs);

		if (value)
			write_property(v->to, rows[i].ours, value);
	}
	put_options(v);
	if (tls || sasl)
		fprintf(v->to, "  security_protocol = \"%s%s\";\n", sasl ? "sasl_" : "",
			tls ? "ssl" : "plaintext");
	if (value_of(v, v->sink, "sasl.password"))
		fputs("  sasl_password = \"file:/etc/waybill/kafka.password\";   # put it there\n",
		      v->to);
}

static void put_kafka(struct vector *v)
{
	const char *servers = value_of(v, v->sink, "bootstrap_servers");

	fputs("kafka: {\n", v->to);
	write_text(v->to, 2, "bootstrap_servers", servers ? servers : "localhost:9092");
	put_properties(v);
	fputs("};\n\n", v->to);
}

static void put_multiline(struct vector *v)
{
	const char *mode = value_of(v, v->source, "multiline.mode");
	const char *start = value_of(v, v->source, "multiline.start_pattern");
	const char *condition = value_of(v, v->source, "multiline.condition_pattern");
	const char *timeout = value_of(v, v->source, "multiline.timeout_ms");

	if (!mode || !condition)
		return;
	fputs("    multiline: {\n", v->to);
	if (strcmp(mode, "halt_before") == 0) {
		write_text(v->to, 6, "start", condition);
	} else if (strcmp(mode, "halt_with") == 0) {
		write_text(v->to, 6, "end", condition);
	} else {
		if (start)
			write_text(v->to, 6, "start", start);
		write_text(v->to, 6, "continue", condition);
	}
	if (strcmp(mode, "continue_past") == 0)
		fputs("      # continue_past: here a line that matches goes on with the one before "
		      "it\n",
		      v->to);
	if (timeout)
		fprintf(v->to, "      flush_after = \"%sms\";\n", timeout);
	fputs("    };\n", v->to);
}

static void put_value(struct vector *v)
{
	const char *codec = value_of(v, v->sink, "encoding.codec");

	if (codec && strcmp(codec, "json") != 0) {
		fputs(v->pods ? "    value = \"${message}\";\n" : "", v->to);
		return;
	}
	fputs("    json: ( { name = \"file\"; value = \"${file.path}\"; },\n"
	      "            { name = \"host\"; value = \"${host.name}\"; },\n"
	      "            { name = \"message\"; value = \"${",
	      v->to);
	fprintf(v->to, "%s}\"; },\n            { name = \"source_type\"; value = \"%s\"; },\n",
		v->pods ? "message" : "line", v->pods ? "kubernetes_logs" : "file");
	if (v->pods)
		fputs("            { name = \"kubernetes\"; json: (\n"
		      "              { name = \"pod_namespace\"; value = \"${namespace}\"; },\n"
		      "              { name = \"pod_name\"; value = \"${pod}\"; },\n"
		      "              { name = \"container_name\"; value = \"${container}\"; } ); "
		      "},\n",
		      v->to);
	fputs("            { name = \"timestamp\"; value = \"${event.time}\"; } );\n", v->to);
}

static void put_topic(struct vector *v)
{
	const char *topic = value_of(v, v->sink, "topic");

	put_template(v->to, "topic", topic ? topic : "vector");
	if (topic && strstr(topic, "{{"))
		fputs("    topics = [ \"vector\" ];   # the topics that it may be: write them "
		      "here\n",
		      v->to);
}

static void put_source(struct vector *v)
{
	const char *key = value_of(v, v->sink, "key_field"), *number;
	char path[192];

	fputs("  {\n", v->to);
	write_text(v->to, 4, "name", v->source + strlen("sources."));
	if (v->pods)
		fputs("    paths = \"/var/log/pods/*/*/*.log\"; follow_links = \"any\";\n"
		      "    path_pattern = \"kubernetes\"; parser = \"cri\";\n"
		      "    timestamp = \"${time}\";\n",
		      v->to);
	snprintf(path, sizeof path, "%s.include", v->source);
	(void)write_list(v->to, 4, "paths", v->entries, path);
	snprintf(path, sizeof path, "%s.exclude", v->source);
	(void)write_list(v->to, 4, "exclude", v->entries, path);
	put_multiline(v);
	put_topic(v);
	if (key) {
		key += key[0] == '.';
		fputs("    key = \"", v->to);
		put_field(v->to, key, strlen(key));
		fputs("\";   # if it is a field of the line: name the parser that finds it\n",
		      v->to);
	}
	put_value(v);
	number = value_of(v, v->source, "read_from");
	if (number && strcmp(number, "end") == 0)
		fputs("    start_at = \"end\";\n", v->to);
	number = value_of(v, v->source, "ignore_older_secs");
	if (number)
		fprintf(v->to, "    ignore_older = \"%ss\";\n", number);
	number = value_of(v, v->source, "max_line_bytes");
	if (number)
		fprintf(v->to, "    max_line = \"%sB\";\n", number);
	fputs("  }", v->to);
}

/* Which goes where is said by the sources themselves. */
static void pass_inputs(struct vector *v)
{
	for (size_t i = 0; i < v->entries->n; i++)
		v->entries->of[i].used |= strstr(v->entries->of[i].path, ".inputs") != NULL;
}

/* Sources of that type. Whether there was one, or `any` before. */
static bool put_sources(struct vector *v, const char *type, bool any)
{
	for (size_t at = 0; next_table(v, "sources", type, &at, v->source); any = true) {
		fputs(any ? ",\n" : "", v->to);
		put_source(v);
	}
	return any;
}

int import_vector(struct entries *entries, FILE *to)
{
	struct vector v = {.entries = entries, .to = to};
	size_t at = 0;
	bool any;

	if (!next_table(&v, "sinks", "kafka", &at, v.sink))
		return 1;
	put_kafka(&v);
	pass_inputs(&v);
	fputs("sources: (\n", to);
	any = put_sources(&v, "file", false);
	v.pods = true;
	any = put_sources(&v, "kubernetes_logs", any);
	fputs("\n);\n", to);
	return any ? 0 : 1;
}
