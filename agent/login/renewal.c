/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When certificates, keys and passwords were replaced.
 *
 * They come in several ways: written in place, renamed over the old file, or by a symbolic link
 * that leads elsewhere from now on, of the file or of a directory above it (Kubernetes, certbot).
 * So inotify is a hint only: the directory of the path as it is written and the one of the file
 * that it leads to are watched, and whatever happens there has us look. What we look at is stat(2),
 * then the bytes: that a file was touched means nothing. Where no hint comes, on NFS or above the
 * limits of inotify, the files are looked at every ten seconds.
 *
 * A key and its certificate are two files. What is half written, or one of a pair, would be refused
 * and told as an error, so nothing is new before all files have been left alone for a second.
 *
 *	hint, or ten seconds ──► stat differs ──► a second without a change ──► bytes differ ──► new
 */
#include "login/renewal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/hash.h"
#include "input/watch.h"
#include "settings/read.h"

#define SETTLE_US US_PER_S
#define LOOK_EVERY_US (10 * US_PER_S)
/* Of all authorities of a distribution there are 250 KB. */
#define FILE_MAX_BYTES ((size_t)4 << 20)

struct renewed_file {
	char *setting, *path;
	struct stat at;         /* st_ino 0: it is not there */
	struct hash128 content; /* all 0: it cannot be read */
	struct watch_point named, real;
	struct renewed_file *next;
};

struct renewal {
	struct watch *watch; /* NULL: there is none */
	struct renewed_file *files;
	uint64_t look_at_us;
	uint64_t changed_us; /* the last change that was seen; 0: nothing is unsettled */
};

int renewal_new(struct renewal **ret_renewal)
{
	struct renewal *r = calloc(1, sizeof *r);

	if (!r)
		return -ENOMEM;
	if (watch_new(&r->watch))
		r->watch = NULL;
	*ret_renewal = r;
	return 0;
}

struct renewal *renewal_free(struct renewal *r)
{
	struct renewed_file *next;

	for (struct renewed_file *f = r ? r->files : NULL; f; f = next) {
		next = f->next;
		free(f->setting);
		free(f->path);
		free(f);
	}
	if (r)
		watch_free(r->watch);
	free(r);
	return NULL;
}

/* The directory that `path` stands in; path is cut. */
static void watch_parent(struct renewal *r, char *path, struct watch_point *point)
{
	char *slash = strrchr(path, '/');

	if (!r->watch || !slash)
		return;
	slash[slash == path] = '\0';
	/* Without it there is still the look at every ten seconds. */
	if (watch_add(r->watch, path, true, point))
		watch_remove(r->watch, point);
}

/* Both directories may be others than before. */
static void watch_file(struct renewal *r, struct renewed_file *f)
{
	char *named = strdup(f->path), *real = realpath(f->path, NULL);

	if (named)
		watch_parent(r, named, &f->named);
	if (real)
		watch_parent(r, real, &f->real);
	free(named);
	free(real);
}

static void look(const char *path, struct stat *ret_at)
{
	if (stat(path, ret_at))
		*ret_at = (struct stat){0};
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

static struct hash128 read_content(const char *path)
{
	struct hash128 content = {0};
	char *bytes;
	size_t len;

	/* A keytab holds NUL bytes, so this one reads it as no text. */
	if (conf_read_bytes(path, FILE_MAX_BYTES, &bytes, &len) == 0) {
		content = hash_bytes128(bytes, len);
		explicit_bzero(bytes, len);
		free(bytes);
	}
	return content;
}

int renewal_add(struct renewal *r, const char *setting, const char *path)
{
	struct renewed_file *f = calloc(1, sizeof *f);

	if (!f)
		return -ENOMEM;
	f->setting = strdup(setting);
	f->path = strdup(path);
	if (!f->setting || !f->path) {
		free(f->setting);
		free(f->path);
		free(f);
		return -ENOMEM;
	}
	f->named = f->real = (struct watch_point){.wd = -1};
	/* Watched first: what happens in between is a hint, and not missed. */
	watch_file(r, f);
	look(path, &f->at);
	f->content = read_content(path);
	f->next = r->files;
	r->files = f;
	return 0;
}

/* True when something happened in a directory. */
static bool take_hints(struct renewal *r)
{
	struct watch_change change;
	bool hinted = false;

	while (r->watch && watch_read(r->watch) == 0) {
		hinted = true;
		while (watch_next(r->watch, &change) == 0) {
			if (change.what == WATCH_LOST)
				watch_remove(r->watch, change.point);
		}
	}
	return hinted;
}

static void look_at_all(struct renewal *r, uint64_t now_us)
{
	struct stat at;

	for (struct renewed_file *f = r->files; f; f = f->next) {
		look(f->path, &at);
		if (f->named.wd < 0 || f->real.wd < 0 || !same(&at, &f->at))
			watch_file(r, f);
		if (same(&at, &f->at))
			continue;
		f->at = at;
		r->changed_us = now_us;
	}
	r->look_at_us = now_us + LOOK_EVERY_US;
}

/* Names the files that hold something new, and knows it from then on. */
static bool compare(struct renewal *r, char *ret_what, size_t len)
{
	size_t used = 0;

	ret_what[0] = '\0';
	for (struct renewed_file *f = r->files; f; f = f->next) {
		struct hash128 content = read_content(f->path);

		if (content.low == f->content.low && content.high == f->content.high)
			continue;
		f->content = content;
		if (used < len)
			used += (size_t)snprintf(ret_what + used, len - used, "%s%s (%s)",
						 used ? ", " : "", f->setting, f->path);
	}
	return used > 0;
}

bool renewal_look(struct renewal *r, uint64_t now_us, char *ret_what, size_t len)
{
	if (take_hints(r) || r->changed_us || now_us >= r->look_at_us)
		look_at_all(r, now_us);
	if (!r->changed_us || now_us < r->changed_us + SETTLE_US)
		return false;
	r->changed_us = 0;
	return compare(r, ret_what, len);
}
