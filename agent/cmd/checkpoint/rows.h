/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CHECKPOINT_ROWS_H
#define CMD_CHECKPOINT_ROWS_H

#include "cmd/ask.h"

/*
 * Sets the position of the file that is asked about in the state, under its lock: no agent runs. A
 * negative one is the file's end. 0: it is durable; ASK_E_FAILED after a message; -ENOMEM, -EIO.
 */
int rows_set(const struct ask_place *place, const struct request *request, uint64_t *ret_from,
	     uint64_t *ret_to) MUSTCHECK;

/*
 * Why the position of the file at the path would not be set, as far as who asks may look into it
 * and the configuration says how its lines end; static. NULL: that is not known, or it would be.
 */
const char *rows_doubt(const struct ask_place *place, const char *path,
		       const struct request *request);

#endif
