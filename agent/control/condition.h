/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_CONDITION_H
#define CONTROL_CONDITION_H

#include "control/view.h"

/* How things are with one file, as it is told to a person. */
struct condition {
	const char *state;   /* a static word; condition_states has them all, the worst first */
	char waits_for[512]; /* "": nothing */
	uint64_t position;   /* committed */
	uint64_t read;       /* position */
	bool sized;          /* the next two are known */
	uint64_t size;
	uint64_t lag; /* bytes that are there and not settled */
};

/* Does not touch the file but for its size, which is asked where it may have grown unseen. */
void condition_of(const struct view *view, const struct file *file,
		  struct condition *ret_condition);

/* NULL-terminated. */
extern const char *const condition_states[];

/* The name of a topic of the configuration; "?" when there is none of that number. */
const char *condition_topic(const struct view *view, uint32_t topic);

#endif
