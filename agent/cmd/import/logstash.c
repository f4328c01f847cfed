/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pipeline of Logstash → waybill. Inputs of the type file become sources, the first Kafka output
 * says where they go, and the filters that are about an input become its parsers, fields and rules
 * (logstash_filters.c). With the codec json Logstash sends an object of all fields, without a codec
 * a line of time, host and message.
 */
#include "cmd/import/logstash.h"

#include <stdlib.h>
#include <string.h>

#define PLUGINS_MAX 64

static void put_template(struct logstash *c, FILE *to, int indent, const char *name,
			 const char *text)
{
	char *template = text ? logstash_template(c, text) : NULL;

	if (template)
		write_text(to, indent, name, template);
	free(template);
}

/* ---- the Kafka output ---- */

static const char *output_value(struct logstash *c, const char *name)
{
	return entries_value(c->entries, "output[%u].kafka.%s", c->output, name);
}

/* "... username="me" password="..."", of which the name is no secret. */
static void put_login(FILE *to, const char *jaas)
{
	const char *name = strstr(jaas, "username="), *end;
	char user[128];

	name = name ? name + strlen("username=") + strspn(name + strlen("username="), "\\") : NULL;
	end = name && *name && strchr("\"'", *name) ? strpbrk(name + 1, "\"'\\") : NULL;
	if (end) {
		snprintf(user, sizeof user, "%.*s", (int)(end - name - 1), name + 1);
		write_text(to, 2, "sasl_username", user);
	}
	fputs("  sasl_password = \"file:/etc/waybill/kafka.password\";   # put it there\n", to);
}

static void put_kafka(struct logstash *c, FILE *to)
{
	static const struct {
		const char *theirs, *ours;
	} rows[] = {
		{"client_id", "client_id"},
		{"compression_type", "compression_type"},
		{"max_request_size", "message_max_bytes"},
		{"sasl_mechanism", "sasl_mechanisms"},
		{"sasl_kerberos_service_name", "sasl_kerberos_service_name"},
		{"ssl_endpoint_identification_algorithm", "ssl_endpoint_identification_algorithm"},
	};
	const char *servers = output_value(c, "bootstrap_servers"), *value;
	char *template;

	fputs("kafka: {\n", to);
	put_template(c, to, 2, "bootstrap_servers", servers ? servers : "localhost:9092");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		value = output_value(c, rows[i].theirs);
		template = value ? logstash_template(c, value) : NULL;
		if (template)
			write_property(to, rows[i].ours, template);
		free(template);
	}
	/* All is ours always. */
	value = entries_value(c->entries, "output[%u].kafka.acks", c->output);
	if (value && strcmp(value, "all") != 0)
		fprintf(to, "  # acks = %.16s: see enable_idempotence in waybill.conf(5)\n", value);
	value = output_value(c, "security_protocol");
	if (value) {
		char *small = strdup(value);

		for (char *at = small; at && *at; at++)
			*at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 'a' - 'A') : *at;
		if (small)
			write_text(to, 2, "security_protocol", small);
		free(small);
	}
	value = output_value(c, "sasl_jaas_config");
	if (value)
		put_login(to, value);
	fputs("};\n\n", to);
}

/* ---- sources ---- */

static const char *input_value(struct logstash *c, const char *name)
{
	return entries_value(c->entries, "input[%u].file.%s", c->input, name);
}

static const char *codec_value(struct logstash *c, const char *name)
{
	return entries_value(c->entries, "input[%u].file.codec.%s", c->input, name);
}

static bool is_true(const char *value)
{
	return value && strcasecmp(value, "true") == 0;
}

/*
 * What matches goes on with the line before it (previous) or has one behind it (next); with negate
 * it is what does not match.
 */
static void put_multiline(struct logstash *c, FILE *to)
{
	const char *text = codec_value(c, "pattern"), *what = codec_value(c, "what");
	const char *most = codec_value(c, "max_lines"),
		   *wait = codec_value(c, "auto_flush_interval");
	bool next = what && strcmp(what, "next") == 0, not = is_true(codec_value(c, "negate"));
	char *pattern = text ? logstash_pattern(text) : NULL, *made = NULL;

	if (!pattern)
		return;
	if (next && !not &&asprintf(&made, "^(?!.*(?:%s))", pattern) < 0)
		made = NULL;
	fputs("    multiline: {\n", to);
	write_text(to, 6, next ? "end" : not ? "start" : "continue", made ? made : pattern);
	if (most && strspn(most, "0123456789") == strlen(most))
		fprintf(to, "      max_lines = %s;\n", most);
	if (wait && strspn(wait, "0123456789") == strlen(wait))
		fprintf(to, "      flush_after = \"%ss\";\n", wait);
	fputs("    };\n", to);
	free(pattern);
	free(made);
}

static void put_codec(struct logstash *c, FILE *to)
{
	const char *codec = input_value(c, "codec"), *charset = codec_value(c, "charset");

	if (codec && strcmp(codec, "multiline") == 0)
		put_multiline(c, to);
	if (charset && strcasecmp(charset, "UTF-8") != 0)
		write_text(to, 4, "encoding", charset);
}

/* The codec json of the input is a parser, as the filter is. */
static void begin_chain(struct logstash *c)
{
	const char *codec = input_value(c, "codec");

	if (!codec || strncmp(codec, "json", 4) != 0)
		return;
	c->nested = true;
	fputs("\"json\"", logstash_row(&c->chain));
	fputs("{ type = \"members\"; value = \"${line}\"; }", logstash_row(&c->members));
}

static void begin_members(struct logstash *c)
{
	const char *text;
	size_t len;
	char prefix[64];

	logstash_member(c, "@timestamp", "${event.time}", "");
	logstash_member(c, "@version", "1", "");
	fputs("{ name = \"host\"; json: ( { name = \"name\"; value = \"${host.name}\"; } ); }",
	      logstash_row(&c->members));
	fputs("{ name = \"log\"; json: ( { name = \"file\"; json: ( { name = \"path\"; value = "
	      "\"${file.path}\"; } ); } ); }",
	      logstash_row(&c->members));
	if (c->type)
		logstash_member(c, "type", c->type, "");
	len = (size_t)snprintf(prefix, sizeof prefix, "input[%u].file.add_field.", c->input);
	for (size_t i = 0; i < c->entries->n; i++) {
		struct entry *entry = &c->entries->of[i];

		if (strncmp(entry->path, prefix, len) != 0)
			continue;
		entry->used = true;
		text = entry->value;
		logstash_member(c, entry->path + len, text, "");
	}
}

static void put_value(struct logstash *c, FILE *to)
{
	const char *codec = output_value(c, "codec"), *format = output_value(c, "codec.format");

	if (codec && strncmp(codec, "json", 4) == 0) {
		logstash_write(to, &c->members, 4, "json: (", " )");
		return;
	}
	put_template(c, to, 4, "value", format ? format : "%{@timestamp} %{host} %{message}");
	if (!format)
		fputs("    # without a codec Logstash writes time and host before the message\n",
		      to);
}

static void put_headers(struct logstash *c, FILE *to)
{
	struct made headers = {0};
	char prefix[64];
	size_t len = (size_t)snprintf(prefix, sizeof prefix, "output[%u].kafka.message_headers.",
				      c->output);

	for (size_t i = 0; i < c->entries->n; i++) {
		struct entry *entry = &c->entries->of[i];
		char *template;

		if (strncmp(entry->path, prefix, len) != 0)
			continue;
		template = logstash_template(c, entry->value);
		if (!template || !logstash_row(&headers))
			continue;
		fputs("{ name = ", headers.to);
		write_quoted(headers.to, entry->path + len);
		fputs("; value = ", headers.to);
		write_quoted(headers.to, template);
		fputs("; }", headers.to);
		entry->used = true;
		free(template);
	}
	logstash_write(to, &headers, 4, "headers: (", " )");
}

/* A topic that is made of fields needs a list, which only its user knows. */
static void put_topic(struct logstash *c, FILE *to)
{
	const char *text = output_value(c, "topic_id");
	char *topic = logstash_template(c, text ? text : "logs");

	if (topic)
		write_text(to, 4, "topic", topic);
	if (topic && strstr(topic, "${"))
		fputs("    topics = [ \"logs\" ];   # the topics that it may be: write them here\n",
		      to);
	free(topic);
}

static void put_start(struct logstash *c, FILE *to)
{
	const char *start = input_value(c, "start_position"), *old = input_value(c, "ignore_older");

	/* Logstash begins at the end unless it is told otherwise. */
	if (!start || strcmp(start, "beginning") != 0)
		fputs("    start_at = \"end\";\n", to);
	if (old && strspn(old, "0123456789") == strlen(old))
		fprintf(to, "    ignore_older = \"%ss\";\n", old);
	else if (old)
		write_text(to, 4, "ignore_older", old);
}

static void put_source(struct logstash *c, FILE *to)
{
	char path[64];

	fputs("  {\n", to);
	write_text(to, 4, "name", c->name);
	snprintf(path, sizeof path, "input[%u].file.path", c->input);
	(void)write_list(to, 4, "paths", c->entries, path);
	snprintf(path, sizeof path, "input[%u].file.exclude", c->input);
	(void)write_list(to, 4, "exclude", c->entries, path);
	begin_chain(c);
	begin_members(c);
	logstash_filters(c);
	put_codec(c, to);
	logstash_write(to, &c->chain, 4, "parser = [", " ]");
	if (c->skips && c->groks)
		fputs("    on_no_match = \"skip\";\n", to);
	logstash_write(to, &c->redact, 4, "redact: (", " )");
	logstash_write(to, &c->fields, 4, "fields: (", " )");
	logstash_write(to, &c->rules, 4, "rules: (", " )");
	put_topic(c, to);
	put_template(c, to, 4, "key", output_value(c, "message_key"));
	if (c->time)
		fputs(c->time, to);
	put_headers(c, to);
	put_value(c, to);
	put_start(c, to);
	fputs("  }", to);
}

/* What was of the source before is forgotten. */
static void begin_source(struct logstash *c)
{
	const char *id = input_value(c, "id");

	c->type = input_value(c, "type");
	if (id || c->type)
		snprintf(c->name, sizeof c->name, "%s", id ? id : c->type);
	else
		snprintf(c->name, sizeof c->name, "input-%u", c->input + 1);
	snprintf(c->message, sizeof c->message, "line");
	c->nested = c->skips = c->groks = false;
}

static void end_source(struct logstash *c)
{
	/* Of a value that is no object the members are not written. */
	if (c->members.to)
		fclose(c->members.to);
	free(c->members.text);
	c->members = (struct made){0};
	free(c->time);
	c->time = NULL;
	while (c->n_names)
		free(c->names[--c->n_names]);
}

static void put_sources(struct logstash *c, FILE *to, bool *ret_any)
{
	fputs("sources: (\n", to);
	for (c->input = 0; c->input < PLUGINS_MAX; c->input++) {
		if (!entries_find(c->entries, "input[%u].file", c->input))
			continue;
		fputs(*ret_any ? ",\n" : "", to);
		begin_source(c);
		put_source(c, to);
		end_source(c);
		*ret_any = true;
	}
	fputs("\n);\n", to);
}

int import_logstash(struct entries *entries, FILE *to)
{
	struct logstash c = {.entries = entries, .message = "line"};
	char *sources = NULL;
	bool any = false;
	size_t len;
	FILE *text;

	while (c.output < PLUGINS_MAX && !entries_find(entries, "output[%u].kafka", c.output))
		c.output++;
	text = c.output < PLUGINS_MAX ? open_memstream(&sources, &len) : NULL;
	if (!text)
		return 1;
	put_kafka(&c, to);
	put_sources(&c, text, &any);
	fclose(text);
	if (any) {
		logstash_write(to, &c.parsers, 0, "parsers: (", " )");
		fputs(sources, to);
	}
	free(sources);
	return any ? 0 : 1;
}
