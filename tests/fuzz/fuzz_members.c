/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as an object or as pairs whose members nobody has named: each lies in the text, is a
 * value by itself, and written down one behind the other they are the same object again. Of pairs
 * the last of a name is what the parser of logfmt finds by it, and what one of the two refuses the
 * other does, too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/kinds/members.h"
#include "parsers/kinds/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WANTED "a"

static void check_inside(struct slice text, struct slice piece)
{
	if (piece.at < text.at || piece.at + piece.len > text.at + text.len)
		abort();
}

static char *put(char *to, const char *bytes, size_t len)
{
	memcpy(to, bytes, len);
	return to + len;
}

/* The members, written down without blanks between them. */
static size_t write_object(struct slice text, struct slice rest, char *room)
{
	struct slice name, value;
	char *to = room;

	*to++ = '{';
	for (bool first = true; members_next(&rest, &name, &value); first = false) {
		check_inside(text, name);
		check_inside(text, value);
		if (!members_is_json(value))
			abort();
		to = put(to, ",\"", first ? 0 : 1);
		*to++ = '"';
		to = put(to, name.at, name.len);
		to = put(to, "\":", 2);
		to = put(to, value.at, value.len);
	}
	*to++ = '}';
	return (size_t)(to - room);
}

static void try_object(struct slice text)
{
	struct slice rest, again;
	char *once, *twice;
	size_t len;

	if (!members_of_object(text, &rest))
		return;
	if (!members_is_json(text))
		abort();
	once = malloc(text.len + 2);
	twice = malloc(text.len + 2);
	len = write_object(text, rest, once);
	again = (struct slice){once, len};
	if (len > text.len || !members_of_object(again, &rest))
		abort();
	if (write_object(again, rest, twice) != len || memcmp(once, twice, len) != 0)
		abort();
	free(once);
	free(twice);
}

/* What the parser finds of the name: 0, or it refuses the text. */
static int parse(struct slice text, struct arena *arena, struct slice *ret_value)
{
	const struct parser_link link = {.name = "x", .kind = PARSER_LOGFMT}, *links = &link;
	struct parser_fields fields = {0};
	struct parser_input input = {.line = text};
	struct parser *parser;
	uint32_t number;
	int r;

	if (parser_fields_add(&fields, slice_of(WANTED), &number) ||
	    parser_new(&links, 1, &fields, 1, &parser, &number))
		abort();
	r = parser_extract(parser, NULL, &input, arena, ret_value);
	parser_free(parser);
	return r;
}

static void try_pairs(struct slice text)
{
	struct slice rest = text, name, value, last = SLICE_NONE, found = SLICE_NONE;
	struct arena arena = ARENA_NULL;
	int r;

	while ((r = members_next_pair(&rest, &arena, &name, &value)) == 0) {
		check_inside(text, name);
		if (slice_eq(name, slice_of(WANTED)))
			last = value;
	}
	if (parse(text, &arena, &found)) {
		/* Nothing is no line of it, and has no pairs. */
		if (r != MEMBERS_E_FORM && text.len)
			abort();
	} else if (r != MEMBERS_E_END || !last.at != !found.at ||
		   (last.at && !slice_eq(last, found))) {
		abort();
	}
	arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of its own size, so that a byte beyond it is seen. */
	char *bytes = malloc(size ? size : 1);
	struct slice text = {bytes, size};

	if (size)
		memcpy(bytes, data, size);
	try_object(text);
	try_pairs(text);
	free(bytes);
	return 0;
}
