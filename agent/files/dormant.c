/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host has some files that are written to and may have hundreds of thousands that are not, be it
 * by somebody's intent. What is needed of those is what their rows hold, and to find them by inode
 * and by path: 152 bytes and the name, 176 with the allocator's in most cases, and two tables of
 * pointers with one to two places a file: 192 to 208, and 176 + 16 when the tables are full. The
 * directory's path is there once. (A struct file has 900 bytes, and three maps and two paths of
 * some 500.)
 */
#include "files/dormant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 64

int dormants_init(struct dormants *all)
{
	*all = (struct dormants){
		.dirs = map_new(),
		.by_inode = calloc(BUCKETS_MIN, sizeof(struct dormant *)),
		.by_name = calloc(BUCKETS_MIN, sizeof(struct dormant *)),
		.n_buckets = BUCKETS_MIN,
	};
	return all->dirs && all->by_inode && all->by_name ? 0 : -ENOMEM;
}

static void free_one(void *context, struct dormant *file)
{
	dormants_drop(context, file);
}

void dormants_deinit(struct dormants *all)
{
	if (all->by_inode && all->by_name)
		dormants_each(all, free_one, all);
	free(all->by_inode);
	free(all->by_name);
	map_free(all->dirs);
	*all = (struct dormants){0};
}

static struct dormant **inode_bucket(const struct dormants *all, uint64_t device, uint64_t inode)
{
	uint64_t key[] = {device, inode};

	return &all->by_inode[hash_bytes(key, sizeof key) & (all->n_buckets - 1)];
}

static struct dormant **name_bucket(const struct dormants *all, const struct dormant_dir *dir,
				    const char *name, size_t len)
{
	/* The same name in many directories must not be one bucket. */
	uint64_t at = (uint64_t)(uintptr_t)dir >> 4;

	return &all->by_name[(hash_bytes(name, len) ^ at) & (all->n_buckets - 1)];
}

static void link_in(struct dormants *all, struct dormant *file)
{
	struct dormant **bucket = inode_bucket(all, file->dir->device, file->inode);

	file->next_inode = *bucket;
	*bucket = file;
	bucket = name_bucket(all, file->dir, file->name, strlen(file->name));
	file->next_name = *bucket;
	*bucket = file;
}

/* Twice as many buckets; without memory they stay as they are. */
static void grow(struct dormants *all)
{
	struct dormants old = *all;
	struct dormant *file, *next;

	all->n_buckets *= 2;
	all->by_inode = calloc(all->n_buckets, sizeof(struct dormant *));
	all->by_name = calloc(all->n_buckets, sizeof(struct dormant *));
	if (!all->by_inode || !all->by_name) {
		free(all->by_inode);
		free(all->by_name);
		*all = old;
		return;
	}
	for (size_t i = 0; i < old.n_buckets; i++)
		for (file = old.by_inode[i]; file; file = next) {
			next = file->next_inode;
			link_in(all, file);
		}
	free(old.by_inode);
	free(old.by_name);
}

/* 0, DORMANT_E_DEVICE, -ENOMEM. */
static int dir_of(struct dormants *all, const char *path, size_t len, uint64_t device,
		  struct dormant_dir **ret_dir)
{
	struct dormant_dir *dir = map_get(all->dirs, path, len);

	*ret_dir = dir;
	if (dir)
		return dir->device == device ? 0 : DORMANT_E_DEVICE;
	dir = malloc(sizeof *dir + len + 1);
	if (!dir || map_put(all->dirs, path, len, dir)) {
		free(dir);
		return -ENOMEM;
	}
	*dir = (struct dormant_dir){.device = device, .len = len};
	memcpy(dir->path, path, len);
	dir->path[len] = '\0';
	*ret_dir = dir;
	return 0;
}

static void leave_dir(struct dormants *all, struct dormant_dir *dir)
{
	if (dir->n_files)
		return;
	map_take(all->dirs, dir->path, dir->len);
	free(dir);
}

int dormants_add(struct dormants *all, const struct dormant *file, const char *path,
		 uint64_t device)
{
	const char *name = strrchr(path, '/') + 1;
	size_t len = strlen(name) + 1;
	struct dormant_dir *dir;
	struct dormant *made;
	int r = dir_of(all, path, (size_t)(name - path) - 1, device, &dir);

	if (r)
		return r;
	made = malloc(sizeof *made + len);
	if (!made) {
		leave_dir(all, dir);
		return -ENOMEM;
	}
	*made = *file;
	memcpy(made->name, name, len);
	made->dir = dir;
	dir->n_files++;
	if (all->n == all->n_buckets)
		grow(all);
	link_in(all, made);
	all->n++;
	return 0;
}

struct dormant *dormants_by_inode(const struct dormants *all, uint64_t device, uint64_t inode)
{
	struct dormant *file = all->n ? *inode_bucket(all, device, inode) : NULL;

	while (file && (file->inode != inode || file->dir->device != device))
		file = file->next_inode;
	return file;
}

struct dormant *dormants_at(const struct dormants *all, const char *path, size_t len)
{
	const char *slash = all->n ? memrchr(path, '/', len) : NULL;
	const struct dormant_dir *dir;
	struct dormant *file;
	size_t name_len;

	if (!slash)
		return NULL;
	dir = map_get(all->dirs, path, (size_t)(slash - path));
	if (!dir)
		return NULL;
	name_len = len - (size_t)(slash + 1 - path);
	file = *name_bucket(all, dir, slash + 1, name_len);
	while (file && (file->dir != dir || strncmp(file->name, slash + 1, name_len) != 0 ||
			file->name[name_len]))
		file = file->next_name;
	return file;
}

void dormants_drop(struct dormants *all, struct dormant *file)
{
	struct dormant **at = inode_bucket(all, file->dir->device, file->inode);

	while (*at != file)
		at = &(*at)->next_inode;
	*at = file->next_inode;
	at = name_bucket(all, file->dir, file->name, strlen(file->name));
	while (*at != file)
		at = &(*at)->next_name;
	*at = file->next_name;
	file->dir->n_files--;
	leave_dir(all, file->dir);
	free(file);
	all->n--;
}

bool dormant_path(const struct dormant *file, char *ret_path, size_t len)
{
	return (size_t)snprintf(ret_path, len, "%s/%s", file->dir->path, file->name) < len;
}

void dormants_each(struct dormants *all, void (*see)(void *context, struct dormant *file),
		   void *context)
{
	struct dormant *file, *next;

	for (size_t i = 0; i < all->n_buckets; i++)
		for (file = all->by_inode[i]; file; file = next) {
			next = file->next_inode;
			see(context, file);
		}
}
