/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TOP_LOOK_H
#define CMD_TOP_LOOK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "protocol/request.h"

/* What is looked at. */

enum look_view { LOOK_FILES, LOOK_SOURCES, LOOK_PARTITIONS, LOOK_ONE_FILE, LOOK_ONE_PARTITION };

struct look_place {
	enum look_view view;
	char about
		[PATH_MAX]; /* only the files of this source, this file, this partition; "": all */
	size_t cursor;      /* the row that is chosen, */
	size_t first;       /* and the first that is shown */
};

/* A partition, its files, one of them. */
#define LOOK_DEPTH 3

struct look {
	struct look_place at;
	struct look_place back[LOOK_DEPTH]; /* where one came from */
	size_t depth;
	enum request_sort sort;
	char match[128]; /* only files whose path holds this; "": all */
	bool typing;     /* keys go into match */
	bool quit;
};

#endif
