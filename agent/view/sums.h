/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIEW_SUMS_H
#define VIEW_SUMS_H

#include "view/condition.h"

/* Sums over files. Embedded; zeroed. */

/* So many files are asked for their size for one answer: half a millisecond. */
#define SUMS_ASKS 2000

struct sums_source {
	uint64_t files, behind, stuck, lag, in_flight;
	uint64_t lag_ms; /* of the file that is most behind; see condition_lag_ms */
};

struct sums {
	unsigned asks;               /* left of SUMS_ASKS */
	struct sums_source *sources; /* of each */
	struct sums_source all;
	uint64_t states[CONDITIONS]; /* files in each */
	uint64_t held[FILE_WAITS];   /* of those that are held, by what they wait for */
};

/* 0 or -ENOMEM. */
int sums_init(struct sums *sums, const struct view *view) MUSTCHECK;
void sums_deinit(struct sums *sums);

/* Adds the file; *ret_condition: as condition_measure tells it. */
void sums_add(struct sums *sums, const struct view *view, const struct file *file,
	      struct condition *ret_condition);

#endif
