/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_IMPORT_WRITE_H
#define CMD_IMPORT_WRITE_H

#include <stdio.h>

#include "base/slice.h"
#include "cmd/import/entries.h"

/* Our own configuration, as text. */

/* `name = "text";` with escapes, behind an indent. */
void write_text(FILE *to, int indent, const char *name, const char *text);

/* The reference to the environment at which text stands, as it is. Its bytes; 0: there is none. */
size_t write_environment(FILE *to, const char *text);

/*
 * A property of librdkafka, by its name with dots or underscores; one that waybill keeps for itself
 * as a comment with the reason.
 */
void write_property(FILE *to, const char *name, const char *value);

/* The same of every entry whose path begins so, but for passwords; they are used by that. */
void write_properties(FILE *to, struct entries *entries, const char *prefix);

/* The text as a string of libconfig. */
void write_quoted(FILE *to, const char *text);

/* `name = [ "a", "b" ];` of the entries PATH[0], PATH[1], ... or of PATH alone. Their number. */
size_t write_list(FILE *to, int indent, const char *name, struct entries *entries,
		  const char *path);

/* All patterns of the list PATH as one. malloc'ed; NULL: there are none, or memory is out. */
char *write_joined(struct entries *entries, const char *path);

/*
 * A format of times in the letters of Joda and Java, "yyyy.MM.dd", as directives. What is no
 * letter, or one that is not known, is itself.
 */
void write_joda(FILE *to, struct slice format);

/* What was not used, a comment each: its line, and what is known of it. */
void write_rest(FILE *to, const struct entries *entries);

/*
 * Each format's way into a configuration of ours; 0: something was to be shipped. 1: the text says
 * nothing that is known.
 */
int import_filebeat(struct entries *entries, FILE *to) MUSTCHECK;
int import_fluent_bit(struct entries *entries, FILE *to) MUSTCHECK;
int import_logstash(struct entries *entries, FILE *to) MUSTCHECK;
int import_rsyslog(struct entries *entries, FILE *to) MUSTCHECK;
int import_vector(struct entries *entries, FILE *to) MUSTCHECK;

#endif
