/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_OPTIONS_H
#define SETTINGS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings/problems.h"
#include "settings/tree.h"

/*
 * The option table: every key of the configuration file but those of the kafka block. Parsing, the
 * detection of unknown keys and the documentation are driven by it.
 */

/* Where a key may stand. */
#define CONF_IN_MAIN 1u
#define CONF_IN_PARSER 2u
#define CONF_IN_SOURCE 4u
#define CONF_IN_HEADER 8u
#define CONF_IN_JSON 64u
#define CONF_IN_REDACT 128u
#define CONF_IN_FIELD 256u
#define CONF_IN_MULTILINE 512u
#define CONF_IN_PARTITIONER 16u
#define CONF_IN_RULE 32u
#define CONF_IN_FILTER 1024u
#define CONF_IN_TOPIC 2048u
#define CONF_IN_ALSO 4096u

enum conf_type {
	CONF_T_TEXT,
	CONF_T_TEXTS, /* a string or a list of strings */
	CONF_T_SIZE,
	CONF_T_RATE, /* bytes or lines a second: flow/rate.h */
	CONF_T_TIME,
	CONF_T_INT,
	CONF_T_INTS, /* a whole number or a list of them */
	CONF_T_BOOL,
	CONF_T_WORD, /* one of words */
	CONF_T_GROUP,
	CONF_T_GROUPS, /* a group or a list of them */
	CONF_T_LIST,   /* of groups; with words, or one of these: value.text */
};

enum conf_key {
	CONF_STATE_DIR,
	CONF_CONTROL_SOCKET,
	CONF_CONTROL_GROUP,
	CONF_HTTP_LISTEN,
	CONF_METRICS_PER_FILE,
	CONF_METRICS_PER_PARTITION,
	CONF_LOG_FORMAT,
	CONF_LINGER_MS,
	CONF_PRODUCER_LINGER,
	CONF_SHUTDOWN_TIMEOUT,
	CONF_CHECKPOINT_INTERVAL,
	CONF_STALL_TIMEOUT,
	CONF_ON_PARTITION_CHANGE,
	CONF_CERTIFICATE_WARNING,
	CONF_CHUNK_MEMORY,
	CONF_DEAD_LETTER_MAX,
	CONF_MAX_RATE,
	CONF_CATCH_UP_RATE,
	CONF_MAX_FILES,
	CONF_MAX_DIRECTORIES,
	CONF_STATE_DAMAGED,
	CONF_KAFKA,
	CONF_PARSERS,
	CONF_SOURCES,
	CONF_PLANS,
	CONF_NAME,
	CONF_PLAN_PARTITIONS,
	CONF_PLAN_REPLICATION,
	CONF_PLAN_CONFIG,
	CONF_PLAN_CREATE,
	CONF_PARSER_TYPE,
	CONF_PATTERN,
	CONF_PATTERN_FILE,
	CONF_PATTERNS,
	CONF_MACROS,
	CONF_MACROS_FILE,
	CONF_FROM,
	CONF_COLUMNS,
	CONF_DELIMITER,
	CONF_HEADER_LINE,
	CONF_CLUSTER,
	CONF_PATHS,
	CONF_EXCLUDE,
	CONF_ROTATED,
	CONF_FOLLOW_LINKS,
	CONF_COMPRESSED,
	CONF_SOURCE_DEAD_LETTER_MAX,
	CONF_SOURCE_MAX_RATE,
	CONF_DEAD_LETTER_FULL,
	CONF_DEAD_LETTER_TOPIC,
	CONF_DEAD_LETTER_COPIED,
	CONF_SOURCE_MAX_FILES,
	CONF_SOURCE_MAX_DIRECTORIES,
	CONF_PATH_PATTERN,
	CONF_PARSER,
	CONF_FIELDS,
	CONF_MAP,
	CONF_CASE,
	CONF_DEFAULT,
	CONF_SOURCE_RULES,
	CONF_ACTION,
	CONF_BY,
	CONF_ONE_IN,
	CONF_PER_SECOND,
	CONF_BURST,
	CONF_OVER,
	CONF_TOPIC,
	CONF_TOPICS,
	CONF_TOPIC_FALLBACK,
	CONF_ALSO,
	CONF_KEY,
	CONF_KEY_TYPE,
	CONF_ON_MISSING_KEY,
	CONF_TIMESTAMP,
	CONF_TIMESTAMP_FORMAT,
	CONF_TIMESTAMP_ZONE,
	CONF_TIMESTAMP_ZONES,
	CONF_TIMESTAMP_LANGUAGE,
	CONF_TIMESTAMP_MAX_PAST,
	CONF_TIMESTAMP_MAX_FUTURE,
	CONF_ON_BAD_TIMESTAMP,
	CONF_TOPIC_CONFIG,
	CONF_PARTITION,
	CONF_ON_BAD_PARTITION,
	CONF_VALUE,
	CONF_JSON,
	CONF_MEMBER_NAME,
	CONF_MEMBER_TYPE,
	CONF_MEMBER_ON_MISSING,
	CONF_HEADERS,
	CONF_HEADER_TYPE,
	CONF_ON_MISSING,
	CONF_STANDARD_HEADERS,
	CONF_HEADERS_FROM,
	CONF_HEADERS_MAX_BYTES,
	CONF_PROVENANCE,
	CONF_PARTITIONER,
	CONF_HASH,
	CONF_NULL_KEY,
	CONF_RULES,
	CONF_PREFIX,
	CONF_KEYS,
	CONF_PARTITIONS,
	CONF_REDACT,
	CONF_REPLACEMENT,
	CONF_START_AT,
	CONF_IGNORE_OLDER,
	CONF_ROTATE_WAIT,
	CONF_ENCODING,
	CONF_LINE_END,
	CONF_ON_INVALID_UTF8,
	CONF_MAX_LINE,
	CONF_KEEP_CR,
	CONF_MULTILINE,
	CONF_MULTILINE_TYPE,
	CONF_START,
	CONF_CONTINUE,
	CONF_END,
	CONF_FLUSH_AFTER,
	CONF_MAX_LINES,
	CONF_MAX_EVENT,
	CONF_ON_NO_MATCH,
	CONF_N_KEYS,
};

#define CONF_WORDS_MAX 12

struct conf_option {
	const char *name;
	unsigned where; /* CONF_IN_*; in MAIN and in SOURCE: a default that a source may override */
	enum conf_type type;
	bool required;
	const char *written;               /* the default as the user would write it; NULL: none */
	const char *words[CONF_WORDS_MAX]; /* CONF_T_WORD; the value is the index */
	const char *min,
		*max; /* CONF_T_SIZE, _RATE, _TIME, _INT, _INTS; as the user would write them */
	const char *help;
};

/* The table, CONF_N_KEYS long, indexed by enum conf_key. */
const struct conf_option *conf_options(void);

/* One setting after reading. */
struct conf_value {
	const struct conf_node *node; /* where it was set; NULL: the default. Borrowed */
	const char *text; /* CONF_T_TEXT; NULL when not set. Borrowed from node or table */
	uint64_t number;  /* bytes, milliseconds, integer, 0 or 1, index of the word */
};

struct conf_values {
	struct conf_value of[CONF_N_KEYS];
};

/* All defaults. */
void conf_values_init(struct conf_values *values);

/*
 * Reads the settings of a group, of those that may stand `where`, over what is in *values: what is
 * not set keeps its value, so a source starts from a copy of the main values. Notes unknown keys,
 * wrong types, values out of range and what is required but missing; in `also` nothing is. `what`
 * names the group in the messages ("source \"orders\": "), "" for the main group.
 */
void conf_values_read(struct conf_values *values, const struct conf_node *group, unsigned where,
		      const char *what, struct conf_problems *problems);

#endif
