/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of the kernel, against what the patterns lead to now. A limit is worth a word when it is
 * reached, and when half of it is used: directories and files come faster than administrators.
 * inotify's limits are shared by all processes of a user, so half is not generous.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "cmd/check/check.h"
#include "files/files.h"

#define INOTIFY "/proc/sys/fs/inotify/"

static uint64_t read_limit(const char *path)
{
	FILE *file = fopen(path, "re");
	uint64_t limit = 0;

	if (file && fscanf(file, "%" SCNu64, &limit) != 1)
		limit = 0;
	if (file)
		fclose(file);
	return limit;
}

static void check_watches(struct check *check, const struct discover_trouble *trouble)
{
	uint64_t limit = read_limit(INOTIFY "max_user_watches");
	uint64_t need = trouble->directories + trouble->unwatched;

	check_say(check,
		  "Limits: directories watched: %" PRIu64 " of %" PRIu64
		  " (fs.inotify.max_user_watches)",
		  trouble->directories, limit);
	if (trouble->watch_errno == ENOSPC || (limit && need > limit))
		check_find(&check->report, CHECK_WARNING, CHECK_NOWHERE,
			   "fs.inotify.max_user_watches is %" PRIu64 ", used up with %" PRIu64
			   " directories to watch\n"
			   "Those without a watch are looked at once a second: more CPU, later "
			   "lines.\n"
			   "Raise it, and keep it in /etc/sysctl.d:\n"
			   "  sysctl -w fs.inotify.max_user_watches=%" PRIu64,
			   limit, need, 4 * (need > limit ? need : limit));
	else if (limit && need > limit / 2)
		check_find(&check->report, CHECK_NOTE, CHECK_NOWHERE,
			   "more than half of fs.inotify.max_user_watches (%" PRIu64
			   ") is needed: %" PRIu64 " directories",
			   limit, need);
	if (trouble->watch_errno == EMFILE || trouble->watch_errno == ENFILE)
		check_find(&check->report, CHECK_WARNING, CHECK_NOWHERE,
			   "no inotify instance is left: fs.inotify.max_user_instances is %" PRIu64
			   "\nAll directories are looked at once a second: more CPU, later lines.\n"
			   "Raise it, and keep it in /etc/sysctl.d:\n"
			   "  sysctl -w fs.inotify.max_user_instances=%" PRIu64,
			   read_limit(INOTIFY "max_user_instances"),
			   2 * read_limit(INOTIFY "max_user_instances"));
}

static void check_descriptors(struct check *check)
{
	struct rlimit limit;
	uint64_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max == RLIM_INFINITY)
		return;
	room = limit.rlim_max > FILES_KEPT_BACK ? limit.rlim_max - FILES_KEPT_BACK : 0;
	check_say(check, "  files to follow: %zu, descriptors for %" PRIu64, check->n_files,
		  room < FILES_OPEN_MAX ? room : (uint64_t)FILES_OPEN_MAX);
	if (room < FILES_OPEN_MAX && check->n_files > room)
		check_find(&check->report, CHECK_WARNING, CHECK_NOWHERE,
			   "%zu files, and the limit of open files (%" PRIu64
			   ") leaves room for %" PRIu64
			   "\nA file that is deleted while it is closed is lost unread.\n"
			   "Raise it in the unit: LimitNOFILE=%d",
			   check->n_files, (uint64_t)limit.rlim_max, room, 2 * FILES_OPEN_MAX);
	else if (check->n_files > FILES_OPEN_MAX)
		check_find(
			&check->report, CHECK_NOTE, CHECK_NOWHERE,
			"%zu files; %d of them are kept open, the least recently used are closed\n"
			"A file that is deleted while it is closed is lost unread.",
			check->n_files, FILES_OPEN_MAX);
}

static void check_quota(struct check *check, const struct quota *quota, const char *what,
			enum conf_key in_all, enum conf_key own)
{
	for (size_t i = 0; i < quota->n_shares; i++) {
		const struct quota_share *share = &quota->shares[i];
		bool is_own = share->n >= share->max && share->max < quota->max;

		if (!share->waiting)
			continue;
		check_find(&check->report, CHECK_WARNING,
			   is_own ? check_place(check, CONF_SOURCES, i, own) :
				    check_main_place(check, in_all),
			   "source \"%s\": %s is %zu%s: %zu %s would have to wait until others are "
			   "deleted\n"
			   "Raise it, and the unit's memory with it (waybill.conf(5) says by how "
			   "much), or leave some out with `exclude`.",
			   check->conf->sources[i].name, conf_options()[in_all].name,
			   is_own ? share->max : quota->max, is_own ? " here" : " for all sources",
			   share->waiting, what);
	}
}

void check_waiting(struct check *check, const struct quota *files, const struct quota *directories)
{
	check_quota(check, files, "files", CONF_MAX_FILES, CONF_SOURCE_MAX_FILES);
	check_quota(check, directories, "directories", CONF_MAX_DIRECTORIES,
		    CONF_SOURCE_MAX_DIRECTORIES);
}

void check_limits(struct check *check, const struct discover_trouble *trouble)
{
	check_watches(check, trouble);
	check_descriptors(check);
}
