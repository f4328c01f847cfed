/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>

#include "base/result.h"

/* A hash map from a run of bytes (copied) to a pointer (borrowed). uthash behind three verbs. */
struct map;

/* An empty map, or NULL when memory is out. */
struct map *map_new(void);

/* Frees the map, not the values. NULL is fine. Returns NULL. */
struct map *map_free(struct map *map);

/* Puts or replaces. 0, or -ENOMEM. value must not be NULL. */
int map_put(struct map *map, const void *key, size_t key_len, void *value) MUSTCHECK;

/* The value, or NULL. */
void *map_get(const struct map *map, const void *key, size_t key_len);

/* Takes the entry out and returns its value, or NULL when there was none. */
void *map_take(struct map *map, const void *key, size_t key_len);

/*
 * What map_get does not find it asks for here: the value, which `ask` may have put in, or NULL. Of
 * what is known elsewhere and comes into the map when it is wanted.
 */
void map_on_miss(struct map *map, void *(*ask)(void *context, const void *key, size_t key_len),
		 void *context);

/* Number of entries. */
size_t map_count(const struct map *map);

/*
 * Walks all entries: start with *cursor = NULL; returns the next value or NULL at the end. Taking
 * out the entry just returned is allowed, putting is not.
 */
void *map_next(const struct map *map, void **cursor);

#endif
