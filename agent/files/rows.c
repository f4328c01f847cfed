/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a file is the one that a stored row tells of: it has the row's inode, was born when the
 * row says, and begins with the bytes that the row knows.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/follow_private.h"

/*
 * Same inode, birth time and first bytes as the row says. A file system may get another device
 * number at a boot or remount (A04): with a birth time and first bytes that agree that is no other
 * file. Nor is one whose device and birth time agree: it was rewritten, which adopt.c tells the
 * tail. 0 or the E codes.
 */
static int compare(int fd, const struct store_file *row, struct identity *ret_identity)
{
	struct identity then = {row->device, row->inode, row->born_ns, row->head_len,
				row->head_hash};
	bool same_birth;
	int r;

	r = identity_of(fd, ret_identity);
	if (r)
		return r < 0 ? ROW_E_LATER : ROW_E_OTHER;
	same_birth = row->born_ns && row->born_ns == ret_identity->born_ns;
	if (same_birth && row->head_len)
		then.device = ret_identity->device;
	if (!identity_same_inode(&then, ret_identity))
		return ROW_E_OTHER;
	r = identity_head_matches(fd, &then);
	if (r < 0)
		return ROW_E_LATER;
	return r || (same_birth && row->device == ret_identity->device) ? 0 : ROW_E_OTHER;
}

const struct store_file *follow_take_row(struct files *files, int fd,
					 const struct identity *identity)
{
	struct inode_key key = {identity->device, identity->inode};
	const struct store_file *row = map_get(files->stored, &key, sizeof key);
	struct identity now;

	if (!row || compare(fd, row, &now))
		return NULL;
	return map_take(files->stored, &key, sizeof key);
}

int follow_open_row(struct files *files, const struct store_file *row, const char *path,
		    int *ret_fd, struct identity *ret_identity)
{
	struct stat st;
	int fd, r;

	if (stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? ROW_E_OTHER : ROW_E_LATER;
	if (!S_ISREG(st.st_mode) || st.st_ino != row->inode)
		return ROW_E_OTHER;
	fd = files_open_path(files, path);
	if (fd < 0)
		return fd == -ENOENT ? ROW_E_OTHER : ROW_E_LATER;
	r = compare(fd, row, ret_identity);
	if (r)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

bool follow_has_row(struct files *files, const char *path, uint64_t device, uint64_t inode)
{
	struct inode_key key = {device, inode};
	const struct store_file *row = map_get(files->stored, &key, sizeof key);
	struct identity identity;
	int fd, r;

	if (!row)
		return false;
	r = follow_open_row(files, row, path, &fd, &identity);
	if (!r)
		close(fd);
	return r != ROW_E_OTHER;
}
