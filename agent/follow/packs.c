/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file is cannot be asked when it is found: gzip makes an empty file first, and a pattern
 * like app.log* matches it (A12). So it is asked when the first bytes are there and none was read.
 */
#include "follow/packs.h"

#include <syslog.h>
#include <unistd.h>

#include "follow/follow_private.h"

/* Enough for every kind. */
#define HEAD_BYTES 8

bool packs_look(struct files *files, struct file *file)
{
	unsigned char head[HEAD_BYTES];
	ssize_t n;

	if (LIKELY(file->told_apart))
		return true;
	if (account_read_position(&file->account)) {
		file->told_apart = true;
		return true;
	}
	n = pread(file->tail.fd, head, sizeof head, 0);
	if (n <= 0)
		return true;
	file->told_apart = n == sizeof head;
	if (!identity_is_compressed(head, (size_t)n))
		return true;
	if (file->source->compressed && packed_kind_of(head, (size_t)n)) {
		file->told_apart = true;
		file->tail.packing = packed_kind_of(head, (size_t)n);
		return true;
	}
	follow_refuse(files, file->source, file->path, "a compressed file");
	files_remove(files, file, true);
	return false;
}

void packs_dry(struct files *files, struct file *file)
{
	if (LIKELY(!file->tail.broken) || file->broken_told)
		return;
	file->broken_told = true;
	files->counters->packed_broken++;
	log_source(
		files->log, LOG_WARNING, file->source->name, "packed-broken",
		"%s: behind position %llu of its content it cannot be unpacked: %s; what is before "
		"is shipped",
		file->path, (unsigned long long)account_read_position(&file->account),
		file->tail.broken == PACKED_E_LARGE ? "it wants more than 128 MiB of memory" :
						      "it is damaged");
}
