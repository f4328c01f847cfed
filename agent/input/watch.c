/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inotify, and nothing else in the program knows it. Directories are watched, never files: one
 * watch serves any number of files, tells of names that come, and survives rotation. (fanotify was
 * rejected: it needs privileges and names files by handles.)
 *
 * The kernel keeps one descriptor (wd) for each inode, so two paths to one directory (symbolic
 * link, bind mount) share it: wd -> chain of points, each of which gets the change. For the same
 * reason a mask is only ever added to (IN_MASK_ADD). Descriptors are not given out again before
 * 2^31 others, so a change of an unknown wd is one that waited when its watch was removed.
 *
 *   buffer   0 .. at .. end      at: next change to decode; cursor: next point of the one decoded
 *
 * Not asked for: IN_CLOSE_WRITE (each write told of itself before), IN_DELETE_SELF (IN_IGNORED says
 * the same). IN_EXCL_UNLINK: a file without a name is its reader's business. Writes through mmap
 * and from other hosts of a network file system give no word at all; polling finds them.
 */
#include "input/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/map.h"

/* One read takes at least 230 changes with the longest names, and over 1,300 with short ones. */
#define WATCH_BUFFER_BYTES 65536

#define WATCH_NAMES                                                                       \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_MOVE_SELF | \
	 IN_ONLYDIR | IN_EXCL_UNLINK | IN_MASK_ADD)

struct watch {
	int fd;
	struct map *points; /* wd -> first struct watch_point of its chain */
	const struct inotify_event *event;
	struct watch_point *cursor;
	size_t at;
	size_t end;
	char buffer[WATCH_BUFFER_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
};

int watch_new(struct watch **ret_watch)
{
	struct watch *watch = malloc(sizeof *watch);
	int r;

	if (!watch)
		return -ENOMEM;
	watch->event = NULL;
	watch->cursor = NULL;
	watch->at = watch->end = 0;
	watch->points = map_new();
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (!watch->points || watch->fd < 0) {
		r = watch->points ? -errno : -ENOMEM;
		watch_free(watch);
		return r;
	}
	*ret_watch = watch;
	return 0;
}

struct watch *watch_free(struct watch *watch)
{
	if (!watch)
		return NULL;
	if (watch->fd >= 0)
		close(watch->fd);
	map_free(watch->points);
	free(watch);
	return NULL;
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

static int code_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return WATCH_E_GONE;
	case EACCES:
		return WATCH_E_DENIED;
	case ENOSPC:
		return WATCH_E_LIMIT;
	default:
		return WATCH_E_REFUSED;
	}
}

int watch_add(struct watch *watch, const char *path, bool content, struct watch_point *point)
{
	int wd = inotify_add_watch(watch->fd, path, WATCH_NAMES | (content ? IN_MODIFY : 0));
	int r = wd < 0 ? code_of(errno) : 0;

	if (wd >= 0 && wd == point->wd)
		return 0;
	watch_remove(watch, point);
	if (r)
		return r;
	point->next = map_get(watch->points, &wd, sizeof wd);
	r = map_put(watch->points, &wd, sizeof wd, point);
	if (r < 0) {
		if (!point->next)
			inotify_rm_watch(watch->fd, wd);
		return r;
	}
	point->wd = wd;
	return 0;
}

/* Takes the point out of its chain. True when it was the last one of its wd. */
static bool detach(struct watch *watch, struct watch_point *point)
{
	struct watch_point *first = map_get(watch->points, &point->wd, sizeof point->wd);
	int wd = point->wd;

	if (watch->cursor == point)
		watch->cursor = point->next;
	point->wd = -1;
	if (first != point) {
		while (first->next != point)
			first = first->next;
		first->next = point->next;
		return false;
	}
	if (!point->next) {
		map_take(watch->points, &wd, sizeof wd);
		return true;
	}
	/* Replacing a value of the map allocates nothing. */
	return map_put(watch->points, &wd, sizeof wd, point->next) < 0;
}

void watch_remove(struct watch *watch, struct watch_point *point)
{
	int wd = point->wd;

	/* EINVAL when the kernel was faster (IN_IGNORED): that is fine, too. */
	if (wd >= 0 && detach(watch, point))
		inotify_rm_watch(watch->fd, wd);
}

bool watch_has_more(const struct watch *watch)
{
	return watch->cursor || watch->at < watch->end;
}

int watch_read(struct watch *watch)
{
	ssize_t got;

	if (watch_has_more(watch))
		return 0;
	watch->at = watch->end = 0;
	got = read(watch->fd, watch->buffer, sizeof watch->buffer);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? WATCH_E_NONE : -errno;
	watch->end = (size_t)got;
	return got > 0 ? 0 : WATCH_E_NONE;
}

static enum watch_what what_of(uint32_t mask)
{
	if (mask & IN_MODIFY)
		return WATCH_MODIFIED;
	if (mask & IN_CREATE)
		return WATCH_CREATED;
	if (mask & IN_MOVED_TO)
		return WATCH_MOVED_IN;
	if (mask & IN_MOVED_FROM)
		return WATCH_MOVED_OUT;
	if (mask & IN_DELETE)
		return WATCH_DELETED;
	if (mask & IN_ATTRIB)
		return WATCH_ATTRIBUTES;
	return WATCH_LOST;
}

/* Decodes one change; its points are then given one by one. False when the buffer is used up. */
static bool decode(struct watch *watch)
{
	const struct inotify_event *event;

	if (watch->at >= watch->end)
		return false;
	event = (const void *)(watch->buffer + watch->at);
	watch->at += sizeof *event + event->len;
	watch->event = event;
	watch->cursor = map_get(watch->points, &event->wd, sizeof event->wd);
	return true;
}

int watch_next(struct watch *watch, struct watch_change *ret_change)
{
	const struct inotify_event *event;
	struct watch_point *point;

	while (!watch->cursor) {
		if (!decode(watch))
			return WATCH_E_NONE;
		if (watch->event->mask & IN_Q_OVERFLOW) {
			*ret_change = (struct watch_change){.what = WATCH_OVERFLOW, .name = ""};
			return 0;
		}
	}
	event = watch->event;
	point = watch->cursor;
	/* detach() moves the cursor on when its point is removed meanwhile. */
	watch->cursor = point->next;
	*ret_change = (struct watch_change){
		.what = what_of(event->mask),
		.is_directory = event->mask & IN_ISDIR,
		.cookie = event->cookie,
		.point = point,
		.name = event->len > 0 ? event->name : "",
	};
	return 0;
}
