/* SPDX-License-Identifier: Apache-2.0 */
/* Which partition is asked about when several stand still. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "pressure/ledger.h"

#define N 3

struct rig {
	struct ledger ledger;
	size_t topic;
	int32_t partition;
};

/* Three partitions with a record each, in flight since 1 ms; the first has no leader. */
static struct rig *new_rig(void)
{
	static struct rig rig;
	int32_t leaders[N] = {-1, 7, 7};
	uint32_t in_sync[N] = {1, 1, 1};
	struct topic_facts facts = {
		.state = TOPIC_READY, .n_partitions = N, .leaders = leaders, .in_sync = in_sync};

	cr_assert_eq(ledger_init(&rig.ledger, 1, NULL, 100, 1 << 20, 5000, 1), 0);
	cr_assert_eq(ledger_learn(&rig.ledger, 0, &facts), 0);
	for (int32_t i = 0; i < N; i++)
		ledger_submitted(&rig.ledger, 0, i, 10, 0, 1000);
	return &rig;
}

static int32_t stalled(struct rig *rig)
{
	bool found = ledger_find_stalled(&rig->ledger, 2000, &rig->topic, &rig->partition);

	return found ? rig->partition : -1;
}

/* One whose stall has a known reason, so that nothing is done about it, must not hide another. */
Test(ledger, stalled_partitions_are_asked_about_in_turn)
{
	struct rig *rig = new_rig();
	struct ledger_partition *partitions = rig->ledger.topics[0].partitions;

	cr_expect_eq(stalled(rig), 1);
	partitions[1].probed_us = 3000;
	cr_expect_eq(stalled(rig), 2);
	partitions[2].probed_us = 4000;
	cr_expect_eq(stalled(rig), 1);
	ledger_deinit(&rig->ledger);
}

Test(ledger, one_without_leader_comes_last)
{
	struct rig *rig = new_rig();

	ledger_reported(&rig->ledger, 0, 1, 1, 10, 2500);
	ledger_reported(&rig->ledger, 0, 2, 1, 10, 2500);
	cr_expect_eq(stalled(rig), 0);
	ledger_reported(&rig->ledger, 0, 0, 1, 10, 2500);
	cr_expect_eq(stalled(rig), -1);
	ledger_deinit(&rig->ledger);
}

Test(ledger, what_moved_lately_does_not_stand_still)
{
	struct rig *rig = new_rig();

	ledger_submitted(&rig->ledger, 0, 1, 10, 0, 1000);
	ledger_reported(&rig->ledger, 0, 1, 1, 10, 2500);
	cr_expect_eq(stalled(rig), 2);
	ledger_deinit(&rig->ledger);
}

/* Until then a record that was put on hold would be put on hold again. */
Test(ledger, a_topic_moves_when_a_partition_that_was_held_reports)
{
	struct rig *rig = new_rig();
	const struct ledger_topic *topic = &rig->ledger.topics[0];
	uint64_t learned = topic->moved, late_us = 1000 + LEDGER_HOLD_US;

	for (int i = 0; i < 30; i++)
		ledger_submitted(&rig->ledger, 0, 0, 10, 0, 1000);
	cr_expect(ledger_is_held(&rig->ledger, &topic->partitions[0], late_us));
	ledger_want(&rig->ledger, 0, 0, late_us);
	ledger_reported(&rig->ledger, 0, 1, 1, 10, late_us);
	cr_expect_eq(topic->moved, learned);
	ledger_reported(&rig->ledger, 0, 0, 1, 10, late_us);
	cr_expect_eq(topic->moved, learned + 1);
	ledger_reported(&rig->ledger, 0, 0, 1, 10, late_us);
	cr_expect_eq(topic->moved, learned + 1);
	ledger_restart(&rig->ledger, 1000);
	cr_expect_eq(topic->moved, learned + 2);
	ledger_deinit(&rig->ledger);
}

/* Puts n records into the partition. */
static void put(struct ledger *l, size_t topic, int32_t partition, unsigned n, uint64_t now_us)
{
	while (n--)
		ledger_submitted(l, topic, partition, 10, 0, now_us);
}

/* As many as it takes, one at a time. */
static unsigned put_all(struct ledger *l, size_t topic, int32_t partition, uint64_t now_us)
{
	const struct ledger_partition *part = &l->topics[topic].partitions[partition];
	unsigned n = 0;

	for (; ledger_has_room(l) && !ledger_is_held(l, part, now_us); n++)
		ledger_submitted(l, topic, partition, 10, 0, now_us);
	return n;
}

#define MANY 6

/* Topics of six partitions, in a queue of 10,000 records. */
static void begin_topics(struct ledger *l, size_t n)
{
	int32_t leaders[MANY] = {1, 1, 1, 1, 1, 1};
	uint32_t in_sync[MANY] = {1, 1, 1, 1, 1, 1};
	struct topic_facts facts = {
		.state = TOPIC_READY, .n_partitions = MANY, .leaders = leaders, .in_sync = in_sync};

	cr_assert_eq(ledger_init(l, n, NULL, 10000, 100 << 20, 5000, 1), 0);
	for (size_t t = 0; t < n; t++)
		cr_assert_eq(ledger_learn(l, t, &facts), 0);
}

/* Scenario E22. Each of six held less than what made it suspicious, and nothing else went on. */
Test(ledger, a_topic_that_stands_still_leaves_room_for_others)
{
	uint64_t start_us = 1000, late_us = start_us + LEDGER_HOLD_US;
	struct ledger l;
	unsigned n = 0;

	begin_topics(&l, 2);
	for (unsigned i = 0; ledger_has_room(&l); i++)
		put(&l, 0, (int32_t)(i % MANY), 1, start_us);
	cr_expect_eq(l.records, 10000);
	ledger_look(&l, late_us - 1);
	cr_expect_not(ledger_has_room(&l));
	ledger_look(&l, late_us + US_PER_S);
	cr_expect(ledger_has_room(&l));
	cr_expect(ledger_is_held(&l, &l.topics[0].partitions[0], late_us));
	for (int32_t i = 0; i < MANY; i++)
		n += put_all(&l, 1, i, late_us);
	cr_expect_geq(n, 7000, "%u", n);
	cr_expect(ledger_has_room(&l), "all of it is taken");
	ledger_deinit(&l);
}

/*
 * Scenario E22. What a healthy topic has under way at a time is its throughput: with a sick one
 * beside it as much as it takes to have a batch under way in each of its partitions, and half of
 * the next one ready.
 */
Test(ledger, beside_what_stands_still_others_have_their_batches)
{
	uint64_t start_us = 1000, late_us = start_us + 2 * LEDGER_HOLD_US;
	const size_t value = 230, batch = 128 << 10;
	struct ledger l;

	begin_topics(&l, 2);
	ledger_restart(&l, batch);
	for (unsigned i = 0; ledger_has_room(&l); i++)
		ledger_submitted(&l, 0, (int32_t)(i % MANY), value, 0, start_us);
	ledger_look(&l, late_us);
	for (unsigned i = 0; i < MANY * batch * 3 / 2 / value; i++) {
		int32_t partition = (int32_t)(i % MANY);

		cr_assert_not(ledger_is_held(&l, &l.topics[1].partitions[partition], late_us),
			      "after %u records", i);
		ledger_submitted(&l, 1, partition, value, 0, late_us);
	}
	ledger_deinit(&l);
}

/* They need not wait, and would for as long as it lasts. Where all stand still one does as well. */
Test(ledger, records_without_a_key_avoid_what_stands_still)
{
	uint64_t start_us = 1000, late_us = start_us + 2 * LEDGER_HOLD_US;
	struct ledger l;

	begin_topics(&l, 1);
	ledger_restart(&l, 100);
	for (int32_t i = 0; i < MANY - 1; i++)
		put(&l, 0, i, 1, start_us);
	ledger_look(&l, late_us);
	for (int i = 0; i < 2 * MANY; i++)
		cr_expect_eq(ledger_pick(&l, 0, 100, late_us), MANY - 1);
	put(&l, 0, MANY - 1, 1, start_us);
	cr_expect_geq(ledger_pick(&l, 0, 100, late_us), 0);
	ledger_deinit(&l);
}

/* More would lie there for as long as it lasts, and is missing elsewhere. */
Test(ledger, what_stands_still_gets_two_batches_and_no_more)
{
	uint64_t start_us = 1000, late_us = start_us + 2 * LEDGER_HOLD_US;
	struct ledger l;

	begin_topics(&l, 1);
	ledger_restart(&l, 100);
	put(&l, 0, 0, 1, start_us);
	ledger_look(&l, late_us);
	cr_expect_eq(put_all(&l, 0, 0, late_us), 19);
	ledger_reported(&l, 0, 0, 1, 10, late_us);
	cr_expect_not(ledger_is_held(&l, &l.topics[0].partitions[0], late_us));
	ledger_deinit(&l);
}

/*
 * Scenario E22. Its own report tells of a hold that ended by it. One that ends by the reports of
 * others went unnoticed up to the next tick: 1,330 lines/s were left.
 */
Test(ledger, a_topic_moves_when_others_make_room)
{
	uint64_t start_us = 1000, late_us = start_us + 2 * LEDGER_HOLD_US, moved;
	struct ledger l;
	unsigned n;

	begin_topics(&l, 3);
	put(&l, 0, 0, 10000, start_us);
	ledger_look(&l, late_us);
	put(&l, 2, 0, 1500, late_us);
	n = put_all(&l, 1, 0, late_us);
	put_all(&l, 1, 1, late_us);
	cr_expect(ledger_is_held(&l, &l.topics[2].partitions[0], late_us));
	ledger_want(&l, 2, 0, late_us);
	moved = l.topics[2].moved;
	ledger_reported(&l, 1, 0, 1, 10, late_us);
	cr_expect_eq(l.topics[2].moved, moved, "it has no room yet");
	ledger_reported(&l, 1, 0, n - 1, 10 * (n - 1), late_us);
	cr_expect_eq(l.topics[2].moved, moved + 1);
	cr_expect_not(ledger_is_held(&l, &l.topics[2].partitions[0], late_us));
	ledger_deinit(&l);
}

/* Scenario E22. One after the other. */
Test(ledger, what_stands_still_next_takes_a_part_of_what_is_left)
{
	uint64_t now_us = 1000;
	struct ledger l;
	unsigned n = 0;

	begin_topics(&l, 4);
	for (unsigned i = 0; ledger_has_room(&l); i++)
		put(&l, 0, (int32_t)(i % MANY), 1, now_us);
	for (size_t t = 1; t < 4; t++) {
		now_us += 2 * LEDGER_HOLD_US;
		ledger_look(&l, now_us);
		n = 0;
		for (int32_t i = 0; i < MANY; i++)
			n += put_all(&l, t, i, now_us);
		cr_expect_geq(n, 40, "topic %zu: %u", t, n);
		cr_expect(ledger_has_room(&l), "topic %zu", t);
	}
	ledger_deinit(&l);
}

/* One record of a source that has a share. */
static void take(struct ledger *l, struct output_share *share, int32_t partition, size_t bytes)
{
	ledger_submitted(l, 0, partition, bytes, 0, 1000);
	output_share_take(share, bytes);
}

/* Scenario D09. k sources that take all they get leave 1/(3k + 1), and another finds some. */
Test(ledger, sources_that_take_all_leave_room_for_another)
{
	for (size_t k = 1; k < 6; k++) {
		struct output_share shares[6] = {0};
		bool took = true;
		struct ledger l;

		begin_topics(&l, 1);
		while (took) {
			took = false;
			for (size_t i = 0; i < k; i++) {
				if (ledger_is_spent(&l, &shares[i]))
					continue;
				take(&l, &shares[i], (int32_t)i % MANY, 10);
				took = true;
			}
		}
		cr_expect(ledger_has_room(&l));
		cr_expect_geq(10000 - l.records, 10000 / (3 * k + 1) - k, "%zu", k);
		cr_expect_leq(10000 - l.records, 10000 / (3 * k + 1) + 1, "%zu", k);
		cr_expect_not(ledger_is_spent(&l, &shares[5]));
		ledger_deinit(&l);
	}
}

#define SOURCES 21
#define TURN 280 /* records of one turn of a file */

/* What is under way, oldest first, as a broker takes it that has one place for all of it. */
struct queue {
	uint8_t of[10000]; /* the source; the last one has a trickle */
	size_t first, n;
	size_t taken[SOURCES];
};

static bool submit(struct ledger *l, struct output_share *shares, struct queue *queue, size_t i)
{
	if (!ledger_has_room(l) || ledger_is_spent(l, &shares[i]))
		return false;
	take(l, &shares[i], (int32_t)i % MANY, 10);
	queue->of[(queue->first + queue->n++) % ARRAY_LEN(queue->of)] = (uint8_t)i;
	return true;
}

static void report(struct ledger *l, struct output_share *shares, struct queue *queue, size_t n)
{
	for (; n-- && queue->n; queue->n--) {
		size_t i = queue->of[queue->first++ % ARRAY_LEN(queue->of)];

		ledger_reported(l, 0, (int32_t)i % MANY, 1, 10, 1000);
		output_share_give(&shares[i], 1);
		queue->taken[i]++;
	}
}

/* Each round one line of the trickle, turns of all others, and a few reports. */
static void trickle_beside(size_t k)
{
	struct output_share shares[SOURCES] = {0};
	struct queue queue = {0};
	size_t least = SIZE_MAX, most = 0;
	struct ledger l;

	begin_topics(&l, 1);
	for (size_t round = 0; round < 3000; round++) {
		cr_assert(submit(&l, shares, &queue, SOURCES - 1), "%zu, round %zu", k, round);
		for (size_t i = 0; i < k; i++)
			for (size_t n = 0; n < TURN && submit(&l, shares, &queue, (i + round) % k);
			     n++)
				;
		report(&l, shares, &queue, 50);
	}
	for (size_t i = 0; i < k; i++) {
		least = queue.taken[i] < least ? queue.taken[i] : least;
		most = queue.taken[i] > most ? queue.taken[i] : most;
	}
	/*
	 * All others have the same where each is the first in its turn, and it has all that it
	 * wrote but what is still under way.
	 */
	cr_expect_leq(most - least, most / 10, "%zu: %zu to %zu", k, least, most);
	cr_expect_geq(queue.taken[SOURCES - 1], 3000 - 10000 / 50, "%zu: %zu", k,
		      queue.taken[SOURCES - 1]);
	ledger_deinit(&l);
}

/* Scenario D09 */
Test(ledger, a_trickle_goes_on_beside_2_and_4_and_20_backlogs)
{
	trickle_beside(1);
	trickle_beside(2);
	trickle_beside(4);
	trickle_beside(20);
}

/* Large records use up the bytes first. */
Test(ledger, a_source_leaves_bytes_too)
{
	struct output_share share = {0}, other = {0};
	struct ledger l;

	begin_topics(&l, 1);
	while (!ledger_is_spent(&l, &share))
		take(&l, &share, 0, 1 << 20);
	cr_expect_eq(share.records, 75);
	cr_expect_not(ledger_is_spent(&l, &other));
	output_share_give(&share, 75);
	cr_expect_eq(share.bytes, 0);
	ledger_deinit(&l);
}

/* Scenario E22. All that a source may have could stand still, and the rest of it goes on. */
Test(ledger, sources_have_no_shares_while_partitions_stand_still)
{
	struct output_share share = {0};
	struct ledger l;

	begin_topics(&l, 1);
	while (!ledger_is_spent(&l, &share))
		take(&l, &share, 0, 10);
	ledger_look(&l, 1000 + LEDGER_HOLD_US);
	cr_expect_not(ledger_is_spent(&l, &share));
	cr_expect_not(ledger_is_held(&l, &l.topics[0].partitions[1], 1000 + LEDGER_HOLD_US));
	ledger_deinit(&l);
}

/* Scenario E01. It has less than a batch under way, and would wait for the end of the linger. */
Test(ledger, who_is_turned_away_is_kicked_as_a_full_queue_is)
{
	uint64_t late_us = 1000 + KICK_FULL_US + US_PER_S;
	struct output_share share = {0};
	struct ledger l;

	begin_topics(&l, 1);
	ledger_restart(&l, 1 << 30);
	l.gate.linger_us = 600 * US_PER_S;
	for (int i = 0; i < 7500; i++)
		take(&l, &share, 0, 10);
	cr_expect_not(ledger_kick_due(&l, late_us));
	take(&l, &share, 0, 10);
	cr_expect(ledger_is_spent(&l, &share));
	cr_expect_not(ledger_kick_due(&l, late_us));
	cr_expect(ledger_kick_due(&l, late_us + KICK_FULL_US));
	ledger_deinit(&l);
}

/* Who waits for his share goes on when there are no shares any more. */
Test(ledger, when_all_move_again_there_are_no_shares)
{
	uint64_t start_us = 1000, late_us = start_us + 2 * LEDGER_HOLD_US, moved;
	struct ledger l;

	begin_topics(&l, 2);
	put(&l, 0, 0, 10000, start_us);
	ledger_look(&l, late_us);
	cr_expect_neq(put_all(&l, 1, 0, late_us), 0);
	cr_expect(ledger_is_held(&l, &l.topics[1].partitions[0], late_us));
	moved = l.topics[1].moved;
	ledger_reported(&l, 0, 0, 10000, 100000, late_us);
	ledger_look(&l, late_us + US_PER_S / 2);
	cr_expect_gt(l.topics[1].moved, moved);
	cr_expect_not(ledger_is_held(&l, &l.topics[1].partitions[0], late_us));
	ledger_reported(&l, 1, 0, 10000, 100000, late_us);
	cr_expect_eq(l.records, 0);
	cr_expect_eq(ledger_look(&l, late_us + 2 * US_PER_S), CLOCK_NEVER);
	ledger_deinit(&l);
}
