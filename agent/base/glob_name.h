/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_GLOB_NAME_H
#define BASE_GLOB_NAME_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether the name (len bytes) matches a pattern of * ? [..] [!..] [[:digit:]..] and backslashes.
 * A leading dot is matched by a dot only.
 */
bool glob_name_match(const char *pattern, const char *name, size_t len);

/* The end of the bracket expression that starts at p (behind its ']'), NULL when there is none. */
const char *glob_bracket_end(const char *p);

#endif
