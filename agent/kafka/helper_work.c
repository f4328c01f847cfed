/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the thread does, one thing at a time: makes a producer until there is one that knows the
 * topics, asks about them every minute and when it is told to, looks whether a leader answers.
 * Whether something went wrong is an answer like any other; the thread only chooses when to try
 * again. It is a top of its own and reads the clock itself.
 */
#include "kafka/helper_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define ASK_TIMEOUT_MS 5000
#define ANY_TIMEOUT_MS 2000
/* So soon partitions that were added are seen. */
#define ASK_EVERY_US (10 * US_PER_S)
#define SETTINGS_EVERY_US (60 * US_PER_S)
/* Asks that were ordered: at least so far apart. */
#define ASK_GAP_US (US_PER_S / 4)
#define MISSING_US US_PER_S
#define LEADERLESS_US (2 * US_PER_S)
#define RETRY_MIN_US US_PER_S
#define RETRY_MAX_US (30 * US_PER_S)
/* While no producer was handed over yet, everything waits for us. */
#define RETRY_MAX_MAKING_US (5 * US_PER_S)

/* What only the thread knows. */
struct work {
	struct producer *fresh;   /* made, not handed over */
	struct producer *current; /* handed over: borrowed */
	struct producer *old;     /* to be destroyed when its successor was handed over */
	struct producer_sizing sizing;
	struct topics *topics; /* the last snapshot's settings; a copy of ours */
	bool making;
	uint64_t next_us;
	uint64_t asked_us;
	uint64_t settings_us; /* when to ask for settings again */
	uint64_t retry_us;
	size_t n_ready;
	size_t ready_topic; /* one that was ready, when n_known > 0 */
	size_t n_known;     /* leaders of the last snapshot */
	int32_t known[TOPICS_ASKED_BROKERS];
};

static void back_off(struct work *w, uint64_t max_us)
{
	w->next_us = clock_mono_us() + w->retry_us;
	w->retry_us = w->retry_us * 2 > max_us ? max_us : w->retry_us * 2;
}

/* The library's own words say more than "timed out". Only for a producer not handed over. */
static void take_news(struct helper *h, struct producer *p, struct helper_answer *answer)
{
	struct producer_note note;
	struct report none;
	struct producer_news news;
	bool waits = true;

	while (producer_reports(p, &none, &note, 1, &waits) || waits) {
		producer_news(p, &news);
		if (news.kind == NEWS_LOG)
			helper_note_line(h, news.text);
		if (news.trouble == TROUBLE_NONE || news.trouble < answer->trouble)
			continue;
		answer->trouble = news.trouble;
		snprintf(answer->reason, sizeof answer->reason, "%s", news.text);
	}
}

/* Asks through p; fills the answer. True when a broker answered. */
static bool ask(struct work *w, struct producer *p, struct helper_answer *answer)
{
	int r;

	answer->asked = true;
	w->asked_us = clock_mono_us();
	r = topics_ask(p, ASK_TIMEOUT_MS, answer->reason, sizeof answer->reason, &answer->topics);
	if (r < 0)
		snprintf(answer->reason, sizeof answer->reason, "%s", strerror(-r));
	answer->reachable = r == 0;
	return answer->reachable;
}

static void ask_settings(struct work *w, struct producer *p, struct topics *topics)
{
	uint64_t now_us = clock_mono_us();

	if (now_us < w->settings_us && topics->n_ready <= w->n_ready) {
		topics_keep_settings(topics, w->topics);
	} else {
		topics_ask_settings(p, ASK_TIMEOUT_MS, topics);
		w->settings_us = now_us + SETTINGS_EVERY_US;
	}
	w->n_ready = topics->n_ready;
}

/* Whom to ask when a question has no answer. */
static void remember_brokers(struct work *w, const struct topics *topics)
{
	size_t n = topics->leaders.n;

	if (n > ARRAY_LEN(w->known))
		n = ARRAY_LEN(w->known);
	for (w->n_known = 0; w->n_known < n; w->n_known++)
		w->known[w->n_known] = topics->leaders.at[w->n_known].id;
	w->ready_topic = 0;
	while (w->ready_topic + 1 < topics->n && topics->at[w->ready_topic].state != TOPIC_READY)
		w->ready_topic++;
}

/* Remembers what the next ask and the next producer need of a snapshot that is handed over. */
static void remember(struct work *w, const struct topics *topics)
{
	struct topics *kept = calloc(1, sizeof *kept + topics->n * sizeof kept->at[0]);
	uint64_t wait_us = topics->n_ready < topics->n ? MISSING_US : ASK_EVERY_US;

	for (size_t i = 0; i < topics->n && wait_us > LEADERLESS_US; i++) {
		if (topics->at[i].n_leaderless)
			wait_us = LEADERLESS_US;
	}
	w->next_us = clock_mono_us() + wait_us;
	w->retry_us = RETRY_MIN_US;
	w->sizing = topics_sizing(topics);
	remember_brokers(w, topics);
	if (!kept)
		return;
	kept->n = topics->n;
	topics_keep_settings(kept, topics);
	topics_free(w->topics);
	w->topics = kept;
}

static int make_fresh(struct helper *h, struct work *w)
{
	struct helper_answer answer = {0};
	int r = producer_new(helper_options(h), &w->sizing, answer.reason, sizeof answer.reason,
			     &w->fresh);

	if (r == 0)
		return 0;
	answer.props_refused = true;
	if (r < 0)
		snprintf(answer.reason, sizeof answer.reason, "%s", strerror(-r));
	helper_tell(h, &answer);
	back_off(w, RETRY_MAX_US);
	return r;
}

/* Knows its topics when it is given a record of one. */
static void make_lone(struct helper *h, const struct work *w, struct producer *old)
{
	struct producer_sizing sizing = w->sizing;
	struct helper_answer answer = {0};
	int r;

	sizing.alone = true;
	r = producer_new(helper_options(h), &sizing, answer.reason, sizeof answer.reason,
			 &answer.lone);
	if (r) {
		answer.props_refused = true;
		if (r < 0)
			snprintf(answer.reason, sizeof answer.reason, "%s", strerror(-r));
	}
	helper_tell(h, &answer);
	producer_free(old);
}

static void hand_over(struct helper *h, struct work *w, struct helper_answer *answer)
{
	remember(w, answer->topics);
	w->making = false;
	w->current = answer->producer = w->fresh;
	w->fresh = NULL;
	helper_tell(h, answer);
	w->old = producer_free(w->old);
}

/* One attempt to make a producer that knows the topics. */
static void try_make(struct helper *h, struct work *w)
{
	struct helper_answer answer = {0};
	struct producer_sizing sizing;

	if (!w->fresh && make_fresh(h, w))
		return;
	if (!ask(w, w->fresh, &answer)) {
		take_news(h, w->fresh, &answer);
		helper_tell(h, &answer);
		back_off(w, RETRY_MAX_MAKING_US);
		return;
	}
	ask_settings(w, w->fresh, answer.topics);
	sizing = topics_sizing(answer.topics);
	if (producer_batch_bytes(helper_options(h), &sizing) != producer_batch_limit(w->fresh)) {
		/* Only now is it known how large batches may be: once more, with that. */
		w->sizing = sizing;
		w->fresh = producer_free(w->fresh);
		topics_free(answer.topics);
		w->next_us = 0;
		return;
	}
	hand_over(h, w, &answer);
}

/* The question went to one broker. Whether another answers. */
static bool any_answers(struct work *w)
{
	return w->n_known &&
	       topics_any_answers(w->current, w->ready_topic, w->known, w->n_known, ANY_TIMEOUT_MS);
}

static void ask_current(struct helper *h, struct work *w)
{
	struct helper_answer answer = {0};

	if (ask(w, w->current, &answer)) {
		ask_settings(w, w->current, answer.topics);
		remember(w, answer.topics);
	} else {
		answer.reachable = any_answers(w);
		back_off(w, answer.reachable ? RETRY_MIN_US : RETRY_MAX_US);
	}
	helper_tell(h, &answer);
}

static void probe(struct helper *h, struct work *w, const struct helper_orders *o)
{
	struct helper_answer answer = {
		.probed = true,
		.probe_topic = o->probe_topic,
		.probe_partition = o->probe_partition,
	};

	answer.leader_answers =
		topics_any_answers(w->current, o->probe_topic, &o->probe_leader, 1, ASK_TIMEOUT_MS);
	helper_tell(h, &answer);
}

static void take_orders(struct work *w, const struct helper_orders *o)
{
	uint64_t soon_us = w->asked_us + ASK_GAP_US;

	if (o->ask_us > soon_us)
		soon_us = o->ask_us;
	if (o->make) {
		w->making = true;
		w->current = NULL;
		w->old = o->old;
		w->next_us = o->not_before_us;
		w->retry_us = RETRY_MIN_US;
	}
	if (o->settings)
		w->settings_us = 0;
	if (o->ask && !w->making && soon_us < w->next_us)
		w->next_us = soon_us;
}

void *helper_work(void *argument)
{
	struct helper *h = argument;
	struct work w = {.making = true, .retry_us = RETRY_MIN_US};
	struct helper_orders o;

	for (;;) {
		o = helper_wait(h, w.next_us);
		if (o.quit)
			break;
		take_orders(&w, &o);
		if (o.make_lone)
			make_lone(h, &w, o.old_lone);
		if (o.probe && w.current)
			probe(h, &w, &o);
		if (clock_mono_us() < w.next_us)
			continue;
		if (w.making)
			try_make(h, &w);
		else
			ask_current(h, &w);
	}
	producer_free(o.old);
	producer_free(o.old_lone);
	producer_free(w.old);
	producer_free(w.fresh);
	topics_free(w.topics);
	helper_leave(h);
	return NULL;
}
