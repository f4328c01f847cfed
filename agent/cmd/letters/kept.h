/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_LETTERS_KEPT_H
#define CMD_LETTERS_KEPT_H

#include "cmd/ask.h"

/*
 * The dead letters that are asked for, in the lines in which an agent tells them: asked of the
 * agent, or read from its state when none runs. 0; ASK_E_FAILED after a message; what `see`
 * returned; -ENOMEM.
 */
int kept_see(const struct ask_place *place, const struct request *request, ask_see *see,
	     void *context) MUSTCHECK;

/*
 * Removes those that are asked for from the state, under its lock: no agent runs. 0: *ret_n are
 * gone for good. ASK_E_FAILED after a message; -ENOMEM.
 */
int kept_drop(const struct ask_place *place, const struct request *request, uint64_t *ret_n)
	MUSTCHECK;

#endif
