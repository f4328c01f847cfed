/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes is kept as far as it is shown: of twenty thousand files the agent tells those that
 * come first, so this costs the same with any number of them.
 */
#include "cmd/top/frame.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/amount.h"

/* Files that can be scrolled through. */
#define FILES_MAX 200

static void free_file(struct frame_file *file)
{
	free(file->path);
	free(file->source);
	free(file->state);
	free(file->waits_for);
}

void frame_deinit(struct frame *frame)
{
	for (size_t i = 0; i < frame->n; i++)
		free_file(&frame->at[i]);
	for (size_t i = 0; i < frame->n_sources; i++)
		free(frame->sources[i].name);
	for (size_t i = 0; i < frame->n_partitions; i++) {
		free(frame->partitions[i].topic);
		free(frame->partitions[i].trouble);
	}
	free(frame->at);
	free(frame->sources);
	free(frame->partitions);
	free(frame->told);
	trouble_deinit(&frame->trouble);
	*frame = (struct frame){0};
}

double frame_rate(const struct frame *before, const struct frame *now, int64_t was, int64_t is)
{
	if (!before->at_us || now->at_us <= before->at_us || is < was)
		return -1;
	return (double)(is - was) * (double)US_PER_S / (double)(now->at_us - before->at_us);
}

/* A frame while it is filled. */
struct filling {
	const struct frame *before;
	struct frame *frame;
	struct stuck stuck;
};

/* A copy of a text of the line; NULL: there is none, or no memory. */
static char *text_of(const struct object *line, const char *name)
{
	const char *text = object_text(line, name);

	return text ? strdup(text) : NULL;
}

/* Room for one more, zeroed; NULL: no memory. */
static void *more(void **array, size_t *n, size_t size)
{
	void *grown = reallocarray(*array, *n + 1, size);

	if (!grown)
		return NULL;
	*array = grown;
	return memset((char *)grown + (*n)++ * size, 0, size);
}

static int take_agent(struct filling *filling, const struct object *line)
{
	struct frame *frame = filling->frame;
	char text[AMOUNT_MAX];

	frame->kafka_up = object_number(line, "kafka_up", 0);
	frame->files = object_number(line, "files", 0);
	frame->beside = object_number(line, "in_flight_beside", 0);
	frame->in_flight = object_number(line, "in_flight", 0) - frame->beside;
	frame->in_flight_max = object_number(line, "in_flight_max", 0);
	frame->letters = object_number(line, "dead_letters", 0);
	if (asprintf(&frame->told, "waybill %s, process %" PRId64 ", %s for %s",
		     object_text(line, "waybill") ?: "?", object_number(line, "pid", 0),
		     object_text(line, "state") ?: "?",
		     amount_time(object_number(line, "uptime_s", 0), text)) < 0)
		return -ENOMEM;
	return trouble_take_agent(&frame->trouble, line);
}

static int take_cluster(struct filling *filling, const struct object *line)
{
	return trouble_take_cluster(&filling->frame->trouble, line);
}

static int take_expiry(struct filling *filling, const struct object *line)
{
	return trouble_take_expiry(&filling->frame->trouble, line);
}

static int take_counters(struct filling *filling, const struct object *line)
{
	struct frame *frame = filling->frame;

	frame->lines_read = object_number(line, "lines_read", 0);
	frame->lines_delivered = object_number(line, "lines_delivered", 0);
	frame->bytes_delivered = object_number(line, "bytes_delivered", 0);
	return 0;
}

static double rate_of(const struct filling *filling, const struct frame_file *file)
{
	const struct frame *before = filling->before;

	for (size_t i = 0; i < before->n; i++) {
		if (strcmp(before->at[i].path, file->path) == 0)
			return frame_rate(before, filling->frame, before->at[i].position,
					  file->position);
	}
	return -1;
}

static int take_file(struct filling *filling, const struct object *line)
{
	struct frame *frame = filling->frame;
	struct frame_file *file = more((void **)&frame->at, &frame->n, sizeof *file);

	if (!file)
		return -ENOMEM;
	file->path = text_of(line, "path");
	file->source = text_of(line, "source");
	file->state = text_of(line, "state");
	file->waits_for = text_of(line, "waits_for");
	file->position = object_number(line, "position", 0);
	file->read = object_number(line, "read", 0);
	file->size = object_number(line, "size", -1);
	file->lag = object_number(line, "lag_bytes", -1);
	file->in_flight = object_number(line, "in_flight", 0);
	if (!file->path || !file->source || !file->state)
		return -ENOMEM;
	file->rate = rate_of(filling, file);
	return 0;
}

static int take_source(struct filling *filling, const struct object *line)
{
	struct frame *frame = filling->frame;
	struct frame_source *source =
		more((void **)&frame->sources, &frame->n_sources, sizeof *source);

	if (!source)
		return -ENOMEM;
	source->name = text_of(line, "source");
	source->files = object_number(line, "files", 0);
	source->behind = object_number(line, "files_behind", 0);
	source->stuck = object_number(line, "files_stuck", 0);
	source->lag = object_number(line, "lag_bytes", 0);
	source->in_flight = object_number(line, "in_flight", 0);
	source->letters = object_number(line, "dead_letter_bytes", 0);
	return source->name ? 0 : -ENOMEM;
}

static int take_partition(struct filling *filling, const struct object *line)
{
	struct frame *frame = filling->frame;
	struct frame_partition *part =
		more((void **)&frame->partitions, &frame->n_partitions, sizeof *part);
	char topic[STUCK_TOPIC_MAX];

	if (!part)
		return -ENOMEM;
	part->topic = strdup(stuck_topic(line, topic));
	part->trouble = text_of(line, "trouble");
	part->number = object_number(line, "partition", 0);
	part->leader = object_number(line, "leader", -1);
	part->in_sync = object_number(line, "in_sync", 0);
	part->in_flight = object_number(line, "in_flight", 0);
	part->bytes = object_number(line, "in_flight_bytes", 0);
	part->quiet_ms = object_number(line, "quiet_ms", 0);
	part->held = object_number(line, "held", 0);
	part->lacks_replicas = object_number(line, "lacks_replicas", 0);
	return part->topic ? stuck_add(&filling->stuck, line) : -ENOMEM;
}

static int take_end(struct filling *filling, const struct object *line)
{
	filling->frame->shown = object_number(line, "files_shown", 0);
	filling->frame->lag = object_number(line, "lag_bytes", 0);
	return 0;
}

static int see(void *context, struct slice line, const struct object *object)
{
	static const struct {
		const char *kind;
		int (*take)(struct filling *filling, const struct object *line);
	} kinds[] = {
		{"agent", take_agent},   {"cluster", take_cluster}, {"counters", take_counters},
		{"file", take_file},     {"source", take_source},   {"partition", take_partition},
		{"expiry", take_expiry}, {"end", take_end},
	};
	const char *kind = object_text(object, "kind") ?: "";

	(void)line;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kinds[i].kind, kind) == 0)
			return kinds[i].take(context, object);
	}
	return 0;
}

/* What is longest quiet first, and of what moves that with most in flight. */
static int by_trouble(const void *a, const void *b)
{
	const struct frame_partition *one = a, *other = b;

	if (!one->trouble != !other->trouble)
		return one->trouble ? -1 : 1;
	if (one->trouble && one->quiet_ms / 1000 != other->quiet_ms / 1000)
		return one->quiet_ms > other->quiet_ms ? -1 : 1;
	return (one->in_flight < other->in_flight) - (one->in_flight > other->in_flight);
}

static int by_lag(const void *a, const void *b)
{
	const struct frame_source *one = a, *other = b;

	if (one->stuck != other->stuck)
		return (one->stuck < other->stuck) - (one->stuck > other->stuck);
	return (one->lag < other->lag) - (one->lag > other->lag);
}

int frame_ask(const struct ask_place *place, const struct look *look, const struct frame *before,
	      struct frame *ret_frame)
{
	struct filling filling = {.before = before, .frame = ret_frame};
	struct request request = {
		.kind = REQUEST_STATUS,
		.limit = FILES_MAX,
		.sort = look->sort,
		.topics = look->at.view != LOOK_ONE_PARTITION,
	};
	int r;

	snprintf(request.about, sizeof request.about, "%s", look->at.about);
	if (look->at.view == LOOK_FILES)
		snprintf(request.match, sizeof request.match, "%s", look->match);
	ret_frame->at_us = (int64_t)clock_mono_us();
	r = ask(place, &request, see, &filling);
	stuck_sort(&filling.stuck);
	if (!r)
		r = trouble_take_stuck(&ret_frame->trouble, &filling.stuck);
	stuck_deinit(&filling.stuck);
	if (ret_frame->n_sources)
		qsort(ret_frame->sources, ret_frame->n_sources, sizeof ret_frame->sources[0],
		      by_lag);
	if (ret_frame->n_partitions)
		qsort(ret_frame->partitions, ret_frame->n_partitions,
		      sizeof ret_frame->partitions[0], by_trouble);
	return r;
}
