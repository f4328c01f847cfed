/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files without a name. Whoever still has one open goes on writing, and no hint tells of it; once
 * we close it, what he writes is lost, and the space on the disk is free. So it is kept as long
 * as somebody may write: whether somebody can, a lease tells, which the kernel gives for reading
 * only when no writer is left (A16). It gives leases to the file's owner only; otherwise nobody
 * knows, and the file is kept for an hour of quiet, or until descriptors are short.
 */
#include "files/writers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define HOLD_US (3600ULL * 1000 * 1000)

enum writers { WRITERS_NONE, WRITERS_SOME, WRITERS_UNKNOWN };

static enum writers writers_of(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		fcntl(fd, F_SETLEASE, F_UNLCK);
		return WRITERS_NONE;
	}
	return errno == EAGAIN ? WRITERS_SOME : WRITERS_UNKNOWN;
}

bool files_is_abandoned(const struct file *file)
{
	struct stat st;

	if (file->tail.fd < 0 || fstat(file->tail.fd, &st) < 0 || st.st_nlink > 0 ||
	    writers_of(file->tail.fd) != WRITERS_NONE)
		return false;
	/* The last writer may have written just before he went. */
	return fstat(file->tail.fd, &st) == 0 &&
	       (uint64_t)st.st_size <= account_read_position(&file->account);
}

bool files_must_hold(struct files *files, const struct file *file, uint64_t now_us)
{
	enum writers writers = WRITERS_NONE;
	struct stat st;

	if (file->compared)
		return true;
	/* With a name it is heard of again. */
	if (file->tail.fd < 0 || fstat(file->tail.fd, &st) < 0 || st.st_nlink > 0)
		return false;
	writers = writers_of(file->tail.fd);
	/* The last writer may have written just before he went. */
	if (tail_has_more(&file->tail))
		return true;
	if (writers == WRITERS_NONE || files->n_open > files->max_open / 4 * 3 ||
	    (writers == WRITERS_UNKNOWN && now_us - file->quiet_since_us > HOLD_US))
		return false;
	files->held_deleted_bytes += (uint64_t)st.st_size;
	return true;
}
