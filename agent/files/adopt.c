/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a file becomes one of ours: made from a stored row or from nothing, and put behind the older
 * generation of its path, which goes first.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "files/follow.h"
#include "files/follow_private.h"

bool follow_is_compressed(int fd)
{
	unsigned char head[8];
	ssize_t n = pread(fd, head, sizeof head, 0);

	return n > 0 && identity_is_compressed(head, (size_t)n);
}

/* The chain that a row holds; of a row that holds none, or no sound one, nothing is known. */
static void take_over_chain(struct account *account, const struct store_file *row)
{
	uint64_t rest = row->committed - row->chain_at;

	if (row->proven && row->chain_at % CHAIN_BLOCK == 0 && rest < CHAIN_BLOCK)
		account->chain =
			(struct chain){row->chain_at, row->committed, row->chain, row->rest_hash};
}

/* Makes the file of a row go on where it was. 0 or -ENOMEM. */
static int take_over_row(struct file *file, const struct store_file *row)
{
	struct ranges *ahead = &file->account.ahead;
	uint64_t settled = row->committed;
	int r = 0;

	file->identity.head_len = row->head_len;
	file->identity.head_hash = row->head_hash;
	/* Without first bytes nothing says that it still is the content that had the id. */
	if (row->content_id && row->head_len) {
		file_set_content(file, row->content_id, row->committed);
		file->content_stored = true;
	}
	take_over_chain(&file->account, row);
	if (row->ahead.len)
		r = ranges_decode(row->ahead, row->committed, ahead);
	if (ahead->n)
		settled = ahead->at[ahead->first + ahead->n - 1].end;
	tail_resume(&file->tail, row->tail_len, row->tail_hash,
		    row->discarding ? settled : UINT64_MAX);
	return r;
}

/* Whoever was found at this path before, and is not finished, is the older generation. */
static void chain(struct files *files, struct file *file)
{
	struct file *newest = map_get(files->by_lineage, file->lineage, strlen(file->lineage));

	if (!newest || newest->state == FILE_FINISHED)
		return;
	file_chain(newest, file);
	if (file->newer && !files->first_scan) {
		/* An old generation that comes back late: the newer ones are under way. */
		file_unchain(file);
		return;
	}
	for (struct file *older = file->older; older; older = older->older) {
		files->counters->rotations += !older->left_path;
		files_left_path(files, older);
	}
	if (!file->newer)
		return;
	files_left_path(files, file);
	if (file->newer->state == FILE_READING) {
		files_rest(files, file->newer);
		file_set_state(file->newer, FILE_WAITING);
	}
}

int follow_adopt(struct files *files, const struct birth *birth, int fd,
		 const struct identity *identity)
{
	const struct store_file *row = birth->row;
	struct file *file;
	int r;

	r = file_new(row ? row->id : files->next_id, birth->source, birth->path, birth->lineage,
		     identity, birth->position, files->pools, &file);
	if (r) {
		close(fd);
		return r;
	}
	files->next_id += !row;
	file->origin.agent = slice_of(files->agent_id);
	r = file_new_content(file);
	if (r) {
		file_free(file);
		close(fd);
		return r;
	}
	if (row && take_over_row(file, row))
		log_say(files->log, LOG_WARNING,
			"%s: its stored ranges are damaged: lines after %llu may be repeated",
			birth->path, (unsigned long long)row->committed);
	if (strcmp(birth->lineage, birth->path) != 0)
		files_left_path(files, file);
	chain(files, file);
	r = files_insert(files, file);
	files_set_fd(files, file, fd);
	files_dirty(files, file);
	if (!file->older)
		file_set_state(file, FILE_READING);
	files_wake(files, file);
	return r;
}
