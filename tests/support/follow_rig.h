/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_FOLLOW_RIG_H
#define SUPPORT_FOLLOW_RIG_H

#include "checkpoint/checkpoint.h"
#include "follow/follow.h"

/*
 * An agent without loop and without Kafka, over real directories and a real store: hints are
 * followed, files are read, and every line is delivered at once unless it is held. What would abort
 * an agent aborts the test.
 */
struct follow_rig {
	char top[64]; /* the directory of the logs; a pattern is relative to it */
	char state[64];
	char *paths[2][3];
	char *exclude[2][3]; /* set them before rig_start; freed by rig_end */
	struct source sources[2];
	size_t n_sources;
	size_t max_files; /* of all sources; 0: no limit */
	struct chunk_pools pools;
	struct counters counters;
	struct discover *discover;
	struct files files;
	size_t n_rows; /* that the last start was given */
	struct store *store;
	struct writer *writer;
	struct letters letters;
	struct log *log; /* of the starts to come; NULL: silent; the caller's */
	struct checkpoint checkpoint;
	bool hold;  /* what is read stays in flight until rig_deliver */
	bool quiet; /* rotate_wait is over for every file that left its path */
	/* Called for each line that is read, before it is delivered or held; may be NULL. */
	void (*on_line)(struct follow_rig *rig, struct slice line);
	struct slot *in_flight[256];
	size_t n_in_flight;
	int releases; /* of what waits, without use */
	char lines[1 << 18];
};

/* Directories, and one source "log" with this pattern. Nothing runs yet. */
void rig_begin(struct follow_rig *rig, const char *pattern);
/* In this directory instead of /tmp: /dev/shm where a disk would be waited for and matters not. */
void rig_begin_in(struct follow_rig *rig, const char *dir, const char *pattern);
/* A second source. */
void rig_also(struct follow_rig *rig, const char *pattern);
/* Stops without a checkpoint when it runs; removes the directories. */
void rig_end(struct follow_rig *rig);

/* Starts as the agent does: store, stored files, first scan, first checkpoint. */
void rig_start(struct follow_rig *rig);
/* Gone without a checkpoint: what was in flight is unknown. */
void rig_crash(struct follow_rig *rig);
/* All that is due is made durable. */
void rig_checkpoint(struct follow_rig *rig);
/* A checkpoint, then gone. */
void rig_stop(struct follow_rig *rig);
/* rig_stop and rig_start. */
void rig_restart(struct follow_rig *rig);
/*
 * How many files the store knows while nothing runs; *ret_committed: the position of the only one
 * with this path, UINT64_MAX when there is none, or several.
 */
size_t rig_stored(const struct follow_rig *rig, const char *name, uint64_t *ret_committed);

/*
 * Follows hints and reads until nothing is left to do. The lines that were read, each with a blank
 * behind it, in their order: valid until the next call.
 */
const char *rig_run(struct follow_rig *rig);
/* As rig_run after a walk through all patterns. */
const char *rig_rescan(struct follow_rig *rig);
/* What is in flight is delivered. */
void rig_deliver(struct follow_rig *rig);

/* top/name; good for four calls. */
const char *rig_path(const struct follow_rig *rig, const char *name);
void rig_append(const struct follow_rig *rig, const char *name, const char *text);
void rig_rename(const struct follow_rig *rig, const char *from, const char *to);
void rig_remove(const struct follow_rig *rig, const char *name);
/* The time of its last write, in seconds since 1970. */
void rig_set_mtime(const struct follow_rig *rig, const char *name, int64_t s);

/* The file in the table that has this path now, or NULL. */
struct file *rig_file(const struct follow_rig *rig, const char *name);

#endif
