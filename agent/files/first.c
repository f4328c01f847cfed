/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first scan. A pattern like app.log* matches rotated generations too, and a directory lists
 * them in any order; read side by side they would break the order of a key's lines. So all paths
 * are collected first. A name that is another one's with what rotation appends belongs to that
 * one's lineage; a lineage is taken in by the time of its last writing, the path itself last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files/follow.h"
#include "files/follow_private.h"

struct found {
	char *path;
	size_t lineage_len; /* the path whose generation it is: so many bytes of path */
	int source;
	int64_t written_ns;
};

struct findings {
	struct found *items;
	size_t n;
	size_t capacity;
};

static void findings_deinit(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		free(findings->items[i].path);
	free(findings->items);
}

static int add(struct findings *findings, const struct hint *hint)
{
	struct stat st;

	if (findings->n == findings->capacity) {
		size_t capacity = findings->capacity ? 2 * findings->capacity : 256;
		void *items = reallocarray(findings->items, capacity, sizeof findings->items[0]);

		if (!items)
			return -ENOMEM;
		findings->items = items;
		findings->capacity = capacity;
	}
	struct found found = {.path = strdup(hint->path), .source = hint->source};
	if (!found.path)
		return -ENOMEM;
	found.lineage_len = strlen(found.path);
	if (stat(found.path, &st) == 0)
		found.written_ns = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
	findings->items[findings->n++] = found;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->path, ((const struct found *)b)->path);
}

/* Lineages one after the other; in each by time, the path itself last. */
static int by_lineage(const void *a, const void *b)
{
	const struct found *left = a, *right = b;
	size_t len =
		left->lineage_len < right->lineage_len ? left->lineage_len : right->lineage_len;
	int order = memcmp(left->path, right->path, len);
	bool left_last = !left->path[left->lineage_len],
	     right_last = !right->path[right->lineage_len];

	if (order || left->lineage_len != right->lineage_len)
		return order ? order : left->lineage_len < right->lineage_len ? -1 : 1;
	if (left_last != right_last)
		return left_last - right_last;
	return left->written_ns < right->written_ns ? -1 : left->written_ns > right->written_ns;
}

/* A path sorts right before those that begin with it: one look back at the last base is enough. */
static void find_lineages(struct findings *findings)
{
	const struct found *base = NULL;

	if (!findings->n)
		return;
	qsort(findings->items, findings->n, sizeof findings->items[0], by_path);
	for (size_t i = 0; i < findings->n; i++) {
		struct found *found = &findings->items[i];

		if (base && base->source == found->source &&
		    follow_is_rotated(found->path, base->path))
			found->lineage_len = base->lineage_len;
		else if (!base || strncmp(found->path, base->path, base->lineage_len) != 0)
			base = found;
	}
	qsort(findings->items, findings->n, sizeof findings->items[0], by_lineage);
}

static int take_in(struct files *files, struct discover *discover, const struct found *found,
		   int64_t now_ms)
{
	char *lineage = strndup(found->path, found->lineage_len);
	int r;

	if (!lineage)
		return -ENOMEM;
	r = follow_found(files, discover, found->source, found->path, lineage, now_ms);
	free(lineage);
	return r;
}

/* Every path of the scan. Changes that come meanwhile wait: they may have no end, a scan has one. */
static int collect(struct files *files, struct discover *discover, int64_t now_ms,
		   struct findings *findings)
{
	struct hint hint;
	int r = discover_scan(discover);

	while (!r && discover_is_scanning(discover)) {
		r = discover_next(discover, &hint);
		if (!r && hint.kind == HINT_FOUND)
			r = add(findings, &hint);
		else if (!r)
			r = follow_hint(files, discover, &hint, now_ms);
	}
	return r == DISCOVER_E_NONE ? 0 : r;
}

int follow_first_scan(struct files *files, struct discover *discover, int64_t now_ms)
{
	struct findings findings = {0};
	int r = collect(files, discover, now_ms, &findings);

	if (!r)
		find_lineages(&findings);
	for (size_t i = 0; !r && i < findings.n; i++)
		r = take_in(files, discover, &findings.items[i], now_ms);
	findings_deinit(&findings);
	return r;
}
