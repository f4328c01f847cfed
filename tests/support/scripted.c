/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records wait in one queue a partition, oldest first, and leave it in batches from its front: that
 * is what an idempotent producer promises. A batch has one fate; a record that is poison makes it
 * "refused" for all its companions, as a broker does. The memory of a payload is compared at the
 * end of its flight with what it was at the start, because the real producer reads it at any time
 * in between.
 */
#include "tests/support/scripted.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "files/file.h"

#define BATCH_MAX 6

static void *more(void *items, size_t n, size_t *capacity, size_t size)
{
	if (n < *capacity)
		return items;
	*capacity = *capacity ? 2 * *capacity : 64;
	items = reallocarray(items, *capacity, size);
	if (!items)
		abort();
	return items;
}

static char *copy_of(struct slice slice)
{
	char *copy = malloc(slice.len + 1);

	if (!copy)
		abort();
	if (slice.len)
		memcpy(copy, slice.at, slice.len);
	copy[slice.len] = '\0';
	return copy;
}

static struct scripted *of_output(const struct output *output)
{
	return (struct scripted *)output;
}

static bool holds(struct slice value, const char *word)
{
	return value.len && memmem(value.at, value.len, word, strlen(word));
}

static struct scripted_note *add_note(struct scripted *scripted)
{
	scripted->notes = more(scripted->notes, scripted->n_notes, &scripted->notes_capacity,
			       sizeof scripted->notes[0]);
	return &scripted->notes[scripted->n_notes++];
}

static unsigned branch_of(struct slot *slot)
{
	return slot_chunk(slot)->account->n_branches ? slot_branch(slot) : 0;
}

static void note_submission(struct scripted *scripted, enum scripted_what what,
			    const struct record *record, struct slot *slot, uint64_t now_us)
{
	const struct file *file = file_of_account(slot_chunk(slot)->account);

	*add_note(scripted) = (struct scripted_note){
		.what = what,
		.now_us = now_us,
		.device = file->identity.device,
		.inode = file->identity.inode,
		.position = slot_position(slot),
		.extent = slot_extent(slot),
		.branch = branch_of(slot),
		.topic = record->topic,
		.value = copy_of(record->value),
		.value_len = record->value.len,
		.key = record->key.at ? copy_of(record->key) : NULL,
		.key_len = record->key.len,
		.marked = record->n_headers == 1,
	};
}

static bool has_room(const struct output *output)
{
	struct scripted *scripted = of_output(output);

	return scripted->in_flight < scripted->queue &&
	       !random_percent(&scripted->random, scripted->weather.full);
}

static bool is_spent(struct output *output, const struct output_share *share)
{
	const struct scripted *scripted = of_output(output);

	return output_share_is_spent(share, 0, scripted->queue - scripted->in_flight, UINT32_MAX);
}

static struct scripted_partition *partition_of(struct scripted *scripted,
					       const struct record *record, int32_t *ret_index)
{
	*ret_index = record->key.at ? (int32_t)(hash_bytes(record->key.at, record->key.len) %
						SCRIPTED_PARTITIONS) :
				      (int32_t)random_below(&scripted->random, SCRIPTED_PARTITIONS);
	return &scripted->partitions[record->topic][*ret_index];
}

static int submit(struct output *output, const struct record *record, void *slot, uint64_t now_us)
{
	struct scripted *scripted = of_output(output);
	const struct file *file = file_of_account(slot_chunk(slot)->account);
	struct scripted_partition *partition;
	int32_t index;

	if (scripted->in_flight >= scripted->queue ||
	    random_percent(&scripted->random, scripted->weather.full))
		return OUTPUT_E_FULL;
	partition = partition_of(scripted, record, &index);
	if (partition->held) {
		scripted->holds++;
		return OUTPUT_E_HOLD;
	}
	if (holds(record->value, SCRIPTED_HUGE)) {
		note_submission(scripted, SCRIPTED_REFUSED, record, slot, now_us);
		return OUTPUT_E_REFUSED;
	}
	if (holds(record->value, SCRIPTED_SUSPECT) && !record->alone)
		return OUTPUT_E_ALONE;
	note_submission(scripted, SCRIPTED_SUBMITTED, record, slot, now_us);
	partition->flights = more(partition->flights, partition->n, &partition->capacity,
				  sizeof partition->flights[0]);
	partition->flights[partition->n++] = (struct scripted_flight){
		.report = {.slot = slot, .topic = record->topic, .partition = index},
		.value = record->value_stays ? record->value : SLICE_NONE,
		.copy = copy_of(record->value),
		.device = file->identity.device,
		.inode = file->identity.inode,
		.position = slot_position(slot),
		.branch = branch_of(slot),
		.poison = holds(record->value, SCRIPTED_POISON),
		.alone = record->alone,
	};
	scripted->in_flight++;
	return 0;
}

/* The first n of the partition end so. */
static void end_batch(struct scripted *scripted, struct scripted_partition *partition, size_t n,
		      const struct report *fate)
{
	for (size_t i = 0; i < n; i++) {
		struct scripted_flight flight = partition->flights[i];

		flight.report.kind = fate->kind;
		flight.report.maybe_persisted = fate->maybe_persisted;
		flight.report.producer_gone = fate->producer_gone;
		flight.report.reason = fate->reason;
		flight.report.offset = -1;
		if (fate->kind == REPORT_DELIVERED)
			flight.report.offset = partition->next_offset++;
		scripted->ready = more(scripted->ready, scripted->n_ready,
				       &scripted->ready_capacity, sizeof scripted->ready[0]);
		scripted->ready[scripted->n_ready++] = flight;
	}
	partition->n -= n;
	if (n)
		memmove(partition->flights, partition->flights + n,
			partition->n * sizeof partition->flights[0]);
}

static bool any_poison(const struct scripted_partition *partition, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (partition->flights[i].poison)
			return true;
	return false;
}

/* So many of the first n make a batch: one that goes alone has none beside it. */
static size_t batch_of(const struct scripted_partition *partition, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (partition->flights[i].alone)
			return i ? i : 1;
	return n;
}

/* A batch from the front of the partition comes to its end. */
static void serve(struct scripted *scripted, struct scripted_partition *partition)
{
	struct random *random = &scripted->random;
	struct report fate = {.kind = REPORT_DELIVERED};
	size_t n = random_between(random, 1, BATCH_MAX);

	if (n > partition->n)
		n = partition->n;
	n = batch_of(partition, n);
	if (random_percent(random, scripted->weather.fail))
		fate = (struct report){.kind = REPORT_FAILED,
				       .maybe_persisted = random_percent(random, 30),
				       .reason = "scripted failure"};
	else if (any_poison(partition, n) ||
		 (n > 1 && random_percent(random, scripted->weather.refuse)))
		fate = (struct report){.kind = REPORT_REFUSED, .reason = "scripted refusal"};
	end_batch(scripted, partition, n, &fate);
}

/* All that is in flight fails, as when a producer is disposed of. */
static void end_producer(struct scripted *scripted)
{
	struct report fate = {
		.kind = REPORT_FAILED,
		.maybe_persisted = random_percent(&scripted->random, 30),
		.producer_gone = true,
		.reason = "scripted end",
	};

	for (size_t i = 0; i < SCRIPTED_TOPICS * SCRIPTED_PARTITIONS; i++) {
		struct scripted_partition *partition = &scripted->partitions[0][0] + i;

		end_batch(scripted, partition, partition->n, &fate);
	}
}

/* One partition that has records, or NULL. */
static struct scripted_partition *any_partition(struct scripted *scripted)
{
	const uint32_t n = SCRIPTED_TOPICS * SCRIPTED_PARTITIONS;
	uint32_t start = (uint32_t)random_below(&scripted->random, n);

	for (uint32_t i = 0; i < n; i++) {
		struct scripted_partition *partition =
			&scripted->partitions[0][0] + (start + i) % n;

		if (partition->n)
			return partition;
	}
	return NULL;
}

void scripted_step(struct scripted *scripted, uint32_t batches)
{
	struct scripted_partition *partition;

	if (random_percent(&scripted->random, scripted->weather.gone))
		end_producer(scripted);
	while (batches-- && (partition = any_partition(scripted)))
		serve(scripted, partition);
}

void scripted_end_topic(struct scripted *scripted, uint32_t topic, enum report_kind kind)
{
	struct report fate = {.kind = kind, .reason = "scripted"};

	for (size_t i = 0; i < SCRIPTED_PARTITIONS; i++)
		end_batch(scripted, &scripted->partitions[topic][i],
			  scripted->partitions[topic][i].n, &fate);
}

void scripted_end_first(struct scripted *scripted, uint32_t topic, enum report_kind kind)
{
	struct report fate = {.kind = kind, .reason = "scripted"};

	for (size_t i = 0; i < SCRIPTED_PARTITIONS; i++)
		end_batch(scripted, &scripted->partitions[topic][i],
			  scripted->partitions[topic][i].n > 0, &fate);
}

void scripted_drain(struct scripted *scripted)
{
	struct scripted_partition *partition;

	while ((partition = any_partition(scripted)))
		serve(scripted, partition);
}

static void set_held(struct scripted *scripted, uint32_t topic, int partition, bool held)
{
	bool *now = &scripted->partitions[topic][partition].held;

	scripted->moved[topic] += *now && !held;
	*now = held;
}

void scripted_hold_topic(struct scripted *scripted, uint32_t topic, bool held)
{
	for (int i = 0; i < SCRIPTED_PARTITIONS; i++)
		set_held(scripted, topic, i, held);
}

void scripted_change(struct scripted *scripted, const struct scripted_weather *weather)
{
	scripted->weather = *weather;
	for (uint32_t topic = 0; topic < SCRIPTED_TOPICS; topic++)
		for (int i = 0; i < SCRIPTED_PARTITIONS; i++)
			set_held(scripted, topic, i,
				 random_percent(&scripted->random, weather->hold));
}

static uint64_t moved(const struct output *output, uint32_t topic)
{
	return of_output(output)->moved[topic];
}

static size_t reports(struct output *output, struct report *ret_reports, size_t max,
		      uint64_t now_us)
{
	struct scripted *scripted = of_output(output);
	size_t n = scripted->n_ready < max ? scripted->n_ready : max;

	for (size_t i = 0; i < n; i++) {
		struct scripted_flight *flight = &scripted->ready[i];

		*add_note(scripted) = (struct scripted_note){
			.what = SCRIPTED_REPORTED,
			.now_us = now_us,
			.device = flight->device,
			.inode = flight->inode,
			.position = flight->position,
			.branch = flight->branch,
			.topic = flight->report.topic,
			.changed = flight->value.at &&
				   memcmp(flight->value.at, flight->copy, flight->value.len) != 0,
			.report = flight->report,
		};
		ret_reports[i] = flight->report;
		free(flight->copy);
	}
	scripted->n_ready -= n;
	if (n)
		memmove(scripted->ready, scripted->ready + n,
			scripted->n_ready * sizeof scripted->ready[0]);
	scripted->in_flight -= (uint32_t)n;
	return n;
}

static uint64_t service(struct output *output, uint64_t now_us)
{
	(void)output, (void)now_us;
	return UINT64_MAX;
}

static void kick(struct output *output, uint64_t now_us)
{
	(void)now_us;
	of_output(output)->kicks++;
}

static int next_remark(struct output *output, struct output_remark *ret_remark)
{
	(void)output, (void)ret_remark;
	return 1;
}

static int no_fd(const struct output *output)
{
	(void)output;
	return -1;
}

static void stats(const struct output *output, struct output_stats *ret_stats)
{
	const struct scripted *scripted = of_output(output);

	*ret_stats = (struct output_stats){
		.records_in_flight = scripted->in_flight,
		.producers_made = 1,
		.kicks = scripted->kicks,
		.up = true,
	};
}

static struct output *keep(struct output *output)
{
	scripted_crash(of_output(output));
	return NULL;
}

void scripted_init(struct scripted *scripted, uint64_t seed, uint32_t queue)
{
	static const struct output_ops ops = {
		.has_room = has_room,
		.is_spent = is_spent,
		.submit = submit,
		.moved = moved,
		.reports = reports,
		.service = service,
		.kick = kick,
		.next_remark = next_remark,
		.fd = no_fd,
		.stats = stats,
		.free = keep,
	};

	*scripted = (struct scripted){.output = {&ops}, .random = {seed}, .queue = queue};
}

void scripted_crash(struct scripted *scripted)
{
	for (size_t i = 0; i < SCRIPTED_TOPICS * SCRIPTED_PARTITIONS; i++) {
		struct scripted_partition *partition = &scripted->partitions[0][0] + i;

		while (partition->n)
			free(partition->flights[--partition->n].copy);
	}
	while (scripted->n_ready)
		free(scripted->ready[--scripted->n_ready].copy);
	scripted->in_flight = 0;
}

void scripted_forget(struct scripted *scripted)
{
	while (scripted->n_notes) {
		struct scripted_note *note = &scripted->notes[--scripted->n_notes];

		free(note->value);
		free(note->key);
	}
}

void scripted_deinit(struct scripted *scripted)
{
	scripted_crash(scripted);
	scripted_forget(scripted);
	for (size_t i = 0; i < SCRIPTED_TOPICS * SCRIPTED_PARTITIONS; i++)
		free((&scripted->partitions[0][0] + i)->flights);
	free(scripted->ready);
	free(scripted->notes);
}
