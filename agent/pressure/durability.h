/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PRESSURE_DURABILITY_H
#define PRESSURE_DURABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an acknowledgement of a topic is worth. Pure. */

/*
 * In words; acks is "all", "1" or "0", replicas are of each partition, min_insync is
 * min.insync.replicas, 0: not known. True: an acknowledged line can be lost with one broker.
 */
bool durability_words(const char *acks, uint32_t replicas, uint32_t min_insync, char *ret_words,
		      size_t len);

/* Whether the same is said of both topics; acks is the same. */
bool durability_alike(const char *acks, const uint32_t replicas[2], const uint32_t min_insync[2]);

#endif
