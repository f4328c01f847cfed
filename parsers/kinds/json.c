/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line that is a JSON object: one pass, no tree, no recursion. Values that somebody wants come
 * out as slices of the line, strings without their quotes; only those with escapes are written
 * anew, into the arena. Numbers and booleans are as they stand, objects and arrays too, null is
 * missing.
 *
 * All of the line is held against RFC 8259, also what nobody wants: who takes half of a line for
 * JSON finds a "level" in the middle of a stack trace. Bytes that are no UTF-8 are let through, as
 * everywhere in waybill.
 *
 * A path is held against the names on the way down, by the letter: "log.level" is the member
 * "level" of "log", and a member that is called "log.level", since loggers write both. Of members
 * of the same name the last one wins, with all that is in it, as in most libraries; of the two
 * spellings too.
 *
 *   levels[depth]       what is open there: which paths lead into it, and those that are all of it
 *   places[depth][i]    how much of path i is used up there
 *   routes[depth][i]    by which of its parts: a bit for each that ended at a name
 *
 * Below JSON_PARTS_MAX levels no path leads anywhere, so the last two are not needed there.
 */
#include <errno.h>
#include <stdlib.h>

#include "parsers/kinds/json_private.h"
#include "parsers/kinds/text.h"

/* A name with escapes in it; one that is longer is no part of any path. */
#define NAME_MAX_ESCAPED 1024

struct level {
	uint64_t inner; /* paths that lead into it */
	uint64_t whole; /* paths that are this object or array itself */
	const char *start;
	uint32_t index; /* of an array: the element at hand */
	bool array;
};

struct walk {
	const struct json_paths *paths;
	const char *at, *end;
	struct kind_run *run;
	uint64_t inner, whole; /* of the value that comes next */
	uint64_t found;
	int depth; /* levels that are open */
	uint32_t found_by[PARSER_FIELDS_MAX];
	struct slice values[PARSER_FIELDS_MAX]; /* of those that are found */
	struct level levels[JSON_DEPTH_MAX];
	uint8_t places[JSON_PARTS_MAX + 2][PARSER_FIELDS_MAX];
	uint32_t routes[JSON_PARTS_MAX + 2][PARSER_FIELDS_MAX];
};

static inline void skip_blanks(struct walk *w)
{
	while (w->at < w->end && UNLIKELY((unsigned char)*w->at <= ' ') &&
	       (*w->at == ' ' || *w->at == '\t' || *w->at == '\n' || *w->at == '\r'))
		w->at++;
}

/* The next byte that is no blank; NUL at the end, which is none of JSON's. */
static inline char next_byte(struct walk *w)
{
	skip_blanks(w);
	return w->at < w->end ? *w->at : '\0';
}

/* ---- paths ---- */

bool json_add_path(struct json_paths *paths, const char *text, int8_t slot)
{
	struct json_path *path = &paths->of[paths->n];
	size_t len = strlen(text);
	uint8_t parts = 0;

	if (len == 0 || len > JSON_PATH_MAX || paths->n == ARRAY_LEN(paths->of))
		return false;
	for (size_t i = 0; i <= len; i++) {
		path->parts[i] = parts;
		parts += i > 0 && (text[i] == '.' || text[i] == '[');
	}
	if (parts >= JSON_PARTS_MAX)
		return false;
	path->text = text;
	path->len = (uint8_t)len;
	path->slot = slot;
	paths->n++;
	return true;
}

/* What an earlier member of the same name, on the same way down, held of the path is forgotten. */
static void forget(struct walk *w, int i, uint32_t route)
{
	/* Up to the part that ended last. */
	uint32_t shared = (UINT32_C(2) << (31 - __builtin_clz(route))) - 1;

	if ((w->found >> i & 1) && (w->found_by[i] & shared) == route)
		w->found &= ~((uint64_t)1 << i);
}

/* Path i is used up to `place` by a name or an index of the level at hand. */
static void step(struct walk *w, int i, size_t place)
{
	const struct json_path *path = &w->paths->of[i];
	uint32_t route = w->routes[w->depth][i] | UINT32_C(1) << path->parts[place];

	forget(w, i, route);
	w->routes[w->depth + 1][i] = route;
	w->places[w->depth + 1][i] = (uint8_t)(place + (path->text[place] == '.'));
	if (place == path->len)
		w->whole |= (uint64_t)1 << i;
	else
		w->inner |= (uint64_t)1 << i;
}

static void match_name(struct walk *w, struct slice name)
{
	uint64_t left = w->levels[w->depth - 1].inner;

	w->whole = w->inner = 0;
	for (; left; left &= left - 1) {
		int i = __builtin_ctzll(left);
		const struct json_path *path = &w->paths->of[i];
		size_t place = w->places[w->depth][i], end = place + name.len;

		if (end > path->len ||
		    (end < path->len && path->text[end] != '.' && path->text[end] != '[') ||
		    memcmp(path->text + place, name.at, name.len) != 0)
			continue;
		step(w, i, end);
	}
}

/* "[17]" at the place of the path that was used last. */
static void match_index(struct walk *w, uint32_t index)
{
	uint64_t left = w->levels[w->depth - 1].inner;

	w->whole = w->inner = 0;
	for (; left; left &= left - 1) {
		int i = __builtin_ctzll(left);
		const struct json_path *path = &w->paths->of[i];
		size_t place = w->places[w->depth][i] + 1u;
		uint64_t number = 0;

		while (place < path->len && path->text[place] >= '0' && path->text[place] <= '9')
			number = number * 10 + (uint64_t)(path->text[place++] - '0');
		if (number == index && path->text[place] == ']')
			step(w, i, place + 1);
	}
}

/* Those paths that go on with an index, or with a name. */
static uint64_t keep_paths(const struct walk *w, uint64_t inner, bool array)
{
	uint64_t kept = 0;

	for (uint64_t left = inner; left; left &= left - 1) {
		int i = __builtin_ctzll(left);

		if ((w->paths->of[i].text[w->places[w->depth][i]] == '[') == array)
			kept |= (uint64_t)1 << i;
	}
	return kept;
}

/* ---- values ---- */

/* The value of all paths that are it. */
static void store(struct walk *w, uint64_t whole, int depth, struct slice value)
{
	for (; whole; whole &= whole - 1) {
		int i = __builtin_ctzll(whole);

		w->values[i] = value;
		w->found |= (uint64_t)1 << i;
		w->found_by[i] = w->routes[depth + 1][i];
	}
}

static int take_string(struct walk *w)
{
	const char *start = ++w->at, *end;
	bool escaped = false;
	struct slice text;

	end = text_string_end(start, w->end, &escaped, &w->at);
	if (!end)
		return PARSER_E_MISS;
	w->at = end + 1;
	if (LIKELY(!w->whole))
		return 0;
	text = (struct slice){start, (size_t)(end - start)};
	if (escaped) {
		int r = text_unescape(text, w->run->arena, &text);

		if (r)
			return r;
	}
	store(w, w->whole, w->depth, text);
	return 0;
}

static bool take_digits(struct walk *w)
{
	const char *start = w->at;

	while (w->at < w->end && *w->at >= '0' && *w->at <= '9')
		w->at++;
	return w->at > start;
}

static bool pass_number(struct walk *w)
{
	w->at += *w->at == '-';
	if (w->at < w->end && *w->at == '0')
		w->at++;
	else if (!take_digits(w))
		return false;
	if (w->at < w->end && *w->at == '.') {
		w->at++;
		if (!take_digits(w))
			return false;
	}
	if (w->at == w->end || (*w->at | 0x20) != 'e')
		return true;
	w->at++;
	if (w->at < w->end && (*w->at == '+' || *w->at == '-'))
		w->at++;
	return take_digits(w);
}

static bool pass_word(struct walk *w, const char *word, size_t len)
{
	if ((size_t)(w->end - w->at) < len || memcmp(w->at, word, len) != 0)
		return false;
	w->at += len;
	return true;
}

/* A number, true, false or null. */
static int take_plain(struct walk *w)
{
	const char *start = w->at;
	bool good, null = *start == 'n';

	switch (*start) {
	case 't':
		good = pass_word(w, "true", 4);
		break;
	case 'f':
		good = pass_word(w, "false", 5);
		break;
	case 'n':
		good = pass_word(w, "null", 4);
		break;
	default:
		good = pass_number(w);
	}
	if (!good)
		return PARSER_E_MISS;
	if (UNLIKELY(w->whole))
		store(w, w->whole, w->depth,
		      null ? SLICE_NONE : (struct slice){start, (size_t)(w->at - start)});
	return 0;
}

/* An object or array begins. */
static int open_level(struct walk *w, bool array)
{
	struct level *level = &w->levels[w->depth];

	if (w->depth == JSON_DEPTH_MAX)
		return PARSER_E_MISS;
	w->depth++;
	*level = (struct level){0, w->whole, w->at++, 0, array};
	if (UNLIKELY(w->inner))
		level->inner = keep_paths(w, w->inner, array);
	return 0;
}

static void close_level(struct walk *w)
{
	const struct level *level = &w->levels[--w->depth];

	w->at++;
	if (UNLIKELY(level->whole))
		store(w, level->whole, w->depth,
		      (struct slice){level->start, (size_t)(w->at - level->start)});
}

/* The name of a member, with its colon. */
static int take_name(struct walk *w)
{
	char room[NAME_MAX_ESCAPED];
	bool escaped = false;
	struct slice name;
	const char *end;

	if (next_byte(w) != '"')
		return PARSER_E_MISS;
	name.at = ++w->at;
	end = text_string_end(name.at, w->end, &escaped, &w->at);
	if (!end)
		return PARSER_E_MISS;
	name.len = (size_t)(end - name.at);
	w->at = end + 1;
	w->whole = w->inner = 0;
	if (w->levels[w->depth - 1].inner) {
		if (escaped && name.len <= sizeof room)
			name = (struct slice){room, text_unescape_to(name, room)};
		match_name(w, name);
	}
	if (next_byte(w) != ':')
		return PARSER_E_MISS;
	w->at++;
	return 0;
}

/* What comes before the value of the level at hand: a name, or nothing in an array. */
static int begin_value(struct walk *w)
{
	struct level *level = &w->levels[w->depth - 1];

	if (!level->array)
		return take_name(w);
	w->whole = w->inner = 0;
	if (UNLIKELY(level->inner))
		match_index(w, level->index++);
	return 0;
}

/* One value, or the beginning of one. *ret_open: the level that it opened is not empty. */
static int take_value(struct walk *w, bool *ret_open)
{
	char c = next_byte(w);
	int r;

	*ret_open = false;
	if (c == '"')
		return take_string(w);
	if (c != '{' && c != '[')
		return c ? take_plain(w) : PARSER_E_MISS;
	r = open_level(w, c == '[');
	if (r)
		return r;
	*ret_open = next_byte(w) != (c == '[' ? ']' : '}');
	if (!*ret_open)
		close_level(w);
	return 0;
}

/* Behind a value: closes what ends here. *ret_more: another value follows. */
static int end_value(struct walk *w, bool *ret_more)
{
	*ret_more = false;
	while (w->depth > 0) {
		char c = next_byte(w);

		if (c == ',') {
			w->at++;
			*ret_more = true;
			return 0;
		}
		if (c != (w->levels[w->depth - 1].array ? ']' : '}'))
			return PARSER_E_MISS;
		close_level(w);
	}
	skip_blanks(w);
	return w->at == w->end ? 0 : PARSER_E_MISS;
}

static int take_document(struct walk *w)
{
	bool more = true, open;
	int r = take_value(w, &open);

	if (r == 0 && !open)
		r = end_value(w, &more);
	while (r == 0 && more) {
		r = begin_value(w);
		if (r == 0)
			r = take_value(w, &open);
		if (r == 0 && !open)
			r = end_value(w, &more);
	}
	return r;
}

static void begin(struct walk *w, const struct json_paths *paths, struct slice text)
{
	/* Not initialised as a whole: most of its 10 KiB are not looked at. */
	w->paths = paths;
	w->at = text.at;
	w->end = text.at + text.len;
	w->inner = paths->n ? UINT64_MAX >> (64 - paths->n) : 0;
	w->whole = w->found = 0;
	w->depth = 0;
	memset(w->places[1], 0, paths->n);
	memset(w->routes[1], 0, paths->n * sizeof w->routes[1][0]);
}

bool json_is_valid(struct slice text)
{
	static const struct json_paths none;
	struct walk w;

	begin(&w, &none, text);
	return take_document(&w) == 0;
}

int json_extract(const struct json_paths *paths, struct slice text, struct kind_run *run)
{
	struct walk w;
	int r = PARSER_E_MISS;

	begin(&w, paths, text);
	w.run = run;
	if (LIKELY(next_byte(&w) == '{'))
		r = take_document(&w);
	if (UNLIKELY(r))
		return r < 0 ? r : kind_miss(run, w.at);
	for (; w.found; w.found &= w.found - 1) {
		int i = __builtin_ctzll(w.found);

		if (w.values[i].at)
			run->fields[paths->of[i].slot] = w.values[i];
	}
	return 0;
}

/* ---- the kind ---- */

static int compile(const struct parser_link *link UNUSED, const struct kind_wants *wants,
		   void **ret_state, uint32_t *ret_field)
{
	struct json_paths *paths = calloc(1, sizeof *paths);

	if (!paths)
		return -ENOMEM;
	*ret_state = paths;
	for (uint32_t i = 0; i < wants->fields->n; i++) {
		if (!(wants->wanted >> i & 1) ||
		    json_add_path(paths, wants->fields->names[i], (int8_t)i))
			continue;
		*ret_field = i;
		return PARSER_E_NAME;
	}
	return 0;
}

static void *discard(void *state)
{
	free(state);
	return NULL;
}

static int extract(const void *state, struct slice text, struct kind_run *run)
{
	return json_extract(state, text, run);
}

const struct kind kind_json = {NULL, "", compile, discard, extract};
