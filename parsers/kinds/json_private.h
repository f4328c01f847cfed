/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_KINDS_JSON_PRIVATE_H
#define PARSERS_KINDS_JSON_PRIVATE_H

#include "parsers/kinds/kinds_private.h"

/*
 * JSON by paths: for the kind json, and for those whose lines are JSON of known members (docker).
 */

/* Of a path: bytes, and names and indexes in it. */
#define JSON_PATH_MAX 127
#define JSON_PARTS_MAX 16

/* Objects and arrays within each other; more is no JSON of ours. */
#define JSON_DEPTH_MAX 128

/* "user.id", "items[0].sku" → where its value goes. */
struct json_path {
	const char *text; /* borrowed */
	uint8_t len;
	int8_t slot;
	uint8_t parts[JSON_PATH_MAX + 1]; /* how many end before this byte */
};

struct json_paths {
	size_t n;
	struct json_path of[PARSER_FIELDS_MAX];
};

/* Adds a path. False: none of a value can have it (empty, too long, too deep). */
bool json_add_path(struct json_paths *paths, const char *text, int8_t slot);

/* Whether the text is one value of JSON, of whatever kind. */
bool json_is_valid(struct slice text);

/* As a kind's extract. */
int json_extract(const struct json_paths *paths, struct slice text, struct kind_run *run);

#endif
