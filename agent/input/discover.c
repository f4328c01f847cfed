/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of things: what is queued to be scanned, then what was read of inotify, then a read.
 *
 *   discover_sources.c   what is wanted         discover_tree.c     directories and their states
 *   discover_nodes.c     watching them          discover_walk.c     looking at names
 *   discover_changes.c   what inotify says
 *   watch.c              inotify
 *
 * Scanning goes before changes: what a scan finds is the truth, and changes that queue up meanwhile
 * are old news. Where they overflow the kernel's queue it takes another scan, but when is for the
 * caller to say: with more names to scan than a queue lasts for, one that begins by itself would be
 * followed by another one for ever. Nothing is remembered about files, so every
 * hint may be late or come twice, and a change of a name that is gone again gives a hint all
 * the same; the caller opens and looks.
 *
 * Accepted: a write through another hard link, outside of the watched directories, is not told.
 */
#include "input/discover.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "input/discover_private.h"

/* The watch with its descriptors; without an instance (EMFILE) we go on and poll. */
static int new_watch(struct discover *discover)
{
	struct epoll_event readable = {.events = EPOLLIN};
	int r = watch_new(&discover->watch);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		discover->trouble.watch_errno = -r;
		return 0;
	}
	discover->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	discover->more_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (discover->poll_fd < 0 || discover->more_fd < 0 ||
	    epoll_ctl(discover->poll_fd, EPOLL_CTL_ADD, discover->more_fd, &readable) < 0 ||
	    epoll_ctl(discover->poll_fd, EPOLL_CTL_ADD, watch_fd(discover->watch), &readable) < 0)
		return -errno;
	return 0;
}

static int make(bool watched, struct discover **ret_discover)
{
	struct discover *discover = calloc(1, sizeof *discover);
	int r;

	if (!discover)
		return -ENOMEM;
	discover->poll_fd = discover->more_fd = -1;
	discover->waiting = map_new();
	r = discover->waiting ? tree_init(&discover->tree) : -ENOMEM;
	if (r == 0)
		r = tree_get(&discover->tree, NULL, TREE_NOBODY, "/", 1, &discover->root);
	if (r == 0 && watched)
		r = new_watch(discover);
	if (r) {
		discover_free(discover);
		return r < 0 ? r : -ENOMEM;
	}
	*ret_discover = discover;
	return 0;
}

int discover_new(struct discover **ret_discover)
{
	return make(true, ret_discover);
}

int discover_new_blind(struct discover **ret_discover)
{
	return make(false, ret_discover);
}

struct discover *discover_free(struct discover *discover)
{
	void *cursor = NULL;
	char *dir;

	if (!discover)
		return NULL;
	if (discover->dir)
		closedir(discover->dir);
	tree_deinit(&discover->tree);
	while (discover->waiting && (dir = map_next(discover->waiting, &cursor)))
		free(dir);
	map_free(discover->waiting);
	watch_free(discover->watch);
	if (discover->poll_fd >= 0)
		close(discover->poll_fd);
	if (discover->more_fd >= 0)
		close(discover->more_fd);
	for (size_t i = 0; i < discover->n_sources; i++)
		wanted_deinit(&discover->sources[i]);
	free(discover->sources);
	free(discover->order);
	for (size_t i = 0; i < discover->n_shunned; i++)
		free(discover->shunned[i]);
	free(discover->shunned);
	while (discover->n_refused)
		free(discover->refused[--discover->n_refused].path);
	free(discover);
	return NULL;
}

int walk_begin_at_root(struct discover *discover, size_t source)
{
	const struct wanted *s = &discover->sources[source];
	int r = 0;

	for (size_t i = 0; i < s->n_patterns; i++)
		for (size_t k = 0; k < glob_n_alternatives(s->patterns[i]) && r == 0; k++)
			r = walk_add_state(
				discover, discover->root,
				(struct state){(uint16_t)source, (uint16_t)i, (uint16_t)k, 0});
	return r;
}

int discover_add(struct discover *discover, int source, char *const *paths, char *const *exclude,
		 char *ret_message, size_t len)
{
	int r = wanted_add(discover, source, paths, exclude, ret_message, len);

	return r ? r : walk_begin_at_root(discover, discover->n_sources - 1);
}

int discover_follow(struct discover *discover, const char *path)
{
	return walk_follow(discover, path, false);
}

int discover_follow_link(struct discover *discover, const char *path)
{
	return walk_follow(discover, path, true);
}

int discover_list(char *const *patterns, int (*see)(void *context, const char *path), void *context)
{
	struct discover *discover = NULL;
	char message[256];
	struct hint hint;
	int r = make(false, &discover);

	if (!r)
		r = discover_add(discover, 0, patterns, NULL, message, sizeof message);
	if (!r)
		r = discover_scan(discover);
	while (!r && (r = discover_next(discover, &hint)) == 0)
		r = hint.kind == HINT_FOUND ? see(context, hint.path) : 0;
	discover_free(discover);
	return r == DISCOVER_E_INVALID ? -EINVAL : r == DISCOVER_E_NONE ? 0 : r;
}

int discover_fd(const struct discover *discover)
{
	return discover->watch ? discover->poll_fd : -1;
}

int discover_set_max(struct discover *discover, size_t max)
{
	struct quota *quota = &discover->tree.quota;
	int r = quota_resize(quota, discover->n_sources, max);

	for (size_t i = 0; !r && i < discover->n_sources; i++)
		if (discover->sources[i].max_directories)
			quota_limit(quota, i, discover->sources[i].max_directories);
	return r;
}

struct quota *discover_quota(struct discover *discover)
{
	return &discover->tree.quota;
}

int discover_scan(struct discover *discover)
{
	const struct quota *quota = &discover->tree.quota;
	int r = 0;

	if (quota->n_shares < discover->n_sources || !quota->shares)
		r = discover_set_max(discover, quota->max ? quota->max : TREE_NODES_MAX);
	if (r)
		return r;
	discover->lost = false;
	walk_scan(discover);
	return 0;
}

static int next(struct discover *discover, struct hint *ret_hint)
{
	struct watch_change change;
	bool has_read = false;
	int r;

	for (;;) {
		r = walk_next(discover, ret_hint);
		if (r != DISCOVER_E_NONE || !discover->watch)
			return r;
		if (watch_next(discover->watch, &change) == 0) {
			r = walk_change(discover, &change, ret_hint);
			if (r != DISCOVER_E_NONE)
				return r;
			continue;
		}
		if (has_read)
			return DISCOVER_E_NONE;
		r = watch_read(discover->watch);
		if (r)
			return r < 0 ? r : DISCOVER_E_NONE;
		has_read = true;
	}
}

int discover_next(struct discover *discover, struct hint *ret_hint)
{
	int r = next(discover, ret_hint);

	if (r == 0)
		ret_hint->more = discover_is_scanning(discover) ||
				 (discover->watch && watch_has_more(discover->watch));
	walk_tell_more(discover, r == 0 && ret_hint->more);
	return r;
}

bool discover_is_scanning(const struct discover *discover)
{
	return discover->scanning || !TAILQ_EMPTY(&discover->tree.queue);
}

bool discover_lost_hints(const struct discover *discover)
{
	return discover->lost;
}

void discover_trouble(struct discover *discover, struct discover_trouble *ret_trouble)
{
	struct discover_trouble *trouble = &discover->trouble;
	const struct tree *tree = &discover->tree;

	trouble->directories = tree->n[NODE_WATCHED];
	trouble->unwatched = tree->n[NODE_POLLED];
	trouble->waiting = quota_waiting(&tree->quota);
	trouble->denied = tree->n_denied;
	*ret_trouble = *trouble;
	trouble->watch_errno = 0;
}

const char *discover_next_denied(struct discover *discover, int *ret_source, int *ret_error)
{
	const struct node *node = tree_next_denied(&discover->tree);

	if (!node)
		return NULL;
	*ret_source = node->n_states ? discover->sources[node->states[0].source].id : -1;
	*ret_error = node->error;
	return node->path;
}

const char *discover_next_refused(struct discover *discover, int *ret_source)
{
	char *path;

	if (!discover->n_refused)
		return NULL;
	path = discover->refused[--discover->n_refused].path;
	*ret_source = discover->refused[discover->n_refused].source;
	snprintf(discover->path, sizeof discover->path, "%s", path);
	free(path);
	return discover->path;
}
