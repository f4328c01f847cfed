/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESUME_AWAY_H
#define RESUME_AWAY_H

#include "files/files.h"
#include "input/discover.h"
#include "search/places.h"

/* Rows of which no file was met at a start: which of them are kept. */

/* Whether the row's file may be there again later: it is not known to be deleted. */
bool away_may_return(struct places *places, const struct discover *discover,
		     const struct store_file *row);

/* Whether a row that no source wants is of use once one does: its file, or the bytes that are
 * unread in it, are there, or may return. */
bool away_is_of_use(struct places *places, const struct discover *discover, struct files *files,
		    const struct store_file *row);

/* Tells that the row's file was deleted, and counts what is lost with it. */
void away_tell_gone(struct files *files, const struct discover *discover,
		    const struct store_file *row);

#endif
