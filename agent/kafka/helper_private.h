/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_HELPER_PRIVATE_H
#define KAFKA_HELPER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "client/library_log.h"
#include "kafka/helper.h"

/* The mailbox and the thread's side of it: for helper.c, mailbox.c and helper_work.c. */

struct helper_orders {
	bool make, make_lone, ask, settings, probe, quit;
	struct producer *old;
	struct producer *old_lone;
	struct producer *retired[4];
	unsigned n_retired;
	bool token;         /* a new one is to be fetched */
	char *counted;      /* to be read, or NULL; owned */
	struct prop *props; /* to be tried; owned */
	size_t n_props;
	struct login *login;         /* goes with them; a reference */
	unsigned int renewal_number; /* the same */
	size_t n_topics;             /* there are so many by now; 0: as before */
	uint64_t not_before_us;
	uint64_t ask_us; /* not before; 0: soon */
	uint32_t probe_topic;
	int32_t probe_partition;
	int32_t probe_leader;
};

struct helper {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	int refs;
	int wake_fd;
	struct kafka_options options; /* all pointers are ours */
	struct helper_orders orders;
	struct helper_answer answer;
	atomic_bool answered;
	struct library_log log; /* of all producers, which end before */
};

/* Both sides end with this; the second one frees. */
void mailbox_unref(struct helper *helper);

/* What the thread begins with; borrowed. It owns properties by its first order. */
struct kafka_options helper_own_options(struct helper *helper);

/* Waits for orders or for the time; takes the orders out. */
struct helper_orders helper_wait(struct helper *helper, uint64_t until_us);

/* Adds to the answer that waits; consumes the snapshot and hands over the producer in it. */
void helper_tell(struct helper *helper, const struct helper_answer *news);

/* The thread's last act: the mailbox may be gone then. */
void helper_leave(struct helper *helper);

/* The thread; its argument is the helper. Returns NULL. */
void *helper_work(void *argument);

#endif
