/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_ORDERING_H
#define CMD_ORDERING_H

#include "cmd/ask.h"

/* Something is changed: a person is asked, the agent is told, and how it goes is looked at. */

/*
 * Whether somebody says yes to "QUESTION Go on? [y/N]". False after a message, where nobody can be
 * asked.
 */
bool ordering_confirmed(const char *question) MUSTCHECK;

/* How an order ended. */
struct ordering {
	uint64_t done, refused, bytes;
	bool failed;
	char words[512]; /* "": nothing to say */
};

/*
 * Gives the agent the order, and waits until it is carried out; draws how far it is, of `all`, on a
 * terminal. 0; ASK_E_NOBODY: no agent was there from the start; ASK_E_FAILED after a message.
 */
int ordering_carry_out(const struct ask_place *place, const struct request *request, uint64_t all,
		       struct ordering *ret_ordering) MUSTCHECK;

#endif
