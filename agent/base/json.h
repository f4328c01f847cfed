/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

/*
 * Writes JSON (RFC 8259) into an arena, append only. The caller writes the punctuation and the
 * names, which are nearly always constants; what is done here is what can go wrong:
 *
 *	struct json json = {.arena = &arena};
 *	json_put_text(&json, "{\"topic\":");
 *	json_put_string(&json, topic);
 *	json_put_text(&json, ",\"partition\":");
 *	json_put_integer(&json, partition);
 *	json_put_text(&json, "}");
 *	r = json_finish(&json, &text);
 *
 * Memory that runs out is remembered and told by json_finish; until then nothing needs checking.
 */
struct json {
	struct arena *arena;
	char *start, *at, *end;
	uint64_t replaced; /* pieces of strings that were no UTF-8 and became U+FFFD */
	bool no_memory;
};

/* Room for `len` bytes more in one go; without it the text grows by doubling. Not needed. */
void json_reserve(struct json *json, size_t len);

/* Text that is JSON, or a piece of it, already. */
void json_put_raw(struct json *json, struct slice text);

static inline void json_put_text(struct json *json, const char *text)
{
	json_put_raw(json, slice_of(text));
}

/*
 * Any bytes as a JSON string: quoted, escaped, always valid UTF-8. Each maximal subpart of an
 * ill-formed sequence becomes one U+FFFD (Unicode 15, 3.9, table 3-8; the decoder of WHATWG and
 * Python's "replace" do the same) and adds one to json->replaced. text.at == NULL: null.
 */
void json_put_string(struct json *json, struct slice text);

/* JSON that is valid but for bytes that are no UTF-8, which become U+FFFD as above. */
void json_put_json(struct json *json, struct slice text);

void json_put_integer(struct json *json, int64_t number);

/* Of a number that is negative where it is not known: null then. */
void json_put_natural(struct json *json, int64_t number);

/*
 * Whether the bytes are a number as RFC 8259 has it, and not beyond a double: no "+1", "01", ".5",
 * "1.", "0x1", "NaN", "1e999".
 */
bool json_number_valid(struct slice text);

/*
 * The end of the text. 0: *ret_text lies in the arena, what was reserved and not used is given
 * back. -ENOMEM.
 */
int json_finish(struct json *json, struct slice *ret_text) MUSTCHECK;

#endif
