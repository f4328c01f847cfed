/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hint of a new file is old by the time it is followed: its path may be another file's, or
 * nobody's. Hints tell the rest, too, in their order: what was made at a path, and where it was
 * moved from there. So the hints that come together are put together first, on names only, and then
 * each file that came is looked for under the name that it has by then, the oldest first. This
 * finds generations whatever they are called, and of a path that no file is known of; what hints
 * told nothing of, generations.c finds by name and time.
 *
 * One that was written to and unlinked, or replaced, or moved to where nobody watches, before there
 * was a look at it, is lost with all that was in it. Nothing else tells of it, so it is counted.
 * One that was compressed before it was unlinked goes on in the file of which that says so.
 * Accepted: between the hints and the look names go on changing, so where files come faster than
 * one in a few milliseconds one may be taken for another, and not be counted.
 */
#include "hints/arrivals.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "files/poll.h"
#include "follow/follow.h"
#include "hints/findings.h"
#include "search/rotated.h"

/* More are not kept apart: then hints come faster than they are taken, and a look is due. */
#define ARRIVALS_MAX 16384
/* Of what scans found; more is taken in as it is found, in any order. */
#define FOUND_MAX 4096

struct arrival {
	uint64_t number; /* in the order in which they came */
	int source;      /* that wants its origin */
	bool made;       /* as a new file: not one that came from elsewhere */
	bool found;      /* by a scan: nobody told when it came */
	bool written;
	bool looked_at; /* under the name that it had then */
	char packed[8]; /* with this ending a compressed file was made beside it; "": none */
	bool is_packed; /* it is that now */
	bool due;       /* it has another one now */
	bool kept;      /* beyond the end of hints, without a name */
	char origin[];  /* the path at which it came; behind it the one that it has */
};

/* Under which one is that was moved away, until the next hint tells where to. */
#define ON_THE_WAY ""

static struct arrival *arrival_at(const struct files *files, const char *path)
{
	return map_get(files->arrivals, path, strlen(path));
}

/* It is no more, or is where nobody looks. */
static void end_of(struct files *files, struct arrival *arrival)
{
	if (arrival && arrival->made && arrival->written && !arrival->looked_at) {
		files->counters->generations_missed++;
		log_source(files->log, LOG_WARNING, files->sources[arrival->source].name,
			   "file-missed",
			   "%s: a file came here, was written to and was gone before it could be "
			   "opened: its lines are lost; rotate less often, or keep more old files",
			   arrival->origin);
	}
	free(arrival);
}

static struct arrival *take(struct files *files, const char *path)
{
	return map_take(files->arrivals, path, strlen(path));
}

static const char *path_of(const struct arrival *arrival)
{
	return arrival->origin + strlen(arrival->origin) + 1;
}

/* It has this path from now on; whoever had it before is no more. 0 or -ENOMEM. */
static int put(struct files *files, struct arrival *arrival, const char *path)
{
	size_t origin = strlen(arrival->origin) + 1, len = strlen(path) + 1;
	struct arrival *moved = realloc(arrival, sizeof *arrival + origin + len);

	if (!moved) {
		free(arrival);
		return -ENOMEM;
	}
	memcpy(moved->origin + origin, path, len);
	end_of(files, take(files, path));
	if (!map_put(files->arrivals, path, len - 1, moved))
		return 0;
	free(moved);
	return -ENOMEM;
}

static int add(struct files *files, const char *path, const char *origin, int source, bool made)
{
	size_t len = strlen(origin) + 1;
	struct arrival *arrival;

	if (map_count(files->arrivals) >= ARRIVALS_MAX)
		arrivals_forget(files);
	arrival = calloc(1, sizeof *arrival + len + 1);
	if (!arrival)
		return -ENOMEM;
	arrival->number = files->n_arrivals++;
	arrival->source = source;
	arrival->made = made;
	arrival->due = true;
	memcpy(arrival->origin, origin, len);
	return put(files, arrival, path);
}

/* Whether the path is a file's that nobody knows. */
static bool is_unknown(const struct files *files, const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       !files_at(files, path, st.st_dev, st.st_ino);
}

/*
 * A scan found it: what else it finds may have come before. 0: it is to be followed now;
 * ARRIVALS_E_LATER; -ENOMEM.
 */
static int found(struct files *files, const struct hint *hint)
{
	struct arrival *arrival = arrival_at(files, hint->path);
	int r;

	if (arrival && arrival->due)
		return ARRIVALS_E_LATER;
	if (files->n_found >= FOUND_MAX ||
	    map_get(files->by_path, hint->path, strlen(hint->path)) ||
	    !is_unknown(files, hint->path))
		return 0;
	r = add(files, hint->path, hint->path, hint->source, false);
	if (r)
		return r;
	arrival_at(files, hint->path)->found = true;
	files->n_found++;
	return ARRIVALS_E_LATER;
}

static int came(struct files *files, const struct discover *discover, const struct hint *hint)
{
	struct arrival *moved = hint->from ? take(files, ON_THE_WAY) : NULL;
	int source = hint->from ? discover_wants(discover, hint->from) : -1;
	bool left_wanted = source >= 0;

	if (moved) {
		moved->due = true;
		return put(files, moved, hint->path);
	}
	if (left_wanted || hint->kind == HINT_FOUND)
		return add(files, hint->path, left_wanted ? hint->from : hint->path,
			   left_wanted ? source : hint->source, hint->made);
	end_of(files, take(files, hint->path));
	return 0;
}

/* What was made, or came, at a path may be what is at another one, compressed. */
static void compressed(struct files *files, const char *path)
{
	char *plain = rotated_unpacked(path);
	struct arrival *arrival = plain ? arrival_at(files, plain) : NULL;

	if (arrival)
		snprintf(arrival->packed, sizeof arrival->packed, "%s", path + strlen(plain));
	free(plain);
}

/* It was unlinked: it is its compressed file from now on. 0 or -ENOMEM. */
static int become_packed(struct files *files, struct arrival *arrival, const char *plain)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s%s", plain, arrival->packed);
	arrival->packed[0] = '\0';
	arrival->is_packed = arrival->due = true;
	free(take(files, path));
	return put(files, arrival, path);
}

static int left(struct files *files, const struct hint *hint)
{
	struct arrival *arrival = take(files, hint->path);

	if (!hint->moved && arrival && arrival->packed[0])
		return become_packed(files, arrival, hint->path);
	if (!hint->moved) {
		end_of(files, arrival);
		return 0;
	}
	end_of(files, take(files, ON_THE_WAY));
	return arrival ? put(files, arrival, ON_THE_WAY) : 0;
}

int arrivals_hint(struct files *files, struct discover *discover, const struct hint *hint)
{
	struct arrival *arrival;
	int r;

	if (hint->kind == HINT_CHANGED) {
		arrival = map_count(files->arrivals) ? arrival_at(files, hint->path) : NULL;
		if (arrival)
			arrival->written = true;
		return 0;
	}
	if (discover_lost_hints(discover))
		arrivals_forget(files);
	if (hint->kind == HINT_LEFT)
		return left(files, hint);
	if (!hint->made && !hint->moved)
		return hint->kind == HINT_FOUND ? found(files, hint) : 0;
	r = came(files, discover, hint);
	if (!r && map_count(files->arrivals))
		compressed(files, hint->path);
	if (r || hint->kind != HINT_FOUND)
		return r;
	return is_unknown(files, hint->path) ? ARRIVALS_E_LATER : 0;
}

/* One file: a generation of the path at which it came, or what its name says. */
static int look_at(struct files *files, struct discover *discover, const char *path,
		   const char *origin, int64_t now_ms)
{
	int source = discover_wants(discover, origin), own = discover_wants(discover, path);
	char *plain = rotated_unpacked(path);
	bool rotated =
		strcmp(path, origin) == 0 || own < 0 ||
		rotated_judge(strrchr(plain ? plain : path, '/') + 1, strrchr(origin, '/') + 1);

	free(plain);
	if (own >= 0 && (own != source || !rotated))
		return follow_found(files, discover, own, path, path, now_ms);
	return source < 0 ? 0 : follow_found(files, discover, source, path, origin, now_ms);
}

static int by_number(const void *a, const void *b)
{
	const struct arrival *left = *(struct arrival *const *)a;
	const struct arrival *right = *(struct arrival *const *)b;

	return left->number < right->number ? -1 : 1;
}

/* Those that are due, the one that came first first. Their number. */
static size_t list_due(const struct files *files, struct arrival **due)
{
	struct arrival *arrival;
	void *cursor = NULL;
	size_t n = 0;

	while ((arrival = map_next(files->arrivals, &cursor)))
		if (arrival->due && path_of(arrival)[0])
			due[n++] = arrival;
	if (n)
		qsort(due, n, sizeof due[0], by_number);
	return n;
}

/* What scans found, and is there still, in the order of a scan. 0 or -ENOMEM. */
static int take_found(struct files *files, struct discover *discover, struct arrival *const *due,
		      size_t n, int64_t now_ms)
{
	struct findings findings = {0};
	int r = 0;

	files->n_found = 0;
	for (size_t i = 0; !r && i < n; i++)
		if (due[i]->found && strcmp(path_of(due[i]), due[i]->origin) == 0 &&
		    is_unknown(files, due[i]->origin)) {
			due[i]->due = false;
			r = findings_add(&findings, files, due[i]->source, due[i]->origin);
		}
	if (!r && findings.n)
		r = findings_take_in(&findings, files, discover, now_ms);
	findings_deinit(&findings);
	return r;
}

struct base_search {
	const struct files *files;
	const char *path;
};

static bool see_known(void *context, const char *base, enum rotated kind)
{
	const struct base_search *search = context;
	char path[PATH_MAX];
	size_t n = rotated_beside(search->path, base, path);

	return kind >= ROTATED_NUMBERED && n && map_get(search->files->by_lineage, path, n);
}

/*
 * Whether what was compressed is read as a file that is wanted, or is looked for as a generation of
 * a known one, or as its copy.
 */
static bool is_read_packed(const struct files *files, const struct arrival *arrival, int source)
{
	struct base_search search = {files, arrival->origin};

	return (source >= 0 && files->sources[source].compressed) ||
	       map_get(files->by_lineage, arrival->origin, strlen(arrival->origin)) ||
	       rotated_bases(strrchr(arrival->origin, '/') + 1, see_known, &search);
}

static int take_arrival(struct files *files, struct discover *discover, struct arrival *arrival,
			int64_t now_ms)
{
	const char *path = path_of(arrival);
	int own = discover_wants(discover, path), r = 0;
	struct file *file;
	struct stat st;

	/* It is elsewhere by now: hints of that are on their way. */
	if (lstat(path, &st) < 0)
		return 0;
	if (arrival->due && S_ISREG(st.st_mode) && !files_at(files, path, st.st_dev, st.st_ino) &&
	    (!arrival->is_packed || own >= 0))
		r = look_at(files, discover, path, arrival->origin, now_ms);
	arrival->due = false;
	arrival->looked_at = !arrival->is_packed || is_read_packed(files, arrival, own);
	file = files_at(files, path, st.st_dev, st.st_ino);
	if (file && arrival->written)
		poll_told(file);
	return r;
}

int arrivals_look(struct files *files, struct discover *discover, int64_t now_ms)
{
	struct arrival **due = calloc(map_count(files->arrivals) + 1, sizeof(struct arrival *));
	size_t n;
	int r;

	if (!due)
		return -ENOMEM;
	n = list_due(files, due);
	r = take_found(files, discover, due, n, now_ms);
	for (size_t i = 0; !r && i < n; i++)
		r = take_arrival(files, discover, due[i], now_ms);
	free(due);
	return r;
}

/* A table that a storm of hints made large does not shrink by itself. */
static void shrink(struct files *files)
{
	struct map *fresh = map_count(files->arrivals) ? NULL : map_new();

	if (!fresh)
		return;
	map_free(files->arrivals);
	files->arrivals = fresh;
}

void arrivals_end(struct files *files)
{
	struct arrival *arrival;
	void *cursor = NULL;

	while ((arrival = map_next(files->arrivals, &cursor))) {
		/* The hint of where it went comes next, but for a directory that went with it. */
		if (arrival->due && path_of(arrival)[0] && !arrival->kept)
			arrival->kept = true;
		else if (arrival->due && path_of(arrival)[0])
			free(take(files, path_of(arrival)));
		else
			end_of(files, take(files, path_of(arrival)));
	}
	shrink(files);
}

void arrivals_forget(struct files *files)
{
	struct arrival *arrival;
	void *cursor = NULL;

	/* Of what a scan found, nothing but its path was told. */
	while ((arrival = map_next(files->arrivals, &cursor)))
		if (!arrival->found || !arrival->due)
			free(take(files, path_of(arrival)));
}
