/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_DISCOVER_TREE_H
#define INPUT_DISCOVER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/quota.h"
#include "base/result.h"
#include "input/watch.h"

/*
 * The directories that discover cares for, by path and as a tree, each with the places of patterns
 * that are waiting there. For discover*.c only.
 */

/* Directories of all sources where nobody says how many; links can multiply them. */
#define TREE_NODES_MAX 200000

/* In the place of a source: a directory that is only followed, and the root. */
#define TREE_NOBODY (-1)

/* "This component of this pattern is to be matched against the names in this directory." */
struct state {
	uint16_t source;      /* index in discover's list */
	uint16_t pattern;     /* of the source */
	uint16_t alternative; /* of the pattern */
	uint16_t component;
};

/* How a node learns of changes. */
enum node_way { NODE_NEW, NODE_WATCHED, NODE_POLLED, NODE_WAYS };

LIST_HEAD(node_list, node);

struct node {
	struct node *parent; /* NULL: the root, or only followed */
	struct node_list children;
	LIST_ENTRY(node) sibling; /* only with a parent */
	TAILQ_ENTRY(node) queue;
	struct watch_point point;
	struct state *states;
	uint32_t n_states;
	bool queued;   /* waits to be scanned */
	bool content;  /* may hold wanted files, or followed ones: writes matter */
	bool followed; /* links lead here: every name that comes matters */
	bool asked;    /* somebody has asked for it by discover_follow */
	bool listing;  /* some state is no literal: the directory has to be read */
	enum node_way way;
	int owner;       /* the source that has it, as an index; TREE_NOBODY */
	bool incomplete; /* could not be read or searched: another try when its mode changes */
	bool denied;     /* was incomplete when it was scanned last */
	int error;       /* errno, then */
	bool untold;     /* in the queue of those of which it was not told */
	TAILQ_ENTRY(node) news;
	size_t len;
	char path[];
};

struct tree {
	struct map *nodes; /* path -> node */
	TAILQ_HEAD(node_queue, node) queue;
	uint64_t n[NODE_WAYS];             /* nodes by their way */
	struct quota quota;                /* how many nodes each source may have */
	size_t n_nobodys;                  /* nodes that are no source's: as many as all may have */
	TAILQ_HEAD(news_queue, node) news; /* denied, and not told yet */
	uint64_t n_denied;
};

enum {
	TREE_E_FULL = 1, /* tree_get: there is no room; counted */
};

/* 0 or -ENOMEM. */
int tree_init(struct tree *tree) MUSTCHECK;

/* Frees all nodes; their watches must be gone or end with the watch itself. */
void tree_deinit(struct tree *tree);

/* The node at path (len bytes), or NULL. */
struct node *tree_find(const struct tree *tree, const char *path, size_t len);

/*
 * The node at path, made when there is none, and then it is the owner's; a node without parent gets
 * the one given (which may be NULL). 0, TREE_E_FULL, -ENOMEM.
 */
int tree_get(struct tree *tree, struct node *parent, int owner, const char *path, size_t len,
	     struct node **ret_node) MUSTCHECK;

/* Adds the state unless it is there. 0 or -ENOMEM. */
int tree_add_state(struct node *node, struct state state) MUSTCHECK;

/* Whether the node is watched or polled now; keeps count of both. */
void tree_set_way(struct tree *tree, struct node *node, enum node_way way);

/* Whether the node is closed to us; news when it was not before. */
void tree_set_denied(struct tree *tree, struct node *node, bool denied);

/* The next node that is news, taken out of their queue; NULL when there is none. */
struct node *tree_next_denied(struct tree *tree);

/* Puts the node at the end of the queue of those to scan, unless it waits there. */
void tree_queue(struct tree *tree, struct node *node);

/* The first of the queue, taken out; NULL when it is empty. */
struct node *tree_dequeue(struct tree *tree);

/* Takes the node, which has no children, out of everything and frees it. Its watch is gone. */
void tree_remove(struct tree *tree, struct node *node);

#endif
