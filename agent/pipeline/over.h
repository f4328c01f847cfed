/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_OVER_H
#define PIPELINE_OVER_H

#include "pipeline/pipeline.h"

/* An event of which the last lines stand in the next generation of its file. */
struct over {
	struct event event;
	uint64_t start;  /* in the next generation: where it goes on */
	size_t own, len; /* of bytes: those of the file, all up to the event's end */
	size_t run;      /* of bytes: the event's first lines, up to one that is not its */
	char bytes[];    /* what waits in the file, and behind it the first of the next one */
};

/* Whether an event that is open at the file's end may go on in the generation behind it. */
bool over_may_be(const struct file *file);

/*
 * After TAIL_E_DRY, of a file that nobody writes to any more, and over_may_be: the lines that wait,
 * with those behind them that stand at the start of the next generation by now. 0: *ret_over, for
 * free(), is the event. TAIL_E_DRY: all of it stands in the file. -ENOMEM, negative errno from
 * reading the next one.
 */
int over_peek(const struct file *file, struct over **ret_over) MUSTCHECK;

#endif
