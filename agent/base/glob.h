/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

/*
 * Path patterns, cut into components: * ? [..] within a component, {a,b} anywhere, ** for any
 * number of directories. A leading dot of a name must be matched by a dot.
 * "**" at the end wants every file below. ".." is refused, "." and double slashes are nothing.
 */
struct glob;

enum {
	GLOB_E_INVALID =
		1, /* not absolute, unbalanced, longer than a path, more than 1,000 alternatives */
};

/* text is copied. 0, GLOB_E_INVALID with a message, -ENOMEM. */
int glob_compile(const char *text, struct glob **ret_glob, char *ret_message, size_t len) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct glob *glob_free(struct glob *glob);

/* Whether the whole path, absolute, matches. */
bool glob_match(const struct glob *glob, const char *path);

/*
 * One alternative (after brace expansion) as a list of components, for walking the tree. A
 * component is literal (no metacharacter; its text comes without backslashes), a name pattern, or
 * "**", which is never the last and never twice in a row.
 */
enum glob_kind { GLOB_LITERAL, GLOB_NAME, GLOB_DEEP };

size_t glob_n_alternatives(const struct glob *glob);
size_t glob_n_components(const struct glob *glob, size_t alternative);
enum glob_kind glob_component(const struct glob *glob, size_t alternative, size_t component,
			      const char **ret_text);

/* Whether a name matches one component (GLOB_LITERAL or GLOB_NAME). */
bool glob_component_match(const struct glob *glob, size_t alternative, size_t component,
			  const char *name);

/*
 * An exclude pattern: with a slash it is matched as a path (at any depth when it does not begin
 * with one), without one against the last name. Same returns as glob_compile.
 */
struct exclude;
int exclude_compile(const char *text, struct exclude **ret_exclude, char *ret_message, size_t len)
	MUSTCHECK;
struct exclude *exclude_free(struct exclude *exclude);
bool exclude_match(const struct exclude *exclude, const char *path);

/*
 * Whether a directory is excluded with all that is below it: only a pattern with a slash that
 * matches the directory itself does that; a name such as "*.gz" is meant for files.
 */
bool exclude_match_directory(const struct exclude *exclude, const char *path);

#endif
