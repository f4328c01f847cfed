/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_HELPER_H
#define KAFKA_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/statistics.h"
#include "instance/producer.h"
#include "instance/topics.h"

/*
 * The one helper thread of the Kafka output: all calls that may block. It makes producers, asks
 * about topics, and destroys producers. It keeps nothing that the loop waits for: orders go in,
 * answers come out, and an eventfd says that one waits.
 */
struct helper;

/* What became of properties that were to be tried. */
enum helper_renewal {
	RENEWAL_NONE,    /* nothing new */
	RENEWAL_INVALID, /* the library refuses them, and they are dropped */
	RENEWAL_REFUSED, /* brokers refuse who comes with them: tried again */
	/* None answers who comes with them, but the producer in use is answered: the same. */
	RENEWAL_UNREACHED,
	RENEWAL_NONE_ANSWERS, /* nor that one, which asks other servers: the same */
	RENEWAL_IN_USE,       /* the next producer is made with them */
};

struct helper_answer {
	struct producer *producer; /* a new one, or NULL; the receiver's until given back */
	struct producer *lone;     /* the same, for records that go alone */
	struct producer *renewed;  /* the same, with the new properties; brokers have taken it */
	enum helper_renewal renewal;
	unsigned int renewal_number; /* of helper_renew: of that, and of `props` */
	bool renewal_told;           /* the same was said before; the reason may be another */
	char renewal_reason[384];
	struct prop *props; /* in use from now on, for helper_take_props; NULL: as before */
	size_t n_props;
	struct topics *topics;         /* a new snapshot, or NULL; the receiver's */
	struct statistics *statistics; /* what the library counts, or NULL; for free() */
	bool props_refused;            /* the library refuses the properties; reason says which */
	bool asked; /* brokers were asked; `reachable` says whether one answered */
	bool reachable;
	enum trouble trouble; /* why not, as far as this question has shown it */
	bool probed;          /* helper_probe was answered: */
	bool leader_answers;
	uint32_t probe_topic;
	int32_t probe_partition;
	char reason[384]; /* why not reachable, or not made */
};

/*
 * Copies the options and starts the thread, which begins to make a producer. wake_fd is borrowed
 * until the thread ends, so it must be a descriptor that the helper may close: see helper_free.
 * 0, -ENOMEM, or the errno of the thread's creation. On success the helper owns wake_fd.
 */
int helper_new(const struct kafka_options *options, int wake_fd, struct helper **ret_helper)
	MUSTCHECK;

/* The helper's copy of the options; valid until helper_free. */
const struct kafka_options *helper_options(const struct helper *helper);

/*
 * The topics are those of the options now, as kafka_options_take_topics has it: each producer that
 * is asked through gets those that it lacks, and the brokers are asked for them soon. 0 or -ENOMEM.
 */
int helper_take_topics(struct helper *helper, const struct kafka_options *options) MUSTCHECK;

/* Orders a new producer, made after a delay; `old` is consumed and destroyed after it. */
void helper_make(struct helper *helper, struct producer *old, uint64_t delay_us);

/* Orders a producer for records that go alone; `old`, or NULL, is consumed and destroyed. */
void helper_make_lone(struct helper *helper, struct producer *old);

/*
 * Orders that other properties, and what fetches tokens with them (login or NULL), are tried beside
 * those in use: `props`, of kafka_props_copy, and the reference are consumed, those of an order
 * before are dropped. Once a broker has taken them the answer holds a producer of them, and all
 * that are made later have them too. `number` grows from order to order, from 1 on.
 */
void helper_renew(struct helper *helper, struct prop *props, size_t n_props, struct login *login,
		  unsigned int number);

/* helper_options say these, of an answer, from now on; consumed. */
void helper_take_props(struct helper *helper, struct prop *props, size_t n_props);

/* Orders that a token is fetched for each producer that is there: the old one may be no good. */
void helper_fetch_token(struct helper *helper);

/* Orders that what the library counts (of producer_counted, consumed) is read. */
void helper_read(struct helper *helper, char *counted);

/* Destroys a producer (consumed) in whose place none is wanted. */
void helper_retire(struct helper *helper, struct producer *producer);

/*
 * Asks about the topics: something moved. After a delay if what is waited for takes its time; with
 * settings also about those, although they are known.
 */
void helper_ask(struct helper *helper, uint64_t delay_us, bool settings);

/* Asks whether the leader of a partition, the broker of that id, answers. */
void helper_probe(struct helper *helper, uint32_t topic, int32_t partition, int32_t leader);

/* The library's log, of all producers; valid until helper_free. */
struct library_log *helper_log(struct helper *helper);

/* Whether an answer waits. Cheap. */
bool helper_waits(const struct helper *helper);

/* True: *ret_answer holds all that is new since the last call. Cheap when there is nothing. */
bool helper_answer(struct helper *helper, struct helper_answer *ret_answer);

/*
 * Lets the thread end by itself, later: nobody waits for it. `current` and `lone` are consumed. The
 * descriptor given to helper_new is closed by the thread. NULL is fine. Returns NULL.
 */
struct helper *helper_free(struct helper *helper, struct producer *current, struct producer *lone);

#endif
