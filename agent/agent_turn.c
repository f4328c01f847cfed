/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loop does to files. Sources with something to read get turns one after the other, and so
 * do the files of each, equal ones by bytes: neither a busy file nor a source with thousands of
 * them starves others (D09). A file whose next record cannot go is
 * held aside until what it waits for may have come: another try costs a read and a line that is
 * parsed, and thousands of files may wait for hours. The tick tries some, those that waited
 * longest, so nothing hangs on a wake-up that was missed.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "files/doubt.h"
#include "files/kept.h"
#include "files/pace.h"
#include "follow/claims.h"
#include "follow/copies.h"
#include "follow/packs.h"

/* A turn of one file: some 280 lines of 230 bytes, 0.3 ms. */
#define TURN_BYTES ((size_t)64 << 10)
/* A turn of the loop: signals, reports and kicks wait no longer. */
#define TURN_US 2000
/* Of that so long paths are looked at of files that may have left them. */
#define CHECK_US 1000
/* Another try of a file that could not be read, doubling. */
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 30000
/* So long a rotated file that goes on growing holds back the one behind it, and its rotate_wait. */
#define HOLD_US (30 * US_PER_S)
/* What brokers have not taken by then is held up. */
#define SETTLED_US (5 * US_PER_S)

/*
 * It could not be opened or read; `how` says which. error: negative errno. The descriptor may be
 * what is broken (ESTALE, a device that went and came): the next try opens the file by its path.
 */
static void unreadable(struct agent *agent, struct file *file, const char *how, int error)
{
	if (!file->unreadable)
		log_source(agent->log, LOG_ERR, file->source->name, "file-unreadable",
			   "%s: %s failed: %s: %s", file->path, how, strerror(-error),
			   agent->until_eof ? "it is left out" :
					      "it waits, and is opened again by its path from time "
					      "to time; nothing of it is passed over");
	files_rest(&agent->files, file);
	if (!file_is_nameless(file))
		files_close(&agent->files, file);
	file->retry_ms = file->unreadable ? 2 * file->retry_ms : RETRY_MIN_MS;
	if (file->retry_ms > RETRY_MAX_MS)
		file->retry_ms = RETRY_MAX_MS;
	file->unreadable = true;
	file->retry_us = clock_mono_us() + file->retry_ms * US_PER_MS;
	if (!agent->until_eof)
		files_age(&agent->files, file);
}

static void readable_again(struct agent *agent, struct file *file)
{
	file->unreadable = false;
	log_source(agent->log, LOG_NOTICE, file->source->name, "file-readable",
		   "%s: it can be read again", file->path);
}

/*
 * No name leads to it any more. What is under way may still arrive, and is sent again from memory:
 * what is lost shows when nothing is.
 */
static void vanished(struct agent *agent, struct file *file)
{
	uint64_t committed = file->account.committed, lost;
	int r;

	files_rest(&agent->files, file);
	file->vanished = file->account.in_flight;
	if (file->vanished)
		return;
	r = claims_begin_gone(&agent->files, file);
	if (r == CLAIMS_E_BEGUN) {
		file_set_state(file, FILE_DRAINING);
		return;
	}
	if (r || file_unsettled(file, &lost)) {
		agent->error = -ENOMEM;
	} else if (lost) {
		files_count_lost(&agent->files, file->source, file->path, file->lineage,
				 LOST_REMOVED, lost);
		log_source(agent->log, LOG_ERR, file->source->name, "file-lost",
			   "%s: gone before it was wholly shipped: lines after position %llu are "
			   "lost; keep rotated files longer",
			   file->path, (unsigned long long)committed);
	}
	files_forget(&agent->files, file);
}

/* The file's descriptor, opened again if it was closed. False: the file cannot be read now. */
static bool ensure_open(struct agent *agent, struct file *file)
{
	bool astray = file->astray_us;
	int r = files_open_soon(&agent->files, file);

	/* No hint told where it went. */
	if (UNLIKELY(!r && astray) && discover_follow(agent->discover, file->path) == -ENOMEM)
		agent->error = -ENOMEM;
	if (!r)
		return true;
	if (r == FILES_E_CROWDED)
		files_hold(&agent->files, file, FILE_WAITS_ROOM);
	else if (r == FILES_E_LATER)
		files_hold(&agent->files, file, FILE_WAITS_LOOK);
	else if (r < 0)
		unreadable(agent, file, "opening", r);
	else
		vanished(agent, file);
	return false;
}

/* Whether the generation behind this one has data: asked before this one is read to its end. */
static bool next_has_data(struct agent *agent, const struct file *file)
{
	struct stat st;

	if (!file->newer)
		return false;
	if (agent->until_eof || file->newer->left_path || file->newer->suspect)
		return true;
	return file->newer->tail.fd < 0 || fstat(file->newer->tail.fd, &st) < 0 || st.st_size > 0;
}

/*
 * It goes on growing, though its writer had the time to turn to the file behind it, and is settled
 * but for what came last: it is read on, and holds up nobody. What brokers hold up is no growth.
 */
static bool has_held(struct file *file, uint64_t now_us)
{
	uint64_t most_us = HOLD_US + file->source->rotate_wait_ms * US_PER_MS;
	bool settled = file->account.committed + file->tail.pending >= file->hold.end;

	if (!file->hold.since_us || (!settled && now_us - file->hold.end_us > SETTLED_US))
		file->hold.since_us = now_us;
	else if (settled && now_us - file->hold.since_us >= most_us)
		return true;
	if (settled) {
		file->hold.end = account_read_position(&file->account) + file->tail.pending;
		file->hold.end_us = now_us;
	}
	return false;
}

/* Nothing more waits in the file now: what follows from that. */
static void gone_dry(struct agent *agent, struct file *file, bool hand_over, uint64_t now_us)
{
	int r;

	files_rest(&agent->files, file);
	files_give_back(&agent->files, file);
	file->eof_seen = true;
	if (UNLIKELY(file->tail.open))
		files_age(&agent->files, file);
	r = claims_begin_nameless(&agent->files, file);
	if (UNLIKELY(r)) {
		if (r < 0)
			agent->error = r;
		else
			agent_drain_file(agent, file, now_us);
		return;
	}
	/* It cannot be looked for while it goes on growing, and its path has another one. */
	if (UNLIKELY(file->left_path) && !agent->until_eof && claims_is_due(file) &&
	    has_held(file, now_us)) {
		file->hunted = true;
		copies_look(&agent->files);
	}
	if (hand_over && file->newer &&
	    (file_lets_next(file) || (!agent->until_eof && has_held(file, now_us)))) {
		if (agent->until_eof)
			file_set_state(file, FILE_FINISHED);
		files_promote_next(&agent->files, file);
	}
}

/* A last line without LF ships when nothing more can be expected behind it. */
static uint64_t partial_after_us(const struct agent *agent, const struct file *file)
{
	if (agent->until_eof)
		return 0;
	return file_is_over(file) && !claims_is_due(file) ?
		       file->source->rotate_wait_ms * US_PER_MS :
		       CLOCK_NEVER;
}

/*
 * With provenance a file waits until its content's id is stored. Sent before that, a line could
 * come again after a crash under another id, and content that took its place under the same one.
 */
static bool may_tell_origin(struct agent *agent, struct file *file)
{
	struct identity *identity = &file->identity;
	int r = 0;

	if (LIKELY(!file->source->provenance || file->content_stored))
		return true;
	if (!identity->head_len)
		r = identity_grow_head(file->tail.fd, identity, IDENTITY_HEAD_MAX);
	if (r < 0) {
		unreadable(agent, file, "reading", r);
		return false;
	}
	/* An empty file has no first bytes to store, and no line to send. */
	if (!identity->head_len)
		return true;
	files_dirty(&agent->files, file);
	files_hold(&agent->files, file, FILE_WAITS_STORE);
	agent->checkpoint_wanted = true;
	return false;
}

/* It may be held for hours, and all memory could be in the hands of such files. */
static void hold(struct agent *agent, struct file *file, enum file_wait wait)
{
	files_give_back(&agent->files, file);
	files_hold(&agent->files, file, wait);
}

/* What is looked at before the file is read. False: it is not read now. */
static bool look_at(struct agent *agent, struct file *file, uint64_t now_us)
{
	int r;

	if (!packs_look(&agent->files, file, now_us))
		return false;
	if (!doubt_look(&agent->files, file, now_us, clock_real_ms())) {
		files_rest(&agent->files, file);
		return false;
	}
	r = claims_look(&agent->files, agent->discover, file, clock_real_ms());
	if (UNLIKELY(r < 0))
		agent->error = r;
	return LIKELY(!r) && may_tell_origin(agent, file);
}

/* It is another file now. */
static void replaced(struct agent *agent, struct file *file, uint64_t now_us)
{
	file->rewritten = true;
	file->hold = (struct file_hold){0};
	if (claims_begin(&agent->files, file))
		agent->error = -ENOMEM;
	doubt_end(&agent->files, file);
	agent_drain_file(agent, file, now_us);
}

static void dry(struct agent *agent, struct file *file, bool hand_over, uint64_t now_us)
{
	packs_dry(&agent->files, file, now_us);
	doubt_dry(&agent->files, file);
	gone_dry(agent, file, hand_over, now_us);
}

/* What follows from what pipeline_turn said. */
static void follow_turn(struct agent *agent, struct file *file, int r, bool hand_over,
			uint64_t now_us)
{
	switch (r) {
	case 0:
	case PIPELINE_E_AGAIN:
		/* To the end of the queue: everybody gets a turn. */
		files_rest(&agent->files, file);
		files_ready(&agent->files, file);
		return;
	case PIPELINE_E_IDLE:
		dry(agent, file, hand_over, now_us);
		return;
	case PIPELINE_E_FULL:
		return;
	case PIPELINE_E_SPENT:
		files_pause(&agent->files, file->source);
		return;
	case PIPELINE_E_MEMORY:
		hold(agent, file, FILE_WAITS_ROOM);
		return;
	case PIPELINE_E_HOLD:
		hold(agent, file, FILE_WAITS_TOPIC);
		return;
	case PIPELINE_E_LIMIT:
		hold(agent, file, FILE_WAITS_RATE);
		return;
	case PIPELINE_E_LETTERS:
		hold(agent, file, FILE_WAITS_LETTERS);
		return;
	case PIPELINE_E_REWRITTEN:
		replaced(agent, file, now_us);
		return;
	default:
		unreadable(agent, file, "reading", r);
	}
}

/* An event at its end may go on there; where that cannot be seen, it ends with the file. */
static void open_next(struct agent *agent, const struct file *file)
{
	if (UNLIKELY(file->left_path && file->newer) && file->tail.join && file->newer->tail.fd < 0)
		(void)!files_open(&agent->files, file->newer);
}

/* One turn of one file. False: no file can go on now. */
static bool turn_file(struct agent *agent, struct file *file, uint64_t now_us)
{
	bool hand_over = next_has_data(agent, file);
	struct rate_budget budget;
	int r;

	if (!look_at(agent, file, now_us))
		return true;
	budget = pace_budget(&agent->files, file, TURN_BYTES, now_us);
	if (UNLIKELY(!budget.bytes))
		return true;
	open_next(agent, file);
	r = pipeline_turn(agent->pipeline, file, budget, partial_after_us(agent, file), now_us,
			  clock_real_ms());
	pace_take(&agent->files, file,
		  (struct rate_budget){pipeline_turn_bytes(agent->pipeline),
				       pipeline_turn_lines(agent->pipeline)},
		  now_us);
	/*
	 * Lines that need no report (filtered, skipped, dead) move the position here. The row goes
	 * into the transaction of the letters even if it moves only what is settled ahead.
	 */
	if (account_advance(&file->account) || agent->letters.n)
		files_dirty(&agent->files, file);
	if (UNLIKELY(file->unreadable && r >= 0))
		readable_again(agent, file);
	follow_turn(agent, file, r, hand_over, now_us);
	return r != PIPELINE_E_FULL;
}

/* One step of what takes more than a turn. */
static void step(struct agent *agent, uint64_t now_us)
{
	int64_t now_ms = clock_real_ms();
	struct file *file;
	int r;

	if (agent->files.to_age)
		agent_age_some(agent, now_us);
	doubt_step(&agent->files, now_us);
	if (UNLIKELY(!TAILQ_EMPTY(&agent->files.to_check)) &&
	    follow_check_some(&agent->files, agent->discover, now_us + CHECK_US))
		agent->error = -ENOMEM;
	if (UNLIKELY(files_seek_us(&agent->files) <= now_us))
		files_release(&agent->files, FILE_WAITS_LOOK, SIZE_MAX);
	if (copies_busy(&agent->files) && copies_step(&agent->files, now_us, now_ms) == -ENOMEM)
		agent->error = -ENOMEM;
	r = claims_step(&agent->files, agent->discover, now_ms, &file);
	if (r == CLAIMS_E_DONE)
		agent_rewind_file(agent, file, true, now_us);
	else if (r < 0)
		agent->error = r;
}

void agent_turn_files(struct agent *agent, uint64_t now_us)
{
	uint64_t end_us = now_us + TURN_US;
	struct file *file;

	step(agent, now_us);
	while ((file = files_next_ready(&agent->files))) {
		if (ensure_open(agent, file) && !turn_file(agent, file, now_us))
			return;
		now_us = clock_mono_us();
		if (now_us >= end_us)
			return;
	}
}

void agent_wake_held(struct agent *agent)
{
	files_release_room(&agent->files);
	for (uint32_t topic = 0; topic < agent->conf->n_topics; topic++) {
		if (pipeline_take_moved(agent->pipeline, topic))
			files_release_topic(&agent->files, topic);
	}
}

void agent_wake_spent(struct agent *agent)
{
	struct files *files = &agent->files;

	/* Who comes first finds most of what came back. */
	if (files->n_spent)
		files->resumed_first++;
	for (size_t i = 0; files->n_spent && i < files->n_sources; i++) {
		size_t index = (files->resumed_first + i) % files->n_sources;
		struct files_share *share = &files->shares[index];

		if (share->spent && !output_any_spent(agent->output, share->under_way,
						      files->sources[index].n_also + 1u))
			files_resume(files, share);
	}
}
