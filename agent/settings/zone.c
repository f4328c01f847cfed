/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a time zone are libc's matter: with TZ set to the zone, localtime_r is asked for the
 * offset every three days from 1970 to 2100, and where two answers differ the second of the change
 * is found by bisection. That costs some ms a zone and once, and spares a parser of the database's
 * files. In the database no two changes since 1970 lie less than 6.9 days apart (Asia/Gaza), so
 * none is overlooked. Outside of these years the nearest offset holds.
 *
 * A child of ours does it: a reload looks at the new configuration while the library's threads run,
 * and they may read the environment (the resolver does) while we write it. Between fork and _exit
 * it uses nothing that another thread could have locked but the allocator, which libc keeps usable;
 * should it hang all the same, it is killed and the zone is an error.
 *
 * libc takes a zone that it does not find for UTC and says nothing, so the file is looked at first.
 * It may not exist at all: small containers have no tzdata.
 */
#include "settings/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_S (3 * 86400)
#define END_S 4102444800 /* 2100 */

/* How long the child may take; it needs some ms. */
#define PATIENCE_MS 10000

/* What the child writes: the offset at the start, then each change. some zones have 300. */
struct row {
	int64_t utc_s, offset;
};

#define ROWS_MAX 1024

static int32_t offset_at(int64_t utc_s)
{
	time_t second = (time_t)utc_s;
	struct tm local;

	return localtime_r(&second, &local) ? (int32_t)local.tm_gmtoff : 0;
}

/* The first second in (from, to] that has another offset than `from`; `to` has. */
static int64_t find_change(int64_t from, int64_t to, int32_t before)
{
	while (to - from > 1) {
		int64_t middle = from + (to - from) / 2;

		if (offset_at(middle) == before)
			from = middle;
		else
			to = middle;
	}
	return to;
}

/* The offset in 1970 and the changes of the zone that TZ names; their number. */
static size_t walk(struct row rows[ROWS_MAX])
{
	int32_t before = offset_at(0);
	size_t n = 1;

	rows[0] = (struct row){0, before};
	for (int64_t at = STEP_S; at < END_S && n < ROWS_MAX; at += STEP_S) {
		int32_t offset = offset_at(at);

		if (offset == before)
			continue;
		rows[n++] = (struct row){find_change(at - STEP_S, at, before), offset};
		before = offset;
	}
	return n;
}

/* The child. name == NULL: the zone of the process. All it writes fits into a pipe. */
static void tell(const char *name, int fd)
{
	struct row rows[ROWS_MAX];
	size_t len;

	if (name && setenv("TZ", name, 1) < 0)
		_exit(1);
	tzset();
	len = walk(rows) * sizeof rows[0];
	_exit(write(fd, rows, len) == (ssize_t)len ? 0 : 1);
}

/* What the child writes until it ends. The number of bytes, or negative errno. */
static ssize_t listen_to(int fd, char *bytes, size_t size)
{
	struct pollfd poll_fd = {fd, POLLIN, 0};
	size_t used = 0;

	while (used < size) {
		int ready = poll(&poll_fd, 1, PATIENCE_MS);
		ssize_t n = ready > 0 ? read(fd, bytes + used, size - used) : -1;

		if (ready == 0)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)used;
}

/* The number of rows, or negative errno. */
static ssize_t ask(const char *name, struct row rows[ROWS_MAX])
{
	int ends[2], status = 0;
	ssize_t len;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child == 0)
		tell(name, ends[1]);
	len = child < 0 ? -errno : 0;
	close(ends[1]);
	if (child > 0) {
		len = listen_to(ends[0], (char *)rows, ROWS_MAX * sizeof rows[0]);
		if (len < 0)
			kill(child, SIGKILL);
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(ends[0]);
	if (len < 0)
		return len;
	return status || len < (ssize_t)sizeof rows[0] ? -EIO : len / (ssize_t)sizeof rows[0];
}

/* name == NULL: the zone of the process. */
static int find_out(const char *name, struct zone **ret_zone, char *ret_message, size_t len)
{
	struct row rows[ROWS_MAX];
	ssize_t n = ask(name, rows);
	struct zone *zone;
	int r = 0;

	if (n < 0) {
		snprintf(ret_message, len, "\"%s\" cannot be looked up: %s", name ? name : "local",
			 strerror((int)-n));
		return CONF_ZONE_E_UNKNOWN;
	}
	zone = zone_new((int32_t)rows[0].offset);
	if (!zone)
		return -ENOMEM;
	for (ssize_t i = 1; i < n && r == 0; i++)
		r = zone_add_change(zone, rows[i].utc_s, (int32_t)rows[i].offset);
	if (r) {
		zone_free(zone);
		return r;
	}
	*ret_zone = zone;
	return 0;
}

/* Whether the file is there and one of the database's. */
static bool is_zone_file(const char *path)
{
	char magic[4] = "";
	FILE *file = fopen(path, "re");
	bool good = file && fread(magic, 1, sizeof magic, file) == sizeof magic &&
		    memcmp(magic, "TZif", sizeof magic) == 0;

	if (file)
		fclose(file);
	return good;
}

/* What libc would take for a path, or for a rule ("CET-1CEST"), is none. */
static bool is_zone_name(const char *name)
{
	return *name && *name != '/' && *name != ':' && !strstr(name, "..") &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			    "+-_/") == strlen(name);
}

static int load_named(const char *name, struct zone **ret_zone, char *ret_message, size_t len)
{
	const char *env = getenv("TZDIR"), *directory = env && *env ? env : CONF_ZONE_DIRECTORY;
	char path[PATH_MAX];

	if (access(directory, R_OK | X_OK) < 0) {
		snprintf(
			ret_message, len,
			"\"%s\" cannot be looked up: there is no time zone database in %s (install "
			"tzdata, or give an offset such as \"+02:00\")",
			name, directory);
		return CONF_ZONE_E_UNKNOWN;
	}
	if (!is_zone_name(name) ||
	    (size_t)snprintf(path, sizeof path, "%s/%s", directory, name) >= sizeof path ||
	    !is_zone_file(path)) {
		snprintf(ret_message, len,
			 "no time zone \"%s\" in %s: write \"UTC\", \"local\", an offset such as "
			 "\"+02:00\" or a name such as \"Europe/Paris\"",
			 name, directory);
		return CONF_ZONE_E_UNKNOWN;
	}
	return find_out(name, ret_zone, ret_message, len);
}

int conf_zone_load(const char *name, struct zone **ret_zone, char *ret_message, size_t len)
{
	const char *at = name, *end = name + strlen(name);
	int32_t offset = 0;

	if (strcmp(name, "local") == 0)
		return find_out(NULL, ret_zone, ret_message, len);
	if (strcmp(name, "UTC") != 0 && !(zone_take_offset(&at, end, &offset) && at == end))
		return load_named(name, ret_zone, ret_message, len);
	*ret_zone = zone_new(offset);
	return *ret_zone ? 0 : -ENOMEM;
}
