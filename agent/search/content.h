/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEARCH_CONTENT_H
#define SEARCH_CONTENT_H

#include "input/identity.h"
#include "input/proof.h"
#include "input/tail.h"
#include "packed/packed.h"
#include "state/rows.h"

/* Of the bytes that were read last so many are kept to look for a truncated file's copy. */
#define CONTENT_KEPT_MAX ((size_t)256 << 10)

/*
 * Whether an open file, or what is packed in it, begins with what was read of a known one. Three
 * kinds of evidence: the content chain, which proves every byte; those bytes themselves that were
 * in memory behind it; and, where neither is known to the end, those before the position.
 */
struct content {
	struct proof proof;
	const char *kept; /* the bytes from kept_at on; borrowed */
	uint64_t kept_at;
	size_t kept_len;
	uint64_t committed;
	uint64_t ahead_end; /* what is settled ahead ends there; 0: nothing is */
	uint32_t head_len;
	uint64_t head_hash;
	uint32_t tail_len; /* bytes before committed under tail_hash */
	uint64_t tail_hash;
	uint64_t device, inode; /* of the known file */
	int64_t born_ns;
	int fd; /* borrowed */
	enum packed_kind packing;
	struct packed *packed;
	size_t compared; /* of the kept bytes */
	bool agrees;     /* CONTENT_E_SHORT: as far as can be told it has the same bytes */
};

enum {
	CONTENT_E_MORE = 1, /* so far nothing speaks against it: another step */
	CONTENT_E_OTHER,    /* it begins with other bytes, or nothing can be said */
	CONTENT_E_SHORT,    /* it ends before: the bytes that it has may be the same */
};

/*
 * Whether an open file has the row's numbers and first bytes. A file system may get another device
 * number at a boot or remount (A04): with a birth time and first bytes that agree that is no other
 * file. Nor is one whose device and birth time agree: it was rewritten. 0 and its identity; OTHER;
 * negative errno.
 */
int content_has_numbers(int fd, const struct store_file *row, struct identity *ret_identity)
	MUSTCHECK;

/* What is known of a file from its row. */
void content_of_row(struct content *content, const struct store_file *row);

/*
 * The same of one that is read, as of now, from memory alone: the file itself may hold other bytes
 * by now. kept: room for CONTENT_KEPT_MAX bytes, the content's from now on; or NULL.
 */
void content_of_tail(struct content *content, const struct tail *tail,
		     const struct identity *identity, char *kept);

/*
 * The file is whole: what is behind its position is to be there, too. kept: as for content_of_tail.
 */
void content_keep_rest(struct content *content, const struct tail *tail, char *kept);

/*
 * Holds the first bytes (1 KiB, or all that were known) of an open file, which is borrowed until
 * content_end, against the known ones. 0: they are the same, steps may follow; OTHER; SHORT;
 * negative errno.
 */
int content_begin(struct content *content, int fd) MUSTCHECK;

/* 256 KiB further. 0: it is the same up to the position; the E codes; negative errno. */
int content_step(struct content *content) MUSTCHECK;

void content_end(struct content *content);

/* Whether nothing in the first 256 KiB of an open file speaks against it. */
bool content_may_be(const struct tail *tail, const struct identity *identity, int fd);

/*
 * Whether an open file, which is not packed, holds nothing but the beginning of a known one that is
 * not there any more, as far as the first 256 KiB tell, or, if it ends before, the first 1 KiB.
 */
bool content_is_beginning(const struct tail *tail, const struct identity *identity, int fd);

/*
 * All of it at once. A file that has the inode number of the known one (another device number,
 * another birth time) is believed without reading it again from its start. 0 and *ret_packing;
 * OTHER; SHORT; negative errno.
 */
int content_is(struct content *content, int fd, enum packed_kind *ret_packing) MUSTCHECK;

/*
 * Whether an open file was truncated, or holds other bytes than were read of it, as far as a look
 * tells: its size, its first 1 KiB, those in memory, the 64 bytes before the position.
 */
bool content_is_gone(const struct tail *tail, const struct identity *identity);

/* Whether the first bytes of it that are in memory, 1 KiB at most, are still there, if any are. */
bool content_has_its_chunk(const struct tail *tail);

#endif
