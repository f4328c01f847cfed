/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several outputs as one: what one of them does, or does not do, is nothing to the others. The
 * parts are as simple as can be: a queue of so many records, reported when the test says so.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "output/clusters.h"

#define QUEUE 400

/* One cluster, of two topics. */
struct fake {
	struct output base;
	int fd;
	size_t room, n, ready; /* of n records in flight the first are ready to be reported */
	struct report flights[QUEUE];
	uint64_t moved[2], service_us;
	unsigned kicks, given_up, accepted, freed, asked;
	bool up, reachable, spent;
	const char *words, *remark;
};

static struct fake *of(const struct output *output)
{
	return (struct fake *)output;
}

static bool has_room(const struct output *output)
{
	return of(output)->n < of(output)->room;
}

static bool is_spent(struct output *output, const struct output_share *share)
{
	(void)share;
	return of(output)->spent;
}

static int submit(struct output *output, const struct record *record, void *slot, uint64_t now_us)
{
	struct fake *fake = of(output);

	(void)now_us;
	if (fake->n >= fake->room)
		return OUTPUT_E_FULL;
	if (record->value.len && record->value.at[0] == '!')
		return OUTPUT_E_ALONE;
	fake->flights[fake->n++] = (struct report){
		.slot = slot, .topic = record->topic, .partition = (int32_t)record->n_headers};
	return 0;
}

static uint64_t moved(const struct output *output, uint32_t topic)
{
	return of(output)->moved[topic];
}

static size_t reports(struct output *output, struct report *ret_reports, size_t max,
		      uint64_t now_us)
{
	struct fake *fake = of(output);
	size_t n = fake->ready < max ? fake->ready : max;

	(void)now_us;
	fake->asked++;
	memcpy(ret_reports, fake->flights, n * sizeof *ret_reports);
	fake->ready -= n;
	fake->n -= n;
	memmove(fake->flights, fake->flights + n, fake->n * sizeof *fake->flights);
	return n;
}

static uint64_t service(struct output *output, uint64_t now_us)
{
	(void)now_us;
	return of(output)->service_us;
}

static void kick(struct output *output, uint64_t now_us)
{
	(void)now_us;
	of(output)->kicks++;
}

static void give_up(struct output *output)
{
	of(output)->given_up++;
}

static bool accept_topic(struct output *output, size_t topic)
{
	of(output)->accepted |= 1u << topic;
	return true;
}

static int next_remark(struct output *output, struct output_remark *ret_remark)
{
	struct fake *fake = of(output);

	if (!fake->remark)
		return 1;
	*ret_remark = (struct output_remark){.id = "id"};
	snprintf(ret_remark->text, sizeof ret_remark->text, "%s", fake->remark);
	fake->remark = NULL;
	return 0;
}

static int fd_of(const struct output *output)
{
	return of(output)->fd;
}

static void stats(const struct output *output, struct output_stats *ret_stats)
{
	const struct fake *fake = of(output);

	*ret_stats = (struct output_stats){
		.records_in_flight = fake->n,
		.bytes_in_flight = 10 * fake->n,
		.producers_made = 1,
		.kicks = fake->kicks,
		.up = fake->up,
		.records_max = fake->room,
		.bytes_max = 10 * fake->room,
		.reachable = fake->reachable,
		.state = fake->up ? "running" : "making",
		.last_error = fake->words,
	};
}

static struct output *free_fake(struct output *output)
{
	of(output)->freed++;
	close(of(output)->fd);
	return NULL;
}

static bool see_topic(const struct output *output, size_t topic, struct output_topic *ret_topic)
{
	*ret_topic =
		(struct output_topic){.state = of(output)->words, .n_partitions = (int32_t)topic};
	return topic < 2;
}

static bool see_partition(const struct output *output, size_t topic, int32_t partition,
			  uint64_t now_us, struct output_partition *ret_partition)
{
	(void)now_us;
	*ret_partition = (struct output_partition){.records = topic, .bytes = of(output)->room};
	return partition == 0;
}

static bool see_broker(const struct output *output, size_t index, uint64_t now_us,
		       struct output_broker *ret_broker)
{
	(void)now_us;
	*ret_broker = (struct output_broker){.id = (int32_t)index, .address = of(output)->words};
	return index < 2;
}

static const struct output_views views = {see_topic, see_partition, see_broker};
static const struct output_ops ops = {
	.has_room = has_room,
	.is_spent = is_spent,
	.submit = submit,
	.moved = moved,
	.reports = reports,
	.service = service,
	.kick = kick,
	.give_up = give_up,
	.accept = accept_topic,
	.next_remark = next_remark,
	.fd = fd_of,
	.stats = stats,
	.free = free_fake,
	.views = &views,
};

/* Topics 0 and 3 are those of the first, 1 and 2 of the second. */
static struct fake a, b;
static struct output *both;
static const uint32_t topics_a[] = {0, 3}, topics_b[] = {2, 1};
static char slots[QUEUE];

static void fresh(struct fake *fake, const char *words)
{
	*fake = (struct fake){.base = {&ops},
			      .fd = eventfd(0, EFD_NONBLOCK),
			      .room = QUEUE,
			      .up = true,
			      .reachable = true,
			      .service_us = CLOCK_NEVER,
			      .words = words};
}

static void begin(void)
{
	const struct clusters_part parts[] = {{&a.base, "a", topics_a, 2},
					      {&b.base, "b", topics_b, 2}};

	fresh(&a, "words of a");
	fresh(&b, "words of b");
	cr_assert_eq(clusters_new(parts, 2, 4, &both), 0);
}

static void end(void)
{
	output_free(both);
	cr_expect_eq(a.freed, 1);
	cr_expect_eq(b.freed, 1);
}

TestSuite(clusters, .init = begin, .fini = end);

static int send_to(uint32_t topic, size_t slot)
{
	struct record record = {.topic = topic, .n_headers = topic, .partition = -1};

	return output_submit(both, &record, &slots[slot], 1);
}

static void fill(struct fake *fake, uint32_t topic)
{
	while (fake->n < fake->room)
		cr_assert_eq(send_to(topic, fake->n), 0);
}

Test(clusters, topics_are_those_of_their_cluster_and_back)
{
	struct report got[8];

	for (uint32_t topic = 0; topic < 4; topic++)
		cr_assert_eq(send_to(topic, topic), 0);
	cr_assert_eq(a.n, 2);
	cr_assert_eq(b.n, 2);
	cr_expect_eq(a.flights[0].topic, 0);
	cr_expect_eq(a.flights[1].topic, 1);
	cr_expect_eq(b.flights[0].topic, 1);
	cr_expect_eq(b.flights[1].topic, 0);
	a.ready = b.ready = 2;
	cr_assert_eq(output_reports(both, got, 8, 1), 4);
	for (size_t i = 0; i < 4; i++) {
		cr_expect_eq(got[i].slot, &slots[got[i].topic]);
		cr_expect_eq(got[i].partition, (int32_t)got[i].topic, "its headers went with it");
	}
}

/* Behind the others, in any order. */
Test(clusters, topics_that_come_are_those_of_their_cluster)
{
	static const uint32_t topics[] = {2, 1, 5};
	const struct clusters_part parts[] = {{&a.base, "a", topics_a, 2},
					      {&b.base, "b", topics, 2}};
	struct report got[2];

	output_free(both);
	fresh(&a, "words of a");
	fresh(&b, "words of b");
	cr_assert_eq(clusters_new(parts, 2, 4, &both), 0);
	b.moved[0] = 7;
	cr_assert_eq(clusters_take_topics(both, 0, 2, 6), 0);
	cr_assert_eq(clusters_take_topics(both, 1, 3, 6), 0);
	cr_assert_eq(send_to(5, 0), 0);
	cr_assert_eq(send_to(3, 1), 0);
	cr_expect_eq(b.flights[0].topic, 2);
	cr_expect_eq(a.flights[0].topic, 1);
	a.ready = b.ready = 1;
	cr_assert_eq(output_reports(both, got, 2, 1), 2);
	cr_expect_eq(got[0].topic + got[1].topic, 8);
	cr_expect_eq(output_moved(both, 2), 7);
}

Test(clusters, a_full_one_holds_its_own_records_and_no_others)
{
	uint64_t of_a, of_b;
	struct report got[1];

	fill(&a, 0);
	cr_expect(output_has_room(both));
	cr_expect_eq(send_to(3, 0), OUTPUT_E_HOLD);
	cr_expect_eq(send_to(1, 0), 0);
	of_a = output_moved(both, 3);
	of_b = output_moved(both, 1);
	cr_expect_eq(output_reports(both, got, 1, 1), 0);
	cr_expect_eq(output_moved(both, 3), of_a, "nothing has moved yet");
	a.ready = 1;
	cr_expect_eq(output_reports(both, got, 1, 1), 1);
	cr_expect_gt(output_moved(both, 3), of_a);
	cr_expect_gt(output_moved(both, 0), 0);
	cr_expect_eq(output_moved(both, 1), of_b);
	cr_expect_eq(send_to(3, 0), 0);
}

Test(clusters, room_that_comes_without_a_report_is_seen)
{
	uint64_t before;

	fill(&a, 0);
	cr_expect_eq(send_to(0, 0), OUTPUT_E_HOLD);
	before = output_moved(both, 0);
	a.room--;
	a.n -= 2;
	output_service(both, 1);
	cr_expect_gt(output_moved(both, 0), before);
}

Test(clusters, what_moves_in_one_is_passed_on)
{
	uint64_t before = output_moved(both, 2), other = output_moved(both, 0);

	b.moved[0]++;
	cr_expect_gt(output_moved(both, 2), before);
	cr_expect_eq(output_moved(both, 0), other);
}

Test(clusters, who_sends_to_a_full_one_is_turned_away_before_his_line_is_parsed)
{
	const struct output_share to_a = {.part = 0}, to_b = {.part = 1};

	fill(&a, 0);
	cr_expect(output_is_spent(both, &to_a));
	cr_expect_not(output_is_spent(both, &to_b));
	b.spent = true;
	cr_expect(output_is_spent(both, &to_b));
	a.n = 0;
	cr_expect_not(output_is_spent(both, &to_a));
}

Test(clusters, it_is_full_when_all_are)
{
	fill(&a, 0);
	cr_expect(output_has_room(both));
	fill(&b, 1);
	cr_expect_not(output_has_room(both));
}

Test(clusters, other_answers_are_passed_on)
{
	struct record record = {.topic = 2, .value = {"!", 1}};

	cr_expect_eq(output_submit(both, &record, &slots[0], 1), OUTPUT_E_ALONE);
}

Test(clusters, a_flood_of_reports_of_one_does_not_hold_up_those_of_the_other)
{
	struct report got[100];
	size_t n, of_b = 0, calls = 0;

	fill(&a, 0);
	a.ready = QUEUE;
	cr_assert_eq(send_to(1, 0), 0);
	b.ready = 1;
	while (!of_b && calls < 10) {
		n = output_reports(both, got, 100, 1);
		calls++;
		for (size_t i = 0; i < n; i++)
			of_b += got[i].topic == 1;
		/* It never ends. */
		a.n = a.ready = QUEUE;
	}
	cr_expect_leq(calls, 2);
}

Test(clusters, fewer_than_asked_for_are_all_there_are)
{
	struct report got[QUEUE + 10];
	size_t n, all = 0;

	fill(&a, 0);
	a.ready = 250;
	for (size_t i = 0; i < 130; i++)
		cr_assert_eq(send_to(1, i), 0);
	b.ready = 130;
	do {
		n = output_reports(both, got, 64, 1);
		all += n;
	} while (n == 64);
	cr_expect_eq(all, 380);
	cr_expect_eq(a.ready + b.ready, 0);
}

Test(clusters, one_that_never_reports_delays_nobody)
{
	struct report got[10];

	fill(&a, 0);
	for (size_t i = 0; i < 100; i++) {
		cr_assert_eq(send_to(2, i), 0);
		b.ready = 1;
		cr_assert_eq(output_reports(both, got, 10, 1), 1);
		cr_assert_eq(got[0].topic, 2);
		cr_assert_eq(got[0].slot, &slots[i]);
	}
}

Test(clusters, it_is_ready_when_any_is)
{
	struct pollfd poll_fd = {.fd = output_fd(both), .events = POLLIN};
	eventfd_t ignored;

	cr_expect_eq(poll(&poll_fd, 1, 0), 0);
	cr_assert_eq(eventfd_write(b.fd, 1), 0);
	cr_expect_eq(poll(&poll_fd, 1, 0), 1);
	cr_assert_eq(eventfd_read(b.fd, &ignored), 0);
	cr_expect_eq(poll(&poll_fd, 1, 0), 0);
}

Test(clusters, it_wants_to_be_served_when_the_first_does)
{
	cr_expect_eq(output_service(both, 1), CLOCK_NEVER);
	b.service_us = 500;
	cr_expect_eq(output_service(both, 1), 500);
	a.service_us = 400;
	cr_expect_eq(output_service(both, 1), 400);
}

Test(clusters, orders_reach_whom_they_concern)
{
	output_kick(both, 1);
	output_give_up(both);
	cr_expect(a.kicks == 1 && b.kicks == 1 && a.given_up == 1 && b.given_up == 1);
	cr_expect(output_accept(both, 1));
	cr_expect_eq(b.accepted, 2);
	cr_expect_eq(a.accepted, 0);
}

Test(clusters, numbers_are_sums_and_words_those_of_the_worst)
{
	struct output_stats all, one;
	const char *name;

	fill(&a, 0);
	cr_assert_eq(send_to(1, 0), 0);
	output_stats(both, &all);
	cr_expect_eq(all.records_in_flight, QUEUE + 1);
	cr_expect_eq(all.bytes_in_flight, 10 * (QUEUE + 1));
	cr_expect_eq(all.records_max, 2 * QUEUE);
	cr_expect_eq(all.producers_made, 2);
	cr_expect(all.up && all.reachable);
	b.up = b.reachable = false;
	output_stats(both, &all);
	cr_expect_not(all.up || all.reachable);
	cr_expect_str_eq(all.last_error, "words of b");
	cr_expect_str_eq(all.state, "making");
	b.reachable = a.reachable = true;
	a.up = b.up = false;
	output_stats(both, &all);
	cr_expect_str_eq(all.last_error, "words of a");
	cr_expect(output_part(both, 1, &name, &one));
	cr_expect_str_eq(name, "b");
	cr_expect_eq(one.records_in_flight, 1);
	cr_expect_not(output_part(both, 2, &name, &one));
	cr_expect_not(output_part(&a.base, 0, &name, &one), "a single one has no parts");
}

Test(clusters, views_are_those_of_the_clusters)
{
	struct output_topic topic;
	struct output_partition partition;
	struct output_broker broker;

	cr_expect(output_topic(both, 1, &topic));
	cr_expect_str_eq(topic.state, "words of b");
	cr_expect_eq(topic.n_partitions, 1);
	cr_expect_not(output_topic(both, 4, &topic));
	cr_expect(output_partition(both, 3, 0, 1, &partition));
	cr_expect_eq(partition.records, 1);
	cr_expect_not(output_partition(both, 4, 0, 1, &partition));
	for (size_t i = 0; i < 4; i++) {
		cr_assert(output_broker(both, i, 1, &broker));
		cr_expect_eq(broker.id, (int32_t)(i % 2));
		cr_expect_str_eq(broker.cluster, i < 2 ? "a" : "b");
	}
	cr_expect_not(output_broker(both, 4, 1, &broker));
}

Test(clusters, remarks_say_of_which_they_are)
{
	struct output_remark remark;

	cr_expect_eq(output_next_remark(both, &remark), 1);
	b.remark = "no broker answers";
	cr_assert_eq(output_next_remark(both, &remark), 0);
	cr_expect_str_eq(remark.cluster, "b");
	cr_expect_str_eq(remark.text, "no broker answers");
	cr_expect_eq(output_next_remark(both, &remark), 1);
}
