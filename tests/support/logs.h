/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_LOGS_H
#define SUPPORT_LOGS_H

#include <limits.h>
#include <stddef.h>

#include "input/discover.h"
#include "input/identity.h"
#include "tests/support/random.h"

/*
 * Programs that write logs, and what inotify would say of it: real files that grow and are rotated
 * by renaming, each mirrored in memory as the lines that an agent must find in it. What a line is
 * was written down here anew, so that the agent's own code does not judge itself.
 *
 *   L<number> t<topic> k<key> ...   a record with a key for topic t0, t1 or t2
 *   anything else                   no match: left out where skip is set, else shipped to t0
 */

#define LOGS_LINEAGES 4
#define LOGS_TOPICS 3 /* that lines name */
#define LOGS_ROTATE_WAIT_MS 5000

enum line_kind {
	LINE_PLAIN,
	LINE_FILTERED, /* does not match where that means: leave it out */
	LINE_POISON,   /* the broker refuses it */
	LINE_HUGE,     /* the library refuses it */
};

/* What the judge knows of a line. */
enum line_state {
	LINE_UNSENT,
	LINE_FLYING,
	LINE_FAILED, /* came back; its file rewinds when all is back */
	LINE_LIMBO,  /* refused alone: a dead letter, or it will be sent again */
	LINE_DONE,   /* delivered, or a dead letter */
};

/* One of the places that a line goes to. */
struct log_branch {
	enum line_state state;
	enum line_state after_limbo;
	bool flew_alone; /* the last time */
	bool convicted;  /* was refused alone */
	bool lettered;   /* is a dead letter */
	bool snapped;    /* was done when the checkpoint under way was taken */
	bool durable;    /* is done in the stored state */
	uint32_t deliveries;
	uint32_t letters; /* in the store */
};

#define LOGS_BRANCHES 2

struct log_line {
	uint64_t start;
	uint64_t end;      /* of what becomes the record */
	uint64_t rest_end; /* of what is discarded behind it; = end when nothing is */
	uint32_t text_len;
	uint32_t key_at, key_len; /* within the text; key_len 0: no key */
	uint32_t topic;
	bool truncated;
	bool terminated;
	enum line_kind kind;
	struct log_branch of[LOGS_BRANCHES]; /* the first alone, but for a judge of more */
	bool alone;                          /* was refused with its batch: goes alone */
	bool read; /* was handed to the output in this life of the agent */
	bool lost; /* its file was deleted and the agent died: nobody can know it any more */
};

struct log_file {
	struct identity identity;
	int lineage;
	int generation;
	char path[PATH_MAX]; /* "" when it has none */
	uint64_t born_us;
	uint64_t written_us; /* the last time */
	bool ended; /* its last line was taken without LF: nothing may be written any more */
	char *bytes;
	size_t len, capacity;
	size_t next; /* bytes below it are lines, or the rest of one */
	struct log_line *lines;
	size_t n_lines, lines_capacity;
	/* The judge's. */
	uint32_t flying;
	bool flies_alone; /* the line in flight, which was refused with its batch */
	bool draining;
	bool at_once;           /* all failures were the producer's end */
	uint64_t not_before_us; /* the end of its back-off, at the earliest */
};

struct logs_hint {
	enum hint_kind kind;
	int lineage;
	char path[PATH_MAX];
};

struct logs_rules {
	size_t max_line;
	bool skip; /* lines that do not match are left out */
};

struct logs {
	struct random *random;
	char dir[PATH_MAX - 64];
	struct logs_rules rules[LOGS_LINEAGES];
	struct log_file **files; /* oldest first */
	size_t n_files, capacity;
	struct logs_hint *hints;
	size_t n_hints, hints_capacity;
	uint64_t now_us;
	int64_t mtime_ns; /* a clock of its own: the kernel's is too coarse to order rotations */
	uint32_t next_number;
	int generations[LOGS_LINEAGES];
};

/* random is borrowed, dir is copied. Aborts when the system refuses something, as all below. */
void logs_init(struct logs *logs, const char *dir, struct random *random);

/* Unlinks what is there. */
void logs_deinit(struct logs *logs);

/* The path that the lineage writes to. */
void logs_path(const struct logs *logs, int lineage, char ret_path[PATH_MAX]);

/* The file that has the lineage's path now, or NULL. */
struct log_file *logs_current(const struct logs *logs, int lineage);

/* The latest file with this inode that was not deleted and used again, or NULL. */
struct log_file *logs_by_inode(const struct logs *logs, uint64_t device, uint64_t inode);

/* Makes the next generation of a lineage whose path is free. */
struct log_file *logs_create(struct logs *logs, int lineage);

/* Writes this. */
void logs_append(struct logs *logs, struct log_file *file, const char *bytes, size_t len);

/* Writes some lines, perhaps the last of them only in part. */
void logs_write(struct logs *logs, struct log_file *file, uint32_t lines);

/* Completes the line that was written only in part. */
void logs_complete(struct logs *logs, struct log_file *file);

/* Renames the generations of a lineage, path -> path.1 -> path.2 ... */
void logs_rotate(struct logs *logs, int lineage);

void logs_unlink(struct logs *logs, struct log_file *file);

/* Hints that every path of the lineages that exists was found, as a scan does. */
void logs_scan(struct logs *logs);

/* What is left of the file without LF, if anything, is taken as its last line. NULL: nothing is. */
struct log_line *logs_end(struct logs *logs, struct log_file *file);

/* The line that starts there, or NULL. */
struct log_line *logs_line_at(const struct log_file *file, uint64_t position);

#endif
