/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sorted list of ten, which each file is held against: most of 20,000 are all right, and go no
 * further than its end.
 */
#include "cmd/status/worst.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "view/condition.h"

static size_t rank_of(const char *state)
{
	size_t rank = 0;

	while (condition_states[rank] && strcmp(condition_states[rank], state) != 0)
		rank++;
	return rank;
}

/* One with nothing behind is no worse than another of its state. */
static bool is_worse(const struct worst_file *a, const struct worst_file *b)
{
	return a->rank != b->rank ? a->rank < b->rank : a->lag > b->lag;
}

static void forget(struct worst_file *file)
{
	free(file->path);
	free(file->state);
	free(file->waits_for);
}

void worst_deinit(struct worst *worst)
{
	for (size_t i = 0; i < worst->n; i++)
		forget(&worst->at[i]);
	*worst = (struct worst){0};
}

int worst_add(struct worst *worst, const struct object *object)
{
	const char *state = object_text(object, "state") ?: "?";
	const char *waits_for = object_text(object, "waits_for");
	struct worst_file file = {.rank = rank_of(state),
				  .lag = object_number(object, "lag_bytes", -1),
				  .lag_ms = object_number(object, "lag_ms", -1),
				  .position = object_number(object, "position", -1),
				  .read = object_number(object, "read", -1),
				  .size = object_number(object, "size", -1),
				  .in_flight = object_number(object, "in_flight", 0)};
	size_t at = worst->n;

	while (at > 0 && is_worse(&file, &worst->at[at - 1]))
		at--;
	if (at == WORST_FILES)
		return 0;
	file.path = strdup(object_text(object, "path") ?: "?");
	file.state = strdup(state);
	file.waits_for = waits_for ? strdup(waits_for) : NULL;
	if (!file.path || !file.state || (waits_for && !file.waits_for)) {
		forget(&file);
		return -ENOMEM;
	}
	if (worst->n == WORST_FILES)
		forget(&worst->at[--worst->n]);
	memmove(&worst->at[at + 1], &worst->at[at], (worst->n - at) * sizeof worst->at[0]);
	worst->at[at] = file;
	worst->n++;
	return 0;
}
