/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rsyslog.conf (RainerScript) → waybill. Inputs of the type imfile become sources; the first action
 * of the type omkafka says where they go, with its template.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/import/write.h"

#define OBJECTS_MAX 64

struct rsyslog {
	struct entries *entries;
	FILE *to;
	unsigned action, input;
};

static bool is_typed(struct rsyslog *c, const char *kind, unsigned i, const char *type)
{
	const char *value = entries_value(c->entries, "%s[%u].type", kind, i);

	return value && strcasecmp(value, type) == 0;
}

static const char *action_value(struct rsyslog *c, const char *name)
{
	return entries_value(c->entries, "action[%u].%s", c->action, name);
}

static const char *input_value(struct rsyslog *c, const char *name)
{
	return entries_value(c->entries, "input[%u].%s", c->input, name);
}

/* "compression.codec=lz4" → compression_codec. */
static void put_property(struct rsyslog *c, const char *text)
{
	const char *equals = strchr(text, '=');
	char name[64];

	if (!equals || equals - text >= (long)sizeof name)
		return;
	if (strstr(text, "password")) {
		fputs("  sasl_password = \"file:/etc/waybill/kafka.password\";   # put it there\n",
		      c->to);
		return;
	}
	/* An older name of the same. */
	if (strncmp(text, "compression.codec=", 18) == 0) {
		write_text(c->to, 2, "compression_type", equals + 1);
		return;
	}
	snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
	write_property(c->to, name, equals + 1);
}

static void put_kafka(struct rsyslog *c)
{
	const char *value = action_value(c, "broker");

	fputs("kafka: {\n  bootstrap_servers = \"", c->to);
	if (value)
		fputs(value, c->to);
	for (unsigned i = 0; !value; i++) {
		const char *one = entries_value(c->entries, "action[%u].broker[%u]", c->action, i);

		if (!one)
			break;
		fprintf(c->to, "%s%s", i ? "," : "", one);
	}
	fputs("\";\n", c->to);
	for (unsigned i = 0;; i++) {
		value = entries_value(c->entries, "action[%u].confparam[%u]", c->action, i);
		if (!value)
			break;
		put_property(c, value);
	}
	fputs("};\n\n", c->to);
}

/* The text of the action's template; NULL: that of rsyslog. */
static const char *template_text(struct rsyslog *c)
{
	const char *wanted = action_value(c, "template");

	for (unsigned i = 0; wanted && i < OBJECTS_MAX; i++) {
		const char *name = entries_value(c->entries, "template[%u].name", i);

		if (!name || strcmp(name, wanted) != 0)
			continue;
		(void)entries_find(c->entries, "template[%u].type", i);
		return entries_value(c->entries, "template[%u].string", i);
	}
	return NULL;
}

/* "%msg%", "%msg:::sp-if-no-1st-sp%" as "${line}"; false: it is none that is known. */
static bool put_property_of_message(const struct rsyslog *c, const char *name, size_t len,
				    const char *tag)
{
	static const struct {
		const char *theirs, *ours;
	} rows[] = {
		{"msg", "${line}"},
		{"rawmsg", "${line}"},
		{"hostname", "${host.name}"},
		{"fromhost", "${host.name}"},
		{"timestamp", "${event.time}"},
		{"timereported", "${event.time}"},
		{"timegenerated", "${read.time}"},
		{"$!metadata!filename", "${file.path}"},
	};
	size_t word = strcspn(name, ":%");

	word = word < len ? word : len;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strlen(rows[i].theirs) == word &&
		    strncasecmp(rows[i].theirs, name, word) == 0) {
			fputs(rows[i].ours, c->to);
			return true;
		}
	}
	if (word == strlen("syslogtag") && strncasecmp(name, "syslogtag", word) == 0) {
		fputs(tag, c->to);
		return true;
	}
	return false;
}

static void put_value(struct rsyslog *c, const char *tag)
{
	const char *text = template_text(c), *left = NULL;

	if (!text)
		text = "%timestamp% %hostname% %syslogtag% %msg%";
	fputs("    value = \"", c->to);
	while (*text) {
		const char *end = *text == '%' ? strchr(text + 1, '%') : NULL;

		if (end && end > text + 1) {
			if (!put_property_of_message(c, text + 1, (size_t)(end - text) - 1, tag))
				left = text;
			text = end + 1;
			continue;
		}
		if (strchr("\"\\", *text))
			fputc('\\', c->to);
		if (*text == '$')
			fputc('$', c->to);
		if (*text != '\n')
			fputc(*text, c->to);
		text++;
	}
	fputs("\";\n", c->to);
	if (left)
		fputs("    # not all properties of the template are known here: look at value\n",
		      c->to);
}

static void put_multiline(struct rsyslog *c)
{
	const char *start = input_value(c, "startmsg.regex"), *end = input_value(c, "endmsg.regex");
	const char *mode = input_value(c, "readmode"), *wait = input_value(c, "readtimeout");

	if (!start && !end && !(mode && strcmp(mode, "2") == 0))
		return;
	fputs("    multiline: {\n", c->to);
	if (start)
		write_text(c->to, 6, "start", start);
	if (end)
		write_text(c->to, 6, "end", end);
	if (!start && !end)
		write_text(c->to, 6, "type", "indent");
	if (wait && strcmp(wait, "0") != 0)
		fprintf(c->to, "      flush_after = \"%ss\";\n", wait);
	fputs("    };\n", c->to);
}

static void put_source(struct rsyslog *c)
{
	const char *file = input_value(c, "file"), *tag = input_value(c, "tag");
	const char *topic = action_value(c, "topic"), *key = action_value(c, "key");
	const char *tail = input_value(c, "freshstarttail");
	char name[32];

	snprintf(name, sizeof name, "input-%u", c->input + 1);
	fputs("  {\n", c->to);
	write_text(c->to, 4, "name", name);
	write_text(c->to, 4, "paths", file ? file : "/var/log/*.log");
	put_multiline(c);
	write_text(c->to, 4, "topic", topic ? topic : "syslog");
	if (key)
		write_text(c->to, 4, "key", key);
	put_value(c, tag ? tag : "");
	if (tail && strcasecmp(tail, "on") == 0)
		fputs("    start_at = \"end\";\n", c->to);
	fputs("  }", c->to);
}

int import_rsyslog(struct entries *entries, FILE *to)
{
	struct rsyslog c = {.entries = entries, .to = to};
	bool any = false;

	while (c.action < OBJECTS_MAX && !is_typed(&c, "action", c.action, "omkafka"))
		c.action++;
	if (c.action == OBJECTS_MAX)
		return 1;
	put_kafka(&c);
	fputs("sources: (\n", to);
	for (; c.input < OBJECTS_MAX; c.input++) {
		if (!is_typed(&c, "input", c.input, "imfile"))
			continue;
		fputs(any ? ",\n" : "", to);
		put_source(&c);
		any = true;
	}
	fputs("\n);\n", to);
	return any ? 0 : 1;
}
