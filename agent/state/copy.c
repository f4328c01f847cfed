/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To read a database with a WAL SQLite wants to write beside it; whoever looks may be root, and
 * what root makes there the agent could not use. So both files are copied to a directory of ours,
 * opened there as ever, and their names removed at once.
 *
 * The lock is not held meanwhile, or an agent that starts would find the state taken. It is tried
 * before and after instead: if nobody had it both times, nobody wrote in between, but for an agent
 * that came and went within milliseconds, of whose writes the checksums would tell.
 */
#include "state/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define DB "waybill.db"

static const char *const names[] = {DB, DB "-wal", DB "-journal", DB ".new", "lock"};
/* The first so many are copied, the others are made by store_open. */
#define COPIED 2

/* Whether an agent holds the lock. Negative errno: there is no lock to be read. */
static int is_used(const char *dir)
{
	char path[PATH_MAX];
	int fd, r;

	if (snprintf(path, sizeof path, "%s/lock", dir) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	r = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return r;
}

static int copy_bytes(int from, int to)
{
	char buffer[1 << 16];
	ssize_t n;

	while ((n = read(from, buffer, sizeof buffer)) > 0) {
		for (ssize_t done = 0, m; done < n; done += m) {
			m = write(to, buffer + done, (size_t)(n - done));
			if (m < 0)
				return -errno;
		}
	}
	return n < 0 ? -errno : 0;
}

static int copy_file(const char *from_dir, const char *to_dir, const char *name)
{
	char from_path[PATH_MAX], to_path[PATH_MAX];
	int from, to, r;

	if (snprintf(from_path, sizeof from_path, "%s/%s", from_dir, name) >= PATH_MAX ||
	    snprintf(to_path, sizeof to_path, "%s/%s", to_dir, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	from = open(from_path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return -errno;
	to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r = to < 0 ? -errno : copy_bytes(from, to);
	if (to >= 0)
		close(to);
	close(from);
	return r;
}

static void remove_copy(const char *dir)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (snprintf(path, sizeof path, "%s/%s", dir, names[i]) < PATH_MAX)
			unlink(path);
	}
	rmdir(dir);
}

static int say(char *ret_message, size_t len, const char *dir, int error)
{
	if (error == -ENOENT)
		snprintf(ret_message, len, "there is no state in %s", dir);
	else
		snprintf(ret_message, len, "the state in %s cannot be read: %s", dir,
			 strerror(-error));
	return STORE_E_NOT_WRITABLE;
}

/* As the below, but that the copy's names are left in `copy`. */
static int open_in(const char *dir, const char *copy, struct store **ret_store, char *ret_message,
		   size_t len)
{
	int r = copy_file(dir, copy, names[0]);

	for (size_t i = 1; !r && i < COPIED; i++) {
		r = copy_file(dir, copy, names[i]);
		r = r == -ENOENT ? 0 : r;
	}
	if (r)
		return say(ret_message, len, dir, r);
	if (is_used(dir)) {
		snprintf(ret_message, len, "an agent has just begun to use the state in %s", dir);
		return STORE_E_LOCKED;
	}
	return store_open(copy, ret_store, ret_message, len);
}

int copy_open(const char *dir, struct store **ret_store, char *ret_message, size_t len)
{
	const char *temporary = getenv("TMPDIR");
	char copy[PATH_MAX];
	int r = is_used(dir);

	if (r < 0)
		return say(ret_message, len, dir, r);
	if (r) {
		snprintf(ret_message, len, "an agent uses the state in %s", dir);
		return STORE_E_LOCKED;
	}
	if (snprintf(copy, sizeof copy, "%s/waybill-XXXXXX",
		     temporary && *temporary ? temporary : "/tmp") >= PATH_MAX ||
	    !mkdtemp(copy))
		return say(ret_message, len, dir, -errno);
	r = open_in(dir, copy, ret_store, ret_message, len);
	remove_copy(copy);
	return r;
}
