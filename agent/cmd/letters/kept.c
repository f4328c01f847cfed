/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without an agent: what is only looked at is a copy of the state, what is changed is changed under
 * the lock that an agent would take.
 */
#include "cmd/letters/kept.h"

#include <errno.h>
#include <stdio.h>

#include "cmd/telling.h"
#include "control/letter.h"
#include "protocol/line.h"
#include "state/copy.h"

/* Removed in one transaction. */
#define GONE_MAX 1000

/* The next one that is asked for, behind *after, which moves. 0, STORE_E_NONE, -ENOMEM, -EIO. */
static int next(struct store *store, const struct request *request, uint64_t *after,
		struct store_dead_letter *ret_letter)
{
	int r;

	while ((r = store_next_letter(store, *after, ret_letter)) == 0) {
		*after = ret_letter->id;
		if (letter_is_asked(request, ret_letter))
			return 0;
		store_letter_free(ret_letter);
	}
	return r;
}

static int see_all(struct telling *telling, struct store *store, const struct request *request)
{
	struct store_dead_letter letter;
	uint64_t after = 0;
	int r;

	while ((r = next(store, request, &after, &letter)) == 0) {
		letter_put(&letter, request->content, telling_begin(telling, NULL));
		store_letter_free(&letter);
		r = telling_see(telling);
		if (r)
			return r;
	}
	if (r != STORE_E_NONE)
		return r;
	(void)telling_begin(telling, "end");
	return telling_end(telling);
}

static int failed(const struct ask_place *place, int r, const char *message)
{
	if (r < 0)
		return r;
	fprintf(stderr, "waybill: no agent answers at %s, and %s\n", place->path, message);
	return ASK_E_FAILED;
}

int kept_see(const struct ask_place *place, const struct request *request, ask_see *see,
	     void *context)
{
	struct telling telling = {.see = see, .context = context};
	struct store *store;
	char message[512];
	int r = ask(place, request, see, context);

	if (r != ASK_E_NOBODY)
		return r;
	if (!*place->dir)
		return failed(place, ASK_E_FAILED,
			      "without a configuration its state is not known");
	r = copy_open(place->dir, &store, message, sizeof message);
	if (r)
		return failed(place, r, message);
	r = see_all(&telling, store, request);
	telling_deinit(&telling);
	store_close(store);
	return r;
}

/* A transaction. 0: *ret_n are gone, fewer than GONE_MAX are the last. */
static int drop_some(struct store *store, const struct request *request, uint64_t *after,
		     size_t *ret_n)
{
	struct store_gone gone[GONE_MAX];
	struct store_batch batch = {.gone = gone};
	struct store_dead_letter letter;
	char message[512];
	int r = 0;

	while (batch.n_gone < GONE_MAX && (r = next(store, request, after, &letter)) == 0) {
		gone[batch.n_gone++] =
			(struct store_gone){letter.id, letter.key.len + letter.value.len};
		store_letter_free(&letter);
	}
	if (r && r != STORE_E_NONE)
		return r;
	*ret_n = batch.n_gone;
	if (!batch.n_gone || store_write(store, &batch, message, sizeof message) == 0)
		return 0;
	fprintf(stderr, "waybill: the state cannot be written: %s\n", message);
	return ASK_E_FAILED;
}

int kept_drop(const struct ask_place *place, const struct request *request, uint64_t *ret_n)
{
	struct store *store;
	uint64_t after = 0;
	size_t n = 0;
	char message[512];
	int r = store_open(place->dir, &store, message, sizeof message);

	*ret_n = 0;
	if (r)
		return failed(place, r, message);
	do {
		r = drop_some(store, request, &after, &n);
		*ret_n += r ? 0 : n;
	} while (!r && n == GONE_MAX);
	store_close(store);
	return r;
}
