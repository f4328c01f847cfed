/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_REASONS_H
#define BASE_REASONS_H

#include <stddef.h>
#include <stdint.h>

/* How often something was for which reason. There are few; the last cell is for all others. */
#define REASONS_MAX 16

struct reason {
	const char *text; /* static; NULL: none */
	uint64_t n;
};

/* Embedded; zeroed. */
struct reasons {
	struct reason at[REASONS_MAX];
};

/* Once more for this one (static text). "OTHER" where there is no cell left. */
void reasons_count(struct reasons *reasons, const char *text);

/* The cell of this number; NULL: it and those behind it are empty. */
const struct reason *reasons_at(const struct reasons *reasons, size_t n);

#endif
