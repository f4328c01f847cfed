/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATE_LETTERS_H
#define STATE_LETTERS_H

#include <stdbool.h>

#include "base/reasons.h"
#include "state/store.h"

/* What one source may keep of the room for all, so that its lines hold up no other's. */
struct letters_share {
	const char *source; /* its name; borrowed */
	uint64_t bytes;     /* of keys and values, here and in the store */
	uint64_t here;      /* of them, on their way to the store */
	uint64_t copied;    /* of them, in the store, noted as copied: they make way */
	uint64_t max_bytes;
	bool drops_oldest;    /* what is stored makes room for what is new */
	uint64_t looked;      /* then: none that is stored and may go has a smaller id */
	uint64_t copies_from; /* no smaller id was copied */
	uint64_t displaced;   /* so many went */
	size_t wanted;        /* bytes of a letter that found no room; 0: none is waiting */
	bool told;
	struct reasons reasons; /* since the start */
};

/*
 * Dead letters on their way to the store: a letter and the position that passes it go into one
 * transaction, so they wait here for the next one.
 */
struct letters {
	struct store_dead_letter *items; /* every pointer in them is ours */
	size_t n;
	size_t n_told; /* the first so many */
	size_t capacity;
	uint64_t bytes;       /* of keys and values here */
	uint64_t stored;      /* of those in the store already */
	uint64_t max_bytes;   /* both together */
	uint64_t copied;      /* of those stored, noted as copied */
	uint64_t left_behind; /* in the store, of sources that are no more: they hold up nobody */
	struct store_gone *gone; /* to be removed from the store, or noted there as copied */
	size_t n_gone, gone_capacity;
	uint64_t n_stored; /* that went from here into the store */
	struct letters_share *shares;
	size_t n_shares;
	struct letters_share rest; /* of all sources without a share: only max_bytes limits it */
};

/* stored: bytes of dead letters that the store holds already. */
void letters_init(struct letters *letters, uint64_t max_bytes, uint64_t stored);
void letters_deinit(struct letters *letters);

/* The source may keep so much, and no more. Before any letter of it. 0 or -ENOMEM. */
int letters_share(struct letters *letters, const char *source, uint64_t max_bytes) MUSTCHECK;

/* Another limit of all, and of a source that has a share; whether its oldest make room. */
void letters_limit(struct letters *letters, uint64_t max_bytes);
void letters_limit_source(struct letters *letters, const char *source, uint64_t max_bytes,
			  bool drops_oldest);

/*
 * When the room of this source, which has a share, is used up, its oldest letters make room: a new
 * one is taken though there is too little, and what is too much goes with letters_displace before
 * the transaction that stores it.
 */
void letters_drop_oldest(struct letters *letters, const char *source);

/*
 * Whether older letters of the share are to go: there is too much, and it has copies, or the next
 * transaction stores letters for which the oldest make room.
 */
bool letters_has_surplus(const struct letters *letters, const struct letters_share *share);

/*
 * A letter of the share that is stored goes with the next transaction, unless it goes already;
 * copied: its topic has it, so that it does not count as displaced. 0 or -ENOMEM.
 */
int letters_displace(struct letters *letters, struct letters_share *share,
		     const struct store_gone *gone, bool copied) MUSTCHECK;

/*
 * Of what the store holds, so many bytes are letters of this source, and so many of these were
 * copied. One without a share is no more, or has another name: its letters take no room from
 * others.
 */
void letters_held(struct letters *letters, const char *source, uint64_t bytes, uint64_t copied);

/*
 * The same of a source whose letters were left behind until now, and which has a share since a
 * moment ago.
 */
void letters_come_back(struct letters *letters, const char *source, uint64_t bytes,
		       uint64_t copied);

/*
 * Bytes of the letters of this source, here and in the store; and of those of them that were
 * copied. 0 without a share.
 */
uint64_t letters_kept(const struct letters *letters, const char *source);
uint64_t letters_kept_copies(const struct letters *letters, const char *source);

/* Whether a letter of the source with so many bytes of key and value can be taken. */
bool letters_has_room(const struct letters *letters, const char *source, size_t bytes);

/* Whether one of the source that found no room would find it now. */
bool letters_has_wanted(const struct letters *letters, const char *source);

/* A letter of the source, of so many bytes, waits for room; 0: none does any more. */
void letters_want(struct letters *letters, const char *source, size_t bytes);

/* A source whose letters wait for room and of which it was not told since; NULL: none. */
const struct letters_share *letters_next_full(struct letters *letters);

/*
 * The oldest letter that was not handed out here yet; NULL: none. Valid until another is added.
 * *ret_source is its source's name, which lives as long as the shares.
 */
const struct store_dead_letter *letters_next_untold(struct letters *letters,
						    const char **ret_source);

/* Copies everything but the cause. 0 or -ENOMEM. */
int letters_add(struct letters *letters, const struct store_dead_letter *letter) MUSTCHECK;

/* The first n are durable: forgotten here, counted as stored. */
void letters_stored(struct letters *letters, size_t n);

/* A stored letter is to be removed by the next transaction; its room is free. 0 or -ENOMEM. */
int letters_remove(struct letters *letters, const struct store_dead_letter *letter) MUSTCHECK;

/*
 * A stored letter was copied, and stays: the next transaction notes it, and from then on it makes
 * way for others. 0 or -ENOMEM.
 */
int letters_copy(struct letters *letters, const struct store_dead_letter *letter) MUSTCHECK;

/* Whether a letter was copied, as the store knows, or will with the next transaction. */
bool letters_is_copied(const struct letters *letters, const struct store_dead_letter *letter);

/* For which reason how many letters of the source came since the start. */
const struct reasons *letters_reasons(const struct letters *letters, const char *source);

/* Whether the letter of that id is removed by the next transaction, or the one under way. */
bool letters_goes(const struct letters *letters, uint64_t id);

/* The first n of those that are to be removed, or noted, are, durably. */
void letters_removed(struct letters *letters, size_t n);

#endif
