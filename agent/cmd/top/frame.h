/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TOP_FRAME_H
#define CMD_TOP_FRAME_H

#include <stdbool.h>

#include "cmd/ask.h"
#include "cmd/top/look.h"
#include "cmd/top/trouble.h"

/* One answer of an agent. Texts are ours. */

struct frame_file {
	char *path, *source, *state, *waits_for; /* waits_for: NULL for nothing */
	int64_t position, read, size, lag, in_flight;
	double rate; /* bytes settled a second; negative: not known yet */
};

struct frame_source {
	char *name;
	int64_t files, behind, stuck, lag, in_flight, letters;
};

struct frame_partition {
	char *topic, *trouble; /* trouble: NULL for none */
	int64_t number, leader, in_sync, in_flight, bytes, quiet_ms;
	bool held, lacks_replicas;
};

struct frame {
	int64_t at_us; /* when it came; 0: there is none */
	char *told;    /* one line: version, process, how long */
	struct trouble trouble;
	bool kafka_up;
	int64_t files, in_flight, in_flight_max, beside, letters;
	int64_t lines_read, lines_delivered, bytes_delivered;
	int64_t shown, lag; /* files that are asked for, and bytes behind of all */
	struct frame_file *at;
	size_t n;
	struct frame_source *sources;
	size_t n_sources;
	struct frame_partition *partitions;
	size_t n_partitions;
};

/* Frees what is in it; zeroed then. */
void frame_deinit(struct frame *frame);

/*
 * Asks, and fills a zeroed frame; rates of files are against `before`. 0; ASK_E_NOBODY,
 * ASK_E_FAILED; -ENOMEM.
 */
int frame_ask(const struct ask_place *place, const struct look *look, const struct frame *before,
	      struct frame *ret_frame) MUSTCHECK;

/* Of a counter between two frames, a second; negative: not known. */
double frame_rate(const struct frame *before, const struct frame *now, int64_t was, int64_t is);

#endif
