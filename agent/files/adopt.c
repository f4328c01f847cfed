/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a file becomes one of ours: opened, told from what is no log, met again in a stored row or
 * given its first position, and put behind the older generation of its path, which goes first.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "files/follow.h"
#include "files/follow_private.h"

void follow_refuse(struct files *files, const char *path, const char *what)
{
	if (map_get(files->refused, path, strlen(path)))
		return;
	if (map_put(files->refused, path, strlen(path), files))
		return;
	log_say(files->log, LOG_WARNING,
		"%s: %s: it is not followed; an `exclude` pattern silences this", path, what);
}

/* error: negative errno */
static void unreadable(struct files *files, const char *path, int error)
{
	files->n_unreadable++;
	if (error == -EACCES || error == -EPERM)
		log_limited(files->log, LOG_WARNING, "unreadable",
			    "%s: permission denied: waybill's user or one of its groups must be "
			    "able to read it; "
			    "it is tried again when its mode changes and every half minute",
			    path);
	else
		log_limited(files->log, LOG_WARNING, "unreadable",
			    "%s: %s: it is tried again every half minute", path, strerror(-error));
}

/* Its descriptor, or -1 after telling why. */
static int open_for_reading(struct files *files, const char *path)
{
	int fd = files_open_path(files, path);

	if (fd >= 0)
		return fd;
	if (fd != -ENOENT)
		unreadable(files, path, fd);
	return -1;
}

bool follow_is_compressed(int fd)
{
	unsigned char head[8];
	ssize_t n = pread(fd, head, sizeof head, 0);

	return n > 0 && identity_is_compressed(head, (size_t)n);
}

/* Whether a file that was never seen before is read from its end. */
static bool starts_at_end(const struct files *files, const struct conf_source *source,
			  const struct stat *st, int64_t now_ms)
{
	int64_t age_ms = now_ms - (st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000);

	if (!files->first_scan)
		return false;
	if (files->damaged)
		return files->conf->state_damaged == CONF_DAMAGED_END;
	if (files->source_known[source - files->conf->sources])
		return false;
	return source->start_at == CONF_START_END ||
	       (source->ignore_older_ms && age_ms > (int64_t)source->ignore_older_ms);
}

static int start_position(const struct files *files, const struct conf_source *source, int fd,
			  int64_t now_ms, uint64_t *ret_position)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (starts_at_end(files, source, &st, now_ms))
		return tail_find_end(fd, ret_position);
	*ret_position = 0;
	return 0;
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
	follow_wake(files, file);
	return r;
}

static int adopt_new(struct files *files, struct birth birth, int fd,
		     const struct identity *identity, int64_t now_ms)
{
	struct file *newest = map_get(files->by_lineage, birth.path, strlen(birth.path));
	int r = 0;

	birth.row = follow_take_row(files, fd, identity);
	/* Renames may be faster than hints: what came between comes first. */
	if (newest && !birth.row)
		r = follow_missed(files, newest);
	if (birth.row)
		birth.position = birth.row->committed;
	else if (!r)
		r = start_position(files, birth.source, fd, now_ms, &birth.position);
	if (r) {
		close(fd);
		if (r != -ENOMEM)
			unreadable(files, birth.path, r);
		return r == -ENOMEM ? r : 0;
	}
	return follow_adopt(files, &birth, fd, identity);
}

int follow_look_at(struct files *files, const struct birth *birth, int64_t now_ms)
{
	struct identity identity;
	int fd = open_for_reading(files, birth->path);
	int r;

	if (fd < 0)
		return 0;
	r = identity_of(fd, &identity);
	if (r < 0)
		unreadable(files, birth->path, r);
	if (r || files_by_inode(files, identity.device, identity.inode)) {
		close(fd);
		return 0;
	}
	if (follow_is_compressed(fd)) {
		follow_refuse(files, birth->path, "a compressed file");
		close(fd);
		return 0;
	}
	return adopt_new(files, *birth, fd, &identity, now_ms);
}
