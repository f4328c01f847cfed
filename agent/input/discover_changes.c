/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What inotify says, turned into hints. A change is a name in a directory and is judged by the
 * states of that directory alone; it costs the same with one file as with 20,000.
 *
 * A directory is dropped with all below it as soon as its name goes, and looked at again as soon as
 * it comes, so changes that are old news by now end in the same state: the last of them decides.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "input/discover_private.h"

static int give(struct discover *discover, const struct node *node, enum hint_kind kind,
		const char *name, struct hint *ret_hint)
{
	if (!walk_join(discover, node, name))
		return DISCOVER_E_NONE;
	*ret_hint = (struct hint){.kind = kind, .source = -1, .path = discover->path};
	return 0;
}

/* What the change itself says of the name that came. */
static void add_way(const struct discover *discover, const struct watch_change *change,
		    struct hint *hint)
{
	hint->made = change->what == WATCH_CREATED;
	hint->moved = change->what == WATCH_MOVED_IN;
	if (hint->moved && change->cookie && change->cookie == discover->departed_cookie)
		hint->from = discover->departed;
}

static struct node *child_of(struct discover *discover, const struct node *node, const char *name)
{
	if (!walk_join(discover, node, name))
		return NULL;
	return tree_find(&discover->tree, discover->path, strlen(discover->path));
}

/* The directory of the node is no more, or no more there: perhaps another one took its path. */
static int on_lost(struct discover *discover, struct node *node, struct hint *ret_hint)
{
	struct node *parent = node->parent;
	char name[NAME_MAX + 1];

	if (node == discover->root) {
		tree_queue(&discover->tree, node);
		return DISCOVER_E_NONE;
	}
	snprintf(name, sizeof name, "%s", strrchr(node->path, '/') + 1);
	walk_drop(discover, node);
	return parent ? walk_look(discover, parent, name, DT_UNKNOWN, ret_hint) : DISCOVER_E_NONE;
}

static int on_arrival(struct discover *discover, struct node *node,
		      const struct watch_change *change, struct hint *ret_hint)
{
	int r;

	if (node->followed && walk_join(discover, node, change->name))
		walk_came(discover);
	r = walk_look(discover, node, change->name, change->is_directory ? DT_DIR : DT_UNKNOWN,
		      ret_hint);

	/* A link may wait for the directory. */
	if (r == DISCOVER_E_NONE && (node->followed || (change->what == WATCH_MOVED_IN &&
							node->content && !change->is_directory)))
		r = give(discover, node, HINT_MOVED, change->name, ret_hint);
	else if (r == DISCOVER_E_NONE && node->content && !change->is_directory)
		r = give(discover, node, HINT_MADE, change->name, ret_hint);
	if (r == 0 && !change->is_directory)
		add_way(discover, change, ret_hint);
	return r;
}

static int on_departure(struct discover *discover, struct node *node,
			const struct watch_change *change, struct hint *ret_hint)
{
	struct node *child = child_of(discover, node, change->name);
	int r;

	if (child)
		walk_drop(discover, child);
	if (!child && !node->content)
		return DISCOVER_E_NONE;
	r = give(discover, node, child ? HINT_LEFT_TREE : HINT_LEFT, change->name, ret_hint);
	if (r || child || change->what != WATCH_MOVED_OUT)
		return r;
	ret_hint->moved = true;
	discover->departed_cookie = change->cookie;
	strcpy(discover->departed, discover->path);
	return 0;
}

/* A mode that changed may open to us what was closed (scenario D10). */
static int on_attributes(struct discover *discover, struct node *node,
			 const struct watch_change *change, struct hint *ret_hint)
{
	const struct wanted *source;
	const struct node *child;

	if (change->name[0] == '\0') {
		if (node->incomplete)
			tree_queue(&discover->tree, node);
		return DISCOVER_E_NONE;
	}
	if (change->is_directory) {
		child = child_of(discover, node, change->name);
		if (child && !child->incomplete)
			return DISCOVER_E_NONE;
		return walk_look(discover, node, change->name, DT_DIR, ret_hint);
	}
	source = walk_wanted(discover, node, change->name);
	if (source) {
		*ret_hint = (struct hint){
			.kind = HINT_FOUND, .source = source->id, .path = discover->path};
		return 0;
	}
	return node->content ? give(discover, node, HINT_CHANGED, change->name, ret_hint) :
			       DISCOVER_E_NONE;
}

int walk_change(struct discover *discover, const struct watch_change *change, struct hint *ret_hint)
{
	struct node *node = change->point ? change->point->owner : NULL;

	switch (change->what) {
	case WATCH_MODIFIED:
		return node->content ? give(discover, node, HINT_CHANGED, change->name, ret_hint) :
				       DISCOVER_E_NONE;
	case WATCH_CREATED:
	case WATCH_MOVED_IN:
		return on_arrival(discover, node, change, ret_hint);
	case WATCH_MOVED_OUT:
	case WATCH_DELETED:
		return on_departure(discover, node, change, ret_hint);
	case WATCH_ATTRIBUTES:
		return on_attributes(discover, node, change, ret_hint);
	case WATCH_LOST:
		return on_lost(discover, node, ret_hint);
	case WATCH_OVERFLOW:
		discover->trouble.overflows++;
		discover->lost = true;
		return DISCOVER_E_NONE;
	}
	return DISCOVER_E_NONE;
}
