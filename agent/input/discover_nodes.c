/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories that come under watch and go, whatever a walk wants of them: those of a pattern, and
 * those to which links or rotated files lead.
 */
#include "input/discover_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More links to directories that are not there are found by a scan only. */
#define WAITING_MAX 1024

void walk_end_scan(struct discover *discover)
{
	if (discover->dir)
		closedir(discover->dir);
	discover->dir = NULL;
	discover->scanning = NULL;
}

void walk_drop(struct discover *discover, struct node *node)
{
	while (!LIST_EMPTY(&node->children))
		walk_drop(discover, LIST_FIRST(&node->children));
	if (discover->scanning == node)
		walk_end_scan(discover);
	if (discover->watch)
		watch_remove(discover->watch, &node->point);
	tree_remove(&discover->tree, node);
}

void walk_deny(struct discover *discover, struct node *node, int error)
{
	node->incomplete = true;
	node->error = error;
	tree_set_denied(&discover->tree, node, true);
}

int walk_watch(struct discover *discover, struct node *node, bool *ret_there)
{
	int r = WATCH_E_REFUSED;

	if (discover->watch)
		r = watch_add(discover->watch, node->path, node->content, &node->point);
	if (r < 0)
		return r;
	*ret_there = r != WATCH_E_GONE || node == discover->root;
	if (!*ret_there) {
		walk_drop(discover, node);
		return 0;
	}
	if (r == WATCH_E_LIMIT)
		discover->trouble.watch_errno = ENOSPC;
	/* A directory on the way may be closed to us: it only has to let us through. */
	if (r == WATCH_E_DENIED && node->content)
		walk_deny(discover, node, EACCES);
	tree_set_way(&discover->tree, node, r == 0 ? NODE_WATCHED : NODE_POLLED);
	return 0;
}

/* 0: *ret_node has the directory of path, NULL when that cannot be. -EINVAL, -ENOMEM. */
static int directory_of(struct discover *discover, const char *path, struct node **ret_node)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == path ? 1 : (size_t)(slash - path);
	int r;

	*ret_node = NULL;
	if (!slash || path[0] != '/' || len >= PATH_MAX)
		return -EINVAL;
	if (walk_shuns(discover, path))
		return 0;
	r = tree_get(&discover->tree, NULL, TREE_NOBODY, path, len, ret_node);
	return r < 0 ? r : 0;
}

static int follow(struct discover *discover, struct node *node)
{
	bool there;

	node->asked = true;
	if (node->content && node->way == NODE_WATCHED)
		return 0;
	/* Watched at once, not when its turn comes: the caller reads the file after this. */
	node->content = true;
	return walk_watch(discover, node, &there);
}

int walk_follow(struct discover *discover, const char *path, bool link)
{
	struct node *node;
	int r = directory_of(discover, path, &node);

	if (r || !node)
		return r;
	node->followed |= link;
	return follow(discover, node);
}

int walk_wait_for(struct discover *discover, const struct node *node)
{
	char missing[PATH_MAX], *dir;

	if (map_count(discover->waiting) >= WAITING_MAX ||
	    reach_walk(discover->path, REACH_ANY, NULL, NULL, missing) != -ENOENT ||
	    map_get(discover->waiting, missing, strlen(missing)))
		return 0;
	dir = strdup(node->path);
	if (!dir || map_put(discover->waiting, missing, strlen(missing), dir)) {
		free(dir);
		return -ENOMEM;
	}
	return walk_follow(discover, missing, true) == -ENOMEM ? -ENOMEM : 0;
}

void walk_came(struct discover *discover)
{
	char *dir = map_count(discover->waiting) ?
			    map_take(discover->waiting, discover->path, strlen(discover->path)) :
			    NULL;
	struct node *node = dir ? tree_find(&discover->tree, dir, strlen(dir)) : NULL;

	if (node)
		tree_queue(&discover->tree, node);
	free(dir);
}
