/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_KINDS_MEMBERS_H
#define PARSERS_KINDS_MEMBERS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

/* All members of a text that names them itself, one by one, whatever they are. */

/* Whether the text is one value of JSON: as a parser of the kind json judges. */
bool members_is_json(struct slice text);

/* Whether it is an object; then *ret_rest is for members_next. */
bool members_of_object(struct slice text, struct slice *ret_rest);

/*
 * The next member of an object: its name without quotes, and its value, both as they are written;
 * what is left of *rest is for the next call. False: there is none.
 */
bool members_next(struct slice *rest, struct slice *ret_name, struct slice *ret_value);

enum {
	MEMBERS_E_END = 1, /* members_next_pair: there is none */
	MEMBERS_E_FORM,    /* members_next_pair: the text is no logfmt */
};

/*
 * The next pair of logfmt, its value without quotes and escapes (then in the arena). 0, the E
 * codes, -ENOMEM.
 */
int members_next_pair(struct slice *rest, struct arena *arena, struct slice *ret_name,
		      struct slice *ret_value) MUSTCHECK;

#endif
