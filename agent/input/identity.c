/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path says nothing about which file it is: rotation moves names, and inode numbers are given out
 * again within milliseconds. So a file is its inode, confirmed by the time it was born (statx) and
 * by a hash of its first bytes. The hash grows with what was read instead of waiting for a minimal
 * size: a file of one line ships at once, at the price that very short files with equal first
 * lines look alike; the inode decides then. Accepted weakness: on a file system without birth
 * times an inode that is used again by a file with the same head is taken for the old one.
 *
 * Bytes are taken with pread, so the descriptor's own position never matters.
 */
#include "input/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/hash.h"

int identity_of(int fd, struct identity *ret_identity)
{
	struct identity identity = {0};
	struct stat st;
	struct statx stx;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return IDENTITY_E_NO_FILE;
	identity.device = st.st_dev;
	identity.inode = st.st_ino;
	/* The birth time is an extra: old kernels and strict system call filters refuse statx. */
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &stx) == 0 && (stx.stx_mask & STATX_BTIME))
		identity.born_ns = stx.stx_btime.tv_sec * 1000000000ll + stx.stx_btime.tv_nsec;
	*ret_identity = identity;
	return 0;
}

int identity_at(const char *path, struct identity *ret_identity)
{
	struct identity identity = {0};
	struct statx stx;

	if (statx(AT_FDCWD, path, 0, STATX_TYPE | STATX_INO | STATX_BTIME, &stx) < 0)
		return -errno;
	if (!S_ISREG(stx.stx_mode))
		return IDENTITY_E_NO_FILE;
	identity.device = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	identity.inode = stx.stx_ino;
	if (stx.stx_mask & STATX_BTIME)
		identity.born_ns = stx.stx_btime.tv_sec * 1000000000ll + stx.stx_btime.tv_nsec;
	*ret_identity = identity;
	return 0;
}

/* The number of bytes found at the start of the file, at most len, or negative errno. */
static ssize_t read_start(int fd, char *bytes, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t got = pread(fd, bytes + have, len - have, (off_t)have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

int identity_grow_head(int fd, struct identity *identity, uint64_t upto)
{
	char bytes[IDENTITY_HEAD_MAX];
	ssize_t got = read_start(fd, bytes, upto < sizeof bytes ? (size_t)upto : sizeof bytes);

	if (got < 0)
		return (int)got;
	if (identity->head_len && ((size_t)got < identity->head_len ||
				   identity_hash(bytes, identity->head_len) != identity->head_hash))
		return IDENTITY_E_OTHER;
	identity->head_len = (uint32_t)got;
	identity->head_hash = identity_hash(bytes, (size_t)got);
	return 0;
}

void identity_learn_head(struct identity *identity, const char *bytes, size_t len)
{
	len = len < IDENTITY_HEAD_MAX ? len : IDENTITY_HEAD_MAX;
	if (len <= identity->head_len)
		return;
	identity->head_len = (uint32_t)len;
	identity->head_hash = identity_hash(bytes, len);
}

int identity_head_matches(int fd, const struct identity *identity)
{
	char bytes[IDENTITY_HEAD_MAX];
	ssize_t got;

	if (identity->head_len == 0)
		return 1;
	if (identity->head_len > sizeof bytes)
		return 0;
	got = read_start(fd, bytes, identity->head_len);
	if (got < 0)
		return (int)got;
	return (size_t)got == identity->head_len &&
	       identity_hash(bytes, (size_t)got) == identity->head_hash;
}

uint64_t identity_hash(const void *bytes, size_t len)
{
	return hash_bytes(bytes, len);
}

bool identity_is_compressed(const void *head, size_t len)
{
	static const struct {
		size_t len;
		char bytes[7];
	} magics[] = {
		{2, "\x1f\x8b"},         /* gzip */
		{4, "\x28\xb5\x2f\xfd"}, /* zstd */
		{6, "\xfd\x37zXZ"},      /* xz, whose sixth byte is NUL */
		{3, "BZh"},              /* bzip2; a digit follows */
		{4, "\x04\x22\x4d\x18"}, /* LZ4 frame */
	};
	const char *bytes = head;

	/* What pzstd begins with, and LZ4 may: a frame to be skipped. */
	if (len >= 4 && (bytes[0] & 0xf0) == 0x50 && memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
		if (len < magics[i].len || memcmp(bytes, magics[i].bytes, magics[i].len) != 0)
			continue;
		/* A log may begin with "BZh": bzip2's level and block (or end) mark decide. */
		if (bytes[0] == 'B' && (len < 5 || bytes[3] < '1' || bytes[3] > '9' ||
					(bytes[4] != 0x31 && bytes[4] != 0x17)))
			continue;
		return true;
	}
	return false;
}

bool identity_same_inode(const struct identity *a, const struct identity *b)
{
	if (a->device != b->device || a->inode != b->inode)
		return false;
	return a->born_ns == 0 || b->born_ns == 0 || a->born_ns == b->born_ns;
}

bool identity_is_gone(const struct identity *identity, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	char dir[PATH_MAX];
	struct stat st;

	if (!slash)
		return true;
	snprintf(dir, sizeof dir, "%.*s", (int)(slash - path) + 1, path);
	if (stat(path, &st) == 0 ? st.st_ino == identity->inode && st.st_dev == identity->device :
				   errno != ENOENT && errno != ENOTDIR)
		return false;
	return stat(dir, &st) == 0 && st.st_dev == identity->device;
}
