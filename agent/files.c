/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of files and their descriptors. A file is its inode; its path is only where it was seen
 * last, so three maps: by inode, by path, and by lineage (the path at which a generation was
 * found).
 *
 * Descriptors: a file keeps its descriptor while there is room, because an open descriptor is what
 * survives an unlink between two looks (A02). Above max_open the least recently used file that is
 * settled is closed; it is opened again by identity, by its path or, when that names another file,
 * by a look through its directory (D03).
 */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Left for brokers, the store, the loop and a look through directories. */
#define DESCRIPTORS_KEPT_BACK 128
/* More than so many open files are of no use: each costs kernel memory. */
#define DESCRIPTORS_MAX 8192
/* How many are looked at to find one that can be closed, so that one open costs O(1). */
#define CLOSE_LOOKS 16

static struct inode_key key_of(uint64_t device, uint64_t inode)
{
	return (struct inode_key){device, inode};
}

/* Raises the soft limit to the hard one and says how many files may be open. */
static size_t descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 512;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur > DESCRIPTORS_MAX + DESCRIPTORS_KEPT_BACK)
		return DESCRIPTORS_MAX;
	return limit.rlim_cur > 2 * DESCRIPTORS_KEPT_BACK ? limit.rlim_cur - DESCRIPTORS_KEPT_BACK :
							    limit.rlim_cur / 2;
}

static void learn_own_log(struct files *files)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode)) {
		files->own_log_device = st.st_dev;
		files->own_log_inode = st.st_ino;
	}
}

static int remember_rows(struct files *files, struct store_file *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		struct inode_key key = key_of(rows[i].device, rows[i].inode);
		int r = map_put(files->stored, &key, sizeof key, &rows[i]);

		if (r)
			return r;
		if (rows[i].id >= files->next_id)
			files->next_id = rows[i].id + 1;
	}
	files->rows = rows;
	files->n_rows = n_rows;
	return 0;
}

int files_init(struct files *files, const struct conf *conf, struct chunk_pools *pools,
	       struct counters *counters, struct log *log, struct store_file *rows, size_t n_rows)
{
	*files = (struct files){
		.conf = conf,
		.pools = pools,
		.counters = counters,
		.log = log,
		.by_inode = map_new(),
		.by_path = map_new(),
		.by_lineage = map_new(),
		.refused = map_new(),
		.stored = map_new(),
		.source_known = calloc(conf->n_sources + 1, sizeof(bool)),
		.next_id = 1,
		.agent_id = "",
		.first_scan = true,
		.max_open = descriptor_limit(),
	};
	TAILQ_INIT(&files->ready);
	TAILQ_INIT(&files->held);
	TAILQ_INIT(&files->dirty);
	TAILQ_INIT(&files->aging);
	TAILQ_INIT(&files->open);
	learn_own_log(files);
	if (!files->by_inode || !files->by_path || !files->by_lineage || !files->refused ||
	    !files->stored || !files->source_known)
		return -ENOMEM;
	return remember_rows(files, rows, n_rows);
}

void files_deinit(struct files *files)
{
	void *cursor = NULL;
	struct file *file;

	while (files->by_inode && (file = map_next(files->by_inode, &cursor)))
		file_free(file);
	files->by_inode = map_free(files->by_inode);
	files->by_path = map_free(files->by_path);
	files->by_lineage = map_free(files->by_lineage);
	files->refused = map_free(files->refused);
	files->stored = map_free(files->stored);
	files->rows = store_files_free(files->rows, files->n_rows);
	free(files->source_known);
	free(files->removed);
}

struct file *files_by_inode(const struct files *files, uint64_t device, uint64_t inode)
{
	struct inode_key key = key_of(device, inode);

	return map_get(files->by_inode, &key, sizeof key);
}

int files_insert(struct files *files, struct file *file)
{
	struct inode_key key = key_of(file->identity.device, file->identity.inode);
	struct file *newest = map_get(files->by_lineage, file->lineage, strlen(file->lineage));
	int r;

	r = map_put(files->by_path, file->path, strlen(file->path), file);
	if (!r && (!newest || newest->id < file->id))
		r = map_put(files->by_lineage, file->lineage, strlen(file->lineage), file);
	if (!r)
		r = map_put(files->by_inode, &key, sizeof key, file);
	return r;
}

/* Takes the entry out only while it is this file's: a later file may have taken the name over. */
static void take_if_own(struct map *map, const char *name, const struct file *file)
{
	if (map_get(map, name, strlen(name)) == file)
		map_take(map, name, strlen(name));
}

int files_move(struct files *files, struct file *file, const char *path)
{
	int r;

	if (strcmp(file->path, path) == 0)
		return map_put(files->by_path, path, strlen(path), file);
	take_if_own(files->by_path, file->path, file);
	r = file_set_path(file, path);
	if (!r)
		r = map_put(files->by_path, file->path, strlen(file->path), file);
	files_dirty(files, file);
	return r;
}

void files_forget_row(struct files *files, uint64_t id)
{
	if (files->n_removed == files->removed_capacity) {
		size_t capacity = files->removed_capacity ? 2 * files->removed_capacity : 64;
		void *removed = reallocarray(files->removed, capacity, sizeof files->removed[0]);

		if (!removed)
			return;
		files->removed = removed;
		files->removed_capacity = capacity;
	}
	files->removed[files->n_removed++] = id;
}

void files_remove(struct files *files, struct file *file, bool forget)
{
	struct inode_key key = key_of(file->identity.device, file->identity.inode);

	files_promote_next(files, file);
	files_rest(files, file);
	files_close(files, file);
	if (file->dirty)
		TAILQ_REMOVE(&files->dirty, file, dirty_link);
	files_unage(files, file);
	if (forget)
		files_forget_row(files, file->id);
	take_if_own(files->by_path, file->path, file);
	take_if_own(files->by_lineage, file->lineage, file);
	if (map_get(files->by_inode, &key, sizeof key) == file)
		map_take(files->by_inode, &key, sizeof key);
	file_free(file);
}

void files_promote_next(struct files *files, struct file *older)
{
	struct file *newer = older->newer;

	file_unchain(older);
	if (!newer || newer->older)
		return;
	file_set_state(newer, FILE_READING);
	files_ready(files, newer);
}

void files_rest(struct files *files, struct file *file)
{
	if (file->queue == FILE_QUEUE_READY)
		TAILQ_REMOVE(&files->ready, file, queue_link);
	else if (file->queue == FILE_QUEUE_HELD)
		TAILQ_REMOVE(&files->held, file, queue_link);
	file->queue = FILE_QUEUE_NONE;
}

void files_ready(struct files *files, struct file *file)
{
	if (file->queue == FILE_QUEUE_READY)
		return;
	files_rest(files, file);
	TAILQ_INSERT_TAIL(&files->ready, file, queue_link);
	file->queue = FILE_QUEUE_READY;
}

void files_hold(struct files *files, struct file *file)
{
	if (file->queue == FILE_QUEUE_HELD)
		return;
	files_rest(files, file);
	TAILQ_INSERT_TAIL(&files->held, file, queue_link);
	file->queue = FILE_QUEUE_HELD;
}

void files_release_held(struct files *files)
{
	struct file *file;

	while ((file = TAILQ_FIRST(&files->held)))
		files_ready(files, file);
}

void files_dirty(struct files *files, struct file *file)
{
	if (file->dirty)
		return;
	file->dirty = true;
	TAILQ_INSERT_TAIL(&files->dirty, file, dirty_link);
}

void files_age(struct files *files, struct file *file)
{
	if (file->aging)
		return;
	file->aging = true;
	TAILQ_INSERT_TAIL(&files->aging, file, aging_link);
}

void files_unage(struct files *files, struct file *file)
{
	if (!file->aging)
		return;
	file->aging = false;
	TAILQ_REMOVE(&files->aging, file, aging_link);
}

void files_left_path(struct files *files, struct file *file)
{
	file->left_path = true;
	files_age(files, file);
}

/*
 * Nothing would be missed if it were closed: all read and settled, and its name is still its own.
 */
static bool may_close(const struct file *file)
{
	return file->state == FILE_READING && !file->left_path && file->queue == FILE_QUEUE_NONE &&
	       file_is_settled(file);
}

/* The same of a file that has its turn still to come: it is opened again for it. */
static bool may_close_waiting(const struct file *file)
{
	return file->state == FILE_READING && !file->left_path && file_is_settled(file);
}

/* Of those not used for the longest time; false when none of them may be closed. */
static bool close_oldest(struct files *files, bool (*may)(const struct file *file))
{
	struct file *file = TAILQ_FIRST(&files->open);

	for (int looks = 0; file && looks < CLOSE_LOOKS; looks++) {
		struct file *next = TAILQ_NEXT(file, open_link);

		if (may(file)) {
			account_give_up_dry(&file->account);
			files_close(files, file);
			return true;
		}
		TAILQ_REMOVE(&files->open, file, open_link);
		TAILQ_INSERT_TAIL(&files->open, file, open_link);
		file = next;
	}
	return false;
}

int files_open_path(struct files *files, const char *path)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, flags);

	/* Tens of thousands of files with something to read: none of them is idle. */
	if (fd < 0 && errno == EMFILE &&
	    (close_oldest(files, may_close) || close_oldest(files, may_close_waiting)))
		fd = open(path, flags);
	return fd < 0 ? -errno : fd;
}

void files_set_fd(struct files *files, struct file *file, int fd)
{
	files_close(files, file);
	tail_set_fd(&file->tail, fd);
	TAILQ_INSERT_TAIL(&files->open, file, open_link);
	files->n_open++;
	if (files->n_open > files->max_open && !close_oldest(files, may_close))
		(void)close_oldest(files, may_close_waiting);
}

void files_close(struct files *files, struct file *file)
{
	if (file->tail.fd < 0)
		return;
	TAILQ_REMOVE(&files->open, file, open_link);
	files->n_open--;
	tail_close(&file->tail);
}

char *files_find_in(const char *dir, uint64_t device, uint64_t inode)
{
	DIR *stream = opendir(dir);
	char *path = NULL;
	struct dirent *entry;
	struct stat st;

	if (!stream)
		return NULL;
	while ((entry = readdir(stream)))
		if (entry->d_ino == inode && fstatat(dirfd(stream), entry->d_name, &st, 0) == 0 &&
		    st.st_dev == device && S_ISREG(st.st_mode)) {
			if (asprintf(&path, "%s/%s", dir, entry->d_name) < 0)
				path = NULL;
			break;
		}
	closedir(stream);
	return path;
}

/*
 * The file's descriptor by this path; -ENOENT when the path names another file or nothing; other
 * negative errno. Whether the content is still the same is for the tail's look-back to say.
 */
static int open_same(struct files *files, const struct file *file, const char *path)
{
	struct identity identity;
	struct stat st;
	int fd;

	/* stat first: opening a FIFO that took the name would wake its writer. */
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_ino != file->identity.inode ||
	    st.st_dev != file->identity.device)
		return -ENOENT;
	fd = files_open_path(files, path);
	if (fd < 0)
		return fd;
	if (identity_of(fd, &identity) || !identity_same_inode(&identity, &file->identity)) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

int files_open(struct files *files, struct file *file)
{
	char *dir, *slash, *path;
	int fd, r;

	if (file->tail.fd >= 0)
		return 0;
	fd = open_same(files, file, file->path);
	if (fd >= 0) {
		files_set_fd(files, file, fd);
		return 0;
	}
	if (fd != -ENOENT)
		return fd == -EMFILE ? FILES_E_CROWDED : fd;
	dir = strdup(file->path);
	if (!dir)
		return -ENOMEM;
	slash = strrchr(dir, '/');
	*slash = '\0';
	path = files_find_in(dir, file->identity.device, file->identity.inode);
	free(dir);
	fd = path ? open_same(files, file, path) : -ENOENT;
	if (fd >= 0)
		r = files_move(files, file, path);
	else
		r = fd == -ENOENT ? FILES_E_GONE : fd;
	free(path);
	if (r) {
		if (fd >= 0)
			close(fd);
		return r;
	}
	files_left_path(files, file);
	files_set_fd(files, file, fd);
	return 0;
}
