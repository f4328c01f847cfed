/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_KEPT_H
#define FILES_KEPT_H

#include "files/files.h"

/*
 * The file is settled and has no name any more. It may be there compressed, or become so: one of a
 * lineage that goes on is kept until another one of that went, what may be in a compressed file
 * that is wanted for as long as two looks at all files take. All others are freed.
 */
void files_forget(struct files *files, struct file *file);

/*
 * At the end of a look: finished files of which two looks found no name are forgotten; of a lineage
 * of which others are known, and nothing came behind it, one is kept as above. O(all files). 0 or
 * -ENOMEM: some are not forgotten yet.
 */
int files_forget_gone(struct files *files) MUSTCHECK;

#endif
