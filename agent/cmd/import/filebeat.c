/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filebeat.yml → waybill. Its inputs become sources, its Kafka output the kafka block. Without a
 * codec Filebeat sends an envelope of JSON, which its consumers know, so the same is written here.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/import/write.h"

#define OUTPUT "output.kafka"
/* In an input's list of parsers. */
#define PARSERS_MAX 8
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

struct filebeat {
	struct entries *entries;
	FILE *to;
	const char *list; /* "filebeat.inputs", "filebeat.prospectors" */
	size_t input;     /* the one at hand */
	bool json;        /* whose lines are JSON */
	bool container;   /* and stand behind what a container runtime writes */
};

static const char *value_of(struct filebeat *f, const char *name)
{
	return entries_value(f->entries, "%s[%zu].%s", f->list, f->input, name);
}

static bool is_true(const char *value)
{
	return value && strcasecmp(value, "true") == 0;
}

static char *path_of(const struct filebeat *f, const char *name, char path[256])
{
	snprintf(path, 256, "%s[%zu].%s", f->list, f->input, name);
	return path;
}

/* "%{[fields.app]}": what the input says of it, else a field of the line. */
static void put_reference(struct filebeat *f, FILE *to, const char *name, size_t len)
{
	static const struct {
		const char *theirs, *ours;
	} rows[] = {
		{"message", "line"},
		{"host.name", "host.name"},
		{"agent.name", "host.name"},
		{"beat.hostname", "host.name"},
		{"host.hostname", "host.name"},
		{"log.file.path", "file.path"},
		{"source", "file.path"},
		{"log.offset", "file.position"},
		{"@timestamp", "event.time"},
		{"kubernetes.namespace", "namespace"},
		{"kubernetes.pod.name", "pod"},
		{"kubernetes.container.name", "container"},
	};
	char text[128];
	const char *constant;

	snprintf(text, sizeof text, "%.*s", (int)len, name);
	constant = entries_value(f->entries, "%s[%zu].%s", f->list, f->input, text);
	if (!constant && is_true(value_of(f, "fields_under_root")))
		constant = entries_value(f->entries, "%s[%zu].fields.%s", f->list, f->input, text);
	if (constant) {
		fputs(constant, to);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].theirs, text) == 0) {
			fprintf(to, "${%s}", rows[i].ours);
			return;
		}
	}
	fprintf(to, "${%s}", text);
}

/* A format string of theirs as a template. malloc'ed, NULL when memory is out. */
static char *template_of(struct filebeat *f, const char *text)
{
	char *made = NULL;
	size_t len;
	FILE *to = open_memstream(&made, &len);

	if (!to)
		return NULL;
	while (*text) {
		size_t plain = strcspn(text, "%$");
		const char *end = strchr(text + plain, '}');

		fwrite(text, 1, plain, to);
		text += plain;
		if (strncmp(text, "%{[", 3) == 0 && end && end[-1] == ']') {
			put_reference(f, to, text + 3, (size_t)(end - text) - 4);
			text = end + 1;
		} else if (strncmp(text, "%{+", 3) == 0 && end) {
			fputs("${event.time:", to);
			write_joda(to, (struct slice){text + 3, (size_t)(end - text) - 3});
			fputc('}', to);
			text = end + 1;
		} else if ((plain = write_environment(to, text))) {
			text += plain;
		} else if (*text) {
			fputs(*text == '$' ? "$$" : "%", to);
			text++;
		}
	}
	return fclose(to) ? NULL : made;
}

static void put_template(struct filebeat *f, const char *name, const char *text)
{
	char *template = text ? template_of(f, text) : NULL;

	if (template)
		write_text(f->to, 4, name, template);
	free(template);
}

static bool has_field(const char *template)
{
	for (; (template = strstr(template, "${")); template ++) {
		if (strncmp(template, "${env:", 6) != 0)
			return true;
	}
	return false;
}

/* A topic that is made of fields needs a list, which only its user knows. */
static void put_topic(struct filebeat *f)
{
	const char *text = entries_value(f->entries, OUTPUT ".topic");
	char *topic = template_of(f, text ? text : "logs");

	if (!topic)
		return;
	write_text(f->to, 4, "topic", topic);
	if (has_field(topic))
		fputs("    topics = [ \"logs\" ];   # the topics that it may be: write them here\n",
		      f->to);
	free(topic);
}

static void put_rule(struct filebeat *f, const char *theirs, const char *action)
{
	char path[256], *pattern = write_joined(f->entries, path_of(f, theirs, path));

	if (!pattern)
		return;
	fprintf(f->to, "      { name = \"%s\"; action = \"%s\"; pattern = ", theirs, action);
	write_quoted(f->to, pattern);
	fputs("; },\n", f->to);
	free(pattern);
}

static void put_rules(struct filebeat *f)
{
	char *text = NULL;
	FILE *to = f->to;
	size_t len;

	f->to = open_memstream(&text, &len);
	if (f->to) {
		put_rule(f, "include_lines", "keep");
		put_rule(f, "exclude_lines", "drop");
		fclose(f->to);
	}
	f->to = to;
	/* The last comma goes. */
	if (text && len > 2)
		fprintf(to, "    rules: (\n%.*s );\n", (int)len - 2, text);
	free(text);
}

/* Whether the kubelet has named its files. */
static bool is_of_kubernetes(struct filebeat *f)
{
	struct entry *path = entries_look(f->entries, "%s[%zu].paths[0]", f->list, f->input);

	return path && (strstr(path->value, "log/containers") || strstr(path->value, "log/pods"));
}

/* What the lines are. */
static void put_parser(struct filebeat *f)
{
	const char *type = value_of(f, "type");
	bool docker = type && strcmp(type, "docker") == 0;
	bool container = type && strcmp(type, "container") == 0;
	char path[256];

	f->json = false;
	f->container = container || docker;
	for (size_t i = 0; i < f->entries->n; i++) {
		struct entry *entry = &f->entries->of[i];
		size_t len = strlen(path_of(f, "", path));

		if (strncmp(entry->path, path, len) == 0 &&
		    (strncmp(entry->path + len, "json.", 5) == 0 ||
		     strstr(entry->path + len, "ndjson")))
			f->json = entry->used = true;
	}
	if (docker)
		fputs("    parser = \"docker\";\n", f->to);
	else if (container || f->json)
		fprintf(f->to, "    parser = %s;\n",
			container && f->json ? "[ \"cri\", \"json\" ]" :
			container            ? "\"cri\"" :
					       "\"json\"");
	if (container)
		fprintf(f->to, "    follow_links = \"any\";%s\n",
			is_of_kubernetes(f) ? " path_pattern = \"kubernetes\";" : "");
}

/* The envelope, with the input's own fields, which are constants. */
static void put_envelope(struct filebeat *f)
{
	bool root = is_true(value_of(f, "fields_under_root"));
	char prefix[256], separator = root ? ',' : '(';
	size_t len = strlen(path_of(f, "fields.", prefix));

	fputs("    json: ( { name = \"@timestamp\"; value = \"${event.time}\"; },\n"
	      "            { name = \"host\"; json: ( { name = \"name\"; value = \"${host.name}\"; "
	      "} ); },\n"
	      "            { name = \"log\"; json: ( { name = \"offset\"; value = "
	      "\"${file.position}\"; type = "
	      "\"number\"; },\n"
	      "              { name = \"file\"; json: ( { name = \"path\"; value = "
	      "\"${file.path}\"; } ); } ); },\n"
	      "            ",
	      f->to);
	fprintf(f->to, "{ %s; value = \"${%s}\"; }",
		f->json ? "type = \"members\"" : "name = \"message\"",
		f->container ? "message" : "line");
	for (size_t i = 0; i < f->entries->n; i++) {
		struct entry *entry = &f->entries->of[i];

		if (strncmp(entry->path, prefix, len) != 0)
			continue;
		if (!root && separator == '(')
			fputs(",\n            { name = \"fields\"; json: (\n              { name "
			      "= ",
			      f->to);
		else
			fputs(",\n              { name = ", f->to);
		separator = ',';
		write_quoted(f->to, entry->path + len);
		fputs("; value = ", f->to);
		write_quoted(f->to, entry->value);
		fputs("; }", f->to);
		entry->used = true;
	}
	fputs(!root && separator == ',' ? " ); } );\n" : " );\n", f->to);
}

static void put_value(struct filebeat *f)
{
	const char *format = entries_value(f->entries, OUTPUT ".codec.format.string");

	if (!format)
		put_envelope(f);
	else if (strcmp(format, "%{[message]}") != 0)
		put_template(f, "value", format);
}

static void put_times(struct filebeat *f)
{
	const char *older = value_of(f, "ignore_older"), *most = value_of(f, "max_bytes");

	if (is_true(value_of(f, "tail_files")))
		fputs("    start_at = \"end\";\n", f->to);
	if (older && strcmp(older, "0") != 0)
		write_text(f->to, 4, "ignore_older", older);
	if (most && strspn(most, "0123456789") == strlen(most))
		fprintf(f->to, "    max_line = \"%sB\";\n", most);
}

/* Of multiline, in the input or, as of filestream, in its list of parsers. */
static const char *multiline_value(struct filebeat *f, const char *name)
{
	const char *value =
		entries_value(f->entries, "%s[%zu].multiline.%s", f->list, f->input, name);

	for (size_t i = 0; !value && i < PARSERS_MAX; i++)
		value = entries_value(f->entries, "%s[%zu].parsers[%zu].multiline.%s", f->list,
				      f->input, i, name);
	return value;
}

/*
 * What matches goes on with the line before it (match: after) or has one behind it (before); with
 * negate it is what does not match.
 */
static void put_multiline(struct filebeat *f)
{
	const char *pattern = multiline_value(f, "pattern"), *match = multiline_value(f, "match");
	const char *negate = multiline_value(f, "negate"), *most = multiline_value(f, "max_lines");
	const char *timeout = multiline_value(f, "timeout");
	bool before = match && strcmp(match, "before") == 0, not = is_true(negate);
	char *made = NULL;

	if (!pattern)
		return;
	if (before && !not &&asprintf(&made, "^(?!.*(?:%s))", pattern) < 0)
		return;
	(void)multiline_value(f, "type");
	fputs("    multiline: {\n", f->to);
	write_text(f->to, 6, before ? "end" : not ? "start" : "continue", made ? made : pattern);
	if (most && strspn(most, "0123456789") == strlen(most))
		fprintf(f->to, "      max_lines = %s;\n", most);
	if (timeout)
		write_text(f->to, 6, "flush_after", timeout);
	fputs("    };\n", f->to);
	free(made);
}

/* "\\.gz$" as "*.gz"; a pattern that says more is no name with wildcards, and is left over. */
static void put_exclude(struct filebeat *f)
{
	static const char *const names[] = {"exclude_files", "prospector.scanner.exclude_files"};
	bool any = false;

	for (size_t i = 0; i < f->entries->n; i++) {
		struct entry *entry = &f->entries->of[i];
		char path[256];

		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			size_t len = strlen(path_of(f, names[k], path)), end;
			const char *ending = entry->value + (*entry->value == '\\');

			if (strncmp(entry->path, path, len) != 0 || *ending != '.')
				continue;
			end = 1 + strspn(ending + 1, LETTERS);
			if (end < 2 || strcmp(ending + end, "$") != 0)
				continue;
			fprintf(f->to, "%s \"*%.*s\"", any ? "," : "    exclude = [", (int)end,
				ending);
			any = entry->used = true;
		}
	}
	if (any)
		fputs(" ];\n", f->to);
}

static void put_source(struct filebeat *f)
{
	const char *name = value_of(f, "id");
	char text[64], path[256];

	snprintf(text, sizeof text, "input-%zu", f->input + 1);
	fputs("  {\n", f->to);
	write_text(f->to, 4, "name", name ? name : text);
	(void)write_list(f->to, 4, "paths", f->entries, path_of(f, "paths", path));
	put_exclude(f);
	put_parser(f);
	put_multiline(f);
	put_rules(f);
	put_topic(f);
	put_template(f, "key", entries_value(f->entries, OUTPUT ".key"));
	put_value(f);
	put_times(f);
	fputs("  }", f->to);
}

/* Theirs → librdkafka's, as they are. */
static void put_properties(struct filebeat *f)
{
	static const struct {
		const char *theirs, *ours;
	} rows[] = {
		{"client_id", "client_id"},
		{"compression", "compression_type"},
		{"compression_level", "compression_level"},
		{"max_message_bytes", "message_max_bytes"},
		{"username", "sasl_username"},
		{"sasl.mechanism", "sasl_mechanisms"},
		{"ssl.certificate", "ssl_certificate_location"},
		{"ssl.key", "ssl_key_location"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *value = entries_value(f->entries, OUTPUT ".%s", rows[i].theirs);

		if (value)
			write_property(f->to, rows[i].ours, value);
	}
}

static void put_kafka(struct filebeat *f)
{
	struct entries *entries = f->entries;
	const char *host = entries_value(entries, OUTPUT ".hosts");
	bool sasl = entries_has(entries, OUTPUT ".sasl") ||
		    entries_find(entries, OUTPUT ".username") != NULL;
	bool tls = entries_has(entries, OUTPUT ".ssl");
	const char *authority = entries_value(entries, OUTPUT ".ssl.certificate_authorities[0]");

	fputs("kafka: {\n  bootstrap_servers = \"", f->to);
	for (size_t i = 0; host || (host = entries_value(entries, OUTPUT ".hosts[%zu]", i)); i++) {
		fprintf(f->to, "%s%s", i ? "," : "", host);
		host = NULL;
	}
	fputs("\";\n", f->to);
	put_properties(f);
	if (tls || sasl)
		fprintf(f->to, "  security_protocol = \"%s%s\";\n", sasl ? "sasl_" : "",
			tls ? "ssl" : "plaintext");
	if (authority)
		write_text(f->to, 2, "ssl_ca_location", authority);
	if (entries_find(entries, OUTPUT ".password"))
		fputs("  sasl_password = \"file:/etc/waybill/kafka.password\";   # put it there\n",
		      f->to);
	fputs("};\n\n", f->to);
}

/* What is disabled is nothing. */
static bool is_disabled(struct filebeat *f)
{
	const char *enabled = value_of(f, "enabled");
	char path[256];
	size_t len = strlen(path_of(f, "", path));

	if (!enabled || strcasecmp(enabled, "false") != 0)
		return false;
	for (size_t i = 0; i < f->entries->n; i++)
		f->entries->of[i].used |= strncmp(f->entries->of[i].path, path, len) == 0;
	return true;
}

int import_filebeat(struct entries *entries, FILE *to)
{
	struct filebeat f = {entries, to, "filebeat.inputs", 0};
	bool any = false;

	if (!entries_has(entries, "%s", f.list))
		f.list = "filebeat.prospectors";
	if (!entries_has(entries, "%s", f.list))
		return 1;
	put_kafka(&f);
	fputs("sources: (\n", to);
	for (; entries_has(entries, "%s[%zu]", f.list, f.input); f.input++) {
		if (is_disabled(&f))
			continue;
		if (any)
			fputs(",\n", to);
		put_source(&f);
		any = true;
	}
	fputs("\n);\n", to);
	return 0;
}
