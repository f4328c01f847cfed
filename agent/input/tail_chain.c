/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content chain of what was read. A chunk takes it over when it is made and hands it on when
 * it is full or given up; in between nothing is done for it, and nothing for a line. Its own bytes
 * are in memory then. What is not is the beginning of the block in which it starts: that is read
 * again, at most 4 KiB a chunk, and held against its hash, so that other bytes never get into the
 * chain. A small chunk is given back after a line or two, and that block was just looked at: there
 * the chain goes on at once, over what was read, as if the chunk ended there.
 *
 * Behind ranges that were settled before a restart there is a gap: those bytes were not read. They
 * are read for the chain when the next chunk is made, if there are few; so is the beginning of a
 * file that was never read (start_at = "end", a state of format 2). A file of which much was never
 * read has no chain (nor has a compressed one) and is known by its first bytes and by those before
 * its position.
 */
#include <errno.h>
#include <unistd.h>

#include "input/tail_private.h"

/* So much is read at once to close a gap: half a millisecond. */
#define GAP_BYTES (1u << 20)

/* Exactly len bytes at a position. False: the file has them no more. */
static bool read_at(const struct tail *tail, char *bytes, size_t len, uint64_t at)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pread(tail->fd, bytes + have, len - have, (off_t)(at + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

/* The bytes under chain->rest, from the file. False: they are others now. */
static bool read_rest(struct tail *tail, const struct chain *chain, char bytes[CHAIN_BLOCK])
{
	size_t len = chain->upto - chain->at;

	if (!len)
		return true;
	if (tail->fd < 0)
		return false;
	if (read_at(tail, bytes, len, chain->at) && chain_rest_is(chain, bytes))
		return true;
	tail->rewritten = true;
	return false;
}

/* Goes on through the chunk's bytes to a position in it. False: it cannot. */
static bool go_on(struct tail *tail, const struct chunk *chunk, uint64_t to, struct chain *chain)
{
	char rest[CHAIN_BLOCK];
	const char *before = rest;

	if (chain->upto == to)
		return true;
	if (chain->upto < chunk->start || chain->upto > to || to > chunk->start + chunk->filled)
		return false;
	if (chain->at >= chunk->start)
		before = chunk->bytes + (chain->at - chunk->start);
	else if (!read_rest(tail, chain, rest))
		return false;
	chain_add(chain, before, chunk->bytes + (chain->upto - chunk->start), to - chain->upto);
	return true;
}

/* Reads what was passed unread, if that is not much. */
static void close_gap(struct tail *tail, uint64_t to, struct chain *chain)
{
	char block[CHAIN_BLOCK];

	if (chain->upto == CHAIN_UNKNOWN)
		*chain = chain_of_nothing();
	if (chain->upto > to || to - chain->at > GAP_BYTES)
		return;
	while (chain->upto < to) {
		size_t have = chain->upto - chain->at;
		size_t len = to - chain->at < CHAIN_BLOCK ? to - chain->at : CHAIN_BLOCK;

		if (!read_at(tail, block, len, chain->at) || !chain_rest_is(chain, block))
			return;
		chain_add(chain, block, block + have, len - have);
	}
}

void tail_foresee(struct chunk *chunk, const char *rest)
{
	/* A large one is full in the end, and another follows. */
	if (chunk->class != CHUNK_SMALL)
		return;
	chunk->end_chain = chunk->chain;
	chain_add(&chunk->end_chain, rest, chunk->bytes, chunk->filled);
}

/* The chain at the end of a chunk, kept for whoever outlives its bytes. */
static void end_chain(struct tail *tail, struct chunk *chunk)
{
	uint64_t end = chunk->start + chunk->cursor;
	struct chain chain = chunk->chain;

	if (chunk->end_chain.upto != end && go_on(tail, chunk, end, &chain))
		chunk->end_chain = chain;
}

struct chunk *tail_new_chunk(struct tail *tail, enum chunk_class class, size_t own_bytes)
{
	struct account *account = tail->account;
	struct chunk *last = TAILQ_LAST(&account->chunks, chunk_list);
	struct chunk *chunk = account_new_chunk(account, class, own_bytes);
	struct chain chain = account->chain;

	if (!chunk)
		return NULL;
	if (last && !tail->packing) {
		end_chain(tail, last);
		chain = last->end_chain.upto == chunk->start ? last->end_chain : last->chain;
	}
	if (tail->packing)
		return chunk;
	close_gap(tail, chunk->start, &chain);
	if (chain.upto == chunk->start)
		chunk->chain = chain;
	return chunk;
}

bool tail_chain(struct tail *tail, struct chain *ret_chain)
{
	struct account *account = tail->account;
	struct chunk *chunk = TAILQ_FIRST(&account->chunks);

	*ret_chain = account->chain;
	if (tail->packing)
		return false;
	if (chunk && chunk->end_chain.upto == account->committed)
		*ret_chain = chunk->end_chain;
	else if (chunk && go_on(tail, chunk, account->committed, &chunk->chain))
		*ret_chain = chunk->chain;
	return ret_chain->upto == account->committed;
}

void tail_give_back(struct tail *tail)
{
	struct chunk *chunk = account_idle_chunk(tail->account);

	tail->hungry = false;
	if (chunk && !tail->packing)
		end_chain(tail, chunk);
	account_give_back(tail->account);
}
