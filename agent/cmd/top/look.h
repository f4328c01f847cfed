/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TOP_LOOK_H
#define CMD_TOP_LOOK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "protocol/request.h"

/* What is looked at. */

enum look_view { LOOK_FILES, LOOK_SOURCES, LOOK_PARTITIONS, LOOK_ONE_FILE };

struct look {
	enum look_view view;
	enum request_sort sort;
	char about[PATH_MAX]; /* only the files of this source, or this file; "": all */
	char match[128];      /* only files whose path holds this; "": all */
	bool typing;          /* keys go into match */
	size_t cursor;        /* the row that is chosen, */
	size_t first;         /* and the first that is shown */
	bool quit;
};

#endif
