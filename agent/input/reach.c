/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent may read more than those who own the directories in which it looks. Whoever may make a
 * link there could have anything shipped that we may read: our own credentials, a log of another
 * group, as root /etc/shadow. So a link is a claim of its owner, and it counts as far as what it
 * leads to is the owner's as well; root's count always (kubelet, logrotate). The kernel's
 * fs.protected_symlinks is of the same mind, but for sticky directories only.
 *
 * A path is walked component by component, each opened below the one before and never through a
 * link, so that what was looked at is what is opened, whatever is renamed meanwhile. Most paths
 * have no link: where the kernel has openat2(2) it opens those in one call, and nothing but the
 * others is walked. What a link leads to is known when its text has been walked to the end: until
 * then it stands in `claims`.
 *
 * Rejected: to ask lstat and open then. A link changes between the two.
 */
#include "input/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/openat2.h"

/* Links in one path: as the kernel has it (MAXSYMLINKS). */
#define LINKS_MAX 40

/* kernel.overflowuid: of all owners that the user namespace does not know; they may differ. */
#define UNKNOWN_OWNER 65534

/* What they show is of the kernel, of a process or secret, and is no log. */
static const char *const closed[] = {"/proc", "/sys", "/dev", "/run/credentials"};

struct claim {
	uid_t owner;
	size_t left; /* so much of the path was behind the link */
};

struct walk {
	enum reach_links links;
	const char *path;
	int at;              /* what was reached: a descriptor of O_PATH */
	char done[PATH_MAX]; /* its path without links, "" for the root */
	char rest[PATH_MAX]; /* still to walk */
	struct claim claims[LINKS_MAX];
	int n_claims;
	int n_links;
	reach_see *see;
	void *context;
};

/* Takes the first component out of rest. False: none is left. */
static bool next_component(struct walk *walk, char component[NAME_MAX + 1])
{
	const char *at = walk->rest + strspn(walk->rest, "/");
	size_t len = strcspn(at, "/");

	if (!len || len > NAME_MAX)
		return false;
	memcpy(component, at, len);
	component[len] = '\0';
	at += len;
	at += strspn(at, "/");
	memmove(walk->rest, at, strlen(at) + 1);
	return true;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

static bool is_closed(const struct walk *walk)
{
	for (size_t i = 0; walk->n_links && i < ARRAY_LEN(closed); i++)
		if (is_below(walk->done, closed[i]) && !is_below(walk->path, closed[i]))
			return true;
	return false;
}

/* Whether the links that lead to what was reached may be followed. 0, -ELOOP, other errno. */
static int settle_claims(struct walk *walk)
{
	size_t left = strlen(walk->rest);
	struct stat st;

	if (is_closed(walk))
		return -ELOOP;
	if (!walk->n_claims || walk->claims[walk->n_claims - 1].left < left)
		return 0;
	if (fstat(walk->at, &st) < 0)
		return -errno;
	for (; walk->n_claims && walk->claims[walk->n_claims - 1].left >= left; walk->n_claims--)
		if (walk->claims[walk->n_claims - 1].owner != st.st_uid ||
		    st.st_uid == UNKNOWN_OWNER)
			return -ELOOP;
	return 0;
}

static void step_to(struct walk *walk, int fd)
{
	if (walk->at >= 0)
		close(walk->at);
	walk->at = fd;
}

/* The walk goes on at what the link says, which lies in what was reached. */
static int turn_off(struct walk *walk, int link, const struct stat *st, const char *name)
{
	char text[PATH_MAX], seen[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(link, "", text, sizeof text - 1);
	size_t left = strlen(walk->rest);
	int r = 0, root;

	if (n <= 0)
		return n < 0 ? -errno : -ENOENT;
	text[n] = '\0';
	if (walk->links == REACH_NONE || ++walk->n_links > LINKS_MAX)
		return -ELOOP;
	if (snprintf(seen, sizeof seen, "%s/%s", walk->done, name) >= (int)sizeof seen ||
	    snprintf(rest, sizeof rest, "%s/%s", text, walk->rest) >= (int)sizeof rest)
		return -ENAMETOOLONG;
	strcpy(walk->rest, rest);
	if (walk->see)
		r = walk->see(walk->context, seen);
	if (r)
		return r;
	if (walk->links == REACH_OWNED && st->st_uid)
		walk->claims[walk->n_claims++] = (struct claim){st->st_uid, left};
	if (text[0] != '/')
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	step_to(walk, root);
	walk->done[0] = '\0';
	return 0;
}

/* The name of what is reached now is a component behind it. False: it is too long. */
static bool name_reached(struct walk *walk, const char *component)
{
	size_t len = strlen(walk->done);

	if (strcmp(component, "..") != 0)
		return snprintf(walk->done + len, sizeof walk->done - len, "/%s", component) <
		       (int)(sizeof walk->done - len);
	if (len)
		*strrchr(walk->done, '/') = '\0';
	return true;
}

/* One component further. 0 or negative errno, or what `see` returned. */
static int step(struct walk *walk, const char *component)
{
	struct stat st;
	int fd, r;

	if (strcmp(component, ".") == 0)
		return settle_claims(walk);
	fd = openat(walk->at, component, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fstat(fd, &st) < 0 ? -errno : 0;
	if (!r && S_ISLNK(st.st_mode)) {
		r = turn_off(walk, fd, &st, component);
		close(fd);
		return r;
	}
	if (!r && !name_reached(walk, component))
		r = -ENAMETOOLONG;
	if (r) {
		close(fd);
		return r;
	}
	step_to(walk, fd);
	return settle_claims(walk);
}

/* walk->at is the caller's to close, whatever comes back. 0, negative errno, or see's. */
static int walk_all(struct walk *walk)
{
	char component[NAME_MAX + 1];
	int r = 0;

	if (walk->path[0] != '/' ||
	    snprintf(walk->rest, sizeof walk->rest, "%s", walk->path) >= (int)sizeof walk->rest)
		return walk->path[0] != '/' ? -EINVAL : -ENAMETOOLONG;
	walk->at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (walk->at < 0)
		return -errno;
	while (!r && next_component(walk, component))
		r = step(walk, component);
	if (r == -ENOENT && !name_reached(walk, component))
		return -ENAMETOOLONG;
	return r ? r : walk->rest[strspn(walk->rest, "/")] ? -ENAMETOOLONG : 0;
}

#define READING (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* What was reached is opened for reading; it is held by walk->at, so it is no other one. */
static int open_reached(const struct walk *walk)
{
	char held[32];
	struct stat st;
	int fd;

	if (fstat(walk->at, &st) < 0)
		return -errno;
	/* To open a FIFO wakes its writer, and a device may do anything. */
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -ENXIO;
	snprintf(held, sizeof held, "/proc/self/fd/%d", walk->at);
	fd = open(held, READING);
	return fd < 0 ? -errno : fd;
}

/* The file when no link is on the way; -ELOOP: one is, or the kernel cannot say. */
static int open_straight(const char *path)
{
	struct open_how how = {
		.flags = READING,
		.resolve = RESOLVE_NO_SYMLINKS,
	};
	int fd = sys_openat2(AT_FDCWD, path, &how);

	if (fd >= 0)
		return fd;
	/* Refused by an old kernel or by a filter of system calls. */
	return errno == ENOSYS || errno == EPERM ? -ELOOP : -errno;
}

int reach_open(const char *path, enum reach_links links)
{
	struct walk walk = {.links = links, .path = path, .at = -1};
	int r = path[0] == '/' ? open_straight(path) : -EINVAL;

	if (r != -ELOOP)
		return r;
	r = walk_all(&walk);
	if (!r)
		r = open_reached(&walk);
	step_to(&walk, -1);
	return r;
}

int reach_open_log(const char *path, enum reach_links links)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? reach_open(path, links) : -ENXIO;
}

int reach_walk(const char *path, enum reach_links links, reach_see *see, void *context,
	       char ret_real[PATH_MAX])
{
	struct walk walk = {.links = links, .path = path, .at = -1, .see = see, .context = context};
	int r = walk_all(&walk);

	if (!r || r == -ENOENT)
		strcpy(ret_real, walk.done[0] ? walk.done : "/");
	step_to(&walk, -1);
	return r;
}
