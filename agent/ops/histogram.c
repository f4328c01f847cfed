/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bounds are those that people set alerts by: the first is less than a broker on the same host
 * needs with linger, the last is an outage. Neighbours took about as long, so the search is rare.
 */
#include "ops/histogram.h"

const uint64_t histogram_bounds[HISTOGRAM_CELLS - 1] = HISTOGRAM_BOUNDS;

void histogram_find(struct histogram *histogram, uint64_t ms)
{
	size_t cell = 0;

	while (cell + 1 < HISTOGRAM_CELLS && ms > histogram_bounds[cell])
		cell++;
	histogram->last = cell;
	histogram->above = cell ? histogram_bounds[cell - 1] : 0;
	histogram->upto = cell + 1 < HISTOGRAM_CELLS ? histogram_bounds[cell] : UINT64_MAX;
}
