/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_DORMANT_H
#define FILES_DORMANT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/map.h"

/* A directory in which dormant files are, once for all of them. */
struct dormant_dir {
	uint64_t device; /* of the files, too */
	size_t n_files;
	size_t len;
	char path[];
};

/* What stays of a file in which nothing happens: all of it was read and is settled and stored. */
struct dormant {
	struct dormant *next_inode, *next_name; /* of the same bucket */
	struct dormant_dir *dir;
	uint64_t id; /* as all that follows, as in struct file, or its row */
	uint64_t content_id;
	uint64_t inode;
	int64_t born_ns;
	uint64_t committed; /* and its size */
	int64_t mtime_ns;
	int64_t ctime_ns;
	uint64_t head_hash;
	uint64_t tail_hash;
	struct hash128 chain;
	uint64_t rest_hash;
	uint32_t look; /* the look that last found it */
	uint16_t source;
	uint16_t head_len;
	uint8_t tail_len;
	uint8_t silent_looks;
	bool proven : 1;
	bool fresh : 1;
	bool gone : 1;
	char name[]; /* in its directory: its path, and that of its lineage */
};

/* All of them, by inode and by path. */
struct dormants {
	struct map *dirs; /* path → struct dormant_dir */
	struct dormant **by_inode, **by_name;
	size_t n, n_buckets; /* a power of two */
};

/* 0 or -ENOMEM. */
int dormants_init(struct dormants *all) MUSTCHECK;
void dormants_deinit(struct dormants *all);

/*
 * A new one at this path (absolute), filled but for its directory and name. Puts it in; its
 * directory's device is the file's. 0; DORMANT_E_DEVICE: the others there lie on another one;
 * -ENOMEM.
 */
enum { DORMANT_E_DEVICE = 1 };
int dormants_add(struct dormants *all, const struct dormant *file, const char *path,
		 uint64_t device) MUSTCHECK;

/* NULL: there is none. */
struct dormant *dormants_by_inode(const struct dormants *all, uint64_t device, uint64_t inode);
struct dormant *dormants_at(const struct dormants *all, const char *path, size_t len);

/* Takes it out and frees it. */
void dormants_drop(struct dormants *all, struct dormant *file);

/*
 * Its path, absolute, NUL-terminated. False when it does not fit, which no path does of which the
 * kernel told.
 */
bool dormant_path(const struct dormant *file, char *ret_path, size_t len);

/* Calls see with each of them, which may drop that one. */
void dormants_each(struct dormants *all, void (*see)(void *context, struct dormant *file),
		   void *context);

#endif
