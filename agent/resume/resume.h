/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESUME_RESUME_H
#define RESUME_RESUME_H

#include "files/files.h"
#include "input/discover.h"

/*
 * Before the first scan: takes over every file of the store that exists, under whatever name its
 * inode is found in the directories where it was last seen; generations that came and were rotated
 * while the agent was down are put between (A11). What has vanished is told and counted. Rows whose
 * path no source wants any more are left as they are. of: by source, those whose files are taken
 * over; NULL: of all. 0 or -ENOMEM.
 */
int resume_files(struct files *files, struct discover *discover, const bool *of) MUSTCHECK;

#endif
