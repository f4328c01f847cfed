/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the helper's thread asks brokers about topics, and what it keeps of their answers. Topics
 * are asked for every ten seconds, sooner where the loop orders it; their settings once a minute,
 * for not all brokers like to be asked for those.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/work.h"

/* So soon partitions that were added are seen. */
#define ASK_EVERY_US (10 * US_PER_S)
#define SETTINGS_EVERY_US (60 * US_PER_S)
/* So often, and so soon, it is asked whether brokers know a topic that was just made. */
#define MADE_TRIES 10
#define MADE_US (US_PER_S / 5)

void work_take_news(struct producer *p, struct helper_answer *answer)
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
	return topics_ask(p, WORK_ASK_TIMEOUT_MS, answer->reason, sizeof answer->reason,
			  &answer->topics);
}

bool work_ask(struct work *w, struct producer *p, struct plans *plans, struct helper_answer *answer)
{
	size_t n_ready;
	int r = ask_topics(w, p, answer);

	answer->asked = true;
	n_ready = r ? 0 : answer->topics->n_ready;
	if (r == 0 &&
	    plans_follow(plans, &w->options, p, answer->topics, WORK_ASK_TIMEOUT_MS, w->asked_us)) {
		for (int i = 0; i < MADE_TRIES && r == 0 && answer->topics->n_ready == n_ready;
		     i++) {
			usleep(MADE_US);
			r = ask_topics(w, p, answer);
		}
		if (r == 0)
			plans_see(plans, answer->topics);
	}
	if (r < 0)
		snprintf(answer->reason, sizeof answer->reason, "%s", strerror(-r));
	answer->reachable = r == 0;
	return answer->reachable;
}

void work_ask_settings(struct work *w, struct producer *p, struct topics *topics)
{
	uint64_t now_us = clock_mono_us();

	if (now_us < w->settings_us && topics->n_ready <= w->n_ready) {
		topics_keep_settings(topics, w->topics);
	} else {
		topics_ask_settings(p, WORK_ASK_TIMEOUT_MS, NULL, topics);
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

void work_remember(struct work *w, const struct topics *topics)
{
	struct topics *kept = calloc(1, sizeof *kept + topics->n * sizeof kept->at[0]);

	/* What is missing and waited for is asked for sooner: kafka_take_facts orders it. */
	w->next_us = clock_mono_us() + ASK_EVERY_US;
	w->retry_us = WORK_RETRY_MIN_US;
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
