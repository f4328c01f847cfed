/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter mutate: new names, texts and letters are fields, what is replaced in the message is
 * redacted, and types are those that a value has.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/import/logstash.h"

static void put_field(struct logstash *c, const char *name, const char *value, const char *more)
{
	logstash_named_row(&c->fields, name, value, more);
	logstash_add(c, name);
}

/* A list of fields, or one, whose letters change. */
static void put_case(struct logstash_filter *f, const char *theirs, const char *ours)
{
	const char *one = logstash_value(f, theirs), *field;
	char name[128], value[160], more[32];

	for (size_t i = 0; (field = one ? one : logstash_element(f, theirs, i)); i++) {
		logstash_field(f->c, slice_of(field), name, sizeof name);
		snprintf(value, sizeof value, "${%s}", name);
		snprintf(more, sizeof more, "case = \"%s\"; ", ours);
		put_field(f->c, name, value, more);
		if (one)
			break;
	}
}

/* A table of fields: new names, or texts. */
static void put_fields(struct logstash_filter *f, const char *theirs, bool renames)
{
	struct entry *entry;
	const char *key;
	size_t at = 0;

	while ((key = logstash_key(f, theirs, &at, &entry))) {
		const char *old = key, *new = renames ? entry->value : key;
		char name[128], from[128], value[160];
		char *template = NULL;

		logstash_field(f->c, slice_of(new), name, sizeof name);
		if (renames) {
			logstash_field(f->c, slice_of(old), from, sizeof from);
			snprintf(value, sizeof value, "${%s}",
				 strcmp(from, "message") == 0 ? f->c->message : from);
		} else {
			template = logstash_template(f->c, entry->value);
		}
		entry->used = true;
		if (renames || template)
			put_field(f->c, name, renames ? value : template, "");
		free(template);
	}
}

/* "\\1" of theirs is "$1". */
static void put_replacement(FILE *to, const char *text)
{
	char *made = NULL;
	size_t len;
	FILE *text_to = open_memstream(&made, &len);

	if (!text_to)
		return;
	for (; *text; text++) {
		if (*text == '\\' && text[1] >= '0' && text[1] <= '9')
			fprintf(text_to, "${%c}", *++text);
		else
			fputs(*text == '$' ? "$$" : (char[]){*text, '\0'}, text_to);
	}
	fclose(text_to);
	write_quoted(to, made);
	free(made);
}

/* Of the message; other fields are not replaced in. */
static void put_gsub(struct logstash_filter *f)
{
	const char *field;

	for (size_t i = 0; (field = logstash_element(f, "gsub", i)); i += 3) {
		const char *pattern, *text;
		FILE *to;

		if (strcmp(field, "message") != 0)
			continue;
		pattern = logstash_element(f, "gsub", i + 1);
		text = logstash_element(f, "gsub", i + 2);
		if (!pattern || !text || !(to = logstash_row(&f->c->redact)))
			return;
		fputs("{ pattern = ", to);
		write_quoted(to, pattern);
		fputs("; replacement = ", to);
		put_replacement(to, text);
		fputs("; }", to);
	}
}

bool logstash_mutate(struct logstash_filter *f)
{
	struct entry *entry;
	size_t at = 0;

	put_gsub(f);
	put_fields(f, "rename", true);
	put_fields(f, "copy", true);
	put_fields(f, "add_field", false);
	put_fields(f, "replace", false);
	put_fields(f, "update", false);
	put_case(f, "lowercase", "lower");
	put_case(f, "uppercase", "upper");
	/* Members are of type auto: numbers are numbers. */
	while (logstash_key(f, "convert", &at, &entry))
		entry->used = true;
	return true;
}
