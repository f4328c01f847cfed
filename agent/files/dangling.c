/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link is often made before what it leads to: by a runtime that makes the directory of a pod
 * after the link to its log, by an application that makes its log with the first line. The name
 * that is waited for may be that of a directory on the way.
 */
#include "files/dangling.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DANGLING_MAX 4096

int dangling_init(struct danglings *all)
{
	*all = (struct danglings){.by_missing = map_new()};
	return all->by_missing ? 0 : -ENOMEM;
}

int dangling_add(struct danglings *all, const char *missing, int source, const char *link)
{
	struct dangling *first = map_get(all->by_missing, missing, strlen(missing)), *made;
	int r;

	for (const struct dangling *known = first; known; known = known->next)
		if (strcmp(known->link, link) == 0)
			return 0;
	if (all->n >= DANGLING_MAX)
		return 0;
	made = malloc(sizeof *made + strlen(link) + 1);
	if (!made)
		return -ENOMEM;
	made->next = first;
	made->source = source;
	strcpy(made->link, link);
	r = map_put(all->by_missing, missing, strlen(missing), made);
	if (r) {
		free(made);
		return r;
	}
	all->n++;
	return 0;
}

struct dangling *dangling_take(struct danglings *all, const char *path)
{
	struct dangling *first = all->n ? map_take(all->by_missing, path, strlen(path)) : NULL;

	for (const struct dangling *taken = first; taken; taken = taken->next)
		all->n--;
	return first;
}

void dangling_deinit(struct danglings *all)
{
	struct dangling *first, *next;
	void *cursor = NULL;

	while (all->by_missing && (first = map_next(all->by_missing, &cursor)))
		for (; first; first = next) {
			next = first->next;
			free(first);
		}
	all->by_missing = map_free(all->by_missing);
}
