/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_ROLL_H
#define CONTROL_ROLL_H

#include "files/files.h"

/*
 * The files that are known, called one after the other while they come and go: who came since the
 * roll was made is not called, who went is passed over.
 */
struct roll {
	struct inode_key *at;
	size_t n, next;
};

/* 0 or -ENOMEM. Takes some 20 ns a file. */
int roll_init(struct roll *roll, const struct files *files) MUSTCHECK;
void roll_deinit(struct roll *roll);

/* The next of those that are still there; NULL: none is left. */
const struct file *roll_next(struct roll *roll, const struct files *files);

#endif
