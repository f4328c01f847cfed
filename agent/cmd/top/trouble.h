/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOP_TROUBLE_H
#define TOP_TROUBLE_H

#include "base/object.h"
#include "cmd/stuck.h"

/* What is wrong, of which the first is shown. Embedded; zeroed. Texts are ours. */
enum {
	TROUBLE_BROKERS, /* none answers, or there are none */
	TROUBLE_CHECKPOINT,
	TROUBLE_PARTITIONS,
	TROUBLE_RENEWAL, /* a kafka block is not taken */
	TROUBLE_EXPIRY,  /* a certificate or a token */
	TROUBLE_RELOAD,
	TROUBLES,
};

struct trouble {
	char *words[TROUBLES]; /* NULL: it is not so */
};

void trouble_deinit(struct trouble *trouble);

/* Take a line of kind "agent", "cluster", "expiry". 0 or -ENOMEM. */
int trouble_take_agent(struct trouble *trouble, const struct object *line) MUSTCHECK;
int trouble_take_cluster(struct trouble *trouble, const struct object *line) MUSTCHECK;
int trouble_take_expiry(struct trouble *trouble, const struct object *line) MUSTCHECK;

/* And what stands still, once all partitions are known. */
int trouble_take_stuck(struct trouble *trouble, const struct stuck *stuck) MUSTCHECK;

/* The worst, or NULL; *ret_more: so many others. */
const char *trouble_first(const struct trouble *trouble, size_t *ret_more);

#endif
