/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damerau's distance over three rows of a table (optimal string alignment): a swap of neighbours,
 * the commonest slip of a typist, costs one and not two. Only called when something is already
 * wrong, so the quadratic effort does not matter; the words are bounded because they come from a
 * configuration file.
 */
#include "base/near.h"

#include <stdint.h>
#include <string.h>

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

size_t near_distance(const char *a, const char *b)
{
	size_t rows[3][NEAR_WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2], *spare;
	size_t a_len = strnlen(a, NEAR_WORD_MAX + 1), b_len = strnlen(b, NEAR_WORD_MAX + 1);

	if (a_len > NEAR_WORD_MAX || b_len > NEAR_WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
				      above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    row[j] > before[j - 2] + 1)
				row[j] = before[j - 2] + 1;
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return above[b_len];
}

const char *near_word(const char *word, const char *const *candidates, size_t n_candidates)
{
	size_t len = strlen(word), nearest = len < 3 ? 2 : (len + 2) / 3 + 1;
	const char *best = NULL;

	for (size_t i = 0; i < n_candidates; i++) {
		size_t distance = candidates[i] ? near_distance(word, candidates[i]) : SIZE_MAX;

		if (distance < nearest && distance < len) {
			best = candidates[i];
			nearest = distance;
		}
	}
	return best;
}
