/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stddef.h>

/* Words longer than this have no neighbours. */
#define NEAR_WORD_MAX 64

/*
 * "Did you mean": how many letters must be added, taken out, replaced or swapped with their
 * neighbour to make one word of the other; SIZE_MAX when one is longer than NEAR_WORD_MAX.
 */
size_t near_distance(const char *a, const char *b);

/*
 * The candidate nearest to word, or NULL when none is near enough to be worth naming: at most one
 * change in three letters. The first of equals. Borrowed from candidates; NULL entries are skipped.
 */
const char *near_word(const char *word, const char *const *candidates, size_t n_candidates);

#endif
