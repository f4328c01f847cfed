/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootstrap_servers are only asked where the brokers are. What they answer may be of no use here: a
 * name that nobody resolves, a port of an inner network. The library then goes on asking and says
 * so on each connection, in words that begin with the address and the id. They are kept by broker,
 * so that when records wait for a leader its own words can be told, and not those of the last
 * connection that had any trouble.
 */
#include "client/brokers.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* The library repeats its words on a connection at least so often while it tries. */
#define ERROR_FRESH_US (60 * US_PER_S)
/* Of a connection that was made, and is given up because a request has waited too long. */
#define NO_ANSWER "request(s) timed out"

void brokers_deinit(struct brokers *brokers)
{
	free(brokers->at);
	*brokers = (struct brokers){0};
}

struct broker *brokers_find(const struct brokers *brokers, int32_t id)
{
	for (size_t i = 0; i < brokers->n; i++) {
		if (brokers->at[i].id == id)
			return &brokers->at[i];
	}
	return NULL;
}

int brokers_add(struct brokers *brokers, int32_t id, const char *host, int port)
{
	struct broker *all;

	if (brokers->n == BROKERS_MAX || brokers_find(brokers, id))
		return 0;
	all = reallocarray(brokers->at, brokers->n + 1, sizeof *all);
	if (!all)
		return -ENOMEM;
	brokers->at = all;
	all += brokers->n++;
	*all = (struct broker){.id = id};
	snprintf(all->address, sizeof all->address, "%.255s:%d", host, port);
	return 0;
}

/* The id in "HOST:PORT/ID: WORDS", and where the words begin; -1: it is not of that form. */
static int32_t id_in(const char *text, const char **ret_words)
{
	const char *slash = text;

	while ((slash = strchr(slash, '/'))) {
		char *end;
		long id = isdigit((unsigned char)*++slash) ? strtol(slash, &end, 10) : -1;

		if (id < 0 || id > INT32_MAX || strncmp(end, ": ", 2) != 0)
			continue;
		*ret_words = end + 2;
		return (int32_t)id;
	}
	return -1;
}

void brokers_note(struct brokers *brokers, const char *text, uint64_t now_us)
{
	const char *words = text;
	struct broker *broker = brokers_find(brokers, id_in(text, &words));

	if (!broker)
		return;
	broker->error_us = now_us;
	snprintf(broker->error, sizeof broker->error, "%s", words);
}

void brokers_hold(struct brokers *brokers, uint64_t until_us)
{
	if (until_us > brokers->held_us)
		brokers->held_us = until_us;
}

bool brokers_hold_back(const struct brokers *brokers, uint64_t now_us)
{
	return now_us < brokers->held_us;
}

const struct broker *brokers_find_broken(const struct brokers *brokers, int32_t id, uint64_t now_us)
{
	const struct broker *broker = brokers_find(brokers, id);

	if (!broker || !broker->error_us || now_us >= broker->error_us + ERROR_FRESH_US ||
	    (brokers_hold_back(brokers, now_us) && strstr(broker->error, NO_ANSWER)))
		return NULL;
	return broker;
}

/* What is so much now is that of the last interval; the rest adds up. */
static void add(struct output_load *load, const struct output_load *last)
{
	uint64_t n = load->rtt_n, sum_us = load->rtt_sum_us, throttled_ms = load->throttled_ms;

	*load = *last;
	load->rtt_n += n;
	load->rtt_sum_us += sum_us;
	load->throttled_ms += throttled_ms;
}

void brokers_count(struct brokers *brokers, const struct statistics *statistics)
{
	for (size_t i = 0; i < statistics->n; i++) {
		struct broker *broker = brokers_find(brokers, statistics->at[i].id);

		if (broker)
			add(&broker->load, &statistics->at[i].load);
	}
}

void brokers_stop_counting(struct brokers *brokers)
{
	for (size_t i = 0; i < brokers->n; i++)
		brokers->at[i].load.counted = false;
}

void brokers_take(struct brokers *brokers, struct brokers *newer)
{
	for (size_t i = 0; i < newer->n; i++) {
		struct broker *broker = &newer->at[i];
		const struct broker *before = brokers_find(brokers, broker->id);

		if (before && strcmp(before->address, broker->address) == 0)
			*broker = *before;
		else if (before)
			broker->load = before->load;
	}
	newer->held_us = brokers->held_us;
	free(brokers->at);
	*brokers = *newer;
	*newer = (struct brokers){0};
}
