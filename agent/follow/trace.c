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
#include "search/rotated.h"

bool follow_may_be_own(const struct discover *discover, const char *path, const char *lineage)
{
	const char *name = strrchr(path, '/') + 1;
	char *unpacked = rotated_unpacked(name);
	enum rotated kind = rotated_judge(unpacked ? unpacked : name, strrchr(lineage, '/') + 1);

	free(unpacked);
	return kind == ROTATED_PERHAPS ||
	       (kind == ROTATED_NO && discover_wants(discover, path) >= 0);
}

int follow_rename(struct files *files, const struct discover *discover, struct file *file,
		  const char *path)
{
	bool left = file->left_path;
	int r = 0;

	/* Its name was its own, and what is made of that one is a rotated one. */
	if (!left && strcmp(file->path, file->lineage) != 0 && strcmp(path, file->lineage) != 0)
		r = files_settle_at(files, file, file->path);
	if (!r)
		r = files_move(files, file, path);
	file->left_path = false;
	if (strcmp(path, file->lineage) != 0 &&
	    !(discover_wants(discover, path) >= 0 &&
	      follow_may_be_own(discover, path, file->lineage))) {
		files->counters->rotations += !left;
		files_left_path(files, file);
	}
	return r;
}

int follow_trace(struct files *files, struct discover *discover, struct file *file)
{
	bool left = file->left_path, moved;
	char *name;
	int r;

	/* What cannot be opened now is told when its turn comes. */
	r = files->first_scan ? files_open(files, file) : files_open_soon(files, file);
	name = r ? NULL : files_name_of(file->tail.fd);
	moved = file->left_path != left;
	if (!name || moved) {
		files->counters->rotations += !left;
		files_left_path(files, file);
	}
	if (!name)
		return 0;
	r = follow_rename(files, discover, file, name);
	if (!r && discover_follow(discover, name) == -ENOMEM)
		r = -ENOMEM;
	free(name);
	return r;
}
