/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_HEADER_LISTS_H
#define CLIENT_HEADER_LISTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "flow/record.h"

struct rd_kafka_headers_s;
struct rd_kafka_message_s;

/* The library's header lists that no record has: emptied, to be filled again. */
struct header_lists {
	struct rd_kafka_headers_s **at;
	size_t n;
	size_t max;
	char name[128]; /* of the header that is being removed */
};

/* Keeps at most `max` lists; more than records in flight are of no use. 0, -ENOMEM. */
int header_lists_init(struct header_lists *lists, size_t max) MUSTCHECK;

/* Frees the lists that are kept. Fine after a failed init, and on zeroes. */
void header_lists_deinit(struct header_lists *lists);

/* A list with the record's headers (at least one). The caller's; NULL when memory is out. */
struct rd_kafka_headers_s *header_lists_fill(struct header_lists *lists,
					     const struct record *record);

/* Takes a list back; it is the caller's no longer. */
void header_lists_put(struct header_lists *lists, struct rd_kafka_headers_s *headers);

/* Takes the list, if there is one, out of a message that was reported. */
void header_lists_take(struct header_lists *lists, const struct rd_kafka_message_s *message);

#endif
