/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_IMPORT_ENTRIES_H
#define CMD_IMPORT_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

/*
 * What a foreign configuration says, flat: "filebeat.inputs[0].paths[1]" is "/var/log/a.log". Names
 * are as they are written, nested or with dots, so both forms of one setting are the same entry.
 */

struct entry {
	char *path, *value; /* owned */
	unsigned line;
	bool used; /* something of ours was made of it */
};

struct entries {
	struct entry *of;
	size_t n;
	bool no_memory; /* what was added then is missing */
};

/* path and value are copied. */
void entries_add(struct entries *entries, const char *path, const char *value, unsigned line);

void entries_deinit(struct entries *entries);

/* The entry of that path (printf), or NULL. It counts as used. */
struct entry *entries_find(struct entries *entries, const char *format, ...) PRINTF_LIKE(2, 3);

/* The same, but it does not count as used. */
struct entry *entries_look(struct entries *entries, const char *format, ...) PRINTF_LIKE(2, 3);

/* Its value, or NULL; it counts as used. */
const char *entries_value(struct entries *entries, const char *format, ...) PRINTF_LIKE(2, 3);

/* Whether the list of that name, or the group, has an entry at all; none is used by that. */
bool entries_has(const struct entries *entries, const char *format, ...) PRINTF_LIKE(2, 3);

/* What the environment is to say in values is written as ours has it. 0 or -ENOMEM. */
int entries_take_environment(struct entries *entries) MUSTCHECK;

/*
 * A file of YAML, as configurations have it: mappings, lists, plain and quoted scalars, [a, b] and
 * {a: b} on one line, comments. No blocks ("|", ">"), anchors, tags or several documents: *ret_bad
 * is the first line that was not read (0: none). text is changed. 0 or -ENOMEM.
 */
int entries_read_yaml(char *text, struct entries *ret_entries, unsigned *ret_bad) MUSTCHECK;

/* A file of TOML, as toml.c says; as entries_read_yaml. */
int entries_read_toml(char *text, struct entries *ret_entries, unsigned *ret_bad) MUSTCHECK;

/*
 * A file of sections, "[INPUT]" and "  Name value" below it: "input[0].name", with small letters.
 * text is changed. 0 or -ENOMEM.
 */
int entries_read_sections(char *text, struct entries *ret_entries) MUSTCHECK;

/* A file of Logstash's language, as blocks.c says. text is changed. 0 or -ENOMEM. */
int entries_read_blocks(char *text, struct entries *ret_entries) MUSTCHECK;

/* A file of objects of RainerScript, as objects.c says. text is changed. 0 or -ENOMEM. */
int entries_read_objects(char *text, struct entries *ret_entries) MUSTCHECK;

#endif
