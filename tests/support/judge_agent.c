/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's own word on where it stands (positions, accounts, counters, stored rows), held
 * against what the judge has seen of each line.
 */
#include <string.h>

#include "tests/support/judge_private.h"

/* Nothing but lines that are done lies below `end` from `start` on. */
static void check_settled(struct judge *judge, struct log_file *file, uint64_t start, uint64_t end,
			  const char *what)
{
	/* A last line without LF that was left out is seen here first. */
	if (file->next < end && !file->ended && judge_may_end(judge, file, judge->logs->now_us))
		logs_end(judge->logs, file);
	if (end > file->len)
		judge_says(judge, "%s ends behind the file: " WHERE, what, WHERE_OF(file, end));
	for (size_t i = 0; i < file->n_lines; i++) {
		const struct log_line *line = &file->lines[i];

		if (line->start < end && line->end > start && !judge_passed(judge, line))
			judge_says(judge, "%s passes an unsettled line: " WHERE ", %llu to %llu",
				   what, WHERE_OF(file, line->start), (unsigned long long)start,
				   (unsigned long long)end);
	}
	if (file->next < end && !file->ended)
		judge_says(judge, "%s passes what is no whole line: " WHERE, what,
			   WHERE_OF(file, end));
}

static void check_counters(struct judge *judge, const struct counters *counters)
{
	uint64_t read = counters->lines_read - counters->lines_forgotten;

	if (read - counters->lines_filtered != judge->lines_read)
		judge_says(judge, "lines read %llu - lines_filtered %llu is not %llu",
			   (unsigned long long)read, (unsigned long long)counters->lines_filtered,
			   (unsigned long long)judge->lines_read);
	/* Of a line with a dead letter it may be forgotten over a rewind. */
	if (judge->branches > 1 &&
	    counters->lines_delivered + counters->lines_dead != judge->finished)
		judge_says(judge, "%llu lines are delivered and %llu dead, not %llu",
			   (unsigned long long)counters->lines_delivered,
			   (unsigned long long)counters->lines_dead,
			   (unsigned long long)judge->finished);
	if (judge->branches > 1)
		return;
	if (counters->lines_delivered != judge->delivered)
		judge_says(judge, "lines_delivered is %llu, not %llu",
			   (unsigned long long)counters->lines_delivered,
			   (unsigned long long)judge->delivered);
	if (counters->lines_dead != judge->dead)
		judge_says(judge, "lines_dead is %llu, not %llu",
			   (unsigned long long)counters->lines_dead,
			   (unsigned long long)judge->dead);
}

void judge_agent(struct judge *judge, const struct files *files, const struct chunk_pools *pools,
		 const struct counters *counters)
{
	void *cursor = NULL;
	struct file *file;

	while (!judge->verdict[0] && (file = map_next(files->by_inode, &cursor))) {
		struct log_file *log =
			logs_by_inode(judge->logs, file->identity.device, file->identity.inode);

		/* Its inode may be another file's by now, which the agent has not met yet. */
		if (!log || !identity_same_inode(&file->identity, &log->identity))
			continue;
		check_settled(judge, log, 0, file->account.committed, "the committed position");
		if (file->account.in_flight != log->flying)
			judge_says(judge, "%s: %u in flight, not %u", file->path,
				   file->account.in_flight, log->flying);
	}
	if (pools->budget.used > pools->budget.max)
		judge_says(judge, "%zu bytes of memory, more than %zu", pools->budget.used,
			   pools->budget.max);
	check_counters(judge, counters);
}

/* What is stored of each branch apart. */
static void check_branches(struct judge *judge, const struct log_file *file,
			   const struct store_file *row)
{
	struct branches *branches = NULL;

	if (!row->branches.len)
		return;
	if (branches_decode(row->branches, judge->sources[file->lineage % 2].branch_ids,
			    judge->branches, row->committed, &branches))
		judge_says(judge, "%s: stored branches cannot be decoded", row->path);
	for (unsigned b = 0; branches && b < judge->branches; b++)
		for (size_t i = 0; i < file->n_lines; i++) {
			const struct log_line *line = &file->lines[i];

			if (branches_settled(branches, line->start, line->end) & (1u << b) &&
			    !judge_branch_passed(line, b))
				judge_says(judge, "branch %u is stored as settled: " WHERE, b,
					   WHERE_OF(file, line->start));
		}
	branches_free(branches);
}

static void check_row(struct judge *judge, const struct store_file *row)
{
	struct log_file *file = logs_by_inode(judge->logs, row->device, row->inode);
	struct ranges ahead;

	/* One whose inode was given away while it was kept is by no inode. */
	if (!file || row->born_ns != file->identity.born_ns)
		return;
	check_settled(judge, file, 0, row->committed, "the stored position");
	if (ranges_decode(row->ahead, row->committed, &ahead)) {
		judge_says(judge, "%s: stored ranges cannot be decoded", row->path);
		return;
	}
	for (size_t i = 0; i < ahead.n; i++)
		check_settled(judge, file, ahead.at[ahead.first + i].start,
			      ahead.at[ahead.first + i].end, "a stored range");
	ranges_deinit(&ahead);
	check_branches(judge, file, row);
}

void judge_snapshot(struct judge *judge, const struct store_batch *batch)
{
	for (size_t i = 0; i < batch->n_files; i++)
		if (!batch->files[i].removed)
			check_row(judge, &batch->files[i]);
	for (size_t i = 0; i < judge->logs->n_files; i++)
		for (size_t k = 0; k < judge->logs->files[i]->n_lines; k++) {
			struct log_branch *of = judge->logs->files[i]->lines[k].of;

			for (unsigned b = 0; b < LOGS_BRANCHES; b++)
				of[b].snapped = of[b].state == LINE_DONE;
		}
}

void judge_stored(struct judge *judge, const struct store_batch *batch)
{
	for (size_t i = 0; i < judge->logs->n_files; i++)
		for (size_t k = 0; k < judge->logs->files[i]->n_lines; k++) {
			struct log_branch *of = judge->logs->files[i]->lines[k].of;

			for (unsigned b = 0; b < LOGS_BRANCHES; b++)
				of[b].durable |= of[b].snapped;
		}
	for (size_t i = 0; i < batch->n_letters; i++) {
		struct log_line *line = judge_line_of(judge, &batch->letters[i]);

		if (line)
			line->of[judge_branch_of(&batch->letters[i])].letters++;
	}
}

void judge_crash(struct judge *judge)
{
	for (size_t i = 0; i < judge->logs->n_files; i++) {
		struct log_file *file = judge->logs->files[i];

		for (size_t k = 0; k < file->n_lines; k++) {
			struct log_line *line = &file->lines[k];

			for (unsigned b = 0; b < judge->branches; b++) {
				struct log_branch *at = &line->of[b];

				judge->may_repeat |= at->state == LINE_DONE && !at->durable;
				line->lost |= !file->path[0] && !at->durable;
			}
			for (unsigned b = 0; b < judge->branches; b++) {
				struct log_branch *at = &line->of[b];

				at->state = at->durable || line->lost ? LINE_DONE : LINE_UNSENT;
				at->convicted = at->lettered = at->snapped = false;
			}
			line->alone = line->read = false;
		}
		file->ended |= !file->path[0];
		file->flying = 0;
		file->draining = file->at_once = file->flies_alone = false;
		file->not_before_us = 0;
	}
	judge->lines_read = judge->delivered = judge->dead = judge->finished = 0;
}

/* The first line that is not done. */
static const struct log_file *find_open(const struct judge *judge, uint64_t *ret_position)
{
	for (size_t i = 0; i < judge->logs->n_files; i++) {
		const struct log_file *file = judge->logs->files[i];

		for (size_t k = 0; k < file->n_lines; k++)
			if (!judge_passed(judge, &file->lines[k])) {
				*ret_position = file->lines[k].start;
				return file;
			}
		*ret_position = file->next;
		if (file->next < file->len && !file->ended)
			return file;
	}
	return NULL;
}

bool judge_all_done(const struct judge *judge)
{
	uint64_t position;

	return !find_open(judge, &position);
}

void judge_gives_up(struct judge *judge)
{
	uint64_t position = 0;
	const struct log_file *file = find_open(judge, &position);

	if (file)
		judge_says(judge, "waits for ever: " WHERE, WHERE_OF(file, position));
	else
		judge_says(judge, "all is done, yet the agent waits for something");
}

void judge_end(struct judge *judge)
{
	for (size_t i = 0; i < judge->logs->n_files; i++) {
		const struct log_file *file = judge->logs->files[i];

		for (size_t k = 0; k < file->n_lines; k++) {
			const struct log_line *line = &file->lines[k];
			bool dies = line->kind == LINE_POISON || line->kind == LINE_HUGE;

			if (line->lost || line->kind == LINE_FILTERED)
				continue;
			for (unsigned b = 0; b < judge->branches; b++) {
				const struct log_branch *at = &line->of[b];

				if (at->letters != dies || (at->deliveries > 0) == dies)
					judge_says(judge, "%u deliveries, %u dead letters: " WHERE,
						   at->deliveries, at->letters,
						   WHERE_OF(file, line->start));
				if (!judge->may_repeat && at->deliveries > 1)
					judge_says(judge, "delivered %u times: " WHERE,
						   at->deliveries, WHERE_OF(file, line->start));
			}
		}
	}
}
