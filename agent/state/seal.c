/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seal is the XXH64 over a row's values as 64-bit little-endian words; texts and blobs go in as
 * the hash of their own, so that no two rows differ only in where one value ends. The row's id is
 * under both seals: a row that slips to another key is as bad as a wrong position.
 */
#include "state/seal.h"

#include <endian.h>
#include <string.h>

#include "base/hash.h"

static int64_t seal_words(uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		words[i] = htole64(words[i]);
	return (int64_t)hash_bytes(words, n * sizeof *words);
}

static uint64_t hash_text(const char *text)
{
	return text ? hash_bytes(text, strlen(text)) : 0;
}

/*
 * A row of an older format lacks the columns that came later: its seal is over the words in front
 * of those. So a seal is over as many words as the row has that say something.
 */
int64_t seal_file(const struct store_file *file)
{
	bool third = file->real || file->went || file->packed || file->flags;

	return seal_words((uint64_t[]){file->id, file->device, file->inode, (uint64_t)file->born_ns,
				       file->head_len, file->head_hash, hash_text(file->path),
				       hash_text(file->lineage), file->content_id,
				       hash_text(file->real), hash_text(file->went), file->packed,
				       file->flags},
			  third            ? 13 :
			  file->content_id ? 9 :
					     8);
}

int64_t seal_position(const struct store_file *file)
{
	bool third = file->proven || file->chain_at || file->rest_hash || file->size ||
		     file->mtime_ns || file->ctime_ns || file->reach;

	bool sixth = file->branches.len != 0;

	return seal_words(
		(uint64_t[]){file->id, file->committed, file->tail_len, file->tail_hash,
			     file->discarding, hash_bytes(file->ahead.at, file->ahead.len),
			     file->proven, file->chain_at, file->proven ? file->chain.low : 0,
			     file->proven ? file->chain.high : 0, file->rest_hash, file->size,
			     (uint64_t)file->mtime_ns, (uint64_t)file->ctime_ns, file->reach,
			     hash_bytes(file->branches.at, file->branches.len)},
		sixth ? 16 :
		third ? 15 :
			6);
}

int64_t seal_name(struct slice name)
{
	return (int64_t)hash_bytes(name.at, name.len);
}

int64_t seal_topic(const struct store_topic *topic)
{
	return seal_words((uint64_t[]){hash_text(topic->name), topic->partitions}, 2);
}
