/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state directory, without opening what is in it: whether we could make it, lock it and write
 * to it. Whether an agent holds it is read from /proc/locks, since taking the lock to find out, if
 * only for an instant, could refuse the start of an agent. That list names devices and inodes, and
 * on file systems with made-up device numbers it does not match: then nothing is said.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cmd/check/access.h"
#include "cmd/check/check.h"

/* Positions of 100,000 files are some 30 MB, and SQLite wants room for a copy. */
#define ROOM_MIN (100ull << 20)

static void complain(struct check *check, const struct check_denial *denial, const char *what)
{
	char where[PATH_MAX + 256], who[512], advice[PATH_MAX + 256];

	check_denial_text(denial, check->state_dir, where, sizeof where);
	check_who(who, sizeof who);
	if (denial->error == EROFS)
		snprintf(advice, sizeof advice,
			 "In the unit ProtectSystem=strict leaves only StateDirectory= writable: "
			 "add "
			 "ReadWritePaths=%s, or remount the file system.",
			 check->state_dir);
	else
		snprintf(advice, sizeof advice,
			 "In the unit StateDirectory=waybill makes /var/lib/waybill with the right "
			 "owner; else: chown it to this user.");
	check_find(&check->report, CHECK_ERROR, check->state_place,
		   "state_dir %s %s: %s\nrun as %s would end with status 73.\n%s", check->state_dir,
		   what, where, who, advice);
}

/* The nearest directory that is there: the state directory, or the parent in which it is made. */
static bool look_at_dir(struct check *check, char ret_dir[PATH_MAX])
{
	struct check_denial denial;
	struct stat st;
	const char *slash;

	snprintf(ret_dir, PATH_MAX, "%s", check->state_dir);
	if (stat(ret_dir, &st) == 0) {
		if (!S_ISDIR(st.st_mode)) {
			check_find(&check->report, CHECK_ERROR, check->state_place,
				   "state_dir %s is not a directory\nrun would end with status 73.",
				   check->state_dir);
			return false;
		}
		if (check_access(ret_dir, R_OK | W_OK | X_OK, &denial))
			return true;
		complain(check, &denial, "is not writable");
		return false;
	}
	slash = strrchr(ret_dir, '/');
	if (errno == ENOENT && slash) {
		ret_dir[slash == ret_dir ? 1 : slash - ret_dir] = '\0';
		if (check_access(ret_dir, W_OK | X_OK, &denial))
			return true;
		if (denial.error == ENOENT) {
			check_find(
				&check->report, CHECK_ERROR, check->state_place,
				"state_dir %s cannot be made: %s does not exist\n"
				"run would end with status 73: it makes the last directory only.\n"
				"Make it:\n  mkdir -p %s",
				check->state_dir, denial.component, ret_dir);
			return false;
		}
		complain(check, &denial, "cannot be made");
		return false;
	}
	if (!check_access(check->state_dir, R_OK, &denial))
		complain(check, &denial, "cannot be reached");
	return false;
}

/* Files that another user's run has left are the usual trap: "it worked as root". */
static void look_at_contents(struct check *check)
{
	static const char *const names[] = {"lock", "waybill.db", "waybill.db-wal",
					    "waybill.db-shm"};
	struct check_denial denial;
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (snprintf(path, sizeof path, "%s/%s", check->state_dir, names[i]) >= PATH_MAX ||
		    access(path, F_OK) < 0)
			continue;
		if (check_access(path, R_OK | W_OK, &denial))
			continue;
		complain(check, &denial, "holds a file of somebody else");
		return;
	}
}

static void look_at_room(struct check *check, const char *dir)
{
	uint64_t wanted = ROOM_MIN + check->conf->dead_letter_max, room;
	char have[32], want[32];
	struct statfs fs;

	if (statfs(dir, &fs) < 0)
		return;
	room = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	check_size_text(room, have, sizeof have);
	check_size_text(wanted, want, sizeof want);
	check_say(check, "State directory: %s, %s free", check->state_dir, have);
	if (room < wanted)
		check_find(&check->report, CHECK_WARNING, check->state_place,
			   "state_dir: %s has %s free\n"
			   "On a full disk positions are no longer stored, and a crash repeats "
			   "lines.\n"
			   "Have %s free, dead_letter_max included.",
			   dir, have, want);
	if (fs.f_files && fs.f_ffree == 0)
		check_find(&check->report, CHECK_ERROR, check->state_place,
			   "state_dir: the file system of %s has no inode left", dir);
	if (fs.f_type == TMPFS_MAGIC)
		check_find(
			&check->report, CHECK_WARNING, check->state_place,
			"state_dir %s is in memory (tmpfs)\n"
			"After a reboot all positions are gone, and all lines are shipped again.\n"
			"Put it on a disk: /var/lib/waybill",
			check->state_dir);
	if (fs.f_type == NFS_SUPER_MAGIC || fs.f_type == SMB2_SUPER_MAGIC)
		check_find(&check->report, CHECK_WARNING, check->state_place,
			   "state_dir %s is on a network file system\n"
			   "Its locks may not keep a second agent out, nor SQLite's files whole.\n"
			   "Put it on a local disk.",
			   check->state_dir);
}

/* The process that /proc/locks says holds a flock on this inode; 0 when none is seen. */
static long holder_of(const struct stat *st)
{
	FILE *locks = fopen("/proc/locks", "re");
	unsigned dev_major, dev_minor;
	char line[256];
	long pid, found = 0;
	uint64_t inode;

	while (locks && !found && fgets(line, sizeof line, locks)) {
		if (sscanf(line, "%*d: FLOCK %*s %*s %ld %x:%x:%" SCNu64, &pid, &dev_major,
			   &dev_minor, &inode) == 4 &&
		    inode == st->st_ino && dev_major == major(st->st_dev) &&
		    dev_minor == minor(st->st_dev) && pid > 0)
			found = pid;
	}
	if (locks)
		fclose(locks);
	return found;
}

static void look_at_lock(struct check *check)
{
	char path[PATH_MAX];
	struct stat st;
	long pid;

	if (snprintf(path, sizeof path, "%s/lock", check->state_dir) >= PATH_MAX ||
	    stat(path, &st) < 0)
		return;
	pid = holder_of(&st);
	if (pid)
		check_find(&check->report, CHECK_NOTE, check->state_place,
			   "state_dir %s is in use: process %ld holds its lock\n"
			   "A second run would end with status 69 as long as that one runs.",
			   check->state_dir, pid);
}

int check_state(struct check *check)
{
	char dir[PATH_MAX];

	/* Of the configuration; it was noted when that was loaded. */
	if (check->state_dir[0] != '/')
		return 0;
	if (!look_at_dir(check, dir))
		return 0;
	look_at_contents(check);
	look_at_room(check, dir);
	look_at_lock(check);
	return 0;
}
