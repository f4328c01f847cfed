/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_PATTERN_H
#define PARSERS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

/*
 * A regular expression with named groups: bytes → fields. Bytes, not UTF-8, so an invalid line
 * still matches (scenario C03). Immutable once compiled; what a match writes lives in a scratch.
 */
struct pattern;

/* Match data and JIT stack of one thread; serves any number of patterns. */
struct pattern_scratch;

/* At most so many named groups in one pattern. */
#define PATTERN_FIELDS_MAX 64

/* Match effort: 100,000 steps were measured as 0.34 ms with JIT and 1.6 ms without. */
#define PATTERN_MATCH_LIMIT 100000

enum {
	PATTERN_E_SYNTAX = 1, /* pattern_compile: does not compile, or too many groups */
	PATTERN_E_MISS,       /* pattern_match: the line does not match */
	PATTERN_E_LIMIT,      /* pattern_match: gave up (match, heap or JIT stack limit) */
};

struct pattern_error {
	size_t at;         /* byte of the pattern where it went wrong */
	char message[256]; /* PCRE2's words */
};

/*
 * Compiles text (len bytes, copied) and tries the JIT. 0: *ret_pattern is the caller's.
 * PATTERN_E_SYNTAX: *ret_error says what and where. -ENOMEM.
 */
int pattern_compile(const char *text, size_t len, struct pattern **ret_pattern,
		    struct pattern_error *ret_error) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct pattern *pattern_free(struct pattern *pattern);

/* Number of named groups; their names in order of their group number. Borrowed from pattern. */
size_t pattern_n_fields(const struct pattern *pattern);
const char *pattern_field(const struct pattern *pattern, size_t index);

/* False when pcre2_jit_compile failed, e.g. under MemoryDenyWriteExecute: slower, not wrong. */
bool pattern_has_jit(const struct pattern *pattern);

/* "10.42 2022-12-11", and whether this build and this process can JIT at all. */
void pattern_library_version(char *ret_text, size_t len);
bool pattern_jit_works(void);

/* NULL when memory is out. */
struct pattern_scratch *pattern_scratch_new(void);

/* NULL is fine. Returns NULL. */
struct pattern_scratch *pattern_scratch_free(struct pattern_scratch *scratch);

/* A set of fields: a bit for each index. */
#define PATTERN_NO_FIELDS ((uint64_t)0)
#define PATTERN_ALL_FIELDS UINT64_MAX

/*
 * 0: of ret_fields[0 .. n_fields-1] those that are wanted are slices of line (at == NULL for a
 * group that took no part), the others are untouched; with PATTERN_NO_FIELDS it may be NULL.
 * PATTERN_E_MISS, PATTERN_E_LIMIT: ret_fields untouched. Never anything else.
 */
int pattern_match(const struct pattern *pattern, struct pattern_scratch *scratch, struct slice line,
		  uint64_t wanted, struct slice *ret_fields) MUSTCHECK;

/*
 * Whether text (len bytes) can replace matches of the pattern: "$1", "${1}", "$name" and "${name}"
 * are its groups, "$0" the whole match, "$$" a dollar. 0, PATTERN_E_SYNTAX (*ret_error says what
 * and where), -ENOMEM.
 */
int pattern_check_replacement(const struct pattern *pattern, const char *text, size_t len,
			      struct pattern_error *ret_error) MUSTCHECK;

/* A line does not grow beyond this by replacing. */
#define PATTERN_REPLACED_MAX ((size_t)8 << 20)

/*
 * Replaces every match in the line by a replacement that was checked; a group that took no part is
 * empty. 0: *ret_line lies in the arena. PATTERN_E_MISS: the line holds no match, which costs one
 * pattern_match. PATTERN_E_LIMIT: one of the matches gave up, or the line would become longer than
 * PATTERN_REPLACED_MAX. -ENOMEM.
 */
int pattern_replace(const struct pattern *pattern, struct pattern_scratch *scratch,
		    struct slice line, struct slice replacement, struct arena *arena,
		    struct slice *ret_line) MUSTCHECK;

/*
 * For a line that misses: the longest piece of it, bytes *ret_start .. *ret_end, that agrees with
 * the pattern as far as it goes: with other bytes behind it the pattern could still match there.
 * Where the pattern is tied to the start of the line, *ret_start is 0; *ret_end is where the line
 * first differs, or line.len when it ends too early. For people, not for the way of a line: some
 * hundred matches where the pattern may start anywhere, each within PATTERN_MATCH_LIMIT.
 */
void pattern_furthest(const struct pattern *pattern, struct pattern_scratch *scratch,
		      struct slice line, size_t *ret_start, size_t *ret_end);

#endif
