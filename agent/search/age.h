/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEARCH_AGE_H
#define SEARCH_AGE_H

#include <stdint.h>
#include <sys/stat.h>

/* When files began: what tells the order of generations. All in ns since 1970. */

int64_t age_ns(const struct statx_timestamp *time);

/* When the file with these times (basic ones, and that of its birth) began. */
int64_t age_began_ns(const struct statx *stx);

/* When it was made, of whatever is in it; INT64_MAX: the file system does not tell. */
int64_t age_born_ns(const struct statx *stx);

/* When it was made; where that is not known, when it was written last. */
int64_t age_made(const struct statx *stx);

/* When what is at path was made; INT64_MAX when nothing is there, or that is not known. */
int64_t age_made_ns(const char *path);

#endif
