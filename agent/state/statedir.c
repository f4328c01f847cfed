/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state directory belongs to one process at a time.
 *
 * A kernel lock (flock) rather than a file whose existence means "locked": it ends with the process
 * however that ends, so nothing stale can block a start after a crash. The process id in the file
 * is for the message only. SQLite's own locks come too late and cannot say who holds them.
 * Accepted: flock means little on some network file systems.
 */
#include "state/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void statedir_sync(const char *dir)
{
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!fsync(fd);
	close(fd);
}

static int make_dir(const char *dir)
{
	char parent[PATH_MAX];

	if (snprintf(parent, sizeof parent, "%s/..", dir) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (mkdir(dir, 0750) < 0)
		return errno == EEXIST ? 0 : -errno;
	statedir_sync(parent);
	return 0;
}

/* The file stays for ever: unlinking it would let two processes lock two files of one name. */
static int open_lock(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof path, "%s/lock", dir) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	return fd < 0 ? -errno : fd;
}

/* Who holds the lock, as that process wrote it; it may be about to. */
static void read_holder(int fd, char *holder, size_t len)
{
	const ssize_t n = pread(fd, holder, len - 1, 0);

	holder[n > 0 ? n : 0] = '\0';
	holder[strspn(holder, "0123456789")] = '\0';
	if (!holder[0])
		snprintf(holder, len, "unknown");
}

int statedir_lock(const char *dir, int *ret_fd, char *ret_message, size_t len)
{
	char holder[24];
	int fd, r = make_dir(dir);

	len = ret_message ? len : 0;
	if (r < 0) {
		snprintf(ret_message, len, "state directory %s cannot be made: %s", dir,
			 strerror(-r));
		return STATEDIR_E_NOT_WRITABLE;
	}
	fd = open_lock(dir);
	if (fd < 0) {
		snprintf(ret_message, len, "state directory %s is not writable: %s", dir,
			 strerror(-fd));
		return STATEDIR_E_NOT_WRITABLE;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		read_holder(fd, holder, sizeof holder);
		snprintf(ret_message, len, "state directory %s is used by process %s", dir, holder);
		close(fd);
		return STATEDIR_E_LOCKED;
	}
	/* On a full disk the number is missing, the lock is not. */
	(void)!(ftruncate(fd, 0) == 0 && dprintf(fd, "%d\n", (int)getpid()) > 0);
	*ret_fd = fd;
	return 0;
}

static int move(const char *from_base, const char *to_base, const char *suffix)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (snprintf(from, sizeof from, "%s%s", from_base, suffix) >= PATH_MAX ||
	    snprintf(to, sizeof to, "%s%s", to_base, suffix) >= PATH_MAX)
		return -ENAMETOOLONG;
	return rename(from, to) < 0 && errno != ENOENT ? -errno : 0;
}

int statedir_set_aside(const char *dir, const char *name, char *ret_path, size_t len)
{
	char path[PATH_MAX], aside[PATH_MAX];
	long long now = (long long)time(NULL);
	int r;

	/* One that was set aside in the same second is not written over. */
	do {
		if (snprintf(path, sizeof path, "%s/%s", dir, name) >= PATH_MAX ||
		    snprintf(aside, sizeof aside, "%s/%s.damaged-%lld", dir, name, now++) >=
			    PATH_MAX)
			return -ENAMETOOLONG;
	} while (access(aside, F_OK) == 0);
	/*
	 * The WAL goes first: after a crash in between it must not be taken for that of a new
	 * one.
	 */
	r = move(path, aside, "-wal");
	r = r ? r : move(path, aside, "-journal");
	r = r ? r : move(path, aside, "");
	if (r < 0)
		return r;
	statedir_sync(dir);
	/* Of one that is missing only the WAL was there. */
	snprintf(ret_path, len, "%s%s", aside, access(aside, F_OK) == 0 ? "" : "-wal");
	return 0;
}
