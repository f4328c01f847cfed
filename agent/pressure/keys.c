/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys a topic had in the last hour, in bounded memory: adaptive sampling (Wegman; Flajolet,
 * "On adaptive sampling", Computing 43, 1990). All keys whose hash begins with `rare` zero bits are
 * kept; when they are too many, one bit more is asked for, and half of them go. So the sample is of
 * keys and not of records: a key that comes a million times is one. An error of a tenth is usual.
 *
 * The keys themselves are kept, since a partitioner may go by patterns.
 */
#include "pressure/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define SLOTS_MIN 16

struct keys_entry {
	char *key; /* owned; NULL: the slot is free */
	uint32_t len;
	uint64_t hash;
	uint64_t seen_us;
};

static bool is_rare(const struct keys *keys, uint64_t hash)
{
	return hash <= UINT64_MAX >> keys->rare;
}

/* Its entry, or the free slot for it. */
static struct keys_entry *find(const struct keys *keys, uint64_t hash, struct slice key)
{
	uint32_t i = (uint32_t)hash & (keys->n_slots - 1);

	for (;; i = (i + 1) & (keys->n_slots - 1)) {
		struct keys_entry *e = &keys->slots[i];

		if (!e->key ||
		    (e->hash == hash && e->len == key.len && !memcmp(e->key, key.at, key.len)))
			return e;
	}
}

/* The same keys in so many slots, but for those that are not rare enough or were seen long ago. */
static bool rebuild(struct keys *keys, uint32_t n_slots, uint64_t now_us)
{
	struct keys old = *keys;
	struct keys_entry *slots = calloc(n_slots, sizeof *slots);

	if (!slots)
		return false;
	keys->slots = slots;
	keys->n_slots = n_slots;
	keys->n = 0;
	for (uint32_t i = 0; i < old.n_slots; i++) {
		struct keys_entry *e = &old.slots[i];

		if (!e->key)
			continue;
		if (!is_rare(keys, e->hash) || now_us >= e->seen_us + KEYS_LAST_US) {
			free(e->key);
			continue;
		}
		*find(keys, e->hash, (struct slice){e->key, e->len}) = *e;
		keys->n++;
	}
	free(old.slots);
	return true;
}

/* Room for one more. False: memory is out, or it is not rare enough any more. */
static bool make_room(struct keys *keys, uint64_t hash, uint64_t now_us)
{
	while (keys->n >= KEYS_SAMPLE) {
		if (!rebuild(keys, keys->n_slots, now_us))
			return false;
		keys->rare += keys->n >= KEYS_SAMPLE;
	}
	if (2 * (keys->n + 1) > keys->n_slots &&
	    !rebuild(keys, keys->n_slots ? 2 * keys->n_slots : SLOTS_MIN, now_us))
		return false;
	return is_rare(keys, hash);
}

void keys_see(struct keys *keys, struct slice key, uint64_t now_us)
{
	uint64_t hash = hash_bytes(key.at, key.len);
	struct keys_entry *e;

	if (LIKELY(!is_rare(keys, hash)) || key.len > KEYS_LEN_MAX)
		return;
	e = keys->n_slots ? find(keys, hash, key) : NULL;
	if (!e || !e->key) {
		if (!make_room(keys, hash, now_us))
			return;
		e = find(keys, hash, key);
		/* An empty key is one, too. */
		e->key = malloc(key.len + 1);
		if (!e->key)
			return;
		memcpy(e->key, key.at, key.len);
		e->len = (uint32_t)key.len;
		e->hash = hash;
		keys->n++;
	}
	e->seen_us = now_us;
}

int keys_moving(const struct keys *keys, const struct partitioner_topic *placing, int32_t n,
		uint64_t now_us, struct keys_moves *ret_moves)
{
	struct partitioner_topic other;
	int r;

	*ret_moves = (struct keys_moves){.estimated = keys->rare > 0};
	r = partitioner_topic_init(&other, placing->partitioner, 0);
	if (!r)
		r = partitioner_topic_resize(&other, n);
	for (uint32_t i = 0; !r && i < keys->n_slots; i++) {
		const struct keys_entry *e = &keys->slots[i];
		const struct slice key = {e->key, e->len};

		if (!e->key || now_us >= e->seen_us + KEYS_LAST_US)
			continue;
		ret_moves->seen += 1ull << keys->rare;
		if (partitioner_of_key(placing, key) != partitioner_of_key(&other, key))
			ret_moves->moving += 1ull << keys->rare;
	}
	partitioner_topic_deinit(&other);
	return r;
}

void keys_deinit(struct keys *keys)
{
	for (uint32_t i = 0; i < keys->n_slots; i++)
		free(keys->slots[i].key);
	free(keys->slots);
	*keys = (struct keys){0};
}
