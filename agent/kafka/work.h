/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_WORK_H
#define KAFKA_WORK_H

#include "instance/plans.h"
#include "kafka/helper_private.h"

/* What the helper's thread knows and nobody else: for helper_work.c, trial.c and asking.c. */

/* Properties that are tried beside those in use. */
struct trial {
	struct prop *props; /* NULL: none are */
	size_t n_props;
	struct login *login;           /* that goes with them, or NULL; a reference of ours */
	bool elsewhere;                /* they name other servers, so it may be another cluster: */
	struct plans plans;            /* nothing is known of its topics */
	struct producer *producer;     /* of them, or NULL */
	struct producer_sizing sizing; /* that it is made for */
	uint64_t next_us;
	uint64_t retry_us;
	unsigned int number;  /* of the order; grows */
	unsigned int told;    /* a bit of each helper_renewal: why they are not in use yet */
	bool unheard;         /* none answers: told when the producer in use was asked, too */
	enum trouble trouble; /* the library's last word on that */
	char reason[384];     /* and its words, or "" */
};

struct work {
	struct kafka_options options; /* the helper's, with the properties in use */
	struct prop *own_props;       /* these; NULL: there are none yet */
	unsigned int number;          /* of the order that they came with */
	struct trial trial;
	struct producer *fresh;   /* made, not handed over */
	struct producer *current; /* handed over: borrowed */
	struct producer *old;     /* to be destroyed when its successor was handed over */
	struct producer_sizing sizing;
	struct topics *topics; /* the last snapshot's settings; a copy of ours */
	struct plans plans;
	bool making;
	bool reachable; /* what was last asked through `current` was answered */
	uint64_t next_us;
	uint64_t asked_us;
	uint64_t settings_us; /* when to ask for settings again */
	uint64_t retry_us;
	size_t n_ready;
	size_t ready_topic; /* one that was ready, when n_known > 0 */
	size_t n_known;     /* leaders of the last snapshot */
	int32_t known[TOPICS_ASKED_BROKERS];
};

#define WORK_ASK_TIMEOUT_MS 5000
/* What did not come about is tried again after that, at first. */
#define WORK_RETRY_MIN_US US_PER_S

/*
 * Asks through the producer for all topics, and has made what is to be by its plans; blocks for
 * seconds. Fills the answer: true when a broker answered.
 */
bool work_ask(struct work *w, struct producer *producer, struct plans *plans,
	      struct helper_answer *answer);

/* Adds the settings of topics to the answer of work_ask, if it is time to ask for them. */
void work_ask_settings(struct work *w, struct producer *producer, struct topics *topics);

/* Keeps what the next question and the next producer need of a snapshot that is handed over. */
void work_remember(struct work *w, const struct topics *topics);

/*
 * Why no broker answered, if the library's own words say more than the answer's. Only for a
 * producer that is not handed over.
 */
void work_take_news(struct producer *producer, struct helper_answer *answer);

/*
 * Begins to try properties (consumed, as is the login's reference); what was on trial is dropped.
 * Nothing is done before trial_step.
 */
void trial_begin(struct work *w, struct prop *props, size_t n_props, struct login *login,
		 unsigned int number);
void trial_end(struct work *w);

/* Those on trial are dropped if they were ordered before those in use. */
void trial_end_older(struct work *w);

/* Those on trial are in use from now on, which is told. */
void trial_adopt(struct helper *h, struct work *w);

/* The same, and those that were in use are on trial. */
void trial_swap(struct helper *h, struct work *w);

/* One attempt to come to the brokers with what is on trial; its time is trial.next_us. */
void trial_step(struct helper *h, struct work *w);

/* The producer in use was asked as well: tells that nobody answers what is on trial, if so. */
void trial_compare(struct helper *h, struct work *w);

#endif
