/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a line is, or is not, in Kafka: first whether anybody wants its file, then whether it was
 * read, then what became of it. Here is told what is on its way.
 */
#include "control/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "control/explain_private.h"
#include "control/find.h"
#include "protocol/line.h"
#include "view/condition.h"
#include "view/slow.h"
#include "view/where.h"

/* A checkpoint that is due for so long is worth a word, as in the log. */
#define UNSAVED_MS 5000

/* Where the record of a slot in flight is, and what is the matter there, if something is. */
static void explain_in_flight(const struct view *view, struct slot *slot, struct explanation *e)
{
	uint64_t sent_s = view->now_ms > (int64_t)slot->read_ms ?
				  ((uint64_t)view->now_ms - slot->read_ms) / 1000 :
				  0;
	char slow[512], number[32] = "";
	uint32_t topic = 0;
	int32_t partition = -1;
	bool known = view->pipeline && pipeline_where(view->pipeline, slot, &topic, &partition);

	slow_partition(view, known ? (int64_t)topic : -1, partition, slow, sizeof slow);
	if (known && partition < 0)
		partition = where_in_flight(view, topic);
	if (partition >= 0)
		snprintf(number, sizeof number, " partition %" PRId32, partition);
	say(e, "in_flight",
	    "it was sent%s%s%s %" PRIu64 " s ago, and Kafka has not acknowledged it yet%s%s",
	    known ? " to topic " : "", known ? condition_topic(view, topic) : "", number, sent_s,
	    *slow ? "; " : "", slow);
}

static void explain_slot(const struct view *view, const struct file *file, struct slot *slot,
			 struct explanation *e)
{
	const struct store_dead_letter *letter;
	char how[300];

	switch (slot->state) {
	case SLOT_IN_FLIGHT:
		explain_in_flight(view, slot, e);
		return;
	case SLOT_REFUSED:
		say(e, "suspect",
		    "Kafka refused the batch that it was in: it is sent again alone, and what is "
		    "refused then is kept as a dead letter");
		return;
	case SLOT_FAILED:
		say(e, "returned", "it came back undelivered, and is sent again");
		return;
	case SLOT_OWED:
		say(e, "owed", "another of its topics has it, and this one does not take it now");
		return;
	case SLOT_DEAD:
		letter = explain_letter(view, file, slot_position(slot));
		say(e, "dead", "it is a dead letter%s%s", letter ? ": " : "",
		    letter ? letter->reason : "");
		return;
	case SLOT_FILTERED:
		explain_filtered(view, file, slot_position(slot), e);
		return;
	default:
		snprintf(how, sizeof how, "delivered");
		where_delivered(view, slot, how + strlen(how), sizeof how - strlen(how));
		explain_ahead(file, how, e);
		return;
	}
}

/* Which of several copies is meant: " (copy 2 of 3, topic audit)". */
static void add_branch(const struct view *view, const struct file *file, unsigned branch,
		       struct explanation *e)
{
	const struct route *route = source_route(file->source, branch);
	size_t len = strlen(e->words), n = 0, topic = 0;

	for (uint32_t i = 0; i < view->conf->n_topics; i++) {
		if (route_goes_to(route, i) && n++ == 0)
			topic = i;
	}
	snprintf(e->words + len, sizeof e->words - len, " (copy %u of %u%s%s)", branch + 1,
		 file->source->n_also + 1, n == 1 ? ", topic " : "",
		 n == 1 ? condition_topic(view, (uint32_t)topic) : "");
}

static bool is_settled_ahead(const struct file *file, uint64_t position)
{
	const struct range *range = ranges_find(&file->account.ahead, position);

	return range && range->start <= position;
}

/* Its line was read, and may be followed by others of its event. */
static void explain_open(const struct view *view, const struct file *file, struct explanation *e)
{
	const struct join_options *options = join_options(file->source->join);
	uint64_t since_us = options->wrap ? file->open_since_us : file->quiet_since_us;

	say(e, "open",
	    "it is in an event that others may go on with, and nothing came for %" PRIu64
	    " s: it is sent when the next event begins, or after flush_after, %" PRIu64 " s",
	    view->now_us > since_us ? (uint64_t)((view->now_us - since_us) / US_PER_S) : 0,
	    (uint64_t)(options->flush_after_us / US_PER_S));
}

/* That no broker answers is no matter of the file, and so not in its condition. */
static void add_silence(const struct view *view, const struct file *file, struct explanation *e)
{
	bool held = file->queue == FILE_QUEUE_HELD && file->waits_for == FILE_WAITS_TOPIC &&
		    file->waits_topic < view->conf->n_topics;
	size_t len = strlen(e->words);
	struct output_stats stats;
	uint32_t topic = file->waits_topic;
	int32_t partition = -1;
	char words[512];

	if (!where_first(view, file, 0, &topic, &partition) && !held)
		return;
	slow_stats(view, topic, &stats);
	if (stats.reachable)
		return;
	slow_partition(view, topic, partition, words, sizeof words);
	snprintf(e->words + len, sizeof e->words - len, "; %s", words);
}

/* Of one whose bytes are others than those that were read. */
#define REWRITTEN "its file shrank or was rewritten, and is read from its start again"

static void explain_position(const struct view *view, const struct file *file, uint64_t position,
			     struct explanation *e)
{
	struct condition condition;
	struct slot *slot;

	condition_of(view, file, &condition);
	if (position < condition.position) {
		explain_settled(view, file, position, e);
	} else if (condition.sized && position >= condition.size) {
		say(e, "beyond", "the file has %" PRIu64 " bytes: no such line is written yet",
		    condition.size);
	} else if (file->rewritten) {
		/* What is in memory is of the content before. */
		say(e, "unread", "it is not read yet: " REWRITTEN "; it waits for %s",
		    condition.waits_for);
	} else if ((slot = where_slot(file, position))) {
		explain_slot(view, file, slot, e);
		if (file->source->n_also)
			add_branch(view, file, slot_branch((struct slot *)slot), e);
	} else if (is_settled_ahead(file, position)) {
		explain_ahead(file, "delivered or filtered", e);
	} else if (file->tail.open) {
		explain_open(view, file, e);
	} else {
		say(e, "unread", "it is not read yet%s%s",
		    *condition.waits_for ? ": its file waits for " : "", condition.waits_for);
		add_silence(view, file, e);
	}
}

static void explain_file(const struct view *view, const struct file *file, struct explanation *e)
{
	struct condition condition;

	condition_of(view, file, &condition);
	say(e, condition.state,
	    "source %s follows it: %sall before position %" PRIu64 " is settled%s%s",
	    file->source->name, file->rewritten ? REWRITTEN "; " : "", condition.position,
	    *condition.waits_for ? "; it waits for " : "", condition.waits_for);
	add_silence(view, file, e);
}

/* Where there are several it is said which one is meant. */
static void add_cluster(struct explanation *e, const char *cluster)
{
	size_t len = strlen(e->words);

	snprintf(e->words + len, sizeof e->words - len, " (cluster %s)", cluster);
}

/* Its name is that of another one, or of other content, that nobody will find in Kafka. */
static void add_loss(const struct view *view, const struct file *file, struct explanation *e)
{
	const struct loss *loss = losses_find(&view->files->losses, file->path);
	size_t len = strlen(e->words);
	char words[160];

	if (!loss)
		return;
	losses_describe(loss, words, sizeof words);
	snprintf(e->words + len, sizeof e->words - len, "; of what had this name before %s", words);
}

/* What is settled is so in memory only while the state cannot be written. */
static void add_unsaved(const struct view *view, struct explanation *e)
{
	uint64_t age_ms = view->counters->checkpoint_age_ms;
	size_t len = strlen(e->words);

	if (age_ms >= UNSAVED_MS)
		snprintf(e->words + len, sizeof e->words - len,
			 "; state_dir: positions were not written for %" PRIu64
			 " s, and the log says why: is its disk full? Make room, since a crash now "
			 "would repeat lines",
			 age_ms / 1000);
}

/* How lines of the file end, for who counts them; NULL: it is not known. */
static const struct line_rules *rules_of(const struct view *view, const struct file *file,
					 const struct dormant *dormant)
{
	if (file)
		return file->tail.rules;
	return dormant ? &view->conf->sources[dormant->source].rules : NULL;
}

/* In hexadecimal, since it may be any bytes. */
static void put_line_end(struct json *to, const struct line_rules *rules)
{
	char text[2 * LINES_END_MAX + 1] = "0a";

	for (size_t i = 0; i < rules->end_len; i++)
		snprintf(text + 2 * i, 3, "%02x", (unsigned char)rules->end[i]);
	line_text(to, "line_end", text);
	line_number(to, "line_unit", rules->wide ? 2 : 1);
}

void explain_line(const struct view *view, const struct request *request, struct json *to)
{
	const struct file *file = request_file(view->files, request);
	const struct dormant *dormant = file ? NULL : request_dormant(view->files, request);
	struct explanation e = {0};

	if (dormant)
		explain_dormant(view, dormant, request->position, &e);
	else if (!file)
		explain_unknown(view, request, &e);
	else if (request->position >= 0)
		explain_position(view, file, (uint64_t)request->position, &e);
	else
		explain_file(view, file, &e);
	if (file && view->conf->n_clusters > 1)
		add_cluster(&e, view->conf->clusters[file->source->cluster].name);
	if (file && request->position < 0)
		add_loss(view, file, &e);
	if (file)
		add_unsaved(view, &e);
	line_begin(to, "explain");
	line_text(to, "verdict", e.verdict);
	line_text(to, "words", e.words);
	line_text(to, "path", file ? file->path : request->about);
	line_text(to, "source",
		  file    ? file->source->name :
		  dormant ? view->conf->sources[dormant->source].name :
			    NULL);
	line_natural(to, "position", request->position);
	if (file && file->tail.packing)
		line_bool(to, "packed", true);
	if (rules_of(view, file, dormant))
		put_line_end(to, rules_of(view, file, dormant));
	line_end(to);
}
