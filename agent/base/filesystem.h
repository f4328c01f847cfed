/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FILESYSTEM_H
#define BASE_FILESYSTEM_H

#include <stdbool.h>

/*
 * What kind of file system path lies on, when it is one of which inotify does not tell all writes:
 * a network's, where others write too, or one behind FUSE. Static text; NULL: it tells, or path
 * cannot be looked at.
 */
const char *filesystem_unseen(const char *path);

/* Whether a file keeps its inode and gets another birth time when it is first written to. */
bool filesystem_copies_up(int fd);

#endif
