/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token is to be told of before brokers refuse it, but not while all is well: its end is minutes
 * away every hour. The library asks for the next one after four fifths of its life, which is also
 * when a kubelet writes it. So whoever renews has done it by nine tenths, and at that a tenth of
 * its life is left to mend what does not: 90 s of what Amazon MSK takes, 6 min of an hour, 2 h of a
 * day. Of one that is good for a year it would be weeks: those are told like certificates.
 *
 * Several instances of the library may fetch tokens of one login, and each gets another. They all
 * fail or none, so the last one speaks for them.
 */
#include "login/life.h"

#include <stdio.h>

#include "base/result.h"

#define LEFT_SHARE 10

void lives_init(struct lives *lives)
{
	pthread_mutex_init(&lives->lock, NULL);
	lives->last = (struct life){0};
}

void lives_deinit(struct lives *lives)
{
	pthread_mutex_destroy(&lives->lock);
}

void lives_note(struct lives *lives, const struct token *token, int64_t now_ms)
{
	struct life life = {.begins_ms = token->begins_ms && token->begins_ms < now_ms ?
						 token->begins_ms :
						 now_ms,
			    .expires_ms = token->dated ? token->expires_ms : 0};

	pthread_mutex_lock(&lives->lock);
	/* The same again: it is as old as it was. */
	if (life.expires_ms == lives->last.expires_ms && lives->last.begins_ms < life.begins_ms)
		life.begins_ms = lives->last.begins_ms;
	lives->last = life;
	pthread_mutex_unlock(&lives->lock);
}

void lives_note_trouble(struct lives *lives, const char *why)
{
	pthread_mutex_lock(&lives->lock);
	snprintf(lives->last.trouble, sizeof lives->last.trouble, "%s", why);
	pthread_mutex_unlock(&lives->lock);
}

void lives_last(struct lives *lives, struct life *ret_life)
{
	pthread_mutex_lock(&lives->lock);
	*ret_life = lives->last;
	pthread_mutex_unlock(&lives->lock);
}

bool life_ends_soon(const struct life *life, int64_t now_ms, int64_t warning_ms)
{
	int64_t left_ms = life->expires_ms - now_ms;
	int64_t share_ms = (life->expires_ms - life->begins_ms) / LEFT_SHARE;

	return life->expires_ms && left_ms > 0 && left_ms <= share_ms && left_ms < warning_ms;
}

const char *life_print_left(const struct life *life, int64_t now_ms, char text[LIFE_LEFT_MAX])
{
	static const struct {
		int64_t s;
		const char *name;
	} units[] = {{86400, "days"}, {3600, "hours"}, {60, "min"}, {1, "s"}};
	int64_t left_s = (life->expires_ms - now_ms) / 1000;
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && left_s < 2 * units[i].s)
		i++;
	snprintf(text, LIFE_LEFT_MAX, "%lld %s", (long long)(left_s / units[i].s), units[i].name);
	return text;
}
