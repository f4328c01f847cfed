/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking the patterns. A pattern goes down the tree one component at a time: its state at a
 * directory says which component is matched against the names there. Both a name read from the
 * directory and one named by inotify go through walk_look, so there is one rule for both.
 *
 * Every directory is watched first and read then (scenario D05): what is made between the two is
 * seen twice, never missed. Each scan adds the watch again, so it is always that of the directory
 * to which the path leads now, whatever was missed (D06), and goes on with all below.
 *
 * Directories on the way are watched, too, from the root on, for names only: a parent that is
 * renamed or made later says so at once, and it costs a watch for each component. A literal
 * component is looked up, not searched for: /var/log/app needs no right to read /var/log, and
 * a directory with a million other names costs nothing.
 *
 * Scanning is lazy: one directory is open at a time and gives its names as hints are asked for, so
 * the memory is that of the tree, not of the files. However many names nobody wants, after some
 * milliseconds the caller has its turn (HINT_NONE).
 *
 * "**" follows symbolic links to directories unless the target is one that the path already went
 * through (scenario A13). Links that cross each other can still multiply, and so can whoever owns a
 * directory: what is above its source's share waits for a later scan (base/quota.h).
 */
#include "input/discover_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct glob *glob_of(const struct discover *discover, struct state state)
{
	return discover->sources[state.source].patterns[state.pattern];
}

static enum glob_kind kind_of(const struct discover *discover, struct state state,
			      const char **ret_text)
{
	return glob_component(glob_of(discover, state), state.alternative, state.component,
			      ret_text);
}

static bool is_last(const struct discover *discover, struct state state)
{
	return state.component + 1u ==
	       glob_n_components(glob_of(discover, state), state.alternative);
}

int walk_add_state(struct discover *discover, struct node *node, struct state state)
{
	const char *text;
	enum glob_kind kind = kind_of(discover, state, &text);
	int r = tree_add_state(node, state);

	if (kind != GLOB_LITERAL)
		node->listing = true;
	if (is_last(discover, state))
		node->content = true;
	if (r < 0 || kind != GLOB_DEEP)
		return r;
	state.component++;
	return walk_add_state(discover, node, state);
}

/* Where the state goes on to in the directory of that name. False: nowhere. */
static bool advance(const struct discover *discover, struct state *state, const char *name)
{
	const char *text;

	if (kind_of(discover, *state, &text) == GLOB_DEEP)
		return name[0] != '.';
	if (is_last(discover, *state) ||
	    !glob_component_match(glob_of(discover, *state), state->alternative, state->component,
				  name))
		return false;
	state->component++;
	return true;
}

static bool leads_on(const struct discover *discover, const struct node *node, const char *name)
{
	for (uint32_t i = 0; i < node->n_states; i++) {
		struct state state = node->states[i];

		if (advance(discover, &state, name))
			return true;
	}
	return false;
}

/* discover->path is not followed. Without room for that a later scan tells. */
static void refuse(struct discover *discover, int source)
{
	size_t n = discover->n_refused;

	if (n == DISCOVER_REFUSED_MAX || !(discover->refused[n].path = strdup(discover->path)))
		return;
	discover->refused[discover->n_refused++].source = source;
}

/* Whether the state's source goes through discover->path, a link to a directory. */
static bool goes_through(struct discover *discover, struct state state)
{
	enum reach_links links = discover->sources[state.source].links;
	char real[PATH_MAX];
	int r = reach_walk(discover->path, links, NULL, NULL, real);

	if (r == -ELOOP)
		refuse(discover, discover->sources[state.source].id);
	return !r && !walk_shuns(discover, real);
}

/* Whether the link at path, in the directory of node, leads to a directory on the way to it. */
static bool makes_loop(const struct node *node, const char *path)
{
	struct stat target, st;

	if (stat(path, &target) < 0)
		return true;
	for (; node; node = node->parent)
		if (stat(node->path, &st) == 0 && st.st_dev == target.st_dev &&
		    st.st_ino == target.st_ino)
			return true;
	return false;
}

bool walk_join(struct discover *discover, const struct node *node, const char *name)
{
	size_t name_len = strlen(name), len = node->len;

	/* The root's path is "/", which brings its slash. */
	if (len == 1)
		len = 0;
	if (len + 1 + name_len >= sizeof discover->path)
		return false;
	memcpy(discover->path, node->path, len);
	discover->path[len] = '/';
	memcpy(discover->path + len + 1, name, name_len + 1);
	return true;
}

const struct wanted *walk_wanted(struct discover *discover, const struct node *node,
				 const char *name)
{
	const struct wanted *best = NULL;

	if (!node->content || !walk_join(discover, node, name))
		return NULL;
	for (uint32_t i = 0; i < node->n_states; i++) {
		struct state state = node->states[i];

		const struct wanted *source = &discover->sources[state.source];

		if ((!best || source->rank < best->rank) && is_last(discover, state) &&
		    glob_component_match(glob_of(discover, state), state.alternative,
					 state.component, name) &&
		    !wanted_excludes(source, discover->path, false))
			best = source;
	}
	return best && !walk_shuns(discover, discover->path) ? best : NULL;
}

/* The type of discover->path: DT_DIR also for a link to one, DT_UNKNOWN when it is not there. */
static unsigned char resolve(const struct discover *discover, unsigned char type, bool *ret_link)
{
	struct stat st;

	if (type == DT_UNKNOWN)
		type = lstat(discover->path, &st) == 0 ? IFTODT(st.st_mode) : DT_UNKNOWN;
	*ret_link = type == DT_LNK;
	if (type == DT_LNK && stat(discover->path, &st) == 0 && S_ISDIR(st.st_mode))
		return DT_DIR;
	return type;
}

/* discover->path is a directory in that of node: hands the states on to it. */
static int descend(struct discover *discover, struct node *node, const char *name, bool link)
{
	bool loop = link && makes_loop(node, discover->path);
	struct node *child = NULL;
	int refused = TREE_NOBODY;
	int r;

	if (walk_shuns(discover, discover->path))
		return 0;
	for (uint32_t i = 0; i < node->n_states; i++) {
		struct state state = node->states[i];

		if (state.source == refused || !advance(discover, &state, name) ||
		    (loop && state.component == node->states[i].component) ||
		    wanted_excludes(&discover->sources[state.source], discover->path, true) ||
		    (link && !goes_through(discover, state)))
			continue;
		if (!child) {
			r = tree_get(&discover->tree, node, state.source, discover->path,
				     strlen(discover->path), &child);
			if (r < 0)
				return r;
		}
		/* Another source that leads there may have room. */
		if (!child) {
			refused = state.source;
			continue;
		}
		r = walk_add_state(discover, child, state);
		if (r < 0)
			return r;
	}
	if (child)
		tree_queue(&discover->tree, child);
	return 0;
}

/*
 * Whether a pattern asks for the name itself: a bare "*" does not mean the directories it
 * matches.
 */
static bool asks_by_name(struct discover *discover, const struct node *node, const char *name)
{
	for (uint32_t i = 0; i < node->n_states; i++) {
		struct state state = node->states[i];
		const char *text;

		if (!is_last(discover, state))
			continue;
		glob_component(glob_of(discover, state), state.alternative, state.component, &text);
		if (strcmp(text, "*") != 0 &&
		    glob_component_match(glob_of(discover, state), state.alternative,
					 state.component, name))
			return true;
	}
	return false;
}

int walk_look(struct discover *discover, struct node *node, const char *name, unsigned char type,
	      struct hint *ret_hint)
{
	const struct wanted *source = walk_wanted(discover, node, name);
	struct node *child;
	bool link;
	int r;

	if (leads_on(discover, node, name) && walk_join(discover, node, name)) {
		type = resolve(discover, type, &link);
		if (type == DT_DIR) {
			r = descend(discover, node, name, link);
			return r < 0 ? r : DISCOVER_E_NONE;
		}
		/* No directory any more: its own scan finds that out. */
		child = tree_find(&discover->tree, discover->path, strlen(discover->path));
		if (child)
			tree_queue(&discover->tree, child);
		if (type == DT_UNKNOWN)
			return DISCOVER_E_NONE;
		if (type == DT_LNK && access(discover->path, F_OK) < 0) {
			r = walk_wait_for(discover, node);
			if (r)
				return r;
		}
	}
	if (!source || (type == DT_DIR && !asks_by_name(discover, node, name)))
		return DISCOVER_E_NONE;
	walk_join(discover, node, name);
	*ret_hint = (struct hint){.kind = HINT_FOUND, .source = source->id, .path = discover->path};
	return 0;
}

static int begin_scan(struct discover *discover, struct node *node)
{
	struct node *child;
	bool there;
	int r;

	node->incomplete = false;
	r = walk_watch(discover, node, &there);
	if (r < 0 || !there)
		return r;
	/* Also those that will not be seen, because they are gone. */
	LIST_FOREACH (child, &node->children, sibling)
		tree_queue(&discover->tree, child);
	discover->scanning = node;
	discover->literal = 0;
	if (!node->listing)
		return 0;
	discover->dir = opendir(node->path);
	if (!discover->dir && (errno == ENOENT || errno == ENOTDIR))
		walk_drop(discover, node);
	else if (!discover->dir)
		walk_deny(discover, node, errno);
	return 0;
}

/* The next literal of the node from discover->literal on, each text once; NULL at the end. */
static const char *next_literal(struct discover *discover, const struct node *node)
{
	const char *text, *earlier;

	while (discover->literal < node->n_states) {
		uint32_t i = discover->literal++, k = 0;

		if (kind_of(discover, node->states[i], &text) != GLOB_LITERAL)
			continue;
		while (k < i && (kind_of(discover, node->states[k], &earlier) != GLOB_LITERAL ||
				 strcmp(earlier, text) != 0))
			k++;
		if (k == i)
			return text;
	}
	return NULL;
}

/* A literal may or may not be there. As walk_look. */
static int look_up(struct discover *discover, struct node *node, const char *name,
		   struct hint *ret_hint)
{
	struct stat st;

	if (!walk_join(discover, node, name))
		return DISCOVER_E_NONE;
	if (lstat(discover->path, &st) == 0)
		return walk_look(discover, node, name, IFTODT(st.st_mode), ret_hint);
	if (errno == EACCES)
		walk_deny(discover, node, errno);
	return DISCOVER_E_NONE;
}

/* What a call looks at in vain before it returns: names; a directory costs as much as 16. */
#define STEP_NAMES 4096
#define STEP_DIRECTORY 16

/* HINT_NONE, when so much was looked at. */
static bool is_tired(struct discover *discover, unsigned cost, struct hint *ret_hint)
{
	discover->cost += cost;
	if (discover->cost < STEP_NAMES)
		return false;
	*ret_hint = (struct hint){.kind = HINT_NONE, .source = -1, .path = "/"};
	return true;
}

/* The next name of the directory that is read. As walk_look; DISCOVER_E_NONE at its end. */
static int read_name(struct discover *discover, struct node *node, struct hint *ret_hint)
{
	const struct dirent *entry;
	int r = DISCOVER_E_NONE;

	while (r == DISCOVER_E_NONE && discover->dir && (entry = readdir(discover->dir))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = walk_look(discover, node, entry->d_name, entry->d_type, ret_hint);
		if (r == DISCOVER_E_NONE && is_tired(discover, 1, ret_hint))
			return 0;
	}
	return r;
}

/* Goes on with the directory that is being scanned. 0, DISCOVER_E_NONE: it is done, -ENOMEM. */
static int scan(struct discover *discover, struct hint *ret_hint)
{
	struct node *node = discover->scanning;
	int r = DISCOVER_E_NONE;
	const char *name;

	if (discover->dir) {
		r = read_name(discover, node, ret_hint);
	} else {
		while (r == DISCOVER_E_NONE && (name = next_literal(discover, node)))
			r = look_up(discover, node, name, ret_hint);
	}
	if (r != DISCOVER_E_NONE)
		return r;
	tree_set_denied(&discover->tree, node, node->incomplete);
	walk_end_scan(discover);
	return r;
}

int walk_next(struct discover *discover, struct hint *ret_hint)
{
	struct node *node;
	int r;

	discover->cost = 0;
	for (;;) {
		while (discover->scanning) {
			r = scan(discover, ret_hint);
			if (r != DISCOVER_E_NONE)
				return r;
		}
		node = tree_dequeue(&discover->tree);
		if (!node) {
			quota_end_look(&discover->tree.quota);
			return DISCOVER_E_NONE;
		}
		r = begin_scan(discover, node);
		if (r < 0)
			return r;
		if (is_tired(discover, STEP_DIRECTORY, ret_hint))
			return 0;
	}
}

/*
 * A caller may stop after any hint, with changes that were read already or directories that were
 * not yet; inotify's descriptor would not tell of those. more_fd is readable while there are any.
 */
void walk_tell_more(struct discover *discover, bool more)
{
	uint64_t one = 1;

	if (!discover->watch || more == discover->more)
		return;
	discover->more = more;
	/* Of an eventfd that only we use neither can fail: it is 0 or 1. */
	if ((more ? write(discover->more_fd, &one, sizeof one) :
		    read(discover->more_fd, &one, sizeof one)) < 0)
		discover->more = !more;
}

void walk_scan(struct discover *discover)
{
	void *cursor = NULL;
	struct node *node;

	quota_begin_look(&discover->tree.quota);
	/* The root and what is only followed; each scan goes on with the directories below. */
	while ((node = map_next(discover->tree.nodes, &cursor)))
		if (!node->parent)
			tree_queue(&discover->tree, node);
	walk_tell_more(discover, true);
}
