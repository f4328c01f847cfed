/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters on their way to the topic that their source has for them (dead_letter_topic). What
 * is sent is in the state already, and goes from there by the report that Kafka has it, in the next
 * transaction: a crash between the two sends once more what went since the last one. For each
 * topic there is one who reads through the state, by the letters' numbers, and has one of them
 * under way. No line waits for any of that: they go alone (pipeline/replay.c).
 *
 * A topic that fails (no right to write, a policy) is tried again with the same letter, and after
 * longer and longer. A letter that is refused for its own sake is passed, and all such are tried
 * again later, from the first on: their order among the others is lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "client/library.h"
#include "conf/output.h"
#include "pipeline/letter.h"

/* So long a step may take. */
#define STEP_US (2 * US_PER_MS)
/* A topic that fails is tried again. */
#define FAILED_MIN_US US_PER_S
#define FAILED_MAX_US (60 * US_PER_S)
/* So are letters that were refused. */
#define REFUSED_MIN_US (10 * US_PER_S)
#define REFUSED_MAX_US (640 * US_PER_S)

static uint64_t longer(uint64_t gap_us, uint64_t min_us, uint64_t max_us)
{
	gap_us = gap_us ? 2 * gap_us : min_us;
	return gap_us < max_us ? gap_us : max_us;
}

static const char *topic_of(const struct agent *agent, const struct agent_copy *copy)
{
	return conf_topic_name(agent->conf, copy->topic);
}

/* Once, until `told` is false again. */
static void tell(const struct agent *agent, const struct agent_copy *copy, bool *told,
		 const char *id, const char *why)
{
	bool fails = told == &copy->told_failed;

	if (!*told)
		log_limited_about(agent->log, LOG_WARNING,
				  &(struct log_about){.id = id, .topic = topic_of(agent, copy)},
				  fails ? "topic %s takes no dead letters (%s): they stay in the "
					  "state and are "
					  "tried again (dead_letter_topic)" :
					  "topic %s refuses dead letters (%s): those stay in the "
					  "state and are "
					  "tried again, others go there (dead_letter_topic)",
				  topic_of(agent, copy), why);
	*told = true;
}

static void tell_better(const struct agent *agent, const struct agent_copy *copy, bool *told)
{
	if (*told)
		log_say(agent->log, LOG_NOTICE, "letters-topic-takes",
			"topic %s takes the dead letters that it did not take before",
			topic_of(agent, copy));
	*told = false;
}

/* It is looked at again when those that were refused are. */
static void leave_for_later(struct agent_copy *copy, uint64_t id)
{
	if (!copy->later || id < copy->later)
		copy->later = id;
}

static void pass(struct agent_copy *copy)
{
	store_letter_free(&copy->letter);
	copy->gone = false;
}

void agent_copies_let_go(struct agent *agent, uint64_t id)
{
	for (size_t i = 0; i < agent->n_copies; i++) {
		struct agent_copy *copy = &agent->copies[i];

		if (copy->letter.id != id)
			continue;
		leave_for_later(copy, id);
		copy->gone = true;
		if (!replay_is_busy(&copy->replay))
			pass(copy);
	}
}

static void refused(struct agent *agent, struct agent_copy *copy, const char *why)
{
	leave_for_later(copy, copy->letter.id);
	tell(agent, copy, &copy->told_refused, "letters-topic-refuses", why);
	copy->any_refused = true;
	pass(copy);
}

static void failed(struct agent *agent, struct agent_copy *copy, const struct report *report,
		   uint64_t now_us)
{
	agent->counters.maybe_persisted += report->maybe_persisted;
	if (copy->gone)
		pass(copy);
	/* Also where it was given up for a line that waits: that goes first. */
	copy->failed_gap_us = longer(copy->failed_gap_us, FAILED_MIN_US, FAILED_MAX_US);
	copy->not_before_us = now_us + copy->failed_gap_us;
	/* What came back with the producer's end tells nothing of the topic. */
	if (!report->producer_gone)
		tell(agent, copy, &copy->told_failed, "letters-topic-fails", report->reason);
}

static void delivered(struct agent *agent, struct agent_copy *copy)
{
	int r = copy->gone ? 0 : letters_remove(&agent->letters, &copy->letter);

	if (r)
		agent->error = r;
	agent->counters.letters_copied++;
	copy->failed_gap_us = 0;
	tell_better(agent, copy, &copy->told_failed);
	pass(copy);
}

static void take_report(struct agent *agent, struct agent_copy *copy, uint64_t now_us)
{
	const struct report *report = replay_take(&copy->replay);

	if (!report)
		return;
	agent->progress_us = now_us;
	switch (report->kind) {
	case REPORT_DELIVERED:
		delivered(agent, copy);
		return;
	case REPORT_REFUSED:
		refused(agent, copy, report->reason);
		return;
	case REPORT_FAILED:
		failed(agent, copy, report, now_us);
		return;
	}
}

/* Whether its source sends its dead letters to the topic. */
static bool goes_there(const struct agent *agent, const struct agent_copy *copy,
		       const struct store_dead_letter *letter)
{
	const struct conf *conf = agent->conf;

	for (size_t i = 0; letter->source && i < conf->n_sources; i++) {
		if (strcmp(conf->sources[i].name, letter->source) == 0)
			return conf->sources[i].letter_topic == copy->topic;
	}
	return false;
}

/* It looked at all that are stored. */
static void end_look(struct agent *agent, struct agent_copy *copy, uint64_t now_us)
{
	copy->seen = agent->letters.n_stored;
	copy->dry = true;
	if (!copy->later) {
		copy->refused_gap_us = 0;
		tell_better(agent, copy, &copy->told_refused);
	} else if (!copy->again_us) {
		copy->refused_gap_us = copy->any_refused ? longer(copy->refused_gap_us,
								  REFUSED_MIN_US, REFUSED_MAX_US) :
							   REFUSED_MIN_US;
		copy->again_us = now_us + copy->refused_gap_us;
	}
	copy->any_refused = false;
}

/* Whether letters may be there that were not looked at, or are to be looked at again. */
static bool has_more(const struct agent *agent, struct agent_copy *copy, uint64_t now_us)
{
	if (copy->dry && copy->again_us && now_us >= copy->again_us) {
		copy->after = copy->later - 1;
		copy->later = copy->again_us = 0;
		copy->dry = false;
	}
	if (copy->seen != agent->letters.n_stored)
		copy->dry = false;
	return !copy->dry;
}

/* The next letter for the topic. False: there is none now, and perhaps no more. */
static bool next_letter(struct agent *agent, struct agent_copy *copy, uint64_t end_us)
{
	struct store_dead_letter *letter = &copy->letter;
	int r = 0;

	while (!r && clock_mono_us() < end_us) {
		r = store_next_letter(agent->store, copy->after, letter);
		if (r)
			break;
		copy->after = letter->id;
		if (agent_is_replayed(agent, letter->id))
			leave_for_later(copy, letter->id);
		else if (goes_there(agent, copy, letter) &&
			 !letters_goes(&agent->letters, letter->id))
			return true;
		store_letter_free(letter);
	}
	if (r)
		end_look(agent, copy, clock_mono_us());
	if (r < 0)
		log_limited_about(
			agent->log, LOG_ERR,
			&(struct log_about){.id = "letters-unread", .topic = topic_of(agent, copy)},
			"the dead letters for topic %s cannot be read: %s", topic_of(agent, copy),
			strerror(-r));
	return false;
}

/* False: it waits. */
static bool send(struct agent *agent, struct agent_copy *copy, uint64_t now_us)
{
	const char *why = "HEADERS_UNREADABLE";
	struct letter_texts texts;
	struct record record;
	int r = PIPELINE_E_REFUSED;

	if (now_us < copy->not_before_us)
		return false;
	if (!letter_copy(&copy->letter, copy->topic, kafka_error_code(copy->letter.reason),
			 clock_real_ms(), &texts, &record))
		r = replay_send(agent->pipeline, &copy->replay, &record, &why, now_us);
	if (r < 0)
		agent->error = r;
	if (r == PIPELINE_E_REFUSED)
		refused(agent, copy, why);
	return r == PIPELINE_E_REFUSED;
}

static void step(struct agent *agent, struct agent_copy *copy, uint64_t end_us, uint64_t now_us)
{
	take_report(agent, copy, now_us);
	/* The store is the writer's meanwhile; and what is not begun before a stop is not begun. */
	if (agent->checkpoint.under_way || agent->state != AGENT_RUNNING)
		return;
	while (!replay_is_busy(&copy->replay) && !agent->error) {
		if (!copy->letter.id &&
		    (!has_more(agent, copy, now_us) || !next_letter(agent, copy, end_us)))
			return;
		if (!send(agent, copy, now_us))
			return;
	}
}

void agent_step_copies(struct agent *agent, uint64_t now_us)
{
	uint64_t end_us = agent->n_copies ? clock_mono_us() + STEP_US : 0;

	for (size_t i = 0; i < agent->n_copies; i++)
		step(agent, &agent->copies[i], end_us, now_us);
}

/* Of a topic that is not there nothing is expected. */
static bool is_expected(const struct agent *agent, const struct agent_copy *copy)
{
	struct output_topic topic;

	if (copy->failed_gap_us || (copy->dry && !copy->letter.id))
		return false;
	return !output_topic(agent->output, copy->topic, &topic) ||
	       strcmp(topic.state, "ready") == 0 || strcmp(topic.state, "unknown") == 0;
}

bool agent_copies_wait(struct agent *agent, uint64_t now_us)
{
	bool wait = agent->n_copies && agent->letters.n;

	for (size_t i = 0; i < agent->n_copies; i++)
		wait |= agent->copies[i].seen != agent->letters.n_stored ||
			is_expected(agent, &agent->copies[i]);
	if (!agent->copies_by_us)
		agent->copies_by_us = now_us + agent->conf->shutdown_timeout_ms * US_PER_MS;
	return wait && now_us < agent->copies_by_us;
}

/* One for each topic, which sources may share. */
static void add(struct agent *agent, uint32_t topic)
{
	for (size_t i = 0; i < agent->n_copies; i++) {
		if (agent->copies[i].topic == topic)
			return;
	}
	agent->copies[agent->n_copies++] = (struct agent_copy){.topic = topic};
}

int agent_open_copies(struct agent *agent)
{
	const struct conf *conf = agent->conf;

	agent->copies = calloc(conf->n_sources + 1, sizeof *agent->copies);
	if (!agent->copies)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_sources; i++) {
		if (conf->sources[i].letter_topic != SOURCE_NO_TOPIC)
			add(agent, conf->sources[i].letter_topic);
	}
	return 0;
}

void agent_close_copies(struct agent *agent)
{
	for (size_t i = 0; i < agent->n_copies; i++) {
		store_letter_free(&agent->copies[i].letter);
		replay_deinit(&agent->copies[i].replay);
	}
	free(agent->copies);
	agent->copies = NULL;
	agent->n_copies = 0;
}
