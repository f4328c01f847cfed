/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is nowhere at a start was deleted, or its volume is not mounted yet (A04): forgotten
 * too early it is shipped again as a whole when it is back, kept for ever its row is one of those
 * of which a state has only ever more. So what is on the way to it decides. A directory that is not
 * there or has no files in it is what a mount point looks like, but not on the file's own device
 * where only a wildcard leads to it: pods, jobs and users come and go like that.
 *
 * Rows that no source wants are kept for as long as their files are there, under whatever name
 * beside where they were: the source may be back (B11).
 */
#include "resume/away.h"
#include "files/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "search/candidates.h"

/* Of the bytes that were seen, those that were not shipped: not behind a hole, either. */
static uint64_t bytes_unshipped(const struct store_file *row, uint64_t reach)
{
	uint64_t bytes = reach - row->committed;
	struct ranges ahead;

	if (!row->ahead.len || ranges_decode(row->ahead, row->committed, &ahead))
		return bytes;
	for (size_t i = ahead.first; i < ahead.first + ahead.n && ahead.at[i].end <= reach; i++)
		bytes -= ahead.at[i].end - ahead.at[i].start;
	ranges_deinit(&ahead);
	return bytes;
}

void away_tell_gone(struct files *files, const struct discover *discover,
		    const struct store_file *row)
{
	uint64_t reach = row->size > row->reach ? row->size : row->reach, lost;
	int wants = discover_wants(discover, row->lineage);
	const char *source = wants < 0 ? "" : files->sources[wants].name;

	/* Only those bytes that were seen are known to be lost. */
	if (row->packed || reach <= row->committed) {
		log_source(files->log, LOG_INFO, source, "file-gone",
			   "%s: gone; all that was in it when it was last seen is shipped",
			   row->path);
		return;
	}
	lost = bytes_unshipped(row, reach);
	files_count_lost(files, wants < 0 ? NULL : &files->sources[wants], row->path, row->lineage,
			 LOST_STOPPED, lost);
	log_source(files->log, LOG_WARNING, source, "file-lost",
		   "%s: gone while waybill was down: %llu bytes after position %llu are lost "
		   "(deleted; if it was moved to another directory, name that in `rotated`); keep "
		   "rotated files longer",
		   row->path, (unsigned long long)lost, (unsigned long long)row->committed);
}

/* Hidden ones are what is put there to say that nothing is mounted. */
static bool has_files(struct places *places, const char *dir)
{
	char *const *names;
	size_t n = places_names(places, dir, "", 0, &names);

	for (size_t i = 0; i < n; i++)
		if (names[i][0] != '.')
			return true;
	return false;
}

/* dir, and with it the file, is not there; what is not there either is cut off. */
static bool may_be_mounted(const struct discover *discover, char *dir, const struct store_file *row)
{
	struct stat st;
	char *slash;

	for (;;) {
		slash = strrchr(dir, '/');
		*slash = '\0';
		if (stat(slash == dir ? "/" : dir, &st) == 0)
			break;
		if ((errno != ENOENT && errno != ENOTDIR) || slash == dir)
			return true;
	}
	*slash = '/';
	return st.st_dev != row->device || discover_names(discover, dir);
}

bool away_may_return(struct places *places, const struct discover *discover,
		     const struct store_file *row)
{
	char *dir = places_dir_of(row->path);
	struct stat st;
	bool may = true;

	if (dir && stat(dir, &st) == 0)
		may = st.st_dev != row->device && !has_files(places, dir);
	else if (dir && (errno == ENOENT || errno == ENOTDIR) && dir[1])
		may = may_be_mounted(discover, dir, row);
	free(dir);
	return may;
}

static bool is_somewhere(struct places *places, const struct store_file *row)
{
	char *found = places_find_file(places, row->path, row->real, row->went, NULL, row->inode);

	if (!found)
		found = places_find_renamed(places, row->path, row->inode);
	free(found);
	return found;
}

static bool is_elsewhere_by_bytes(struct places *places, struct files *files,
				  const struct store_file *row)
{
	struct wanted wanted = {
		.path = row->path,
		.lineage = row->lineage,
		.real = row->real,
		.went = row->went,
		.links = REACH_OWNED,
		.is_known = rows_is_known,
		.context = files,
	};
	struct candidate found;

	content_of_row(&wanted.content, row);
	if (candidates_find(places, &wanted, &found))
		return false;
	close(found.fd);
	free(found.path);
	return true;
}

bool away_is_of_use(struct places *places, const struct discover *discover, struct files *files,
		    const struct store_file *row)
{
	struct stat st;

	if (stat(row->path, &st) == 0 && st.st_ino == row->inode)
		return true;
	return away_may_return(places, discover, row) || is_somewhere(places, row) ||
	       ((row->size > row->committed || row->reach > row->committed) &&
		is_elsewhere_by_bytes(places, files, row));
}
