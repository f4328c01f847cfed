/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_SCHEMA_H
#define STATE_SCHEMA_H

/* The tables of the store and the queries on them, as SQL text. */

/* The version this program writes (user_version). */
extern const int schema_version;

/* Step n leads from version n to n + 1, in one transaction. */
extern const char *const schema_migrations[];

enum query {
	QUERY_BEGIN,
	QUERY_COMMIT,
	QUERY_ROLLBACK,
	QUERY_FILE,
	QUERY_POSITION,
	QUERY_DROP_FILE,
	QUERY_DROP_POSITION,
	QUERY_LETTER,
	QUERY_DROP_LETTER,
	QUERY_COPIED,
	QUERY_NEXT_LETTER,
	QUERY_OLDEST_LETTER,
	QUERY_AGENT,
	QUERY_SOURCE,
	QUERY_TOPIC,
	QUERY_COUNT,
};

extern const char *const schema_queries[QUERY_COUNT];

/* All rows by ascending id; the columns in the order in which store_load.c takes them. */
extern const char schema_load_files[];
extern const char schema_load_sources[];
extern const char schema_load_topics[];
extern const char schema_load_agent[];
extern const char schema_count_orphans[];
/* What has the name of a table of ours and is none, or would be run when one is written to. */
extern const char schema_find_foreign[];
extern const char schema_count_letters[];
extern const char schema_sum_letters[];
extern const char schema_find_letter[];
extern const char schema_sum_source_letters[];

#endif
