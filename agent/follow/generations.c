/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of generations that nobody saw (generations_find.c): each is taken in behind the
 * last known one, unless its bytes say that it is a copy of that, or of what is at the path now.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "follow/copies_private.h"
#include "follow/generations_private.h"
#include "search/age.h"
#include "search/rotated.h"
#include "search/twins.h"

/* The file system's clock is behind ours by so much at most. */
#define TICK_NS 20000000LL

void follow_tell_unseen(struct files *files, const struct source *source, const char *path,
			const char *lineage)
{
	log_source(files->log, LOG_INFO, source->name, "generation-unseen",
		   "%s: a generation of %s that came and was rotated before it was seen", path,
		   lineage);
	files->counters->rotations++;
	files->counters->generations_unseen++;
}

static int64_t mtime_of(const struct stat *st)
{
	return st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec;
}

/* Nothing is no copy. */
static bool is_copy_of_open(int of, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size && twins_is_beginning(fd, of);
}

/*
 * Of what the last known generation holds, or held before it was truncated: that is for claims.c to
 * prove.
 */
static bool is_copy_of_newest(const struct file *newest, int fd)
{
	struct stat st;

	if (newest->tail.packing)
		return fstat(fd, &st) == 0 && st.st_size &&
		       twins_is_beginning_of_packed(fd, newest->tail.fd, newest->tail.packing);
	if (!content_is_gone(&newest->tail, &newest->identity))
		return is_copy_of_open(newest->tail.fd, fd);
	return fstat(fd, &st) == 0 && st.st_size &&
	       content_may_be(&newest->tail, &newest->identity, fd);
}

/*
 * The same of one that may be closed: only if that was written after the file was made. What was
 * made later may be the next generation, of a program that writes the same each time it starts.
 */
static bool is_copy_of_earlier(struct files *files, struct file *file, int fd, int64_t born_ns)
{
	struct stat st;
	bool is;

	if (!born_ns || file->tail.packing)
		return false;
	if (file->tail.fd >= 0)
		return fstat(file->tail.fd, &st) == 0 && mtime_of(&st) > born_ns &&
		       is_copy_of_newest(file, fd);
	if (!file->seen.known || file->seen.mtime_ns <= born_ns)
		return false;
	if (files_open(files, file))
		return content_is_beginning(&file->tail, &file->identity, fd);
	is = is_copy_of_newest(file, fd);
	if (file->state == FILE_FINISHED)
		files_close(files, file);
	return is;
}

/* Which known one had the path when something was made beside it; NULL: none. */
static struct file *holder_at(const struct generations *search, int64_t born_ns)
{
	const char *lineage = search->missed->lineage;
	struct file *file = map_get(search->files->by_lineage, lineage, strlen(lineage));

	while (file && file->identity.born_ns > born_ns)
		file = file->older;
	return file;
}

/* A copy of what comes behind; or that goes on in it, which has no name any more: claims.c. */
static bool is_former(int former, int fd)
{
	struct stat st;

	return is_copy_of_open(former, fd) ||
	       (fstat(former, &st) == 0 && !st.st_nlink && is_copy_of_open(fd, former));
}

static void learn_of(struct file *known, const struct identity *identity)
{
	if (known && identity->born_ns >= known->known_ns)
		known->known_ns = identity->born_ns + 1;
}

/* It is a copy. Behind the next generations nobody knows that any more. */
static void learn_known(const struct generations *search, const struct identity *identity)
{
	const struct missed *missed = search->missed;
	struct file *known =
		map_get(search->files->by_lineage, missed->lineage, strlen(missed->lineage));

	learn_of(missed->newest, identity);
	/* Each that waits may have a search of its own, and knows its own bytes only. */
	for (; known; known = known->older)
		learn_of(known, identity);
}

/*
 * A copy of what is in the file at the path now, perhaps in the making, of what was there when it
 * was made, or of the last known one.
 */
static bool is_copy(struct generations *search, int fd, const struct identity *identity)
{
	struct file *newest = search->missed->newest, *holder;

	if (search->live >= 0 && identity->born_ns >= search->made_ns &&
	    twins_is_beginning(fd, search->live)) {
		search->in_the_making = true;
		return true;
	}
	if (search->missed->before && is_former(search->missed->before->fd, fd))
		return true;
	holder = holder_at(search, identity->born_ns);
	if ((!holder || holder == newest ||
	     !is_copy_of_earlier(search->files, holder, fd, identity->born_ns)) &&
	    (!newest || !(newest->tail.fd >= 0 ? is_copy_of_newest(newest, fd) :
						 is_copy_of_earlier(search->files, newest, fd,
								    identity->born_ns))))
		return false;
	learn_known(search, identity);
	return true;
}

/* What it is made of is there still, and has its place. */
static bool is_being_packed(const char *path)
{
	char *name = rotated_unpacked(path);
	bool is = name && access(name, F_OK) == 0;

	free(name);
	return is;
}

/* The descriptor of the i-th generation; -1: it is none after all. */
static int open_generation(struct generations *search, size_t i, bool packed,
			   struct identity *ret_identity)
{
	const char *path = search->found[i].path;
	struct files *files = search->files;
	int fd;

	if (is_being_packed(path))
		return -1;
	fd = files_open_path(files, path, search->missed->source->links);
	if (fd < 0)
		return -1;
	/* Another name of one that was just taken in is that. */
	if (!identity_of(fd, ret_identity) &&
	    (!follow_is_compressed(fd) || (packed && packed_kind_of_file(fd))) &&
	    !files_by_identity(files, ret_identity) && !is_copy(search, fd, ret_identity))
		return fd;
	close(fd);
	return -1;
}

static int adopt(struct generations *search, size_t i)
{
	const struct missed *missed = search->missed;
	const char *path = search->found[i].path;
	struct files *files = search->files;
	struct birth birth = {
		.source = missed->source,
		.path = path,
		.lineage = missed->lineage,
		.real = missed->real,
		.discover = search->discover,
		/* What was found by more than its name. */
		.moved = rotated_judge(generations_name_of(path),
				       generations_name_of(missed->lineage)) == ROTATED_PERHAPS,
	};
	struct identity identity;
	struct copy *copy;
	int fd = open_generation(search, i, true, &identity);

	if (fd < 0)
		return 0;
	copy = copies_held(files, &identity);
	if (copy)
		copies_free(files, copy);
	birth.packing = packed_kind_of_file(fd);
	birth.unseen = birth.packing;
	if (!birth.unseen)
		follow_tell_unseen(files, missed->source, path, missed->lineage);
	return follow_adopt(files, &birth, fd, &identity);
}

int follow_missed(struct files *files, struct discover *discover, struct places *places,
		  const struct missed *missed)
{
	struct generations search = {files, discover, places, missed, .live = -1};
	int r = generations_find(&search);

	for (size_t i = 0; !r && i < search.n; i++)
		r = adopt(&search, i);
	generations_end(&search);
	return r;
}

int follow_oldest_unseen(struct files *files, struct discover *discover, struct file *file,
			 char **ret_path, int *ret_fd, struct identity *ret_identity)
{
	struct missed missed = {
		.source = file->source,
		.lineage = file->lineage,
		.real = file->real,
		.went = file->went,
		.newest = file,
		.after_ns = file->known_ns,
		.known_ns = file->known_ns,
		.copied = true,
	};
	struct places *places = places_new();
	struct generations search = {files, discover, places, &missed, .live = -1};
	int r = places ? generations_find(&search) : -ENOMEM;

	*ret_fd = -1;
	for (size_t i = 0; !r && *ret_fd < 0 && i < search.n; i++) {
		*ret_fd = open_generation(&search, i, false, ret_identity);
		if (*ret_fd < 0)
			continue;
		*ret_path = search.found[i].path;
		search.found[i].path = NULL;
	}
	file->suspect = search.in_the_making;
	generations_end(&search);
	places_free(places);
	return r ? r : *ret_fd < 0 ? FOLLOW_E_NONE : 0;
}

/*
 * When what is in it began, of one that was compressed or copied after the next one had come, and
 * has another age since. A file that was copied and cut off is at its path still: what was made of
 * that is younger than the copy. began_ns: when the file that it is in now began.
 */
static int64_t content_began_ns(const struct file *newest, int64_t began_ns)
{
	int64_t made_ns = age_made_ns(newest->real ? newest->real : newest->lineage);
	int64_t known_ns = newest->began_ns;

	if (!known_ns)
		return began_ns;
	/* What was made before its last line is known. */
	if (known_ns < newest->whole_ns)
		known_ns = newest->whole_ns;
	return known_ns < began_ns && (newest->tail.packing ? known_ns : began_ns) < made_ns ?
		       known_ns :
		       began_ns;
}

static int missed_after(struct files *files, struct discover *discover, struct places *places,
			struct file *newest, const struct missed_before *before)
{
	struct missed missed = {
		.source = newest->source,
		.lineage = newest->lineage,
		.real = newest->real,
		.path = newest->path,
		.went = newest->went,
		.newest = newest,
		.before = before,
		.known_ns = newest->known_ns,
		.after_ns = newest->identity.born_ns ? newest->identity.born_ns : INT64_MAX,
	};
	struct statx stx;

	if (newest->tail.fd >= 0 ?
		    statx(newest->tail.fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME,
			  &stx) == 0 :
		    statx(AT_FDCWD, newest->path, 0, STATX_BASIC_STATS | STATX_BTIME, &stx) == 0 &&
			    stx.stx_ino == newest->identity.inode)
		missed.after_ns = age_began_ns(&stx);
	/* Closed, and renamed since: as age.c says, by the time that it had when it was read. */
	else if (newest->seen.known && newest->seen.mtime_ns < missed.after_ns)
		missed.after_ns = newest->seen.mtime_ns;
	missed.copied_ns = missed.after_ns;
	missed.after_ns = content_began_ns(newest, missed.after_ns);
	return follow_missed(files, discover, places, &missed);
}

/* What came behind what was cut off of it waits until that is found: claims.c. */
static bool must_wait(struct files *files, struct file *newest)
{
	if (!copies_is_claimed(files, newest))
		return false;
	files_wake(files, newest);
	return true;
}

int follow_missed_after(struct files *files, struct discover *discover, struct places *places,
			struct file *newest)
{
	if (must_wait(files, newest))
		return 0;
	return missed_after(files, discover, places, newest, NULL);
}

/*
 * A storm of rotations costs one look into each directory for all hints that were told together,
 * and one more for each file that is younger than that: others may have come before it.
 */
static int renew_places(struct files_looked *looked, const char *path)
{
	int64_t made_ns = age_made_ns(path);

	if (made_ns != INT64_MAX && made_ns > looked->ns - TICK_NS)
		files_unlook(looked);
	return looked->places ? 0 : follow_look(looked);
}

int follow_look(struct files_looked *looked)
{
	files_unlook(looked);
	looked->ns = clock_real_ms() * 1000000;
	looked->places = places_new();
	return looked->places ? 0 : -ENOMEM;
}

static int missed_now(struct files *files, struct discover *discover, struct files_looked *looked,
		      struct file *newest, const struct missed_before *before)
{
	int r = renew_places(looked, newest->real ? newest->real : newest->lineage);

	if (r)
		return r;
	if (must_wait(files, newest))
		return 0;
	/* Its name of now is the best hint to theirs. */
	if (strcmp(newest->path, newest->lineage) == 0)
		r = follow_trace(files, discover, newest);
	if (!r)
		r = missed_after(files, discover, looked->places, newest, before);
	return r;
}

int follow_missed_now(struct files *files, struct discover *discover, struct file *newest)
{
	return missed_now(files, discover, &files->looked, newest, NULL);
}

int follow_missed_then(struct files *files, struct discover *discover, struct files_looked *looked,
		       struct file *newest)
{
	return missed_now(files, discover, looked, newest, NULL);
}

int follow_missed_before(struct files *files, struct discover *discover, struct file *newest,
			 int former)
{
	struct missed_before before = {.fd = former};
	struct stat st;
	char *name;
	int r;

	if (former < 0 || fstat(former, &st) < 0)
		return follow_missed_now(files, discover, newest);
	before.written_ns = mtime_of(&st);
	before.path = name = files_name_of(former);
	r = missed_now(files, discover, &files->looked, newest, &before);
	free(name);
	return r;
}
