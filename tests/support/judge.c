/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is in one state at a time (logs.h), and the promises are which changes may happen when.
 * What decides is the order of what the output noted; the agent's own numbers are only compared.
 */
#include "tests/support/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/judge_private.h"

#define BACKOFF_MIN_US 1000000
#define GROWS_ON_US 25000000ull
#define BRANCH_TOPIC 3

void judge_says(struct judge *judge, const char *format, ...)
{
	va_list args;

	if (judge->verdict[0])
		return;
	va_start(args, format);
	vsnprintf(judge->verdict, sizeof judge->verdict, format, args);
	va_end(args);
}

bool judge_branch_passed(const struct log_line *line, unsigned branch)
{
	const struct log_branch *at = &line->of[branch];

	return line->kind == LINE_FILTERED || at->state == LINE_DONE ||
	       (at->state == LINE_LIMBO && at->lettered);
}

bool judge_passed(const struct judge *judge, const struct log_line *line)
{
	for (unsigned i = 0; i < judge->branches; i++)
		if (!judge_branch_passed(line, i))
			return false;
	return true;
}

/* One of its branches is done. */
static void count_done(struct judge *judge, struct log_line *line, unsigned branch)
{
	line->of[branch].state = LINE_DONE;
	for (unsigned i = 0; i < judge->branches; i++)
		if (line->of[i].state != LINE_DONE)
			return;
	judge->finished++;
}

void judge_init(struct judge *judge, struct logs *logs)
{
	*judge = (struct judge){.logs = logs, .branches = 1};
}

/* ---- submissions ---- */

bool judge_may_end(const struct judge *judge, const struct log_file *file, uint64_t now_us)
{
	char path[PATH_MAX];

	logs_path(judge->logs, file->lineage, path);
	return judge->until_eof || (strcmp(file->path, path) != 0 &&
				    now_us >= file->written_us + LOGS_ROTATE_WAIT_MS * 1000);
}

/* A last line without LF, taken now: only when nothing more can be expected behind it. */
static struct log_line *take_last(struct judge *judge, struct log_file *file,
				  const struct scripted_note *note)
{
	if (note->position != file->next || file->next == file->len)
		return NULL;
	if (!judge_may_end(judge, file, note->now_us))
		judge_says(judge, "a line without LF was sent too early: " WHERE,
			   WHERE_OF(file, note->position));
	return logs_end(judge->logs, file);
}

static void check_content(struct judge *judge, const struct log_file *file,
			  const struct log_line *line, const struct scripted_note *note)
{
	const char *text = file->bytes + line->start;

	if (note->value_len != line->text_len ||
	    (line->text_len && memcmp(note->value, text, line->text_len) != 0) ||
	    note->marked != line->truncated)
		judge_says(judge, "another value was sent than was written: " WHERE,
			   WHERE_OF(file, line->start));
	if (note->key_len != line->key_len ||
	    note->topic != (note->branch ? BRANCH_TOPIC : line->topic) ||
	    (note->key_len && memcmp(note->key, text + line->key_at, line->key_len) != 0))
		judge_says(judge, "another key or topic was sent: " WHERE,
			   WHERE_OF(file, line->start));
	if (note->extent != line->end - line->start || line->kind == LINE_FILTERED)
		judge_says(judge, "not this was to be sent: " WHERE, WHERE_OF(file, line->start));
}

/* A last line without LF may be left out; then nobody hears of it. */
static bool last_is_passed(struct judge *judge, struct log_file *file, uint64_t now_us)
{
	if (file->next == file->len || file->ended)
		return true;
	return judge_may_end(judge, file, now_us) &&
	       judge_passed(judge, logs_end(judge->logs, file));
}

/* Every older generation must be wholly settled. */
static void check_generations(struct judge *judge, const struct log_file *file,
			      const struct log_line *line, uint64_t now_us)
{
	for (size_t i = 0; i < judge->logs->n_files; i++) {
		struct log_file *older = judge->logs->files[i];

		if (older->lineage != file->lineage || older->generation >= file->generation)
			continue;
		/* It goes on growing long after it was rotated, and holds up nobody. */
		if (older->written_us >= file->born_us + GROWS_ON_US)
			continue;
		for (size_t k = 0; k < older->n_lines; k++)
			if (!judge_passed(judge, &older->lines[k]))
				judge_says(judge, "generation %d was overtaken at %llu: " WHERE,
					   older->generation,
					   (unsigned long long)older->lines[k].start,
					   WHERE_OF(file, line->start));
		if (!last_is_passed(judge, older, now_us))
			judge_says(judge, "generation %d was overtaken at its last line: " WHERE,
				   older->generation, WHERE_OF(file, line->start));
	}
}

/* In the order of the file: nothing before it waits. */
static void check_order(struct judge *judge, const struct log_file *file,
			const struct log_line *line, unsigned branch)
{
	for (const struct log_line *before = file->lines; before < line; before++) {
		enum line_state state = before->of[branch].state;

		if (!judge_branch_passed(before, branch) && state != LINE_FLYING &&
		    state != LINE_LIMBO)
			judge_says(judge, "sent before the one at %llu: " WHERE,
				   (unsigned long long)before->start, WHERE_OF(file, line->start));
	}
}

static void check_pressure(struct judge *judge, const struct log_file *file,
			   const struct log_line *line, uint64_t now_us)
{
	if (file->draining)
		judge_says(judge, "sent while the file waits for its reports: " WHERE,
			   WHERE_OF(file, line->start));
	if (now_us < file->not_before_us)
		judge_says(judge, "sent before the back-off is over: " WHERE,
			   WHERE_OF(file, line->start));
	if (file->flies_alone)
		judge_says(judge, "sent while another line of the file flies alone: " WHERE,
			   WHERE_OF(file, line->start));
	if (line->alone && file->flying)
		judge_says(judge, "refused with its batch, it was sent in company of %u: " WHERE,
			   file->flying, WHERE_OF(file, line->start));
}

static bool is_of(const struct store_dead_letter *letter, const struct log_file *file,
		  const struct log_line *line)
{
	return line->start == letter->position && line->text_len == letter->value.len &&
	       memcmp(file->bytes + line->start, letter->value.at, letter->value.len) == 0;
}

/* Whether a line that was refused by submit became a dead letter on the spot. */
static bool has_letter(const struct letters *letters, const struct log_file *file,
		       const struct log_line *line, unsigned branch)
{
	for (size_t i = 0; i < letters->n; i++)
		if (is_of(&letters->items[i], file, line) &&
		    judge_branch_of(&letters->items[i]) == branch)
			return true;
	return false;
}

static void submitted(struct judge *judge, struct log_file *file, struct log_line *line,
		      const struct scripted_note *note, const struct letters *letters)
{
	struct log_branch *at = &line->of[note->branch];

	/* It has to go alone from the first time on. */
	line->alone |= memmem(note->value, note->value_len, SCRIPTED_SUSPECT,
			      strlen(SCRIPTED_SUSPECT)) != NULL;
	if (at->state == LINE_DONE)
		judge_says(judge, "an acknowledged line was sent again: " WHERE,
			   WHERE_OF(file, line->start));
	if (at->state == LINE_FLYING)
		judge_says(judge, "in flight twice: " WHERE, WHERE_OF(file, line->start));
	if (line->alone && at->convicted)
		judge_says(judge, "sent again although it was refused alone: " WHERE,
			   WHERE_OF(file, line->start));
	check_content(judge, file, line, note);
	check_generations(judge, file, line, note->now_us);
	check_order(judge, file, line, note->branch);
	check_pressure(judge, file, line, note->now_us);
	if (note->what == SCRIPTED_REFUSED) {
		at->convicted = judge->limbo = true;
		at->lettered = has_letter(letters, file, line, note->branch);
		at->after_limbo = at->state;
		at->state = LINE_LIMBO;
		return;
	}
	if (!line->read)
		judge->lines_read++;
	line->read = true;
	at->state = LINE_FLYING;
	at->flew_alone = file->flies_alone = line->alone;
	file->flying++;
}

/* ---- reports ---- */

/* All reports of the file are in: what came back will be read again. */
static void rewind_file(struct log_file *file, uint64_t now_us)
{
	for (size_t i = 0; i < file->n_lines * LOGS_BRANCHES; i++) {
		struct log_branch *at = &file->lines[i / LOGS_BRANCHES].of[i % LOGS_BRANCHES];

		if (at->state == LINE_LIMBO)
			at->after_limbo = LINE_UNSENT;
		else if (at->state == LINE_FAILED)
			at->state = LINE_UNSENT;
	}
	file->draining = false;
	file->not_before_us = file->at_once ? 0 : now_us + BACKOFF_MIN_US;
}

static void reported(struct judge *judge, struct log_file *file, struct log_line *line,
		     const struct scripted_note *note)
{
	const struct report *report = &note->report;
	struct log_branch *at = &line->of[note->branch];

	if (at->state != LINE_FLYING || note->changed)
		judge_says(judge, "the payload changed while it was in flight: " WHERE,
			   WHERE_OF(file, line->start));
	file->flies_alone = false;
	file->flying--;
	if (report->kind == REPORT_DELIVERED) {
		count_done(judge, line, note->branch);
		judge->delivered++;
		at->deliveries++;
	} else if (report->kind == REPORT_FAILED) {
		at->state = LINE_FAILED;
		file->at_once = (file->at_once || !file->draining) && report->producer_gone;
		file->draining = true;
	} else if (at->flew_alone) {
		judge->limbo = at->convicted = true;
		at->state = LINE_LIMBO;
		at->after_limbo = LINE_UNSENT;
	} else {
		line->alone = true;
		at->state = LINE_FAILED;
		file->at_once |= !file->draining;
		file->draining = true;
	}
	if (file->draining && !file->flying)
		rewind_file(file, note->now_us);
}

/* ---- dead letters ---- */

unsigned judge_branch_of(const struct store_dead_letter *letter)
{
	return letter->topic[1] == '0' + BRANCH_TOPIC;
}

struct log_line *judge_line_of(const struct judge *judge, const struct store_dead_letter *letter)
{
	for (size_t i = 0; i < judge->logs->n_files; i++) {
		struct log_file *file = judge->logs->files[i];
		struct log_line *line = logs_line_at(file, letter->position);

		if (line && is_of(letter, file, line))
			return line;
	}
	return NULL;
}

/* waiting: only those of lines that were refused alone in an earlier step. */
static void take_letters(struct judge *judge, const struct letters *letters, bool waiting)
{
	for (size_t i = 0; i < letters->n && !judge->verdict[0]; i++) {
		struct log_line *line = judge_line_of(judge, &letters->items[i]);
		unsigned branch = judge_branch_of(&letters->items[i]);
		struct log_branch *at = line ? &line->of[branch] : NULL;

		if (!line && !waiting)
			judge_says(judge, "a dead letter of no line, at %llu",
				   (unsigned long long)letters->items[i].position);
		if (!line || at->state == LINE_DONE ||
		    (waiting && (at->state != LINE_UNSENT || !line->alone || !at->convicted)))
			continue;
		if (!at->convicted || line->kind < LINE_POISON)
			judge_says(judge, "a dead letter that was not refused alone, at %llu",
				   (unsigned long long)line->start);
		judge->dead++;
		judge->lines_read += !line->read;
		line->read = true;
		count_done(judge, line, branch);
	}
}

/* What was refused alone and is no dead letter is what it was before. */
static void leave_limbo(struct judge *judge)
{
	if (!judge->limbo)
		return;
	judge->limbo = false;
	for (size_t i = 0; i < judge->logs->n_files; i++)
		for (size_t k = 0; k < judge->logs->files[i]->n_lines; k++) {
			struct log_branch *of = judge->logs->files[i]->lines[k].of;

			for (unsigned b = 0; b < LOGS_BRANCHES; b++)
				if (of[b].state == LINE_LIMBO)
					of[b].state = of[b].after_limbo;
		}
}

void judge_notes(struct judge *judge, const struct scripted *scripted,
		 const struct letters *letters)
{
	/* Those that only waited for room come before what was sent after them. */
	take_letters(judge, letters, true);
	for (size_t i = 0; i < scripted->n_notes && !judge->verdict[0]; i++) {
		const struct scripted_note *note = &scripted->notes[i];
		struct log_file *file = logs_by_inode(judge->logs, note->device, note->inode);
		struct log_line *line = file ? logs_line_at(file, note->position) : NULL;

		if (file && !line && note->what != SCRIPTED_REPORTED)
			line = take_last(judge, file, note);
		if (!line)
			judge_says(judge,
				   "what was sent from %llu on is no line of any file: \"%.40s\"",
				   (unsigned long long)note->position,
				   note->value ? note->value : "");
		else if (note->what == SCRIPTED_REPORTED)
			reported(judge, file, line, note);
		else
			submitted(judge, file, line, note, letters);
	}
	take_letters(judge, letters, false);
	leave_limbo(judge);
}
