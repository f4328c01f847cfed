/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters, one by one, as parsers, fields and rules of a source. A filter within a condition is
 * taken where the condition is about the type of the input; one that drops lines, also where it is
 * about one field. Any other is a program: it is left over, and told.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/import/logstash.h"
#include "parsers/grok.h"

#define FILTERS_MAX 128
#define LIST_MAX 64

/* ---- parsers ---- */

/* A parser of our own with that type, at the end of the chain; `from`: the field that it reads. */
static FILE *begin_parser(struct logstash_filter *f, const char *type, const char *from)
{
	struct logstash *c = f->c;
	char name[96], field[128];
	FILE *chain = logstash_row(&c->chain), *to = logstash_row(&c->parsers);

	snprintf(name, sizeof name, "%s-%u", c->name, f->number + 1);
	if (!chain || !to)
		return NULL;
	write_quoted(chain, name);
	fputs("{ name = ", to);
	write_quoted(to, name);
	fprintf(to, "; type = \"%s\";", type);
	logstash_field(c, slice_of(from), field, sizeof field);
	fprintf(to, " from = \"${%s}\";", strcmp(field, "message") == 0 ? c->message : field);
	return to;
}

/* The pattern with all macros written out, those of the filter too. malloc'ed or NULL. */
static char *write_out(struct logstash_filter *f, const char *text)
{
	struct grok_macro macros[LIST_MAX];
	struct grok_error error;
	struct entry *entry;
	const char *name;
	size_t at = 0, n = 0;
	char *made;

	while (n < LIST_MAX && (name = logstash_key(f, "pattern_definitions", &at, &entry)))
		macros[n++] = (struct grok_macro){slice_of(name), slice_of(entry->value)};
	return grok_translate(slice_of(text), macros, n, &made, &error) ? strdup(text) : made;
}

/* Every group of the pattern is a member; "message" is what it says. */
static void add_groups(struct logstash_filter *f, const char *text)
{
	struct logstash *c = f->c;
	char *pattern = write_out(f, text);
	const char *at = pattern;

	while (at && (at = strstr(at, "(?<"))) {
		size_t len = strcspn(at + 3, ">");
		char name[128];

		at += 3;
		snprintf(name, sizeof name, "%.*s", (int)len, at);
		if (!*name || strchr("=!", *name))
			continue;
		if (strcmp(name, "message") == 0)
			snprintf(c->message, sizeof c->message, "message");
		else
			logstash_add(c, name);
	}
	free(pattern);
}

/* One or several patterns of a field. */
static void put_grok(struct logstash_filter *f, const char *from, const char *const *patterns,
		     size_t n)
{
	FILE *to = n ? begin_parser(f, "grok", from) : NULL;
	struct entry *entry;
	const char *name;
	size_t at = 0, macros = 0;

	if (!to)
		return;
	f->c->groks = true;
	fputs(n > 1 ? "\n        patterns = [ " : "\n        pattern = ", to);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ",\n          " : "", to);
		write_quoted(to, patterns[i]);
	}
	fputs(n > 1 ? " ];" : ";", to);
	while ((name = logstash_key(f, "pattern_definitions", &at, &entry))) {
		char *text;

		if (asprintf(&text, "%s %s", name, entry->value) < 0)
			break;
		fputs(macros++ ? ", " : "\n        macros = [ ", to);
		write_quoted(to, text);
		entry->used = true;
		free(text);
	}
	fputs(macros ? " ]; }" : " }", to);
	for (size_t i = 0; i < n; i++)
		add_groups(f, patterns[i]);
}

static bool take_grok(struct logstash_filter *f)
{
	const char *patterns[LIST_MAX], *from = logstash_element(f, "match", 0), *key;
	struct entry *entry;
	size_t at = 0, n = 0;
	char name[128] = "";

	/* [ "message", "pattern" ], as it was once. */
	if (from && (patterns[0] = logstash_element(f, "match", 1)))
		put_grok(f, from, patterns, 1);
	/* { "message" => [ ... ] }: those of one field, then those of the next. */
	while ((key = logstash_key(f, "match", &at, &entry))) {
		size_t len = strlen(key), end = key[len - 1] == ']' ? len : len + 1;

		while (end <= len && end && key[end - 1] != '[')
			end--;
		if (strncmp(key, name, end - 1) != 0 || name[end - 1]) {
			put_grok(f, name, patterns, n);
			snprintf(name, sizeof name, "%.*s", (int)(end - 1), key);
			n = 0;
		}
		if (n < LIST_MAX)
			patterns[n++] = entry->value;
		entry->used = true;
	}
	put_grok(f, name, patterns, n);
	(void)logstash_element(f, "overwrite", 0);
	(void)logstash_value(f, "overwrite");
	return true;
}

/* A ready-made parser, which reads the line, or one of its type that reads a field. */
static void put_kind(struct logstash_filter *f, const char *kind, const char *members)
{
	const char *source = logstash_value(f, "source");
	struct logstash *c = f->c;
	FILE *to;

	if ((!source || strcmp(source, "message") == 0) && strcmp(c->message, "line") == 0) {
		to = logstash_row(&c->chain);
		if (to)
			fprintf(to, "\"%s\"", kind);
	} else {
		to = begin_parser(f, kind, source ? source : "message");
		if (to)
			fputs(" }", to);
	}
	to = logstash_row(&c->members);
	if (to)
		fprintf(to, "{ type = \"%s\"; value = \"${%s}\"; }", members,
			!source || strcmp(source, "message") == 0 ? c->message : source);
}

static bool take_json(struct logstash_filter *f)
{
	put_kind(f, "json", "members");
	f->c->nested = true;
	return true;
}

/* Pairs of blanks and "=", which are all that ours reads. */
static bool take_kv(struct logstash_filter *f)
{
	const char *field = logstash_value(f, "field_split"),
		   *value = logstash_value(f, "value_split");

	if ((field && strcmp(field, " ") != 0) || (value && strcmp(value, "=") != 0))
		return false;
	put_kind(f, "logfmt", "pairs");
	return true;
}

static bool take_csv(struct logstash_filter *f)
{
	const char *source = logstash_value(f, "source"), *column,
		   *delimiter = logstash_value(f, "separator");
	FILE *to = begin_parser(f, "csv", source ? source : "message");

	if (!to)
		return false;
	if (delimiter && strlen(delimiter) == 1 && *delimiter != ',') {
		fputs(" delimiter = ", to);
		write_quoted(to, delimiter);
		fputc(';', to);
	}
	if (strcasecmp(logstash_value(f, "autodetect_column_names") ?: "", "true") == 0)
		fputs(" header = true;", to);
	for (size_t i = 0; (column = logstash_element(f, "columns", i)); i++) {
		fputs(i ? ", " : "\n        columns = [ ", to);
		write_quoted(to, column);
		logstash_add(f->c, column);
	}
	fputs(logstash_element(f, "columns", 0) ? " ]; }" : " }", to);
	return true;
}

/* ---- times ---- */

static void put_format(FILE *to, const char *format)
{
	static const struct {
		const char *theirs, *ours;
	} rows[] = {
		{"ISO8601", "iso8601"},
		{"UNIX", "epoch_s"},
		{"UNIX_MS", "epoch_ms"},
		{"TAI64N", "tai64n"},
	};
	char *made = NULL;
	size_t len;
	FILE *text;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].theirs, format) == 0) {
			write_quoted(to, rows[i].ours);
			return;
		}
	}
	text = open_memstream(&made, &len);
	if (!text)
		return;
	write_joda(text, slice_of(format));
	fclose(text);
	write_quoted(to, made);
	free(made);
}

static bool take_date(struct logstash_filter *f)
{
	const char *field = logstash_element(f, "match", 0), *format,
		   *zone = logstash_value(f, "timezone");
	const char *language = logstash_value(f, "locale"), *target = logstash_value(f, "target");
	char name[128], value[160];
	size_t len;
	FILE *to;

	if (!field || f->c->time || (target && strcmp(target, "@timestamp") != 0))
		return false;
	to = open_memstream(&f->c->time, &len);
	if (!to)
		return false;
	logstash_field(f->c, slice_of(field), name, sizeof name);
	snprintf(value, sizeof value, "${%s}", name);
	write_text(to, 4, "timestamp", value);
	for (size_t i = 1; (format = logstash_element(f, "match", i)); i++) {
		fputs(i > 1 ? ", " : "    timestamp_format = [ ", to);
		put_format(to, format);
	}
	fputs(logstash_element(f, "match", 1) ? " ];\n" : "", to);
	if (zone)
		write_text(to, 4, "timestamp_zone", zone);
	if (language && strncmp(language, "en", 2) != 0)
		fprintf(to, "    timestamp_language = \"%.2s\";\n", language);
	fclose(to);
	return true;
}

/* ---- all of them ---- */

/*
 * The condition of a filter without what it says of the input's type, which is known. NULL: it is
 * none of this input.
 */
static const char *own_condition(struct logstash *c, const char *condition)
{
	static const char begin[] = "[type] == \"";
	const char *type = condition + sizeof begin - 1, *end;

	if (strncmp(condition, begin, sizeof begin - 1) != 0)
		return condition;
	end = strchr(type, '"');
	if (!end || !c->type || strlen(c->type) != (size_t)(end - type) ||
	    strncmp(c->type, type, strlen(c->type)) != 0)
		return NULL;
	return strncmp(end + 1, " and ", 5) == 0 ? end + 6 : *(end + 1) ? condition : end + 1;
}

static void take_filter(struct logstash *c, unsigned number)
{
	static const struct {
		const char *name;
		bool (*take)(struct logstash_filter *f);
	} rows[] = {
		{"grok", take_grok}, {"json", take_json}, {"kv", take_kv},
		{"csv", take_csv},   {"date", take_date}, {"mutate", logstash_mutate},
	};
	struct entry *condition = entries_look(c->entries, "filter[%u].if", number), *entry;
	const char *own = own_condition(c, condition ? condition->value : "");
	struct logstash_filter f = {c, number, "drop"};
	bool taken = false;

	entry = own ? entries_look(c->entries, "filter[%u].drop", number) : NULL;
	if (entry)
		taken = logstash_drop(&f, own);
	for (size_t i = 0; !entry && own && !*own && i < ARRAY_LEN(rows); i++) {
		f.kind = rows[i].name;
		entry = entries_look(c->entries, "filter[%u].%s", number, rows[i].name);
		if (entry)
			taken = rows[i].take(&f);
	}
	/* What one input took is not left over, whatever another has to do with it. */
	if (taken)
		entry->used = true;
	if (taken && condition)
		condition->used = true;
}

/* Fields that a filter takes away, or gives another name; a line of JSON keeps its own. */
static void hide_fields(struct logstash *c, unsigned number)
{
	struct entry *condition = entries_look(c->entries, "filter[%u].if", number);
	const char *own = own_condition(c, condition ? condition->value : "");
	char prefix[32], name[128];
	size_t len = (size_t)snprintf(prefix, sizeof prefix, "filter[%u].", number);

	for (size_t i = 0; own && !*own && i < c->entries->n; i++) {
		struct entry *entry = &c->entries->of[i];
		const char *rename = strstr(entry->path, ".mutate.rename.");

		if (strncmp(entry->path, prefix, len) != 0 ||
		    (!rename && !strstr(entry->path, ".remove_field")))
			continue;
		logstash_field(c, slice_of(rename ? rename + 15 : entry->value), name, sizeof name);
		logstash_member(c, name, NULL, "");
		entry->used = true;
	}
}

void logstash_filters(struct logstash *c)
{
	unsigned n = 0;

	for (; n < FILTERS_MAX && entries_has(c->entries, "filter[%u]", n); n++)
		hide_fields(c, n);
	for (unsigned i = 0; i < n; i++)
		take_filter(c, i);
	logstash_member(c, "message", strcmp(c->message, "line") == 0 ? "${line}" : "${message}",
			"");
}
