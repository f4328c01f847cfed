/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a producer, asking brokers and destroying a producer may each block for seconds (a
 * hanging resolver: 7.7 s), and the loop must not. So one thread does all of it, and a mailbox
 * with one mutex lies between:
 *
 *	loop ── orders: make, ask, probe, quit ──► helper
 *	loop ◄── answer: producer, topics, reachable, reason ── helper (then the eventfd)
 *
 * An answer that was not yet fetched is added to, never lost: only a newer snapshot of the topics
 * replaces an older one. The producer in use belongs to the loop, which sends with it; the helper
 * keeps a borrowed pointer to ask through the same instance, and is the only one that destroys.
 * That is safe because the loop gives an old producer back together with the order for a new one.
 *
 * The thread is a top of its own and reads the clock itself. At exit nobody waits: the last of the
 * two sides frees the mailbox.
 */
#include "output/helper.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

#define ASK_TIMEOUT_MS 5000
#define ASK_EVERY_US (60 * US_PER_S)
/* Asks that were ordered: at least so far apart. */
#define ASK_GAP_US (US_PER_S / 4)
#define MISSING_US US_PER_S
#define LEADERLESS_US (2 * US_PER_S)
#define RETRY_MIN_US US_PER_S
#define RETRY_MAX_US (30 * US_PER_S)
/* While no producer was handed over yet, everything waits for us. */
#define RETRY_MAX_MAKING_US (5 * US_PER_S)

struct orders {
	bool make, ask, probe, quit;
	struct producer *old;
	uint64_t not_before_us;
	uint64_t ask_us; /* not before; 0: soon */
	uint32_t probe_topic;
	int32_t probe_partition;
};

struct helper {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	int refs;
	int event_fd;
	struct kafka_options options; /* all pointers are ours */
	struct orders orders;
	struct helper_answer answer;
	atomic_bool answered;
};

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
};

static void free_options(struct kafka_options *o)
{
	for (size_t i = 0; o->props && i < o->n_props; i++) {
		free((char *)o->props[i].name);
		free((char *)o->props[i].value);
	}
	for (size_t i = 0; o->topics && i < o->n_topics; i++)
		free((char *)o->topics[i]);
	free((void *)o->props);
	free((void *)o->topics);
	free((void *)o->topic_settings);
}

static int copy_options(const struct kafka_options *from, struct kafka_options *ret)
{
	struct prop *props = calloc(from->n_props + 1, sizeof *props);
	const char **topics = calloc(from->n_topics + 1, sizeof *topics);
	struct topic_settings *settings = calloc(from->n_topics + 1, sizeof *settings);
	bool complete = props && topics && settings;

	*ret = *from;
	ret->topic_settings = settings;
	if (settings && from->topic_settings && from->n_topics)
		memcpy(settings, from->topic_settings, from->n_topics * sizeof *settings);
	ret->props = props;
	ret->topics = topics;
	for (size_t i = 0; complete && i < from->n_props; i++) {
		props[i].name = strdup(from->props[i].name);
		props[i].value = strdup(from->props[i].value);
		complete = props[i].name && props[i].value;
	}
	for (size_t i = 0; complete && i < from->n_topics; i++) {
		topics[i] = strdup(from->topics[i]);
		complete = topics[i];
	}
	return complete ? 0 : -ENOMEM;
}

/* Both sides end with this; the second one frees. */
static void unref(struct helper *h)
{
	int left;

	pthread_mutex_lock(&h->mutex);
	left = --h->refs;
	pthread_mutex_unlock(&h->mutex);
	if (left)
		return;
	topics_free(h->answer.topics);
	free_options(&h->options);
	pthread_cond_destroy(&h->cond);
	pthread_mutex_destroy(&h->mutex);
	if (h->event_fd >= 0)
		close(h->event_fd);
	free(h);
}

/* Waits for orders or for the time; takes the orders out. */
static struct orders wait_orders(struct helper *h, uint64_t until_us)
{
	struct timespec ts = {(time_t)(until_us / US_PER_S), (long)(until_us % US_PER_S * 1000)};
	struct orders *o = &h->orders, taken;
	int r = 0;

	pthread_mutex_lock(&h->mutex);
	while (!o->make && !o->ask && !o->probe && !o->quit && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&h->cond, &h->mutex, &ts);
	taken = *o;
	*o = (struct orders){.quit = taken.quit};
	pthread_mutex_unlock(&h->mutex);
	return taken;
}

/* Adds to the answer that waits; consumes the snapshot and hands over the producer in it. */
static void tell(struct helper *h, const struct helper_answer *news)
{
	struct helper_answer *a = &h->answer;

	pthread_mutex_lock(&h->mutex);
	if (news->producer)
		a->producer = news->producer;
	if (news->topics) {
		topics_free(a->topics);
		a->topics = news->topics;
	}
	if (news->asked) {
		a->asked = true;
		a->reachable = news->reachable;
		a->trouble = news->trouble;
	}
	if (news->probed) {
		a->probed = true;
		a->leader_answers = news->leader_answers;
		a->probe_topic = news->probe_topic;
		a->probe_partition = news->probe_partition;
	}
	a->props_refused = news->props_refused;
	if (news->reason[0])
		memcpy(a->reason, news->reason, sizeof a->reason);
	atomic_store(&h->answered, true);
	pthread_mutex_unlock(&h->mutex);
	(void)!eventfd_write(h->event_fd, 1);
}

static void back_off(struct work *w, uint64_t max_us)
{
	w->next_us = clock_mono_us() + w->retry_us;
	w->retry_us = w->retry_us * 2 > max_us ? max_us : w->retry_us * 2;
}

/* The library's own words say more than "timed out". Only for a producer not handed over. */
static void take_news(struct producer *p, struct helper_answer *answer)
{
	struct producer_report none;
	struct producer_news news;
	bool waits = true;

	while (producer_reports(p, &none, 1, &waits) || waits) {
		producer_news(p, &news);
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
		w->settings_us = now_us + ASK_EVERY_US;
	}
	w->n_ready = topics->n_ready;
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
	int r = producer_new(&h->options, &w->sizing, answer.reason, sizeof answer.reason,
			     &w->fresh);

	if (r == 0)
		return 0;
	answer.props_refused = true;
	if (r < 0)
		snprintf(answer.reason, sizeof answer.reason, "%s", strerror(-r));
	tell(h, &answer);
	back_off(w, RETRY_MAX_US);
	return r;
}

static void hand_over(struct helper *h, struct work *w, struct helper_answer *answer)
{
	remember(w, answer->topics);
	w->making = false;
	w->current = answer->producer = w->fresh;
	w->fresh = NULL;
	tell(h, answer);
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
		tell(h, &answer);
		back_off(w, RETRY_MAX_MAKING_US);
		return;
	}
	ask_settings(w, w->fresh, answer.topics);
	sizing = topics_sizing(answer.topics);
	if (producer_batch_bytes(&h->options, &sizing) != producer_batch_limit(w->fresh)) {
		/* Only now is it known how large batches may be: once more, with that. */
		w->sizing = sizing;
		w->fresh = producer_free(w->fresh);
		topics_free(answer.topics);
		w->next_us = 0;
		return;
	}
	hand_over(h, w, &answer);
}

static void ask_current(struct helper *h, struct work *w)
{
	struct helper_answer answer = {0};

	if (ask(w, w->current, &answer)) {
		ask_settings(w, w->current, answer.topics);
		remember(w, answer.topics);
	} else {
		back_off(w, RETRY_MAX_US);
	}
	tell(h, &answer);
}

static void probe(struct helper *h, struct work *w, const struct orders *o)
{
	struct helper_answer answer = {
		.probed = true,
		.probe_topic = o->probe_topic,
		.probe_partition = o->probe_partition,
	};

	answer.leader_answers = topics_leader_answers(w->current, o->probe_topic,
						      o->probe_partition, ASK_TIMEOUT_MS);
	tell(h, &answer);
}

static void take_orders(struct work *w, const struct orders *o)
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
	if (o->ask && !w->making && soon_us < w->next_us)
		w->next_us = soon_us;
}

static void *run(void *argument)
{
	struct helper *h = argument;
	struct work w = {.making = true, .retry_us = RETRY_MIN_US};
	struct orders o;

	for (;;) {
		o = wait_orders(h, w.next_us);
		if (o.quit)
			break;
		take_orders(&w, &o);
		if (o.probe && w.current)
			probe(h, &w, &o);
		if (clock_mono_us() < w.next_us)
			continue;
		if (w.making)
			try_make(h, &w);
		else
			ask_current(h, &w);
	}
	/* An answer nobody fetched may hold the producer that was handed over last. */
	producer_free(h->answer.producer);
	producer_free(o.old);
	producer_free(w.old);
	producer_free(w.fresh);
	topics_free(w.topics);
	unref(h);
	return NULL;
}

/* Detached, and deaf to signals whatever the caller's mask is: the library's threads inherit it. */
static int start_thread(struct helper *h)
{
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, run, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return -r;
	pthread_detach(thread);
	return 0;
}

int helper_new(const struct kafka_options *options, int event_fd, struct helper **ret_helper)
{
	struct helper *h = calloc(1, sizeof *h);
	pthread_condattr_t attr;
	int r;

	if (!h)
		return -ENOMEM;
	h->refs = 1;
	h->event_fd = -1;
	pthread_mutex_init(&h->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->cond, &attr);
	pthread_condattr_destroy(&attr);
	r = copy_options(options, &h->options);
	if (r == 0) {
		h->refs = 2;
		h->event_fd = event_fd;
		r = start_thread(h);
	}
	if (r) {
		h->refs = 1;
		h->event_fd = -1;
		unref(h);
		return r;
	}
	*ret_helper = h;
	return 0;
}

const struct kafka_options *helper_options(const struct helper *h)
{
	return &h->options;
}

void helper_make(struct helper *h, struct producer *old, uint64_t delay_us)
{
	pthread_mutex_lock(&h->mutex);
	h->orders.make = true;
	h->orders.old = old;
	h->orders.not_before_us = clock_mono_us() + delay_us;
	h->orders.probe = false;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->mutex);
}

void helper_ask(struct helper *h)
{
	helper_ask_in(h, 0);
}

void helper_ask_in(struct helper *h, uint64_t delay_us)
{
	uint64_t ask_us = delay_us ? clock_mono_us() + delay_us : 0;

	pthread_mutex_lock(&h->mutex);
	if (!h->orders.ask || ask_us < h->orders.ask_us)
		h->orders.ask_us = ask_us;
	h->orders.ask = true;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->mutex);
}

void helper_probe(struct helper *h, uint32_t topic, int32_t partition)
{
	pthread_mutex_lock(&h->mutex);
	h->orders.probe = true;
	h->orders.probe_topic = topic;
	h->orders.probe_partition = partition;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->mutex);
}

bool helper_waits(const struct helper *h)
{
	return atomic_load_explicit(&h->answered, memory_order_relaxed);
}

bool helper_answer(struct helper *h, struct helper_answer *ret_answer)
{
	if (!helper_waits(h))
		return false;
	pthread_mutex_lock(&h->mutex);
	*ret_answer = h->answer;
	h->answer = (struct helper_answer){0};
	atomic_store(&h->answered, false);
	pthread_mutex_unlock(&h->mutex);
	return true;
}

struct helper *helper_free(struct helper *h, struct producer *current)
{
	if (!h)
		return NULL;
	pthread_mutex_lock(&h->mutex);
	h->orders.quit = true;
	/* An order for a successor that was not taken yet holds another one: both go. */
	if (current)
		h->orders.old = current;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->mutex);
	unref(h);
	return NULL;
}
