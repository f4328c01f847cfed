/* SPDX-License-Identifier: Apache-2.0 */
/* Which partition is asked about when several stand still. */
#include <criterion/criterion.h>

#include "kafka/ledger.h"

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
