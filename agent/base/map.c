/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uthash is a set of macros; it is kept in this one file. Keys are copied behind the entry. The
 * keys are paths and inode numbers of files that an administrator's patterns chose, so the hash
 * (Jenkins, uthash's default) need not withstand an attacker.
 */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define uthash_fatal(msg) abort()
#include <uthash.h>

struct entry {
	UT_hash_handle hh;
	void *value;
	char key[];
};

struct map {
	struct entry *head;
	LIST_HEAD(, map_walk) walks;
	void *(*ask)(void *context, const void *key, size_t key_len); /* or NULL */
	void *context;
};

struct map *map_new(void)
{
	return calloc(1, sizeof(struct map));
}

struct map *map_free(struct map *map)
{
	struct entry *entry, *next;

	if (!map)
		return NULL;
	while (!LIST_EMPTY(&map->walks))
		map_walk_end(LIST_FIRST(&map->walks));
	HASH_ITER (hh, map->head, entry, next) {
		HASH_DEL(map->head, entry);
		free(entry);
	}
	free(map);
	return NULL;
}

static struct entry *find(const struct map *map, const void *key, size_t key_len)
{
	struct entry *entry;

	HASH_FIND(hh, map->head, key, key_len, entry);
	return entry;
}

int map_put(struct map *map, const void *key, size_t key_len, void *value)
{
	struct entry *entry = find(map, key, key_len);

	if (entry) {
		entry->value = value;
		return 0;
	}
	entry = malloc(sizeof *entry + key_len);
	if (!entry)
		return -ENOMEM;
	memcpy(entry->key, key, key_len);
	entry->value = value;
	HASH_ADD_KEYPTR(hh, map->head, entry->key, key_len, entry);
	return 0;
}

void *map_get(const struct map *map, const void *key, size_t key_len)
{
	struct entry *entry = find(map, key, key_len);

	if (entry)
		return entry->value;
	return map->ask ? map->ask(map->context, key, key_len) : NULL;
}

void map_on_miss(struct map *map, void *(*ask)(void *context, const void *key, size_t key_len),
		 void *context)
{
	map->ask = ask;
	map->context = context;
}

void *map_take(struct map *map, const void *key, size_t key_len)
{
	struct entry *entry = find(map, key, key_len);
	struct map_walk *walk;
	void *value;

	if (!entry)
		return NULL;
	value = entry->value;
	LIST_FOREACH (walk, &map->walks, link) {
		if (walk->at == entry)
			walk->at = entry->hh.next;
	}
	HASH_DEL(map->head, entry);
	free(entry);
	return value;
}

size_t map_count(const struct map *map)
{
	return HASH_COUNT(map->head);
}

void *map_next(const struct map *map, void **cursor)
{
	struct entry *entry = *cursor ? *cursor : map->head;

	/* The cursor names the entry to give next; the map itself as cursor means "the end". */
	if (!entry || *cursor == (void *)map)
		return NULL;
	*cursor = entry->hh.next ? entry->hh.next : (void *)map;
	return entry->value;
}

void map_walk_begin(struct map_walk *walk, struct map *map)
{
	*walk = (struct map_walk){.map = map, .at = map->head, .left = HASH_COUNT(map->head)};
	LIST_INSERT_HEAD(&map->walks, walk, link);
}

void *map_walk_next(struct map_walk *walk)
{
	struct entry *entry = walk->at;

	if (!entry || !walk->left)
		return NULL;
	walk->left--;
	walk->at = entry->hh.next;
	return entry->value;
}

void map_walk_end(struct map_walk *walk)
{
	if (walk->map)
		LIST_REMOVE(walk, link);
	*walk = (struct map_walk){0};
}
