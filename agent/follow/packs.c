/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file is cannot be asked when it is found: gzip makes an empty file first, and a pattern
 * like app.log* matches it (A12). So it is asked when the first bytes are there and none was read.
 *
 * Whether it is whole cannot be asked, either: what ends amid its content may still be written. So
 * that is told only once it is quiet, as a rotated file is before it is closed; when it goes on
 * after that, so does its reading.
 */
#include "follow/packs.h"

#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "follow/follow_private.h"
#include "follow/packs_private.h"

/* Enough for every kind. */
#define HEAD_BYTES 8

/* Asks its first bytes. False: it was taken out. */
static bool tell_apart(struct files *files, struct file *file)
{
	unsigned char head[HEAD_BYTES];
	ssize_t n;

	if (account_read_position(&file->account) || file->tail.packing) {
		file->told_apart = true;
		return true;
	}
	n = pread(file->tail.fd, head, sizeof head, 0);
	if (n <= 0)
		return true;
	file->told_apart = n == sizeof head;
	if (!identity_is_compressed(head, (size_t)n)) {
		if (file->unjudged)
			files_end_judge(files, file);
		files_dirty(files, file);
		return true;
	}
	if (file->source->compressed && packed_kind_of(head, (size_t)n)) {
		file->told_apart = true;
		file->tail.packing = packed_kind_of(head, (size_t)n);
		file->unjudged = true;
		files->n_unjudged++;
		files_age(files, file);
		return true;
	}
	follow_refuse(files, file->source, file->path, "file-compressed", "a compressed file");
	files_remove(files, file, true);
	return false;
}

/* What is in it now is passed, a piece at a time. False: there is more, or it cannot be read. */
static bool pass(struct files *files, struct file *file)
{
	uint64_t position = account_read_position(&file->account);
	int r = tail_find_packed_end(&file->tail, &file->passed, &position);

	account_reset(&file->account, position);
	file->tail.high_water = position;
	files_rest(files, file);
	if (r == TAIL_E_AGAIN)
		files_ready(files, file);
	else if (r)
		log_source(files->log, LOG_ERR, file->source->name, "file-unreadable",
			   "%s: reading failed: %s", file->path, strerror(-r));
	if (r)
		return false;
	file->leave_out = false;
	files_dirty(files, file);
	files_ready(files, file);
	return true;
}

bool packs_look(struct files *files, struct file *file, uint64_t now_us)
{
	if (UNLIKELY(!file->told_apart) && !tell_apart(files, file))
		return false;
	if (LIKELY(!file->tail.packing))
		return true;
	if (!files_may_unpack(files, file, now_us))
		return false;
	if (UNLIKELY(file->unjudged) && !packs_judge(files, file, now_us))
		return false;
	return !file->leave_out || pass(files, file);
}

static void tell_broken(struct files *files, struct file *file)
{
	static const char *const why[] = {
		[PACKED_E_SHORT] = "it ends amid its content",
		[PACKED_E_CORRUPT] = "it is damaged",
		[PACKED_E_LARGE] = "it wants more than 128 MiB of memory",
	};

	if (file->broken_told)
		return;
	file->broken_told = true;
	files->counters->packed_broken++;
	log_source(
		files->log, LOG_WARNING, file->source->name, "packed-broken",
		"%s: behind position %llu of its content it cannot be unpacked: %s; what is before "
		"is shipped",
		file->path, (unsigned long long)account_read_position(&file->account),
		why[file->tail.broken]);
}

void packs_dry(struct files *files, struct file *file, uint64_t now_us)
{
	if (LIKELY(!file->tail.packing))
		return;
	/* Much may be written to it before there is more of its content. */
	if (file->tail.dry.known && file->tail.dry.size != file->seen.size)
		file->quiet_since_us = now_us;
	if (file->tail.broken > PACKED_E_SHORT)
		tell_broken(files, file);
	files_unpacked(files, file);
}

void packs_finish(struct files *files, struct file *file)
{
	if (UNLIKELY(file->tail.packing && file->tail.broken))
		tell_broken(files, file);
}
