/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a time zone are libc's matter: with TZ set to the zone, localtime_r is asked for the
 * offset every three days from 1970 to 2100, and where two answers differ the second of the change
 * is found by bisection. That costs some ms a zone and once, and spares a parser of the database's
 * files. In the database no two changes since 1970 lie less than 6.9 days apart (Asia/Gaza), so
 * none is overlooked. Outside of these years the nearest offset holds.
 *
 * libc takes a zone that it does not find for UTC and says nothing, so the file is looked at first.
 * It may not exist at all: small containers have no tzdata.
 */
#include "conf_zone.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STEP_S (3 * 86400)
#define END_S 4102444800 /* 2100 */

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

/* The table of the zone that TZ names. */
static int walk(struct zone **ret_zone)
{
	int32_t before = offset_at(0);
	struct zone *zone = zone_new(before);
	int r = zone ? 0 : -ENOMEM;

	for (int64_t at = STEP_S; r == 0 && at < END_S; at += STEP_S) {
		int32_t offset = offset_at(at);

		if (offset == before)
			continue;
		r = zone_add_change(zone, find_change(at - STEP_S, at, before), offset);
		before = offset;
	}
	if (r) {
		zone_free(zone);
		return r;
	}
	*ret_zone = zone;
	return 0;
}

static int walk_named(const char *name, struct zone **ret_zone)
{
	const char *kept = getenv("TZ");
	char *old = kept ? strdup(kept) : NULL;
	int r;

	if ((kept && !old) || setenv("TZ", name, 1) < 0) {
		free(old);
		return -ENOMEM;
	}
	tzset();
	r = walk(ret_zone);
	/* Room for the old value was there before; without TZ it is local time anyhow. */
	if (!old || setenv("TZ", old, 1) < 0)
		unsetenv("TZ");
	tzset();
	free(old);
	return r;
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
	return walk_named(name, ret_zone);
}

int conf_zone_load(const char *name, struct zone **ret_zone, char *ret_message, size_t len)
{
	const char *at = name, *end = name + strlen(name);
	int32_t offset = 0;

	if (strcmp(name, "local") == 0) {
		tzset();
		return walk(ret_zone);
	}
	if (strcmp(name, "UTC") != 0 && !(zone_take_offset(&at, end, &offset) && at == end))
		return load_named(name, ret_zone, ret_message, len);
	*ret_zone = zone_new(offset);
	return *ret_zone ? 0 : -ENOMEM;
}
