/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a producer, asking brokers and destroying a producer may each block for seconds (a
 * hanging resolver: 7.7 s), and the loop must not. So one thread does all of it (helper_work.c),
 * and a mailbox with one mutex lies between:
 *
 *	loop ── orders: make, ask, probe, quit ──► helper
 *	loop ◄── answer: producer, topics, reachable, reason ── helper (then the eventfd)
 *
 * An answer that was not yet fetched is added to, never lost: only a newer snapshot of the topics
 * replaces an older one. The producer in use belongs to the loop, which sends with it; the helper
 * keeps a borrowed pointer to ask through the same instance, and is the only one that destroys.
 * That is safe because the loop gives an old producer back together with the order for a new one.
 *
 * At exit nobody waits: the last of the two sides frees the mailbox.
 */
#include "kafka/helper.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/helper_private.h"

struct helper {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	int refs;
	int event_fd;
	struct kafka_options options; /* all pointers are ours */
	struct helper_orders orders;
	struct helper_answer answer;
	atomic_bool answered;
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

struct helper_orders helper_wait(struct helper *h, uint64_t until_us)
{
	struct timespec ts = {(time_t)(until_us / US_PER_S), (long)(until_us % US_PER_S * 1000)};
	struct helper_orders *o = &h->orders, taken;
	int r = 0;

	pthread_mutex_lock(&h->mutex);
	while (!o->make && !o->ask && !o->probe && !o->quit && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&h->cond, &h->mutex, &ts);
	taken = *o;
	*o = (struct helper_orders){.quit = taken.quit};
	pthread_mutex_unlock(&h->mutex);
	return taken;
}

void helper_tell(struct helper *h, const struct helper_answer *news)
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

void helper_leave(struct helper *h)
{
	/* An answer nobody fetched may hold the producer that was handed over last. */
	producer_free(h->answer.producer);
	unref(h);
}

/* Detached, and deaf to signals whatever the caller's mask is: the library's threads inherit it. */
static int start_thread(struct helper *h)
{
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, helper_work, h);
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

void helper_ask(struct helper *h, uint64_t delay_us, bool settings)
{
	uint64_t ask_us = delay_us ? clock_mono_us() + delay_us : 0;

	pthread_mutex_lock(&h->mutex);
	if (!h->orders.ask || ask_us < h->orders.ask_us)
		h->orders.ask_us = ask_us;
	h->orders.ask = true;
	h->orders.settings |= settings;
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
