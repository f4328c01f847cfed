/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_KAFKA_H
#define KAFKA_KAFKA_H

#include "kafka/options.h"
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

#endif
