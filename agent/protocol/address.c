/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent and its clients know one thing in common, the configuration, so the place follows from
 * that and not from what systemd tells the agent alone (RUNTIME_DIRECTORY).
 *
 * The name of a socket has 108 bytes, a path may have 4,096: a long one goes by way of its
 * directory's descriptor, which has a short name in /proc.
 */
#include "protocol/address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_ROOT "/var/lib/"
#define RUNTIME_ROOT "/run/"
#define NAME "control"
/* Its owner and its group may connect. */
#define SOCKET_MODE 0660

/* "a/b/control" → "a-b/control" */
static void join_names(char *path)
{
	char *last = strrchr(path, '/');

	for (char *at = path; at < last; at++) {
		if (*at == '/')
			*at = '-';
	}
}

int address_path(const char *configured, const char *state_dir, char ret_path[PATH_MAX])
{
	const size_t root = strlen(STATE_ROOT);
	bool in_run = false;
	int len;

	if (configured && *configured) {
		len = snprintf(ret_path, PATH_MAX, "%s", configured);
	} else if (strncmp(state_dir, STATE_ROOT, root) == 0) {
		in_run = true;
		len = snprintf(ret_path, PATH_MAX, RUNTIME_ROOT "%s/" NAME, state_dir + root);
	} else {
		len = snprintf(ret_path, PATH_MAX, "%s/" NAME, state_dir);
	}
	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	if (in_run)
		join_names(ret_path + strlen(RUNTIME_ROOT));
	return 0;
}

int address_init(const char *path, struct address *ret_address)
{
	struct address address = {.name.sun_family = AF_UNIX, .dir_fd = -1};
	const char *last = strrchr(path, '/');
	char dir[PATH_MAX];

	if (strlen(path) < sizeof address.name.sun_path) {
		memcpy(address.name.sun_path, path, strlen(path) + 1);
		*ret_address = address;
		return 0;
	}
	if (!last || snprintf(dir, sizeof dir, "%.*s/", (int)(last - path), path) >= PATH_MAX)
		return -ENAMETOOLONG;
	address.dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (address.dir_fd < 0)
		return -errno;
	if ((size_t)snprintf(address.name.sun_path, sizeof address.name.sun_path,
			     "/proc/self/fd/%d%s", address.dir_fd,
			     last) >= sizeof address.name.sun_path) {
		close(address.dir_fd);
		return -ENAMETOOLONG;
	}
	*ret_address = address;
	return 0;
}

void address_deinit(struct address *address)
{
	if (address->dir_fd >= 0)
		close(address->dir_fd);
	address->dir_fd = -1;
}

/*
 * Whether somebody may answer there. One that we may not connect to, or that is of another type
 * (/dev/log), is somebody's.
 */
static bool is_alive(const struct address *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

	if (fd < 0)
		return true;
	r = connect(fd, (const struct sockaddr *)&address->name, sizeof address->name);
	r = r == 0 || errno != ECONNREFUSED;
	close(fd);
	return r;
}

/* Whether it may be bound to, if it is no file. */
static bool remove_dead(const char *path, const struct address *address)
{
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return true;
	return !is_alive(address) && unlink(path) == 0;
}

static int bind_to(int fd, const char *path, const struct address *address)
{
	if (!remove_dead(path, address))
		return -EADDRINUSE;
	/* The mode that the name is made with; the umask takes from it what is given back below. */
	if (fchmod(fd, SOCKET_MODE) < 0 ||
	    bind(fd, (const struct sockaddr *)&address->name, sizeof address->name) < 0)
		return -errno;
	return 0;
}

int address_listen(const char *path, int backlog, int *ret_fd)
{
	struct address address;
	int r = address_init(path, &address);
	int fd = r ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (r)
		return r;
	r = fd < 0 ? -errno : bind_to(fd, path, &address);
	address_deinit(&address);
	if (!r && (chmod(path, SOCKET_MODE) < 0 || listen(fd, backlog) < 0)) {
		r = -errno;
		unlink(path);
	}
	if (!r)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return r;
}

void address_remove(const char *path)
{
	struct address address;

	if (address_init(path, &address))
		return;
	(void)remove_dead(path, &address);
	address_deinit(&address);
}

int address_give(const char *path, gid_t group)
{
	/* The change of group may take bits of the mode away. */
	if (chown(path, (uid_t)-1, group) < 0 || chmod(path, SOCKET_MODE) < 0)
		return -errno;
	return 0;
}
