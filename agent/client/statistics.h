/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_STATISTICS_H
#define CLIENT_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include "output/output.h"

/*
 * What the library counts, and tells once an interval, where statistics.interval.ms is not 0. It is
 * 0 by default: then each record has an entry of its own in a histogram of the library.
 */

/* A longer text about brokers is passed over: some 300 of them, or 10,000 partitions. */
#define STATISTICS_TEXT_MAX (1u << 20)

/* With more partitions it tells nothing: it writes a kilobyte about each every time. */
#define STATISTICS_PARTITIONS_MAX 2000

struct statistics_broker {
	int32_t id;
	struct output_load load; /* of the last interval alone */
};

struct statistics {
	size_t n;
	struct statistics_broker at[];
};

/*
 * The part of a text of the library that is about brokers, a copy for free(). NULL: there is none,
 * it is longer than STATISTICS_TEXT_MAX, or there is no memory.
 */
char *statistics_cut(const char *text);

/* What such a part says, for free(). NULL: it is not understood, or there is no memory. */
struct statistics *statistics_read(const char *part);

#endif
