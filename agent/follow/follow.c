/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rotation, from where we stand: a path names another inode than before. The file that had the path
 * is still open and is read to its end; the file that has it now waits behind it (A01, A15). After
 * a restart the same picture is put together from the stored rows: an inode that is known goes on
 * where it was, under whatever name it is found (A11).
 *
 * Here a hint becomes a look at its path, and the look an answer to which file that is. A file that
 * nobody knows is taken in by adopt.c.
 *
 * stat comes before open, because opening a FIFO wakes its writer and opening a device may do
 * anything; fstat after open is what counts (C12, C14).
 */
#include "follow/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "files/doubt.h"
#include "files/kept.h"
#include "files/poll.h"
#include "follow/follow_private.h"
#include "input/links.h"
#include "search/age.h"
#include "search/rotated.h"

/* Each kind of what is no file is told by itself: beside many of one kind the others are news. */
static void refuse_kind(struct files *files, const struct source *source, const char *path,
			mode_t mode)
{
	if (S_ISFIFO(mode))
		follow_refuse(files, source, path, "file-is-fifo", "a FIFO");
	else if (S_ISDIR(mode))
		follow_refuse(files, source, path, "file-is-directory", "a directory");
	else if (S_ISSOCK(mode))
		follow_refuse(files, source, path, "file-is-socket", "a socket");
	else
		follow_refuse(files, source, path, "file-is-device", "a device");
}

/*
 * The file has another path, too. When links to it are gone it went by the name behind them: now it
 * goes by this one. What no source wants, the end of a link say, is no path to go by: the next
 * start would know of it as nobody's.
 */
static int second_name(struct files *files, const struct discover *discover, struct file *file,
		       const char *path)
{
	if (discover_wants(discover, path) < 0)
		return 0;
	if (file->left_path && file->real && strcmp(file->path, file->real) == 0)
		return files_settle_at(files, file, path);
	if (file->second && strcmp(file->second, path) == 0)
		return 0;
	return file_set_second(file, path);
}

/* A known file under a path: its own, a new name of it, or a second name (A13, A14). */
static int known_under(struct files *files, const struct discover *discover, struct file *file,
		       const char *path, const struct stat *st)
{
	struct stat own;
	int r;

	if (strcmp(file->path, path) == 0) {
		if (file->looked != files->look)
			poll_found(files, file, (uint64_t)st->st_size);
		file->looked = files->look;
		/*
		 * It was away, nobody knows where, and is back: nothing took its place meanwhile.
		 */
		if (strcmp(path, file->lineage) == 0 && !file->newer)
			file->left_path = false;
	} else {
		if (stat(file->path, &own) == 0 && own.st_ino == st->st_ino &&
		    own.st_dev == st->st_dev) {
			log_source(files->log, LOG_DEBUG, file->source->name, "file-second-name",
				   "%s is %s: it is read once", path, file->path);
			return second_name(files, discover, file, path);
		}
		r = follow_rename(files, discover, file, path);
		if (r)
			return r;
	}
	if ((!file->tail.packing &&
	     (uint64_t)st->st_size != account_read_position(&file->account)) ||
	    doubt_touched(file, st))
		files_wake(files, file);
	return 0;
}

/* The file at the path; NULL: nobody knows it. It may free one whose inode that has by now. */
static struct file *known_at(struct files *files, const char *path, const struct stat *st)
{
	struct file *former = files_by_inode(files, st->st_dev, st->st_ino);
	struct file *file = files_at(files, path, st->st_dev, st->st_ino);

	/* What was in it may be there compressed. */
	if (former != file)
		files_forget(files, former);
	return file;
}

/*
 * A file that we know was found at path: whoever was there before, a link's old target say, left.
 */
static int found_known(struct files *files, struct discover *discover, struct file *file,
		       const char *path, const struct stat *st)
{
	struct file *holder = map_get(files->by_path, path, strlen(path));
	int r = holder && holder != file ? follow_check(files, discover, holder) : 0;

	return r ? r : known_under(files, discover, file, path, st);
}

/*
 * The birth's path is a link. A file that another source wants by its own path is that one's, with
 * no link to it. 0; FOLLOW_E_LEFT: nothing is to be done with it; -ENOMEM.
 */
enum { FOLLOW_E_LEFT = 1 };
static int follow_link(struct files *files, struct discover *discover, struct birth *birth,
		       char real[PATH_MAX])
{
	int r = links_follow(discover, birth->path, birth->source->links, real), owner;

	if (r == LINKS_E_REFUSED)
		follow_refuse_link(files, birth->source, birth->path);
	/* What cannot be reached is told by who opens it. */
	if (r == LINKS_E_NOWHERE || r == LINKS_E_MISSING)
		return 0;
	if (r)
		return r < 0 ? r : FOLLOW_E_LEFT;
	owner = discover_wants(discover, real);
	if (owner < 0 || &files->sources[owner] == birth->source)
		return 0;
	birth->source = &files->sources[owner];
	birth->path = birth->lineage = real;
	return 0;
}

/* A link that leads nowhere yet: what has to come first is watched for. 0 or -ENOMEM. */
static int wait_for_target(struct files *files, struct discover *discover,
			   const struct birth *birth)
{
	char missing[PATH_MAX];
	int r = links_follow(discover, birth->path, birth->source->links, missing);

	if (r == LINKS_E_MISSING)
		return dangling_add(&files->danglings, missing,
				    (int)(birth->source - files->sources), birth->path);
	return r < 0 ? r : 0;
}

int follow_found(struct files *files, struct discover *discover, int source, const char *path,
		 const char *lineage, int64_t now_ms)
{
	struct birth birth = {.source = &files->sources[source],
			      .path = path,
			      .lineage = lineage,
			      .discover = discover};
	char real[PATH_MAX];
	struct file *file;
	struct stat st;
	bool link, placed;
	int r;

	/* One look at what is no link, which is nearly everything. */
	if (birth.source->gone || lstat(path, &st) < 0)
		return 0;
	link = S_ISLNK(st.st_mode);
	if (link && stat(path, &st) < 0) {
		r = wait_for_target(files, discover, &birth);
		if (r || stat(path, &st) < 0)
			return r;
	}
	if (!S_ISREG(st.st_mode)) {
		refuse_kind(files, files->sources + source, path, st.st_mode);
		return 0;
	}
	if (st.st_dev == files->own_log_device && st.st_ino == files->own_log_inode) {
		follow_refuse(files, files->sources + source, path, "own-log", "waybill's own log");
		return 0;
	}
	r = link ? follow_link(files, discover, &birth, real) : 0;
	if (r)
		return r < 0 ? r : 0;
	placed = strcmp(birth.path, birth.lineage) != 0;
	birth.moved = placed && !files_is_first(files, birth.source);
	file = known_at(files, birth.path, &st);
	if (file)
		return found_known(files, discover, file, birth.path, &st);
	if (!files_has_room(files, birth.source))
		return 0;
	/*
	 * Rotated before anybody looked at it under its first name: that lineage takes it in. A
	 * scan has put what it found in order, and finds no more.
	 */
	if (follow_must_wait(files, &birth))
		return 0;
	file = placed ? NULL : follow_newest_of(files, birth.path);
	r = file ? follow_missed_now(files, discover, file) : 0;
	return r ? r : follow_look_at(files, &birth, now_ms);
}

/* A name that no pattern wants, or that was written to: perhaps a file that we know. */
static int changed(struct files *files, const char *path)
{
	struct file *file = map_get(files->by_path, path, strlen(path));
	struct stat st;

	/* The target of a symbolic link is in the table under the link's path. */
	if (!file && stat(path, &st) == 0)
		file = known_at(files, path, &st);
	if (!file)
		return 0;
	poll_told(file);
	file->late = file->tail.fd < 0;
	files_wake(files, file);
	return 0;
}

/* The file to whose lineage links lead from there, at this path; NULL: no link that we know. */
static struct file *behind_link(const struct files *files, const char *path)
{
	struct file *file = map_get(files->by_lineage, path, strlen(path));

	return file && file->real && strcmp(file->real, path) == 0 ? file : NULL;
}

/* Where to look again. A look may free files: so it knows none. */
struct spot {
	int source;
	char *lineage;
};

/* 0 or -ENOMEM. */
static int spot_of(const struct files *files, const struct file *file, struct spot *ret_spot)
{
	ret_spot->source = (int)(file->source - files->sources);
	ret_spot->lineage = strdup(file->lineage);
	return ret_spot->lineage ? 0 : -ENOMEM;
}

/* Looks again at the path at which generations of the lineage are found. Frees the spot. */
static int look_again(struct files *files, struct discover *discover, struct spot *spot,
		      int64_t now_ms)
{
	int r = follow_found(files, discover, spot->source, spot->lineage, spot->lineage, now_ms);

	free(spot->lineage);
	return r;
}

/* A link on the way of others leads elsewhere: which ones, only a look tells. O(all files). */
static int link_changed(struct files *files, struct discover *discover, int64_t now_ms)
{
	struct spot *spots = calloc(map_count(files->by_inode) + 1, sizeof *spots);
	const struct file *file;
	void *cursor = NULL;
	size_t n = 0;
	int r = spots ? 0 : -ENOMEM;

	while (!r && (file = map_next(files->by_inode, &cursor)))
		if (file->real && !file->left_path)
			r = spot_of(files, file, &spots[n++]);
	for (size_t i = 0; i < n; i++)
		if (r)
			free(spots[i].lineage);
		else
			r = look_again(files, discover, &spots[i], now_ms);
	free(spots);
	return r;
}

static int moved(struct files *files, struct discover *discover, const char *path, int64_t now_ms)
{
	struct file *file = behind_link(files, path);
	struct spot spot;
	struct stat st;
	int r = 0;

	if (lstat(path, &st) < 0)
		return 0;
	if (S_ISLNK(st.st_mode))
		return link_changed(files, discover, now_ms);
	if (file)
		r = spot_of(files, file, &spot);
	if (!r && file)
		r = look_again(files, discover, &spot, now_ms);
	if (r || !S_ISREG(st.st_mode))
		return r;
	file = known_at(files, path, &st);
	if (file)
		return known_under(files, discover, file, path, &st);
	follow_copied(files, path);
	/* Rotated before anybody looked at it under its first name. */
	file = follow_newest_of(files, path);
	return file ? follow_missed_now(files, discover, file) : 0;
}

static int left(struct files *files, struct discover *discover, const char *path)
{
	struct file *file = map_get(files->by_path, path, strlen(path));

	follow_end_news(files->refused, path);
	follow_end_news(files->unreadable, path);
	if (!file)
		file = behind_link(files, path);
	return file ? follow_check(files, discover, file) : 0;
}

void follow_begin_look(struct files *files)
{
	files->look++;
	quota_begin_look(&files->quota);
	quota_begin_look(&files->awake);
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
		return moved(files, discover, hint->path, now_ms);
	case HINT_MADE:
		follow_copied(files, hint->path);
		return 0;
	case HINT_LEFT:
		return left(files, discover, hint->path);
	case HINT_LEFT_TREE:
		/* Its files' descriptors are still open. */
		follow_check_below(files, hint->path);
		return 0;
	case HINT_NONE:
		return 0;
	}
	return 0;
}
