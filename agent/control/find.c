/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person calls a file by: what he typed, and where that leads. And a line of it. A name that
 * is not UTF-8 comes as JSON has it, with U+FFFD for what is none: then the one file is meant that
 * is told so.
 */
#include "control/find.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/unicode.h"

#define REPLACED "\xef\xbf\xbd"

/* Whether the name is `told` in JSON. */
static bool is_told(const char *name, const char *told)
{
	size_t len = strlen(name);

	while (len && *told) {
		int n = unicode_sequence((const unsigned char *)name, len);
		const char *piece = n > 0 ? name : REPLACED;
		size_t bytes = n > 0 ? (size_t)n : strlen(REPLACED);

		if (strncmp(told, piece, bytes) != 0)
			return false;
		told += bytes;
		name += n > 0 ? n : -n;
		len -= (size_t)(n > 0 ? n : -n);
	}
	return !len && !*told;
}

bool request_names(const struct request *request, const char *name)
{
	return strcmp(request->about, name) == 0 || strcmp(request->path, name) == 0 ||
	       (strstr(request->about, REPLACED) && is_told(name, request->about)) ||
	       (strstr(request->path, REPLACED) && is_told(name, request->path));
}

/* The only one that is told by that name. */
static struct file *find_told(const struct files *files, const struct request *request)
{
	struct file *found = NULL;
	struct map_walk walk;
	size_t n = 0;

	if (!strstr(request->about, REPLACED) && !strstr(request->path, REPLACED))
		return NULL;
	map_walk_begin(&walk, files->by_inode);
	for (const struct file *file; (file = map_walk_next(&walk));) {
		if (!request_names(request, file->path))
			continue;
		found = files_by_inode(files, file->identity.device, file->identity.inode);
		n++;
	}
	map_walk_end(&walk);
	return n == 1 ? found : NULL;
}

struct file *request_file(const struct files *files, const struct request *request)
{
	const char *names[] = {request->about, request->path};
	struct file *file = NULL;

	for (size_t i = 0; i < ARRAY_LEN(names) && !file; i++)
		file = map_get(files->by_path, names[i], strlen(names[i]));
	if (!file && request->inode)
		file = files_by_inode(files, request->device, request->inode);
	for (size_t i = 0; i < ARRAY_LEN(names) && !file; i++)
		file = map_get(files->by_lineage, names[i], strlen(names[i]));
	return file ? file : find_told(files, request);
}

const struct dormant *request_dormant(const struct files *files, const struct request *request)
{
	const char *path = *request->path ? request->path : request->about;
	const struct dormant *file = dormants_at(&files->dormants, path, strlen(path));

	return file || !request->inode ?
		       file :
		       dormants_by_inode(&files->dormants, request->device, request->inode);
}

bool request_line_start(int fd, const struct line_rules *rules, uint64_t *position)
{
	char bytes[(size_t)64 << 10];
	uint64_t from = *position > sizeof bytes ? *position - sizeof bytes : 0;
	size_t len = *position - from, end;

	if (pread(fd, bytes, len, (off_t)from) != (ssize_t)len)
		return false;
	end = lines_find_last_end((struct slice){bytes, len}, from, rules);
	if (!end && from)
		return false;
	*position = from + end;
	return true;
}

int request_line(const struct request *request, int fd, const struct line_rules *rules,
		 uint64_t *ret_position)
{
	uint64_t position = (uint64_t)request->position;
	size_t len = lines_end_rest(rules) + 1;
	char before[LINES_END_MAX];
	ssize_t n;
	int r;

	if (request->position < 0) {
		r = tail_find_end(fd, rules, ret_position);
		return r > 0 ? REQUEST_E_WITHIN : r;
	}
	n = position < len ? 0 : pread(fd, before, len, (off_t)(position - len));
	if (n < 0)
		return -errno;
	if (position && (n < (ssize_t)len || lines_find_last_end((struct slice){before, len},
								 position - len, rules) != len))
		return REQUEST_E_WITHIN;
	*ret_position = position;
	return 0;
}
