/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment in a foreign configuration, "${NAME}", "${NAME:default}", "${NAME:-default}", as
 * ours has it. Left as it is, it would be a field here, or text.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/import/entries.h"
#include "cmd/import/write.h"

#define MARK "${env:"

/* Bytes of the reference at which text stands; 0: it is none. */
static size_t reference_length(const char *text)
{
	size_t len = 2;

	if (strncmp(text, "${", 2) != 0 || !(isalpha((unsigned char)text[2]) || text[2] == '_'))
		return 0;
	while (isalnum((unsigned char)text[len]) || text[len] == '_')
		len++;
	if (text[len] == ':')
		len += strcspn(text + len, "}");
	return text[len] == '}' ? len + 1 : 0;
}

static void put_reference(FILE *to, const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);
	size_t name = colon ? (size_t)(colon - text) : len - 1;

	fprintf(to, MARK "%.*s", (int)name - 2, text + 2);
	if (colon)
		fprintf(to, ":-%.*s", (int)(len - name) - (colon[1] == '-' ? 3 : 2),
			colon + (colon[1] == '-' ? 2 : 1));
	fputc('}', to);
}

/* malloc'ed, or NULL. */
static char *with_ours(const char *text)
{
	char *made = NULL;
	size_t len, n;
	FILE *to = open_memstream(&made, &len);

	if (!to)
		return NULL;
	for (; *text; text += n) {
		n = reference_length(text);
		if (n)
			put_reference(to, text, n);
		else
			fwrite(text, 1, n = 1, to);
	}
	if (fclose(to)) {
		free(made);
		return NULL;
	}
	return made;
}

int entries_take_environment(struct entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		struct entry *entry = &entries->of[i];
		char *made;

		if (!strstr(entry->value, "${"))
			continue;
		made = with_ours(entry->value);
		if (!made)
			return -ENOMEM;
		free(entry->value);
		entry->value = made;
	}
	return 0;
}

size_t write_environment(FILE *to, const char *text)
{
	size_t len = strcspn(text, "}");

	if (strncmp(text, MARK, strlen(MARK)) != 0 || !text[len])
		return 0;
	return fwrite(text, 1, len + 1, to);
}
