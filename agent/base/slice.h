/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * Bytes that belong to somebody else: always borrowed, never terminated by NUL.
 * at == NULL means "not there" (a missing field, a null key); at != NULL with len 0 is empty.
 */
struct slice {
	const char *at;
	size_t len;
};

#define SLICE_NONE ((struct slice){0})

/* The bytes of a C string without its NUL; borrowed. NULL gives SLICE_NONE. */
static inline struct slice slice_of(const char *text)
{
	return (struct slice){text, text ? strlen(text) : 0};
}

/* True when both are there and hold the same bytes. */
static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.at && b.at && a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

#endif
