/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seal is the XXH64 over a row's values as 64-bit little-endian words; texts and blobs go in as
 * the hash of their own, so that no two rows differ only in where one value ends. The row's id is
 * under both seals: a row that slips to another key is as bad as a wrong position.
 */
#include "state/seal.h"

#include <endian.h>

#include "base/hash.h"

static int64_t seal_words(uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		words[i] = htole64(words[i]);
	return (int64_t)hash_bytes(words, n * sizeof *words);
}

/* A row of the first format has no content_id: its seal is over the words in front of that. */
int64_t seal_file(const struct store_file *file)
{
	return seal_words((uint64_t[]){file->id, file->device, file->inode, (uint64_t)file->born_ns,
				       file->head_len, file->head_hash,
				       hash_bytes(file->path, strlen(file->path)),
				       hash_bytes(file->lineage, strlen(file->lineage)),
				       file->content_id},
			  file->content_id ? 9 : 8);
}

int64_t seal_position(const struct store_file *file)
{
	return seal_words((uint64_t[]){file->id, file->committed, file->tail_len, file->tail_hash,
				       file->discarding,
				       hash_bytes(file->ahead.at, file->ahead.len)},
			  6);
}

int64_t seal_name(struct slice name)
{
	return (int64_t)hash_bytes(name.at, name.len);
}
