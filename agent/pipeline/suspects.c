/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker judges a batch, so a refusal convicts nobody: all records of the batch are suspects. The
 * topic is suspended at the first of them; when its last report is in, the suspects are sent again
 * one at a time, in the order of their files, and only what is refused alone is a dead letter.
 *
 * A second producer with batch.num.messages=1 is not needed for that: with nothing else of the
 * topic in flight, one record submitted to the ordinary producer is a batch of one. That costs a
 * kick and a round trip a suspect, and saves a second set of connections, threads and recovery
 * states.
 *
 * For a letter there may be no room, for hours: the convict then waits apart, its file reads
 * nothing more, and the topic goes on for all others.
 *
 * The record is made again from the slot's bytes, which its chunk still holds, and as of the time
 * at which its line was read, which the slot remembers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/pipeline_private.h"

/* There is no more room before letters were removed, which is before a start: no haste. */
#define CONVICTS_AT_ONCE 16

static struct file *file_of(const struct slot *slot)
{
	return file_of_account(slot_chunk(slot)->account);
}

static void suspend(struct pipeline *pipeline, struct topic_flow *topic)
{
	if (!topic->suspended)
		pipeline->n_suspended++;
	topic->suspended = true;
}

int pipeline_add_suspect(struct pipeline *pipeline, struct topic_flow *topic,
			 const struct suspect *suspect)
{
	if (topic->n_suspects == topic->capacity) {
		size_t capacity = topic->capacity ? 2 * topic->capacity : 256;
		void *suspects = reallocarray(topic->suspects, capacity, sizeof topic->suspects[0]);

		if (!suspects)
			return -ENOMEM;
		topic->suspects = suspects;
		topic->capacity = capacity;
	}
	topic->suspects[topic->n_suspects++] = *suspect;
	topic->sorted = false;
	suspend(pipeline, topic);
	return 0;
}

static int in_file_order(const void *a, const void *b)
{
	const struct slot *left = ((const struct suspect *)a)->slot;
	const struct slot *right = ((const struct suspect *)b)->slot;
	const struct file *left_file = file_of(left);
	const struct file *right_file = file_of(right);

	if (left_file != right_file)
		return left_file->id < right_file->id ? -1 : 1;
	return slot_position(left) < slot_position(right) ?
		       -1 :
		       slot_position(left) > slot_position(right);
}

/* Moves what is left to the front and puts it in order. */
static void sort(struct topic_flow *topic)
{
	topic->n_suspects -= topic->next;
	memmove(topic->suspects, topic->suspects + topic->next,
		topic->n_suspects * sizeof topic->suspects[0]);
	topic->next = 0;
	qsort(topic->suspects, topic->n_suspects, sizeof topic->suspects[0], in_file_order);
	topic->sorted = true;
}

/* The record of a slot, made again: pipeline->record. 0 or -ENOMEM. */
static int remake(struct pipeline *pipeline, const struct slot *slot)
{
	const struct file *file = file_of(slot);
	struct event event = tail_event_of(slot, &file->source->rules);

	return pipeline_record(pipeline, file, &event, (int64_t)slot->read_ms);
}

/* There is no room for the letter of the record that was made last. 0 or -ENOMEM. */
static int convict(struct pipeline *pipeline, struct slot *slot, const char *reason)
{
	if (pipeline->n_convicts == pipeline->convicts_capacity) {
		size_t capacity =
			pipeline->convicts_capacity ? 2 * pipeline->convicts_capacity : 16;
		void *convicts =
			reallocarray(pipeline->convicts, capacity, sizeof pipeline->convicts[0]);

		if (!convicts)
			return -ENOMEM;
		pipeline->convicts = convicts;
		pipeline->convicts_capacity = capacity;
	}
	pipeline->convicts[pipeline->n_convicts++] = (struct convict){
		slot, reason, pipeline->record.key.len + pipeline->record.value.len};
	file_of(slot)->convicts++;
	return 0;
}

int pipeline_refused_alone(struct pipeline *pipeline, struct slot *slot, const char *reason)
{
	int r = remake(pipeline, slot);

	if (!r)
		r = pipeline_dead_letter(pipeline, slot, reason);
	if (r < 0)
		return r;
	account_report(slot_chunk(slot)->account, slot, r ? SLOT_SUSPECT : SLOT_DEAD);
	return r ? convict(pipeline, slot, reason) : 0;
}

/* A suspect that needs no report any more. 0, PIPELINE_E_LETTERS (no room), -ENOMEM. */
static int bury(struct pipeline *pipeline, struct slot *slot, const char *reason)
{
	struct account *account = slot_chunk(slot)->account;
	int r = pipeline_dead_letter(pipeline, slot, reason);

	if (r)
		return r;
	account_resubmit(account, slot);
	account_dead(account, slot);
	pipeline_touch(pipeline, file_of_account(account));
	return 0;
}

/* Sends the next suspect alone. 0: it is on its way or was settled. OUTPUT_E_x: later. */
static int send_alone(struct pipeline *pipeline, struct topic_flow *topic, uint64_t now_us)
{
	const struct suspect *suspect = &topic->suspects[topic->next];
	struct slot *slot = suspect->slot;
	int r = remake(pipeline, slot);

	if (r)
		return r;
	r = pipeline_submit(pipeline, slot, now_us);
	if (r == OUTPUT_E_REFUSED) {
		r = bury(pipeline, slot, suspect->reason);
		if (r == PIPELINE_E_LETTERS)
			r = convict(pipeline, slot, suspect->reason);
		topic->next += !r;
		return r;
	}
	if (r)
		return r;
	topic->next++;
	topic->alone = slot;
	account_resubmit(slot_chunk(slot)->account, slot);
	output_kick(pipeline->options.output, now_us);
	return 0;
}

/* All of a topic's suspects are settled: it is an ordinary topic again. */
static void resume(struct pipeline *pipeline, struct topic_flow *topic)
{
	topic->suspended = false;
	topic->resumed = true;
	topic->n_suspects = topic->next = 0;
	pipeline->n_suspended--;
}

/* Its file is about to read it again, behind what came back: sent now, it would overtake that. */
static bool waits_for_rewind(const struct slot *slot)
{
	return file_of(slot)->state == FILE_DRAINING;
}

/* As much as can be done for one topic now. True when it is no longer suspended. */
static int serve(struct pipeline *pipeline, struct topic_flow *topic, uint64_t now_us)
{
	while (!topic->in_flight) {
		int r;

		if (!topic->sorted)
			sort(topic);
		if (topic->next == topic->n_suspects) {
			resume(pipeline, topic);
			return 1;
		}
		/* Others need not wait for it: it may wait for a report of another topic. */
		if (waits_for_rewind(topic->suspects[topic->next].slot)) {
			topic->next++;
			continue;
		}
		r = send_alone(pipeline, topic, now_us);
		if (r)
			return r < 0 ? r : 0;
	}
	return 0;
}

/* 1: it is buried. 0: there is no room yet, or its file is about to read it again. -ENOMEM. */
static int try_convict(struct pipeline *pipeline, const struct convict *convict)
{
	int r;

	if (waits_for_rewind(convict->slot) ||
	    !letters_has_room(pipeline->options.letters, file_of(convict->slot)->source->name,
			      convict->bytes))
		return 0;
	r = remake(pipeline, convict->slot);
	if (!r)
		r = bury(pipeline, convict->slot, convict->reason);
	return r < 0 ? r : !r;
}

/* Some of those that wait for room, each time others. As pipeline_suspects. */
static int serve_convicts(struct pipeline *pipeline)
{
	int moved = 0;

	for (int i = 0; i < CONVICTS_AT_ONCE && pipeline->n_convicts; i++) {
		size_t at = pipeline->next_convict++ % pipeline->n_convicts;
		struct file *file = file_of(pipeline->convicts[at].slot);
		int r = try_convict(pipeline, &pipeline->convicts[at]);

		if (r < 0)
			return r;
		if (!r)
			continue;
		moved = 1;
		file->convicts--;
		pipeline->convicts[at] = pipeline->convicts[--pipeline->n_convicts];
	}
	return moved;
}

int pipeline_suspects(struct pipeline *pipeline, uint64_t now_us)
{
	int moved = serve_convicts(pipeline);

	if (moved < 0)
		return moved;

	for (size_t i = 0; pipeline->n_suspended && i < pipeline->options.n_topics; i++) {
		struct topic_flow *topic = &pipeline->topics[i];
		int r;

		if (!topic->suspended)
			continue;
		r = serve(pipeline, topic, now_us);
		if (r < 0)
			return r;
		moved |= r;
	}
	return moved;
}

static void forget_convicts(struct pipeline *pipeline, struct file *file)
{
	size_t kept = 0;

	for (size_t i = 0; file->convicts && i < pipeline->n_convicts; i++) {
		if (file_of(pipeline->convicts[i].slot) != file)
			pipeline->convicts[kept++] = pipeline->convicts[i];
	}
	if (file->convicts)
		pipeline->n_convicts = kept;
	file->convicts = 0;
}

void pipeline_forget_suspects(struct pipeline *pipeline, struct file *file)
{
	forget_convicts(pipeline, file);
	for (size_t i = 0; file->account.suspects && i < pipeline->options.n_topics; i++) {
		struct topic_flow *topic = &pipeline->topics[i];
		size_t kept = topic->next;

		for (size_t s = topic->next; s < topic->n_suspects; s++)
			if (slot_chunk(topic->suspects[s].slot)->account != &file->account)
				topic->suspects[kept++] = topic->suspects[s];
		topic->n_suspects = kept;
	}
}
