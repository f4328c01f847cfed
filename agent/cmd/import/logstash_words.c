/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the modules of Logstash's import share: lists of ours while they are made, and Logstash's
 * references, templates and patterns as ours.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/import/logstash.h"
#include "parsers/grok.h"

FILE *logstash_row(struct made *made)
{
	if (!made->to)
		made->to = open_memstream(&made->text, &made->len);
	if (made->to && made->n++)
		fputs(",\n      ", made->to);
	return made->to;
}

void logstash_write(FILE *to, struct made *made, int indent, const char *name, const char *close)
{
	if (made->to && fclose(made->to) == 0 && made->n)
		fprintf(to, "%*s%s\n      %s%s;\n", indent, "", name, made->text, close);
	free(made->text);
	*made = (struct made){0};
}

void logstash_field(const struct logstash *c, struct slice theirs, char *name, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < theirs.len && n + 1 < len; i++) {
		char at = theirs.at[i];

		if (at == '[' && n)
			name[n++] = c->nested ? '.' : '_';
		else if (at != '[' && at != ']')
			name[n++] = at;
	}
	name[n] = '\0';
}

/* "%{[host][name]}", without what is around it. */
static void put_reference(struct logstash *c, FILE *to, struct slice theirs)
{
	static const struct {
		const char *theirs, *ours;
	} rows[] = {
		{"host", "host.name"},        {"host.name", "host.name"},
		{"host_name", "host.name"},   {"host.hostname", "host.name"},
		{"path", "file.path"},        {"log.file.path", "file.path"},
		{"@timestamp", "event.time"}, {"log_file_path", "file.path"},
	};
	char name[128];

	logstash_field(c, theirs, name, sizeof name);
	if (strcmp(name, "type") == 0 && c->type) {
		fputs(c->type, to);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].theirs, name) == 0) {
			fprintf(to, "${%s}", rows[i].ours);
			return;
		}
	}
	fprintf(to, "${%s}", strcmp(name, "message") == 0 ? c->message : name);
}

/* "${NAME:default}" of theirs is that of the environment. Behind it. */
static const char *put_variable(FILE *to, const char *text, const char *end)
{
	size_t len = strcspn(text, ":}");

	fprintf(to, "${env:%.*s", (int)len, text);
	if (text[len] == ':')
		fprintf(to, ":-%.*s", (int)(end - text - 1 - (ptrdiff_t)len), text + len + 1);
	fputc('}', to);
	return end + 1;
}

char *logstash_template(struct logstash *c, const char *text)
{
	char *made = NULL;
	size_t len;
	FILE *to = open_memstream(&made, &len);

	while (to && *text) {
		size_t plain = strcspn(text, "%$");
		const char *end = strchr(text + plain, '}');

		fwrite(text, 1, plain, to);
		text += plain;
		if (strncmp(text, "%{+", 3) == 0 && end) {
			fputs("${event.time:", to);
			write_joda(to, (struct slice){text + 3, (size_t)(end - text) - 3});
			fputc('}', to);
			text = end + 1;
		} else if (strncmp(text, "%{", 2) == 0 && end) {
			put_reference(c, to, (struct slice){text + 2, (size_t)(end - text) - 2});
			text = end + 1;
		} else if (strncmp(text, "${", 2) == 0 && end) {
			text = put_variable(to, text + 2, end);
		} else if (*text) {
			fputs(*text == '$' ? "$$" : "%", to);
			text++;
		}
	}
	return to && fclose(to) == 0 ? made : NULL;
}

char *logstash_pattern(const char *text)
{
	struct grok_error error;
	char *made;

	if (strstr(text, "%{") && grok_translate(slice_of(text), NULL, 0, &made, &error) == 0)
		return made;
	return strdup(text);
}

const char *logstash_value(struct logstash_filter *f, const char *name)
{
	return entries_value(f->c->entries, "filter[%u].%s.%s", f->number, f->kind, name);
}

const char *logstash_element(struct logstash_filter *f, const char *name, size_t i)
{
	return entries_value(f->c->entries, "filter[%u].%s.%s[%zu]", f->number, f->kind, name, i);
}

const char *logstash_key(struct logstash_filter *f, const char *name, size_t *at,
			 struct entry **ret_entry)
{
	char prefix[160];
	size_t len = (size_t)snprintf(prefix, sizeof prefix, "filter[%u].%s.%s.", f->number,
				      f->kind, name);

	while (*at < f->c->entries->n) {
		struct entry *entry = &f->c->entries->of[(*at)++];

		if (strncmp(entry->path, prefix, len) == 0) {
			*ret_entry = entry;
			return entry->path + len;
		}
	}
	return NULL;
}

void logstash_named_row(struct made *made, const char *name, const char *value, const char *more)
{
	FILE *to = logstash_row(made);

	if (!to)
		return;
	fputs("{ name = ", to);
	write_quoted(to, name);
	fputs("; value = ", to);
	write_quoted(to, value);
	fprintf(to, "; %s}", more);
}

void logstash_member(struct logstash *c, const char *name, const char *value, const char *more)
{
	for (size_t i = 0; i < c->n_names; i++)
		if (strcmp(c->names[i], name) == 0)
			return;
	if (c->n_names == LOGSTASH_NAMES_MAX || !(c->names[c->n_names] = strdup(name)))
		return;
	c->n_names++;
	if (!value)
		return;
	logstash_named_row(&c->members, name, value, more);
}

void logstash_add(struct logstash *c, const char *name)
{
	char value[160];

	snprintf(value, sizeof value, "${%s}", name);
	logstash_member(c, name, value, "type = \"auto\"; on_missing = \"omit\"; ");
}
