/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/result.h"
#include "client/options.h"
#include "cluster/cluster.h"
#include "files/source.h"
#include "ops/log.h"
#include "output/partitioner.h"
#include "parsers/kinds/parser.h"
#include "parsers/redact.h"
#include "settings/marks.h"

/*
 * The configuration: a libconfig file plus the files of conf.d, turned into one immutable,
 * reference-counted struct. Everything that run needs compiled is compiled here, so that what
 * loads also runs.
 */

enum conf_on_damage { CONF_DAMAGED_BEGINNING, CONF_DAMAGED_END, CONF_DAMAGED_STOP };

/* Which files are a source's. */
struct conf_patterns {
	char **paths; /* NULL-terminated, as the others */
	char **exclude;
	char **rotated;
	struct parser_link path; /* path_pattern: what their paths say; owns what it points to */
};

struct conf_parser {
	char *name;
	char *from;
	struct parser_link link; /* owns what it points to */
	bool good;               /* false: something is wrong with it, and was noted */
};

struct conf_zone {
	char *name;
	struct zone *zone;
};

struct conf {
	unsigned refs;
	/* NULL: it owns what it points to; else what frees it. */
	struct conf *(*free)(struct conf *conf);
	char *file; /* path of the main file */
	char *state_dir;
	char *control_socket;    /* "": where address_path of control/ says */
	char *control_group;     /* "": the agent's own */
	char *http_listen;       /* "": nowhere */
	size_t metrics_per_file; /* so many files, the furthest behind, have series of their own */
	bool metrics_per_partition;
	enum log_format log_format;
	uint64_t linger_ms;
	bool library_linger;
	uint64_t shutdown_timeout_ms;
	uint64_t checkpoint_interval_ms;
	uint64_t stall_timeout_ms;
	uint64_t certificate_warning_ms; /* 0: never */
	enum kafka_on_change on_partition_change;
	size_t chunk_memory;    /* bytes; 16 MiB */
	size_t dead_letter_max; /* bytes kept in the store; above it the file holds */
	uint64_t max_rate;      /* rate_set, of all; 0: no limit, as the next */
	uint64_t catch_up_rate; /* of files far behind */
	size_t max_files;       /* known at a time; above it they wait */
	size_t max_directories; /* watched, the same */
	enum conf_on_damage state_damaged;
	struct cluster *clusters; /* those that sources use; one if none does */
	size_t n_clusters;
	char **topics; /* every topic that any source may write to, no duplicates in a cluster */
	size_t n_topics;
	uint32_t *topic_clusters;   /* of each topic: the index of its cluster */
	const char **cluster_names; /* of each topic: the name of its cluster; borrowed from it */
	char **topic_keys;          /* its name, behind that of a named cluster: "CLUSTER/TOPIC" */
	struct topic_settings *topic_settings; /* of each topic */
	struct topic_plan *plans;              /* the same; NULL: none of them has one */
	struct conf_zone *zones; /* every zone that a timestamp_zone names, no duplicates */
	size_t n_zones;
	const struct partitioner **topic_partitioners; /* of each topic */
	struct partitioner **partitioners;             /* those that are not the default; owned */
	size_t n_partitioners;
	struct conf_parser *parsers;
	size_t n_parsers;
	bool provenance;      /* of any source */
	struct redact redact; /* of all sources */
	struct source *sources;
	struct conf_patterns *patterns; /* of each source */
	size_t n_sources;
	char **rules; /* "SOURCE/NAME" of each rule of all sources, by its number */
	size_t n_rules;
	size_t max_sources; /* 0, or for so many there is room in a list that grows */
	size_t max_topics;  /* the same of topics */
	struct marks marks; /* what it says, to be compared */
};

/* What a load takes from its surroundings, unless a test has to come out alike everywhere. */
struct conf_surroundings {
	const char *host; /* NULL: the host's own name */
	const char *zone; /* what timestamp_zone = "local" means; NULL: the system's zone */
	bool no_secrets;  /* properties whose values stand elsewhere are left out */
};

enum {
	CONF_E_UNREADABLE = 1, /* the main file cannot be opened or read: EX_NOINPUT or EX_NOPERM */
	CONF_E_INVALID,        /* problems were printed: EX_CONFIG */
};

/* More sources than that its list never has. */
static inline size_t conf_max_sources(const struct conf *conf)
{
	return conf->max_sources ? conf->max_sources : conf->n_sources;
}

/* The same of topics. */
static inline size_t conf_max_topics(const struct conf *conf)
{
	return conf->max_topics ? conf->max_topics : conf->n_topics;
}

/* One reference more. Returns conf. */
struct conf *conf_ref(struct conf *conf);

/* Drops one reference; frees with the last. NULL is fine. Returns NULL. */
struct conf *conf_unref(struct conf *conf);

#endif
