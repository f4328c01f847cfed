/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copytruncate: the file keeps its inode and loses its content, which is in a copy, in the pattern
 * or not, and nowhere else. What is known of it at the moment when that is noticed (the chain up to
 * the first chunk, the bytes in memory behind it) chooses the copy; the file then is that copy, an
 * older generation of its lineage, and what is at the path is a new file behind it. Looking takes
 * as long as reading what was read before, so it goes in steps between the turns of others.
 *
 * Several contents may have come and gone between two looks. Of those nothing is known but that
 * their copies were made after we saw the file whole for the last time, and that they are not the
 * beginning of what is in it now: generations.c tells which they are.
 *
 * A file that is whole and has no name any more may go on in another one, too: an editor, or
 * sed -i, writes a new file that begins with the same bytes, and that may be rotated, copied and
 * cut off before anybody looks at it. So it is looked for in the same way, once, before the files
 * behind it get their turn.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "files/doubt.h"
#include "files/rows.h"
#include "files/writers.h"
#include "follow/claims_private.h"
#include "follow/copies_private.h"
#include "follow/follow_private.h"

struct claim {
	struct claim_list
		*in; /* the list in which it is; NULL: records of the file are under way */
	TAILQ_ENTRY(claim) link;
	struct inode_key of;
	uint64_t id; /* of the file: the inode may be used again */
	uint64_t number;
	struct content content;
	struct hunt hunt;
	bool nameless;          /* the file is whole, and has no name any more */
	bool fresh;             /* directories were looked at for it, not only for others before */
	struct candidate spare; /* the best of those that are short; path NULL: none was found */
	char kept[];            /* content.kept_len of them */
};

/*
 * Of what was read and is not settled there is no more than memory for it; of what is behind that
 * in files without a name so much is kept for all, and then none: their owner has it.
 */
#define RESTS_MAX ((size_t)8 << 20)

/* To the end of the list (NULL: none). */
static void put_into(struct claim_list *list, struct claim *claim)
{
	if (claim->in)
		TAILQ_REMOVE(claim->in, claim, link);
	claim->in = list;
	if (list)
		TAILQ_INSERT_TAIL(list, claim, link);
}

static void claim_free(struct files *files, struct claim *claim)
{
	if (claim->in == &files->claims_hunting)
		hunt_end(&claim->hunt);
	put_into(NULL, claim);
	map_take(files->claims, &claim->id, sizeof claim->id);
	candidate_close(&claim->spare);
	files->claim_bytes -= claim->content.kept_len;
	free(claim);
}

void claims_deinit(struct files *files)
{
	struct claim *claim;
	void *cursor = NULL;

	/* A start that fails has none yet. */
	while (files->claims && (claim = map_next(files->claims, &cursor)))
		claim_free(files, claim);
	files_unlook(&files->claim_looked);
}

/* The file that it is of, while that waits for it. */
static struct file *file_of(const struct files *files, const struct claim *claim)
{
	struct file *file = files_by_inode(files, claim->of.device, claim->of.inode);

	return file && file->id == claim->id && file->state == FILE_DRAINING ? file : NULL;
}

static struct claim *claim_of(const struct files *files, const struct file *file)
{
	return map_count(files->claims) ? map_get(files->claims, &file->id, sizeof file->id) : NULL;
}

bool claims_has(const struct files *files, const struct file *file)
{
	return claim_of(files, file) != NULL;
}

bool claims_settled(struct files *files, const struct file *file)
{
	struct claim *claim = claim_of(files, file);

	if (claim && !claim->in)
		put_into(&files->claims_due, claim);
	return claim != NULL;
}

/*
 * Thousands of files may be truncated at once: each has what it needs. rest: it is whole. 0 or
 * -ENOMEM.
 */
static int begin(struct files *files, struct file *file, bool nameless, bool rest)
{
	char *kept = malloc(CONTENT_KEPT_MAX);
	struct claim *claim = NULL;
	struct content content;
	int r = -ENOMEM;

	if (kept) {
		content_of_tail(&content, &file->tail, &file->identity, kept);
		if (rest && files->claim_bytes < RESTS_MAX)
			content_keep_rest(&content, &file->tail, kept);
		claim = calloc(1, sizeof *claim + content.kept_len);
	}
	if (claim) {
		claim->of = inode_key_of(&file->identity);
		claim->id = file->id;
		claim->number = files->n_claims++;
		claim->nameless = nameless;
		claim->content = content;
		claim->content.kept = memcpy(claim->kept, kept, content.kept_len);
		r = map_put(files->claims, &claim->id, sizeof claim->id, claim);
	}
	free(kept);
	if (r) {
		free(claim);
		return r;
	}
	files->claim_bytes += claim->content.kept_len;
	if (!file->account.in_flight)
		claims_settled(files, file);
	return 0;
}

int claims_begin(struct files *files, struct file *file)
{
	/* Of a compressed file there is no copy. */
	if (file->tail.packing || claims_has(files, file))
		return 0;
	return begin(files, file, false, false);
}

bool claims_is_due(const struct file *file)
{
	return copies_is_nameless(file);
}

int claims_begin_nameless(struct files *files, struct file *file)
{
	/* Nobody asks of all files at each turn. */
	if (!file->left_path && !copies_await(files, file))
		return 0;
	/* What is under way is not sent twice for that. */
	if (file->account.in_flight || file->account.failed ||
	    file->account.committed != account_read_position(&file->account))
		return 0;
	if (!copies_is_nameless(file) || claims_has(files, file))
		return 0;
	return begin(files, file, true, true) ? -ENOMEM : CLAIMS_E_BEGUN;
}

int claims_begin_gone(struct files *files, struct file *file)
{
	if (!file->late || file->hunted || file->tail.packing || file->account.in_flight ||
	    file->state != FILE_READING || claims_has(files, file))
		return 0;
	return begin(files, file, true, false) ? -ENOMEM : CLAIMS_E_BEGUN;
}

/* Whether directories were looked at after the file had lost its name, or its bytes. */
static bool is_looked_for(const struct files *files, const struct claim *claim)
{
	return files->claim_looked.places && files->claim_looked_from > claim->number;
}

uint64_t claims_due_us(const struct files *files)
{
	const struct claim *claim = TAILQ_FIRST(&files->claims_due);

	if (!TAILQ_EMPTY(&files->claims_hunting) || (claim && is_looked_for(files, claim)))
		return 0;
	return claim ? files->claim_look_at_us : CLOCK_NEVER;
}

static int begin_hunt(struct files *files, struct claim *claim, const struct file *file)
{
	struct wanted wanted = {
		.path = file->path,
		.lineage = file->lineage,
		.real = file->real,
		.went = file->went,
		.rotated = file->source->rotated,
		.links = file->source->links,
		.is_known = rows_is_taken,
		.context = files,
		.content = claim->content,
	};
	uint64_t began_us = 0;
	int r = 0;

	if (!is_looked_for(files, claim)) {
		claim->fresh = true;
		began_us = clock_cpu_us();
		r = follow_look(&files->claim_looked);
		files->claim_looked_from = files->n_claims;
	}
	if (r)
		return r;
	r = hunt_begin(&claim->hunt, files->claim_looked.places, &wanted);
	put_into(&files->claims_hunting, claim);
	if (began_us)
		files->claim_look_at_us =
			clock_mono_us() + (clock_cpu_us() - began_us) * (FILES_LOOK_SHARE - 1);
	return r;
}

/*
 * A file without a name is looked for no more. found: NULL, or consumed. A copy that has nothing
 * more is the file only if no other one goes on, and nobody can write to that without a name. 0 or
 * -ENOMEM.
 */
static int end_nameless(struct files *files, struct discover *discover, struct claim *claim,
			struct file *file, struct candidate *found, int64_t now_ms)
{
	struct candidate spare = claim->spare;
	bool is_file = !found && spare.path && files_is_abandoned(file);
	int r = 0;

	claim->spare.path = NULL;
	claim_free(files, claim);
	file->hunted = !found && !is_file;
	if (spare.path && !is_file)
		r = claims_pass_copy(files, discover, file, &spare, now_ms);
	if (!r && (found || is_file))
		r = claims_take_name(files, discover, file, found ? found : &spare);
	/* What came behind it waited for that. */
	copies_look(files);
	/* Unless it has its path again. */
	if (!r && file->left_path &&
	    map_get(files->by_lineage, file->lineage, strlen(file->lineage)) == file)
		r = follow_missed_then(files, discover, &files->claim_looked, file);
	return r;
}

/* Of a file that was cut off or rewritten. found: NULL, or consumed. 0 or -ENOMEM. */
static int end_cut(struct files *files, struct discover *discover, struct claim *claim,
		   struct file *file, struct candidate *found, int64_t now_ms)
{
	struct candidate spare = claim->spare;
	int r = 0;

	claim->spare.path = NULL;
	claim_free(files, claim);
	copies_settle(files, file);
	if (found)
		candidate_close(&spare);
	else if (spare.path)
		found = &spare;
	if (found)
		r = claims_take_copy(files, discover, file, found, now_ms);
	/* What came behind it waited for that. */
	copies_look(files);
	return r;
}

/* Whether it is kept for the case that nothing better is found. */
static bool keep(struct claim *claim, const struct file *file, const struct candidate *found, int r)
{
	if (!claim->nameless)
		return r == HUNT_E_SHORT &&
		       candidate_keep_longest(&claim->spare, found, file->account.committed);
	if (r || claim->spare.path || !claims_has_no_more(file, found))
		return false;
	claim->spare = *found;
	return true;
}

/*
 * A copy from before the last lines were written: the file is there still, whole. What was made
 * behind its last write would be all of it, and be it that another one begins alike.
 */
static bool is_earlier(const struct claim *claim, const struct file *file,
		       const struct candidate *found)
{
	struct stat of, st;

	return claim->nameless && file->tail.fd >= 0 && fstat(file->tail.fd, &of) == 0 &&
	       fstat(found->fd, &st) == 0 && st.st_size && found->identity.born_ns &&
	       of.st_mtim.tv_sec * 1000000000LL + of.st_mtim.tv_nsec > found->identity.born_ns &&
	       twins_is_beginning(found->fd, file->tail.fd);
}

/*
 * It is not in directories as they were when another one was looked for: while its records were
 * under way, or those before it were read, what it is may have got its next name.
 */
static void begin_anew(struct files *files, struct claim *claim)
{
	hunt_end(&claim->hunt);
	candidate_close(&claim->spare);
	claim->fresh = true;
	claim->number = files->n_claims++;
	put_into(&files->claims_due, claim);
}

static int step(struct files *files, struct discover *discover, struct claim *claim,
		struct file *file, int64_t now_ms)
{
	struct candidate found;
	int r = claim->in == &files->claims_hunting ? 0 : begin_hunt(files, claim, file);

	if (r)
		return r;
	r = hunt_step(&claim->hunt, &found);
	if (r == HUNT_E_MORE || r < 0)
		return r < 0 ? r : CLAIMS_E_MORE;
	if (r == HUNT_E_NONE && !claim->fresh) {
		begin_anew(files, claim);
		return CLAIMS_E_MORE;
	}
	if (r == HUNT_E_SHORT && !found.agrees && !is_earlier(claim, file, &found)) {
		candidate_close(&found);
		return CLAIMS_E_MORE;
	}
	if (r != HUNT_E_NONE && keep(claim, file, &found, r))
		return CLAIMS_E_MORE;
	if (r == HUNT_E_SHORT || (!r && claim->nameless && claims_has_no_more(file, &found))) {
		r = claims_pass_copy(files, discover, file, &found, now_ms);
		return r ? r : CLAIMS_E_MORE;
	}
	if (claim->nameless)
		r = end_nameless(files, discover, claim, file, r ? NULL : &found, now_ms);
	else
		r = end_cut(files, discover, claim, file, r ? NULL : &found, now_ms);
	return r < 0 ? r : CLAIMS_E_DONE;
}

/* Each in its turn, those that are not begun first, as far as they may be. NULL: none is due. */
static struct claim *next_claim(struct files *files)
{
	struct claim *claim = TAILQ_FIRST(&files->claims_due);

	if (claim && (is_looked_for(files, claim) || clock_mono_us() >= files->claim_look_at_us))
		return claim;
	claim = TAILQ_FIRST(&files->claims_hunting);
	if (claim)
		put_into(&files->claims_hunting, claim);
	return claim;
}

int claims_step(struct files *files, struct discover *discover, int64_t now_ms,
		struct file **ret_file)
{
	struct claim *claim = next_claim(files);
	int r = CLAIMS_E_MORE;

	if (LIKELY(!claim))
		return 0;
	*ret_file = file_of(files, claim);
	if (*ret_file)
		r = step(files, discover, claim, *ret_file, now_ms);
	else
		claim_free(files, claim);
	if (!map_count(files->claims))
		files_unlook(&files->claim_looked);
	return r;
}

/* What is in the file was not there when it was another. */
static void forget_content(struct files *files, struct file *file)
{
	/* Those that came back are read for the first time again. */
	file_uncount(file, files->counters);
	account_reset(&file->account, 0);
	tail_reset(&file->tail);
	file->tail.truncated = false;
	file->told_apart = false;
	file->eof_seen = false;
	file->seen_end = 0;
	file->identity.head_len = 0;
}

int claims_unseen(struct files *files, struct discover *discover, struct file *file, int64_t now_ms)
{
	struct candidate found = {.packing = PACKED_NOT};
	int r;

	file->suspect = false;
	if (file->whole_ns > file->known_ns)
		file->known_ns = file->whole_ns;
	/* What is elsewhere than its writer puts it has no copies, and others came behind it. */
	if (!claims_is_at(file->lineage, &file->identity)) {
		files_unlook(&files->looked);
		r = follow_missed_now(files, discover, file);
		files_unlook(&files->looked);
		return r;
	}
	r = follow_oldest_unseen(files, discover, file, &found.path, &found.fd, &found.identity);
	if (r)
		return r == FOLLOW_E_NONE ? 0 : r;
	log_source(files->log, LOG_INFO, file->source->name, "copy-unseen",
		   "%s: what was in %s before it was truncated, and was not seen: it goes first",
		   found.path, file->path);
	files->counters->generations_unseen++;
	forget_content(files, file);
	r = claims_take_place(files, discover, file, &found, now_ms);
	free(found.path);
	return r ? r : CLAIMS_E_TAKEN;
}

/* Something was written to the file when nothing had been read of it, and is not there. */
static bool is_missing_something(const struct file *file)
{
	const struct file_times *seen = &file->seen, *found = &file->found;

	if (!seen->known || !found->known || seen->mtime_ns == found->mtime_ns)
		return false;
	/* Where hints of copies do not come, any first bytes may be the second ones. */
	return !found->size || file->polled;
}

int claims_look(struct files *files, struct discover *discover, struct file *file, int64_t now_ms)
{
	if (LIKELY(!file_is_unread(file) || file->tail.packing)) {
		file->suspect = false;
		return 0;
	}
	if (file->found.known && file->found.size < file->first_size) {
		/* Of what was there then, whose copy may be as old as the last line in it. */
		file->known_ns--;
		file->first_size = 0;
		file->suspect = true;
	}
	if (!file->suspect && !is_missing_something(file))
		return 0;
	return claims_unseen(files, discover, file, now_ms);
}
