/* SPDX-License-Identifier: Apache-2.0 */
/* A short table, searched from its start: what happens most is mostly seen first. */
#include "base/reasons.h"

#include <string.h>

void reasons_count(struct reasons *reasons, const char *text)
{
	size_t i = 0;

	while (i + 1 < REASONS_MAX && reasons->at[i].text && strcmp(reasons->at[i].text, text) != 0)
		i++;
	reasons->at[i].text = i + 1 < REASONS_MAX ? text : "OTHER";
	reasons->at[i].n++;
}

const struct reason *reasons_at(const struct reasons *reasons, size_t n)
{
	return n < REASONS_MAX && reasons->at[n].text ? &reasons->at[n] : NULL;
}
