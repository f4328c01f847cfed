/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_FILE_H
#define FILES_FILE_H

#include "files/source.h"
#include "input/identity.h"
#include "input/proof.h"
#include "input/tail.h"
#include "output/share.h"
#include "search/content.h"

/*
 * One file: an inode with its identity, what is read and settled of it, and its place in a lineage.
 *
 *   WAITING ──► READING ◄──► BACKOFF          WAITING: an older generation is not finished
 *                  │  ▲          ▲
 *                  ▼  └──reset───┤            DRAINING: a record came back, or the content was
 *               DRAINING ──rewind┘            replaced: nothing is read until all reports are in
 *                  READING ──► FINISHED       left its path, wholly settled, quiet
 *
 * READING → WAITING: before anything was read, an older generation was found at the start.
 */
enum file_state {
	FILE_WAITING,
	FILE_READING,
	FILE_DRAINING,
	FILE_BACKOFF,
	FILE_FINISHED,
};

/* In which of the agent's queues a file is; at most one. */
enum file_queue { FILE_QUEUE_NONE, FILE_QUEUE_READY, FILE_QUEUE_HELD };

/* What a held file waits for. */
enum file_wait {
	FILE_WAITS_ROOM,     /* memory or a descriptor, which other files give up */
	FILE_WAITS_TOPIC,    /* waits_topic: it takes no record now, or not the next of this file */
	FILE_WAITS_STORE,    /* its content's id is to be stored */
	FILE_WAITS_LETTERS,  /* room for its dead letter */
	FILE_WAITS_RATE,     /* a limit of a rule of its source; the tick tries again */
	FILE_WAITS_CATCH_UP, /* it is far behind: catch_up_rate */
	FILE_WAITS_UNPACKER, /* other compressed files are being read */
	FILE_WAITS_LOOK,     /* where it went: directories are looked into for all such at once */
	FILE_WAITS,          /* their number */
};

/* What fstat said of a file. */
struct file_times {
	uint64_t size;
	int64_t mtime_ns;
	int64_t ctime_ns; /* 0: not known */
	bool known;
	bool fresh; /* the time was just made: the next write may leave the same */
};

/* A file that is read again, to know whether it still is what was read; doubt.h. */
struct file_proof {
	struct proof proof;
	struct file_times times; /* when that began */
};

/* Files that begin alike and turned out to be others; more are not asked. */
#define PACK_OTHERS_MAX 16

/* A new compressed file is held against a known one. */
struct pack_judge {
	uint64_t id;                      /* of the known file; 0: none now */
	uint64_t same;                    /* so many bytes are equal */
	bool by_chain;                    /* it cannot be read any more */
	struct content known;             /* what is known of it, then */
	uint64_t others[PACK_OTHERS_MAX]; /* ids */
	size_t n_others;
	uint64_t size; /* of the new file, and since when */
	uint64_t size_us;
	size_t head_len;
	char head[IDENTITY_HEAD_MAX];
};

/* What holds back the next generation although all that was there at first is settled. */
struct file_hold {
	uint64_t since_us; /* 0: nothing does */
	uint64_t end;      /* of what was there at the last look, */
	uint64_t end_us;   /* and when that was */
};

struct over;

struct file {
	uint64_t id;                 /* row of the store, ascending in the order of discovery */
	const struct source *source; /* borrowed */
	struct counters *counts;     /* of its source; borrowed; NULL: nobody counts */
	int64_t sent_ms; /* the timestamp of the record that was sent last; 0: none was */
	char *path;      /* last known */
	char *lineage;   /* the path at which it was first seen */
	char *real;      /* the file to which links led from there; NULL: no link leads there */
	char *went;      /* a directory to which generations of its lineage went; NULL: their own */
	/* its first line, where its source reads that; owned; at == NULL: none is known */
	struct slice header;
	char *second; /* another path that a source wants, and is this file; NULL: none known */
	struct slice name; /* last component of path */
	struct identity identity;
	int64_t began_ns;    /* when it was made, as far as is known in another file */
	uint64_t content_id; /* of what is in the file, random; another when it is rewritten */
	struct route_origin origin; /* what provenance tells of it */
	struct tail tail;
	struct account account;
	/* of its source, for each branch, source_share says which; borrowed; NULL: no neighbours */
	struct output_share *under_way;

	enum file_state state;
	bool rewritten; /* DRAINING ends in a reset to 0, not in a rewind */
	bool seeks;     /* and this in a reset to seek_to, as somebody ordered */
	bool no_header; /* its first line is too long, whatever is written behind it */
	bool marked;    /* tail.rules are those of the mark with which its content began */
	uint64_t seek_to;
	bool left_path;      /* renamed or unlinked: its path is another's or nobody's */
	bool content_stored; /* a crash now would find content_id and know the content by it */
	uint64_t lines_back; /* were read, and are to be: they came back, or their event is open */
	uint64_t looked;     /* the look at all files that last found it at its path */
	bool seen_left;      /* it had left its path when it was read to its end last */
	bool spoilt;         /* left its path and was overwritten: not read any more */
	bool gone;           /* finished, and the last look found no name of it */
	bool told_apart;     /* from compressed files, by its first bytes */
	bool broken_told;    /* that it cannot be unpacked to its end */
	bool unseen;         /* unjudged, and else a generation that nobody saw */
	bool unjudged;       /* it may be a known one, compressed: it has no row yet */
	struct pack_judge *judge; /* while that is looked at; owned */
	uint64_t kept_for; /* it is finished and has no name: id of its lineage's newest then */
	unsigned compared; /* so many files are held against this one, which is kept for it */
	uint64_t passed;   /* so much of that was unpacked */
	bool leave_out;    /* compressed, and what is in it now is not wanted */
	bool behind;       /* another one of its lineage was known when it was taken in */
	uint8_t gave_way;  /* so many times it gave its unpacker to another source */
	bool vanished;     /* no name leads to it, and what is under way decides what is lost */
	bool late;         /* a hint told of a write to it since it was closed */
	bool hunted;       /* without a name, and looked for by its bytes: it is nowhere else */
	bool suspect; /* content that nobody saw may have come and been cut off before this one */
	uint64_t first_size; /* when it was taken in by a start, of one of which nothing was read */
	int64_t whole_ns;    /* its last write as of when its content was whole the last time */
	int64_t known_ns; /* generations of it that were made before are known, or none of ours */
	/* It is not at its path, and no look before that found it; 0: it is, as far as is known */
	uint64_t astray_us;
	uint8_t unfound;     /* by so many of them */
	bool unreadable;     /* the last try to open or read it has failed */
	struct ranges alone; /* lines of batches that were refused: each goes alone */
	struct ranges
		parts; /* of the event in event_slot: bytes that do not stand with its first line */
	struct slot *event_slot; /* of an event that waits for its parts, or is owed to a branch */
	struct over *over;       /* the same event, if it ends in `newer`; malloc'ed, owned */
	struct ranges over_rest; /* and what stands there of it */
	uint32_t over_lines;     /* lines of `newer`, of this content, that count as the file's */
	uint64_t over_content;
	bool flies_alone; /* one of them is in flight, and nothing else of the file */
	bool waits_turn;  /* the next line waits until nothing of the file is in flight */
	bool owed;        /* not all branches of the event in event_slot were handed over; */
	bool owed_first;  /* what is noted of those is still to be counted */
	uint8_t convict_branch;
	const char *convict; /* why the record at convict_at was refused alone, which waits for room
			      * as a dead letter; static text; NULL: there is none */
	uint64_t convict_at;
	uint32_t retry_ms; /* so long after it there is another one */
	uint64_t retry_us;
	bool eof_seen;       /* it was read to its end at least once */
	uint32_t backoff_ms; /* the next back-off; 0 after a delivery */
	bool back_at_once;   /* the failure was the producer's end: no back-off */
	uint64_t wake_us;    /* BACKOFF: when it ends */
	struct file_hold hold;
	uint64_t quiet_since_us; /* when the last new byte was seen, or consumed */
	uint64_t open_at; /* position of the event that was open when the file was dry, and 1 */
	uint64_t open_since_us; /* since when it was */
	uint64_t seen_end;      /* bytes below it were seen, whole lines or not */

	struct file_times found;      /* before the last turn */
	struct file_times seen;       /* before the last turn that read it to its end */
	uint64_t found_us;            /* when that turn was */
	bool doubtful;                /* it may have been rewritten in place since */
	struct file_proof *proof;     /* while it is read again */
	uint64_t proof_at_us;         /* not before that */
	uint32_t proof_wait_ms;       /* the wait behind the last time */
	TAILQ_ENTRY(file) proof_link; /* of files->proofs */

	struct file *older; /* the generation that must be finished first, or NULL */
	struct file *newer;

	enum file_queue queue;
	enum file_wait waits_for; /* in FILE_QUEUE_HELD */
	uint32_t waits_topic;     /* of the record that was put on hold last */
	TAILQ_ENTRY(file) queue_link;
	SLIST_ENTRY(file) touched_link;
	int64_t row_seal; /* of the row as it was last written, its position apart; 0: not yet */
	TAILQ_ENTRY(file) dirty_link;
	TAILQ_ENTRY(file) check_link;
	TAILQ_ENTRY(file) aging_link;
	TAILQ_ENTRY(file) polled_link;
	uint32_t ask_ms; /* so often */
	uint64_t ask_us;
	bool touched;                /* reports came: look at its account */
	bool dirty;                  /* its row must be written */
	bool aging;                  /* on the list of those that time does something to */
	bool to_check;               /* on the list of those whose path is looked at; and at what */
	bool check_behind;           /* came behind it */
	bool polled;                 /* on the list of those whose size is asked */
	bool told;                   /* a hint told of a write since the last look at all paths */
	uint8_t silent_looks;        /* that found bytes which no hint told of, in a row */
	TAILQ_ENTRY(file) open_link; /* while the descriptor is open */
};

/* So many compressed files are unpacked at a time: each may want PACKED_MEMORY_MAX. */
#define FILES_UNPACKING 2

TAILQ_HEAD(file_list, file);
SLIST_HEAD(file_stack, file);

/*
 * A file at `path` (copied), WAITING, nothing open. Takes nothing over on failure. 0 or -ENOMEM.
 */
int file_new(uint64_t id, const struct source *source, const char *path, const char *lineage,
	     const struct identity *identity, uint64_t committed, struct chunk_pools *pools,
	     struct file **ret_file) MUSTCHECK;

/* Nothing may be in flight. Unlinks it from its lineage. NULL is fine. Returns NULL. */
struct file *file_free(struct file *file);

/*
 * What is in the file is content with this id (0: it has none yet), of which so much is stored as
 * settled.
 */
void file_set_content(struct file *file, uint64_t content_id, uint64_t committed);

/* What is in the file is new: it gets an id that nothing else has, stored nowhere. 0, -EIO. */
int file_new_content(struct file *file) MUSTCHECK;

/* Whether its descriptor is open and is all that is left of it: no name leads to it. */
bool file_is_nameless(const struct file *file);

/* The file of an account that is part of one. */
struct file *file_of_account(struct account *account);

/*
 * Where a mark says how lines end: tail.rules, once for what is in the file. What is in memory is
 * cut as it began, whatever has taken its place on disk.
 */
void file_read_mark(struct file *file);

/* Its first line and its mark are those of other content. */
void file_forget_start(struct file *file);

/* What the parser of its source reads of a line; borrowed. */
struct parser_input file_parser_input(const struct file *file, struct slice line);

/* 0 or -ENOMEM. */
int file_set_path(struct file *file, const char *path) MUSTCHECK;

/* The file's lineage has links on its way, and led to `real` (copied; NULL: none). 0 or -ENOMEM. */
int file_set_real(struct file *file, const char *real) MUSTCHECK;

/* Where generations of its lineage go (copied; NULL: nowhere else). 0 or -ENOMEM. */
int file_set_went(struct file *file, const char *dir) MUSTCHECK;

/* Another path that is the file (copied). 0 or -ENOMEM. */
int file_set_second(struct file *file, const char *path) MUSTCHECK;

/* Asserts that the change is one of the drawing. */
void file_set_state(struct file *file, enum file_state state);

/* Puts the file into the lineage of `member`, in the order of the ids. */
void file_chain(struct file *member, struct file *file);

/* Takes the file out of its lineage; the next one's `older` becomes this one's. */
void file_unchain(struct file *file);

/* It is not read again any more; proofs is the list of those that are. */
void file_end_proof(struct file *file, struct file_list *proofs);

/* Doubles the back-off, 1 s to 60 s, and returns it in milliseconds. */
uint32_t file_next_backoff(struct file *file);

/*
 * Behind the last byte of its content that is known to have been there, read or not. Of a
 * compressed file that is the last that was read.
 */
uint64_t file_reach(const struct file *file);

/*
 * Of its lines that were read and wait for another try nothing will become any more: they do not
 * count as read, here and in the counters of all.
 */
void file_uncount(struct file *file, struct counters *counters);

/* So many bytes of those are not settled. 0 or -ENOMEM. */
int file_unsettled(const struct file *file, uint64_t *ret_bytes) MUSTCHECK;

/*
 * Whether nothing more is expected in it: it left its path, or is compressed, which nobody writes
 * line by line.
 */
static inline bool file_is_over(const struct file *file)
{
	return file->left_path || file->tail.packing;
}

/*
 * Whether its open event is whole, because nothing came for so long. Where two streams stand in one
 * file, the other one may never be quiet: there it is so long after it was seen.
 */
static inline bool file_is_flushed(const struct file *file, uint64_t now_us)
{
	const struct join_options *options = join_options(file->tail.join);
	uint64_t since_us = options->wrap ? file->open_since_us : file->quiet_since_us;

	return now_us - since_us >= options->flush_after_us;
}

/* Whether nothing of its content was read, in this life or another. */
bool file_is_unread(const struct file *file);

/* Nothing in flight, nothing failed, nothing pending behind the cursor. */
bool file_is_settled(const struct file *file);

/*
 * Whether the generation behind it may be read, once this one is dry: it is settled, or all but a
 * last line without its end, at a path that may be its own.
 */
bool file_lets_next(const struct file *file);

#endif
