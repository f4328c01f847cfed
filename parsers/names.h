/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_NAMES_H
#define PARSERS_NAMES_H

#include <stddef.h>

/*
 * The name that a mistyped word was most likely meant to be, for "did you mean": the one with the
 * fewest single-letter slips (a letter too many, too few, wrong, or two swapped; case does not
 * count), the first of equals. NULL when none is near: at most 1 slip in a word of up to 3
 * letters, 2 up to 8, else 3. word is C text, names hold n of them; borrowed, as is the result.
 */
const char *names_nearest(const char *word, const char *const *names, size_t n);

#endif
