/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the store, met again at a start. A row names an inode and the bytes it begins with;
 * the path is only where to look first. When the path names another inode now, the file was rotated
 * while we were down: its directory is looked through for the inode, and also for generations that
 * came after it and were rotated too, which no row knows. Those are told by their names (the path
 * with a suffix of digits, dots, dashes: what logrotate and its kin append) and put in the order of
 * their last writing. They lie outside the patterns, so nobody else would ever read them.
 *
 * Accepted weakness: generations that were renamed to something else, compressed or deleted while
 * the agent was down are lost; files_lost counts the one that we knew.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "files/follow.h"
#include "files/follow_private.h"

/* More unseen generations of one path than this are not looked for. */
#define GENERATIONS_MAX 64

struct generation {
	char *path;
	int64_t written_ns;
};

enum {
	ROW_E_OTHER = 1, /* no file there, or another one */
	ROW_E_LATER,     /* it cannot be looked at now: its row stays */
};

/*
 * Same inode, birth time and first bytes as the row says. A file system may get another device
 * number at a boot or remount (A04): with a birth time and first bytes that agree that is no other
 * file. 0 or the E codes.
 */
static int compare(int fd, const struct store_file *row, struct identity *ret_identity)
{
	struct identity then = {row->device, row->inode, row->born_ns, row->head_len,
				row->head_hash};
	int r;

	if (identity_of(fd, ret_identity))
		return ROW_E_LATER;
	if (row->born_ns && row->born_ns == ret_identity->born_ns && row->head_len)
		then.device = ret_identity->device;
	if (!identity_same_inode(&then, ret_identity))
		return ROW_E_OTHER;
	r = identity_head_matches(fd, &then);
	return r < 0 ? ROW_E_LATER : r ? 0 : ROW_E_OTHER;
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

/* The row's file under this path. 0 or the E codes. */
static int open_row(const struct store_file *row, const char *path, int *ret_fd,
		    struct identity *ret_identity)
{
	struct stat st;
	int fd, r;

	if (stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? ROW_E_OTHER : ROW_E_LATER;
	if (!S_ISREG(st.st_mode) || st.st_ino != row->inode)
		return ROW_E_OTHER;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? ROW_E_OTHER : ROW_E_LATER;
	r = compare(fd, row, ret_identity);
	if (r)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

bool follow_is_rotated(const char *name, const char *base)
{
	size_t len = strlen(base);

	if (strncmp(name, base, len) != 0 || (name[len] != '.' && name[len] != '-'))
		return false;
	return name[len + 1] && strspn(name + len, ".-_0123456789T") == strlen(name + len);
}

static int by_time(const void *a, const void *b)
{
	int64_t left = ((const struct generation *)a)->written_ns;
	int64_t right = ((const struct generation *)b)->written_ns;

	return left < right ? -1 : left > right;
}

/* Whether a row that was not met yet is this file's; its inode may be one that was used again. */
static bool has_row(const struct files *files, const char *path, const struct stat *st)
{
	struct inode_key key = {st->st_dev, st->st_ino};
	const struct store_file *row = map_get(files->stored, &key, sizeof key);
	struct identity identity;
	int fd, r;

	if (!row)
		return false;
	r = open_row(row, path, &fd, &identity);
	if (!r)
		close(fd);
	return r != ROW_E_OTHER;
}

/* Rotated files of the lineage that no row and no file knows, written after a known one was. */
static size_t find_generations(const struct files *files, const char *lineage, const char *dir,
			       int64_t after_ns, struct generation *generations)
{
	const char *base = strrchr(lineage, '/') + 1;
	DIR *stream = opendir(dir);
	struct dirent *entry;
	struct stat st;
	size_t n = 0;

	while (stream && n < GENERATIONS_MAX && (entry = readdir(stream))) {
		struct generation *next = &generations[n];

		if (!follow_is_rotated(entry->d_name, base) ||
		    fstatat(dirfd(stream), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		next->written_ns = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
		if (next->written_ns < after_ns || files_by_inode(files, st.st_dev, st.st_ino) ||
		    asprintf(&next->path, "%s/%s", dir, entry->d_name) < 0)
			continue;
		if (has_row(files, next->path, &st))
			free(next->path);
		else
			n++;
	}
	if (stream)
		closedir(stream);
	qsort(generations, n, sizeof generations[0], by_time);
	return n;
}

static int adopt_generation(struct files *files, const struct source *source, const char *lineage,
			    const char *path)
{
	struct birth birth = {.source = source, .path = path, .lineage = lineage};
	struct identity identity;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return 0;
	if (identity_of(fd, &identity) || follow_is_compressed(fd)) {
		close(fd);
		return 0;
	}
	log_say(files->log, LOG_INFO,
		"%s: a generation of %s that came and was rotated before it was seen", path,
		lineage);
	files->counters->rotations++;
	return follow_adopt(files, &birth, fd, &identity);
}

/* The generations between a known one, rotated to dir, and the one that has its path now. */
static int adopt_between(struct files *files, const struct source *source, const char *lineage,
			 const char *dir, int64_t after_ns)
{
	struct generation generations[GENERATIONS_MAX];
	size_t n = find_generations(files, lineage, dir, after_ns, generations);
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		if (!r)
			r = adopt_generation(files, source, lineage, generations[i].path);
		free(generations[i].path);
	}
	return r;
}

static int64_t written_ns(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? INT64_MAX :
				    st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
}

/* The same of a file that may be closed. INT64_MAX: it has no name that is known, either. */
static int64_t last_written_ns(const struct file *file)
{
	struct stat st;

	if (file->tail.fd >= 0)
		return written_ns(file->tail.fd);
	if (stat(file->path, &st) < 0 || st.st_ino != file->identity.inode)
		return INT64_MAX;
	return st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
}

int follow_missed(struct files *files, const struct file *newest)
{
	int64_t after_ns = last_written_ns(newest);
	char *dir = strdup(newest->path);
	int r;

	if (!dir)
		return -ENOMEM;
	*strrchr(dir, '/') = '\0';
	r = adopt_between(files, newest->source, newest->lineage, *dir ? dir : "/", after_ns);
	free(dir);
	return r;
}

static void forget(struct files *files, const struct store_file *row)
{
	struct inode_key key = {row->device, row->inode};

	if (map_get(files->stored, &key, sizeof key) == row)
		map_take(files->stored, &key, sizeof key);
	files_forget_row(files, row->id);
}

/*
 * No file has the row's identity any more. The row stays while its whole directory is away (A04).
 */
static void vanished(struct files *files, const struct store_file *row, const char *dir)
{
	if (access(dir, F_OK) < 0)
		return;
	if (strcmp(row->path, row->lineage) == 0) {
		files->counters->files_lost++;
		log_say(files->log, LOG_WARNING,
			"%s: the file that was read up to position %llu is gone: lines written to "
			"it after that "
			"are lost (deleted, or rotated to another directory, while waybill was "
			"down)",
			row->path, (unsigned long long)row->committed);
	}
	forget(files, row);
}

static int adopt_row(struct files *files, const struct birth *birth, int fd,
		     const struct identity *identity)
{
	struct inode_key key = {identity->device, identity->inode};

	map_take(files->stored, &key, sizeof key);
	return follow_adopt(files, birth, fd, identity);
}

/* The row's path is another file's, or nobody's: it was rotated within dir, or is gone. */
static int take_moved(struct files *files, struct birth birth, const char *dir)
{
	struct stat st;
	char *found = files_find_in(dir, stat(dir, &st) < 0 ? birth.row->device : st.st_dev,
				    birth.row->inode);
	struct identity identity;
	int64_t after_ns;
	int fd, r;

	r = found ? open_row(birth.row, found, &fd, &identity) : ROW_E_OTHER;
	if (r == ROW_E_OTHER)
		vanished(files, birth.row, dir);
	if (!r) {
		after_ns = written_ns(fd);
		birth.path = found;
		/* Renamed once more is not rotated once more. */
		files->counters->rotations += strcmp(birth.row->path, birth.row->lineage) == 0;
		r = adopt_row(files, &birth, fd, &identity);
		if (!r)
			r = adopt_between(files, birth.source, birth.lineage, dir, after_ns);
	}
	free(found);
	return r < 0 ? r : 0;
}

/* A row that cannot be looked at now stays in files->stored: it is met again when its path is. */
static int take_row(struct files *files, const struct source *source, const struct store_file *row)
{
	struct birth birth = {source, row->path, row->lineage, row, row->committed};
	struct identity identity;
	char *dir;
	int fd, r;

	/* An inode that was used again has two rows until the older one is forgotten. */
	if (files_by_inode(files, row->device, row->inode)) {
		forget(files, row);
		return 0;
	}
	r = open_row(row, row->path, &fd, &identity);
	if (!r)
		return adopt_row(files, &birth, fd, &identity);
	if (r == ROW_E_LATER)
		return 0;
	dir = strdup(row->path);
	if (!dir)
		return -ENOMEM;
	*strrchr(dir, '/') = '\0';
	r = take_moved(files, birth, *dir ? dir : "/");
	free(dir);
	return r;
}

int follow_stored(struct files *files, struct discover *discover)
{
	for (size_t i = 0; i < files->n_rows; i++) {
		const struct store_file *row = &files->rows[i];
		int source = discover_wants(discover, row->lineage);
		int r;

		if (source < 0)
			continue;
		r = take_row(files, &files->sources[source], row);
		if (r)
			return r;
	}
	return 0;
}
