/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a file began: its birth time, which neither a late writer nor touch moves. One that was born
 * after its last write was restored or copied, and then that write is what tells the order; so it
 * is where the file system knows no birth times.
 */
#include "search/age.h"

#include <fcntl.h>

int64_t age_ns(const struct statx_timestamp *time)
{
	return time->tv_sec * 1000000000LL + time->tv_nsec;
}

int64_t age_began_ns(const struct statx *stx)
{
	int64_t written_ns = age_ns(&stx->stx_mtime), born_ns = age_ns(&stx->stx_btime);

	return (stx->stx_mask & STATX_BTIME) && born_ns && born_ns <= written_ns ? born_ns :
										   written_ns;
}

int64_t age_born_ns(const struct statx *stx)
{
	int64_t born_ns = age_ns(&stx->stx_btime);

	return (stx->stx_mask & STATX_BTIME) && born_ns ? born_ns : INT64_MAX;
}

int64_t age_made(const struct statx *stx)
{
	int64_t born_ns = stx->stx_mask & STATX_BTIME ? age_ns(&stx->stx_btime) : 0;

	return born_ns ? born_ns : age_ns(&stx->stx_mtime);
}

int64_t age_made_ns(const char *path)
{
	struct statx stx;

	if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &stx) < 0)
		return INT64_MAX;
	return age_born_ns(&stx);
}
