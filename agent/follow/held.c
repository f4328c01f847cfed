/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files without a name. Whoever still has one open goes on writing, and no hint tells of it; once
 * we close it, what he writes is lost, and the space on the disk is free. So it is kept as long
 * as somebody may write: whether somebody can, a lease tells, which the kernel gives for reading
 * only when no writer is left (A16). It gives leases to the file's owner only; otherwise nobody
 * knows, and the file is kept for an hour of quiet, or until descriptors are short.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>

#include "files/kept.h"
#include "follow/follow.h"
#include "follow/packs.h"

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

bool follow_is_abandoned(const struct file *file)
{
	struct stat st;

	if (file->tail.fd < 0 || fstat(file->tail.fd, &st) < 0 || st.st_nlink > 0 ||
	    writers_of(file->tail.fd) != WRITERS_NONE)
		return false;
	/* The last writer may have written just before he went. */
	return fstat(file->tail.fd, &st) == 0 &&
	       (uint64_t)st.st_size <= account_read_position(&file->account);
}

bool follow_must_hold(struct files *files, const struct file *file, uint64_t now_us)
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
	files->counters->held_deleted_bytes += (uint64_t)st.st_size;
	return true;
}

bool follow_is_spoilt(struct files *files, struct file *file)
{
	uint64_t settled = file->account.committed, end = account_read_position(&file->account);

	/* What was written before it left is a log still. */
	if (!file->left_path || !file->seen_left)
		return false;
	if (end < file->seen.size)
		end = file->seen.size;
	file->spoilt = true;
	file->rewritten = false;
	if (end > settled) {
		files->counters->files_lost++;
		files->counters->bytes_lost += end - settled;
	}
	log_source(files->log, end > settled ? LOG_WARNING : LOG_INFO, file->source->name,
		   "overwritten",
		   "%s: it was overwritten after it was rotated (shred?): it is not read any more; "
		   "%llu bytes after position %llu are lost",
		   file->path, (unsigned long long)(end - settled), (unsigned long long)settled);
	return true;
}

/* Once it is closed its first bytes may be gone, and nothing tells that it was compressed. */
static void learn_head(struct file *file)
{
	uint64_t read = account_read_position(&file->account);

	if (file->tail.fd >= 0 && file->identity.head_len < IDENTITY_HEAD_MAX &&
	    file->identity.head_len < read)
		(void)!identity_grow_head(file->tail.fd, &file->identity, read);
}

void follow_finish(struct files *files, struct file *file)
{
	bool nameless = file_is_nameless(file);

	packs_finish(files, file);
	learn_head(file);
	files_promote_next(files, file);
	files_give_back(files, file);
	files_rest(files, file);
	file_set_state(file, FILE_FINISHED);
	files_close(files, file);
	if (nameless)
		files_forget(files, file);
}
