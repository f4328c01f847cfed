/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FOLLOW_ADOPT_H
#define FOLLOW_ADOPT_H

#include "files/files.h"
#include "input/discover.h"

/* What a file begins with: known from the store, or new. All borrowed. */
struct birth {
	const struct source *source;
	const char *path;
	const char *lineage;
	const char *real;             /* where links led from the lineage; NULL: nowhere */
	const struct store_file *row; /* NULL: new */
	uint64_t position;
	bool within; /* position lies in a line of which nothing is shipped */
	struct discover *discover;
	bool by_content;          /* the row's file was found by its bytes */
	enum packed_kind packing; /* and is compressed now */
	bool leave_out;           /* what is in it is not wanted; packing is set */
	bool unseen;              /* if it is no known file, nobody saw it come */
	bool judged;              /* it is known to be no copy */
	bool moved;               /* it has its name from a rotation, whatever that looks like */
};

/* Puts a file into the table and into the queue. Consumes fd. 0 or -ENOMEM. */
int follow_adopt(struct files *files, const struct birth *birth, int fd,
		 const struct identity *identity) MUSTCHECK;

#endif
