/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One partition and batches of a fixed size: what it does depends on nothing but what it was told,
 * so a list of commands has one outcome. A refused batch of several is followed by its records one
 * by one, which are taken, as a broker does with innocent companions.
 */
#include "tests/model/broker.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define QUEUE 500
#define BATCH 3

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

static void keep(struct broker_texts *texts, const char *text)
{
	texts->at = more(texts->at, texts->n, &texts->capacity, sizeof texts->at[0]);
	texts->at[texts->n] = strdup(text);
	if (!texts->at[texts->n++])
		abort();
}

static void forget(struct broker_texts *texts)
{
	while (texts->n)
		free(texts->at[--texts->n]);
}

static struct broker *of_output(const struct output *output)
{
	return (struct broker *)output;
}

static bool has_room(const struct output *output)
{
	return of_output(output)->n < QUEUE;
}

static int submit(struct output *output, const struct record *record, void *slot, uint64_t now_us)
{
	struct broker *broker = of_output(output);
	char *text;

	(void)now_us;
	if (broker->n >= QUEUE)
		return OUTPUT_E_FULL;
	text = strndup(record->value.at ? record->value.at : "", record->value.len);
	if (!text)
		abort();
	keep(&broker->sent, text);
	broker->flights =
		more(broker->flights, broker->n, &broker->capacity, sizeof broker->flights[0]);
	broker->flights[broker->n++] = (struct broker_flight){slot, text};
	return 0;
}

static void end_flight(struct broker *broker, size_t i, enum report_kind kind)
{
	broker->reports = more(broker->reports, broker->n_reports, &broker->reports_capacity,
			       sizeof broker->reports[0]);
	broker->reports[broker->n_reports++] = (struct report){
		.slot = broker->flights[i].slot,
		.kind = kind,
		.offset = -1,
		.reason = kind == REPORT_DELIVERED ? NULL : "as told",
	};
	if (kind == REPORT_DELIVERED)
		keep(&broker->landed, broker->flights[i].text);
	free(broker->flights[i].text);
}

void broker_serve(struct broker *broker)
{
	for (size_t i = 0; i < broker->n;) {
		size_t end = i + BATCH < broker->n ? i + BATCH : broker->n;
		enum report_kind kind = REPORT_DELIVERED;

		if (broker->fail) {
			broker->fail--;
			kind = REPORT_FAILED;
		} else if (broker->refuse && end - i > 1) {
			broker->refuse--;
			kind = REPORT_REFUSED;
		}
		for (; i < end; i++)
			end_flight(broker, i, kind);
	}
	broker->n = 0;
}

void broker_drop(struct broker *broker, bool landed)
{
	for (size_t i = 0; i < broker->n; i++) {
		if (landed)
			keep(&broker->landed, broker->flights[i].text);
		free(broker->flights[i].text);
	}
	broker->n = broker->n_reports = 0;
	broker->refuse = broker->fail = 0;
}

void broker_forget(struct broker *broker)
{
	forget(&broker->sent);
	forget(&broker->landed);
}

static size_t reports(struct output *output, struct report *ret_reports, size_t max,
		      uint64_t now_us)
{
	struct broker *broker = of_output(output);
	size_t n = broker->n_reports < max ? broker->n_reports : max;

	(void)now_us;
	if (!n)
		return 0;
	memcpy(ret_reports, broker->reports, n * sizeof ret_reports[0]);
	broker->n_reports -= n;
	memmove(broker->reports, broker->reports + n,
		broker->n_reports * sizeof broker->reports[0]);
	return n;
}

static uint64_t service(struct output *output, uint64_t now_us)
{
	(void)output, (void)now_us;
	return CLOCK_NEVER;
}

static void kick(struct output *output, uint64_t now_us)
{
	(void)output, (void)now_us;
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
	*ret_stats = (struct output_stats){
		.records_in_flight = of_output(output)->n,
		.producers_made = 1,
		.up = true,
	};
}

/* Nothing is ever held. */
static uint64_t moved(const struct output *output, uint32_t topic)
{
	(void)output, (void)topic;
	return 0;
}

static struct output *stay(struct output *output)
{
	(void)output;
	return NULL;
}

void broker_init(struct broker *broker)
{
	static const struct output_ops ops = {
		.has_room = has_room,
		.submit = submit,
		.moved = moved,
		.reports = reports,
		.service = service,
		.kick = kick,
		.next_remark = next_remark,
		.fd = no_fd,
		.stats = stats,
		.free = stay,
	};

	*broker = (struct broker){.output = {&ops}};
}
