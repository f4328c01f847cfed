/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_HISTOGRAM_H
#define OPS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* How many of a number of times, in milliseconds, were how long. Embedded; zeroed. */

/* Upper bounds of all but the last, which has none. */
#define HISTOGRAM_BOUNDS                                                                     \
	{                                                                                    \
		5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, \
			1800000                                                              \
	}
#define HISTOGRAM_CELLS 16

struct histogram {
	uint64_t cells[HISTOGRAM_CELLS];
	uint64_t sum_ms, count;
	/* the cell of the last one, which the next is mostly in */
	size_t last;
	uint64_t above, upto; /* its bounds */
};

extern const uint64_t histogram_bounds[HISTOGRAM_CELLS - 1];

/* The cell of such a time becomes the last one. */
void histogram_find(struct histogram *histogram, uint64_t ms);

static inline void histogram_add(struct histogram *histogram, uint64_t ms)
{
	if (ms > histogram->upto || ms <= histogram->above)
		histogram_find(histogram, ms);
	histogram->cells[histogram->last]++;
	histogram->sum_ms += ms;
	histogram->count++;
}

#endif
