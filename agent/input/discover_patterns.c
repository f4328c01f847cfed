/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other patterns in a tree that others go on with. The places of the old ones are taken out of
 * every node, and of the nodes go those that nothing leads to any more; the rest stays watched, so
 * that no change is missed in what other sources have there.
 */
#include "input/discover_private.h"

static void forget(struct tree *tree, struct node *node, int source)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < node->n_states; i++)
		if (node->states[i].source != source)
			node->states[n++] = node->states[i];
	node->n_states = n;
	if (node->owner != source)
		return;
	/* It is another's that goes through it, or nobody's. */
	quota_give(&tree->quota, (size_t)source);
	node->owner = n ? node->states[0].source : TREE_NOBODY;
	if (n)
		quota_take(&tree->quota, (size_t)node->owner);
	else
		tree->n_nobodys++;
}

static void prune(struct discover *discover, struct node *node)
{
	struct node *child = LIST_FIRST(&node->children), *next;

	for (; child; child = next) {
		next = LIST_NEXT(child, sibling);
		prune(discover, child);
	}
	if (node != discover->root && !node->n_states && !node->asked &&
	    LIST_EMPTY(&node->children))
		walk_drop(discover, node);
}

int discover_change(struct discover *discover, int source, char *const *paths, char *const *exclude,
		    char *ret_message, size_t len)
{
	void *cursor = NULL;
	struct node *node;
	int r = wanted_set(discover, source, paths, exclude, ret_message, len);

	if (r)
		return r;
	while ((node = map_next(discover->tree.nodes, &cursor)))
		forget(&discover->tree, node, source);
	prune(discover, discover->root);
	return walk_begin_at_root(discover, (size_t)source);
}
