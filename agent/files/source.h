/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_SOURCE_H
#define FILES_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/branches.h"
#include "input/reach.h"
#include "join/join.h"
#include "parsers/charset.h"
#include "parsers/kinds/parser.h"
#include "parsers/lines.h"
#include "parsers/redact.h"
#include "route/route.h"

/*
 * What the lines of a file are subject to. Built by conf/ from a block of the configuration, handed
 * down, and not changed while files point to it; which files are a source's is discover's matter.
 */

/* What becomes of lines that are no UTF-8: the words of on_invalid_utf8. */
enum source_not_utf8 { SOURCE_KEEP, SOURCE_REPLACE, SOURCE_BURY };

/* source.letter_topic: none. */
#define SOURCE_NO_TOPIC UINT32_MAX

enum source_start_at { SOURCE_START_BEGINNING, SOURCE_START_END };

/* So many more sources than at the start may come by reloads, those that went included. */
#define SOURCES_SPARE 64

/* Another place that each line of a source goes to. */
struct source_branch {
	struct route *route;
	uint32_t cluster;
};

struct source {
	bool gone;               /* a reload took it out: no file is its; its place is kept */
	uint32_t cluster;        /* whose topics are meant: its index in the configuration */
	char *name;              /* owned by whoever built this, as all it points to but rotated */
	struct parser *parser;   /* NULL: none */
	bool reads_header;       /* and the first line of a file, which names its columns */
	bool reads_found;        /* the parser reads where a file was found, too */
	struct charset *charset; /* of its lines; NULL: UTF-8, or bytes as they are */
	enum source_not_utf8 not_utf8;
	struct redact redact;
	struct route *route;
	struct source_branch
		*also; /* branches 1 .. n_also; branch 0 is what the source itself says */
	uint8_t n_also;
	uint64_t branch_ids[BRANCHES_MAX]; /* by where each goes: what the state knows them by */
	/* patterns, NULL-terminated, of where else rotated files may be; NULL: nowhere; borrowed */
	char *const *rotated;
	enum reach_links links;
	bool compressed; /* what is in compressed files is shipped, too */
	bool provenance; /* records tell where they are from, for consumers that drop repeats */
	enum source_start_at start_at;
	uint64_t ignore_older_ms; /* 0: nothing is too old */
	uint64_t rotate_wait_ms;
	uint64_t dead_letter_max; /* bytes that its dead letters may take */
	bool drops_oldest_letter; /* when they are taken; else its files wait */
	uint32_t letter_topic;    /* where they go; SOURCE_NO_TOPIC: they stay */
	bool keeps_copied; /* those that the topic has stay, too, until they are in the way */
	size_t max_files;  /* that are known at a time; 0: as many as of all sources, as the next */
	size_t max_directories;
	uint64_t max_rate; /* as rate_set takes it; 0: no limit */
	struct line_rules rules;
	struct line_rules big_rules; /* of files that begin with the mark of UTF-16BE */
	bool by_mark;                /* which of the two a file has, its mark says */
	struct join *join;           /* NULL: each line is an event; owned as redact is */
};

/* How the lines of an open file end; one without the two bytes of a mark is taken for little. */
const struct line_rules *source_line_rules(const struct source *source, int fd);

/* Of a branch: its route and its cluster. */
static inline struct route *source_route(const struct source *source, unsigned branch)
{
	return branch ? source->also[branch - 1].route : source->route;
}

/* Its place in file->under_way: the number of the first one that goes to the same cluster. */
unsigned source_share(const struct source *source, unsigned branch);

/* Which branch goes to the topic of that index: the first that may, or 0. */
unsigned source_branch_to(const struct source *source, uint32_t topic);

static inline uint32_t source_cluster(const struct source *source, unsigned branch)
{
	return branch ? source->also[branch - 1].cluster : source->cluster;
}

/* Bytes of its longest event. */
static inline size_t source_longest(const struct source *source)
{
	size_t event = source->join ? join_options(source->join)->max_event : 0;

	return event > source->rules.max_line ? event : source->rules.max_line;
}

#endif
