/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading by jansson: what comes here is a few hundred bytes, some of them from a stranger, or now
 * and then some thousands that a helper has time for, and a library that others have tried to break
 * for years is worth its slowness there. Writing is json.c.
 */
#include "base/object.h"

#include <jansson.h>
#include <stdio.h>

static const json_t *tree_of(const struct object *object)
{
	return (const json_t *)object;
}

int object_read(struct slice json, struct object **ret_object, char *ret_message, size_t len)
{
	json_error_t error;
	json_t *tree = json_loadb(json.at ? json.at : "", json.len, JSON_REJECT_DUPLICATES, &error);

	if (!tree) {
		/* Its words quote what stands there, which may be anything. */
		snprintf(ret_message, len, "not JSON, at byte %d", error.position);
		return OBJECT_E_INVALID;
	}
	if (!json_is_object(tree)) {
		json_decref(tree);
		snprintf(ret_message, len, "not a JSON object");
		return OBJECT_E_INVALID;
	}
	*ret_object = (struct object *)tree;
	return 0;
}

struct object *object_free(struct object *object)
{
	json_decref((json_t *)object);
	return NULL;
}

const char *object_text(const struct object *object, const char *name)
{
	return json_string_value(json_object_get(tree_of(object), name));
}

int64_t object_number(const struct object *object, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get(tree_of(object), name);

	if (json_is_boolean(value))
		return json_is_true(value);
	return json_is_integer(value) ? (int64_t)json_integer_value(value) : otherwise;
}

const struct object *object_member(const struct object *object, const char *name)
{
	const json_t *value = json_object_get(tree_of(object), name);

	return json_is_object(value) ? (const struct object *)value : NULL;
}

const struct object *object_next(const struct object *object, void **at)
{
	json_t *tree = (json_t *)object;

	do {
		*at = *at ? json_object_iter_next(tree, *at) : json_object_iter(tree);
	} while (*at && !json_is_object(json_object_iter_value(*at)));
	return *at ? (const struct object *)json_object_iter_value(*at) : NULL;
}
