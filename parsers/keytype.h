/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_KEYTYPE_H
#define PARSERS_KEYTYPE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

/*
 * The text of a key → the bytes that one of Java's serializers makes of the same value, so that
 * records of ours and of a Java producer meet in one partition, and one deserializer reads both.
 *
 *   KEY_STRING   the text itself                                     StringSerializer
 *   KEY_INT32    4 bytes, big-endian two's complement                IntegerSerializer
 *   KEY_INT64    8 bytes, the same                                   LongSerializer
 *   KEY_UUID     36 characters, lower case, with its four dashes     UUIDSerializer
 */
enum key_type { KEY_STRING, KEY_INT32, KEY_INT64, KEY_UUID };

enum {
	KEYTYPE_E_INVALID = 1, /* the text is no value of the type */
};

/*
 * A number is an optional sign and decimal digits, within the range of its type; a UUID is
 * 8-4-4-4-12 hexadecimal digits of either case. Nothing may stand around them. text.at is not NULL.
 *
 * 0: *ret_key is borrowed from text (strings, and UUIDs that are lower case already) or from the
 * arena. KEYTYPE_E_INVALID, -ENOMEM.
 */
int keytype_serialize(enum key_type type, struct slice text, struct arena *arena,
		      struct slice *ret_key) MUSTCHECK;

/*
 * A number from 0 to 2^31 - 1 (a partition), written as above. 0: *ret_number. KEYTYPE_E_INVALID.
 */
int keytype_partition(struct slice text, int32_t *ret_number) MUSTCHECK;

/* Room for the decimal digits of any number, its sign and a NUL. */
#define KEYTYPE_SHOWN_MAX 24

/*
 * A serialised key for people: a number as decimal text, written to `text`; anything else as it
 * is, also what is none of the type. Borrowed from text or key.
 */
struct slice keytype_show(enum key_type type, struct slice key, char text[KEYTYPE_SHOWN_MAX]);

/* The name in the configuration: "int32". Static. */
const char *keytype_name(enum key_type type);

/* How a value of the type is written, for messages: "a whole number from ... to ...". Static. */
const char *keytype_hint(enum key_type type);

#endif
