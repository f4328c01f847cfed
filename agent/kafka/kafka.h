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

/*
 * Asks the library whether it takes the property: 0, or 1 with a message in ret_message (len
 * bytes, NUL-terminated), e.g. unknown property, bad value. Used by the configuration.
 */
int kafka_try_prop(const char *name, const char *value, char *ret_message, size_t len) MUSTCHECK;

/* "2.0.2", and whether it is at least 1.9.0 (below: silent loss, scenario E05). */
const char *kafka_library_version(void);
bool kafka_library_is_safe(void);

#endif
