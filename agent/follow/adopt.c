/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a file becomes one of ours: made from a stored row or from nothing, and put behind the older
 * generation of its path, which goes first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "files/poll.h"
#include "follow/follow.h"
#include "follow/follow_private.h"
#include "search/rotated.h"

bool follow_is_compressed(int fd)
{
	unsigned char head[8];
	ssize_t n = pread(fd, head, sizeof head, 0);

	return n > 0 && identity_is_compressed(head, (size_t)n);
}

/* The chain that a row holds; of a row that holds none, or no sound one, nothing is known. */
static void take_over_chain(struct account *account, const struct store_file *row)
{
	uint64_t rest = row->committed - row->chain_at;

	if (row->proven && row->chain_at % CHAIN_BLOCK == 0 && rest < CHAIN_BLOCK)
		account->chain =
			(struct chain){row->chain_at, row->committed, row->chain, row->rest_hash};
}

static void take_over_times(struct file *file, const struct store_file *row)
{
	bool known = row->size || row->mtime_ns;

	file->seen = (struct file_times){row->size, row->mtime_ns, row->ctime_ns, known, false};
	file->tail.reach = row->reach;
	file->tail.packing = row->packed < PACKED_KINDS ? row->packed : PACKED_NOT;
	file->seen_left = row->flags & STORE_FILE_SEEN_LEFT;
	file->leave_out = file->tail.packing && (row->flags & STORE_FILE_LEAVE_OUT);
	if (file->tail.packing && known)
		file->tail.dry = (struct tail_dry){row->size, row->mtime_ns, row->committed, true};
}

/* The bytes are known, the file in which they are is not. */
static void become_other(struct file *file, const struct birth *birth)
{
	if (birth->row->born_ns && birth->row->born_ns < file->began_ns)
		file->began_ns = birth->row->born_ns;
	file->tail.packing = birth->packing;
	if (birth->packing)
		file->identity.head_len = 0;
}

void follow_cut(struct file *file, int fd)
{
	struct identity *identity = &file->identity;
	struct stat st;

	if (file->tail.packing || fstat(fd, &st) < 0)
		return;
	ranges_drop_above(&file->account.ahead, (uint64_t)st.st_size);
	if (file->account.branches)
		branches_drop_above(file->account.branches, (uint64_t)st.st_size);
	if (file->tail.reach > (uint64_t)st.st_size)
		file->tail.reach = (uint64_t)st.st_size;
	if (identity->head_len <= (uint64_t)st.st_size)
		return;
	identity->head_len = 0;
	(void)!identity_grow_head(fd, identity, file->account.committed);
}

/*
 * What is settled of some branches: of one that the source no longer has nothing. 0 or negative
 * errno.
 */
static int take_over_branches(struct file *file, const struct store_file *row)
{
	const struct source *source = file->source;
	struct account *account = &file->account;

	struct branches *branches = NULL;
	int r = branches_decode(row->branches, source->branch_ids,
				account->n_branches ? account->n_branches : 1, row->committed,
				&branches);

	if (r || account->n_branches) {
		account->branches = branches;
		return r;
	}
	/* It goes to one place now: who had it there needs no other. */
	for (size_t i = 0; branches && i < branches->of[0].n && r >= 0; i++) {
		const struct range *range = &branches->of[0].at[branches->of[0].first + i];

		r = ranges_add(&account->ahead, range->start, range->end);
	}
	branches_free(branches);
	return r < 0 ? r : 0;
}

/*
 * Makes the file of a row go on where it was. First bytes that are others mean that it was
 * rewritten: its first turn says so. 0 or -ENOMEM.
 */
static int take_over_row(struct file *file, const struct birth *birth, int fd)
{
	const struct store_file *row = birth->row;
	struct ranges *ahead = &file->account.ahead;
	uint64_t settled = row->committed;
	int r = 0;

	file->identity.head_len = row->head_len;
	file->identity.head_hash = row->head_hash;
	file->tail.rewritten =
		!birth->by_content && identity_head_matches(fd, &file->identity) == 0;
	/* Without first bytes nothing says that it still is the content that had the id. */
	if (row->content_id && row->head_len && !file->tail.rewritten) {
		file_set_content(file, row->content_id, row->committed);
		file->content_stored = true;
	}
	take_over_chain(&file->account, row);
	if (birth->by_content)
		become_other(file, birth);
	else
		take_over_times(file, row);
	if (row->ahead.len)
		r = ranges_decode(row->ahead, row->committed, ahead);
	if (r == 0 && row->branches.len)
		r = take_over_branches(file, row);
	if (birth->by_content)
		follow_cut(file, fd);
	if (ahead->n)
		settled = ahead->at[ahead->first + ahead->n - 1].end;
	tail_resume(&file->tail, row->tail_len, row->tail_hash,
		    row->discarding ? settled : UINT64_MAX);
	return r;
}

/* Where the links on the way to the lineage's path led, if there are any. 0 or -ENOMEM. */
static int learn_real(struct file *file, const struct birth *birth, int fd)
{
	char *name;
	int r;

	if (strcmp(birth->path, birth->lineage) != 0)
		return file_set_real(file, birth->real);
	name = files_name_of(fd);
	r = name && strcmp(name, birth->path) != 0 ? file_set_real(file, name) : 0;
	free(name);
	return r;
}

static bool is_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/' && !strchr(path + len + 1, '/');
}

/* Where its predecessor went, or that one's: its own way may be the same. 0 or -ENOMEM. */
static int learn_went(struct file *file, const struct file *newest)
{
	char *dir = places_dir_of(newest->path);
	int r = dir ? 0 : -ENOMEM;

	if (!r && (is_in(file->lineage, dir) || (file->real && is_in(file->real, dir))))
		r = newest->went ? file_set_went(file, newest->went) : 0;
	else if (!r)
		r = file_set_went(file, dir);
	free(dir);
	return r;
}

/* A file of the lineage, for its order, with a name that may be its own: app-1.log, node-1. */
static bool has_own_name(const struct discover *discover, const struct file *file)
{
	return !file->left_path && strcmp(file->path, file->lineage) != 0 &&
	       follow_may_be_own(discover, file->path, file->lineage);
}

/*
 * Whether its path is not the one at which it is written. One that is wanted may be, while nothing
 * is at that of its lineage: a writer that has the date in the name, whose files nobody renames.
 */
static bool has_left(const struct birth *birth)
{
	if (strcmp(birth->lineage, birth->path) == 0)
		return false;
	return birth->moved || (!follow_may_be_own(birth->discover, birth->path, birth->lineage) &&
				(access(birth->lineage, F_OK) == 0 ||
				 discover_wants(birth->discover, birth->path) < 0));
}

/* The older generations are elsewhere now, if not before. 0 or -ENOMEM. */
static int leave_older(struct files *files, struct discover *discover, const struct file *file)
{
	int r = 0;

	for (struct file *older = file->older; !r && older; older = older->older) {
		if (has_own_name(discover, older))
			continue;
		/* Found under its rotated name, or, behind a link, with its own name still. */
		if (!older->left_path && strcmp(older->path, older->lineage) != 0)
			files_left_path(files, older);
		else if (!older->left_path || strcmp(older->path, file->path) == 0)
			r = follow_trace(files, discover, older);
	}
	return r;
}

/* Late lines, and what comes to the end of links, are told of where no pattern leads. */
static int watch_rotated(struct discover *discover, const struct file *file)
{
	if (strcmp(file->path, file->lineage) == 0)
		return 0;
	if (discover_follow(discover, file->path) == -ENOMEM ||
	    (file->real && discover_follow_link(discover, file->real) == -ENOMEM))
		return -ENOMEM;
	return 0;
}

/*
 * An older generation that is found when the one at their path is known already: it goes first if
 * nothing of that one was read. Else both are under way.
 */
static void chain_late(struct files *files, struct file *newest, struct file *file)
{
	uint64_t id = file->id;

	if (account_read_position(&newest->account) || newest->account.in_flight ||
	    newest->state > FILE_READING)
		return;
	file->id = newest->id;
	newest->id = id;
	newest->behind = true;
	files_dirty(files, newest);
	file_chain(newest, file);
	if (newest->state == FILE_READING) {
		files_rest(files, newest);
		file_set_state(newest, FILE_WAITING);
	}
}

static bool is_in_place(const struct file *file)
{
	return !file->left_path && strcmp(file->path, file->lineage) == 0;
}

/* Whoever was found at this path before, and is not finished, is the older generation. */
static int chain(struct files *files, struct discover *discover, struct file *file)
{
	struct file *newest = map_get(files->by_lineage, file->lineage, strlen(file->lineage));
	int r;

	file->behind = newest != NULL;
	if (newest && !file->went) {
		r = learn_went(file, newest);
		if (r)
			return r;
	}
	if (!newest || newest->state == FILE_FINISHED)
		return 0;
	if (file->left_path && is_in_place(newest)) {
		chain_late(files, newest, file);
		return 0;
	}
	file_chain(newest, file);
	if (file->newer && !files_is_first(files, file->source)) {
		/* An old generation that comes back late: the newer ones are under way. */
		file_unchain(file);
		return 0;
	}
	r = leave_older(files, discover, file);
	if (!r && !file->newer)
		r = learn_went(file, newest);
	if (r || !file->newer)
		return r;
	if (!has_own_name(discover, file))
		files_left_path(files, file);
	if (file->newer->state == FILE_READING) {
		files_rest(files, file->newer);
		file_set_state(file->newer, FILE_WAITING);
	}
	return 0;
}

/* Asked where it is needed only: tens of thousands of files are taken in at a start. */
static int64_t written_ns(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
}

/*
 * What was made before is known, or none of ours. At a first start that is all that was made before
 * the file's last write: copies of what was in it before.
 */
static void learn_times(const struct files *files, const struct birth *birth, struct file *file,
			int fd)
{
	const struct store_file *row = birth->row;
	const struct file *newest =
		map_get(files->by_lineage, birth->lineage, strlen(birth->lineage));
	int64_t born_ns = file->identity.born_ns;
	struct stat st;

	file->whole_ns = born_ns;
	if ((row || file->suspect) && files->alive_ns > born_ns)
		file->whole_ns = files->alive_ns;
	if (row && row->mtime_ns > 0)
		file->whole_ns = file->known_ns = row->mtime_ns;
	if (!file->suspect && files_is_first(files, birth->source) && !(row && birth->position) &&
	    fstat(fd, &st) == 0) {
		if (!row)
			file->known_ns = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec + 1;
		file->first_size = birth->position ? 0 : (uint64_t)st.st_size;
	}
	if (newest && newest->known_ns > file->known_ns)
		file->known_ns = newest->known_ns;
	/* A compressed one that nobody saw is as young as its packing: others came before it. */
	if (newest && !newest->unseen && newest->identity.born_ns > file->whole_ns)
		file->whole_ns = newest->identity.born_ns;
}

/* Whether, while nobody looked, content may have come and been cut off that a copy has. */
static bool is_suspect(const struct files *files, const struct birth *birth,
		       const struct file *file, int fd)
{
	const struct store_file *row = birth->row;

	if (row)
		return !row->committed && row->mtime_ns && row->mtime_ns != written_ns(fd);
	return files_is_first(files, birth->source) &&
	       files->source_known[birth->source - files->sources] && files->alive_ns &&
	       file->identity.born_ns >= files->alive_ns;
}

int follow_adopt(struct files *files, const struct birth *birth, int fd,
		 const struct identity *identity)
{
	const struct store_file *row = birth->row;
	struct file *file;
	int r;

	/* A reload took its source out while it was looked for. */
	if (birth->source->gone) {
		close(fd);
		return 0;
	}
	r = file_new(row ? row->id : files->next_id, birth->source, birth->path, birth->lineage,
		     identity, birth->position, files->pools, &file);
	if (r) {
		close(fd);
		return r;
	}
	files->next_id += !row;
	file->origin.agent = slice_of(files->agent_id);
	r = file_new_content(file);
	if (!r)
		r = learn_real(file, birth, fd);
	if (!r && row)
		r = file_set_went(file, row->went);
	if (r) {
		file_free(file);
		close(fd);
		return r;
	}
	if (row && take_over_row(file, birth, fd))
		log_source(files->log, LOG_WARNING, birth->source->name, "ranges-damaged",
			   "%s: its stored ranges are damaged: lines after %llu may be repeated",
			   birth->path, (unsigned long long)row->committed);
	if (!row && birth->packing) {
		file->tail.packing = birth->packing;
		file->told_apart = true;
		file->leave_out = birth->leave_out;
	}
	file->unjudged =
		!row && !birth->judged && !file->leave_out &&
		(birth->packing || (birth->source->compressed && rotated_is_packed(birth->path)));
	file->unseen = file->unjudged && birth->unseen;
	files->n_unjudged += file->unjudged && birth->packing;
	if (file->tail.packing)
		files_age(files, file);
	if (birth->within)
		tail_resume(&file->tail, 0, 0, birth->position);
	file->suspect = is_suspect(files, birth, file, fd);
	learn_times(files, birth, file, fd);
	if (has_left(birth))
		files_left_path(files, file);
	r = chain(files, birth->discover, file);
	if (!r)
		r = files_insert(files, file);
	if (!r)
		r = watch_rotated(birth->discover, file);
	files_set_fd(files, file, fd);
	poll_adopted(files, file);
	files_dirty(files, file);
	if (!file->older)
		file_set_state(file, FILE_READING);
	files_wake(files, file);
	return r;
}
