/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rotation, from where we stand: a path names another inode than before. The file that had the path
 * is still open and is read to its end; the file that has it now waits behind it (A01, A15). After
 * a restart the same picture is put together from the stored rows: an inode that is known goes on
 * where it was, under whatever name it is found (A11).
 *
 * stat comes before open, because opening a FIFO wakes its writer and opening a device may do
 * anything; fstat after open is what counts (C12, C14).
 */
#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "follow_private.h"

/* One warning a path for what cannot be tailed. */
static void refuse(struct files *files, const char *path, const char *what)
{
	if (map_get(files->refused, path, strlen(path)))
		return;
	if (map_put(files->refused, path, strlen(path), files))
		return;
	log_say(files->log, LOG_WARNING,
		"%s: %s: it is not followed; an `exclude` pattern silences this", path, what);
}

/* What kind of thing a path is, when it is not a regular file. */
static const char *kind_of(mode_t mode)
{
	return S_ISFIFO(mode) ? "a FIFO" :
	       S_ISDIR(mode)  ? "a directory" :
	       S_ISSOCK(mode) ? "a socket" :
				"a device";
}

/* Its descriptor, or -1 after telling why. */
static int open_for_reading(struct files *files, const char *path)
{
	int fd = files_open_path(files, path);

	if (fd >= 0)
		return fd;
	if (fd == -EACCES || fd == -EPERM)
		log_limited(files->log, LOG_WARNING, "unreadable",
			    "%s: permission denied: waybill's user or one of its groups must be "
			    "able to read it; "
			    "it is tried again when its mode changes and every half minute",
			    path);
	else if (fd != -ENOENT)
		log_limited(files->log, LOG_WARNING, "unreadable",
			    "%s: %s: it is tried again every half minute", path, strerror(-fd));
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
		return r == -ENOMEM ? r : 0;
	}
	return follow_adopt(files, &birth, fd, identity);
}

/* Opens a path that is not in the table by its inode, and takes it in if it is a log file. */
static int look_at(struct files *files, struct birth birth, int64_t now_ms)
{
	struct identity identity;
	int fd = open_for_reading(files, birth.path);

	if (fd < 0)
		return 0;
	if (identity_of(fd, &identity) || files_by_inode(files, identity.device, identity.inode)) {
		close(fd);
		return 0;
	}
	if (follow_is_compressed(fd)) {
		refuse(files, birth.path, "a compressed file");
		close(fd);
		return 0;
	}
	return adopt_new(files, birth, fd, &identity, now_ms);
}

/* A known file under a path: its own, a new name of it, or a second name (A13, A14). */
static int known_under(struct files *files, struct file *file, const char *path,
		       const struct stat *st)
{
	struct stat own;
	int r;

	if (strcmp(file->path, path) == 0) {
		file->looked = files->look;
	} else {
		if (stat(file->path, &own) == 0 && own.st_ino == st->st_ino &&
		    own.st_dev == st->st_dev) {
			log_limited(files->log, LOG_DEBUG, "second-name",
				    "%s is %s: it is read once", path, file->path);
			return 0;
		}
		r = files_move(files, file, path);
		if (r)
			return r;
		if (!file->left_path && strcmp(path, file->lineage) != 0)
			files->counters->rotations++;
		file->left_path = false;
		if (strcmp(path, file->lineage) != 0)
			files_left_path(files, file);
	}
	if ((uint64_t)st->st_size != account_read_position(&file->account))
		follow_wake(files, file);
	return 0;
}

void follow_wake(struct files *files, struct file *file)
{
	while (file->older)
		file = file->older;
	if (file->state == FILE_FINISHED) {
		file_set_state(file, FILE_READING);
		files_age(files, file);
	}
	if (file->state == FILE_READING && file->queue == FILE_QUEUE_NONE)
		files_ready(files, file);
}

/*
 * A symbolic link's target lies in a directory that no pattern leads to: that is watched too. 0;
 * FOLLOW_SHUNNED when the target is our own; -ENOMEM.
 */
enum { FOLLOW_SHUNNED = 1 };

static int follow_link(struct discover *discover, const char *path)
{
	char target[PATH_MAX];

	if (!realpath(path, target))
		return 0;
	if (discover_shuns(discover, target))
		return FOLLOW_SHUNNED;
	return discover_follow(discover, target) == -ENOMEM ? -ENOMEM : 0;
}

/* The inode of a file that is wholly settled and closed may be another's by now. */
static bool is_used_again(const struct file *file, const char *path)
{
	struct identity identity;
	bool again;
	int fd;

	if (file->tail.fd >= 0 || !file_is_settled(file))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	again = identity_of(fd, &identity) == 0 && !identity_same_inode(&identity, &file->identity);
	close(fd);
	return again;
}

int follow_found(struct files *files, struct discover *discover, int source, const char *path,
		 const char *lineage, int64_t now_ms)
{
	struct birth birth = {&files->conf->sources[source], path, lineage, NULL, 0};
	struct file *file;
	struct stat st;
	bool link;
	int r;

	/* One look at what is no link, which is nearly everything. */
	if (lstat(path, &st) < 0)
		return 0;
	link = S_ISLNK(st.st_mode);
	if (link && stat(path, &st) < 0)
		return 0;
	if (!S_ISREG(st.st_mode)) {
		refuse(files, path, kind_of(st.st_mode));
		return 0;
	}
	if (st.st_dev == files->own_log_device && st.st_ino == files->own_log_inode) {
		refuse(files, path, "waybill's own log");
		return 0;
	}
	r = link ? follow_link(discover, path) : 0;
	if (r)
		return r < 0 ? r : 0;
	file = files_by_inode(files, st.st_dev, st.st_ino);
	if (file && is_used_again(file, path)) {
		files_remove(files, file, true);
		file = NULL;
	}
	if (file)
		return known_under(files, file, path, &st);
	return look_at(files, birth, now_ms);
}

/* A name that no pattern wants, or that was written to: perhaps a file that we know. */
static int changed(struct files *files, const char *path)
{
	struct file *file = map_get(files->by_path, path, strlen(path));
	struct stat st;

	/* The target of a symbolic link is in the table under the link's path. */
	if (!file && stat(path, &st) == 0)
		file = files_by_inode(files, st.st_dev, st.st_ino);
	if (file)
		follow_wake(files, file);
	return 0;
}

/*
 * The last known file of the lineage whose rotated file's name this is, once it has left; or
 * NULL.
 */
static struct file *newest_of_rotated(const struct files *files, const char *path)
{
	size_t dir = (size_t)(strrchr(path, '/') - path) + 1, len = strlen(path);
	struct file *newest = NULL;
	struct stat st;

	while (!newest && --len > dir)
		if ((path[len] == '.' || path[len] == '-'))
			newest = map_get(files->by_lineage, path, len);
	if (!newest || !follow_is_rotated(path + dir, strrchr(newest->lineage, '/') + 1))
		return NULL;
	/* Copies of a file that keeps its name (copytruncate) are no generations. */
	if (stat(newest->lineage, &st) == 0 && st.st_ino == newest->identity.inode &&
	    st.st_dev == newest->identity.device)
		return NULL;
	return newest;
}

static int moved(struct files *files, const char *path)
{
	struct file *file;
	struct stat st;

	if (stat(path, &st) < 0)
		return 0;
	file = files_by_inode(files, st.st_dev, st.st_ino);
	if (file)
		return known_under(files, file, path, &st);
	/* Rotated before anybody looked at it under its first name. */
	file = newest_of_rotated(files, path);
	return file ? follow_missed(files, file) : 0;
}

/*
 * If its path names another file now, or nothing: the file is held until it is read, settled and
 * quiet. What cannot be looked at is looked at again by the next reconcile.
 */
static void check_path(struct files *files, struct file *file)
{
	struct stat st;

	if (stat(file->path, &st) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return;
	} else if (st.st_ino == file->identity.inode && st.st_dev == file->identity.device) {
		return;
	}
	if (!file->left_path)
		files->counters->rotations++;
	files_left_path(files, file);
	follow_wake(files, file);
}

static void left(struct files *files, const char *path)
{
	struct file *file = map_get(files->by_path, path, strlen(path));

	if (file)
		check_path(files, file);
}

void follow_begin_look(struct files *files)
{
	files->look++;
}

void follow_check_paths(struct files *files)
{
	void *cursor = NULL;
	struct file *file;

	while ((file = map_next(files->by_inode, &cursor)))
		if (!file->left_path && file->state != FILE_FINISHED && file->looked != files->look)
			check_path(files, file);
}

int follow_hint(struct files *files, struct discover *discover, const struct hint *hint,
		int64_t now_ms)
{
	switch (hint->kind) {
	case HINT_FOUND:
		return follow_found(files, discover, hint->source, hint->path, hint->path, now_ms);
	case HINT_CHANGED:
		return changed(files, hint->path);
	case HINT_MOVED:
		return moved(files, hint->path);
	case HINT_LEFT:
		left(files, hint->path);
		return 0;
	}
	return 0;
}

void follow_finish(struct files *files, struct file *file)
{
	struct stat st;
	bool nameless = file->tail.fd >= 0 && fstat(file->tail.fd, &st) == 0 && st.st_nlink == 0;

	files_promote_next(files, file);
	account_give_up_dry(&file->account);
	files_rest(files, file);
	file_set_state(file, FILE_FINISHED);
	files_close(files, file);
	if (nameless)
		files_remove(files, file, true);
}
