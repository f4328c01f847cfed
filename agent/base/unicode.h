/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UNICODE_H
#define BASE_UNICODE_H

#include <stddef.h>

#include "base/slice.h"

/* Length of the UTF-8 sequence at `at`, or, negated, of the piece that can be none. len > 0. */
static inline int unicode_sequence(const unsigned char *at, size_t len)
{
	unsigned char low = 0x80, high = 0xbf; /* what the second byte may be */
	int more = at[0] >= 0xf0 ? 3 : at[0] >= 0xe0 ? 2 : at[0] >= 0x80 ? 1 : 0;

	if (at[0] >= 0x80 && (at[0] < 0xc2 || at[0] > 0xf4))
		return -1;
	if (at[0] == 0xe0)
		low = 0xa0;
	else if (at[0] == 0xed)
		high = 0x9f;
	else if (at[0] == 0xf0)
		low = 0x90;
	else if (at[0] == 0xf4)
		high = 0x8f;
	for (int i = 1; i <= more; i++) {
		if ((size_t)i == len || at[i] < low || at[i] > high)
			return -i;
		low = 0x80;
		high = 0xbf;
	}
	return more + 1;
}

/*
 * Copies text into `to` (room bytes, no NUL) so that a reader sees all that is in it and a terminal
 * or the journal does nothing with it: control characters, those that are invisible or turn the
 * direction of writing, those that stand for no character, and bytes that are no UTF-8 become \xHH
 * a byte. What finds no room is cut between two characters and ends in "..." (room: at least 3).
 * Returns the length.
 */
size_t unicode_show(char *to, size_t room, struct slice text);

#endif
