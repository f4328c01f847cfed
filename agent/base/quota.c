/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever owns a directory decides how many files are in it, and memory is everybody's. So each
 * source has a part of the places that no other can take; the rest, without which one large source
 * beside small ones would be held to its part, is dealt out in turns: what is free when a look at
 * everything begins, an equal part to each source that had something waiting. What finds no place
 * is not remembered, only counted: the next look finds it again.
 */
#include "base/quota.h"

#include <errno.h>
#include <stdlib.h>

int quota_init(struct quota *quota, size_t n_sources, size_t max)
{
	*quota = (struct quota){0};
	return quota_resize(quota, n_sources, max);
}

void quota_deinit(struct quota *quota)
{
	free(quota->shares);
	quota->shares = NULL;
	quota->n_shares = 0;
}

static void deal(struct quota *quota)
{
	size_t n = quota->n_shares ? quota->n_shares : 1, max = quota->max;

	quota->own = (max / 2 + n - 1) / n;
	if (quota->own > max / n)
		quota->own = max / n;
	/* Before the first look is over anybody may want more. */
	quota->turn_max = (max - n * quota->own + n - 1) / n;
	quota->common = 0;
	for (size_t i = 0; i < quota->n_shares; i++)
		if (quota->shares[i].n > quota->own)
			quota->common += quota->shares[i].n - quota->own;
}

int quota_resize(struct quota *quota, size_t n_sources, size_t max)
{
	struct quota_share *grown = reallocarray(quota->shares, n_sources + 1, sizeof *grown);

	if (!grown)
		return -ENOMEM;
	quota->shares = grown;
	for (; quota->n_shares < n_sources; quota->n_shares++)
		grown[quota->n_shares] = (struct quota_share){0};
	for (size_t i = 0; i < n_sources; i++)
		grown[i].max = max;
	quota->max = max;
	deal(quota);
	return 0;
}

void quota_limit(struct quota *quota, size_t source, size_t max)
{
	quota->shares[source].max = max;
}

/* Places that are for all, and not taken. */
static size_t common_room(const struct quota *quota)
{
	size_t all = quota->max - quota->own * quota->n_shares;

	return all > quota->common ? all - quota->common : 0;
}

static bool may_have(const struct quota *quota, const struct quota_share *share)
{
	return share->n < share->max && (share->n < quota->own || common_room(quota));
}

bool quota_may_take(const struct quota *quota, size_t source)
{
	const struct quota_share *share = &quota->shares[source];

	return may_have(quota, share) && (share->n < quota->own || share->turn < quota->turn_max);
}

bool quota_has_room(struct quota *quota, size_t source)
{
	struct quota_share *share = &quota->shares[source];

	if (quota_may_take(quota, source))
		return true;
	if (quota->looking)
		share->refused++;
	else
		share->waiting++;
	return false;
}

void quota_take(struct quota *quota, size_t source)
{
	struct quota_share *share = &quota->shares[source];

	if (share->n++ < quota->own)
		return;
	quota->common++;
	share->turn++;
}

void quota_give(struct quota *quota, size_t source)
{
	struct quota_share *share = &quota->shares[source];

	if (share->n-- <= quota->own)
		return;
	quota->common--;
	share->turn -= share->turn > 0;
}

void quota_begin_look(struct quota *quota)
{
	size_t contenders = 0;

	for (size_t i = 0; i < quota->n_shares; i++) {
		contenders += quota->shares[i].waiting > 0;
		quota->shares[i].refused = quota->shares[i].turn = 0;
	}
	if (contenders)
		quota->turn_max = (common_room(quota) + contenders - 1) / contenders;
	quota->looking = true;
}

void quota_end_look(struct quota *quota)
{
	if (!quota->looking)
		return;
	quota->looking = false;
	for (size_t i = 0; i < quota->n_shares; i++) {
		quota->shares[i].waiting = quota->shares[i].refused;
		quota->shares[i].told &= quota->shares[i].waiting > 0;
	}
	if (!quota_waiting(quota))
		quota->turn_max = quota->max;
}

size_t quota_waiting(const struct quota *quota)
{
	size_t n = 0;

	for (size_t i = 0; i < quota->n_shares; i++)
		n += quota->shares[i].waiting;
	return n;
}

size_t quota_waiting_of(const struct quota *quota, size_t source)
{
	return source < quota->n_shares ? quota->shares[source].waiting : 0;
}

bool quota_wants_look(const struct quota *quota)
{
	for (size_t i = 0; i < quota->n_shares; i++) {
		if (quota->shares[i].waiting && may_have(quota, &quota->shares[i]))
			return true;
	}
	return false;
}

const struct quota_share *quota_next_untold(struct quota *quota, size_t *ret_source)
{
	for (size_t i = 0; i < quota->n_shares; i++) {
		struct quota_share *share = &quota->shares[i];

		if (!share->waiting || share->told)
			continue;
		share->told = true;
		*ret_source = i;
		return share;
	}
	return NULL;
}
