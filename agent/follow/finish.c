/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a file ends that has left its path: read to its end and settled, or overwritten, as shred
 * does it. What may be made of it later tells whether it is known for longer (files/kept.c).
 */
#include <syslog.h>

#include "files/kept.h"
#include "follow/follow.h"
#include "follow/packs.h"

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
	if (end > settled)
		files_count_lost(files, file->source, file->path, file->lineage, LOST_OVERWRITTEN,
				 end - settled);
	log_source(files->log, end > settled ? LOG_WARNING : LOG_INFO, file->source->name,
		   "file-overwritten",
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
