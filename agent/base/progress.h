/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdint.h>

/*
 * How far something is that is looked at now and then, and how long it will take: amounts (bytes,
 * records) that are left, of which more may come, and that were done. Pure. Zeroed at first.
 */
struct progress {
	uint64_t most; /* that was ever left */
	uint64_t left, done;
	uint64_t since_us, at_us; /* of the first and the last look; 0: there was none */
	double rate;              /* done a second, of the last seconds */
	double falls;             /* by which `left` falls a second: more may come meanwhile */
};

/* So much is left then, and so much is done in all. */
void progress_look(struct progress *progress, uint64_t left, uint64_t done, uint64_t now_us);

/* Percent of the most that was ever left; 100 when nothing was. */
double progress_percent(const struct progress *progress);

/* Seconds until nothing is left, at this pace; -1: it is not known, or there is no end in sight. */
int64_t progress_seconds(const struct progress *progress);

#endif
