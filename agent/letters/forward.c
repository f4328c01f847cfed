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
 *
 * What the topic has leaves the state; or it stays, where its source says so (dead_letter_copied),
 * until its room is needed (letters/intake.c), so that it holds up no file either.
 */
#include "letters/forward.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "client/library.h"
#include "conf/output.h"
#include "pipeline/letter.h"
#include "pipeline/replay.h"

/* So long a step may take. */
#define STEP_US (2 * US_PER_MS)
/* A topic that fails is tried again. */
#define FAILED_MIN_US US_PER_S
#define FAILED_MAX_US (60 * US_PER_S)
/* So are letters that were refused. */
#define REFUSED_MIN_US (10 * US_PER_S)
#define REFUSED_MAX_US (640 * US_PER_S)

struct forward_topic {
	uint32_t topic;
	struct replay replay;
	struct store_dead_letter letter; /* under way, or to be; id 0: none */
	bool gone;                       /* what becomes of it is somebody else's matter now */
	uint64_t after;                  /* the letter that was looked at last */
	uint64_t later;                  /* the first to be looked at again; 0: none */
	uint64_t again_us;               /* when; 0: not yet known */
	uint64_t seen;                   /* letters.n_stored at the end of the last look */
	bool dry;                        /* that look is over */
	bool any_refused;                /* in this one */
	uint64_t refused_gap_us, failed_gap_us, not_before_us;
	bool told_refused, told_failed;
};

bool forward_is_busy(struct forward_busy busy, uint64_t id)
{
	for (size_t i = 0; i < busy.n; i++) {
		if (busy.ids[i] == id)
			return true;
	}
	return false;
}

static uint64_t longer(uint64_t gap_us, uint64_t min_us, uint64_t max_us)
{
	gap_us = gap_us ? 2 * gap_us : min_us;
	return gap_us < max_us ? gap_us : max_us;
}

static const char *topic_of(const struct forward *forward, const struct forward_topic *copy)
{
	return conf_topic_name(forward->conf, copy->topic);
}

/* What helps against a topic that takes none; "": the reason says it. */
static const char *cure_of(const char *reason)
{
	if (strstr(reason, "AUTHORIZATION"))
		return "; the user of its kafka block needs the right to WRITE to it";
	return "";
}

/* Once, until letters go there again. */
static void tell_fails(const struct forward *forward, struct forward_topic *copy, const char *why)
{
	if (!copy->told_failed)
		log_limited_about(
			forward->log, LOG_WARNING,
			&(struct log_about){.id = "letters-topic-fails",
					    .topic = topic_of(forward, copy)},
			"topic %s takes no dead letters (%s)%s; they stay in the state and are "
			"tried again, and no line waits for that (dead_letter_topic)",
			topic_of(forward, copy), why, cure_of(why));
	copy->told_failed = true;
}

/* Once, until all have gone. */
static void tell_refuses(const struct forward *forward, struct forward_topic *copy, const char *why)
{
	if (!copy->told_refused)
		log_limited_about(
			forward->log, LOG_WARNING,
			&(struct log_about){.id = "letters-topic-refuses",
					    .topic = topic_of(forward, copy)},
			"topic %s refuses dead letters (%s): those stay in the state and are "
			"tried again, others go there (dead_letter_topic)",
			topic_of(forward, copy), why);
	copy->told_refused = true;
}

static void tell_better(const struct forward *forward, const struct forward_topic *copy, bool *told)
{
	if (*told)
		log_say(forward->log, LOG_NOTICE, "letters-topic-takes",
			"topic %s takes the dead letters that it did not take before",
			topic_of(forward, copy));
	*told = false;
}

/* It is looked at again when those that were refused are. */
static void leave_for_later(struct forward_topic *copy, uint64_t id)
{
	if (!copy->later || id < copy->later)
		copy->later = id;
}

static void pass(struct forward_topic *copy)
{
	store_letter_free(&copy->letter);
	copy->gone = false;
}

void forward_let_go(struct forward *forward, uint64_t id)
{
	for (size_t i = 0; i < forward->n_topics; i++) {
		struct forward_topic *copy = &forward->topics[i];

		if (copy->letter.id != id)
			continue;
		leave_for_later(copy, id);
		copy->gone = true;
		if (!replay_is_busy(&copy->replay))
			pass(copy);
	}
}

static void refused(struct forward *forward, struct forward_topic *copy, const char *why)
{
	leave_for_later(copy, copy->letter.id);
	tell_refuses(forward, copy, why);
	copy->any_refused = true;
	pass(copy);
}

static const struct source *source_of(const struct forward *forward,
				      const struct store_dead_letter *letter)
{
	const struct conf *conf = forward->conf;

	for (size_t i = 0; letter->source && i < conf->n_sources; i++) {
		if (strcmp(conf->sources[i].name, letter->source) == 0)
			return &conf->sources[i];
	}
	return NULL;
}

/* Whether its source sends its dead letters to the topic. */
static bool goes_there(const struct forward *forward, const struct forward_topic *copy,
		       const struct store_dead_letter *letter)
{
	const struct source *source = source_of(forward, letter);

	return source && !source->gone && source->letter_topic == copy->topic &&
	       !letters_goes(forward->letters, letter->id);
}

static void failed(struct forward *forward, struct forward_topic *copy, const struct report *report,
		   uint64_t now_us)
{
	forward->counters->maybe_persisted += report->maybe_persisted;
	if (copy->gone || !goes_there(forward, copy, &copy->letter))
		pass(copy);
	/* Also where it was given up for a line that waits: that goes first. */
	copy->failed_gap_us = longer(copy->failed_gap_us, FAILED_MIN_US, FAILED_MAX_US);
	copy->not_before_us = now_us + copy->failed_gap_us;
	/* What came back with the producer's end tells nothing of the topic. */
	if (!report->producer_gone)
		tell_fails(forward, copy, report->reason);
}

/* The topic has it. */
static int settle(struct forward *forward, const struct store_dead_letter *letter)
{
	const struct source *source = source_of(forward, letter);

	return source && source->keeps_copied ? letters_copy(forward->letters, letter) :
						letters_remove(forward->letters, letter);
}

static int delivered(struct forward *forward, struct forward_topic *copy)
{
	int r = copy->gone ? 0 : settle(forward, &copy->letter);

	forward->counters->letters_copied++;
	copy->failed_gap_us = 0;
	tell_better(forward, copy, &copy->told_failed);
	pass(copy);
	return r;
}

static int take_report(struct forward *forward, struct forward_topic *copy, uint64_t now_us,
		       bool *ret_moved)
{
	const struct report *report = replay_take(&copy->replay);

	if (!report)
		return 0;
	*ret_moved = true;
	switch (report->kind) {
	case REPORT_DELIVERED:
		return delivered(forward, copy);
	case REPORT_REFUSED:
		refused(forward, copy, report->reason);
		return 0;
	case REPORT_FAILED:
		failed(forward, copy, report, now_us);
		return 0;
	}
	return 0;
}

/* One that was copied stays for as long as its source says so. 1: it is to be copied. */
static int judge(struct forward *forward, const struct forward_topic *copy,
		 const struct store_dead_letter *letter)
{
	if (!goes_there(forward, copy, letter))
		return 0;
	if (!letters_is_copied(forward->letters, letter))
		return 1;
	return source_of(forward, letter)->keeps_copied ? 0 : settle(forward, letter);
}

/* It looked at all that are stored. */
static void end_look(struct forward *forward, struct forward_topic *copy, uint64_t now_us)
{
	copy->seen = forward->letters->n_stored;
	copy->dry = true;
	if (!copy->later) {
		copy->refused_gap_us = 0;
		tell_better(forward, copy, &copy->told_refused);
	} else if (!copy->again_us) {
		copy->refused_gap_us = copy->any_refused ? longer(copy->refused_gap_us,
								  REFUSED_MIN_US, REFUSED_MAX_US) :
							   REFUSED_MIN_US;
		copy->again_us = now_us + copy->refused_gap_us;
	}
	copy->any_refused = false;
}

/* Whether letters may be there that were not looked at, or are to be looked at again. */
static bool has_more(const struct forward *forward, struct forward_topic *copy, uint64_t now_us)
{
	if (copy->dry && copy->again_us && now_us >= copy->again_us) {
		copy->after = copy->later - 1;
		copy->later = copy->again_us = 0;
		copy->dry = false;
	}
	if (copy->seen != forward->letters->n_stored)
		copy->dry = false;
	return !copy->dry;
}

/* Another topic had it when a reload came, and has not told yet whether it took it. */
static bool is_elsewhere(const struct forward *forward, uint64_t id)
{
	for (size_t i = 0; i < forward->n_topics; i++) {
		if (forward->topics[i].letter.id == id &&
		    replay_is_busy(&forward->topics[i].replay))
			return true;
	}
	return false;
}

/*
 * The next letter for the topic. 1; 0: there is none now, and perhaps no more; -ENOMEM.
 */
static int next_letter(struct forward *forward, struct forward_topic *copy,
		       struct forward_busy busy, uint64_t end_us)
{
	struct store_dead_letter *letter = &copy->letter;
	int r = 0, goes = 0;

	while (!r && clock_mono_us() < end_us) {
		r = store_next_letter(forward->store, copy->after, letter);
		if (r)
			break;
		copy->after = letter->id;
		if (forward_is_busy(busy, letter->id) || is_elsewhere(forward, letter->id))
			leave_for_later(copy, letter->id);
		else
			goes = judge(forward, copy, letter);
		if (goes > 0)
			return goes;
		store_letter_free(letter);
		if (goes < 0)
			return goes;
	}
	if (r)
		end_look(forward, copy, clock_mono_us());
	if (r < 0)
		log_limited_about(forward->log, LOG_ERR,
				  &(struct log_about){.id = "letters-unread",
						      .topic = topic_of(forward, copy)},
				  "the dead letters for topic %s cannot be read: %s",
				  topic_of(forward, copy), strerror(-r));
	return 0;
}

/* PIPELINE_E_REFUSED: it was passed, and another may go. Others: it is sent, or waits. */
static int send(struct forward *forward, struct forward_topic *copy, uint64_t now_us)
{
	const char *why = "HEADERS_UNREADABLE";
	struct letter_texts texts;
	struct record record;
	int r = PIPELINE_E_REFUSED;

	if (now_us < copy->not_before_us)
		return 0;
	if (!letter_copy(&copy->letter, copy->topic, kafka_error_code(copy->letter.reason),
			 clock_real_ms(), &texts, &record))
		r = replay_send(forward->pipeline, &copy->replay, &record, &why, now_us);
	if (r == PIPELINE_E_REFUSED)
		refused(forward, copy, why);
	return r;
}

static int send_next(struct forward *forward, struct forward_topic *copy,
		     const struct forward_now *now, uint64_t end_us)
{
	int r = PIPELINE_E_REFUSED;

	while (r == PIPELINE_E_REFUSED && !replay_is_busy(&copy->replay)) {
		int next = 1;

		if (!copy->letter.id)
			next = has_more(forward, copy, now->now_us) ?
				       next_letter(forward, copy, now->busy, end_us) :
				       0;
		if (next <= 0)
			return next;
		r = send(forward, copy, now->now_us);
	}
	return r < 0 ? r : 0;
}

int forward_step(struct forward *forward, const struct forward_now *now, bool *ret_moved)
{
	uint64_t end_us = forward->n_topics ? clock_mono_us() + STEP_US : 0;
	int r = 0;

	*ret_moved = false;
	for (size_t i = 0; i < forward->n_topics; i++) {
		struct forward_topic *copy = &forward->topics[i];
		int error = take_report(forward, copy, now->now_us, ret_moved);

		r = r ? r : error;
		if (now->may_send && !r)
			r = send_next(forward, copy, now, end_us);
	}
	return r;
}

/* Of a topic that is not there, or takes none, nothing is expected. */
static bool is_expected(const struct forward *forward, const struct forward_topic *copy)
{
	bool through = copy->dry && copy->seen == forward->letters->n_stored;
	struct output_topic topic;

	if (copy->failed_gap_us || (through && !copy->letter.id))
		return false;
	return !output_topic(forward->output, copy->topic, &topic) ||
	       strcmp(topic.state, "ready") == 0 || strcmp(topic.state, "unknown") == 0;
}

bool forward_waits(struct forward *forward, uint64_t now_us)
{
	bool wait = forward->n_topics && forward->letters->n;

	for (size_t i = 0; i < forward->n_topics; i++)
		wait |= is_expected(forward, &forward->topics[i]);
	if (!forward->wait_to_us)
		forward->wait_to_us = now_us + forward->conf->shutdown_timeout_ms * US_PER_MS;
	return wait && now_us < forward->wait_to_us;
}

/* One for each topic, which sources may share. */
static void add(struct forward *forward, uint32_t topic)
{
	for (size_t i = 0; i < forward->n_topics; i++) {
		if (forward->topics[i].topic == topic)
			return;
	}
	forward->topics[forward->n_topics++] = (struct forward_topic){.topic = topic};
}

static void add_topics(struct forward *forward)
{
	const struct conf *conf = forward->conf;

	for (size_t i = 0; i < conf->n_sources; i++) {
		if (!conf->sources[i].gone && conf->sources[i].letter_topic != SOURCE_NO_TOPIC)
			add(forward, conf->sources[i].letter_topic);
	}
}

int forward_open(struct forward *forward)
{
	/* One that is under way is known by where it lies: the list never grows. */
	forward->topics = calloc(conf_max_topics(forward->conf) + 1, sizeof *forward->topics);
	if (!forward->topics)
		return -ENOMEM;
	add_topics(forward);
	return 0;
}

void forward_look_again(struct forward *forward)
{
	add_topics(forward);
	for (size_t i = 0; i < forward->n_topics; i++) {
		struct forward_topic *copy = &forward->topics[i];

		if (!replay_is_busy(&copy->replay))
			pass(copy);
		copy->after = copy->later = copy->again_us = 0;
		copy->dry = false;
	}
}

void forward_close(struct forward *forward)
{
	for (size_t i = 0; i < forward->n_topics; i++) {
		store_letter_free(&forward->topics[i].letter);
		replay_deinit(&forward->topics[i].replay);
	}
	free(forward->topics);
	forward->topics = NULL;
	forward->n_topics = 0;
}
