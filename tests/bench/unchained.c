/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input/tail_chain.c without the content chain: linked in its place, it makes the program beside
 * which `make bench BENCH=chain` measures what the chain costs. Such a program knows no file by all
 * of its bytes and is for nothing else.
 */
#include "input/tail_private.h"

struct chunk *tail_new_chunk(struct tail *tail, enum chunk_class class, size_t own_bytes)
{
	return account_new_chunk(tail->account, class, own_bytes);
}

bool tail_chain(struct tail *tail, struct chain *ret_chain)
{
	*ret_chain = tail->account->chain;
	return false;
}

void tail_foresee(struct chunk *chunk, const char *rest)
{
	(void)chunk, (void)rest;
}

void tail_give_back(struct tail *tail)
{
	tail->hungry = false;
	account_give_back(tail->account);
}
