/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file as a thing with a life: its states have names and one setter that refuses illegal moves,
 * because a file that is read while it should wait is how a line is lost or overtaken.
 */
#include "files/file.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 60000

int file_set_path(struct file *file, const char *path)
{
	char *copy = strdup(path);
	const char *slash;

	if (!copy)
		return -ENOMEM;
	free(file->path);
	file->path = copy;
	slash = strrchr(copy, '/');
	file->name = slice_of(slash ? slash + 1 : copy);
	return 0;
}

/* Whether there are two bytes that say so; *ret_rules: what they say. */
static bool read_mark(const struct source *source, int fd, const struct line_rules **ret_rules)
{
	char mark[2];

	if (pread(fd, mark, sizeof mark, 0) != sizeof mark)
		return false;
	*ret_rules = charset_is_big((struct slice){mark, sizeof mark}) ? &source->big_rules :
									 &source->rules;
	return true;
}

const struct line_rules *source_line_rules(const struct source *source, int fd)
{
	const struct line_rules *rules = &source->rules;

	if (source->by_mark)
		(void)!read_mark(source, fd, &rules);
	return rules;
}

void file_read_mark(struct file *file)
{
	if (!file->marked)
		file->marked = read_mark(file->source, file->tail.fd, &file->tail.rules);
}

void file_forget_start(struct file *file)
{
	free((char *)file->header.at);
	file->header = SLICE_NONE;
	file->no_header = file->marked = false;
	file->tail.rules = &file->source->rules;
}

unsigned source_share(const struct source *source, unsigned branch)
{
	unsigned first = 0;

	while (source_cluster(source, first) != source_cluster(source, branch))
		first++;
	return first;
}

unsigned source_branch_to(const struct source *source, uint32_t topic)
{
	unsigned branch = 0;

	while (branch <= source->n_also && !route_goes_to(source_route(source, branch), topic))
		branch++;
	return branch <= source->n_also ? branch : 0;
}

struct parser_input file_parser_input(const struct file *file, struct slice line)
{
	struct parser_input input = {
		.line = line,
		/* The name is its last component: no strlen for each line. */
		.path = {file->path, (size_t)(file->name.at + file->name.len - file->path)},
		.name = file->name,
	};

	if (UNLIKELY(file->source->reads_found)) {
		input.found = slice_of(file->lineage);
		input.real = file->real ? slice_of(file->real) : SLICE_NONE;
	}
	if (UNLIKELY(file->source->reads_header))
		input.header = file->header;
	return input;
}

/* 0 or -ENOMEM. */
static int set_text(char **text, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

int file_set_real(struct file *file, const char *real)
{
	return set_text(&file->real, real);
}

int file_set_went(struct file *file, const char *dir)
{
	return set_text(&file->went, dir);
}

int file_set_second(struct file *file, const char *path)
{
	return set_text(&file->second, path);
}

int file_new(uint64_t id, const struct source *source, const char *path, const char *lineage,
	     const struct identity *identity, uint64_t committed, struct chunk_pools *pools,
	     struct file **ret_file)
{
	struct file *file = calloc(1, sizeof *file);

	if (!file)
		return -ENOMEM;
	file->lineage = strdup(lineage);
	file->tail.fd = -1;
	if (!file->lineage || file_set_path(file, path)) {
		file_free(file);
		return -ENOMEM;
	}
	file->id = id;
	file->source = source;
	file->identity = *identity;
	file->began_ns = identity->born_ns;
	file->state = FILE_WAITING;
	file_set_content(file, 0, committed);
	account_init(&file->account, pools, committed);
	file->account.n_branches = source->n_also ? source->n_also + 1 : 0;
	tail_init(&file->tail, &file->account, &source->rules);
	file->tail.join = source->join;
	*ret_file = file;
	return 0;
}

struct file *file_free(struct file *file)
{
	if (!file)
		return NULL;
	file_unchain(file);
	tail_close(&file->tail);
	account_deinit(&file->account);
	ranges_deinit(&file->alone);
	ranges_deinit(&file->parts);
	ranges_deinit(&file->over_rest);
	free(file->over);
	free(file->path);
	free(file->lineage);
	free(file->real);
	free(file->went);
	free(file->second);
	free((char *)file->header.at);
	free(file->proof);
	free(file);
	return NULL;
}

void file_set_content(struct file *file, uint64_t content_id, uint64_t committed)
{
	file->content_id = content_id;
	route_origin_set_content(&file->origin, content_id);
	route_origin_set_committed(&file->origin, committed);
}

int file_new_content(struct file *file)
{
	uint64_t id;

	do {
		if (getrandom(&id, sizeof id, 0) != sizeof id)
			return -EIO;
	} while (!id);
	file->content_stored = false;
	file_set_content(file, id, 0);
	return 0;
}

struct file *file_of_account(struct account *account)
{
	return (struct file *)((char *)account - offsetof(struct file, account));
}

void file_set_state(struct file *file, enum file_state state)
{
	static const bool allowed[5][5] = {
		[FILE_WAITING] = {[FILE_READING] = true, [FILE_FINISHED] = true},
		[FILE_READING] =
			{[FILE_DRAINING] = true, [FILE_FINISHED] = true, [FILE_WAITING] = true},
		[FILE_DRAINING] = {[FILE_BACKOFF] = true, [FILE_READING] = true},
		[FILE_BACKOFF] = {[FILE_READING] = true},
		[FILE_FINISHED] = {[FILE_READING] = true},
	};

	if (file->state == state)
		return;
	assert(allowed[file->state][state]);
	file->state = state;
}

void file_chain(struct file *member, struct file *file)
{
	struct file *older = NULL;

	while (member->older)
		member = member->older;
	for (; member && member->id < file->id; member = member->newer)
		older = member;
	file->older = older;
	file->newer = member;
	if (older)
		older->newer = file;
	if (member)
		member->older = file;
}

void file_unchain(struct file *file)
{
	if (file->newer)
		file->newer->older = file->older;
	if (file->older)
		file->older->newer = file->newer;
	file->older = file->newer = NULL;
}

void file_end_proof(struct file *file, struct file_list *proofs)
{
	if (!file->proof)
		return;
	TAILQ_REMOVE(proofs, file, proof_link);
	free(file->proof);
	file->proof = NULL;
}

uint32_t file_next_backoff(struct file *file)
{
	if (!file->backoff_ms)
		file->backoff_ms = BACKOFF_MIN_MS;
	else if (file->backoff_ms < BACKOFF_MAX_MS / 2)
		file->backoff_ms *= 2;
	else
		file->backoff_ms = BACKOFF_MAX_MS;
	return file->backoff_ms;
}

bool file_is_unread(const struct file *file)
{
	return !account_read_position(&file->account) && !account_ahead_end(&file->account);
}

static bool all_but_pending(const struct file *file)
{
	const struct account *account = &file->account;

	return !account->in_flight && !account->failed &&
	       account->committed == account_read_position(account);
}

uint64_t file_reach(const struct file *file)
{
	uint64_t reach = account_read_position(&file->account) + file->tail.pending;

	if (file->tail.packing)
		return account_read_position(&file->account);
	if (reach < file->tail.reach)
		reach = file->tail.reach;
	/* What the last look saw may be other content already. */
	if (file->found.known && !file->rewritten && !file->tail.rewritten &&
	    reach < file->found.size)
		reach = file->found.size;
	return reach;
}

int file_unsettled(const struct file *file, uint64_t *ret_bytes)
{
	uint64_t reach = file_reach(file), bytes = reach - file->account.committed;
	struct ranges ahead;
	int r = account_settled_ahead(&file->account, &ahead);

	if (r)
		return r;
	for (size_t i = 0; i < ahead.n; i++) {
		const struct range *range = &ahead.at[ahead.first + i];

		if (range->start < reach)
			bytes -= (range->end < reach ? range->end : reach) - range->start;
	}
	ranges_deinit(&ahead);
	*ret_bytes = bytes;
	return 0;
}

void file_uncount(struct file *file, struct counters *counters)
{
	counters->lines_forgotten += file->lines_back;
	counters->lines_waiting -= file->lines_back;
	if (file->counts)
		file->counts->lines_forgotten += file->lines_back;
	file->lines_back = 0;
}

bool file_is_settled(const struct file *file)
{
	return all_but_pending(file) && !file->tail.pending;
}

bool file_is_nameless(const struct file *file)
{
	struct stat st;

	return file->tail.fd >= 0 && fstat(file->tail.fd, &st) == 0 && st.st_nlink == 0;
}

bool file_lets_next(const struct file *file)
{
	/* What is being compressed still has more. */
	if (file->tail.packing && file->tail.broken == PACKED_E_SHORT)
		return false;
	return file_is_settled(file) || (!file->left_path && all_but_pending(file) &&
					 strcmp(file->path, file->lineage) != 0);
}
