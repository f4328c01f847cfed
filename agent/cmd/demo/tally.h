/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_TALLY_H
#define CMD_DEMO_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "cmd/demo/sample.h"

/* Where a line stands in the log. */
struct demo_place {
	unsigned generation; /* 0: the log itself; n: its path with ".n" */
	uint64_t position;
};

/* What is known of one line of the sample application. */
struct demo_line {
	bool written; /* it was found in a file, there: */
	struct demo_place place;
	unsigned records;  /* 0: none has come */
	int32_t partition; /* of the first record */
	int64_t offset;
	int32_t again_partition; /* of the last one, when there are several */
	int64_t again_offset;
};

/* Of one order: what has come of it so far. */
struct demo_key {
	bool seen;
	int32_t partition;
	unsigned newest; /* the highest number */
};

/*
 * What came of the lines of the sample application, by their numbers. Two of them are kept: one
 * while the demo runs, and one that is made at the end of the files and the topic alone.
 */
struct demo_tally {
	struct demo_line *lines; /* SAMPLE_LINES_MAX of them */
	struct demo_key *keys;   /* by number of the order */
	unsigned end;            /* above the highest number that was written or has come */
	unsigned whole;          /* all lines below this number have come */
	uint64_t written;        /* lines found in files */
	uint64_t seen;           /* lines that have come at least once */
	uint64_t repeated;       /* records of a line that had come before */
	uint64_t late;           /* first records of a line after a later one of the same key */
	uint64_t strange;        /* records of no line of the sample */
	uint64_t n_keys;         /* that have come */
	unsigned first_late;     /* a number of those counted in `late` */
};

/* All zero is no tally. 0, -ENOMEM. */
int demo_tally_init(struct demo_tally *tally) MUSTCHECK;
void demo_tally_deinit(struct demo_tally *tally);

/*
 * Takes in what stands in the log and its older generations. 0; negative errno when one cannot be
 * read. *ret_files is their number.
 */
int demo_tally_read(struct demo_tally *tally, const char *path, unsigned *ret_files) MUSTCHECK;

/* The line of this text was found there; another text is ignored. */
void demo_tally_written(struct demo_tally *tally, struct slice line, struct demo_place place);

/* A record came; those of one partition in the order of their offsets. */
void demo_tally_arrived(struct demo_tally *tally, struct slice key, struct slice value,
			int32_t partition, int64_t offset);

/* Lines that were written and have not come. */
uint64_t demo_tally_lost(const struct demo_tally *tally);

/*
 * The next run of lines from *at on that were lost, or that came more than once: [*at, *ret_end).
 * False when there is none.
 */
bool demo_tally_next_lost(const struct demo_tally *tally, unsigned *at, unsigned *ret_end);
bool demo_tally_next_repeated(const struct demo_tally *tally, unsigned *at, unsigned *ret_end);

#endif
