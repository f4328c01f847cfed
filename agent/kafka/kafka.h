/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_KAFKA_H
#define KAFKA_KAFKA_H

#include "client/options.h"
#include "output/output.h"

/*
 * The Kafka output: one idempotent producer, disposable, with the partition of every record named
 * by us.
 */

/*
 * Starts the helper thread, which makes the first producer and asks for the topics; returns at
 * once. All signals must be blocked by the caller before (the library's threads inherit the mask).
 * 0: *ret_output is the caller's. -ENOMEM and other errno.
 */
int kafka_new(const struct kafka_options *options, struct output **ret_output) MUSTCHECK;

/*
 * There are more topics by now, behind those that there were, which keep their numbers: at most
 * max_topics of the options of kafka_new; and of all of them it is known anew who sends there.
 * Records of new ones are on hold until the brokers have told of them. 0 or -ENOMEM.
 */
int kafka_take_topics(struct output *output, const struct kafka_options *options) MUSTCHECK;

/*
 * The output, of kafka_new, is to go on with these properties (copied), or with what is new in the
 * files that they name; login (referenced, or NULL) goes with them. Beside the producer in use one
 * of them is made; when a broker has let it in, the old one is drained and replaced. Until then,
 * and if it never comes to that, the old one is used; remarks say so. Where none is in use the next
 * one is made of them. 0 or -ENOMEM.
 */
int kafka_renew(struct output *output, const struct prop *props, size_t n_props,
		struct login *login) MUSTCHECK;

/*
 * There is a new token: it is fetched at once, and new connections have it. The producers stay as
 * they are.
 */
void kafka_renew_token(struct output *output, uint64_t now_us);

#endif
