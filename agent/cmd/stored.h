/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_STORED_H
#define CMD_STORED_H

#include "cmd/ask.h"

/*
 * What the state in place->dir says, in the lines in which an agent would say it. 0; ASK_E_FAILED
 * after a message; what `see` returned; -ENOMEM.
 */
int stored_see(const struct ask_place *place, const struct request *request, ask_see *see,
	       void *context) MUSTCHECK;

#endif
