/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTOCOL_ORDER_H
#define PROTOCOL_ORDER_H

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

/* How so many that came before the last one ended is known. */
#define ORDER_ENDS 64

struct order_end {
	uint64_t number; /* 0: there was none */
	enum request_kind kind;
	enum order_state state;
	uint64_t done, bytes, refused, tries;
	char words[512];
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
	struct order_end ends[ORDER_ENDS]; /* by their numbers, of which each has one place */
};

enum { ORDER_E_BUSY = 1 /* order_give: another one is carried out */ };

/* 0, or ORDER_E_BUSY. */
int order_give(struct order *order, const struct request *request, unsigned user) MUSTCHECK;

/* Whether it is given, and not done. */
bool order_is_open(const struct order *order);

/*
 * A line of kind "order" about the order of that number; about the last one where that is not
 * known, or 0.
 */
void order_put(const struct order *order, uint64_t number, struct json *to);

/* What it is about: "position of /var/log/a.log", "dead letters 1 to 40 of orders". ret_text. */
#define ORDER_SUBJECT_MAX (PATH_MAX + 80)
const char *order_subject(const struct order *order, char ret_text[ORDER_SUBJECT_MAX]);

/* What is carried out now, for who finds it in his way. */
void order_describe(const struct order *order, char *ret_words, size_t len);

#endif
