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
#include <sys/sysmacros.h>
#include <syslog.h>
#include <unistd.h>

#include "files/rows.h"
#include "follow/generations_private.h"
#include "search/age.h"
#include "search/rotated.h"

/* So many generations of one path in one go are taken; more are told and left. */
#define GENERATIONS_MAX 65536
/* A writer that was told to open its file anew may take so long to do it. */
#define SLACK_NS 2000000000LL
/* And so long if there is more evidence. */
#define LATE_NS 120000000000LL
/* The same of what it was before it was compressed. */
static const char *plain_name_of(const char *path, char buffer[NAME_MAX + 1])
{
	char *plain = rotated_unpacked(generations_name_of(path));

	snprintf(buffer, NAME_MAX + 1, "%s", plain ? plain : generations_name_of(path));
	free(plain);
	return buffer;
}

/* The number in name is reached from that of `known` by names of the directory, one by one. */
static bool is_counted_on(struct generations *search, const char *dir, const char *base,
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
static bool is_believed(struct generations *search, const char *dir, const char *base,
			const char *name, enum rotated kind, const struct statx *stx)
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
static bool is_free(const struct generations *search, const char *path, const struct statx *stx)
{
	struct files *files = search->files;
	uint64_t device = makedev(stx->stx_dev_major, stx->stx_dev_minor);
	int own = (int)(search->missed->source - files->sources);
	int wants = discover_wants(search->discover, path);

	/* Another name of it is no generation (rotatelogs -L). */
	if (stx->stx_ino == search->now.st_ino && device == search->now.st_dev)
		return false;
	if (files_at(files, path, device, stx->stx_ino) ||
	    rows_has(files, path, device, stx->stx_ino))
		return false;
	if (wants >= 0 || !discover_excludes(search->discover, own, path))
		return wants < 0 || wants == own;
	log_source(files->log, LOG_NOTICE, search->missed->source->name, "generation-excluded",
		   "%s: looks like a generation of %s that came unseen, but an `exclude` pattern "
		   "leaves it out",
		   path, search->missed->lineage);
	return false;
}

static int add(struct generations *search, char *path, int64_t began_ns)
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
static bool began_between(const struct generations *search, const char *name, bool packed,
			  int64_t began_ns)
{
	const struct missed *missed = search->missed;
	char known[NAME_MAX + 1];

	if (began_ns < missed->after_ns || (began_ns > search->before_ns && !packed))
		return false;
	return began_ns > missed->after_ns || !missed->path ||
	       !rotated_is_before(name, plain_name_of(missed->path, known));
}

/*
 * A copy is made before what takes the place of its bytes is written. What began later took the
 * path when that was renamed; what began before is a copy, or another file that was there when
 * somebody wrote late: the names tell. So they do where a time may be that of packing.
 */
static bool is_behind(const struct missed_before *before, const char *name, bool packed,
		      int64_t began_ns)
{
	const char *other = before->path ? generations_name_of(before->path) : "";

	if (began_ns > before->written_ns && !(packed && rotated_is_before(name, other)))
		return true;
	return rotated_is_before(other, name);
}

/* One name of dir. 0 or -ENOMEM. */
static int judge(struct generations *search, const char *dir, const char *base, const char *name)
{
	const struct missed_before *before = search->missed->before;
	char plain[NAME_MAX + 1];
	enum rotated kind;
	struct statx stx;
	int64_t began_ns, made_ns;
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
	/* Packing makes a file anew, but leaves it the time of the last write, as a rule. */
	made_ns = rotated_is_packed(name) ? began_ns : age_made(&stx);
	if (made_ns < search->missed->known_ns ||
	    !began_between(search, plain, rotated_is_packed(name), began_ns) ||
	    (before && is_behind(before, plain, rotated_is_packed(name), began_ns)) ||
	    !is_believed(search, dir, base, plain, kind, &stx) || !is_free(search, path, &stx)) {
		free(path);
		return 0;
	}
	/* It was there when the last known one was copied, and was written on since, or cut off. */
	if (began_ns < search->missed->copied_ns && !rotated_is_packed(name))
		began_ns = age_ns(&stx.stx_mtime);
	search->more = search->n == GENERATIONS_MAX;
	if (!search->more)
		r = add(search, path, began_ns);
	if (r || search->more)
		free(path);
	return r;
}

static int look_into(struct generations *search, const char *dir, const char *base)
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
static int look_into_dir(struct generations *search, const char *dir)
{
	const struct missed *missed = search->missed;
	int r = look_into(search, dir, generations_name_of(missed->lineage));

	if (!r && missed->real &&
	    strcmp(generations_name_of(missed->real), generations_name_of(missed->lineage)) != 0)
		r = look_into(search, dir, generations_name_of(missed->real));
	return r;
}

/* A path where `rotated` says that generations are. */
static int see_rotated(void *context, const char *path)
{
	struct generations *search = context;
	char *dir = places_dir_of(path);
	int r = dir ? judge(search, dir, generations_name_of(search->missed->lineage),
			    generations_name_of(path)) :
		      -ENOMEM;

	free(dir);
	return r;
}

#define DIRS_MAX 4

static int look_into_dirs(struct generations *search, char *const dirs[DIRS_MAX])
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

static int look_everywhere(struct generations *search)
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
	const char *known = ((const struct generations *)context)->missed->path;
	int order = strverscmp(left->path, right->path);

	/* A time may be that of its packing, which is later than the next one's beginning. */
	if (rotated_is_packed(left->path) || rotated_is_packed(right->path)) {
		char of_left[NAME_MAX + 1], of_right[NAME_MAX + 1];

		plain_name_of(left->path, of_left);
		plain_name_of(right->path, of_right);
		if (rotated_is_before(of_left, of_right))
			return -1;
		if (rotated_is_before(of_right, of_left))
			return 1;
	}
	if (left->began_ns != right->began_ns)
		return left->began_ns < right->began_ns ? -1 : 1;
	if (!known || !rotated_alike(generations_name_of(known), generations_name_of(left->path)))
		return rotated_order(left->path, right->path);
	return strverscmp(generations_name_of(known), generations_name_of(left->path)) < 0 ? order :
											     -order;
}

int generations_find(struct generations *search)
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
	search->live = search->n ? reach_open_log(path, missed->source->links) : -1;
	if (search->more)
		log_source(
			search->files->log, LOG_WARNING, missed->source->name,
			"generations-too-many",
			"%s: more than %d generations came and were rotated before they were seen: "
			"the others are left out",
			missed->lineage, GENERATIONS_MAX);
	return r;
}

void generations_end(struct generations *search)
{
	if (search->live >= 0)
		close(search->live);
	for (size_t i = 0; i < search->n; i++)
		free(search->found[i].path);
	free(search->found);
}
