/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is ordered by the control socket: dead letters are sent again, or removed; a file is read on
 * from another position, when all that is under way of it is reported. It goes on between other
 * work, in steps: the store is read only while nobody writes to it, and a letter is removed only by
 * the report that Kafka has it, in the next transaction. A crash in between sends it once more.
 *
 * Letters of a cluster go in their order. Those of others do not wait for one that is down: for
 * each there is one who reads through the state, and has one letter under way.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "conf/output.h"
#include "control/find.h"
#include "control/letter.h"
#include "pipeline/letter.h"

/* So long a step may take. */
#define STEP_US (2 * US_PER_MS)
/* A letter that came back undelivered is tried again. */
#define AGAIN_US US_PER_S

static void finish(struct agent *agent, enum order_state state)
{
	struct order *order = &agent->order;
	bool done = state == ORDER_DONE;
	char what[ORDER_SUBJECT_MAX];

	order->state = state;
	log_say(agent->log, done ? LOG_NOTICE : LOG_WARNING, done ? "order-done" : "order-failed",
		"%s: %s, ordered by user %u, %s: %" PRIu64 " %s%s%s", order_subject(order, what),
		request_name(&order->request), order->user, done ? "is carried out" : "failed",
		order->done,
		order->request.kind == REQUEST_DROP   ? "removed" :
		order->request.kind == REQUEST_REPLAY ? "acknowledged" :
							"set",
		*order->words ? "; " : "", order->words);
}

static void fail(struct agent *agent, const char *why)
{
	snprintf(agent->order.words, sizeof agent->order.words, "%s", why);
	finish(agent, ORDER_FAILED);
}

/* False: memory is out, and the order has failed. */
static bool remove_letter(struct agent *agent, const struct store_dead_letter *letter)
{
	struct order *order = &agent->order;

	if (letters_remove(&agent->letters, letter)) {
		fail(agent, "memory is out");
		return false;
	}
	order->done++;
	order->bytes += letter->key.len + letter->value.len;
	return true;
}

/* That of the cluster of its source. NULL, or why there is none. */
static const char *find_topic(const struct agent *agent, const struct store_dead_letter *letter,
			      uint32_t *ret_topic)
{
	const struct conf *conf = agent->conf;
	bool several;
	size_t topic = conf_find_topic(conf, letter->source, letter->topic, &several);

	*ret_topic = (uint32_t)topic;
	if (topic < conf->n_topics)
		return NULL;
	return several ? "its source is gone, and several clusters have its topic" :
			 "its topic is in no source of the configuration";
}

/* Whether it is asked for, and this one's: the first has what goes nowhere, or is to be removed. */
static bool is_of_lane(const struct agent *agent, const struct agent_lane *lane,
		       const struct store_dead_letter *letter)
{
	const struct request *request = &agent->order.request;
	size_t cluster = 0;
	uint32_t topic;

	if (letter->id > request->last || !letter_is_asked(request, letter) ||
	    letters_goes(&agent->letters, letter->id))
		return false;
	if (request->kind == REQUEST_REPLAY && !find_topic(agent, letter, &topic))
		cluster = agent->conf->topic_clusters[topic];
	return lane == &agent->ordered.lanes[cluster];
}

/* The next letter that is asked for. False: there is none now, and perhaps no more. */
static bool next_letter(struct agent *agent, struct agent_lane *lane, uint64_t end_us,
			struct store_dead_letter *ret_letter)
{
	const struct request *request = &agent->order.request;
	int r = 0;

	while (!r && clock_mono_us() < end_us) {
		r = store_next_letter(agent->store, lane->after, ret_letter);
		if (r)
			break;
		lane->after = ret_letter->id;
		if (is_of_lane(agent, lane, ret_letter)) {
			forward_let_go(&agent->forward, ret_letter->id);
			ret_letter->copied = letters_is_copied(&agent->letters, ret_letter);
			return true;
		}
		if (ret_letter->id > request->last)
			r = STORE_E_NONE;
		store_letter_free(ret_letter);
	}
	if (r < 0) {
		snprintf(agent->order.words, sizeof agent->order.words,
			 "the dead letters cannot be read: %s", strerror(-r));
		finish(agent, ORDER_FAILED);
	} else if (r) {
		lane->after = UINT64_MAX;
	}
	return false;
}

static void drop_letters(struct agent *agent)
{
	uint64_t end_us = clock_mono_us() + STEP_US;
	struct store_dead_letter letter;

	while (next_letter(agent, &agent->ordered.lanes[0], end_us, &letter)) {
		bool removed = remove_letter(agent, &letter);

		agent->counters.letters_dropped += removed;
		store_letter_free(&letter);
		if (!removed)
			return;
	}
}

/* It stays what it is: a dead letter. */
static void keep_letter(struct agent *agent, struct agent_lane *lane, const char *why)
{
	struct store_dead_letter *letter = &lane->letter;

	agent->order.refused++;
	snprintf(agent->order.words, sizeof agent->order.words,
		 "%" PRIu64 " are kept, the last one is %" PRIu64 ": %s", agent->order.refused,
		 letter->id, why);
	store_letter_free(letter);
}

static void take_report(struct agent *agent, struct agent_lane *lane, uint64_t now_us)
{
	const struct report *report = replay_take(&lane->replay);
	struct store_dead_letter *letter = &lane->letter;

	if (!report)
		return;
	agent->progress_us = now_us;
	switch (report->kind) {
	case REPORT_DELIVERED:
		if (remove_letter(agent, letter))
			agent->counters.letters_replayed++;
		store_letter_free(letter);
		return;
	case REPORT_REFUSED:
		keep_letter(agent, lane, report->reason);
		return;
	case REPORT_FAILED:
		agent->order.tries++;
		agent->counters.maybe_persisted += report->maybe_persisted;
		lane->not_before_us = now_us + AGAIN_US;
		lane->said = true;
		snprintf(agent->order.words, sizeof agent->order.words,
			 "letter %" PRIu64 " came back undelivered (%s), and is sent again",
			 letter->id, report->reason);
		return;
	}
}

/* Why nothing goes to the topic until somebody mends that; NULL: it may go soon. */
static const char *never_goes(const struct agent *agent, uint32_t topic)
{
	struct output_topic facts;

	if (!output_topic(agent->output, topic, &facts))
		return NULL;
	return strcmp(facts.state, "missing") == 0 ? "its topic does not exist" :
	       strcmp(facts.state, "denied") == 0  ? "its topic may not be written to" :
						     NULL;
}

/* False: it waits. */
static bool send_letter(struct agent *agent, struct agent_lane *lane, uint64_t now_us)
{
	struct record record;
	const char *why;
	uint32_t topic;
	int r = PIPELINE_E_REFUSED;

	if (now_us < lane->not_before_us)
		return false;
	why = find_topic(agent, &lane->letter, &topic);
	if (why) {
		keep_letter(agent, lane, why);
		return true;
	}
	why = "HEADERS_UNREADABLE";
	if (!letter_record(&lane->letter, topic, &record))
		r = replay_send(agent->pipeline, &lane->replay, &record, &why, now_us);
	if (r == PIPELINE_E_REFUSED) {
		keep_letter(agent, lane, why);
		return true;
	}
	why = r > 0 ? never_goes(agent, topic) : NULL;
	if (why) {
		keep_letter(agent, lane, why);
		return true;
	}
	if (r < 0)
		agent->error = r;
	else if (r && !agent->order.refused)
		snprintf(agent->order.words, sizeof agent->order.words,
			 "letter %" PRIu64 " waits for topic %s", lane->letter.id,
			 lane->letter.topic);
	else if (!r && !agent->order.refused && lane->said)
		agent->order.words[0] = '\0';
	lane->said = r > 0;
	return false;
}

static void replay_letters(struct agent *agent, struct agent_lane *lane, uint64_t now_us)
{
	uint64_t end_us = clock_mono_us() + STEP_US;

	while (agent->order.state == ORDER_RUNNING && !replay_is_busy(&lane->replay)) {
		if (!lane->letter.id && !next_letter(agent, lane, end_us, &lane->letter))
			return;
		if (!send_letter(agent, lane, now_us))
			return;
	}
}

/* Why its position cannot be set now; NULL: it can be. */
static const char *unfit(const struct file *file)
{
	if (!file)
		return "no such file is followed: one that is not there, or to which nothing "
		       "happened for long, is set while the agent is stopped";
	if (file->tail.packing)
		return "it is compressed: that is set while the agent is stopped";
	if (file->state != FILE_READING || file->unreadable || file->proof || file->rewritten ||
	    file->vanished)
		return "it waits for something (see waybill status): try again when it does not";
	return NULL;
}

static void begin_set(struct agent *agent, uint64_t now_us)
{
	const struct request *request = &agent->order.request;
	struct file *file = request_file(&agent->files, request);
	const char *why = unfit(file);
	int r = 0;

	if (!why && files_open(&agent->files, file))
		why = "it cannot be opened now";
	if (!why)
		r = request_line(request, file->tail.fd, file->tail.rules, &file->seek_to);
	if (r)
		why = r < 0 ? "it cannot be read now" : "no line of it begins at that position";
	if (why) {
		fail(agent, why);
		return;
	}
	snprintf(agent->order.words, sizeof agent->order.words,
		 "from position %" PRIu64 " to %" PRIu64, file->account.committed, file->seek_to);
	file->seeks = true;
	agent->ordered.content_id = file->content_id;
	agent->ordered.key = (struct inode_key){file->identity.device, file->identity.inode};
	agent_drain_file(agent, file, now_us);
}

/*
 * Done when the new position is in the state. What was stored and then became dormant is known by
 * another name than a file that was deleted meanwhile.
 */
static void step_set(struct agent *agent)
{
	const struct inode_key *key = &agent->ordered.key;
	const struct file *file = files_by_inode(&agent->files, key->device, key->inode);

	if (!file && !dormants_by_inode(&agent->files.dormants, key->device, key->inode)) {
		fail(agent, "it was deleted meanwhile: there is no position of it any more");
	} else if (file && file->content_id != agent->ordered.content_id) {
		fail(agent, "it was rewritten meanwhile: what is in it now is read from its start");
	} else if (!file || (!file->seeks && !file->dirty && !agent->checkpoint.under_way)) {
		agent->order.done = 1;
		finish(agent, ORDER_DONE);
	} else if (!file->seeks && !agent->checkpoint_failing) {
		agent_start_checkpoint(agent);
	}
}

/* The clusters are the same for as long as the agent lives. */
static bool have_lanes(struct agent *agent)
{
	struct agent_order *ordered = &agent->ordered;
	size_t n = agent->conf->n_clusters;

	if (!ordered->lanes)
		ordered->lanes = calloc(n, sizeof *ordered->lanes);
	if (!ordered->busy)
		ordered->busy = calloc(n, sizeof *ordered->busy);
	if (!ordered->lanes || !ordered->busy)
		return false;
	ordered->n_lanes = n;
	return true;
}

void agent_close_order(struct agent *agent)
{
	struct agent_order *ordered = &agent->ordered;

	for (size_t i = 0; i < ordered->n_lanes; i++) {
		store_letter_free(&ordered->lanes[i].letter);
		replay_deinit(&ordered->lanes[i].replay);
	}
	free(ordered->lanes);
	free(ordered->busy);
	*ordered = (struct agent_order){0};
}

static void begin_letters(struct agent *agent)
{
	struct agent_order *ordered = &agent->ordered;
	uint64_t first = agent->order.request.first;

	if (!have_lanes(agent)) {
		fail(agent, "memory is out");
		return;
	}
	for (size_t i = 0; i < ordered->n_lanes; i++) {
		ordered->lanes[i].after = first - (first > 0);
		ordered->lanes[i].not_before_us = 0;
		ordered->lanes[i].said = false;
	}
}

static void begin(struct agent *agent, uint64_t now_us)
{
	struct order *order = &agent->order;
	char what[ORDER_SUBJECT_MAX];

	order->state = ORDER_RUNNING;
	log_say(agent->log, LOG_NOTICE, "order-given", "%s: %s was ordered by user %u",
		order_subject(order, what), request_name(&order->request), order->user);
	if (order->request.kind == REQUEST_SET)
		begin_set(agent, now_us);
	else
		begin_letters(agent);
}

/* Whether all that were asked for have gone, or are to go. */
static bool is_through(const struct agent *agent)
{
	const struct agent_order *ordered = &agent->ordered;
	/* What is removed is looked for by the first alone. */
	size_t n = agent->order.request.kind == REQUEST_DROP ? 1 : ordered->n_lanes;

	for (size_t i = 0; i < n; i++) {
		if (ordered->lanes[i].after != UINT64_MAX || ordered->lanes[i].letter.id)
			return false;
	}
	return true;
}

void agent_step_order(struct agent *agent, uint64_t now_us)
{
	struct order *order = &agent->order;

	if (order->state == ORDER_GIVEN)
		begin(agent, now_us);
	if (order->state != ORDER_RUNNING)
		return;
	if (order->request.kind == REQUEST_SET) {
		step_set(agent);
		return;
	}
	for (size_t i = 0; i < agent->ordered.n_lanes; i++)
		take_report(agent, &agent->ordered.lanes[i], now_us);
	/* The store is the writer's meanwhile; and what is not begun before a stop is not begun. */
	if (agent->checkpoint.under_way || agent->state != AGENT_RUNNING)
		return;
	if (order->request.kind == REQUEST_DROP)
		drop_letters(agent);
	for (size_t i = 0; i < agent->ordered.n_lanes && order->request.kind == REQUEST_REPLAY; i++)
		replay_letters(agent, &agent->ordered.lanes[i], now_us);
	if (order->state != ORDER_RUNNING || !is_through(agent))
		return;
	if (!agent->letters.n_gone)
		finish(agent, ORDER_DONE);
	else if (!agent->checkpoint_failing)
		agent_start_checkpoint(agent);
}
