/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the findings of check and for --help. A log line goes through paper.c instead, which knows
 * what takes how many columns; here the text is ours but for names and values of the user's.
 */
#include "cmd/wrap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/unicode.h"

/* Columns of a word: bytes of UTF-8 that go on with a character take none. */
static size_t width_of(const char *text, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

/* As a terminal may have it; malloc'ed. NULL: memory is out. */
static char *shown(const char *text, size_t len)
{
	/* "\\x9b" for a byte. */
	size_t room = 4 * len + 4;
	char *to = malloc(room);

	if (to)
		to[unicode_show(to, room - 1, (struct slice){text, len})] = '\0';
	return to;
}

size_t wrap_nothing(FILE *to, const char *text, size_t len)
{
	char *safe = shown(text, len);
	size_t width = safe ? width_of(safe, strlen(safe)) : 0;

	if (safe)
		fputs(safe, to);
	free(safe);
	return width;
}

/* The same, of what a terminal may have. */
static void wrap(FILE *to, const char *text, size_t column, size_t indent)
{
	const char *end = text + strlen(text);
	bool first = true;

	while (text < end) {
		const char *blank = memchr(text, ' ', (size_t)(end - text));
		size_t word = (size_t)((blank ? blank : end) - text);

		if (!first && column + 1 + width_of(text, word) > WRAP_COLUMNS) {
			fprintf(to, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			fputc(' ', to);
			column++;
		}
		fwrite(text, 1, word, to);
		column += width_of(text, word);
		first = false;
		text += word + (blank ? 1 : 0);
	}
}

void wrap_text(FILE *to, const char *text, size_t len, size_t column, size_t indent)
{
	char *safe = shown(text, len);

	if (safe)
		wrap(to, safe, column, indent);
	free(safe);
	fputc('\n', to);
}
