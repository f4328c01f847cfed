/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <sys/queue.h>

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

/*
 * A walk in pieces, while entries come and go: those that are there from its begin to its end are
 * given once, in the order of map_put. Embedded; zeroed before and after.
 */
struct map_walk {
	struct map *map;
	void *at; /* the entry to give next */
	size_t left;
	LIST_ENTRY(map_walk) link;
};

/* Until map_walk_end the walk must stay where it is; the map may go before. */
void map_walk_begin(struct map_walk *walk, struct map *map);
void *map_walk_next(struct map_walk *walk); /* NULL: that was the last */
void map_walk_end(struct map_walk *walk);

#endif
