/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a file went that left its path. The descriptor knows: the kernel gives its name of now,
 * whatever was renamed, the file, a directory above it, or a link on the way. Under that name a
 * late line is still heard of, and found again after the descriptor was closed or we were.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "follow/follow_private.h"

int follow_trace(struct files *files, struct discover *discover, struct file *file)
{
	char *name;
	int r;

	files->counters->rotations += !file->left_path;
	files_left_path(files, file);
	/* What cannot be opened now is told when its turn comes. */
	if (files_open(files, file))
		return 0;
	name = files_name_of(file->tail.fd);
	if (!name)
		return 0;
	r = files_move(files, file, name);
	if (!r && discover_follow(discover, name) == -ENOMEM)
		r = -ENOMEM;
	free(name);
	return r;
}
