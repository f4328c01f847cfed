/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library's calls that read or change what outlives a process, defined anew in the one file
 * of a test binary that includes this: those of our rooms go through them, and SQLite's too. Must
 * be the first include, since the library's checked variants would be in the way.
 *
 * The including file defines
 *
 *     static bool before_call(const struct call *call);           false: it fails with this errno
 *     static void after_call(const struct call *call, long result);   with CALLS_AFTER only
 *
 * Calls that a library does not use on this system do no harm. What a test itself does to files it
 * does with syscall(2), unseen.
 */
#ifndef SUPPORT_CALLS_H
#define SUPPORT_CALLS_H

#undef _FORTIFY_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/openat2.h"

enum call_kind {
	CALL_OPEN,
	CALL_READ,
	CALL_WRITE,
	CALL_TRUNCATE,
	CALL_SYNC,
	CALL_RENAME,
	CALL_UNLINK,
	CALL_KINDS,
};

struct call {
	enum call_kind kind;
	int fd;           /* of READ, WRITE, TRUNCATE, SYNC */
	const char *path; /* of OPEN, RENAME, UNLINK */
	const char *to;   /* of RENAME */
	int flags;        /* of OPEN */
	const void *bytes;
	size_t len; /* of READ, WRITE */
	off_t at;   /* of READ, WRITE; the new length of TRUNCATE */
};

static bool before_call(const struct call *call);
static void after_call(const struct call *call, long result);

#ifndef CALLS_AFTER
static void after_call(const struct call *call, long result)
{
	(void)call, (void)result;
}
#endif

#define CALL(what, number, ...)                                               \
	do {                                                                  \
		const struct call call_ = what;                               \
		long result_ = -1;                                            \
                                                                              \
		if (before_call(&call_)) {                                    \
			result_ = syscall(number __VA_OPT__(, ) __VA_ARGS__); \
			after_call(&call_, result_);                          \
		}                                                             \
		return result_;                                               \
	} while (0)
#define WHAT(...) ((struct call){__VA_ARGS__})

#define OPEN_AT(name)                                                                             \
	int name(const char *path, int flags, ...)                                                \
	{                                                                                         \
		va_list rest;                                                                     \
		int mode = 0;                                                                     \
                                                                                                  \
		va_start(rest, flags);                                                            \
		if (flags & (O_CREAT | O_TMPFILE))                                                \
			mode = va_arg(rest, int);                                                 \
		va_end(rest);                                                                     \
		CALL(WHAT(.kind = CALL_OPEN, .path = path, .flags = flags), SYS_openat, AT_FDCWD, \
		     path, flags, mode);                                                          \
	}
OPEN_AT(open)
OPEN_AT(open64)

int sys_openat2(int dir, const char *path, const struct open_how *how)
{
	CALL(WHAT(.kind = CALL_OPEN, .path = path, .flags = (int)how->flags), SYS_openat2, dir,
	     path, how, sizeof *how);
}

#define READ_AT(name, ...)                                                                       \
	ssize_t name(int fd, void *to, size_t n, off_t at __VA_OPT__(, ) __VA_ARGS__);           \
	ssize_t name(int fd, void *to, size_t n, off_t at __VA_OPT__(, ) __VA_ARGS__)            \
	{                                                                                        \
		CALL(WHAT(.kind = CALL_READ, .fd = fd, .len = n, .at = at), SYS_pread64, fd, to, \
		     n, at);                                                                     \
	}
READ_AT(pread)
READ_AT(pread64)
READ_AT(__pread_chk, size_t room __attribute__((unused)))
READ_AT(__pread64_chk, size_t room __attribute__((unused)))

ssize_t preadv(int fd, const struct iovec *parts, int n, off_t at)
{
	CALL(WHAT(.kind = CALL_READ, .fd = fd, .at = at), SYS_preadv, fd, parts, n, at, 0);
}

#define WRITE_AT(name)                                                                      \
	ssize_t name(int fd, const void *from, size_t n, off_t at)                          \
	{                                                                                   \
		CALL(WHAT(.kind = CALL_WRITE, .fd = fd, .bytes = from, .len = n, .at = at), \
		     SYS_pwrite64, fd, from, n, at);                                        \
	}
WRITE_AT(pwrite)
WRITE_AT(pwrite64)

#define TRUNCATE(name)                                                                          \
	int name(int fd, off_t len)                                                             \
	{                                                                                       \
		CALL(WHAT(.kind = CALL_TRUNCATE, .fd = fd, .at = len), SYS_ftruncate, fd, len); \
	}
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

/*
 * A process that is killed loses nothing that the kernel has, so none of them has to be waited for.
 */
#define SYNC(name)                                                      \
	int name(int fd)                                                \
	{                                                               \
		const struct call call = {.kind = CALL_SYNC, .fd = fd}; \
                                                                        \
		if (!before_call(&call))                                \
			return -1;                                      \
		after_call(&call, 0);                                   \
		return 0;                                               \
	}
SYNC(fsync)
SYNC(fdatasync)

int rename(const char *from, const char *to)
{
	CALL(WHAT(.kind = CALL_RENAME, .path = from, .to = to), SYS_rename, from, to);
}

int unlink(const char *path)
{
	CALL(WHAT(.kind = CALL_UNLINK, .path = path), SYS_unlink, path);
}

#endif
