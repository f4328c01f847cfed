/* SPDX-License-Identifier: Apache-2.0 */
/* Entries, found by their whole path: a configuration has some dozens, so they are walked. */
#include "cmd/import/entries.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 512

void entries_add(struct entries *entries, const char *path, const char *value, unsigned line)
{
	struct entry *of = reallocarray(entries->of, entries->n + 1, sizeof *of);
	struct entry entry = {strdup(path), strdup(value), line, false};

	if (of)
		entries->of = of;
	if (!of || !entry.path || !entry.value) {
		free(entry.path);
		free(entry.value);
		entries->no_memory = true;
		return;
	}
	of[entries->n++] = entry;
}

void entries_deinit(struct entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		free(entries->of[i].path);
		free(entries->of[i].value);
	}
	free(entries->of);
	*entries = (struct entries){0};
}

static struct entry *find(struct entries *entries, const char *format, va_list args)
{
	char path[PATH_MAX_BYTES];

	vsnprintf(path, sizeof path, format, args);
	for (size_t i = 0; i < entries->n; i++) {
		if (strcmp(entries->of[i].path, path) == 0)
			return &entries->of[i];
	}
	return NULL;
}

struct entry *entries_look(struct entries *entries, const char *format, ...)
{
	struct entry *entry;
	va_list args;

	va_start(args, format);
	entry = find(entries, format, args);
	va_end(args);
	return entry;
}

struct entry *entries_find(struct entries *entries, const char *format, ...)
{
	struct entry *entry;
	va_list args;

	va_start(args, format);
	entry = find(entries, format, args);
	va_end(args);
	if (entry)
		entry->used = true;
	return entry;
}

const char *entries_value(struct entries *entries, const char *format, ...)
{
	struct entry *entry;
	va_list args;

	va_start(args, format);
	entry = find(entries, format, args);
	va_end(args);
	if (entry)
		entry->used = true;
	return entry ? entry->value : NULL;
}

bool entries_has(const struct entries *entries, const char *format, ...)
{
	char path[PATH_MAX_BYTES];
	va_list args;
	size_t len;

	va_start(args, format);
	vsnprintf(path, sizeof path, format, args);
	va_end(args);
	len = strlen(path);
	for (size_t i = 0; i < entries->n; i++) {
		const char *other = entries->of[i].path;

		if (strncmp(other, path, len) == 0 && strchr(".[", other[len]))
			return true;
	}
	return false;
}
