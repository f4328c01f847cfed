/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the findings of check and for --help. A log line goes through paper.c instead, which knows
 * what takes how many columns; here the text is ours but for names and values of the user's.
 */
#include "cmd/wrap.h"

#include <stdbool.h>
#include <string.h>

/* Columns of a word: bytes of UTF-8 that go on with a character take none. */
static size_t width_of(const char *text, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

size_t wrap_nothing(FILE *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fputc((unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i], to);
	return width_of(text, len);
}

void wrap_text(FILE *to, const char *text, size_t len, size_t column, size_t indent)
{
	const char *end = text + len;
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
		column += wrap_nothing(to, text, word);
		first = false;
		text += word + (blank ? 1 : 0);
	}
	fputc('\n', to);
}
