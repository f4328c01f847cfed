/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_LIBRARY_H
#define CLIENT_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

/* What librdkafka is and takes, without a producer. */

/*
 * Asks the library whether it takes the property: 0, or 1 with a message in ret_message (len
 * bytes, NUL-terminated), e.g. unknown property, bad value. Used by the configuration.
 */
int kafka_try_prop(const char *name, const char *value, char *ret_message, size_t len) MUSTCHECK;

/* The number of the error that Kafka or the library calls so; 0: neither does. */
int kafka_error_code(const char *name);

/* "2.0.2", and whether it is at least 1.9.0 (below: silent loss, scenario E05). */
const char *kafka_library_version(void);
bool kafka_library_is_safe(void);

/* Whether it compares a broker's name with its certificate unless told otherwise: from 2.0.0 on. */
bool kafka_library_compares_names(void);

#endif
