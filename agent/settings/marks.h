/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_MARKS_H
#define SETTINGS_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "base/result.h"
#include "settings/options.h"
#include "settings/tree.h"

/*
 * What a configuration says, in numbers that are equal when it says the same: whatever its
 * comments, its spacing, the files it stands in, the order of what has no order, and the way in
 * which a size or a time is written. A default that is written down is no difference.
 */

/* One source. */
struct mark_source {
	char *name;
	/* What becomes of its lines: with its parsers, and what it has of the top level. */
	struct hash128 is;
	struct hash128 limits; /* what may be another while its files are read: marks_is_limit */
};

struct marks {
	struct hash128 of[CONF_N_KEYS]; /* of the top level, but sources and what is theirs */
	struct mark_source *sources;    /* in their order */
	size_t n_sources;
};

/*
 * Those of a joined tree without errors. Files that it names (pattern_file, macros_file) are read;
 * what secrets and certificates are is not looked at. 0: *ret_marks is for marks_deinit. -ENOMEM.
 */
int marks_of(const struct conf_node *root, struct marks *ret_marks) MUSTCHECK;
void marks_deinit(struct marks *marks);

/* That of a group by itself; NULL: there is none. 0 or -ENOMEM. */
int marks_of_group(const struct conf_node *group, struct hash128 *ret_mark) MUSTCHECK;

/* Whether two marks are the same. */
bool marks_same(struct hash128 a, struct hash128 b);

/* The first setting of the top level that differs from `from` on; CONF_N_KEYS: none does. */
enum conf_key marks_differ(const struct marks *a, const struct marks *b, size_t from);

/* That of the source of this name, or NULL. */
const struct mark_source *marks_find(const struct marks *marks, const char *name);

/* Whether the setting of a source may change while its files are read. */
bool marks_is_limit(enum conf_key key);

#endif
