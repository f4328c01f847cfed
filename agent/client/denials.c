/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the leader moves while a batch waits for replicas, the old one answers that it is none any
 * more (NOT_LEADER_OR_FOLLOWER; or that it does not know the partition, or that its disk has
 * failed), though it has appended the batch, and the new one has it. The library takes that for
 * "not persisted", and is right as long as it lives: it sends the batch again under the same
 * number, which Kafka knows. But if the instance ends before, for whatever reason, its report of
 * the records is wrong.
 *
 * Of these answers it tells nobody, but logs each, in the thread that handles it and before it
 * takes the batch back:
 *
 *	TOPIC [PARTITION]: broker unavailable: produce: Broker: REASON
 *
 * ("Local: REASON" is a connection that broke, of which it reports what is true.) Which records
 * were in the batch it does not say. They were all there by then; so whatever was handed over
 * before, and is not delivered, is in doubt. Those that were behind the batch are counted with it,
 * which errs on the safe side. Should another version log it otherwise, nothing is lost but that.
 *
 * A line for each partition at most is kept, so there are as many as partitions. They are few, and
 * looked at only when records come back.
 */
#include "client/denials.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TOLD "]: broker unavailable: produce: Broker: "

struct denial {
	char *topic;
	int32_t partition;
	uint64_t last_us;
};

void denials_init(struct denials *d)
{
	*d = (struct denials){0};
	pthread_mutex_init(&d->mutex, NULL);
}

void denials_deinit(struct denials *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->at[i].topic);
	free(d->at);
	d->at = NULL;
	d->n = 0;
}

/* "TOPIC [PARTITION" before `told`, and perhaps a thread's name before that. */
static bool parse(const char *text, const char *told, const char **ret_topic, size_t *ret_len,
		  int32_t *ret_partition)
{
	const char *digits = told, *end, *topic;

	while (digits > text && isdigit((unsigned char)digits[-1]))
		digits--;
	if (digits == told || digits - text < 3 || digits[-1] != '[' || digits[-2] != ' ')
		return false;
	end = topic = digits - 2;
	while (topic > text && topic[-1] != ' ')
		topic--;
	*ret_topic = topic;
	*ret_len = (size_t)(end - topic);
	*ret_partition = (int32_t)strtol(digits, NULL, 10);
	return true;
}

static struct denial *find(const struct denials *d, const char *topic, size_t len,
			   int32_t partition)
{
	for (size_t i = 0; i < d->n; i++) {
		struct denial *at = &d->at[i];

		if (at->partition == partition && strncmp(at->topic, topic, len) == 0 &&
		    at->topic[len] == '\0')
			return at;
	}
	return NULL;
}

/* NULL: no memory. */
static struct denial *add(struct denials *d, const char *topic, size_t len, int32_t partition)
{
	struct denial *all = reallocarray(d->at, d->n + 1, sizeof *all);
	char *name = all ? strndup(topic, len) : NULL;

	if (all)
		d->at = all;
	if (!name)
		return NULL;
	all[d->n] = (struct denial){.topic = name, .partition = partition};
	return &all[d->n++];
}

void denials_note(struct denials *d, const char *facility, const char *text, uint64_t now_us)
{
	const char *told = strcmp(facility, "BROKERUA") == 0 ? strstr(text, TOLD) : NULL;
	struct denial *denial;
	const char *topic;
	int32_t partition;
	size_t len;

	if (!told || !parse(text, told, &topic, &len, &partition))
		return;
	pthread_mutex_lock(&d->mutex);
	denial = find(d, topic, len, partition);
	if (!denial)
		denial = add(d, topic, len, partition);
	if (denial)
		denial->last_us = now_us;
	else
		d->any_us = now_us;
	pthread_mutex_unlock(&d->mutex);
}

bool denials_may_hold(struct denials *d, const char *topic, int32_t partition, uint64_t since_us)
{
	const struct denial *denial;
	uint64_t last_us;

	pthread_mutex_lock(&d->mutex);
	denial = find(d, topic, strlen(topic), partition);
	last_us = denial && denial->last_us > d->any_us ? denial->last_us : d->any_us;
	pthread_mutex_unlock(&d->mutex);
	return last_us && since_us <= last_us;
}
