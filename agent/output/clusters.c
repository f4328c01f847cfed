/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several clusters behind the interface of one output. Who submits knows topics by their number in
 * the whole; here it becomes one of the cluster's own, and back in reports.
 *
 * What keeps one that is down from holding up the others: there is room as long as any has some;
 * whoever sends to a full one is turned away before his line is parsed (is_spent), and again, as a
 * record on hold, when it is submitted all the same. Each is asked for reports in turn, and the one
 * that comes first is another each time.
 *
 * Rejected: a thread for each, since none of the calls waits; asking epoll which of them is ready,
 * for that is a system call as well, and with the tick all are asked anyway.
 */
#include "output/clusters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

struct part {
	struct clusters_part is;
	uint64_t moved; /* what is added to that of its topics */
	bool full;      /* a record was put on hold for want of room */
};

/* Of a topic of the whole. */
struct place {
	uint32_t part, topic;
};

struct clusters {
	struct output base;
	int epoll_fd;
	struct part *parts;
	size_t n;
	size_t first; /* that is asked for reports first, next time */
	struct place *places;
	size_t n_topics;
	struct record record; /* as the part knows it */
};

static struct clusters *of_output(const struct output *output)
{
	return (struct clusters *)output;
}

static struct output *output_of(const struct clusters *c, size_t topic)
{
	return c->parts[c->places[topic].part].is.output;
}

static bool has_room(const struct output *output)
{
	const struct clusters *c = of_output(output);

	for (size_t i = 0; i < c->n; i++) {
		if (output_has_room(c->parts[i].is.output))
			return true;
	}
	return false;
}

static bool is_spent(struct output *output, const struct output_share *share)
{
	struct output *part = of_output(output)->parts[share->part].is.output;

	return !output_has_room(part) || output_is_spent(part, share);
}

/* The record as its part knows it. */
static void take_over(struct clusters *c, const struct record *record)
{
	memcpy(&c->record, record,
	       offsetof(struct record, headers) + record->n_headers * sizeof record->headers[0]);
	c->record.topic = c->places[record->topic].topic;
}

static int submit(struct output *output, const struct record *record, void *slot, uint64_t now_us)
{
	struct clusters *c = of_output(output);
	const struct place *place = &c->places[record->topic];
	struct part *part = &c->parts[place->part];
	int r;

	take_over(c, record);
	r = output_submit(part->is.output, &c->record, slot, now_us);
	if (r != OUTPUT_E_FULL)
		return r;
	part->full = true;
	return OUTPUT_E_HOLD;
}

static uint64_t moved(const struct output *output, uint32_t topic)
{
	const struct clusters *c = of_output(output);
	const struct place *place = &c->places[topic];
	const struct part *part = &c->parts[place->part];

	return part->moved + output_moved(part->is.output, place->topic);
}

/* Those whose records were put on hold because it was full may try again. */
static void look_for_room(struct part *part)
{
	if (!part->full || !output_has_room(part->is.output))
		return;
	part->full = false;
	part->moved++;
}

static size_t reports_of(struct part *part, struct report *ret_reports, size_t max, uint64_t now_us)
{
	size_t n = output_reports(part->is.output, ret_reports, max, now_us);

	for (size_t i = 0; i < n; i++)
		ret_reports[i].topic = part->is.topics[ret_reports[i].topic];
	look_for_room(part);
	return n;
}

static size_t reports(struct output *output, struct report *ret_reports, size_t max,
		      uint64_t now_us)
{
	struct clusters *c = of_output(output);
	size_t n = 0;

	/* One that is not asked for want of max stays readable. */
	for (size_t i = 0; i < c->n && n < max; i++)
		n += reports_of(&c->parts[(c->first + i) % c->n], ret_reports + n, max - n, now_us);
	c->first = (c->first + 1) % c->n;
	return n;
}

static uint64_t service(struct output *output, uint64_t now_us)
{
	struct clusters *c = of_output(output);
	uint64_t next_us = CLOCK_NEVER, own_us;

	for (size_t i = 0; i < c->n; i++) {
		own_us = output_service(c->parts[i].is.output, now_us);
		next_us = own_us < next_us ? own_us : next_us;
		look_for_room(&c->parts[i]);
	}
	return next_us;
}

static void kick(struct output *output, uint64_t now_us)
{
	struct clusters *c = of_output(output);

	for (size_t i = 0; i < c->n; i++)
		output_kick(c->parts[i].is.output, now_us);
}

static void give_up(struct output *output)
{
	struct clusters *c = of_output(output);

	for (size_t i = 0; i < c->n; i++)
		output_give_up(c->parts[i].is.output);
}

static bool accept_count(struct output *output, size_t topic)
{
	const struct clusters *c = of_output(output);

	return output_accept(output_of(c, topic), c->places[topic].topic);
}

static int next_remark(struct output *output, struct output_remark *ret_remark)
{
	struct clusters *c = of_output(output);

	for (size_t i = 0; i < c->n; i++) {
		if (output_next_remark(c->parts[i].is.output, ret_remark))
			continue;
		ret_remark->cluster = c->parts[i].is.name;
		return 0;
	}
	return 1;
}

static int epoll_of(const struct output *output)
{
	return of_output(output)->epoll_fd;
}

/* The words of one for which something is wrong, rather than of one that is well. */
static bool is_worse(const struct output_stats *a, const struct output_stats *b)
{
	return a->reachable != b->reachable ? !a->reachable : !a->up && b->up;
}

static void add_stats(struct output_stats *to, const struct output_stats *one)
{
	if (is_worse(one, to)) {
		to->state = one->state;
		to->last_error = one->last_error;
	}
	if (one->renewal_waits && !(to->renewal_error && *to->renewal_error))
		to->renewal_error = one->renewal_error;
	to->renewal_waits |= one->renewal_waits;
	to->records_in_flight += one->records_in_flight;
	to->bytes_in_flight += one->bytes_in_flight;
	to->producers_made += one->producers_made;
	to->producers_failed += one->producers_failed;
	to->kicks += one->kicks;
	to->queue_full_surprises += one->queue_full_surprises;
	to->reports_without_offset += one->reports_without_offset;
	to->up &= one->up;
	to->records_max += one->records_max;
	to->bytes_max += one->bytes_max;
	to->records_beside += one->records_beside;
	to->bytes_beside += one->bytes_beside;
	to->reachable &= one->reachable;
}

static void stats(const struct output *output, struct output_stats *ret_stats)
{
	const struct clusters *c = of_output(output);
	struct output_stats one;

	output_stats(c->parts[0].is.output, ret_stats);
	for (size_t i = 1; i < c->n; i++) {
		output_stats(c->parts[i].is.output, &one);
		add_stats(ret_stats, &one);
	}
}

static bool see_topic(const struct output *output, size_t topic, struct output_topic *ret_topic)
{
	const struct clusters *c = of_output(output);

	return topic < c->n_topics &&
	       output_topic(output_of(c, topic), c->places[topic].topic, ret_topic);
}

static bool see_partition(const struct output *output, size_t topic, int32_t partition,
			  uint64_t now_us, struct output_partition *ret_partition)
{
	const struct clusters *c = of_output(output);

	return topic < c->n_topics && output_partition(output_of(c, topic), c->places[topic].topic,
						       partition, now_us, ret_partition);
}

/* Those of the first part come first, then those of the next. */
static bool see_broker(const struct output *output, size_t index, uint64_t now_us,
		       struct output_broker *ret_broker)
{
	const struct clusters *c = of_output(output);

	for (size_t i = 0; i < c->n; i++) {
		const struct output *part = c->parts[i].is.output;
		size_t n = 0;

		while (output_broker(part, n, now_us, ret_broker)) {
			if (n++ < index)
				continue;
			ret_broker->cluster = c->parts[i].is.name;
			return true;
		}
		index -= n;
	}
	return false;
}

static bool see_part(const struct output *output, size_t index, const char **ret_name,
		     struct output_stats *ret_stats)
{
	const struct clusters *c = of_output(output);

	if (index >= c->n)
		return false;
	*ret_name = c->parts[index].is.name;
	output_stats(c->parts[index].is.output, ret_stats);
	return true;
}

static void free_frame(struct clusters *c)
{
	if (c->epoll_fd >= 0)
		close(c->epoll_fd);
	free(c->parts);
	free(c->places);
	free(c);
}

static struct output *clusters_free(struct output *output)
{
	struct clusters *c = of_output(output);

	for (size_t i = 0; i < c->n; i++)
		output_free(c->parts[i].is.output);
	free_frame(c);
	return NULL;
}

static int32_t see_place(const struct output *output, const struct record *record)
{
	struct clusters *c = of_output(output);
	const struct place *place = &c->places[record->topic];

	take_over(c, record);
	return output_place(c->parts[place->part].is.output, &c->record);
}

static const struct output_views views = {see_topic, see_partition, see_broker, see_place,
					  see_part};

static const struct output_ops ops = {
	.has_room = has_room,
	.is_spent = is_spent,
	.submit = submit,
	.moved = moved,
	.reports = reports,
	.service = service,
	.kick = kick,
	.give_up = give_up,
	.accept = accept_count,
	.next_remark = next_remark,
	.fd = epoll_of,
	.stats = stats,
	.free = clusters_free,
	.views = &views,
};

static void find_topics(struct clusters *c, uint32_t index)
{
	const struct clusters_part *part = &c->parts[index].is;

	for (uint32_t i = 0; i < part->n_topics; i++)
		c->places[part->topics[i]] = (struct place){index, i};
}

int clusters_take_topics(struct output *output, size_t part, size_t n_topics, size_t n_all)
{
	struct clusters *c = of_output(output);
	struct place *grown = reallocarray(c->places, n_all + 1, sizeof *grown);

	if (!grown)
		return -ENOMEM;
	c->places = grown;
	c->n_topics = n_all;
	c->parts[part].is.n_topics = n_topics;
	find_topics(c, (uint32_t)part);
	return 0;
}

/* 0 or negative errno. */
static int add_part(struct clusters *c, const struct clusters_part *part)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = output_fd(part->output);

	c->parts[c->n].is = *part;
	find_topics(c, (uint32_t)c->n++);
	return fd >= 0 && epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int clusters_new(const struct clusters_part *parts, size_t n, size_t n_topics,
		 struct output **ret_output)
{
	struct clusters *c = calloc(1, sizeof *c);
	int r = 0;

	if (!c)
		return -ENOMEM;
	c->base.ops = &ops;
	c->n_topics = n_topics;
	c->parts = calloc(n, sizeof *c->parts);
	c->places = calloc(n_topics + 1, sizeof *c->places);
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll_fd < 0)
		r = -errno;
	if (!c->parts || !c->places)
		r = -ENOMEM;
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_part(c, &parts[i]);
	if (r) {
		free_frame(c);
		return r;
	}
	*ret_output = &c->base;
	return 0;
}
