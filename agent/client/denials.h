/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_DENIALS_H
#define CLIENT_DENIALS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Partitions of which a broker answered that it is not the leader, or the like: it may have
 * appended the batch before. Embedded by the owner of an instance of the library; any thread may
 * call. All 0 is not enough: denials_init.
 */
struct denials {
	pthread_mutex_t mutex;
	struct denial *at;
	size_t n;
	uint64_t any_us; /* the last of whichever partition that there was no memory for; or 0 */
};

void denials_init(struct denials *denials);

/* No thread calls any more. Fine without denials_init, if it is all 0. */
void denials_deinit(struct denials *denials);

/*
 * Keeps the line of the library's log if it tells of such an answer (DENIALS_DEBUG has it told), as
 * of now_us, by the library's clock, which is clock_mono_us.
 */
void denials_note(struct denials *denials, const char *facility, const char *text, uint64_t now_us);

/*
 * Whether a record of the partition that was handed over at since_us, by the same clock, may have
 * been in such a batch: it was there when the last such answer came. False is certain.
 */
bool denials_may_hold(struct denials *denials, const char *topic, int32_t partition,
		      uint64_t since_us);

/* What the property "debug" of the instance has to name. */
#define DENIALS_DEBUG "topic"

#endif
