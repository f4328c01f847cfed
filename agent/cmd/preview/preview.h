/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_PREVIEW_PREVIEW_H
#define CMD_PREVIEW_PREVIEW_H

#include "base/json.h"
#include "cmd/paper.h"
#include "cmd/preview/compare.h"
#include "cmd/preview/input.h"
#include "cmd/preview/spread.h"
#include "conf/conf.h"
#include "pipeline/pipeline.h"

/*
 * One run of preview. For preview.c (options, which source), turns.c (the pipeline with the
 * terminal behind it), show*.c (for people) and json.c (for programs); and for
 * the command test, whose cases are runs of preview.
 */
struct preview {
	struct conf *conf;
	const struct source *source;
	struct preview_input input;
	int32_t partitions;
	bool json;
	bool compares;   /* with other clients' partitioners, instead of showing records */
	int64_t read_ms; /* when its lines are read; 0: now */
	FILE *to;
	struct paper paper;

	struct chunk_pools pools;
	struct counters counters;
	struct letters letters;
	struct output *output;
	struct pipeline *pipeline;
	struct file *file;
	struct pattern_scratch *scratch;
	struct arena arena;      /* of what explains a miss */
	struct spread *spread;   /* NULL with json */
	struct compare *compare; /* NULL: not asked for */
	struct arena json_arena;
	struct json json_text; /* of the line at hand */
	/* of a line that goes to several places: what waits for what became of it */
	struct slice begun[BRANCHES_MAX];
	size_t n_begun;
	bool no_memory;
};

/*
 * Runs the input through the pipeline. What is shown goes to `to`; with json nothing else is asked
 * of the paper. 0, or the exit status after a message.
 */
int preview_run(struct preview *preview) MUSTCHECK;

/*
 * Whose lines these are: the source of that name, else the one that has the path in its paths, else
 * the only one. NULL after a message that begins with `who` and says how to name one (hint).
 */
const struct source *preview_choose_source(const struct conf *conf, const char *name,
					   const char *path, const char *who, const char *hint);

/* A record, as the pipeline hands it over; what became of its line follows. */
void preview_show_record(struct preview *preview, const struct record *record, int32_t partition);
void preview_show_outcome(struct preview *preview, const struct pipeline_line *line);

/* Behind the records: the totals, and below them either the spread or the comparison. */
void preview_show_summary(const struct preview *preview);
void preview_show_spread(const struct preview *preview);
void preview_show_comparison(const struct preview *preview);

/* For both of these: a share; behind a list of the n hottest keys, how many there are besides. */
double preview_percent(uint64_t part, uint64_t whole);
void preview_show_more_keys(FILE *to, const struct spread_total *total, size_t n);

/* What the keys of records of that topic are. */
static inline enum key_type preview_key_type(const struct preview *preview, uint32_t topic)
{
	const struct source *source = preview->source;

	return route_key_type(source_route(source, source_branch_to(source, topic)));
}

/*
 * Records and the outcome of their line as JSON: the first begins an object, the second ends all
 * that were begun, each on one line. 0 or -ENOMEM.
 */
int preview_json_record(struct preview *preview, const struct record *record, int32_t partition)
	MUSTCHECK;
int preview_json_outcome(struct preview *preview, const struct pipeline_line *line) MUSTCHECK;

#endif
