/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointers would be to files that are gone by the time that they are used, so it is the keys that
 * are kept: 16 bytes a file, for as long as an answer takes.
 */
#include "control/roll.h"

#include <errno.h>
#include <stdlib.h>

int roll_init(struct roll *roll, const struct files *files)
{
	size_t n = map_count(files->by_inode), i = 0;
	void *cursor = NULL;
	const struct file *file;

	*roll = (struct roll){0};
	roll->at = calloc(n ? n : 1, sizeof roll->at[0]);
	if (!roll->at)
		return -ENOMEM;
	while (i < n && (file = map_next(files->by_inode, &cursor)))
		roll->at[i++] = (struct inode_key){file->identity.device, file->identity.inode};
	roll->n = i;
	return 0;
}

void roll_deinit(struct roll *roll)
{
	free(roll->at);
	*roll = (struct roll){0};
}

const struct file *roll_next(struct roll *roll, const struct files *files)
{
	const struct file *file = NULL;

	while (!file && roll->next < roll->n) {
		const struct inode_key *key = &roll->at[roll->next++];

		file = files_by_inode(files, key->device, key->inode);
	}
	return file;
}
