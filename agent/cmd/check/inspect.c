/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the brokers say of our topics, for somebody who waits for the answer. It is asked through
 * the producer that run would make, of the same properties, so that what is wrong with those shows
 * here. The helper thread is not used: it tries again for ever, which is right for an agent and
 * wrong for a question.
 *
 * The library's own words (its errors are fetched like reports) say more than "timed out"; of
 * several the first of the most telling kind is kept. Leaving the producer behind is the price for
 * an answer within seconds: with a hanging resolver its destruction takes longer than the question.
 */
#include "cmd/check/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "instance/producer.h"

#define ASK_TIMEOUT_MS 5000
#define ASK_LEADER_MS 5000

/* The user's properties, and that asking for a missing topic shall not make it. */
static int copy_props(const struct kafka_options *options, struct prop **ret_props)
{
	struct prop *props = calloc(options->n_props + 1, sizeof *props);

	if (!props)
		return -ENOMEM;
	if (options->n_props)
		memcpy(props, options->props, options->n_props * sizeof *props);
	props[options->n_props] = (struct prop){"allow.auto.create.topics", "false"};
	*ret_props = props;
	return 0;
}

/* How much a piece of news explains. */
static int rank(const struct producer_news *news)
{
	return news->kind == NEWS_AUTH ? 3 : news->kind == NEWS_ERROR ? 2 : 0;
}

/* Puts the most telling error into the message. True when it is one of authentication. */
static bool take_news(struct producer *producer, char *message, size_t len)
{
	struct producer_note note;
	struct report none;
	struct producer_news news;
	bool waits = true;
	int best = 0;

	while (producer_reports(producer, &none, &note, 1, &waits) || waits) {
		producer_news(producer, &news);
		if (rank(&news) <= best)
			continue;
		best = rank(&news);
		snprintf(message, len, "%s", news.text);
	}
	return best == 3;
}

/* What the library says of single connections. */
static void note_news(struct producer *producer, struct brokers *brokers)
{
	struct producer_note note;
	struct report none;
	struct producer_news news;
	bool waits = true;

	while (producer_reports(producer, &none, &note, 1, &waits) || waits) {
		producer_news(producer, &news);
		if (rank(&news))
			brokers_note(brokers, news.text, clock_mono_us());
	}
}

/*
 * The broker that answered may name addresses that nobody reaches from here, and then all looks
 * well but for the lines, which wait.
 */
static void ask_leaders(struct producer *producer, struct topics *topics)
{
	size_t n_silent = 0, ready = 0;

	while (ready + 1 < topics->n && topics->at[ready].state != TOPIC_READY)
		ready++;
	for (size_t i = 0; i < topics->leaders.n && n_silent < INSPECT_SILENT_MAX; i++) {
		struct broker *broker = &topics->leaders.at[i];

		broker->silent =
			!topics_any_answers(producer, ready, &broker->id, 1, ASK_LEADER_MS);
		n_silent += broker->silent;
	}
	note_news(producer, &topics->leaders);
}

static int ask(struct producer *producer, const struct topic_plan *plans, char *message, size_t len,
	       struct topics **ret_topics)
{
	int r = topics_ask(producer, ASK_TIMEOUT_MS, message, len, ret_topics);

	if (r == TOPICS_E_UNREACHABLE)
		return take_news(producer, message, len) ? INSPECT_E_AUTH : INSPECT_E_UNREACHABLE;
	if (r)
		return r;
	topics_ask_settings(producer, ASK_TIMEOUT_MS, plans, *ret_topics);
	ask_leaders(producer, *ret_topics);
	return 0;
}

int inspect_topics(const struct kafka_options *options, char *ret_message, size_t len,
		   struct topics **ret_topics)
{
	struct producer_sizing sizing = {0};
	struct kafka_options own = *options;
	struct producer *producer = NULL;
	struct prop *props;
	int r = copy_props(options, &props);

	if (r)
		return r;
	own.props = props;
	own.n_props++;
	r = producer_new(&own, &sizing, ret_message, len, &producer);
	free(props);
	if (r == PRODUCER_E_PROPS)
		return INSPECT_E_PROPS;
	return r ? r : ask(producer, options->plans, ret_message, len, ret_topics);
}
