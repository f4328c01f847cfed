/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A topic may have a thousand partitions, and one broker that fails may hold up all of them: a line
 * for each trouble of a topic says that better. What is quiet for longest comes first, since the
 * others often wait for the same.
 */
#include "cmd/stuck.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/amount.h"

const char *stuck_topic(const struct object *line, char room[STUCK_TOPIC_MAX])
{
	const char *cluster = object_text(line, "cluster");

	snprintf(room, STUCK_TOPIC_MAX, "%s%s%s", cluster ? cluster : "", cluster ? "/" : "",
		 object_text(line, "topic") ?: "?");
	return room;
}

void stuck_deinit(struct stuck *stuck)
{
	for (size_t i = 0; i < stuck->n; i++) {
		free(stuck->at[i].topic);
		free(stuck->at[i].trouble);
	}
	*stuck = (struct stuck){0};
}

/* The group of that name and trouble, a new one at need; NULL: there is no more, or no memory. */
static struct stuck_group *group_of(struct stuck *stuck, const char *topic, const char *trouble)
{
	struct stuck_group *group = stuck->at;

	for (; group < &stuck->at[stuck->n]; group++) {
		if (strcmp(group->topic, topic) == 0 && strcmp(group->trouble, trouble) == 0)
			return group;
	}
	if (stuck->n == STUCK_GROUPS)
		return NULL;
	*group = (struct stuck_group){strdup(topic), strdup(trouble), {0}, 0, 0, 0, -1};
	stuck->n++;
	return group->topic && group->trouble ? group : NULL;
}

static void add_number(struct stuck_group *group, int64_t number, int64_t quiet_ms)
{
	size_t at = group->all < STUCK_NUMBERS ? (size_t)group->all : STUCK_NUMBERS - 1;
	bool longest = quiet_ms > group->quiet_ms;

	if (longest) {
		memmove(&group->numbers[1], &group->numbers[0], at * sizeof group->numbers[0]);
		group->numbers[0] = number;
		group->quiet_ms = quiet_ms;
	} else if (group->all < STUCK_NUMBERS) {
		group->numbers[at] = number;
	}
}

int stuck_add(struct stuck *stuck, const struct object *line)
{
	const char *trouble = object_text(line, "trouble");
	int64_t records = object_number(line, "in_flight", 0);
	int64_t bytes = object_number(line, "in_flight_bytes", 0);
	bool full = stuck->n == STUCK_GROUPS;
	struct stuck_group *group;
	char topic[STUCK_TOPIC_MAX];

	if (!trouble)
		return 0;
	stuck->all++;
	stuck->records += records;
	stuck->bytes += bytes;
	group = group_of(stuck, stuck_topic(line, topic), trouble);
	if (!group)
		return full ? 0 : -ENOMEM;
	add_number(group, object_number(line, "partition", 0), object_number(line, "quiet_ms", 0));
	group->all++;
	group->records += records;
	group->bytes += bytes;
	return 0;
}

static int by_quiet(const void *a, const void *b)
{
	const struct stuck_group *one = a, *other = b;

	return (one->quiet_ms < other->quiet_ms) - (one->quiet_ms > other->quiet_ms);
}

void stuck_sort(struct stuck *stuck)
{
	qsort(stuck->at, stuck->n, sizeof stuck->at[0], by_quiet);
}

/* "partitions 2, 4 and 7 others". */
static void say_numbers(const struct stuck_group *group, char *text, size_t len)
{
	size_t told = group->all < STUCK_NUMBERS ? (size_t)group->all : STUCK_NUMBERS;
	size_t at = (size_t)snprintf(text, len, "partition%s", group->all == 1 ? "" : "s");

	for (size_t i = 0; i < told; i++)
		at += (size_t)snprintf(text + at, len - at, "%s %" PRId64, i ? "," : "",
				       group->numbers[i]);
	if (group->all > STUCK_NUMBERS)
		snprintf(text + at, len - at, " and %" PRId64 " more", group->all - STUCK_NUMBERS);
}

const char *stuck_say(const struct stuck_group *group, char text[STUCK_WORDS_MAX])
{
	char size[AMOUNT_MAX], time[AMOUNT_MAX], numbers[64 + STUCK_NUMBERS * 24];

	say_numbers(group, numbers, sizeof numbers);
	if (group->quiet_ms >= 1000)
		snprintf(text, STUCK_WORDS_MAX,
			 "topic %s %s: %" PRId64 " record%s, %s, and no acknowledgement for %s: %s",
			 group->topic, numbers, group->records, group->records == 1 ? "" : "s",
			 amount_size(group->bytes, size), amount_time(group->quiet_ms / 1000, time),
			 group->trouble);
	else
		snprintf(text, STUCK_WORDS_MAX, "topic %s %s: %" PRId64 " record%s in flight; %s",
			 group->topic, numbers, group->records, group->records == 1 ? "" : "s",
			 group->trouble);
	return text;
}
