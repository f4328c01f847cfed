/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_ORDER_H
#define CONTROL_ORDER_H

#include "base/json.h"
#include "protocol/request.h"

/*
 * What is asked for that changes something. It is noted down here, and carried out by the agent
 * between its other work: one order at a time. Who gave it asks how it stands.
 */

enum order_state {
	ORDER_NONE,    /* none was given yet */
	ORDER_GIVEN,   /* the agent has not seen it */
	ORDER_RUNNING, /* it is carried out */
	ORDER_DONE,    /* all of it is, durably */
	ORDER_FAILED,  /* words: why it is not */
};

struct order {
	enum order_state state;
	uint64_t number; /* of this order; they count from 1 */
	struct request request;
	unsigned user; /* who gave it */
	/* of letters: */
	uint64_t done, bytes; /* sent and acknowledged, or removed; bytes of key and value */
	uint64_t refused,
		tries;   /* refused again, and kept; came back undelivered, and sent again */
	char words[512]; /* what it waits for, or how it ended; "": nothing to say */
};

enum { ORDER_E_BUSY = 1 /* order_give: another one is carried out */ };

/* 0, or ORDER_E_BUSY. */
int order_give(struct order *order, const struct request *request, unsigned user) MUSTCHECK;

/* Whether it is given, and not done. */
bool order_is_open(const struct order *order);

/* A line of kind "order". */
void order_put(const struct order *order, struct json *to);

#endif
