/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptors of files. A file keeps its descriptor while there is room, because an open
 * descriptor is what survives an unlink between two looks (A02). Above max_open a file that is
 * settled is closed: the least recently used one of the source that has most. Those that are not
 * settled cannot be closed, so no source has more open than three times what is left.
 */
#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <syslog.h>

#include "files/files.h"

/* How many are looked at to find one that can be closed, so that one open costs O(1). */
#define CLOSE_LOOKS 16

size_t files_max_open(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 512;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur > FILES_OPEN_MAX + FILES_KEPT_BACK)
		return FILES_OPEN_MAX;
	return limit.rlim_cur > 2 * FILES_KEPT_BACK ? limit.rlim_cur - FILES_KEPT_BACK :
						      limit.rlim_cur / 2;
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
	return (file->state == FILE_READING || file->state == FILE_WAITING) && !file->left_path &&
	       file_is_settled(file);
}

static bool has_its_name(const struct file *file)
{
	struct stat own, named;

	return fstat(file->tail.fd, &own) == 0 && stat(file->path, &named) == 0 &&
	       named.st_ino == own.st_ino && named.st_dev == own.st_dev;
}

/*
 * The same of a rotated file that is kept open for late lines: it has a name by which it is found
 * again, and nothing in it is unread now.
 */
static bool may_close_rotated(const struct file *file)
{
	return file->state == FILE_READING && file->left_path && file_is_settled(file) &&
	       !tail_has_more(&file->tail) && has_its_name(file);
}

/*
 * At a start a rotated file may have its turn still to come, too: with all descriptors in use no
 * directory could be read, and nothing new be found.
 */
static bool may_close_at_start(const struct file *file)
{
	return (file->state == FILE_READING || file->state == FILE_WAITING) && file->left_path &&
	       file_is_settled(file) && has_its_name(file);
}

/* Of those not used for the longest time; false when none of them may be closed. */
static bool close_oldest(struct files *files, struct files_share *share,
			 bool (*may)(const struct file *file))
{
	struct file *file = TAILQ_FIRST(&share->open);

	for (int looks = 0; file && looks < CLOSE_LOOKS; looks++) {
		struct file *next = TAILQ_NEXT(file, open_link);

		if (may(file)) {
			tail_give_back(&file->tail);
			files_close(files, file);
			return true;
		}
		TAILQ_REMOVE(&share->open, file, open_link);
		TAILQ_INSERT_TAIL(&share->open, file, open_link);
		file = next;
	}
	return false;
}

static bool close_one_of(struct files *files, struct files_share *share)
{
	return close_oldest(files, share, may_close) ||
	       close_oldest(files, share, may_close_rotated) ||
	       close_oldest(files, share, may_close_waiting) ||
	       (files->first_scan && close_oldest(files, share, may_close_at_start));
}

/* Of the source that has most open; else of another one. */
static bool close_one(struct files *files)
{
	struct files_share *most = files->shares;

	for (size_t i = 0; i <= files->n_sources; i++) {
		if (files->shares[i].n_open > most->n_open)
			most = &files->shares[i];
	}
	if (close_one_of(files, most))
		return true;
	for (size_t i = 0; i <= files->n_sources; i++) {
		if (&files->shares[i] != most && close_one_of(files, &files->shares[i]))
			return true;
	}
	return false;
}

/* Whether one more is open than it may have beside the others. */
static bool has_its_share(const struct files *files, const struct files_share *share)
{
	size_t left = files->max_open > files->n_open ? files->max_open - files->n_open : 0;

	return share->n_open && share->n_open >= FILES_SHARE_TIMES * left;
}

bool files_may_open(struct files *files, const struct source *source)
{
	struct files_share *share = files_share_of(files, source);

	if (files->n_sources < 2)
		return true;
	while (has_its_share(files, share) && close_one_of(files, share))
		;
	if (!has_its_share(files, share))
		return true;
	log_source(files->log, LOG_WARNING, source->name, "descriptors",
		   "source %s: %zu files of it are open and wait for brokers; the rest of %zu is "
		   "left to other sources, and its other files wait; raise LimitNOFILE= of the "
		   "service, or ulimit -n",
		   source->name, share->n_open, files->max_open);
	return false;
}

static void tell_crowded(struct files *files)
{
	struct rlimit limit = {0};

	files->crowded = true;
	getrlimit(RLIMIT_NOFILE, &limit);
	log_limited(files->log, LOG_WARNING, "descriptors",
		    "%llu open files are not enough for all files with unread lines: those without "
		    "one wait for others; raise LimitNOFILE= of the service, or ulimit -n",
		    (unsigned long long)limit.rlim_cur);
}

/*
 * Tens of thousands of files with something to read, none of them idle; or the limit was lowered
 * from outside (prlimit), so that descriptors of the state and of brokers need room below it.
 */
static void make_room(struct files *files)
{
	size_t max = files_max_open();

	if (max < files->max_open)
		files->max_open = max;
	close_one(files);
	while (files->n_open >= files->max_open && close_one(files))
		;
}

int files_open_path(struct files *files, const char *path, enum reach_links links)
{
	int fd = reach_open(path, links);

	if (fd == -EMFILE) {
		make_room(files);
		fd = reach_open(path, links);
	}
	if (fd == -EMFILE)
		tell_crowded(files);
	return fd;
}

void files_set_fd(struct files *files, struct file *file, int fd)
{
	struct files_share *share = files_share_of(files, file->source);

	files_close(files, file);
	/* Before it is in the list, or it may be this one. More than one after an outage. */
	while (files->n_open >= files->max_open && close_one(files))
		;
	tail_set_fd(&file->tail, fd);
	file->late = false;
	TAILQ_INSERT_TAIL(&share->open, file, open_link);
	share->n_open++;
	files->n_open++;
}

void files_close(struct files *files, struct file *file)
{
	struct files_share *share = files_share_of(files, file->source);

	if (file->tail.fd < 0)
		return;
	file_end_proof(file, &files->proofs);
	TAILQ_REMOVE(&share->open, file, open_link);
	share->n_open--;
	files->n_open--;
	tail_close(&file->tail);
	files_unpacked(files, file);
}
