/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the thread does, one thing at a time: makes a producer until there is one that knows the
 * topics, asks about them every minute and when it is told to, looks whether a leader answers,
 * tries new properties beside those in use (trial.c).
 * Whether something went wrong is an answer like any other; the thread only chooses when to try
 * again. It is a top of its own and reads the clock itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/work.h"

#define ANY_TIMEOUT_MS 2000
/* Asks that were ordered: at least so far apart. */
#define ASK_GAP_US (US_PER_S / 4)
#define RETRY_MAX_US (30 * US_PER_S)
/* While no producer was handed over yet, everything waits for us. */
#define RETRY_MAX_MAKING_US (5 * US_PER_S)

static void back_off(struct work *w, uint64_t max_us)
{
	w->next_us = clock_mono_us() + w->retry_us;
	w->retry_us = w->retry_us * 2 > max_us ? max_us : w->retry_us * 2;
}

static int make_fresh(struct helper *h, struct work *w)
{
	struct helper_answer answer = {0};
	int r = producer_new(&w->options, &w->sizing, answer.reason, sizeof answer.reason,
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
	r = producer_new(&w->options, &sizing, answer.reason, sizeof answer.reason, &answer.lone);
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
	work_remember(w, answer->topics);
	w->making = false;
	w->reachable = true;
	w->current = answer->producer = w->fresh;
	w->fresh = NULL;
	helper_tell(h, answer);
	w->old = producer_free(w->old);
	trial_end_older(w);
}

/* While a producer is made there is nothing to keep: those on trial have their turn, and so on. */
static void try_others(struct helper *h, struct work *w)
{
	trial_swap(h, w);
	w->fresh = producer_free(w->fresh);
}

/* One attempt to make a producer that knows the topics. */
static void try_make(struct helper *h, struct work *w)
{
	struct helper_answer answer = {0};
	struct producer_sizing sizing;

	if (!w->fresh && make_fresh(h, w))
		return;
	if (!work_ask(w, w->fresh, &w->plans, &answer)) {
		work_take_news(w->fresh, &answer);
		helper_tell(h, &answer);
		back_off(w, RETRY_MAX_MAKING_US);
		/* Who may not log in any more is let in with the others, perhaps. */
		if (answer.trouble >= TROUBLE_TLS && w->trial.props)
			try_others(h, w);
		return;
	}
	work_ask_settings(w, w->fresh, answer.topics);
	sizing = topics_sizing(answer.topics);
	if (!producer_fits(w->fresh, &w->options, &sizing)) {
		/* Only now is it known how large batches may be: once more, with that. */
		w->sizing = sizing;
		/* The settings go with the answer, and nothing else knows them. */
		w->settings_us = 0;
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

	if (work_ask(w, w->current, &w->plans, &answer)) {
		work_ask_settings(w, w->current, answer.topics);
		work_remember(w, answer.topics);
	} else {
		answer.reachable = any_answers(w);
		back_off(w, answer.reachable ? WORK_RETRY_MIN_US : RETRY_MAX_US);
	}
	w->reachable = answer.reachable;
	helper_tell(h, &answer);
	trial_compare(h, w);
}

static void probe(struct helper *h, struct work *w, const struct helper_orders *o)
{
	struct helper_answer answer = {
		.probed = true,
		.probe_topic = o->probe_topic,
		.probe_partition = o->probe_partition,
	};

	answer.leader_answers = topics_any_answers(w->current, o->probe_topic, &o->probe_leader, 1,
						   WORK_ASK_TIMEOUT_MS);
	helper_tell(h, &answer);
}

/* Where a producer is being made, what is new is what it is made with. */
static void take_props(struct helper *h, struct work *w, const struct helper_orders *o)
{
	trial_begin(w, o->props, o->n_props, o->login, o->renewal_number);
	if (!w->making)
		return;
	trial_adopt(h, w);
	w->fresh = producer_free(w->fresh);
	w->next_us = 0;
	w->retry_us = WORK_RETRY_MIN_US;
}

static void take_orders(struct helper *h, struct work *w, const struct helper_orders *o)
{
	uint64_t soon_us = w->asked_us + ASK_GAP_US;

	if (o->ask_us > soon_us)
		soon_us = o->ask_us;
	if (o->make) {
		w->making = true;
		w->current = NULL;
		w->old = o->old;
		w->next_us = o->not_before_us;
		w->retry_us = WORK_RETRY_MIN_US;
	}
	if (o->n_topics) {
		w->options.n_topics = o->n_topics;
		w->settings_us = 0;
	}
	if (o->props)
		take_props(h, w, o);
	if (o->settings)
		w->settings_us = 0;
	if ((o->ask || o->n_topics) && !w->making && soon_us < w->next_us)
		w->next_us = soon_us;
}

/* Those of others come when they want one, and are made anew when it does not help them. */
static void fetch_tokens(const struct work *w)
{
	producer_fetch_token(w->current);
	producer_fetch_token(w->fresh);
	producer_fetch_token(w->trial.producer);
}

static bool trial_waits(const struct work *w)
{
	return w->trial.props && !w->making;
}

/* When something is to be done without an order. */
static uint64_t wake_us(const struct work *w)
{
	return trial_waits(w) && w->trial.next_us < w->next_us ? w->trial.next_us : w->next_us;
}

/* Long texts take milliseconds. */
static void read_counted(struct helper *h, char *counted)
{
	struct helper_answer answer = {.statistics = statistics_read(counted)};

	if (answer.statistics)
		helper_tell(h, &answer);
	free(counted);
}

static void retire(const struct helper_orders *o)
{
	for (unsigned i = 0; i < o->n_retired; i++)
		producer_free(o->retired[i]);
}

void *helper_work(void *argument)
{
	struct helper *h = argument;
	struct work w = {
		.options = helper_own_options(h), .making = true, .retry_us = WORK_RETRY_MIN_US};
	struct helper_orders o;

	/* Without memory for it nothing is made. */
	if (plans_init(&w.plans, w.options.max_topics))
		w.options.plans = NULL;
	for (;;) {
		o = helper_wait(h, wake_us(&w));
		if (o.quit)
			break;
		take_orders(h, &w, &o);
		retire(&o);
		if (o.counted)
			read_counted(h, o.counted);
		if (o.token)
			fetch_tokens(&w);
		if (o.make_lone)
			make_lone(h, &w, o.old_lone);
		if (o.probe && w.current)
			probe(h, &w, &o);
		if (trial_waits(&w) && clock_mono_us() >= w.trial.next_us)
			trial_step(h, &w);
		if (clock_mono_us() < w.next_us)
			continue;
		if (w.making)
			try_make(h, &w);
		else
			ask_current(h, &w);
	}
	retire(&o);
	producer_free(o.old);
	producer_free(o.old_lone);
	free(o.counted);
	kafka_props_free(o.props, o.n_props);
	login_unref(o.login);
	trial_end(&w);
	if (w.own_props)
		login_unref(w.options.login);
	kafka_props_free(w.own_props, w.options.n_props);
	producer_free(w.old);
	producer_free(w.fresh);
	topics_free(w.topics);
	plans_deinit(&w.plans);
	helper_leave(h);
	return NULL;
}
