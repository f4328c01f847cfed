/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rejected: the keys of all files, kept for the time of an answer. To look each of them up again
 * took longer than all else that is asked of a file.
 */
#include "view/roll.h"

void roll_init(struct roll *roll, const struct files *files)
{
	map_walk_begin(&roll->walk, files->by_inode);
}

void roll_deinit(struct roll *roll)
{
	map_walk_end(&roll->walk);
}

const struct file *roll_next(struct roll *roll)
{
	return map_walk_next(&roll->walk);
}
