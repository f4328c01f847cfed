/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PACKED_PACKED_H
#define PACKED_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/*
 * What is in a compressed file, read like a file: by position of its content. Forward it goes on
 * where it was; what lies more than PACKED_BEHIND before that costs another start from 0. About
 * 100 KiB and what the format wants, at most PACKED_MEMORY_MAX. Owns no descriptor.
 */
struct packed;

/* As state/rows.h stores it. */
enum packed_kind { PACKED_NOT, PACKED_GZIP, PACKED_ZSTD, PACKED_XZ };

#define PACKED_KINDS 4
#define PACKED_BEHIND ((size_t)8 << 10)
#define PACKED_MEMORY_MAX ((uint64_t)128 << 20)

/* What a file is that begins with these bytes; six are enough. */
enum packed_kind packed_kind_of(const void *head, size_t len);

/* The same of an open file; PACKED_NOT also when it cannot be read. */
enum packed_kind packed_kind_of_file(int fd);

/* 0 or -ENOMEM. kind is not PACKED_NOT. */
int packed_new(enum packed_kind kind, struct packed **ret_packed) MUSTCHECK;
/* NULL is fine. Returns NULL. */
struct packed *packed_free(struct packed *packed);

enum {
	PACKED_E_MORE = 1, /* so much was unpacked to get to the position: call again */
	PACKED_E_SHORT, /* the file ends amid its content: it is still being written, or was cut */
	PACKED_E_CORRUPT,
	PACKED_E_LARGE, /* it wants more than PACKED_MEMORY_MAX to be unpacked */
};

/*
 * Up to len (>0) bytes of the content at `at`, from an open file; *ret_len of them are there, also
 * with SHORT and CORRUPT, and fewer than len only where the content ends. One call unpacks 1 MiB
 * and len at most. 0; the E codes; negative errno. After PACKED_E_SHORT more may come; after
 * CORRUPT and LARGE nothing does until the next start from 0.
 */
int packed_read(struct packed *packed, int fd, uint64_t at, char *bytes, size_t len,
		size_t *ret_len) MUSTCHECK;

/* The name of a kind ("gzip"), and the version of the library that unpacks it. */
const char *packed_name(enum packed_kind kind);
const char *packed_library_version(enum packed_kind kind);

#endif
