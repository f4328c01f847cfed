/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a line is, or is not, in Kafka: first whether anybody wants its file, then whether it was
 * read, then what became of it. What lies below the committed position is not kept line by line, so
 * of it is told what is certain: it is settled, and whether it is a dead letter.
 */
#include "control/explain.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/find.h"
#include "control/nearest.h"
#include "protocol/line.h"
#include "view/condition.h"
#include "view/slow.h"
#include "view/where.h"

/* So many stored letters are looked through; there is no index, and the loop waits meanwhile. */
#define LETTERS_MAX 2000

/* What to do about a dead letter. */
#define MENDED "`waybill dead-letters replay` sends it again when what it was refused for is mended"

/* A checkpoint that is due for so long is worth a word, as in the log. */
#define UNSAVED_MS 5000

struct explanation {
	const char *verdict; /* a static word */
	char words[1024];
};

PRINTF_LIKE(3, 4)
static void say(struct explanation *e, const char *verdict, const char *format, ...)
{
	va_list args;

	e->verdict = verdict;
	va_start(args, format);
	vsnprintf(e->words, sizeof e->words, format, args);
	va_end(args);
}

static const char *source_name(const struct view *view, int source)
{
	return view->conf->sources[source].name;
}

/* One in which nothing happened for long: all that was in it is settled. */
static void explain_dormant(const struct view *view, const struct dormant *file, int64_t position,
			    struct explanation *e)
{
	const char *source = source_name(view, file->source);

	if (position < 0)
		say(e, "idle",
		    "source %s follows it: all before position %" PRIu64
		    " is settled, and nothing happens in it",
		    source, file->committed);
	else if ((uint64_t)position < file->committed)
		say(e, "settled",
		    "it is settled, as all of its file is: delivered, filtered by on_no_match = "
		    "\"skip\" or a rule, or one of the dead letters of source %s",
		    source);
	else
		say(e, "beyond", "the file has %" PRIu64 " bytes: no such line is written yet",
		    file->committed);
}

/* What of the source was lost unread: by its name alone nobody knows which generation it was in. */
static void add_lost(const struct counters *of, const char *source, struct explanation *e)
{
	size_t len = strlen(e->words);
	uint64_t bytes;
	const char *why = counters_lost_reason(of, 1, &bytes);

	if (why)
		snprintf(e->words + len, sizeof e->words - len,
			 "; of source %s %" PRIu64 " bytes were lost unread, most %s: the log has "
			 "their names (file-lost); keep rotated files longer",
			 source, bytes, why);
}

/* No file of that name is known: why. */
static void explain_unknown(const struct view *view, const char *path, struct explanation *e)
{
	int wants = discover_wants(view->discover, path);
	int excludes = discover_excluded(view->discover, path);
	size_t waiting = wants < 0 ? 0 :
				     quota_waiting_of(&view->files->quota, (size_t)wants) +
					     quota_waiting_of(&view->files->awake, (size_t)wants);
	char nearest[512];

	if (wants >= 0 && map_get(view->files->unreadable, path, strlen(path))) {
		say(e, "unreadable",
		    "source %s wants it, and it cannot be opened: waybill's user or one of its "
		    "groups must be able to read it (the log says what the system said); it is "
		    "tried again every half minute",
		    source_name(view, wants));
	} else if (waiting) {
		say(e, "no_room",
		    "source %s wants it, and no such file is known: it is not there, or one of "
		    "the %zu files of the source that wait until others are gone: raise max_files "
		    "(`waybill check`), or leave some out with `exclude`",
		    source_name(view, wants), waiting);
	} else if (wants >= 0) {
		say(e, "absent",
		    "source %s wants it, and no such file is known: it is not there, cannot be "
		    "opened, or is left out (compressed, ignore_older, no plain file); `waybill "
		    "check` says which",
		    source_name(view, wants));
		add_lost(&view->files->source_counters[wants], source_name(view, wants), e);
	} else if (discover_shuns(view->discover, path)) {
		say(e, "own", "it is waybill's own, and never followed");
	} else if (excludes >= 0) {
		say(e, "excluded", "the paths of source %s want it, and its exclude leaves it out",
		    source_name(view, excludes));
	} else {
		nearest_pattern(view->conf, path, nearest, sizeof nearest);
		say(e, "unmatched", "no source wants it%s%s", *nearest ? ": " : "", nearest);
	}
}

/* A letter that is not stored yet; NULL: none. */
static const struct store_dead_letter *pending_letter(const struct view *view,
						      const struct file *file, uint64_t position)
{
	for (size_t i = 0; i < view->letters->n; i++) {
		const struct store_dead_letter *letter = &view->letters->items[i];

		if (letter->file == file->id && letter->position == position)
			return letter;
	}
	return NULL;
}

/* The file at its path, if that is it still: one that is closed is not opened for good. */
static int open_for_a_look(const struct file *file)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == file->identity.inode &&
	    st.st_dev == file->identity.device)
		return fd;
	close(fd);
	return -1;
}

static const char *left_out(const struct view *view, const struct file *file, uint64_t position)
{
	int fd = file->tail.fd;
	const char *why;

	if (!view->pipeline)
		return NULL;
	if (fd >= 0)
		return pipeline_left_out(view->pipeline, file, fd, position);
	fd = open_for_a_look(file);
	if (fd < 0)
		return NULL;
	why = pipeline_left_out(view->pipeline, file, fd, position);
	close(fd);
	return why;
}

/* A line that is settled, and more is not known of it. How to learn it. */
#define NOT_KEPT "; where it is in Kafka is not kept (`waybill run --print-acks` prints it)"

/* A line below the committed position. */
static void explain_settled(const struct view *view, const struct file *file, uint64_t position,
			    struct explanation *e)
{
	const struct store_dead_letter *letter = pending_letter(view, file, position);
	struct slot *slot = file->source->n_also ? NULL : where_slot(file, position);
	const char *why = left_out(view, file, position);
	char reason[256], where[300] = "";
	uint64_t bytes, count;

	if (slot)
		where_delivered(view, slot, where, sizeof where);
	store_dead_letters(view->store, &bytes, &count);
	if (letter)
		say(e, "dead", "it is a dead letter: %s; " MENDED, letter->reason);
	else if (*where)
		say(e, "settled", "it was delivered%s", where);
	else if (why)
		say(e, "filtered", "it is settled: left out by %s, as its bytes are now", why);
	else if (!letters_kept(view->letters, file->source->name))
		say(e, "settled",
		    "it is settled: delivered, or filtered by on_no_match = \"skip\" or a rule; "
		    "source %s has no dead letters" NOT_KEPT,
		    file->source->name);
	else if (view->writing || count > LETTERS_MAX)
		say(e, "settled",
		    "it is settled: delivered, filtered, or one of the dead letters of source "
		    "%s" NOT_KEPT,
		    file->source->name);
	else if (store_find_letter(view->store, file->id, position, reason, sizeof reason))
		say(e, "settled",
		    "it is settled: delivered, or filtered by on_no_match = \"skip\" or a rule; "
		    "%s" NOT_KEPT,
		    file->source->join ? "no dead letter begins with it (ask for the first line of "
					 "its event)" :
					 "it is no dead letter");
	else
		say(e, "dead", "it is a dead letter: %s; " MENDED, reason);
}

/* What is settled ahead of the first byte that is not. */
static void explain_ahead(const struct file *file, const char *how, struct explanation *e)
{
	const struct slot *hole = where_slot(file, file->account.committed);

	say(e, "ahead",
	    "it is %s, ahead of the line at position %" PRIu64
	    ", which is %s: a crash before that one is settled does not repeat it",
	    how, file->account.committed,
	    !hole                         ? "not read again yet" :
	    hole->state == SLOT_IN_FLIGHT ? "in flight" :
	    hole->state == SLOT_REFUSED   ? "to be sent alone" :
	    hole->state == SLOT_FAILED    ? "to be sent again" :
	    hole->state == SLOT_OWED      ? "to be sent" :
					    "about to be settled");
}

static void explain_filtered(const struct view *view, const struct file *file, uint64_t position,
			     struct explanation *e)
{
	const char *why = left_out(view, file, position);
	char how[128];

	snprintf(how, sizeof how, "filtered (%s)",
		 why ? why : "on_no_match = \"skip\", a rule, or behind max_line");
	explain_ahead(file, how, e);
}

/* Where the record of a slot in flight is, and what is the matter there, if something is. */
static void explain_in_flight(const struct view *view, struct slot *slot, struct explanation *e)
{
	uint64_t sent_s = view->now_ms > (int64_t)slot->read_ms ?
				  ((uint64_t)view->now_ms - slot->read_ms) / 1000 :
				  0;
	char slow[512], number[32] = "";
	uint32_t topic = 0;
	int32_t partition = -1;
	bool known = view->pipeline && pipeline_where(view->pipeline, slot, &topic, &partition);

	slow_partition(view, known ? (int64_t)topic : -1, partition, slow, sizeof slow);
	if (known && partition < 0)
		partition = where_in_flight(view, topic);
	if (partition >= 0)
		snprintf(number, sizeof number, " partition %" PRId32, partition);
	say(e, "in_flight",
	    "it was sent%s%s%s %" PRIu64 " s ago, and Kafka has not acknowledged it yet%s%s",
	    known ? " to topic " : "", known ? condition_topic(view, topic) : "", number, sent_s,
	    *slow ? "; " : "", slow);
}

static void explain_slot(const struct view *view, const struct file *file, struct slot *slot,
			 struct explanation *e)
{
	const struct store_dead_letter *letter;
	char how[300];

	switch (slot->state) {
	case SLOT_IN_FLIGHT:
		explain_in_flight(view, slot, e);
		return;
	case SLOT_REFUSED:
		say(e, "suspect",
		    "Kafka refused the batch that it was in: it is sent again alone, and what is "
		    "refused then is kept as a dead letter");
		return;
	case SLOT_FAILED:
		say(e, "returned", "it came back undelivered, and is sent again");
		return;
	case SLOT_OWED:
		say(e, "owed", "another of its topics has it, and this one does not take it now");
		return;
	case SLOT_DEAD:
		letter = pending_letter(view, file, slot_position(slot));
		say(e, "dead", "it is a dead letter%s%s", letter ? ": " : "",
		    letter ? letter->reason : "");
		return;
	case SLOT_FILTERED:
		explain_filtered(view, file, slot_position(slot), e);
		return;
	default:
		snprintf(how, sizeof how, "delivered");
		where_delivered(view, slot, how + strlen(how), sizeof how - strlen(how));
		explain_ahead(file, how, e);
		return;
	}
}

/* Which of several copies is meant: " (copy 2 of 3, topic audit)". */
static void add_branch(const struct view *view, const struct file *file, unsigned branch,
		       struct explanation *e)
{
	const struct route *route = source_route(file->source, branch);
	size_t len = strlen(e->words), n = 0, topic = 0;

	for (uint32_t i = 0; i < view->conf->n_topics; i++) {
		if (route_goes_to(route, i) && n++ == 0)
			topic = i;
	}
	snprintf(e->words + len, sizeof e->words - len, " (copy %u of %u%s%s)", branch + 1,
		 file->source->n_also + 1, n == 1 ? ", topic " : "",
		 n == 1 ? condition_topic(view, (uint32_t)topic) : "");
}

static bool is_settled_ahead(const struct file *file, uint64_t position)
{
	const struct range *range = ranges_find(&file->account.ahead, position);

	return range && range->start <= position;
}

/* Its line was read, and may be followed by others of its event. */
static void explain_open(const struct view *view, const struct file *file, struct explanation *e)
{
	const struct join_options *options = join_options(file->source->join);
	uint64_t since_us = options->wrap ? file->open_since_us : file->quiet_since_us;

	say(e, "open",
	    "it is in an event that others may go on with, and nothing came for %" PRIu64
	    " s: it is sent when the next event begins, or after flush_after, %" PRIu64 " s",
	    view->now_us > since_us ? (uint64_t)((view->now_us - since_us) / US_PER_S) : 0,
	    (uint64_t)(options->flush_after_us / US_PER_S));
}

static void explain_position(const struct view *view, const struct file *file, uint64_t position,
			     struct explanation *e)
{
	struct condition condition;
	struct slot *slot;

	condition_of(view, file, &condition);
	if (position < condition.position) {
		explain_settled(view, file, position, e);
	} else if (condition.sized && position >= condition.size) {
		say(e, "beyond", "the file has %" PRIu64 " bytes: no such line is written yet",
		    condition.size);
	} else if ((slot = where_slot(file, position))) {
		explain_slot(view, file, slot, e);
		if (file->source->n_also)
			add_branch(view, file, slot_branch((struct slot *)slot), e);
	} else if (is_settled_ahead(file, position)) {
		explain_ahead(file, "delivered or filtered", e);
	} else if (file->tail.open) {
		explain_open(view, file, e);
	} else {
		say(e, "unread", "it is not read yet%s%s",
		    *condition.waits_for ? ": its file waits for " : "", condition.waits_for);
	}
}

static void explain_file(const struct view *view, const struct file *file, struct explanation *e)
{
	struct condition condition;

	condition_of(view, file, &condition);
	say(e, condition.state,
	    "source %s follows it: all before position %" PRIu64 " is settled%s%s",
	    file->source->name, condition.position, *condition.waits_for ? "; it waits for " : "",
	    condition.waits_for);
	add_lost(file->counts, file->source->name, e);
}

/* Where there are several it is said which one is meant. */
static void add_cluster(struct explanation *e, const char *cluster)
{
	size_t len = strlen(e->words);

	snprintf(e->words + len, sizeof e->words - len, " (cluster %s)", cluster);
}

/* What is settled is so in memory only while the state cannot be written. */
static void add_unsaved(const struct view *view, struct explanation *e)
{
	uint64_t age_ms = view->counters->checkpoint_age_ms;
	size_t len = strlen(e->words);

	if (age_ms >= UNSAVED_MS)
		snprintf(e->words + len, sizeof e->words - len,
			 "; state_dir: positions were not written for %" PRIu64
			 " s: is its disk full? Make room, since a crash now would repeat lines",
			 age_ms / 1000);
}

/* How lines of the file end, for who counts them; NULL: it is not known. */
static const struct line_rules *rules_of(const struct view *view, const struct file *file,
					 const struct dormant *dormant)
{
	if (file)
		return file->tail.rules;
	return dormant ? &view->conf->sources[dormant->source].rules : NULL;
}

/* In hexadecimal, since it may be any bytes. */
static void put_line_end(struct json *to, const struct line_rules *rules)
{
	char text[2 * LINES_END_MAX + 1] = "0a";

	for (size_t i = 0; i < rules->end_len; i++)
		snprintf(text + 2 * i, 3, "%02x", (unsigned char)rules->end[i]);
	line_text(to, "line_end", text);
	line_number(to, "line_unit", rules->wide ? 2 : 1);
}

void explain_line(const struct view *view, const struct request *request, struct json *to)
{
	const struct file *file = request_file(view->files, request);
	const char *path = *request->path ? request->path : request->about;
	const struct dormant *dormant =
		file ? NULL : dormants_at(&view->files->dormants, path, strlen(path));
	struct explanation e = {0};

	if (dormant)
		explain_dormant(view, dormant, request->position, &e);
	else if (!file)
		explain_unknown(view, path, &e);
	else if (request->position >= 0)
		explain_position(view, file, (uint64_t)request->position, &e);
	else
		explain_file(view, file, &e);
	if (file && view->conf->n_clusters > 1)
		add_cluster(&e, view->conf->clusters[file->source->cluster].name);
	if (file)
		add_unsaved(view, &e);
	line_begin(to, "explain");
	line_text(to, "verdict", e.verdict);
	line_text(to, "words", e.words);
	line_text(to, "path", file ? file->path : request->about);
	line_text(to, "source",
		  file    ? file->source->name :
		  dormant ? source_name(view, dormant->source) :
			    NULL);
	line_natural(to, "position", request->position);
	if (rules_of(view, file, dormant))
		put_line_end(to, rules_of(view, file, dormant));
	line_end(to);
}
