/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes are found by path (map) and belong to a tree, because a directory that is moved makes every
 * path below it wrong: the whole branch has to go at once. Paths are those by which a pattern leads
 * there, symbolic links included, not real ones; two of them may be the same directory.
 *
 * A node keeps its states so that a change is judged by a handful of components instead of all
 * patterns: O(1) a change, however many files and directories there are (scenario D04).
 */
#include "input/discover_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tree_init(struct tree *tree)
{
	*tree = (struct tree){.nodes = map_new()};
	TAILQ_INIT(&tree->queue);
	TAILQ_INIT(&tree->news);
	return tree->nodes ? 0 : -ENOMEM;
}

void tree_deinit(struct tree *tree)
{
	void *cursor = NULL;
	struct node *node;

	while (tree->nodes && (node = map_next(tree->nodes, &cursor))) {
		free(node->states);
		free(node);
	}
	tree->nodes = map_free(tree->nodes);
	quota_deinit(&tree->quota);
}

struct node *tree_find(const struct tree *tree, const char *path, size_t len)
{
	return map_get(tree->nodes, path, len);
}

static bool has_room(struct tree *tree, int owner)
{
	if (owner == TREE_NOBODY)
		return tree->n_nobodys < (tree->quota.max ? tree->quota.max : TREE_NODES_MAX);
	return quota_has_room(&tree->quota, (size_t)owner);
}

static int make(struct tree *tree, int owner, const char *path, size_t len, struct node **ret_node)
{
	struct node *node = calloc(1, sizeof *node + len + 1);

	if (!node || map_put(tree->nodes, path, len, node) < 0) {
		free(node);
		return -ENOMEM;
	}
	memcpy(node->path, path, len);
	node->len = len;
	node->point.wd = -1;
	node->point.owner = node;
	node->owner = owner;
	LIST_INIT(&node->children);
	tree->n[NODE_NEW]++;
	if (owner == TREE_NOBODY)
		tree->n_nobodys++;
	else
		quota_take(&tree->quota, (size_t)owner);
	*ret_node = node;
	return 0;
}

int tree_get(struct tree *tree, struct node *parent, int owner, const char *path, size_t len,
	     struct node **ret_node)
{
	struct node *node = tree_find(tree, path, len);
	int r = 0;

	if (!node)
		r = has_room(tree, owner) ? make(tree, owner, path, len, &node) : TREE_E_FULL;
	if (r)
		return r;
	if (!node->parent && parent) {
		node->parent = parent;
		LIST_INSERT_HEAD(&parent->children, node, sibling);
	}
	*ret_node = node;
	return 0;
}

int tree_add_state(struct node *node, struct state state)
{
	struct state *grown;

	for (uint32_t i = 0; i < node->n_states; i++)
		if (memcmp(&node->states[i], &state, sizeof state) == 0)
			return 0;
	grown = reallocarray(node->states, node->n_states + 1, sizeof *grown);
	if (!grown)
		return -ENOMEM;
	node->states = grown;
	grown[node->n_states++] = state;
	return 0;
}

void tree_set_way(struct tree *tree, struct node *node, enum node_way way)
{
	tree->n[node->way]--;
	tree->n[way]++;
	node->way = way;
}

struct node *tree_next_denied(struct tree *tree)
{
	struct node *node = TAILQ_FIRST(&tree->news);

	if (node) {
		TAILQ_REMOVE(&tree->news, node, news);
		node->untold = false;
	}
	return node;
}

void tree_set_denied(struct tree *tree, struct node *node, bool denied)
{
	if (node->denied == denied)
		return;
	node->denied = denied;
	tree->n_denied += denied ? 1 : -1;
	if (denied)
		TAILQ_INSERT_TAIL(&tree->news, node, news);
	else if (node->untold)
		TAILQ_REMOVE(&tree->news, node, news);
	node->untold = denied;
}

void tree_queue(struct tree *tree, struct node *node)
{
	if (node->queued)
		return;
	node->queued = true;
	TAILQ_INSERT_TAIL(&tree->queue, node, queue);
}

struct node *tree_dequeue(struct tree *tree)
{
	struct node *node = TAILQ_FIRST(&tree->queue);

	if (node) {
		TAILQ_REMOVE(&tree->queue, node, queue);
		node->queued = false;
	}
	return node;
}

void tree_remove(struct tree *tree, struct node *node)
{
	if (node->parent)
		LIST_REMOVE(node, sibling);
	if (node->queued)
		TAILQ_REMOVE(&tree->queue, node, queue);
	tree_set_denied(tree, node, false);
	tree->n[node->way]--;
	if (node->owner == TREE_NOBODY)
		tree->n_nobodys--;
	else
		quota_give(&tree->quota, (size_t)node->owner);
	map_take(tree->nodes, node->path, node->len);
	free(node->states);
	free(node);
}
