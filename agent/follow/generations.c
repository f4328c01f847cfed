/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generations that nobody saw: they came to a path and were rotated away while we were down, or
 * faster than we looked. No row and no file knows them, they lie outside the patterns as a rule,
 * and whoever does not find them loses all their lines. Whoever takes too much ships what nobody
 * asked for. So a file is one of them only if all of this holds:
 *
 *   - it lies where generations of its lineage are: beside the path, beside the file behind a link,
 *     or beside the last known generation, which tells where rotation puts them;
 *   - its name is the lineage's with what rotation adds (rotated.c); a bare number counts only when
 *     the last known generation was named alike, when the numbers between the two are there, and
 *     when it was not written any more once the path had its next file: worker-8081 is not
 *     worker's;
 *   - it began after the last known generation, and before the file that has the path now was made;
 *     where that file is older than the last known generation it is truncated and copied
 *     (copytruncate): then it is no copy of what is in the file now;
 *   - no row, no known file, no other source's pattern has it, and no exclude leaves it out.
 *
 * Accepted weakness: a clock that was set back between two rotations hides the later generation.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "follow/copies_private.h"
#include "follow/follow_private.h"
#include "search/age.h"
#include "search/rotated.h"
#include "search/twins.h"

/* So many generations of one path in one go are taken; more are told and left. */
#define GENERATIONS_MAX 65536
/* A writer that was told to open its file anew may take so long to do it. */
#define SLACK_NS 2000000000LL
/* And so long if there is more evidence. */
#define LATE_NS 120000000000LL
/* The file system's clock is behind ours by so much at most. */
#define TICK_NS 20000000LL

struct generation {
	char *path;
	int64_t began_ns;
};

struct search {
	struct files *files;
	struct discover *discover;
	struct places *places;
	const struct missed *missed;
	struct stat now;    /* the file that has the path; st_ino 0: none has */
	bool in_the_making; /* a copy of what is at the path now was found */
	int64_t made_ns;    /* when the file that has the path now was made; INT64_MAX: unknown */
	int64_t before_ns;  /* that, if generations are renamed */
	int live;           /* that file, or -1 */
	struct generation *found;
	size_t n;
	size_t capacity;
	bool more; /* than GENERATIONS_MAX */
};

static const char *name_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* The same of what it was before it was compressed. */
static const char *plain_name_of(const char *path, char buffer[NAME_MAX + 1])
{
	char *plain = rotated_unpacked(name_of(path));

	snprintf(buffer, NAME_MAX + 1, "%s", plain ? plain : name_of(path));
	free(plain);
	return buffer;
}

/* The number in name is reached from that of `known` by names of the directory, one by one. */
static bool is_counted_on(struct search *search, const char *dir, const char *base,
			  const char *name, const char *known)
{
	size_t stem = rotated_stem(base);
	char *const *names;
	size_t n = places_names(search->places, dir, base, stem, &names);
	uint64_t from, to, number;
	bool grown = true;

	/* Several numbers: a date with an index, say, which has no next one. */
	if (!rotated_number(known, stem, &from) || !rotated_number(name, stem, &number))
		return true;
	for (to = from; grown && (number < from || number > to);) {
		uint64_t other;

		grown = false;
		for (size_t i = 0; i < n; i++) {
			if (!rotated_alike(names[i], known) ||
			    !rotated_number(names[i], stem, &other))
				continue;
			if (other + 1 == from)
				from = other;
			else if (other == to + 1)
				to = other;
			else
				continue;
			grown = true;
		}
	}
	return number >= from && number <= to;
}

/*
 * The evidence that a name with a bare number needs; worker.1 only when the known one was named
 * otherwise and it is still written to.
 */
static bool is_believed(struct search *search, const char *dir, const char *base, const char *name,
			enum rotated kind, const struct statx *stx)
{
	char buffer[NAME_MAX + 1];
	const char *known =
		search->missed->path ? plain_name_of(search->missed->path, buffer) : NULL;

	if (kind == ROTATED_SURELY)
		return true;
	if (kind == ROTATED_NUMBERED)
		return !known || rotated_alike(name, known) ||
		       age_ns(&stx->stx_mtime) - LATE_NS <= search->before_ns;
	return known && rotated_judge(known, base) != ROTATED_NO && rotated_alike(name, known) &&
	       age_ns(&stx->stx_mtime) - SLACK_NS <= search->before_ns &&
	       is_counted_on(search, dir, base, name, known);
}

/* Nobody else's: no file's, no row's, no other source's, and none that its own leaves out. */
static bool is_free(const struct search *search, const char *path, const struct statx *stx)
{
	struct files *files = search->files;
	uint64_t device = makedev(stx->stx_dev_major, stx->stx_dev_minor);
	int own = (int)(search->missed->source - files->sources);
	int wants = discover_wants(search->discover, path);

	/* Another name of it is no generation (rotatelogs -L). */
	if (stx->stx_ino == search->now.st_ino && device == search->now.st_dev)
		return false;
	if (files_by_inode(files, device, stx->stx_ino) ||
	    follow_has_row(files, path, device, stx->stx_ino))
		return false;
	if (wants >= 0 || !discover_excludes(search->discover, own, path))
		return wants < 0 || wants == own;
	log_source(files->log, LOG_NOTICE, search->missed->source->name, "excluded",
		   "%s: looks like a generation of %s that came unseen, but an `exclude` pattern "
		   "leaves it out",
		   path, search->missed->lineage);
	return false;
}

static int add(struct search *search, char *path, int64_t began_ns)
{
	if (search->n == search->capacity) {
		size_t capacity = search->capacity ? 2 * search->capacity : 16;
		void *found = reallocarray(search->found, capacity, sizeof search->found[0]);

		if (!found)
			return -ENOMEM;
		search->found = found;
		search->capacity = capacity;
	}
	search->found[search->n++] = (struct generation){path, began_ns};
	return 0;
}

/*
 * In time between the last known one and the one at the path; within one tick the name tells. What
 * was compressed may have the time of that, which is later than the next one's beginning.
 */
static bool began_between(const struct search *search, const char *name, bool packed,
			  int64_t began_ns)
{
	const struct missed *missed = search->missed;
	char known[NAME_MAX + 1];

	if (began_ns < missed->after_ns || (began_ns > search->before_ns && !packed))
		return false;
	return began_ns > missed->after_ns || !missed->path ||
	       !rotated_is_before(name, plain_name_of(missed->path, known));
}

/* One name of dir. 0 or -ENOMEM. */
static int judge(struct search *search, const char *dir, const char *base, const char *name)
{
	char plain[NAME_MAX + 1];
	enum rotated kind;
	struct statx stx;
	int64_t began_ns;
	char *path;
	int r = 0;

	if (asprintf(&path, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name) < 0)
		return -ENOMEM;
	kind = rotated_judge(plain_name_of(path, plain), base);
	if (kind == ROTATED_NO) {
		free(path);
		return 0;
	}
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &stx) < 0 ||
	    !S_ISREG(stx.stx_mode)) {
		free(path);
		return 0;
	}
	began_ns = age_began_ns(&stx);
	if (age_made(&stx) < search->missed->known_ns ||
	    !began_between(search, plain, rotated_is_packed(name), began_ns) ||
	    !is_believed(search, dir, base, plain, kind, &stx) || !is_free(search, path, &stx)) {
		free(path);
		return 0;
	}
	search->more = search->n == GENERATIONS_MAX;
	if (!search->more)
		r = add(search, path, began_ns);
	if (r || search->more)
		free(path);
	return r;
}

static int look_into(struct search *search, const char *dir, const char *base)
{
	char *const *names;
	size_t n = places_names(search->places, dir, base, rotated_stem(base), &names);
	int r = 0;

	for (size_t i = 0; !r && i < n && !search->more; i++)
		r = judge(search, dir, base, names[i]);
	if (r || strcmp(base, "current") != 0)
		return r;
	n = places_names(search->places, dir, "@", 1, &names);
	for (size_t i = 0; !r && i < n && !search->more; i++)
		r = judge(search, dir, base, names[i]);
	return r;
}

/* In a directory, by the lineage's name and by that of the file behind a link. */
static int look_into_dir(struct search *search, const char *dir)
{
	const struct missed *missed = search->missed;
	int r = look_into(search, dir, name_of(missed->lineage));

	if (!r && missed->real && strcmp(name_of(missed->real), name_of(missed->lineage)) != 0)
		r = look_into(search, dir, name_of(missed->real));
	return r;
}

/* A path where `rotated` says that generations are. */
static int see_rotated(void *context, const char *path)
{
	struct search *search = context;
	char *dir = places_dir_of(path);
	int r = dir ? judge(search, dir, name_of(search->missed->lineage), name_of(path)) : -ENOMEM;

	free(dir);
	return r;
}

#define DIRS_MAX 4

static int look_into_dirs(struct search *search, char *const dirs[DIRS_MAX])
{
	int r = 0;

	for (size_t i = 0; !r && i < DIRS_MAX; i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again |= dirs[i] && dirs[j] && strcmp(dirs[i], dirs[j]) == 0;
		if (dirs[i] && !again)
			r = look_into_dir(search, dirs[i]);
	}
	return r;
}

static int look_everywhere(struct search *search)
{
	const struct missed *missed = search->missed;
	const char *paths[DIRS_MAX - 1] = {missed->lineage, missed->real, missed->path};
	char *dirs[DIRS_MAX] = {NULL};
	int r = 0;

	for (size_t i = 0; i < DIRS_MAX - 1; i++) {
		dirs[i] = paths[i] ? places_dir_of(paths[i]) : NULL;
		if (paths[i] && !dirs[i])
			r = -ENOMEM;
	}
	dirs[DIRS_MAX - 1] = missed->went ? strdup(missed->went) : NULL;
	if (!r)
		r = look_into_dirs(search, dirs);
	if (!r && missed->source->rotated &&
	    discover_list(missed->source->rotated, see_rotated, search) == -ENOMEM)
		r = -ENOMEM;
	for (size_t i = 0; i < DIRS_MAX; i++)
		free(dirs[i]);
	return r;
}

/*
 * Fast rotations begin within one tick of the file system's clock: then their names tell, and that
 * of the known one, the earliest of all, tells which way they go.
 */
static int by_age(const void *a, const void *b, void *context)
{
	const struct generation *left = a, *right = b;
	const char *known = ((const struct search *)context)->missed->path;
	int order = strverscmp(left->path, right->path);

	/* Their times may be those of their packing, and tell nothing. */
	if (rotated_is_packed(left->path) && rotated_is_packed(right->path)) {
		if (rotated_is_before(left->path, right->path))
			return -1;
		if (rotated_is_before(right->path, left->path))
			return 1;
	}
	if (left->began_ns != right->began_ns)
		return left->began_ns < right->began_ns ? -1 : 1;
	if (!known || !rotated_alike(name_of(known), name_of(left->path)))
		return rotated_order(left->path, right->path);
	return strverscmp(name_of(known), name_of(left->path)) < 0 ? order : -order;
}

void follow_tell_unseen(struct files *files, const struct source *source, const char *path,
			const char *lineage)
{
	log_source(files->log, LOG_INFO, source->name, "generation-unseen",
		   "%s: a generation of %s that came and was rotated before it was seen", path,
		   lineage);
	files->counters->rotations++;
	files->counters->generations_unseen++;
}

/*
 * Of what the last known generation holds, or held before it was truncated: that is for claims.c to
 * prove.
 */
static bool is_copy_of_newest(const struct file *newest, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !st.st_size)
		return false;
	if (!content_is_gone(&newest->tail, &newest->identity))
		return twins_is_beginning(fd, newest->tail.fd);
	return content_may_be(&newest->tail, &newest->identity, fd);
}

/* A copy of what is in the file at the path now, perhaps in the making, or of what was there. */
static bool is_copy(struct search *search, int fd, const struct identity *identity)
{
	struct file *newest = search->missed->newest;

	if (search->live >= 0 && identity->born_ns >= search->made_ns &&
	    twins_is_beginning(fd, search->live)) {
		search->in_the_making = true;
		return true;
	}
	if (!newest || newest->tail.fd < 0 || newest->tail.packing ||
	    !is_copy_of_newest(newest, fd))
		return false;
	/* Behind the next ones nobody knows that any more. */
	if (identity->born_ns >= newest->known_ns)
		newest->known_ns = identity->born_ns + 1;
	return true;
}

/* The descriptor of a generation; -1: it is none after all. */
static int open_generation(struct search *search, const char *path, struct identity *ret_identity)
{
	struct files *files = search->files;
	int fd = files_open_path(files, path, search->missed->source->links);
	enum packed_kind packed;

	if (fd < 0)
		return -1;
	packed = packed_kind_of_file(fd);
	/* Another name of one that was just taken in is that. */
	if (!identity_of(fd, ret_identity) && (packed || !follow_is_compressed(fd)) &&
	    !files_by_inode(files, ret_identity->device, ret_identity->inode) &&
	    (packed || !is_copy(search, fd, ret_identity)))
		return fd;
	close(fd);
	return -1;
}

uint64_t follow_continued_at(const struct file *newest, int fd)
{
	struct stat st;

	return newest && newest->tail.fd >= 0 && fstat(newest->tail.fd, &st) == 0 &&
			       st.st_nlink == 0 && twins_is_beginning(newest->tail.fd, fd) ?
		       (uint64_t)st.st_size :
		       0;
}

static int adopt(struct search *search, const char *path)
{
	const struct missed *missed = search->missed;
	struct files *files = search->files;
	struct birth birth = {
		.source = missed->source,
		.path = path,
		.lineage = missed->lineage,
		.real = missed->real,
		.discover = search->discover,
		/* What was found by more than its name. */
		.moved = rotated_judge(name_of(path), name_of(missed->lineage)) == ROTATED_PERHAPS,
	};
	struct identity identity;
	struct copy *copy;
	int fd = open_generation(search, path, &identity);

	if (fd < 0)
		return 0;
	copy = copies_held(files, &identity);
	if (copy)
		copies_free(files, copy);
	birth.packing = packed_kind_of_file(fd);
	birth.position = birth.packing ? 0 : follow_continued_at(missed->newest, fd);
	birth.unseen = birth.packing;
	if (!birth.unseen)
		follow_tell_unseen(files, missed->source, path, missed->lineage);
	return follow_adopt(files, &birth, fd, &identity);
}

/* All of them, in their order. 0 or -ENOMEM; the search is to be ended. */
static int begin(struct search *search)
{
	const struct missed *missed = search->missed;
	const char *path = missed->real ? missed->real : missed->lineage;
	int r;

	if (stat(missed->lineage, &search->now) < 0)
		search->now.st_ino = 0;
	search->made_ns = age_made_ns(path);
	search->before_ns = search->made_ns;
	if (missed->copied || search->made_ns <= missed->after_ns)
		search->before_ns = INT64_MAX;
	r = look_everywhere(search);
	if (search->n)
		qsort_r(search->found, search->n, sizeof search->found[0], by_age, search);
	search->live = search->n ? reach_open(path, missed->source->links) : -1;
	if (search->more)
		log_source(
			search->files->log, LOG_WARNING, missed->source->name,
			"generations-too-many",
			"%s: more than %d generations came and were rotated before they were seen: "
			"the others are left out",
			missed->lineage, GENERATIONS_MAX);
	return r;
}

static void end(struct search *search)
{
	if (search->live >= 0)
		close(search->live);
	for (size_t i = 0; i < search->n; i++)
		free(search->found[i].path);
	free(search->found);
}

int follow_missed(struct files *files, struct discover *discover, struct places *places,
		  const struct missed *missed)
{
	struct search search = {files, discover, places, missed, .live = -1};
	int r = begin(&search);

	for (size_t i = 0; !r && i < search.n; i++)
		r = adopt(&search, search.found[i].path);
	end(&search);
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
	struct search search = {files, discover, places, &missed, .live = -1};
	int r = places ? begin(&search) : -ENOMEM;

	*ret_fd = -1;
	for (size_t i = 0; !r && *ret_fd < 0 && i < search.n; i++) {
		*ret_fd = open_generation(&search, search.found[i].path, ret_identity);
		*ret_path = search.found[i].path;
		if (*ret_fd >= 0)
			search.found[i].path = NULL;
	}
	file->suspect = search.in_the_making;
	end(&search);
	places_free(places);
	return r ? r : *ret_fd < 0 ? FOLLOW_E_NONE : 0;
}

int follow_missed_after(struct files *files, struct discover *discover, struct places *places,
			struct file *newest)
{
	struct missed missed = {
		.source = newest->source,
		.lineage = newest->lineage,
		.real = newest->real,
		.path = newest->path,
		.went = newest->went,
		.newest = newest,
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
	return follow_missed(files, discover, places, &missed);
}

/*
 * A storm of rotations costs one look into each directory for all hints that were told together,
 * and one more for each file that is younger than that: others may have come before it.
 */
static int renew_places(struct files *files, const char *path)
{
	int64_t made_ns = age_made_ns(path);

	if (files->places && made_ns != INT64_MAX && made_ns > files->places_ns - TICK_NS)
		files->places = places_free(files->places);
	if (files->places)
		return 0;
	files->places_ns = clock_real_ms() * 1000000;
	files->places = places_new();
	return files->places ? 0 : -ENOMEM;
}

int follow_missed_now(struct files *files, struct discover *discover, struct file *newest)
{
	int r = renew_places(files, newest->real ? newest->real : newest->lineage);

	if (r)
		return r;

	/* They come behind what was cut off of it: claims.c. */
	if (!r && copies_is_cut_off(files, newest)) {
		files_wake(files, newest);
		return 0;
	}
	/* Its name of now is the best hint to theirs. */
	if (!r && strcmp(newest->path, newest->lineage) == 0)
		r = follow_trace(files, discover, newest);
	if (!r)
		r = follow_missed_after(files, discover, files->places, newest);
	return r;
}
