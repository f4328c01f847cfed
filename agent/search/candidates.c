/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A known file that is gone by its inode may be there by its bytes: compressed (logrotate's
 * compress), copied and truncated or removed, written anew by an editor or rsync, on a volume with
 * another device number. Its name says only where to look; what is believed was proved.
 */
#include "search/candidates.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/discover.h"
#include "search/age.h"
#include "search/rotated.h"

struct lead {
	char *path;
	int64_t began_ns;
	bool own; /* the path of the file that is looked for */
};

struct list {
	struct hunt *hunt;
	struct places *places;
	const struct wanted *wanted;
};

static int add(struct hunt *hunt, const char *path, bool own)
{
	struct statx stx;
	char *copy;

	/* Its own path was the first. */
	if (!own && hunt->n && hunt->leads[0].own && strcmp(hunt->leads[0].path, path) == 0)
		return 0;
	if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &stx) < 0 ||
	    !S_ISREG(stx.stx_mode))
		return 0;
	if (hunt->n == hunt->capacity) {
		size_t capacity = hunt->capacity ? 2 * hunt->capacity : 16;
		void *leads = reallocarray(hunt->leads, capacity, sizeof hunt->leads[0]);

		if (!leads)
			return -ENOMEM;
		hunt->leads = leads;
		hunt->capacity = capacity;
	}
	copy = strdup(path);
	if (copy)
		hunt->leads[hunt->n++] = (struct lead){copy, age_began_ns(&stx), own};
	return copy ? 0 : -ENOMEM;
}

static int add_names(struct list *list, const char *dir, const char *base)
{
	char *const *names;
	size_t n = places_names(list->places, dir, base, rotated_stem(base), &names);
	int r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		char *path;

		if (asprintf(&path, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, names[i]) < 0)
			return -ENOMEM;
		r = add(list->hunt, path, false);
		free(path);
	}
	return r;
}

static const char *name_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* In a directory: names like the lineage's, and like that of the file behind a link. */
static int add_dir(struct list *list, const char *dir)
{
	const struct wanted *wanted = list->wanted;
	int r = add_names(list, dir, name_of(wanted->lineage));

	if (!r && wanted->real && strcmp(name_of(wanted->real), name_of(wanted->lineage)) != 0)
		r = add_names(list, dir, name_of(wanted->real));
	return r;
}

static int add_beside(struct list *list, const char *path)
{
	char *dir = places_dir_of(path);
	int r = dir ? add_dir(list, dir) : -ENOMEM;

	free(dir);
	return r;
}

static int see_rotated(void *context, const char *path)
{
	return add(((struct list *)context)->hunt, path, false);
}

/* The same path may be there twice, side by side then. */
static int by_age(const void *a, const void *b)
{
	const struct lead *left = a, *right = b;

	if (left->own != right->own)
		return left->own ? -1 : 1;
	if (left->began_ns != right->began_ns)
		return left->began_ns < right->began_ns ? -1 : 1;
	return strcmp(left->path, right->path);
}

int hunt_begin(struct hunt *hunt, struct places *places, const struct wanted *wanted)
{
	struct list list = {hunt, places, wanted};
	int r;

	*hunt = (struct hunt){
		.content = wanted->content,
		.candidate.fd = -1,
		.links = wanted->links,
		.is_known = wanted->is_known,
		.context = wanted->context,
	};
	r = add(hunt, wanted->path, true);
	if (!r)
		r = add_beside(&list, wanted->path);
	if (!r && strcmp(wanted->path, wanted->lineage) != 0)
		r = add_beside(&list, wanted->lineage);
	if (!r && wanted->real)
		r = add_beside(&list, wanted->real);
	if (!r && wanted->went)
		r = add_dir(&list, wanted->went);
	if (!r && wanted->rotated && discover_list(wanted->rotated, see_rotated, &list) == -ENOMEM)
		r = -ENOMEM;
	if (hunt->n)
		qsort(hunt->leads, hunt->n, sizeof hunt->leads[0], by_age);
	return r;
}

/* Opens the next lead. 0; HUNT_E_MORE: it is none; -ENOMEM. */
static int open_lead(struct hunt *hunt, const struct lead *lead)
{
	struct candidate *candidate = &hunt->candidate;
	struct stat st;
	int fd, r;

	if (stat(lead->path, &st) < 0 || !S_ISREG(st.st_mode) ||
	    hunt->is_known(hunt->context, lead->path, &st))
		return HUNT_E_MORE;
	fd = reach_open(lead->path, hunt->links);
	if (fd < 0)
		return HUNT_E_MORE;
	hunt->now = hunt->content;
	r = identity_of(fd, &candidate->identity) ? CONTENT_E_OTHER : content_begin(&hunt->now, fd);
	if (r) {
		content_end(&hunt->now);
		close(fd);
		return r == -ENOMEM ? r : HUNT_E_MORE;
	}
	candidate->fd = fd;
	return 0;
}

/* The file that is looked at is judged. r: what content_step said. */
static int close_lead(struct hunt *hunt, const char *path, int r, struct candidate *ret_candidate)
{
	struct candidate found = hunt->candidate;

	hunt->candidate.fd = -1;
	content_end(&hunt->now);
	hunt->next++;
	if (r && r != CONTENT_E_SHORT) {
		close(found.fd);
		return r == -ENOMEM ? r : HUNT_E_MORE;
	}
	found.packing = hunt->now.packing;
	found.agrees = !r || hunt->now.agrees;
	found.path = strdup(path);
	if (!found.path) {
		close(found.fd);
		return -ENOMEM;
	}
	*ret_candidate = found;
	return r ? HUNT_E_SHORT : 0;
}

int hunt_step(struct hunt *hunt, struct candidate *ret_candidate)
{
	const struct lead *lead = &hunt->leads[hunt->next];
	int r;

	if (hunt->next == hunt->n)
		return HUNT_E_NONE;
	if (hunt->candidate.fd < 0) {
		if (hunt->next && strcmp(lead->path, lead[-1].path) == 0)
			r = HUNT_E_MORE;
		else
			r = open_lead(hunt, lead);
		if (r) {
			hunt->next++;
			return r;
		}
	}
	r = content_step(&hunt->now);
	return r == CONTENT_E_MORE ? HUNT_E_MORE : close_lead(hunt, lead->path, r, ret_candidate);
}

void hunt_end(struct hunt *hunt)
{
	if (hunt->candidate.fd >= 0) {
		content_end(&hunt->now);
		close(hunt->candidate.fd);
	}
	for (size_t i = 0; i < hunt->n; i++)
		free(hunt->leads[i].path);
	free(hunt->leads);
	*hunt = (struct hunt){.candidate.fd = -1};
}

static uint64_t size_of(const struct candidate *candidate)
{
	struct stat st;

	return fstat(candidate->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

bool candidate_keep_longest(struct candidate *best, const struct candidate *found,
			    uint64_t committed)
{
	uint64_t size = size_of(found);

	if (size <= committed || (best->path && size <= size_of(best)))
		return false;
	candidate_close(best);
	*best = *found;
	return true;
}

void candidate_close(struct candidate *candidate)
{
	if (!candidate->path)
		return;
	close(candidate->fd);
	free(candidate->path);
	candidate->path = NULL;
}

/*
 * It holds what was settled and nothing behind that: a copy rather than what goes on, unless it is
 * where the file was.
 */
static bool has_no_more(const struct wanted *wanted, const struct candidate *found)
{
	return !found->packing && size_of(found) <= wanted->content.committed &&
	       strcmp(found->path, wanted->path) != 0 && strcmp(found->path, wanted->lineage) != 0;
}

/*
 * A step of candidates_find; *best: the longest of those that end before what was seen, or with
 * what was settled.
 */
static int find_step(struct hunt *hunt, const struct wanted *wanted, struct candidate *best,
		     struct candidate *ret_candidate)
{
	int r = hunt_step(hunt, ret_candidate);

	if (!r && has_no_more(wanted, ret_candidate)) {
		if (best->path)
			candidate_close(ret_candidate);
		else
			*best = *ret_candidate;
		return HUNT_E_MORE;
	}
	if (r == HUNT_E_SHORT) {
		if (!ret_candidate->agrees ||
		    !candidate_keep_longest(best, ret_candidate, hunt->content.committed))
			candidate_close(ret_candidate);
		return HUNT_E_MORE;
	}
	if (r != HUNT_E_NONE || !best->path)
		return r;
	*ret_candidate = *best;
	best->path = NULL;
	return 0;
}

int candidates_find(struct places *places, const struct wanted *wanted,
		    struct candidate *ret_candidate)
{
	struct candidate best = {.path = NULL};
	struct hunt hunt;
	int r;

	if (!wanted->content.committed && !wanted->content.ahead_end)
		return CANDIDATES_E_NONE;
	r = hunt_begin(&hunt, places, wanted);
	while (r == 0) {
		if (wanted->is_over && wanted->is_over(wanted->over_context)) {
			r = CANDIDATES_E_OVER;
			break;
		}
		r = find_step(&hunt, wanted, &best, ret_candidate);
		if (!r)
			break;
		r = r == HUNT_E_MORE ? 0 : r == HUNT_E_NONE ? CANDIDATES_E_NONE : r;
	}
	candidate_close(&best);
	hunt_end(&hunt);
	return r;
}
