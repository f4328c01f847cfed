/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_RELEASE_H
#define FILES_RELEASE_H

#include "files/files.h"

/*
 * Files of sources that a reload changes: they leave the table as they would at the end of a life,
 * and what the store has of them comes back, for resume to begin with. of: by source, which ones.
 */

/*
 * Whether nothing is under way of any of them, and none of them is being looked for or going back.
 */
bool files_are_quiet(const struct files *files, const bool *of);

/*
 * Takes all of them out. Their rows stay in the store, where they are as they are here. Only when
 * they are quiet. 0 or -ENOMEM: nothing has changed.
 */
int files_release_sources(struct files *files, const bool *of) MUSTCHECK;

/*
 * Of what store_load gave (consumed) the rows that are wanted, and of which there is no file, are
 * rows that were not met yet. 0 or -ENOMEM.
 */
int files_add_rows(struct files *files, struct store_file *rows, size_t n_rows,
		   bool (*is_wanted)(void *context, const struct store_file *row), void *context)
	MUSTCHECK;

/* Calls see with the lineage of each file, dormant or not, and its source. */
void files_each_lineage(struct files *files,
			void (*see)(void *context, const char *lineage, size_t source),
			void *context);

#endif
