/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_OBJECT_H
#define BASE_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

/*
 * A JSON object that is read: the questions and answers of the control socket, none of which has an
 * object or a list in it; what librdkafka counts, where each broker is an object. Off the way of a
 * line.
 */
struct object;

enum { OBJECT_E_INVALID = 1 /* object_read: not one JSON object, or a name is there twice */ };

/*
 * 0: *ret_object is the caller's. OBJECT_E_INVALID: ret_message (NUL-terminated) says why. -ENOMEM
 * cannot be told from that, and is called that.
 */
int object_read(struct slice json, struct object **ret_object, char *ret_message, size_t len)
	MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct object *object_free(struct object *object);

/* The string of that name, UTF-8 without NUL; NULL when there is none. Borrowed. */
const char *object_text(const struct object *object, const char *name);

/* The whole number of that name, true as 1 and false as 0; `otherwise` when there is none. */
int64_t object_number(const struct object *object, const char *name, int64_t otherwise);

/* The object of that name in it, borrowed; NULL when there is none. */
const struct object *object_member(const struct object *object, const char *name);

/*
 * Those of its members that are objects, one a call: *at is NULL before the first. Borrowed; NULL
 * behind the last.
 */
const struct object *object_next(const struct object *object, void **at);

#endif
