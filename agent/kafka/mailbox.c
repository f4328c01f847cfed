/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a producer, asking brokers and destroying a producer may each block for seconds (a
 * hanging resolver: 7.7 s), and the loop must not. So one thread does all of it (helper_work.c),
 * and a mailbox with one mutex lies between:
 *
 *	loop ── orders: make, make lone, ask, probe, topics, renew, token, retire, quit ──► helper
 *	loop ◄── answer: producer, topics, reachable, reason ── helper (then the eventfd)
 *
 * An answer that was not yet fetched is added to, never lost: only a newer snapshot of the topics
 * replaces an older one, and a newer producer one of renewed properties, which is destroyed: by
 * then the helper asks through the newer one, and nobody else has heard of the other. The producer
 * in use belongs to the loop, which sends with it; the helper keeps a borrowed pointer to ask
 * through the same instance, and is the only one that destroys.
 * That is safe because the loop gives an old producer back together with the order for a new one.
 *
 * At exit nobody waits: the last of the two sides frees the mailbox.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/helper_private.h"

void mailbox_unref(struct helper *h)
{
	int left;

	pthread_mutex_lock(&h->mutex);
	left = --h->refs;
	pthread_mutex_unlock(&h->mutex);
	if (left)
		return;
	topics_free(h->answer.topics);
	free(h->answer.statistics);
	free(h->orders.counted);
	kafka_props_free(h->orders.props, h->orders.n_props);
	login_unref(h->orders.login);
	kafka_props_free(h->answer.props, h->answer.n_props);
	library_log_deinit(&h->log);
	kafka_options_deinit(&h->options);
	pthread_cond_destroy(&h->cond);
	pthread_mutex_destroy(&h->mutex);
	if (h->wake_fd >= 0)
		close(h->wake_fd);
	free(h);
}

struct helper_orders helper_wait(struct helper *h, uint64_t until_us)
{
	struct timespec ts = {(time_t)(until_us / US_PER_S), (long)(until_us % US_PER_S * 1000)};
	struct helper_orders *o = &h->orders, taken;
	int r = 0;

	pthread_mutex_lock(&h->mutex);
	while (!o->make && !o->make_lone && !o->ask && !o->probe && !o->props && !o->n_retired &&
	       !o->token && !o->counted && !o->n_topics && !o->quit && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&h->cond, &h->mutex, &ts);
	taken = *o;
	*o = (struct helper_orders){.quit = taken.quit};
	pthread_mutex_unlock(&h->mutex);
	return taken;
}

/* The answer gets the producers of the news. Returns one that is of no use any more, or NULL. */
static struct producer *hand_over(struct helper_answer *a, const struct helper_answer *news)
{
	struct producer *outdated = NULL;

	if (news->producer || news->renewed) {
		outdated = a->renewed;
		a->renewed = news->renewed;
	}
	if (news->producer)
		a->producer = news->producer;
	if (news->lone)
		a->lone = news->lone;
	return outdated;
}

void helper_tell(struct helper *h, const struct helper_answer *news)
{
	struct helper_answer *a = &h->answer;
	struct producer *outdated;

	pthread_mutex_lock(&h->mutex);
	outdated = hand_over(a, news);
	if (news->renewal != RENEWAL_NONE) {
		a->renewal = news->renewal;
		a->renewal_number = news->renewal_number;
		a->renewal_told = news->renewal_told;
		memcpy(a->renewal_reason, news->renewal_reason, sizeof a->renewal_reason);
	}
	if (news->props) {
		a->renewal_number = news->renewal_number;
		/* What was said of those before is over. */
		if (a->renewal != RENEWAL_IN_USE)
			a->renewal = RENEWAL_NONE;
		kafka_props_free(a->props, a->n_props);
		a->props = news->props;
		a->n_props = news->n_props;
	}
	if (news->topics) {
		topics_free(a->topics);
		a->topics = news->topics;
	}
	if (news->statistics) {
		free(a->statistics);
		a->statistics = news->statistics;
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
	(void)!eventfd_write(h->wake_fd, 1);
	producer_free(outdated);
}

void helper_leave(struct helper *h)
{
	/* An answer nobody fetched may hold the producer that was handed over last. */
	producer_free(h->answer.producer);
	producer_free(h->answer.lone);
	producer_free(h->answer.renewed);
	mailbox_unref(h);
}

const struct kafka_options *helper_options(const struct helper *h)
{
	return &h->options;
}

struct kafka_options helper_own_options(struct helper *h)
{
	struct kafka_options options;

	pthread_mutex_lock(&h->mutex);
	options = h->options;
	pthread_mutex_unlock(&h->mutex);
	return options;
}

int helper_take_topics(struct helper *h, const struct kafka_options *options)
{
	int r;

	pthread_mutex_lock(&h->mutex);
	r = kafka_options_take_topics(&h->options, options);
	h->orders.n_topics = h->options.n_topics;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->mutex);
	return r;
}

struct library_log *helper_log(struct helper *h)
{
	return &h->log;
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

void helper_make_lone(struct helper *h, struct producer *old)
{
	pthread_mutex_lock(&h->mutex);
	h->orders.make_lone = true;
	h->orders.old_lone = old;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->mutex);
}

void helper_take_props(struct helper *h, struct prop *props, size_t n)
{
	kafka_props_free(h->options.props, h->options.n_props);
	h->options.props = props;
	h->options.n_props = n;
}

void helper_renew(struct helper *h, struct prop *props, size_t n, struct login *login,
		  unsigned int number)
{
	pthread_mutex_lock(&h->mutex);
	kafka_props_free(h->orders.props, h->orders.n_props);
	login_unref(h->orders.login);
	h->orders.props = props;
	h->orders.n_props = n;
	h->orders.login = login;
	h->orders.renewal_number = number;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->mutex);
}

void helper_fetch_token(struct helper *h)
{
	pthread_mutex_lock(&h->mutex);
	h->orders.token = true;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->mutex);
}

void helper_read(struct helper *h, char *counted)
{
	pthread_mutex_lock(&h->mutex);
	free(h->orders.counted);
	h->orders.counted = counted;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->mutex);
}

void helper_retire(struct helper *h, struct producer *producer)
{
	pthread_mutex_lock(&h->mutex);
	/* Three wait at most: what the loop has and what was told of since, but for one. */
	if (h->orders.n_retired == ARRAY_LEN(h->orders.retired))
		abort();
	h->orders.retired[h->orders.n_retired++] = producer;
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

void helper_probe(struct helper *h, uint32_t topic, int32_t partition, int32_t leader)
{
	pthread_mutex_lock(&h->mutex);
	h->orders.probe = true;
	h->orders.probe_topic = topic;
	h->orders.probe_partition = partition;
	h->orders.probe_leader = leader;
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

struct helper *helper_free(struct helper *h, struct producer *current, struct producer *lone)
{
	if (!h)
		return NULL;
	pthread_mutex_lock(&h->mutex);
	h->orders.quit = true;
	/* An order for a successor that was not taken yet holds another one: both go. */
	if (current)
		h->orders.old = current;
	if (lone)
		h->orders.old_lone = lone;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->mutex);
	mailbox_unref(h);
	return NULL;
}
