/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Permission denied" names the file, and the reason is often three directories above it. So every
 * component is asked for on its own, with the kernel's own judgement (faccessat with AT_EACCESS)
 * and not ours of the mode bits: access lists, capabilities and the unit's sandbox count, too.
 * The mode bits serve only to guess what would help.
 */
#include "cmd/check/access.h"
#include "cmd/check/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 16
#define GROUPS_MAX 32

static bool deny(struct check_denial *denial, const char *component, bool search)
{
	int error = errno;

	*denial = (struct check_denial){.error = error, .search = search};
	snprintf(denial->component, sizeof denial->component, "%s", component);
	if (stat(component, &denial->st) < 0)
		denial->st.st_mode = 0;
	return false;
}

/* Puts the target of a link, with what follows it, in the place of the path. */
static bool follow(char path[PATH_MAX], const char *rest)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof target - 1);
	const char *slash = strrchr(path, '/');
	int n;

	if (len <= 0)
		return false;
	target[len] = '\0';
	if (target[0] == '/')
		n = snprintf(joined, sizeof joined, "%s%s", target, rest);
	else
		n = snprintf(joined, sizeof joined, "%.*s/%s%s", (int)(slash - path), path, target,
			     rest);
	if (n >= PATH_MAX)
		return false;
	memcpy(path, joined, (size_t)n + 1);
	return true;
}

bool check_access(const char *path, int mode, struct check_denial *ret_denial)
{
	char at[PATH_MAX], rest[PATH_MAX];
	int links = 0;
	struct stat st;

	if (snprintf(at, sizeof at, "%s", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return deny(ret_denial, path, false);
	}
	for (char *slash = at + 1; slash; slash++) {
		slash = strchr(slash, '/');
		snprintf(rest, sizeof rest, "%s", slash ? slash : "");
		if (slash)
			*slash = '\0';
		if (lstat(at, &st) == 0 && S_ISLNK(st.st_mode) && links++ < LINKS_MAX &&
		    follow(at, rest)) {
			slash = at;
			continue;
		}
		if (faccessat(AT_FDCWD, at, slash ? X_OK : mode, AT_EACCESS) < 0)
			return deny(ret_denial, at, slash != NULL);
		if (!slash)
			break;
		*slash = '/';
	}
	return true;
}

/* Within PrivateUsers= all owners and groups but root and the unit's own look like this one. */
#define UNKNOWN_ID 65534
#define UNKNOWN_WORDS "(hidden by PrivateUsers=)"

static bool is_unknown(unsigned id)
{
	return id == UNKNOWN_ID && check_unit_has("PrivateUsers=yes");
}

static void user_name(uid_t uid, char *ret_text, size_t len)
{
	const struct passwd *user = getpwuid(uid);

	if (is_unknown(uid))
		snprintf(ret_text, len, UNKNOWN_WORDS);
	else if (user)
		snprintf(ret_text, len, "%s", user->pw_name);
	else
		snprintf(ret_text, len, "%u", (unsigned)uid);
}

static void group_name(gid_t gid, char *ret_text, size_t len)
{
	const struct group *group = getgrgid(gid);

	if (is_unknown(gid))
		snprintf(ret_text, len, UNKNOWN_WORDS);
	else if (group)
		snprintf(ret_text, len, "%s", group->gr_name);
	else
		snprintf(ret_text, len, "%u", (unsigned)gid);
}

void check_who(char *ret_text, size_t len)
{
	gid_t groups[GROUPS_MAX];
	int n = getgroups(GROUPS_MAX, groups);
	char name[64];
	size_t used;

	user_name(geteuid(), name, sizeof name);
	used = (size_t)snprintf(ret_text, len, "user %s", name);
	group_name(getegid(), name, sizeof name);
	if (used < len)
		used += (size_t)snprintf(ret_text + used, len - used, ", groups %s", name);
	for (int i = 0; i < n && used < len; i++) {
		if (groups[i] == getegid() || (i > 0 && groups[i] == groups[i - 1]))
			continue;
		group_name(groups[i], name, sizeof name);
		used += (size_t)snprintf(ret_text + used, len - used, "%s%s",
					 is_unknown(groups[i]) ? " and others " : ", ", name);
	}
}

void check_mode_text(mode_t mode, char ret_text[11])
{
	static const char letters[] = "rwxrwxrwx";

	ret_text[0] = S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : S_ISFIFO(mode) ? 'p' : '-';
	for (int i = 0; i < 9; i++)
		ret_text[1 + i] = mode & (0400u >> i) ? letters[i] : '-';
	ret_text[10] = '\0';
}

void check_denial_text(const struct check_denial *denial, const char *path, char *ret_text,
		       size_t len)
{
	bool itself = strcmp(denial->component, path) == 0;
	char mode[11], user[64], group[64];

	if (denial->error != EACCES || !denial->st.st_mode) {
		snprintf(ret_text, len, "%s%s%s", itself ? "" : denial->component,
			 itself ? "" : ": ", strerror(denial->error));
		return;
	}
	check_mode_text(denial->st.st_mode, mode);
	user_name(denial->st.st_uid, user, sizeof user);
	group_name(denial->st.st_gid, group, sizeof group);
	snprintf(ret_text, len, "%s is %s %s %s", itself ? "it" : denial->component, mode, user,
		 group);
}

bool check_is_home(const char *path)
{
	static const char *const homes[] = {"/home", "/root", "/run/user"};

	for (size_t i = 0; i < sizeof homes / sizeof homes[0]; i++) {
		size_t len = strlen(homes[i]);

		if (strncmp(path, homes[i], len) == 0 && (path[len] == '/' || !path[len]))
			return true;
	}
	return false;
}

static bool in_group(gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	int n = getgroups(GROUPS_MAX, groups);

	for (int i = 0; i < n; i++) {
		if (groups[i] == gid)
			return true;
	}
	return gid == getegid();
}

/* Whether the mode bits alone would let us in. */
static bool mode_grants(const struct stat *st, mode_t bit)
{
	if (st->st_uid == geteuid())
		return st->st_mode & (bit << 6);
	return in_group(st->st_gid) ? st->st_mode & (bit << 3) : st->st_mode & bit;
}

/* "waybill" out of "waybill.service ProtectHome=yes" */
static int unit_len(void)
{
	const char *unit = check_unit_inside();
	size_t len = strcspn(unit, " ");

	return (int)(len > 8 ? len - 8 : len);
}

/* What only the unit's sandbox explains. False: nothing of that. */
static bool advise_within(const struct check_denial *denial, char *ret_text, size_t len)
{
	const char *unit = check_unit_inside();
	const struct stat *st = &denial->st;
	/* What systemd puts over a place that the unit may not see: of root, with no rights. */
	bool covered = st->st_uid == 0 && !(st->st_mode & 0777);

	if (!unit || !st->st_mode)
		return false;
	if (covered && check_is_home(denial->component))
		snprintf(ret_text, len,
			 "The unit hides it (ProtectHome=). In a drop-in (systemctl edit %.*s):\n"
			 "  [Service]\n  ProtectHome=read-only",
			 unit_len(), unit);
	else if (covered)
		snprintf(ret_text, len,
			 "The unit hides it: look at InaccessiblePaths= and the like:\n"
			 "  systemctl cat %.*s",
			 unit_len(), unit);
	else if (is_unknown(st->st_gid))
		snprintf(ret_text, len,
			 "Which group it has PrivateUsers= hides, so look from outside:\n"
			 "  ls -ld %s\n"
			 "A group that may goes into a drop-in (systemctl edit %.*s):\n"
			 "  [Service]\n  SupplementaryGroups=GROUP",
			 denial->component, unit_len(), unit);
	else
		return false;
	return true;
}

void check_denial_advice(const struct check_denial *denial, char *ret_text, size_t len)
{
	const struct stat *st = &denial->st;
	mode_t bit = denial->search ? S_IXOTH : S_IROTH;
	char group[64], user[64];

	if (advise_within(denial, ret_text, len))
		return;
	user_name(geteuid(), user, sizeof user);
	group_name(st->st_gid, group, sizeof group);
	if (!st->st_mode)
		snprintf(ret_text, len, "Look at it as root:\n  ls -ld %s", denial->component);
	else if (mode_grants(st, bit) && check_is_home(denial->component))
		snprintf(ret_text, len,
			 "The mode would allow it, so it is likely the unit: set "
			 "ProtectHome=read-only (systemctl edit waybill).");
	else if (mode_grants(st, bit))
		snprintf(ret_text, len,
			 "The mode would allow it, so look at access lists (getfacl), at the unit "
			 "(InaccessiblePaths=, ReadOnlyPaths=, PrivateTmp=), AppArmor or SELinux.");
	else if ((st->st_mode & (bit << 3)) && st->st_gid != 0)
		snprintf(ret_text, len,
			 "Group %s may: set SupplementaryGroups=%s in the unit (systemctl edit "
			 "waybill), or:\n  usermod -aG %s %s",
			 group, group, group, user);
	else
		snprintf(ret_text, len,
			 "Its mode lets no group in; give the right to this user alone%s:\n"
			 "  setfacl -m u:%s:%s %s     # of the package acl",
			 check_is_home(denial->component) ?
				 " (and set ProtectHome=read-only in the unit)" :
				 "",
			 user,
			 denial->search       ? "x" :
			 S_ISDIR(st->st_mode) ? "rx" :
						"r",
			 denial->component);
}
