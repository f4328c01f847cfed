/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/result.h"
#include "pressure/kick.h"

#define LINGER 20000ull

/* A gate with partitions and a clock of our own. */
struct bench {
	struct kick_gate gate;
	struct kick_partition part[3];
	uint64_t now;
	unsigned int kicks;
};

static void setup_bench(struct bench *b)
{
	*b = (struct bench){.now = 1000000};
	kick_init(&b->gate, LINGER);
}

static void kick(struct bench *b)
{
	b->kicks++;
	kick_done(&b->gate, b->now);
	for (size_t i = 0; i < 3; i++)
		kick_done_partition(&b->gate, &b->part[i], b->now);
}

/* Whether the gate wants a kick now, as its owner would find out. */
static bool due(struct bench *b)
{
	if (!kick_look(&b->gate, b->now))
		return false;
	kick_scan_begin(&b->gate);
	for (size_t i = 0; i < 3; i++)
		kick_scan_add(&b->gate, &b->part[i]);
	return kick_scan_end(&b->gate, b->now);
}

/* Runs the clock to `until` by the gate's own deadlines, kicking when due. */
static void run(struct bench *b, uint64_t until)
{
	while (b->gate.next_us <= until) {
		if (b->gate.next_us > b->now)
			b->now = b->gate.next_us;
		if (due(b))
			kick(b);
	}
	b->now = until;
}

static void submit(struct bench *b, size_t part, unsigned int n)
{
	while (n--)
		kick_submitted(&b->gate, &b->part[part], false, b->now);
}

static void report(struct bench *b, size_t part, unsigned int n)
{
	kick_reported(&b->gate, &b->part[part], n, false, b->now);
}

Test(kick, nothing_waits_nothing_is_due)
{
	struct bench b;

	setup_bench(&b);
	cr_expect_eq(b.gate.next_us, CLOCK_NEVER);
	submit(&b, 0, 3);
	report(&b, 0, 3);
	run(&b, b.now + 10 * US_PER_S);
	cr_expect_eq(b.kicks, 0);
	cr_expect_eq(b.part[0].records, 0);
}

Test(kick, one_record_goes_after_its_linger)
{
	struct bench b;
	uint64_t start;

	setup_bench(&b);
	start = b.now;
	submit(&b, 0, 1);
	b.now = start + LINGER - 1;
	cr_expect_not(due(&b));
	b.now = start + LINGER;
	cr_expect(due(&b));
}

Test(kick, a_missed_kick_is_repeated_after_4_ms_doubling_to_a_second)
{
	struct bench b;
	uint64_t kicked, waits[] = {4000,   8000,   16000,  32000,   64000,
				    128000, 256000, 512000, 1000000, 1000000};

	setup_bench(&b);
	submit(&b, 0, 1);
	run(&b, b.now + LINGER);
	cr_expect_eq(b.kicks, 1);
	kicked = b.now;
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		b.now = kicked + waits[i] - 1;
		cr_expect_not(due(&b), "retry %zu is early", i);
		b.now = kicked + waits[i];
		cr_expect(due(&b), "retry %zu is late", i);
		kick(&b);
		kicked = b.now;
	}
}

Test(kick, a_frozen_broker_costs_one_kick_a_second)
{
	struct bench b;

	setup_bench(&b);
	submit(&b, 0, 1);
	submit(&b, 1, 1);
	run(&b, b.now + 20 * US_PER_S);
	cr_expect_gt(b.kicks, 20);
	cr_expect_lt(b.kicks, 40);
}

Test(kick, a_report_makes_the_rest_due_at_once)
{
	struct bench b;

	setup_bench(&b);
	submit(&b, 0, 10);
	run(&b, b.now + LINGER);
	submit(&b, 0, 5); /* behind the request in flight */
	run(&b, b.now + 500000);
	b.kicks = 0;
	b.now += 1000;
	report(&b, 0, 10);
	cr_expect(due(&b));
}

Test(kick, a_rest_that_fills_a_batch_is_not_kicked_at_once)
{
	struct bench b;

	setup_bench(&b);
	submit(&b, 0, 10);
	run(&b, b.now + LINGER);
	submit(&b, 0, 5);
	run(&b, b.now + 500000);
	b.now += 1000;
	kick_reported(&b.gate, &b.part[0], 10, true, b.now);
	cr_expect_not(due(&b));
}

/* At full speed records are older than the linger all the time. */
Test(kick, full_batches_go_by_themselves)
{
	struct bench b;

	setup_bench(&b);
	submit(&b, 0, 9);
	kick_submitted(&b.gate, &b.part[0], true, b.now);
	run(&b, b.now + US_PER_S - 1);
	cr_expect_eq(b.kicks, 0);
	run(&b, b.now + 1);
	cr_expect_eq(b.kicks, 1, "the library may have missed it");
	b.now += KICK_RETRY_MIN_US;
	report(&b, 0, 5);
	cr_expect(due(&b), "what is left is less than a batch");
}

Test(kick, a_queue_full_of_whole_batches_is_not_kicked)
{
	struct bench b;

	setup_bench(&b);
	kick_submitted(&b.gate, &b.part[0], true, b.now);
	kick_submitted(&b.gate, &b.part[1], true, b.now);
	kick_full(&b.gate, true, b.now);
	run(&b, b.now + US_PER_S / 2);
	cr_expect_eq(b.kicks, 0);
	kick_full(&b.gate, false, b.now);
	submit(&b, 2, 1);
	kick_full(&b.gate, true, b.now);
	run(&b, b.now + KICK_FULL_US);
	cr_expect_eq(b.kicks, 1, "part 2 has less than a batch");
}

Test(kick, records_after_a_kick_linger_for_themselves)
{
	struct bench b;
	uint64_t second;

	setup_bench(&b);
	submit(&b, 0, 1);
	run(&b, b.now + LINGER);
	b.now += 100;
	submit(&b, 1, 1);
	second = b.now;
	report(&b, 0, 1);
	run(&b, second + LINGER - 1);
	cr_expect_eq(b.kicks, 1);
	run(&b, second + LINGER);
	cr_expect_eq(b.kicks, 2);
}

Test(kick, a_kick_for_one_partition_serves_the_other)
{
	struct bench b;
	uint64_t start;

	setup_bench(&b);
	start = b.now;
	submit(&b, 0, 1);
	b.now += 15000;
	submit(&b, 1, 1);
	run(&b, start + LINGER);
	cr_expect_eq(b.kicks, 1);
	report(&b, 0, 1);
	report(&b, 1, 1);
	run(&b, start + 10 * LINGER);
	cr_expect_eq(b.kicks, 1);
}

Test(kick, more_milliseconds_than_marks_keep_the_count)
{
	struct bench b;

	setup_bench(&b);
	for (int i = 0; i < 300; i++) {
		submit(&b, 0, 2);
		b.now += 1000;
	}
	cr_expect_eq(b.part[0].records, 600);
	cr_expect_eq(b.part[0].n_marks, KICK_MARKS);
	report(&b, 0, 599);
	cr_expect_eq(b.part[0].records, 1);
	cr_expect_neq(kick_partition_due(&b.gate, &b.part[0]), CLOCK_NEVER);
	report(&b, 0, 1);
	cr_expect_eq(b.part[0].n_marks, 0);
}

Test(kick, urged_records_do_not_linger_and_later_ones_do)
{
	struct bench b;

	setup_bench(&b);
	submit(&b, 0, 1);
	kick(&b); /* the owner kicks at once; it may miss */
	kick_urge(&b.gate, &b.part[0], b.now);
	run(&b, b.now + 4000);
	cr_expect_geq(b.kicks, 2, "%u", b.kicks);
	report(&b, 0, 1);
	b.kicks = 0;
	b.now += 10000;
	submit(&b, 0, 1);
	run(&b, b.now + LINGER - 1);
	cr_expect_eq(b.kicks, 0);
}

Test(kick, a_full_queue_is_kicked_5_ms_after_the_last_report)
{
	struct bench b;

	setup_bench(&b);
	b.gate.linger_us = 10 * US_PER_S;
	submit(&b, 0, 100);
	kick_full(&b.gate, true, b.now);
	b.now += 3000;
	kick_reported(&b.gate, &b.part[0], 1, false, b.now);
	kick_full(&b.gate, true, b.now);
	run(&b, b.now + KICK_FULL_US - 1);
	cr_expect_eq(b.kicks, 0);
	run(&b, b.now + 1);
	cr_expect_eq(b.kicks, 1);
	run(&b, b.now + 10 * KICK_FULL_US - 1);
	cr_expect_eq(b.kicks, 3, "5 ms, then 10, then 20: %u", b.kicks);
	kick_full(&b.gate, false, b.now);
	run(&b, b.now + US_PER_S);
	cr_expect_eq(b.kicks, 3);
}

Test(kick, many_partitions_that_report_all_the_time_do_not_take_the_thread)
{
	struct bench b;
	uint64_t start;

	setup_bench(&b);
	start = b.now;
	for (size_t i = 0; i < 3; i++)
		submit(&b, i, 100000);
	while (b.now < start + US_PER_S) {
		for (size_t i = 0; i < 3; i++)
			report(&b, i, 1);
		if (due(&b))
			kick(&b);
		b.now += 500;
	}
	cr_expect_leq(b.kicks, 250);
}
