/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a key of each type: refused, or a key of the length that its type has; and a number
 * that is shown and read again is the same key.
 */
#include <stdint.h>
#include <stdlib.h>

#include "parsers/keytype.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_type(enum key_type type, struct slice text, struct arena *arena)
{
	static const size_t LENGTHS[] = {[KEY_INT32] = 4, [KEY_INT64] = 8, [KEY_UUID] = 36};
	struct slice key, again, shown;
	char room[KEYTYPE_SHOWN_MAX];
	int r = keytype_serialize(type, text, arena, &key);

	if (r != 0 && (r != KEYTYPE_E_INVALID || type == KEY_STRING))
		abort();
	if (r != 0)
		return;
	if (key.len != (type == KEY_STRING ? text.len : LENGTHS[type]))
		abort();
	shown = keytype_show(type, key, room);
	if (keytype_serialize(type, shown, arena, &again) != 0 || !slice_eq(key, again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Its own memory, of exactly that size, so that a step too far is seen. */
	char *text = malloc(size ? size : 1);
	struct arena arena = ARENA_NULL;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	for (int type = KEY_STRING; type <= KEY_UUID; type++)
		try_type((enum key_type)type, (struct slice){text, size}, &arena);
	arena_deinit(&arena);
	free(text);
	return 0;
}
