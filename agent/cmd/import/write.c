/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written is read back by libconfig: strings with its escapes, everything else a comment.
 */
#include "cmd/import/write.h"

#include <stdlib.h>
#include <string.h>

#include "settings/foreign.h"
#include "settings/props.h"

void write_quoted(FILE *to, const char *text)
{
	fputc('"', to);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', to);
		if (*text == '\n')
			fputs("\\n", to);
		else
			fputc(*text, to);
	}
	fputc('"', to);
}

void write_text(FILE *to, int indent, const char *name, const char *text)
{
	fprintf(to, "%*s%s = ", indent, "", name);
	write_quoted(to, text);
	fputs(";\n", to);
}

void write_property(FILE *to, const char *name, const char *value)
{
	char dots[64], ours[64];
	const char *reason;

	snprintf(dots, sizeof dots, "%s", name);
	snprintf(ours, sizeof ours, "%s", name);
	for (size_t i = 0; dots[i]; i++) {
		dots[i] = dots[i] == '_' ? '.' : dots[i];
		ours[i] = ours[i] == '.' ? '_' : ours[i];
	}
	reason = props_reserved(dots, value, true);
	if (reason)
		fprintf(to, "  # %s = %.*s: %s\n", ours, (int)strcspn(value, "\n"), value, reason);
	else
		write_text(to, 2, ours, value);
}

void write_properties(FILE *to, struct entries *entries, const char *prefix)
{
	size_t len = strlen(prefix);

	for (size_t i = 0; i < entries->n; i++) {
		struct entry *entry = &entries->of[i];

		if (strncmp(entry->path, prefix, len) != 0 || strstr(entry->path, "password"))
			continue;
		write_property(to, entry->path + len, entry->value);
		entry->used = true;
	}
}

size_t write_list(FILE *to, int indent, const char *name, struct entries *entries, const char *path)
{
	const char *value = entries_value(entries, "%s", path);
	size_t n = 0;

	if (value) {
		write_text(to, indent, name, value);
		return 1;
	}
	while ((value = entries_value(entries, "%s[%zu]", path, n))) {
		if (n++ == 0)
			fprintf(to, "%*s%s = [ ", indent, "", name);
		else
			fputs(", ", to);
		write_quoted(to, value);
	}
	if (n)
		fputs(" ];\n", to);
	return n;
}

char *write_joined(struct entries *entries, const char *path)
{
	const char *value = entries_value(entries, "%s", path);
	char *text = NULL;
	size_t len, n = 0;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		return NULL;
	if (value)
		fputs(value, to);
	while (!value && entries_has(entries, "%s", path)) {
		const char *one = entries_value(entries, "%s[%zu]", path, n);

		if (!one)
			break;
		fprintf(to, "%s(?:%s)", n++ ? "|" : "", one);
	}
	if (fclose(to) || !len) {
		free(text);
		return NULL;
	}
	return text;
}

/* The last name of a path, without an index. */
static const char *last_name(const char *path, char *name, size_t len)
{
	const char *dot = strrchr(path, '.');

	snprintf(name, len, "%s", dot ? dot + 1 : path);
	name[strcspn(name, "[")] = '\0';
	return name;
}

static bool is_secret(const char *path)
{
	return strcasestr(path, "password") || strcasestr(path, "passphrase") ||
	       strcasestr(path, "secret") || strcasestr(path, "key_pem") ||
	       strcasestr(path, "jaas");
}

void write_rest(FILE *to, const struct entries *entries)
{
	bool first = true;

	for (size_t i = 0; i < entries->n; i++) {
		const struct entry *entry = &entries->of[i];
		const char *hint;
		char name[64];
		int shown = (int)strcspn(entry->value, "\n");

		if (entry->used)
			continue;
		if (first)
			fputs("\n# What has no equal here, or needs a look:\n", to);
		first = false;
		hint = foreign_hint(last_name(entry->path, name, sizeof name));
		fprintf(to, "#   line %u: %s: %.*s%s%s\n", entry->line, entry->path,
			shown < 60 ? shown : 60, is_secret(entry->path) ? "***" : entry->value,
			hint ? "\n#     " : "", hint ? hint : "");
	}
}
