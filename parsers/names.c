/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edit distance with swaps of neighbours (the "optimal string alignment" form: enough for typing
 * slips, and three rows of a table are all it needs). Words are short, lists are short, and it
 * runs only to word an error message, so nothing here tries to be fast; it is bounded by taking
 * no notice of words longer than any setting or field should be.
 */
#include "parsers/names.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define NAME_MAX_BYTES 64

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* rows[0]: two letters of a ago, rows[1]: one letter ago, rows[2]: this letter. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][NAME_MAX_BYTES + 1] = {0};

	for (size_t j = 0; j <= b_len; j++)
		rows[2][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		memcpy(rows[0], rows[1], sizeof rows[0]);
		memcpy(rows[1], rows[2], sizeof rows[0]);
		rows[2][0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned best = rows[1][j - 1] + !same(a[i - 1], b[j - 1]);

			best = least(best, rows[1][j] + 1);
			best = least(best, rows[2][j - 1] + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				best = least(best, rows[0][j - 2] + 1);
			rows[2][j] = best;
		}
	}
	return rows[2][b_len];
}

const char *names_nearest(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word);
	unsigned nearest = 1 + (len <= 3 ? 1 : len <= 8 ? 2 : 3);
	const char *name = NULL;

	if (len == 0 || len > NAME_MAX_BYTES)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t name_len = strlen(names[i]);
		unsigned d;

		if (name_len > NAME_MAX_BYTES)
			continue;
		d = distance(word, len, names[i], name_len);
		/* A word of which nothing is left is no slip of it. */
		if (d < nearest && d < len && d < name_len) {
			nearest = d;
			name = names[i];
		}
	}
	return name;
}
