/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_CONFIG_H
#define CMD_DEMO_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Each topic of the demo has so many partitions. */
#define DEMO_PARTITIONS 3

/*
 * A kind of log that the demo knows to cut. A kind has a source and a parser of the same name, and
 * a topic of that name behind the prefix that is common to the topics of one run.
 */
struct demo_kind {
	const char *name;
	const char *pattern; /* as in a pattern_file, without doubled backslashes */
	const char *key;     /* a template */
	struct {
		const char *name, *value;
	} headers[5]; /* NULL-terminated; "file" and "position" are among them */
};

extern const struct demo_kind demo_kind_sample; /* the log that the demo itself writes */
extern const struct demo_kind demo_kind_plain;  /* any log */

/* Logs to be found on hosts, the best first; ends with a NULL path. */
struct demo_log {
	const char *path;
	const struct demo_kind *kind;
};
extern const struct demo_log demo_logs[];

/* A path that the agent is to follow, and how its lines are cut; borrowed. */
struct demo_shipped {
	const char *path;
	const struct demo_kind *kind;
};

/* Whether none before this one is of the same kind. */
bool demo_conf_is_first(const struct demo_shipped *shipped, size_t i);

/*
 * Writes the configuration of an agent that ships all n of them to the brokers, a source for each
 * kind, as a person would write it. Errors are left in the stream.
 */
void demo_conf_write(FILE *to, const char *bootstrap_servers, const char *topic_prefix,
		     const struct demo_shipped *shipped, size_t n);

#endif
