/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path whose inode is not known: opened, told from what is no log, met again in a stored row or
 * given its first position.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "files/rows.h"
#include "follow/copies.h"
#include "follow/follow.h"
#include "follow/follow_private.h"
#include "search/rotated.h"

/*
 * So many paths of a source are remembered, each of which was told once. Of further ones there may
 * be millions, and nothing is told.
 */
#define TOLD_MAX 1000

/* Whether it was not told of the path yet; told: paths of which it was. */
static bool is_news(struct files *files, struct map *told, const struct source *source,
		    const char *path)
{
	struct files_share *share = files_share_of(files, source);

	if (share->n_told > TOLD_MAX || map_get(told, path, strlen(path)) ||
	    map_put(told, path, strlen(path), share))
		return false;
	if (++share->n_told <= TOLD_MAX)
		return true;
	log_source(files->log, LOG_WARNING, source->name, "told-max",
		   "source %s: more than %d of its paths are refused or cannot be read: of further "
		   "ones nothing is told; waybill check shows what they are",
		   source->name, TOLD_MAX);
	return false;
}

bool follow_is_news(struct files *files, const struct source *source, const char *path)
{
	return is_news(files, files->refused, source, path);
}

bool follow_end_news(struct map *told, const char *path)
{
	struct files_share *share = map_count(told) ? map_take(told, path, strlen(path)) : NULL;

	if (share)
		share->n_told--;
	return share;
}

void follow_refuse(struct files *files, const struct source *source, const char *path,
		   const char *id, const char *what)
{
	if (!follow_is_news(files, source, path))
		return;
	log_source(files->log, LOG_WARNING, source->name, id,
		   "%s: %s: it is not followed; an `exclude` pattern silences this", path, what);
}

void follow_refuse_link(struct files *files, const struct source *source, const char *path)
{
	follow_refuse(
		files, source, path, "link-refused",
		"a symbolic link whose owner is neither root nor that of what it leads to, or "
		"that leads where no logs are (`follow_links`)");
}

/* error: negative errno */
static void unreadable(struct files *files, const struct birth *birth, int error)
{
	files->n_unreadable++;
	if (!is_news(files, files->unreadable, birth->source, birth->path))
		return;
	if (error == -EACCES || error == -EPERM)
		log_source(files->log, LOG_WARNING, birth->source->name, "file-denied",
			   "%s: permission denied: waybill's user or one of its groups must be "
			   "able to read it; "
			   "it is tried again when its mode changes and every half minute",
			   birth->path);
	else
		log_source(files->log, LOG_WARNING, birth->source->name, "file-unreadable",
			   "%s: %s: it is tried again every half minute", birth->path,
			   strerror(-error));
}

static void readable(struct files *files, const struct birth *birth)
{
	if (follow_end_news(files->unreadable, birth->path))
		log_source(files->log, LOG_NOTICE, birth->source->name, "file-readable",
			   "%s: it can be read now", birth->path);
}

/* Its descriptor, or -1 after telling why. */
static int open_for_reading(struct files *files, const struct birth *birth)
{
	int fd = files_may_open(files, birth->source) ?
			 files_open_path(files, birth->path, birth->source->links) :
			 -EMFILE;

	if (fd >= 0)
		return fd;
	if (fd == -ELOOP) {
		follow_refuse_link(files, birth->source, birth->path);
		return -1;
	}
	/* Of descriptors it was told what to raise. */
	files->n_unreadable += fd == -EMFILE;
	if (fd != -ENOENT && fd != -EMFILE)
		unreadable(files, birth, fd);
	return -1;
}

/*
 * Whether a file that was never seen before is read from its end. At a later start of a source it
 * is not, however old it is: it may have come, and been written, while nobody looked.
 */
static bool starts_at_end(const struct files *files, const struct birth *birth,
			  const struct stat *st, int64_t now_ms)
{
	const struct source *source = birth->source;
	int64_t age_ms = now_ms - (st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000);

	if (files->first_scan && files->damaged)
		return files->damaged_at_end;
	if (files_is_first(files, source) && files->source_known[source - files->sources])
		return false;
	if (source->ignore_older_ms && age_ms > (int64_t)source->ignore_older_ms) {
		log_source(files->log, LOG_INFO, source->name, "ignore-older",
			   "%s: not written for longer than ignore_older: what is in it now is "
			   "left out",
			   birth->path);
		return true;
	}
	return files_is_first(files, source) && source->start_at == SOURCE_START_END;
}

static int find_start(const struct files *files, int fd, int64_t now_ms, struct birth *birth)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	birth->position = 0;
	if (!starts_at_end(files, birth, &st, now_ms))
		return 0;
	birth->packing = packed_kind_of_file(fd);
	birth->leave_out = birth->packing != PACKED_NOT;
	if (birth->leave_out)
		return 0;
	r = tail_find_end(fd, source_line_rules(birth->source, fd), &birth->position);
	birth->within = r == TAIL_E_WITHIN;
	return r < 0 ? r : 0;
}

static struct file *newest_of(const struct files *files, const char *lineage)
{
	return map_get(files->by_lineage, lineage, strlen(lineage));
}

static int adopt_new(struct files *files, struct birth birth, int fd,
		     const struct identity *identity, int64_t now_ms)
{
	struct file *newest = newest_of(files, birth.path);
	int r = 0;

	birth.row = rows_take(files, fd, identity);
	if (!birth.row) {
		birth.row = rows_take_at(files, birth.path, fd, &birth.packing);
		birth.by_content = birth.row != NULL;
	}
	if (!birth.row && !birth.judged &&
	    !(birth.source->compressed && rotated_is_packed(birth.path))) {
		r = copies_hold(files, &birth, fd, identity, clock_mono_us());
		if (r)
			return r < 0 ? r : 0;
	}
	/* Renames may be faster than hints: what came between comes first. */
	if (newest && !birth.row)
		r = follow_missed_now(files, birth.discover, newest);
	/* It may have been one of these, renamed since it was opened. */
	if (!r && files_by_identity(files, identity)) {
		close(fd);
		return 0;
	}
	if (birth.row)
		birth.position = birth.row->committed;
	else if (!r)
		r = find_start(files, fd, now_ms, &birth);
	if (r) {
		close(fd);
		if (r != -ENOMEM)
			unreadable(files, &birth, r);
		return r == -ENOMEM ? r : 0;
	}
	return follow_adopt(files, &birth, fd, identity);
}

int follow_look_at(struct files *files, const struct birth *birth, int64_t now_ms)
{
	struct identity identity;
	int fd = open_for_reading(files, birth);
	int r;

	if (fd < 0)
		return 0;
	r = identity_of(fd, &identity);
	if (r < 0)
		unreadable(files, birth, r);
	else
		readable(files, birth);
	if (r || files_by_identity(files, &identity)) {
		close(fd);
		return 0;
	}
	if (follow_is_compressed(fd) && !(birth->source->compressed && packed_kind_of_file(fd))) {
		follow_refuse(files, birth->source, birth->path, "file-compressed",
			      "a compressed file");
		close(fd);
		return 0;
	}
	return adopt_new(files, *birth, fd, &identity, now_ms);
}
