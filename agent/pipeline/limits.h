/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_LIMITS_H
#define PIPELINE_LIMITS_H

#include "route/rules.h"

/* How many lines of each limit may go: a bucket for each thing that is limited. */
struct limits;

/* NULL when memory is out. */
struct limits *limits_new(void);

/* NULL is fine. Returns NULL. */
struct limits *limits_free(struct limits *limits);

/* The first limit that lets the line not go at that time; NULL: it may go. */
const struct rule *limits_full(struct limits *limits, const struct rules_due *due, uint64_t now_us);

/* The line went, as limits_full said of the same time. */
void limits_take(struct limits *limits, const struct rules_due *due, uint64_t now_us);

#endif
