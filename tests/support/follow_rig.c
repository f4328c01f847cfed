/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does what agent.c, agent_start.c and agent_turn.c do with files, in the plainest order: all
 * hints, then every file to its end. Time does not pass by itself: `quiet` says that it did.
 */
#include "tests/support/follow_rig.h"
#include "hints/hints.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "files/doubt.h"
#include "files/doze.h"
#include "files/kept.h"
#include "files/writers.h"
#include "follow/claims.h"
#include "follow/copies.h"
#include "follow/packs.h"
#include "resume/resume.h"
#include "tests/support/must.h"

/* ---- directories ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

const char *rig_path(const struct follow_rig *rig, const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", rig->top, name);
	return path;
}

void rig_append(const struct follow_rig *rig, const char *name, const char *text)
{
	int fd = open(rig_path(rig, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	MUST(fd >= 0);
	MUST(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

void rig_rename(const struct follow_rig *rig, const char *from, const char *to)
{
	MUST(rename(rig_path(rig, from), rig_path(rig, to)) == 0);
}

void rig_remove(const struct follow_rig *rig, const char *name)
{
	MUST(unlink(rig_path(rig, name)) == 0);
}

void rig_set_mtime(const struct follow_rig *rig, const char *name, int64_t s)
{
	const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = s}};

	MUST(utimensat(AT_FDCWD, rig_path(rig, name), times, 0) == 0);
}

/* ---- a life ---- */

void rig_also(struct follow_rig *rig, const char *pattern)
{
	size_t i = rig->n_sources++;

	MUST(i < ARRAY_LEN(rig->sources));
	rig->paths[i][0] = strdup(rig_path(rig, pattern));
	rig->sources[i] = (struct source){
		.name = i ? "second" : "log",
		.rules = {.max_line = 1000},
	};
}

void rig_begin_in(struct follow_rig *rig, const char *dir, const char *pattern)
{
	*rig = (struct follow_rig){0};
	snprintf(rig->top, sizeof rig->top, "%s/waybill-follow-XXXXXX", dir);
	snprintf(rig->state, sizeof rig->state, "%s/waybill-state-XXXXXX", dir);
	MUST(mkdtemp(rig->top) && mkdtemp(rig->state));
	rig_also(rig, pattern);
}

void rig_begin(struct follow_rig *rig, const char *pattern)
{
	rig_begin_in(rig, "/tmp", pattern);
}

void rig_end(struct follow_rig *rig)
{
	if (rig->discover)
		rig_crash(rig);
	for (size_t i = 0; i < rig->n_sources; i++)
		free(rig->paths[i][0]), free(rig->exclude[i][0]);
	nftw(rig->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	nftw(rig->state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void load(struct follow_rig *rig)
{
	struct store_file *rows;

	MUST(store_open(rig->state, &rig->store, NULL, 0) == 0);
	MUST(store_load(rig->store, &rows, &rig->n_rows) == 0);
	MUST(files_init(&rig->files, rig->sources, rig->n_sources, &rig->pools, &rig->counters,
			rig->log, rows, rig->n_rows) == 0);
	MUST(!rig->max_files || files_set_max(&rig->files, rig->max_files, rig->max_files) == 0);
	doze_begin(&rig->files);
	for (size_t i = 0; i < rig->n_sources; i++)
		rig->files.source_known[i] =
			store_knows_source(rig->store, rig->sources[i].name) == 1;
	letters_init(&rig->letters, 1 << 20, 0);
	MUST(writer_new(rig->store, &rig->writer) == 0);
	checkpoint_init(&rig->checkpoint, rig->writer, &rig->files, &rig->letters, &rig->counters);
}

void rig_start(struct follow_rig *rig)
{
	char message[256];

	MUST(chunk_pools_init(&rig->pools, 16 << 20) == 0);
	load(rig);
	MUST(discover_new(&rig->discover) == 0);
	for (size_t i = 0; i < rig->n_sources; i++)
		MUST(discover_add(rig->discover, (int)i, rig->paths[i], rig->exclude[i], message,
				  sizeof message) == 0);
	MUST(resume_files(&rig->files, rig->discover, NULL) == 0);
	MUST(hints_first_scan(&rig->files, rig->discover, (int64_t)time(NULL) * 1000) == 0);
	rig->files.first_scan = false;
	MUST(files_drop_rows(&rig->files) == 0);
	rig_checkpoint(rig);
}

void rig_crash(struct follow_rig *rig)
{
	rig->n_in_flight = 0;
	rig->discover = discover_free(rig->discover);
	checkpoint_deinit(&rig->checkpoint);
	rig->writer = writer_free(rig->writer);
	rig->store = store_close(rig->store);
	letters_deinit(&rig->letters);
	copies_deinit(&rig->files);
	claims_deinit(&rig->files);
	files_deinit(&rig->files);
	chunk_pools_deinit(&rig->pools);
}

void rig_checkpoint(struct follow_rig *rig)
{
	char message[256];

	MUST(checkpoint_start(&rig->checkpoint, SIZE_MAX) == 0);
	MUST(checkpoint_finish(&rig->checkpoint, 30000, message, sizeof message) == 0);
}

void rig_stop(struct follow_rig *rig)
{
	rig_checkpoint(rig);
	rig_crash(rig);
}

void rig_restart(struct follow_rig *rig)
{
	rig_stop(rig);
	rig_start(rig);
}

size_t rig_stored(const struct follow_rig *rig, const char *name, uint64_t *ret_committed)
{
	const char *path = rig_path(rig, name);
	struct store_file *rows;
	struct store *store;
	size_t n, met = 0;

	MUST(store_open(rig->state, &store, NULL, 0) == 0);
	MUST(store_load(store, &rows, &n) == 0);
	*ret_committed = UINT64_MAX;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].path, path) == 0)
			*ret_committed = met++ ? UINT64_MAX : rows[i].committed;
	}
	store_files_free(rows, n);
	store_close(store);
	return n;
}

/* ---- reading ---- */

static void settle(struct follow_rig *rig, struct file *file)
{
	account_advance(&file->account);
	files_dirty(&rig->files, file);
	if (file->queue == FILE_QUEUE_NONE)
		files_give_back(&rig->files, file);
	if (file->state == FILE_DRAINING && !file->account.in_flight)
		claims_settled(&rig->files, file);
}

static void consume(struct follow_rig *rig, struct file *file, const struct event *event)
{
	struct chunk *chunk = account_open_chunk(&file->account);
	struct slot *slot;

	if (event->kind != EVENT_LINE) {
		if (!chunk)
			chunk = tail_new_chunk(&file->tail, CHUNK_SMALL, 0);
		MUST(account_pass(&file->account, chunk, event->extent,
				  event->kind == EVENT_AHEAD ? SLOT_AHEAD : SLOT_FILTERED));
		return;
	}
	MUST(strlen(rig->lines) + event->line.text.len + 2 < sizeof rig->lines);
	strncat(rig->lines, event->line.text.at, event->line.text.len);
	strcat(rig->lines, " ");
	slot = account_add_slot(&file->account, chunk, event->extent);
	MUST(slot);
	if (rig->on_line)
		rig->on_line(rig, event->line.text);
	if (!rig->hold) {
		account_report(&file->account, slot, SLOT_DELIVERED);
		return;
	}
	MUST(rig->n_in_flight < ARRAY_LEN(rig->in_flight));
	rig->in_flight[rig->n_in_flight++] = slot;
}

void rig_deliver(struct follow_rig *rig)
{
	for (size_t i = 0; i < rig->n_in_flight; i++)
		account_report(slot_chunk(rig->in_flight[i])->account, rig->in_flight[i],
			       SLOT_DELIVERED);
	for (size_t i = 0; i < rig->n_in_flight; i++)
		if (i == 0 || slot_chunk(rig->in_flight[i]) != slot_chunk(rig->in_flight[i - 1]))
			files_dirty(&rig->files,
				    file_of_account(slot_chunk(rig->in_flight[i])->account));
	rig->n_in_flight = 0;
	for (struct file *file = TAILQ_FIRST(&rig->files.dirty); file;
	     file = TAILQ_NEXT(file, dirty_link)) {
		settle(rig, file);
		if (file->newer || claims_is_due(file) || doubt_due(file, clock_mono_us()))
			files_ready(&rig->files, file);
	}
}

static void gone_dry(struct follow_rig *rig, struct file *file, bool hand_over)
{
	int r;

	files_rest(&rig->files, file);
	files_give_back(&rig->files, file);
	file->eof_seen = true;
	r = claims_begin_nameless(&rig->files, file);
	MUST(r >= 0);
	if (r == CLAIMS_E_BEGUN)
		file_set_state(file, FILE_DRAINING);
	else if (hand_over && file->newer && file_lets_next(file))
		files_promote_next(&rig->files, file);
}

static bool next_has_data(const struct file *file)
{
	struct stat st;

	if (!file->newer)
		return false;
	return file->newer->left_path || file->newer->suspect || file->newer->tail.fd < 0 ||
	       fstat(file->newer->tail.fd, &st) < 0 || st.st_size > 0;
}

/* Reports are in, and what was cut off was looked for: on in its copy, or from its start. */
static void start_over(struct follow_rig *rig, struct file *file)
{
	uint64_t read_position = account_read_position(&file->account);

	account_advance(&file->account);
	if (!file->rewritten || follow_is_spoilt(&rig->files, file)) {
		MUST(account_rewind(&file->account) == 0);
		tail_rewound(&file->tail, read_position);
		follow_cut(file, file->tail.fd);
	} else {
		rig->counters.truncations++;
		doubt_end(&rig->files, file);
		MUST(file_new_content(file) == 0);
		account_reset(&file->account, 0);
		tail_reset(&file->tail);
		file->identity.head_len = 0;
		file->rewritten = false;
		MUST(claims_unseen(&rig->files, rig->discover, file, clock_real_ms()) >= 0);
	}
	file_set_state(file, FILE_READING);
	files_dirty(&rig->files, file);
	if (file->spoilt)
		follow_finish(&rig->files, file);
	else
		files_ready(&rig->files, file);
}

/* True: something is to be done. */
static bool step_claims(struct follow_rig *rig)
{
	struct file *file;
	int r = claims_step(&rig->files, rig->discover, clock_real_ms(), &file);

	MUST(r >= 0);
	if (r == CLAIMS_E_DONE)
		start_over(rig, file);
	/* What is not due yet is waited for. */
	return claims_due_us(&rig->files) != CLOCK_NEVER || r;
}

static void turn(struct follow_rig *rig, struct file *file)
{
	bool hand_over = next_has_data(file);
	struct event event;
	int r = files_open_soon(&rig->files, file);

	if (r == FILES_E_LATER) {
		files_hold(&rig->files, file, FILE_WAITS_LOOK);
		return;
	}
	if (r == FILES_E_GONE) {
		files_rest(&rig->files, file);
		r = claims_begin_gone(&rig->files, file);
		MUST(r >= 0);
		if (r == CLAIMS_E_BEGUN) {
			file_set_state(file, FILE_DRAINING);
			return;
		}
		rig->counters.files_lost += !file_is_settled(file);
		files_forget(&rig->files, file);
		return;
	}
	MUST(r == 0);
	if (!packs_look(&rig->files, file, clock_mono_us()))
		return;
	if (!doubt_look(&rig->files, file, clock_mono_us(), clock_real_ms())) {
		files_rest(&rig->files, file);
		return;
	}
	r = claims_look(&rig->files, rig->discover, file, clock_real_ms());
	MUST(r >= 0);
	if (r == CLAIMS_E_TAKEN)
		return;
	for (;;) {
		do
			r = tail_peek(&file->tail, &event);
		while (r == TAIL_E_AGAIN);
		if (r == TAIL_E_DRY && file_is_over(file) && rig->quiet && !claims_is_due(file))
			r = tail_peek_last(&file->tail, &event);
		if (r)
			break;
		consume(rig, file, &event);
		tail_consumed(&file->tail, &event);
	}
	account_advance(&file->account);
	files_dirty(&rig->files, file);
	if (r == TAIL_E_REWRITTEN) {
		file->rewritten = true;
		MUST(claims_begin(&rig->files, file) == 0);
		doubt_end(&rig->files, file);
		files_rest(&rig->files, file);
		file_set_state(file, FILE_DRAINING);
		if (!claims_has(&rig->files, file))
			start_over(rig, file);
		return;
	}
	MUST(r == TAIL_E_DRY);
	packs_dry(&rig->files, file, clock_mono_us());
	doubt_dry(&rig->files, file);
	gone_dry(rig, file, hand_over);
}

/* One file that left its path is finished or wakes for its last line. True: something happened. */
static bool age(struct follow_rig *rig)
{
	struct file *file, *next;

	for (file = TAILQ_FIRST(&rig->files.aging); rig->quiet && file; file = next) {
		next = TAILQ_NEXT(file, aging_link);
		if (file->state != FILE_READING || !file_is_over(file) ||
		    file->queue != FILE_QUEUE_NONE)
			continue;
		if (file_is_settled(file) && file->eof_seen && !tail_has_more(&file->tail) &&
		    (files_must_hold(&rig->files, file, file->quiet_since_us) ||
		     copies_await(&rig->files, file)))
			continue;
		if (file_is_settled(file) && file->eof_seen && !tail_has_more(&file->tail))
			follow_finish(&rig->files, file);
		else if (!file->account.in_flight)
			files_ready(&rig->files, file);
		else
			continue;
		return true;
	}
	return false;
}

/* What is held is looked at. True: something is to be done. */
static bool step_copies(struct follow_rig *rig)
{
	size_t n = rig->files.n_copies;
	int more = 0;

	for (size_t i = 0; i < n; i++)
		more |= copies_step(&rig->files, clock_mono_us(), clock_real_ms());
	MUST(more >= 0);
	/* What waits for a report is woken again and again. */
	return more || rig->files.n_copies < n || (!rig->hold && !TAILQ_EMPTY(&rig->files.ready));
}

/* As the tick does it: what waits is tried again, as long as that is of use. */
static bool release_held(struct follow_rig *rig)
{
	static size_t last;
	size_t now = strlen(rig->lines) + rig->counters.copies_ignored;
	bool any = files_any_held(&rig->files) && rig->releases < 3;

	rig->releases = now == last ? rig->releases + 1 : 0;
	last = now;
	if (any)
		files_release_some(&rig->files);
	return any;
}

/* Those that wait for a look have it when it is due. */
static bool release_astray(struct follow_rig *rig)
{
	bool any = files_seek_us(&rig->files) != CLOCK_NEVER;

	files_release(&rig->files, FILE_WAITS_LOOK, SIZE_MAX);
	return any;
}

const char *rig_run(struct follow_rig *rig)
{
	struct file *file;
	struct hint hint;
	int r;

	rig->lines[0] = '\0';
	rig->releases = 0;
	do {
		while ((r = discover_next(rig->discover, &hint)) == 0)
			MUST(hints_follow(&rig->files, rig->discover, &hint,
					  (int64_t)time(NULL) * 1000) == 0);
		MUST(r == DISCOVER_E_NONE);
		MUST(hints_caught_up(&rig->files, rig->discover, (int64_t)time(NULL) * 1000) == 0);
		MUST(follow_check_some(&rig->files, rig->discover, CLOCK_NEVER) == 0);
		doubt_step(&rig->files, clock_mono_us());
		while ((file = files_next_ready(&rig->files)))
			turn(rig, file);
	} while (!TAILQ_EMPTY(&rig->files.proofs) || release_astray(rig) || step_claims(rig) ||
		 step_copies(rig) || age(rig) || release_held(rig));
	return rig->lines;
}

const char *rig_rescan(struct follow_rig *rig)
{
	const char *lines;

	quota_begin_look(&rig->files.quota);
	MUST(discover_scan(rig->discover) == 0);
	lines = rig_run(rig);
	quota_end_look(&rig->files.quota);
	return lines;
}

struct file *rig_file(const struct follow_rig *rig, const char *name)
{
	const char *path = rig_path(rig, name);

	return map_get(rig->files.by_path, path, strlen(path));
}
