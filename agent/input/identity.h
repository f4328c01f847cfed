/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_IDENTITY_H
#define INPUT_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* At most so many first bytes of a file are under its fingerprint. */
#define IDENTITY_HEAD_MAX 1024

/* What tells a file from all others, whatever its name: the inode and its first bytes. */
struct identity {
	uint64_t device;
	uint64_t inode;
	int64_t born_ns; /* birth time in ns since 1970, 0 when the file system does not know it */
	uint32_t head_len; /* bytes under the fingerprint, at most IDENTITY_HEAD_MAX; 0: none yet */
	uint64_t head_hash; /* XXH64 of the first head_len bytes */
};

/*
 * Device, inode and birth time of an open file; the head is empty. 0; IDENTITY_E_NO_FILE: it is a
 * FIFO, a device, a directory that took the name after the caller's look at it; negative errno.
 * *ret_identity is touched on 0 only.
 */
enum { IDENTITY_E_OTHER = 1, IDENTITY_E_NO_FILE };
int identity_of(int fd, struct identity *ret_identity) MUSTCHECK;

/*
 * The same of what is at a path now, behind its links, without opening it. Where statx is refused
 * it fails.
 */
int identity_at(const char *path, struct identity *ret_identity) MUSTCHECK;

/*
 * Extends the fingerprint to the first min(IDENTITY_HEAD_MAX, upto) bytes, fewer when the file is
 * shorter. 0; IDENTITY_E_OTHER when the file does not begin any more with what the fingerprint is
 * of; negative errno. *identity is touched on 0 only.
 */
int identity_grow_head(int fd, struct identity *identity, uint64_t upto) MUSTCHECK;

/* The same from bytes that were read from the file's start, whatever is in it now. */
void identity_learn_head(struct identity *identity, const char *bytes, size_t len);

/*
 * 1 when the file still begins with the bytes under the fingerprint (also when head_len is 0), 0
 * when not (also when it became shorter), negative errno when it cannot be read.
 */
int identity_head_matches(int fd, const struct identity *identity) MUSTCHECK;

/* XXH64, seed 0: the one hash of file contents in the program and its state. */
uint64_t identity_hash(const void *bytes, size_t len);

/* Whether a file that begins so is gzip, zstd, xz, bzip2 or an LZ4 frame, and so no log (A12). */
bool identity_is_compressed(const void *head, size_t len);

/* Same device and inode, and the same birth time where both know it. */
bool identity_same_inode(const struct identity *a, const struct identity *b);

/*
 * Whether path does not name the file any more, though its directory is there and on the file's
 * device: what is not mounted comes back (A04). NULL, and no absolute path: true.
 */
bool identity_is_gone(const struct identity *identity, const char *path);

#endif
