/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scan found, in its order: that of the first scan, and later that of directories that come
 * with files in them. A pattern like app.log* matches rotated generations too, and a directory
 * lists them in any order; read side by side they would break the order of a key's lines. So all
 * paths are collected first. A name that rotation gives to another one belongs to that one's
 * lineage; a lineage is taken in by the time at which its files began, the path itself last. It
 * need not be there: between two rotations, or before its writer starts, only its generations are.
 *
 * A bare number (app-1.log beside app.log) is believed only of a file that was not written any more
 * when the other one was made: node-1 beside node is another process, and alive. app.log.1 is
 * believed more, but not for long: whoever is still written two minutes after is no generation.
 */
#include "hints/findings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "files/doze.h"
#include "follow/follow.h"
#include "search/age.h"
#include "search/rotated.h"

/* So many paths are taken in between two signs of life. */
#define ALIVE_PATHS 256

/* A writer that was told to open its file anew may go on with the old one for so long. */
#define LATE_NS 120000000000LL

struct found {
	char *path;
	const char *lineage; /* the path whose generation it is, often its own; borrowed */
	int source;
	int64_t began_ns;
	int64_t made_ns; /* INT64_MAX: not known */
	int64_t written_ns;
	bool has_place;         /* in the table: taken for it until it is there */
	struct inode_key inode; /* only of one with several names; else 0 */
	uid_t owner;
	bool left_out; /* it is another source's, by another name */
};

void findings_deinit(struct findings *findings)
{
	void *cursor = NULL;
	char *path;

	for (size_t i = 0; i < findings->n; i++)
		free(findings->items[i].path);
	free(findings->items);
	map_free(findings->by_path);
	while (findings->absent && (path = map_next(findings->absent, &cursor)))
		free(path);
	map_free(findings->absent);
}

void findings_keep_alive(const struct files *files, size_t n)
{
	/* That the start should come to its end is not asked of this part. */
	if (n % ALIVE_PATHS == 0 && files->start_is_over)
		(void)files->start_is_over(files->start_context);
}

/*
 * Whether the path is one of a known file, or there is room for one more. stx: NULL when nothing is
 * there, but perhaps a link to what comes later.
 */
static bool has_room(struct files *files, const struct statx *stx, struct found *found)
{
	const struct source *source = &files->sources[found->source];

	if (stx &&
	    files_by_inode(files, makedev(stx->stx_dev_major, stx->stx_dev_minor), stx->stx_ino))
		return true;
	if (!files_has_room(files, source))
		return false;
	files_take_place(files, source);
	found->has_place = true;
	return true;
}

int findings_add(struct findings *findings, struct files *files, int source, const char *path)
{
	struct found found = {.source = source};
	struct statx stx;
	bool there;

	if (doze_passes(files, path))
		return 0;
	there = statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &stx) == 0;
	if (!has_room(files, there ? &stx : NULL, &found))
		return 0;
	if (findings->n == findings->capacity) {
		size_t capacity = findings->capacity ? 2 * findings->capacity : 256;
		void *items = reallocarray(findings->items, capacity, sizeof findings->items[0]);

		if (!items)
			return -ENOMEM;
		findings->items = items;
		findings->capacity = capacity;
	}
	found.path = strdup(path);
	if (!found.path)
		return -ENOMEM;
	found.lineage = found.path;
	if (there) {
		if (stx.stx_nlink > 1 && S_ISREG(stx.stx_mode))
			found.inode = (struct inode_key){
				makedev(stx.stx_dev_major, stx.stx_dev_minor), stx.stx_ino};
		found.owner = stx.stx_uid;
		found.began_ns = age_began_ns(&stx);
		found.made_ns = age_born_ns(&stx);
		found.written_ns = age_ns(&stx.stx_mtime);
	}
	findings->items[findings->n++] = found;
	return 0;
}

/* Lineages one after the other; in each by time, the path itself last. */
static int by_lineage(const void *a, const void *b)
{
	const struct found *left = a, *right = b;
	int order = strcmp(left->lineage, right->lineage);

	if (order)
		return order;
	if ((left->lineage == left->path) != (right->lineage == right->path))
		return left->lineage == left->path ? 1 : -1;
	if (left->began_ns != right->began_ns)
		return left->began_ns < right->began_ns ? -1 : 1;
	return rotated_order(left->path, right->path);
}

struct base_search {
	const struct findings *findings;
	const struct discover *discover;
	struct found *found;
	bool there;            /* a base was, be it this one's or not */
	char absent[PATH_MAX]; /* the longest one that is not, but is wanted; "": none */
};

/* By what they say of themselves: was it written only before the other one was made? */
static bool is_before(const struct found *found, enum rotated kind, const struct found *other)
{
	if (kind == ROTATED_PERHAPS)
		return found->written_ns <= other->began_ns;
	return kind != ROTATED_NUMBERED || found->written_ns - LATE_NS <= other->made_ns;
}

/* A base that the name may be made of: whether it is there, and this one a generation of it. */
static bool see_base(void *context, const char *base, enum rotated kind)
{
	struct base_search *search = context;
	struct found *found = search->found;
	char path[PATH_MAX];
	size_t n = rotated_beside(found->path, base, path);
	const struct found *other;

	if (!n)
		return false;
	other = map_get(search->findings->by_path, path, n);
	if (!other && kind > ROTATED_PERHAPS && !search->absent[0] &&
	    discover_wants(search->discover, path) == found->source)
		strcpy(search->absent, path);
	if (!other || other->source != found->source)
		return false;
	search->there = true;
	if (!is_before(found, kind, other))
		return false;
	found->lineage = other->path;
	return true;
}

/* The one copy of a path that is not there. NULL: no memory. */
static const char *keep_absent(struct findings *findings, const char *path)
{
	char *kept = map_get(findings->absent, path, strlen(path));

	if (kept)
		return kept;
	kept = strdup(path);
	if (kept && map_put(findings->absent, path, strlen(path), kept)) {
		free(kept);
		return NULL;
	}
	return kept;
}

static int find_lineage(struct findings *findings, const struct discover *discover,
			struct found *found)
{
	const char *name = strrchr(found->path, '/') + 1;
	struct base_search search = {.findings = findings, .discover = discover, .found = found};
	char *unpacked = rotated_unpacked(name);

	rotated_bases(unpacked ? unpacked : name, see_base, &search);
	free(unpacked);
	if (search.there || !search.absent[0])
		return 0;
	found->lineage = keep_absent(findings, search.absent);
	return found->lineage ? 0 : -ENOMEM;
}

/*
 * Of generations only the newest one may still be written to: where others are, these are files of
 * their own, which have some name in common that is nobody's.
 */
static void part_living(struct findings *findings)
{
	struct found *items = findings->items;
	size_t end;

	for (size_t first = 0; first < findings->n; first = end) {
		const char *lineage = items[first].lineage;
		bool live = false;

		for (end = first + 1; end < findings->n && items[end].lineage == lineage; end++)
			live |= items[end - 1].written_ns - LATE_NS > items[end].made_ns;
		if (!live || map_get(findings->absent, lineage, strlen(lineage)) != lineage)
			continue;
		for (size_t i = first; i < end; i++)
			items[i].lineage = items[i].path;
	}
}

/* Whether it lies in a directory of its owner, or of root: nobody else put it there. */
static bool is_at_home(const struct found *found)
{
	char dir[PATH_MAX];
	struct stat st;

	snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(found->path, '/') - found->path) + 1,
		 found->path);
	return stat(dir, &st) == 0 && (st.st_uid == 0 || st.st_uid == found->owner);
}

/*
 * One file by two names that two sources want. Whoever may write to a directory can put a link to
 * another's log there; so the name that lies at home has it, and of two such the one of the first
 * source.
 */
static void settle_rivals(struct found *one, struct found *other)
{
	bool home = is_at_home(one), others = is_at_home(other);
	bool goes_first = home != others ? home : one->source < other->source;

	(goes_first ? other : one)->left_out = true;
}

static int find_rivals(struct findings *findings)
{
	struct map *by_inode = map_new();
	int r = by_inode ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < findings->n; i++) {
		struct found *found = &findings->items[i], *rival;

		if (!found->inode.inode)
			continue;
		rival = map_get(by_inode, &found->inode, sizeof found->inode);
		if (rival && rival->source != found->source)
			settle_rivals(rival, found);
		if (!rival || rival->left_out)
			r = map_put(by_inode, &found->inode, sizeof found->inode, found);
	}
	map_free(by_inode);
	return r;
}

static int find_lineages(struct findings *findings, const struct discover *discover)
{
	int r = find_rivals(findings);

	if (r)
		return r;
	findings->by_path = map_new();
	findings->absent = map_new();
	if (!findings->by_path || !findings->absent)
		return -ENOMEM;
	for (size_t i = 0; !r && i < findings->n; i++) {
		struct found *found = &findings->items[i];

		if (!found->left_out)
			r = map_put(findings->by_path, found->path, strlen(found->path), found);
	}
	for (size_t i = 0; !r && i < findings->n; i++)
		r = find_lineage(findings, discover, &findings->items[i]);
	if (!r && findings->n)
		qsort(findings->items, findings->n, sizeof findings->items[0], by_lineage);
	if (!r)
		part_living(findings);
	return r;
}

/*
 * first_id: of the files that are taken in now. A lineage that was known before has got its
 * generations already; what else has such a name came before them, or is no generation.
 */
static int take_in(struct files *files, struct discover *discover, const struct found *found,
		   uint64_t first_id, int64_t now_ms)
{
	const struct file *newest =
		map_get(files->by_lineage, found->lineage, strlen(found->lineage));
	const char *lineage = newest && newest->id < first_id ? found->path : found->lineage;

	if (found->has_place)
		files_give_place(files, &files->sources[found->source]);
	if (found->left_out)
		return 0;
	return follow_found(files, discover, found->source, found->path, lineage, now_ms);
}

int findings_take_in(struct findings *findings, struct files *files, struct discover *discover,
		     int64_t now_ms)
{
	uint64_t first_id = files->next_id;
	int r = find_lineages(findings, discover);

	for (size_t i = 0; !r && i < findings->n; i++) {
		findings_keep_alive(files, i);
		r = take_in(files, discover, &findings->items[i], first_id, now_ms);
	}
	return r;
}
