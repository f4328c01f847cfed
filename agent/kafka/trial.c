/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of a producer are replaced while it is in use: by what is new in the files that they
 * name, or by a reload. A mistake in them must stop nothing, and no question tells beforehand
 * whether brokers will have them. So a second producer is made of them, beside the one in use, and
 * tried until a broker lets it in: then it takes the other's place. That it is refused, or that
 * nobody answers it though the other one is answered, is told once each, and again of what is tried
 * next.
 *
 * Where it comes to other servers their topics may take smaller batches: then it is made once more,
 * before it is used.
 *
 * Where no producer is in use there is nothing to keep, and what is new is what it is made of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/work.h"

/* Brokers may learn of a new password or authority later than we do. */
#define TRIAL_MIN_US (2 * US_PER_S)
#define TRIAL_MAX_US (30 * US_PER_S)

void trial_end(struct work *w)
{
	struct trial *t = &w->trial;

	producer_free(t->producer);
	kafka_props_free(t->props, t->n_props);
	login_unref(t->login);
	plans_deinit(&t->plans);
	*t = (struct trial){0};
}

static bool names_other_servers(const struct kafka_options *options, const struct trial *t)
{
	struct kafka_options other = {.props = t->props, .n_props = t->n_props};
	const char *before = kafka_servers(options), *now = kafka_servers(&other);

	return strcmp(before ? before : "", now ? now : "") != 0;
}

void trial_begin(struct work *w, struct prop *props, size_t n_props, struct login *login,
		 unsigned int number)
{
	struct trial *t = &w->trial;

	trial_end(w);
	*t = (struct trial){
		.props = props,
		.n_props = n_props,
		.login = login,
		.number = number,
		.sizing = w->sizing,
		.retry_us = TRIAL_MIN_US,
	};
	/* Without memory for it what is known of the topics goes on. */
	t->elsewhere = names_other_servers(&w->options, t) &&
		       plans_init(&t->plans, w->options.max_topics) == 0;
}

/* What was known of the topics of another cluster is of no use. */
static void go_elsewhere(struct work *w)
{
	plans_deinit(&w->plans);
	w->plans = w->trial.plans;
	w->trial.plans = (struct plans){0};
	w->settings_us = 0;
}

static void tell_props(struct helper *h, const struct work *w)
{
	struct helper_answer answer = {
		.props = kafka_props_copy(w->options.props, w->options.n_props),
		.n_props = w->options.n_props,
		.renewal_number = w->number,
	};

	if (answer.props)
		helper_tell(h, &answer);
}

void trial_adopt(struct helper *h, struct work *w)
{
	struct trial *t = &w->trial;

	if (t->elsewhere)
		go_elsewhere(w);
	/* The first ones take the place of what is borrowed. */
	if (w->own_props) {
		kafka_props_free(w->own_props, w->options.n_props);
		login_unref(w->options.login);
	}
	w->options.props = w->own_props = t->props;
	w->options.n_props = t->n_props;
	w->options.login = t->login;
	w->number = t->number;
	t->props = NULL;
	t->login = NULL;
	trial_end(w);
	tell_props(h, w);
}

void trial_swap(struct helper *h, struct work *w)
{
	size_t n_props = w->options.n_props;
	struct prop *props = kafka_props_copy(w->options.props, n_props);
	struct login *login = login_ref(w->options.login);
	unsigned int number = w->number;

	if (!props) {
		login_unref(login);
		return;
	}
	trial_adopt(h, w);
	trial_begin(w, props, n_props, login, number);
}

void trial_end_older(struct work *w)
{
	if (w->trial.props && w->trial.number < w->number)
		trial_end(w);
}

static void tell(struct helper *h, struct trial *t, enum helper_renewal what, const char *reason)
{
	struct helper_answer answer = {
		.renewal = what,
		.renewal_number = t->number,
		.renewal_told = t->told & 1u << what,
	};

	t->told |= 1u << what;
	snprintf(answer.renewal_reason, sizeof answer.renewal_reason, "%s", reason);
	helper_tell(h, &answer);
}

/*
 * With the servers that were asked. Where the producer in use asks the same ones, and is not
 * answered either, there is nothing to tell beside that.
 */
void trial_compare(struct helper *h, struct work *w)
{
	struct trial *t = &w->trial;
	struct kafka_options options = {.props = t->props, .n_props = t->n_props};
	const char *servers = kafka_servers(&options);
	char text[384];
	bool tells = t->unheard && (w->reachable || t->elsewhere);

	t->unheard = false;
	if (!tells)
		return;
	snprintf(text, sizeof text, "%.120s: %.250s", servers ? servers : "", t->reason);
	tell(h, t, w->reachable ? RENEWAL_UNREACHED : RENEWAL_NONE_ANSWERS, text);
}

/*
 * No broker has taken them yet. That none answers says nothing against them, unless it does answer
 * the other producer: which is asked again before that is told.
 */
static void failed(struct helper *h, struct work *w, const struct helper_answer *answer)
{
	struct trial *t = &w->trial;
	bool refused;

	/* The library says what it is but once: without a word of it that is how it still is. */
	if (answer->trouble != TROUBLE_NONE)
		t->trouble = answer->trouble;
	if (answer->trouble != TROUBLE_NONE || !t->reason[0])
		snprintf(t->reason, sizeof t->reason, "%s", answer->reason);
	refused = t->trouble >= TROUBLE_TLS;
	t->unheard = !refused && t->retry_us > TRIAL_MIN_US;
	t->next_us = clock_mono_us() + t->retry_us;
	t->retry_us = t->retry_us * 2 > TRIAL_MAX_US ? TRIAL_MAX_US : t->retry_us * 2;
	if (refused)
		tell(h, t, RENEWAL_REFUSED, t->reason);
	else
		w->next_us = 0;
}

static const char *mechanism_of(const struct kafka_options *options)
{
	const char *named = kafka_prop(options, "sasl.mechanism");

	return named ? named : kafka_prop(options, "sasl.mechanisms");
}

/* The password of one mechanism is none of another. */
static bool logs_in_alike(const struct kafka_options *a, const struct kafka_options *b)
{
	const char *one = mechanism_of(a), *other = mechanism_of(b);

	return one && other && strcmp(one, other) == 0;
}

/* A broker has let it in. */
static void succeeded(struct helper *h, struct work *w, struct helper_answer *answer)
{
	struct trial *t = &w->trial;
	struct kafka_options options = {.props = t->props, .n_props = t->n_props};

	/* Where the old one is not let in any more it can end what it has begun. */
	if (!t->elsewhere && logs_in_alike(&w->options, &options))
		producer_set_password(w->current, &options);
	w->current = answer->renewed = t->producer;
	w->reachable = true;
	t->producer = NULL;
	trial_adopt(h, w);
	work_remember(w, answer->topics);
	answer->renewal = RENEWAL_IN_USE;
	answer->renewal_number = w->number;
	helper_tell(h, answer);
}

static struct kafka_options options_of(const struct work *w)
{
	struct kafka_options options = w->options;

	options.props = w->trial.props;
	options.n_props = w->trial.n_props;
	options.login = w->trial.login;
	return options;
}

/* Whether it is made for these topics, of which no settings are known if they are elsewhere. */
static bool fits(struct work *w, struct topics *topics)
{
	struct trial *t = &w->trial;
	struct kafka_options options = options_of(w);

	if (t->elsewhere)
		w->settings_us = 0;
	work_ask_settings(w, t->producer, topics);
	t->sizing = topics_sizing(topics);
	return producer_fits(t->producer, &options, &t->sizing);
}

/* False: the library does not take them, and they are dropped. */
static bool make(struct helper *h, struct work *w)
{
	struct trial *t = &w->trial;
	struct kafka_options options = options_of(w);
	char reason[384] = "";
	int r = 0;

	if (!t->producer)
		r = producer_new(&options, &t->sizing, reason, sizeof reason, &t->producer);
	if (!r)
		return true;
	tell(h, t, RENEWAL_INVALID, r < 0 ? strerror(-r) : reason);
	trial_end(w);
	return false;
}

void trial_step(struct helper *h, struct work *w)
{
	struct trial *t = &w->trial;
	struct helper_answer answer = {0};

	if (!make(h, w))
		return;
	if (!work_ask(w, t->producer, t->elsewhere ? &t->plans : &w->plans, &answer)) {
		work_take_news(t->producer, &answer);
		failed(h, w, &answer);
	} else if (fits(w, answer.topics)) {
		succeeded(h, w, &answer);
	} else {
		topics_free(answer.topics);
		t->producer = producer_free(t->producer);
		w->settings_us = 0;
		t->next_us = 0;
	}
}
