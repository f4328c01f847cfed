/* SPDX-License-Identifier: Apache-2.0 */
/* The older form of Fluent Bit's configuration: sections and pairs, nothing within each other. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/import/entries.h"

#define SECTIONS_MAX 32

/* How often a section of that name came before; it is counted. */
static int count(char names[SECTIONS_MAX][32], int *numbers, const char *name)
{
	for (int i = 0; i < SECTIONS_MAX; i++) {
		if (!*names[i])
			snprintf(names[i], sizeof names[i], "%s", name);
		if (strcmp(names[i], name) == 0)
			return numbers[i]++;
	}
	return 0;
}

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

int entries_read_sections(char *text, struct entries *ret_entries)
{
	char names[SECTIONS_MAX][32] = {{0}}, section[64] = "", path[256];
	int numbers[SECTIONS_MAX] = {0};
	unsigned line = 0;

	for (char *next; text; text = next) {
		size_t len;

		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		line++;
		text += strspn(text, " \t");
		text[strcspn(text, "\r")] = '\0';
		if (!*text || *text == '#')
			continue;
		if (*text == '[') {
			lower(text);
			text[strcspn(text, "]")] = '\0';
			snprintf(section, sizeof section, "%.31s[%d]", text + 1,
				 count(names, numbers, text + 1));
			continue;
		}
		len = strcspn(text, " \t");
		snprintf(path, sizeof path, "%s.%.*s", section, (int)len, text);
		lower(path);
		text += len;
		text += strspn(text, " \t");
		entries_add(ret_entries, path, text, line);
	}
	return ret_entries->no_memory ? -ENOMEM : 0;
}
