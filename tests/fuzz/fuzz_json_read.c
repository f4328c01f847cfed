/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser of JSON against jansson: both take a line for an object or neither does, and what a
 * path finds is what jansson has there. Not compared are what RFC 8259 leaves open and the two
 * answer differently: bytes that are no UTF-8, half of a surrogate pair, numbers that no double
 * holds, depth, and of a path with points the member that is called so.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/kinds/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"a", "b", "a.b", "a[0]", "a[1].b", "b.a.a"};

#define NAMES_N (sizeof names / sizeof names[0])

static struct parser *compile(void)
{
	const struct parser_link link = {.name = "x", .kind = PARSER_JSON};
	const struct parser_link *links = &link;
	struct parser_fields fields = {0};
	struct parser *parser;
	uint32_t number;

	for (size_t i = 0; i < NAMES_N; i++) {
		if (parser_fields_add(&fields, slice_of(names[i]), &number))
			abort();
	}
	if (parser_new(&links, 1, &fields, (1u << NAMES_N) - 1, &parser, &number))
		abort();
	return parser;
}

static json_t *member(json_t *of, const char *name)
{
	return json_object_get(of, name);
}

static json_t *find(json_t *root, size_t path)
{
	switch (path) {
	case 0:
		return member(root, "a");
	case 1:
		return member(root, "b");
	case 2:
		return member(member(root, "a"), "b");
	case 3:
		return json_array_get(member(root, "a"), 0);
	case 4:
		return member(json_array_get(member(root, "a"), 1), "b");
	default:
		return member(member(member(root, "b"), "a"), "a");
	}
}

static void compare(json_t *theirs, struct slice ours)
{
	if (!theirs || json_is_null(theirs)) {
		if (ours.at)
			abort();
		return;
	}
	if (!ours.at)
		abort();
	if (json_is_string(theirs)) {
		if (json_string_length(theirs) != ours.len ||
		    memcmp(json_string_value(theirs), ours.at, ours.len) != 0)
			abort();
	} else {
		json_t *again =
			json_loadb(ours.at, ours.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

		if (!again || !json_equal(again, theirs))
			abort();
		json_decref(again);
	}
}

/* Whether a member's name holds what a path has between its parts. */
static int has_points(const uint8_t *data, size_t size)
{
	return memchr(data, '.', size) != NULL || memmem(data, size, "\\u", 2) != NULL;
}

/* What jansson refuses although RFC 8259 lets it through. */
static int is_left_open(const json_error_t *error)
{
	return json_error_code(error) == json_error_invalid_utf8 ||
	       json_error_code(error) == json_error_numeric_overflow ||
	       json_error_code(error) == json_error_stack_overflow ||
	       json_error_code(error) == json_error_null_byte_in_key ||
	       strstr(error->text, "Unicode") || strstr(error->text, "UTF-8");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice fields[PARSER_FIELDS_MAX];
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct arena arena = ARENA_NULL;
	struct parser_input input = {.line = {(const char *)data, size}};
	struct parser *parser = compile();
	int r = parser_extract(parser, scratch, &input, &arena, fields);
	json_error_t error = {0};
	/* One behind a number is passed over by jansson; no line with one is JSON. */
	bool has_nul = size && memchr(data, '\0', size);
	json_t *root =
		has_nul ? NULL : json_loadb((const char *)data, size, JSON_ALLOW_NUL, &error);

	if (has_nul && r == 0)
		abort();

	if (root && (r == 0) != json_is_object(root) && size < 128)
		abort();
	if (!has_nul && !root && r == 0 && !is_left_open(&error))
		abort();
	for (size_t i = 0; root && r == 0 && i < NAMES_N && !has_points(data, size); i++)
		compare(find(root, i), fields[i]);
	json_decref(root);
	parser_free(parser);
	arena_deinit(&arena);
	pattern_scratch_free(scratch);
	return 0;
}
