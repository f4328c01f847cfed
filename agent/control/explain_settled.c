/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of a line. What lies below the committed position is not kept line by line, so of it
 * is told what is certain: it is settled, and whether it is a dead letter; and by its bytes, while
 * they are in the file, whether its source leaves it out.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/explain_private.h"
#include "control/find.h"
#include "state/rows.h"
#include "view/where.h"

/*
 * So many pages of stored letters are looked through; there is no index, and the loop waits
 * meanwhile. One that is larger than a page takes one, for the rest of it is not read; beside key
 * and value a small one has its path and reason.
 */
#define PAGES_MAX 2000
#define PAGE_BYTES 4096
#define LETTER_MORE 160

const struct store_dead_letter *explain_letter(const struct view *view, const struct file *file,
					       uint64_t position)
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

/* What the bytes of a file say of the line that has one of them. */
struct reading {
	uint64_t start;  /* where it begins, as far as can be told */
	const char *why; /* it is left out; NULL: it is not, or that is not known */
};

/*
 * A line is judged from its start only: what begins amid one would be judged as another, and tell
 * whoever may ask, and may not read the file, what is in it.
 */
static struct reading read_line(const struct view *view, const struct file *file, uint64_t position)
{
	struct reading reading = {.start = position};
	int fd = file->tail.fd >= 0 ? file->tail.fd : open_for_a_look(file);

	if (fd >= 0 && !file->tail.packing &&
	    request_line_start(fd, file->tail.rules, &reading.start) && view->pipeline)
		reading.why = pipeline_left_out(view->pipeline, file, fd, reading.start);
	if (fd >= 0 && fd != file->tail.fd)
		close(fd);
	return reading;
}

/* What was there before its file was followed may be passed over; up to where is not kept. */
static const char *passed_over(const struct source *source)
{
	return source->start_at == SOURCE_START_END ? ", or passed over (start_at)" :
	       source->ignore_older_ms              ? ", or passed over (ignore_older)" :
						      "";
}

static bool are_too_many(uint64_t letters, uint64_t bytes)
{
	return letters > PAGES_MAX && (bytes + letters * LETTER_MORE) / PAGE_BYTES > PAGES_MAX;
}

static void say_dead(const char *reason, struct explanation *e)
{
	if (store_letter_is_ruled(reason))
		say(e, "dead",
		    "it is a dead letter: %s; `waybill dead-letters replay` sends it as it is "
		    "kept; "
		    "to have it parsed again when its source is mended, set its file back to it "
		    "(`waybill checkpoint set`), which sends the lines behind it again, too",
		    reason);
	else
		say(e, "dead",
		    "it is a dead letter: %s; `waybill dead-letters replay` sends it again when "
		    "what it was refused for is mended",
		    reason);
}

/* A line that is settled, and more is not known of it. How to learn it. */
#define NOT_KEPT "; where it is in Kafka is not kept (`waybill run --print-acks` prints it)"

void explain_settled(const struct view *view, const struct file *file, uint64_t position,
		     struct explanation *e)
{
	struct slot *slot = where_slot(file, position);
	const struct reading line = read_line(view, file, position);
	const uint64_t start = slot ? slot_position(slot) : line.start;
	const struct store_dead_letter *letter = explain_letter(view, file, start);
	const char *passed = passed_over(file->source);
	char reason[256], where[300] = "";
	uint64_t bytes, count;

	if (slot && !file->source->n_also)
		where_delivered(view, slot, where, sizeof where);
	store_dead_letters(view->store, &bytes, &count);
	if (letter)
		say_dead(letter->reason, e);
	else if (*where)
		say(e, "settled", "it was delivered%s", where);
	else if (line.why)
		say(e, "filtered", "it is settled: left out by %s, as its bytes are now", line.why);
	else if (!letters_kept(view->letters, file->source->name))
		say(e, "settled",
		    "it is settled: delivered, or filtered by on_no_match = \"skip\" or a rule%s; "
		    "source %s has no dead letters" NOT_KEPT,
		    passed, file->source->name);
	else if (view->writing || are_too_many(count, bytes))
		say(e, "settled",
		    "it is settled: delivered, filtered, or one of the dead letters of source "
		    "%s (`waybill dead-letters list`)" NOT_KEPT,
		    file->source->name);
	else if (store_find_letter(view->store, file->id, start, reason, sizeof reason))
		say(e, "settled",
		    "it is settled: delivered, or filtered by on_no_match = \"skip\" or a rule%s; "
		    "%s" NOT_KEPT,
		    passed,
		    file->source->join ? "no dead letter begins with it (ask for the first line of "
					 "its event)" :
					 "it is no dead letter");
	else
		say_dead(reason, e);
}

void explain_ahead(const struct file *file, const char *how, struct explanation *e)
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

void explain_filtered(const struct view *view, const struct file *file, uint64_t position,
		      struct explanation *e)
{
	const char *why = read_line(view, file, position).why;
	char how[128];

	snprintf(how, sizeof how, "filtered (%s)",
		 why ? why : "on_no_match = \"skip\", a rule, or behind max_line");
	explain_ahead(file, how, e);
}
