/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On a network file system, behind FUSE, below an overlay or through another hard link a file grows
 * and no hint comes. Where the kind of file system says so, the file is asked from the beginning;
 * else the looks at all paths, twice a minute, are what notices: bytes that were not read, of a
 * file that was read to its end, with no hint since the look before. Once may be a hint that is
 * still on its way; twice in a row is not.
 *
 * Only its size is asked: new names in such a directory, and renames, are found by looks, which are
 * more frequent while there is such a file (agent_look.c). Accepted: a server that does not answer
 * stops the loop with it, as it stops any reader.
 */
#include "files/poll.h"

#include <sys/stat.h>
#include <syslog.h>

#include "base/clock.h"
#include "base/filesystem.h"

#define ASK_MIN_MS 1000
#define ASK_MAX_MS 5000
#define SILENT_LOOKS 2

static void begin(struct files *files, struct file *file)
{
	if (file->polled)
		return;
	files_poll(files, file);
	file->ask_ms = ASK_MIN_MS;
	file->ask_us = 0;
}

void poll_adopted(struct files *files, struct file *file)
{
	const char *kind = filesystem_unseen(file->path);

	if (!kind)
		return;
	log_source(files->log, LOG_INFO, file->source->name, "file-polled",
		   "%s: it lies on %s, where not every write is told: its size is asked every 1 to "
		   "5 s",
		   file->path, kind);
	begin(files, file);
}

void poll_told(struct file *file)
{
	file->told = true;
}

static bool has_grown(const struct file *file, uint64_t size)
{
	if (file->tail.packing)
		return size != file->tail.dry.size;
	return size > account_read_position(&file->account) + file->tail.pending;
}

void poll_found(struct files *files, struct file *file, uint64_t size)
{
	/* NULs at the end are not read, for they may be a hole: the last turn saw them, too. */
	bool seen = file->found.known && size <= file->found.size;
	bool untold = !file->told && file->eof_seen && file->state == FILE_READING && !seen &&
		      file->queue == FILE_QUEUE_NONE && has_grown(file, size);

	file->told = false;
	file->silent_looks = untold ? file->silent_looks + 1 : 0;
	if (file->silent_looks < SILENT_LOOKS || file->polled)
		return;
	log_source(files->log, LOG_NOTICE, file->source->name, "changes-not-told",
		   "%s: it grows and inotify does not tell (another host, or another path?): its "
		   "size is asked every 1 to 5 s",
		   file->path);
	begin(files, file);
}

static bool size_of(const struct file *file, uint64_t *ret_size)
{
	struct stat st;

	if (file->tail.fd >= 0 ? fstat(file->tail.fd, &st) < 0 : stat(file->path, &st) < 0)
		return false;
	*ret_size = (uint64_t)st.st_size;
	return true;
}

static void ask(struct files *files, struct file *file)
{
	uint64_t size;

	if (size_of(file, &size) && has_grown(file, size)) {
		file->ask_ms = ASK_MIN_MS;
		files_wake(files, file);
	} else if (file->ask_ms < ASK_MAX_MS) {
		file->ask_ms += ASK_MIN_MS;
	}
}

void poll_files(struct files *files, uint64_t now_us)
{
	struct file *file;

	TAILQ_FOREACH (file, &files->polled, polled_link) {
		if (now_us < file->ask_us)
			continue;
		ask(files, file);
		file->ask_us = now_us + file->ask_ms * US_PER_MS;
	}
}
