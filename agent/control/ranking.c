/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted list of a screenful. It holds keys, for files come and go while an answer is made. */
#include "control/ranking.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ranking_init(struct ranking *ranking, size_t max)
{
	*ranking = (struct ranking){.max = max};
	ranking->at = calloc(max ? max : 1, sizeof ranking->at[0]);
	return ranking->at ? 0 : -ENOMEM;
}

void ranking_deinit(struct ranking *ranking)
{
	free(ranking->at);
	*ranking = (struct ranking){0};
}

static bool is_before(const struct ranking_entry *a, const struct ranking_entry *b)
{
	return a->first != b->first ? a->first > b->first : a->second > b->second;
}

void ranking_add(struct ranking *ranking, enum request_sort sort, const struct file *file,
		 const struct condition *condition)
{
	uint64_t state = CONDITIONS - (uint64_t)condition->is;
	struct ranking_entry entry = {
		.key = {file->identity.device, file->identity.inode},
		.first = sort == SORT_LAG       ? condition->lag :
			 sort == SORT_IN_FLIGHT ? file->account.in_flight :
						  state,
		.second = sort == SORT_STATE ? condition->lag : state,
	};
	size_t at = ranking->n;

	while (at > 0 && is_before(&entry, &ranking->at[at - 1]))
		at--;
	if (at == ranking->max)
		return;
	ranking->n += ranking->n < ranking->max;
	memmove(&ranking->at[at + 1], &ranking->at[at],
		(ranking->n - 1 - at) * sizeof ranking->at[0]);
	ranking->at[at] = entry;
}

const struct file *ranking_next(struct ranking *ranking, const struct files *files)
{
	const struct file *file = NULL;

	while (!file && ranking->next < ranking->n) {
		const struct inode_key *key = &ranking->at[ranking->next++].key;

		file = files_by_inode(files, key->device, key->inode);
	}
	return file;
}
