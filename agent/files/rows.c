/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a file is the one that a stored row tells of: it has the row's inode, was born when the
 * row says, and begins with the bytes that the row knows.
 */
#include "files/rows.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "search/content.h"

const struct store_file *rows_take(struct files *files, int fd, const struct identity *identity)
{
	struct inode_key key = {identity->device, identity->inode};
	const struct store_file *row = map_get(files->stored, &key, sizeof key);
	struct identity now;

	if (!row || content_has_numbers(fd, row, &now))
		return NULL;
	return map_take(files->stored, &key, sizeof key);
}

const struct store_file *rows_take_at(struct files *files, const char *path, int fd,
				      enum packed_kind *ret_packing)
{
	const struct store_file *row = map_get(files->stored_paths, path, strlen(path));
	struct content content;
	struct inode_key key;

	if (!row)
		return NULL;
	key = (struct inode_key){row->device, row->inode};
	if (map_get(files->stored, &key, sizeof key) != row)
		return NULL;
	content_of_row(&content, row);
	if (content_is(&content, fd, ret_packing))
		return NULL;
	map_take(files->stored_paths, path, strlen(path));
	files->counters->generations_by_content++;
	return map_take(files->stored, &key, sizeof key);
}

int rows_open(struct files *files, const struct store_file *row, const char *path,
	      enum reach_links links, int *ret_fd, struct identity *ret_identity)
{
	struct stat st;
	int fd, r;

	if (stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? ROWS_E_OTHER : ROWS_E_LATER;
	if (!S_ISREG(st.st_mode) || st.st_ino != row->inode)
		return ROWS_E_OTHER;
	fd = files_open_path(files, path, links);
	if (fd < 0)
		return fd == -ENOENT ? ROWS_E_OTHER : ROWS_E_LATER;
	r = content_has_numbers(fd, row, ret_identity);
	if (r)
		close(fd);
	else
		*ret_fd = fd;
	return !r ? 0 : r < 0 ? ROWS_E_LATER : ROWS_E_OTHER;
}

bool rows_has(struct files *files, const char *path, uint64_t device, uint64_t inode)
{
	struct inode_key key = {device, inode};
	const struct store_file *row = map_get(files->stored, &key, sizeof key);
	struct identity identity;
	int fd, r;

	if (!row)
		return false;
	r = rows_open(files, row, path, REACH_ANY, &fd, &identity);
	if (!r)
		close(fd);
	return r != ROWS_E_OTHER;
}

bool rows_is_known(void *context, const char *path, const struct stat *st)
{
	struct files *files = context;

	return files_at(files, path, st->st_dev, st->st_ino) ||
	       rows_has(files, path, st->st_dev, st->st_ino);
}

bool rows_is_taken(void *context, const char *path, const struct stat *st)
{
	struct files *files = context;
	const struct file *file = files_at(files, path, st->st_dev, st->st_ino);

	return file ? !file->unjudged : rows_has(files, path, st->st_dev, st->st_ino);
}
