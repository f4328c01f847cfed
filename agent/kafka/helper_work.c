/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the thread does, one thing at a time: makes a producer until there is one that knows the
 * topics, asks about them every minute and when it is told to, looks whether a leader answers,
 * tries new properties beside those in use.
 * Whether something went wrong is an answer like any other; the thread only chooses when to try
 * again. It is a top of its own and reads the clock itself.
 */
#include "kafka/helper_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "instance/plans.h"

#define ASK_TIMEOUT_MS 5000
#define ANY_TIMEOUT_MS 2000
/* So soon partitions that were added are seen. */
#define ASK_EVERY_US (10 * US_PER_S)
#define SETTINGS_EVERY_US (60 * US_PER_S)
/* Asks that were ordered: at least so far apart. */
#define ASK_GAP_US (US_PER_S / 4)
#define MISSING_US US_PER_S
/* So often, and so soon, it is asked whether brokers know a topic that was just made. */
#define MADE_TRIES 10
#define MADE_US (US_PER_S / 5)
#define LEADERLESS_US (2 * US_PER_S)
#define RETRY_MIN_US US_PER_S
#define RETRY_MAX_US (30 * US_PER_S)
/* While no producer was handed over yet, everything waits for us. */
#define RETRY_MAX_MAKING_US (5 * US_PER_S)
/* Brokers may learn of a new password or authority later than we do. */
#define TRIAL_MIN_US (2 * US_PER_S)
#define TRIAL_MAX_US (30 * US_PER_S)

/* Properties that are tried beside those in use. */
struct trial {
	struct prop *props; /* NULL: none are */
	size_t n_props;
	struct producer *producer; /* of them, or NULL */
	uint64_t next_us;
	uint64_t retry_us;
	bool told; /* that brokers refuse them */
};

/* What only the thread knows. */
struct work {
	struct kafka_options options; /* the helper's, with the properties in use */
	struct prop *own_props;       /* these, when they are ours; or NULL */
	struct trial trial;
	struct producer *fresh;   /* made, not handed over */
	struct producer *current; /* handed over: borrowed */
	struct producer *old;     /* to be destroyed when its successor was handed over */
	struct producer_sizing sizing;
	struct topics *topics; /* the last snapshot's settings; a copy of ours */
	struct plans plans;
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
static void take_news(struct producer *p, struct helper_answer *answer)
{
	struct producer_note note;
	struct report none;
	struct producer_news news;
	bool waits = true;

	while (producer_reports(p, &none, &note, 1, &waits) || waits) {
		producer_news(p, &news);
		if (news.trouble == TROUBLE_NONE || news.trouble < answer->trouble)
			continue;
		answer->trouble = news.trouble;
		snprintf(answer->reason, sizeof answer->reason, "%s", news.text);
	}
}

/* One that was made before a topic came gets it here, before it can be known to be ready. */
static int ask_topics(struct work *w, struct producer *p, struct helper_answer *answer)
{
	answer->props_refused |=
		producer_add_topics(p, &w->options, answer->reason, sizeof answer->reason) != 0;
	w->asked_us = clock_mono_us();
	topics_free(answer->topics);
	answer->topics = NULL;
	return topics_ask(p, ASK_TIMEOUT_MS, answer->reason, sizeof answer->reason,
			  &answer->topics);
}

/* Asks through p, and has made what is to be; fills the answer. True when a broker answered. */
static bool ask(struct work *w, struct producer *p, struct helper_answer *answer)
{
	size_t n_ready;
	int r = ask_topics(w, p, answer);

	answer->asked = true;
	n_ready = r ? 0 : answer->topics->n_ready;
	if (r == 0 &&
	    plans_follow(&w->plans, &w->options, p, answer->topics, ASK_TIMEOUT_MS, w->asked_us)) {
		for (int i = 0; i < MADE_TRIES && r == 0 && answer->topics->n_ready == n_ready;
		     i++) {
			usleep(MADE_US);
			r = ask_topics(w, p, answer);
		}
		if (r == 0)
			plans_see(&w->plans, answer->topics);
	}
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
		topics_ask_settings(p, ASK_TIMEOUT_MS, NULL, topics);
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
	plans_told(&w->plans, topics);
	if (!kept)
		return;
	kept->n = topics->n;
	topics_keep_settings(kept, topics);
	topics_free(w->topics);
	w->topics = kept;
}

static void end_trial(struct work *w)
{
	producer_free(w->trial.producer);
	kafka_props_free(w->trial.props, w->trial.n_props);
	w->trial = (struct trial){0};
}

static void begin_trial(struct work *w, struct prop *props, size_t n_props)
{
	end_trial(w);
	w->trial = (struct trial){.props = props, .n_props = n_props, .retry_us = TRIAL_MIN_US};
}

/* The properties on trial are those in use from now on. */
static void adopt_trial(struct work *w)
{
	kafka_props_free(w->own_props, w->options.n_props);
	w->options.props = w->own_props = w->trial.props;
	w->options.n_props = w->trial.n_props;
	w->trial.props = NULL;
	end_trial(w);
}

/* While a producer is made there is nothing to keep: the others have their turn, and so on. */
static void swap_trial(struct work *w)
{
	size_t n_props = w->options.n_props;
	struct prop *props = kafka_props_copy(w->options.props, n_props);

	if (!props)
		return;
	adopt_trial(w);
	begin_trial(w, props, n_props);
	w->fresh = producer_free(w->fresh);
}

static void tell_trial(struct helper *h, enum helper_renewal what, const char *reason)
{
	struct helper_answer answer = {.renewal = what};

	snprintf(answer.renewal_reason, sizeof answer.renewal_reason, "%s", reason);
	helper_tell(h, &answer);
}

/* No broker has taken them yet. That none answers says nothing against them. */
static void trial_failed(struct helper *h, struct work *w, const struct helper_answer *answer)
{
	struct trial *t = &w->trial;

	t->next_us = clock_mono_us() + t->retry_us;
	t->retry_us = t->retry_us * 2 > TRIAL_MAX_US ? TRIAL_MAX_US : t->retry_us * 2;
	if (answer->trouble >= TROUBLE_TLS && !t->told) {
		t->told = true;
		tell_trial(h, RENEWAL_REFUSED, answer->reason);
	}
}

/* One attempt to come to the brokers with the properties on trial. */
static void try_trial(struct helper *h, struct work *w)
{
	struct kafka_options options = w->options;
	struct helper_answer answer = {0};
	int r = 0;

	options.props = w->trial.props;
	options.n_props = w->trial.n_props;
	if (!w->trial.producer)
		r = producer_new(&options, &w->sizing, answer.reason, sizeof answer.reason,
				 &w->trial.producer);
	if (r) {
		tell_trial(h, RENEWAL_INVALID, r < 0 ? strerror(-r) : answer.reason);
		end_trial(w);
		return;
	}
	if (!ask(w, w->trial.producer, &answer)) {
		take_news(w->trial.producer, &answer);
		trial_failed(h, w, &answer);
		return;
	}
	ask_settings(w, w->trial.producer, answer.topics);
	remember(w, answer.topics);
	/* Where the old one is not let in any more it can end what it has begun. */
	producer_set_password(w->current, &options);
	w->current = answer.renewed = w->trial.producer;
	w->trial.producer = NULL;
	answer.renewal = RENEWAL_IN_USE;
	adopt_trial(w);
	helper_tell(h, &answer);
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
		take_news(w->fresh, &answer);
		helper_tell(h, &answer);
		back_off(w, RETRY_MAX_MAKING_US);
		/* Who may not log in any more is let in with the others, perhaps. */
		if (answer.trouble >= TROUBLE_TLS && w->trial.props)
			swap_trial(w);
		return;
	}
	ask_settings(w, w->fresh, answer.topics);
	sizing = topics_sizing(answer.topics);
	if (!producer_fits(w->fresh, &w->options, &sizing)) {
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

/* Where a producer is being made, what is new is what it is made with. */
static void take_props(struct work *w, const struct helper_orders *o)
{
	begin_trial(w, o->props, o->n_props);
	if (!w->making)
		return;
	adopt_trial(w);
	w->fresh = producer_free(w->fresh);
	w->next_us = 0;
	w->retry_us = RETRY_MIN_US;
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
	if (o->n_topics) {
		w->options.n_topics = o->n_topics;
		w->settings_us = 0;
	}
	if (o->props)
		take_props(w, o);
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
		.options = helper_own_options(h), .making = true, .retry_us = RETRY_MIN_US};
	struct helper_orders o;

	/* Without memory for it nothing is made. */
	if (plans_init(&w.plans, w.options.max_topics))
		w.options.plans = NULL;
	for (;;) {
		o = helper_wait(h, wake_us(&w));
		if (o.quit)
			break;
		take_orders(&w, &o);
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
			try_trial(h, &w);
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
	end_trial(&w);
	kafka_props_free(w.own_props, w.options.n_props);
	producer_free(w.old);
	producer_free(w.fresh);
	topics_free(w.topics);
	plans_deinit(&w.plans);
	helper_leave(h);
	return NULL;
}
