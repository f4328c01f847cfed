/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing array of copies. It stays short: a refused record comes alone, and a checkpoint empties
 * it every interval; while the store cannot be written it is bounded by dead_letter_max.
 *
 * Shares are found by name: a letter is rare, and sources are few beside what a letter costs.
 */
#include "state/letters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void letters_init(struct letters *letters, uint64_t max_bytes, uint64_t stored)
{
	*letters = (struct letters){
		.max_bytes = max_bytes,
		.stored = stored,
		.rest = {.source = "", .max_bytes = UINT64_MAX},
	};
}

static struct letters_share *share_of(struct letters *letters, const char *source)
{
	/* Who asks has nearly always the very name: a scrape of 500 sources asks 2,000 times. */
	for (size_t i = 0; i < letters->n_shares; i++) {
		if (letters->shares[i].source == source)
			return &letters->shares[i];
	}
	for (size_t i = 0; i < letters->n_shares; i++) {
		if (strcmp(letters->shares[i].source, source) == 0)
			return &letters->shares[i];
	}
	return &letters->rest;
}

int letters_share(struct letters *letters, const char *source, uint64_t max_bytes)
{
	void *shares =
		reallocarray(letters->shares, letters->n_shares + 1, sizeof letters->shares[0]);

	if (!shares)
		return -ENOMEM;
	letters->shares = shares;
	letters->shares[letters->n_shares++] =
		(struct letters_share){.source = source, .max_bytes = max_bytes};
	return 0;
}

void letters_limit(struct letters *letters, uint64_t max_bytes)
{
	letters->max_bytes = max_bytes;
}

void letters_limit_source(struct letters *letters, const char *source, uint64_t max_bytes,
			  bool drops_oldest)
{
	struct letters_share *share = share_of(letters, source);

	if (share == &letters->rest)
		return;
	share->max_bytes = max_bytes;
	share->drops_oldest = drops_oldest;
}

void letters_held(struct letters *letters, const char *source, uint64_t bytes, uint64_t copied)
{
	struct letters_share *share = share_of(letters, source);

	if (share == &letters->rest) {
		letters->left_behind += bytes;
		letters->stored -= bytes < letters->stored ? bytes : letters->stored;
		return;
	}
	share->bytes += bytes;
	share->copied += copied;
	letters->copied += copied;
}

void letters_come_back(struct letters *letters, const char *source, uint64_t bytes, uint64_t copied)
{
	letters->left_behind -= bytes < letters->left_behind ? bytes : letters->left_behind;
	letters->stored += bytes;
	letters_held(letters, source, bytes, copied);
}

uint64_t letters_kept(const struct letters *letters, const char *source)
{
	const struct letters_share *share = share_of((struct letters *)letters, source);

	return share == &letters->rest ? 0 : share->bytes;
}

uint64_t letters_kept_copies(const struct letters *letters, const char *source)
{
	return share_of((struct letters *)letters, source)->copied;
}

static uint64_t size_of(const struct store_dead_letter *letter)
{
	return letter->key.len + letter->value.len;
}

void letters_deinit(struct letters *letters)
{
	for (size_t i = 0; i < letters->n; i++)
		store_letter_free(&letters->items[i]);
	free(letters->items);
	free(letters->gone);
	free(letters->shares);
	*letters = (struct letters){0};
}

static bool fits(uint64_t kept, uint64_t max_bytes, size_t bytes)
{
	return kept <= max_bytes && bytes <= max_bytes - kept;
}

/* With `own` bytes of the share, and of others with what they have and what was not copied. */
static bool fits_beside(const struct letters *letters, const struct letters_share *share,
			uint64_t own, size_t bytes)
{
	uint64_t all = letters->stored + letters->bytes;
	uint64_t away = share->bytes + letters->copied - share->copied;
	uint64_t others = all > away ? all - away : 0;

	return fits(own, share->max_bytes, bytes) && fits(others + own, letters->max_bytes, bytes);
}

/*
 * What was copied makes way. Where the oldest go, what is on its way to the store has to fit only:
 * it is in memory.
 */
static bool share_has_room(const struct letters *letters, const struct letters_share *share,
			   size_t bytes)
{
	uint64_t stay = share->bytes - share->copied;

	return fits_beside(letters, share, share->drops_oldest ? share->here : stay, bytes);
}

/* Where the oldest go, no room is one for ever only if there is none without them. */
static bool share_is_full(const struct letters *letters, const struct letters_share *share,
			  size_t bytes)
{
	return share->drops_oldest ? !fits_beside(letters, share, 0, bytes) :
				     !share_has_room(letters, share, bytes);
}

void letters_drop_oldest(struct letters *letters, const char *source)
{
	share_of(letters, source)->drops_oldest = true;
}

bool letters_has_surplus(const struct letters *letters, const struct letters_share *share)
{
	bool over = share->bytes > share->max_bytes ||
		    letters->stored + letters->bytes > letters->max_bytes;

	return over && (share->copied ||
			(share->drops_oldest && share->here && share->bytes > share->here));
}

bool letters_has_room(const struct letters *letters, const char *source, size_t bytes)
{
	return share_has_room(letters, share_of((struct letters *)letters, source), bytes);
}

bool letters_has_wanted(const struct letters *letters, const char *source)
{
	const struct letters_share *share = share_of((struct letters *)letters, source);

	return share_has_room(letters, share, share->wanted);
}

void letters_want(struct letters *letters, const char *source, size_t bytes)
{
	share_of(letters, source)->wanted = bytes;
}

static bool is_news(const struct letters *letters, struct letters_share *share)
{
	bool full = share->wanted && share_is_full(letters, share, share->wanted);
	bool news = full && !share->told;

	share->told = full;
	return news;
}

const struct letters_share *letters_next_full(struct letters *letters)
{
	for (size_t i = 0; i < letters->n_shares; i++) {
		if (is_news(letters, &letters->shares[i]))
			return &letters->shares[i];
	}
	return is_news(letters, &letters->rest) ? &letters->rest : NULL;
}

const struct store_dead_letter *letters_next_untold(struct letters *letters,
						    const char **ret_source)
{
	const struct store_dead_letter *letter;

	if (letters->n_told >= letters->n)
		return NULL;
	letter = &letters->items[letters->n_told++];
	*ret_source = share_of(letters, letter->source)->source;
	return letter;
}

static bool copy_slice(struct slice from, struct slice *to)
{
	char *copy;

	*to = SLICE_NONE;
	if (!from.at)
		return true;
	copy = malloc(from.len + 1);
	if (!copy)
		return false;
	memcpy(copy, from.at, from.len);
	*to = (struct slice){copy, from.len};
	return true;
}

const struct reasons *letters_reasons(const struct letters *letters, const char *source)
{
	return &share_of((struct letters *)letters, source)->reasons;
}

int letters_add(struct letters *letters, const struct store_dead_letter *letter)
{
	struct store_dead_letter copy = *letter;

	if (letters->n == letters->capacity) {
		size_t capacity = letters->capacity ? 2 * letters->capacity : 16;
		void *items = reallocarray(letters->items, capacity, sizeof letters->items[0]);

		if (!items)
			return -ENOMEM;
		letters->items = items;
		letters->capacity = capacity;
	}
	copy.source = strdup(letter->source);
	copy.path = strdup(letter->path);
	copy.topic = strdup(letter->topic);
	copy.reason = strdup(letter->reason);
	/* Both are copied even if one fails, so that store_letter_free sees no borrowed pointer. */
	bool key = copy_slice(letter->key, &copy.key);
	bool value = copy_slice(letter->value, &copy.value);
	bool headers = copy_slice(letter->headers, &copy.headers);
	if (!copy.source || !copy.path || !copy.topic || !copy.reason || !key || !value ||
	    !headers) {
		store_letter_free(&copy);
		return -ENOMEM;
	}
	letters->items[letters->n++] = copy;
	letters->bytes += size_of(&copy);
	share_of(letters, copy.source)->bytes += size_of(&copy);
	share_of(letters, copy.source)->here += size_of(&copy);
	if (letter->cause)
		reasons_count(&share_of(letters, copy.source)->reasons, letter->cause);
	return 0;
}

/* The room that it took is free, before it is gone for good: what is put there goes behind it. */
static void give_room(struct letters *letters, const char *source, uint64_t bytes)
{
	struct letters_share *share = source ? share_of(letters, source) : NULL;

	if (share == &letters->rest) {
		letters->left_behind -= bytes < letters->left_behind ? bytes : letters->left_behind;
		return;
	}
	if (share)
		share->bytes -= bytes < share->bytes ? bytes : share->bytes;
	letters->stored -= bytes < letters->stored ? bytes : letters->stored;
}

static int add_gone(struct letters *letters, struct store_gone gone)
{
	if (letters->n_gone == letters->gone_capacity) {
		size_t capacity = letters->gone_capacity ? 2 * letters->gone_capacity : 16;
		void *all = reallocarray(letters->gone, capacity, sizeof letters->gone[0]);

		if (!all)
			return -ENOMEM;
		letters->gone = all;
		letters->gone_capacity = capacity;
	}
	letters->gone[letters->n_gone++] = gone;
	return 0;
}

/* NULL: it is not to be removed, or noted. */
static struct store_gone *find_gone(const struct letters *letters, uint64_t id, bool stays)
{
	for (size_t i = 0; i < letters->n_gone; i++) {
		if (letters->gone[i].id == id && letters->gone[i].stays == stays)
			return &letters->gone[i];
	}
	return NULL;
}

bool letters_goes(const struct letters *letters, uint64_t id)
{
	return find_gone(letters, id, false);
}

bool letters_is_copied(const struct letters *letters, const struct store_dead_letter *letter)
{
	return letter->copied || find_gone(letters, letter->id, true);
}

int letters_copy(struct letters *letters, const struct store_dead_letter *letter)
{
	struct letters_share *share = share_of(letters, letter->source);
	uint32_t index = (uint32_t)(share - letters->shares);

	/* Nobody waits for the room of one that is left behind. */
	if (share == &letters->rest)
		return letters_remove(letters, letter);
	if (letter->id <= share->copies_from)
		share->copies_from = letter->id - 1;
	return add_gone(letters, (struct store_gone){letter->id, size_of(letter), true, index});
}

static void count_copy(struct letters *letters, struct letters_share *share, int64_t bytes)
{
	share->copied += (uint64_t)bytes;
	letters->copied += (uint64_t)bytes;
}

/* It goes. What is not yet noted, or about to be, is not counted when it is. */
static void forget_copy(struct letters *letters, struct letters_share *share,
			const struct store_gone *gone, bool copied)
{
	struct store_gone *noted = find_gone(letters, gone->id, true);

	if (noted)
		noted->bytes = 0;
	else if (copied && share != &letters->rest)
		count_copy(letters, share, -(int64_t)gone->bytes);
}

int letters_remove(struct letters *letters, const struct store_dead_letter *letter)
{
	const struct store_gone gone = {.id = letter->id, .bytes = size_of(letter)};
	int r = add_gone(letters, gone);

	if (r)
		return r;
	give_room(letters, letter->source, gone.bytes);
	if (letter->source)
		forget_copy(letters, share_of(letters, letter->source), &gone, letter->copied);
	return 0;
}

int letters_displace(struct letters *letters, struct letters_share *share,
		     const struct store_gone *gone, bool copied)
{
	int r = letters_goes(letters, gone->id) ? 1 : add_gone(letters, *gone);

	if (r > 0)
		return 0;
	if (r)
		return r;
	give_room(letters, share->source, gone->bytes);
	forget_copy(letters, share, gone, copied);
	share->displaced += !copied;
	return 0;
}

void letters_removed(struct letters *letters, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (letters->gone[i].stays)
			count_copy(letters, &letters->shares[letters->gone[i].share],
				   (int64_t)letters->gone[i].bytes);
	}
	letters->n_gone -= n;
	if (n)
		memmove(letters->gone, letters->gone + n,
			letters->n_gone * sizeof letters->gone[0]);
}

void letters_stored(struct letters *letters, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		letters->bytes -= size_of(&letters->items[i]);
		share_of(letters, letters->items[i].source)->here -= size_of(&letters->items[i]);
		letters->stored += size_of(&letters->items[i]);
		store_letter_free(&letters->items[i]);
	}
	if (!n)
		return;
	letters->n_stored += n;
	letters->n -= n;
	letters->n_told -= n < letters->n_told ? n : letters->n_told;
	memmove(letters->items, letters->items + n, letters->n * sizeof letters->items[0]);
}
