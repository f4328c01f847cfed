/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_FILES_H
#define FILES_FILES_H

#include "base/map.h"
#include "base/quota.h"
#include "files/dangling.h"
#include "files/dormant.h"
#include "files/file.h"
#include "flow/rate.h"
#include "ops/counters.h"
#include "ops/log.h"
#include "ops/losses.h"
#include "state/letters.h"
#include "state/store.h"

/*
 * All files of an agent: found by inode (what they are), by path (what a hint names) and by lineage
 * (whose generation they are). Owns the files and their descriptors.
 */
/* Of names that nobody wants and that were made; more are not looked at. */
#define FILES_MADE_MAX 64

/* Whose max_rate a source waits for. */
enum files_pace { FILES_PACE_NONE, FILES_PACE_OF_SOURCE, FILES_PACE_OF_ALL };

/*
 * What a source has of that which all sources use: turns, memory, descriptors, records under way.
 * The owner of its files may be careless or hostile, and those of the others must not feel that.
 */
struct files_share {
	struct file_list ready;   /* its files with something to read, oldest turn first */
	struct file_list room;    /* those that wait for memory or a descriptor */
	struct file_list packed;  /* those that wait for an unpacker */
	struct file_list letters; /* those that wait for room for a dead letter */
	struct file_list open;    /* descriptors, least recently used first */
	size_t n_open;
	struct chunk_share memory;
	struct output_share under_way[BRANCHES_MAX]; /* by source_share */
	size_t n_told;                               /* its paths in `refused` and `unreadable` */
	bool in_turn;
	bool spent;  /* its files have no turns: it has its share of what may be under way */
	bool halted; /* they have none, because a reload waits for what is under way */
	enum files_pace paced; /* they have none, because of a rate: pace.h */
	struct rate rate;      /* max_rate */
	uint64_t paced_us;     /* since when it has none, */
	uint64_t waited_us;    /* and for how long before that */
	TAILQ_ENTRY(files_share) turn_link;
};

/* Of descriptors, too, a source takes no more than so many times what is left. */
#define FILES_SHARE_TIMES CHUNK_SHARE_TIMES

/* Directories as they were once, for all who want to know how they were then or later. */
struct files_looked {
	struct places *places; /* NULL: nobody has asked yet */
	int64_t ns;            /* when they were begun */
};

/*
 * Looks into directories by one who may wait take this part of the time: however large they are,
 * and however many files are deleted, others have the rest.
 */
#define FILES_LOOK_SHARE 20

/* A place for a file that may hold an unpacker. */
struct unpacking {
	struct file *file; /* NULL: it is free */
	uint64_t since_us; /* 0: it has had no turn yet */
};

struct files {
	const struct source *sources; /* borrowed, as the next three pointers */
	size_t n_sources;
	bool provenance; /* of any source */
	bool compressed; /* wanted by any source */
	struct chunk_pools *pools;
	struct counters *counters;
	struct counters *source_counters; /* the same by source, as far as they are kept so */
	struct log *log;
	struct losses losses;
	struct map *by_inode;   /* struct inode_key → file */
	struct map *by_path;    /* current path → file */
	struct map *by_lineage; /* path, also a real one → the newest generation that was there */
	struct map *kept;    /* lineage → the last generation of it that has no name any more */
	struct map *refused; /* path → share of its source: warned about (a FIFO, a link) */
	struct map *unreadable;   /* the same: it was told that they cannot be read */
	struct map *stored;       /* struct inode_key → struct store_file not yet met again */
	struct map *stored_paths; /* path → one of those rows, met or not */
	struct store_file *rows;  /* what store_load gave; owned */
	size_t n_rows;
	bool *source_known;       /* by source: it was there at an earlier start */
	struct dormants dormants; /* files in which nothing happens: doze.h */
	struct quota quota;       /* how many files each source may have, dormant or not, */
	struct quota awake;       /* and how many that are not */
	uint64_t next_id;
	const char *agent_id;       /* what provenance calls this agent; borrowed */
	uint64_t look;              /* counts the looks at all files */
	bool first_scan;            /* start_at and ignore_older apply */
	const bool *first_of;       /* to files of these sources only; NULL: of all; borrowed */
	bool damaged;               /* the state was lost */
	bool damaged_at_end;        /* and where all files begin then */
	struct files_share *shares; /* by source, and one more; owned */
	size_t n_spent;             /* of them that have no turns now */
	size_t resumed_first;       /* which of them is asked first, by turns */
	size_t n_paced;             /* the same, because of a rate */
	size_t pace_from;           /* who gets turns first of those */
	struct rate rate;           /* max_rate of all */
	struct rate catch_up;       /* catch_up_rate */
	/* sources with files in FILE_READING that have something to read, oldest turn first */
	TAILQ_HEAD(files_turns, files_share) ready;
	struct file_list held[FILE_WAITS]; /* by what they wait for; for room: by source */
	struct file_list dirty;            /* rows to write */
	struct file_list to_check;         /* their paths are looked at: follow/check.c */
	struct file_list aging; /* in back-off, or left their path: looked at once a tick */
	size_t n_aging, to_age; /* of them; to_age: not looked at since the tick began with them */
	uint64_t held_deleted_bytes;        /* of those that were, see the counter */
	struct file_list proofs;            /* read again from their start: doubt.h */
	struct file_list polled;            /* nobody tells of writes to them */
	TAILQ_HEAD(copy_list, copy) copies; /* new files that may be copies: copies.h */
	size_t n_copies;
	size_t idle_copies;         /* looked at in a row without anything to do */
	char *made[FILES_MADE_MAX]; /* names that hints told together told of; owned */
	size_t n_made;
	uint64_t lot_us;      /* when the first hint of those told together came; 0: of none */
	struct map *arrivals; /* path → what came there as hints tell: hints/arrivals.h; owned */
	uint64_t n_arrivals;  /* since the start */
	size_t n_found;       /* of them that scans found, and that were not looked at */
	struct danglings danglings;
	struct files_looked looked; /* for one lot of hints */
	struct files_looked sought; /* for files that went astray before that: */
	uint64_t sought_us;
	uint64_t seek_at_us; /* not before, for others that may wait */
	struct map *claims;  /* file's id → what is looked for of it: claims.h */
	/* Of these nothing is under way of the file: not begun yet, and begun. */
	TAILQ_HEAD(claim_list, claim) claims_due;
	struct claim_list claims_hunting;
	uint64_t n_claims;                /* since the start */
	size_t claim_bytes;               /* that they keep of their files */
	struct files_looked claim_looked; /* for all claims with a lower number than that: */
	uint64_t claim_looked_from;
	uint64_t claim_look_at_us; /* not before, for others */
	/* A start may read much: asked at each 256 KiB, and true when it should come to its end. */
	bool (*start_is_over)(void *context);
	void *start_context;
	int64_t alive_ns; /* by the rows: an agent with this state was there then, or later */
	size_t n_open;    /* descriptors of all sources */
	size_t max_open;
	struct unpacking unpacking[FILES_UNPACKING];
	size_t n_unjudged; /* compressed files that may be known ones */
	bool row_wanted;   /* a file left its path before it had a row: nothing leads to it yet */
	bool crowded; /* a path has no descriptor, or waits for what is looked for: look soon */
	uint64_t *removed; /* rows to delete with the next checkpoint */
	size_t n_removed, removed_capacity;
	size_t n_unreadable; /* times that a path could not be opened or read at all */
	uint64_t own_log_device, own_log_inode; /* where our stderr goes: never tailed (D11) */
};

struct inode_key {
	uint64_t device;
	uint64_t inode;
};

static inline struct inode_key inode_key_of(const struct identity *identity)
{
	return (struct inode_key){identity->device, identity->inode};
}

/* rows (consumed, n_rows) are what the store knows. 0 or -ENOMEM (rows stay the caller's). */
int files_init(struct files *files, const struct source *sources, size_t n_sources,
	       struct chunk_pools *pools, struct counters *counters, struct log *log,
	       struct store_file *rows, size_t n_rows) MUSTCHECK;
void files_deinit(struct files *files);

/* Whether the scan under way is the first one of the source. */
static inline bool files_is_first(const struct files *files, const struct source *source)
{
	return files->first_scan && (!files->first_of || files->first_of[source - files->sources]);
}

/* Frees the rows that were met; at the end of a start. 0 or -ENOMEM: they stay. */
int files_drop_rows(struct files *files) MUSTCHECK;

/*
 * So many files in all, so many of them not dormant, and of each source what it says. 0 or -ENOMEM.
 */
int files_set_max(struct files *files, size_t max, size_t max_awake) MUSTCHECK;

/* How many there are, dormant or not. */
size_t files_count(const struct files *files);

/* Whether one more of the source may be taken in. False: it waits for a later look. */
bool files_has_room(struct files *files, const struct source *source);

/* A place that is kept for a file of the source until it is put in, and given back before that. */
void files_take_place(struct files *files, const struct source *source);
void files_give_place(struct files *files, const struct source *source);

/* A share for each source. 0 or -ENOMEM. */
int files_init_shares(struct files *files) MUSTCHECK;

/* That of the source; where that is none of the table's, one that is for all such. */
struct files_share *files_share_of(const struct files *files, const struct source *source);

/* What the file takes is its source's, of which there are several. */
void files_give_share(struct files *files, struct file *file);

/* Nothing is under way of that one, and it may have other branches. */
void files_see_clusters(struct files *files, size_t source);

/* The source has no turns until that is taken back. */
void files_halt(struct files *files, size_t source, bool halted);

/*
 * One more source, behind the last one, of which there is room for SOURCES_SPARE; files_set_max is
 * due.
 */
void files_add_source(struct files *files);

/* The source has no turns until it may have some under way again. */
void files_pause(struct files *files, const struct source *source);
void files_resume(struct files *files, struct files_share *share);

/* Whether its files have something to read has changed. */
void files_turn(struct files *files, struct files_share *share);

/* The file whose turn it is: of the source whose last one is longest ago; NULL: none is ready. */
struct file *files_next_ready(struct files *files);

/* The file of this inode, or NULL. */
struct file *files_by_inode(const struct files *files, uint64_t device, uint64_t inode);

/*
 * The same of one at a path, as stat or identity_of found it: not a file that is settled and closed
 * and whose inode is another's by now, as the birth time tells. Whoever was known by the inode
 * leaves it when the other one is taken in.
 */
struct file *files_at(const struct files *files, const char *path, uint64_t device, uint64_t inode);
struct file *files_by_identity(const struct files *files, const struct identity *now);

/* Puts a new file into the maps. 0 or -ENOMEM. */
int files_insert(struct files *files, struct file *file) MUSTCHECK;

/* The same of one that was dormant, or is to be from now on: it is known before and after. */
int files_put_in(struct files *files, struct file *file) MUSTCHECK;
void files_take_out(struct files *files, struct file *file);

/* Its path is another now. 0 or -ENOMEM. */
int files_move(struct files *files, struct file *file, const char *path) MUSTCHECK;

/*
 * The file is one at this path from now on, with a lineage of its own: the path at which it was
 * seen first is another's or nobody's. 0 or -ENOMEM.
 */
int files_settle_at(struct files *files, struct file *file, const char *path) MUSTCHECK;

/*
 * Takes a file out and frees it; forget: its row goes too (no name is left, all is settled).
 * Nothing of it may be in flight.
 */
void files_remove(struct files *files, struct file *file, bool forget);

/* A row to delete with the next checkpoint; without memory for that, at a later start. */
void files_forget_row(struct files *files, uint64_t id);

/*
 * The file has no name any more, and its inode may be another's from now on: it is found by none. 0
 * or -ENOMEM.
 */
int files_leave_inode(struct files *files, struct file *file) MUSTCHECK;

/* Takes the file out of its lineage; the generation behind it, if any, may be read now. */
void files_promote_next(struct files *files, struct file *older);

/* Queues. Each does nothing when the file is there already. */
void files_ready(struct files *files, struct file *file);
void files_rest(struct files *files, struct file *file); /* in no queue */
void files_dirty(struct files *files, struct file *file);

/*
 * As files_dirty, before all others: what of it is settled was so by an event of the generation
 * before it, whose row goes no sooner.
 */
void files_dirty_first(struct files *files, struct file *file);

/* Held aside until it is released below, or leaves the queues another way. */
void files_hold(struct files *files, struct file *file, enum file_wait wait);

/* What they wait for, no room, has come, or may have: of those held longest, so many. */
void files_release(struct files *files, enum file_wait wait, size_t max);
void files_release_topic(struct files *files, uint32_t topic);
void files_release_some(struct files *files); /* of all but those that wait for room for letters */

/* Those that wait for memory or a descriptor: of each source as many as may find some, or try. */
void files_release_room(struct files *files);

/*
 * Those that wait for room for a dead letter: all of a source that has some for the last one that
 * found none; of others a few, whose letters may be smaller.
 */
void files_release_letters(struct files *files, const struct letters *letters);

bool files_any_held(const struct files *files);

/* So many bytes of a file are lost; source: NULL: it is of none any more; lineage, too. */
void files_count_lost(struct files *files, const struct source *source, const char *path,
		      const char *lineage, enum counters_lost why, uint64_t bytes);

/*
 * Before a compressed file is read. False: others are; the file is held until one of them has no
 * more to read, is closed or waits for something else.
 */
bool files_may_unpack(struct files *files, struct file *file, uint64_t now_us);

/* The file is closed, or has no more to read: another one may be unpacked. */
void files_unpacked(struct files *files, struct file *file);

/* The known file that the judge holds; NULL: none, or it is gone. O(all files). */
struct file *files_judged_by(const struct files *files, const struct pack_judge *judge);

/* The known file (NULL: none) is the one; it is kept while that is so. */
void files_hold_against(struct files *files, struct pack_judge *judge, struct file *known);

/* It is known what the file is, or it is taken out: it is held against nothing any more. */
void files_end_judge(struct files *files, struct file *file);

/*
 * tail_give_back. Puts the file into the queue when it turns out to be rewritten: its next turn
 * says so.
 */
void files_give_back(struct files *files, struct file *file);

/* The file has something to read, or its lineage has: puts the oldest generation into the queue. */
void files_wake(struct files *files, struct file *file);

/* Time will do something to it: its back-off ends, or it is finished after a quiet time. */
void files_age(struct files *files, struct file *file);
void files_unage(struct files *files, struct file *file);

/* What was seen of directories is forgotten. */
void files_unlook(struct files_looked *looked);

/* Its path is not to be looked at any more. */
void files_uncheck(struct files *files, struct file *file);

/* Its size is asked from time to time, until it is removed. */
void files_poll(struct files *files, struct file *file);

/* The file is not at the path where its lineage is any more. */
void files_left_path(struct files *files, struct file *file);

/* Left for brokers, the store, the loop and a look through directories. */
#define FILES_KEPT_BACK 128
/* More than so many open files are of no use: each costs kernel memory. */
#define FILES_OPEN_MAX 8192

/* Raises the process's soft limit to the hard one and says how many files may be open. */
size_t files_max_open(void);

/*
 * A descriptor for reading path, without waiting for a writer; -ELOOP when links are on the way
 * that are not to be followed; other negative errno. When the process has no descriptor left, a
 * settled file gives up its own.
 */
int files_open_path(struct files *files, const char *path, enum reach_links links) MUSTCHECK;

/*
 * Whether the source may have one more file open, for which a settled one of it may be closed. If
 * not, others need what is left; that was told.
 */
bool files_may_open(struct files *files, const struct source *source);

/* Takes fd (consumed) as the file's descriptor; closes others above the limit. */
void files_set_fd(struct files *files, struct file *file, int fd);
void files_close(struct files *files, struct file *file);

/*
 * Makes sure that the descriptor is open, finding the file by its identity when its path names
 * another one. 0; the E codes; negative errno (e.g. -EACCES).
 */
enum {
	FILES_E_GONE = 1, /* no such file any more */
	FILES_E_CROWDED,  /* no descriptor is left: again when other files were settled */
	FILES_E_LATER,    /* of files_open_soon: directories were looked into a moment ago */
};
int files_open(struct files *files, struct file *file) MUSTCHECK;

/*
 * The same by who can wait until files_seek_us: of thousands that were deleted or renamed not each
 * has a look into their directory.
 */
int files_open_soon(struct files *files, struct file *file) MUSTCHECK;

/* When those that wait for a look are to be released; CLOCK_NEVER: none does. */
uint64_t files_seek_us(const struct files *files);

/*
 * The name that the file behind a descriptor has now, all links resolved (malloc'ed). NULL when it
 * has none, or none that we can see.
 */
char *files_name_of(int fd);

#endif
