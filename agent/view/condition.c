/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queues and states of a file, put into the words of whoever looks for a line. Of several
 * reasons the one that goes first in time is told: a file that waits for the generation before it
 * waits for that, whatever else would hold it up later.
 *
 * A quiet file is not asked for its size: inotify and the look at all paths would have put it into
 * a queue. One in a queue may have grown while nobody read it; but where thousands are in queues it
 * would be most of the work of an answer to ask all of them, and what the last look at all paths
 * found is nearly as good.
 */
#include "view/condition.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "conf/output.h"
#include "view/slow.h"
#include "view/where.h"

const char *const condition_states[CONDITIONS + 1] = {
	[CONDITION_UNREADABLE] = "unreadable",
	[CONDITION_HELD] = "held",
	[CONDITION_BACKOFF] = "backoff",
	[CONDITION_DRAINING] = "draining",
	[CONDITION_WAITING] = "waiting",
	[CONDITION_READING] = "reading",
	[CONDITION_PARTIAL] = "partial",
	[CONDITION_FINISHED] = "finished",
	[CONDITION_IDLE] = "idle",
};

const char *condition_topic(const struct view *view, uint32_t topic)
{
	return topic < view->conf->n_topics ? conf_topic_name(view->conf, topic) : "?";
}

static void measure(const struct file *file, unsigned *asks, struct condition *condition)
{
	struct stat st;
	bool moves = file->queue != FILE_QUEUE_NONE || file->state != FILE_READING;

	condition->lag = 0;
	condition->position = file->account.committed;
	condition->read = account_read_position(&file->account);
	/* What is unpacked has another length than what is there. */
	condition->sized = !file->tail.packing;
	condition->size = file_reach(file);
	if (moves && file->tail.fd >= 0 && *asks) {
		--*asks;
		if (fstat(file->tail.fd, &st) == 0)
			condition->size = (uint64_t)st.st_size;
	}
	/* Of what is there by now nothing was read; what is in flight was there before. */
	if (file->rewritten)
		condition->position = condition->read = 0;
	if (condition->size > condition->position)
		condition->lag = condition->size - condition->position;
}

static enum condition_is state_of(const struct file *file, const struct condition *condition)
{
	if (file->unreadable)
		return CONDITION_UNREADABLE;
	switch (file->state) {
	case FILE_WAITING:
		return CONDITION_WAITING;
	case FILE_DRAINING:
		return CONDITION_DRAINING;
	case FILE_BACKOFF:
		return CONDITION_BACKOFF;
	case FILE_FINISHED:
		return CONDITION_FINISHED;
	case FILE_READING:
		break;
	}
	if (file->queue == FILE_QUEUE_HELD)
		return CONDITION_HELD;
	if (file->queue == FILE_QUEUE_READY || !file->eof_seen || file->account.in_flight ||
	    file->account.failed)
		return CONDITION_READING;
	return file->tail.pending || (condition->sized && condition->lag) ? CONDITION_PARTIAL :
									    CONDITION_IDLE;
}

static uint64_t seconds_to(uint64_t at_us, uint64_t now_us)
{
	return at_us > now_us ? (at_us - now_us + US_PER_S - 1) / US_PER_S : 0;
}

const char *condition_topic_cure(const char *state)
{
	return strcmp(state, "missing") == 0 ? "make it, or correct its name" :
	       strcmp(state, "denied") == 0  ? "`waybill check` names the right that it lacks" :
	       strcmp(state, "changed") == 0 ? "`waybill topics accept` lets it go on" :
					       NULL;
}

static void say_topic(const struct view *view, const struct file *file, char *text, size_t len)
{
	const char *name = condition_topic(view, file->waits_topic);
	struct output_topic topic;
	struct output_stats stats;

	slow_stats(view, file->waits_topic, &stats);
	if (!output_topic(view->output, file->waits_topic, &topic))
		snprintf(text, len, "topic %s", name);
	else if (strcmp(topic.state, "ready") != 0 && condition_topic_cure(topic.state))
		snprintf(text, len, "topic %s, which is %s: %s", name, topic.state,
			 condition_topic_cure(topic.state));
	else if (strcmp(topic.state, "ready") != 0)
		snprintf(text, len, "topic %s, which is %s: no broker has told of it yet", name,
			 topic.state);
	else if (stats.state && strcmp(stats.state, "running") != 0)
		snprintf(text, len, "a producer for topic %s: one is being replaced", name);
	else if (!stats.reachable)
		snprintf(text, len, "a broker of topic %s that answers: none does now", name);
	else
		snprintf(text, len, "a partition of topic %s that takes no records now", name);
}

/* whose: and which setting says so. */
static void say_rate(const char *whose, uint64_t limit, char *text, size_t len)
{
	snprintf(text, len, "its rate: %s, %" PRIu64 " %s a second", whose, limit & ~RATE_LINES,
		 limit & RATE_LINES ? "lines" : "bytes");
}

static void say_held(const struct view *view, const struct file *file, char *text, size_t len)
{
	switch (file->waits_for) {
	case FILE_WAITS_ROOM:
		snprintf(text, len, "memory (chunk_memory) or a descriptor");
		break;
	case FILE_WAITS_TOPIC:
		if (file->alone.n)
			snprintf(text, len, "lines of a refused batch, which go one at a time");
		else
			say_topic(view, file, text, len);
		break;
	case FILE_WAITS_STORE:
		snprintf(text, len, "the state to be written");
		break;
	case FILE_WAITS_LETTERS:
		snprintf(text, len,
			 "room for its dead letter: those of source %s have all of its "
			 "dead_letter_max; `waybill dead-letters replay` or `drop` makes room",
			 file->source->name);
		break;
	case FILE_WAITS_RATE:
		snprintf(text, len, "a limit among the rules of its source");
		break;
	case FILE_WAITS_CATCH_UP:
		say_rate("it is far behind, and such files have catch_up_rate",
			 view->conf->catch_up_rate, text, len);
		break;
	case FILE_WAITS_UNPACKER:
		snprintf(text, len, "other compressed files to be read");
		break;
	case FILE_WAITS_LOOK:
		snprintf(text, len, "a look into directories for where it went");
		break;
	case FILE_WAITS:
		break;
	}
}

/* The cluster that has no room for its records, of those that they go to. */
static const char *full_cluster(const struct view *view, const struct file *file)
{
	const struct files_share *share = files_share_of(view->files, file->source);
	unsigned branch = file->source->n_also;

	while (branch && !output_is_spent(view->output, &share->under_way[branch]))
		branch--;
	return view->conf->clusters[source_cluster(file->source, branch)].name;
}

static void say_reading(const struct view *view, const struct file *file, char *text, size_t len)
{
	enum files_pace pace = files_share_of(view->files, file->source)->paced;

	if (file->queue == FILE_QUEUE_READY &&
	    (!view->has_room || files_share_of(view->files, file->source)->spent))
		snprintf(text, len, "room among the records in flight%s%s",
			 view->conf->n_clusters > 1 ? " to cluster " : "",
			 view->conf->n_clusters > 1 ? full_cluster(view, file) : "");
	else if (file->alone.n)
		snprintf(text, len, "lines of a refused batch, which go one at a time");
	else if (file->queue == FILE_QUEUE_READY && pace == FILES_PACE_OF_ALL)
		say_rate("max_rate of all sources", view->conf->max_rate, text, len);
	else if (file->queue == FILE_QUEUE_READY && pace != FILES_PACE_NONE)
		say_rate("max_rate of its source", file->source->max_rate, text, len);
	else if (file->queue == FILE_QUEUE_READY)
		snprintf(text, len, "its turn");
	else if (file->account.in_flight)
		snprintf(text, len, "the acknowledgement of %" PRIu32 " record%s",
			 file->account.in_flight, file->account.in_flight == 1 ? "" : "s");
}

static void say(const struct view *view, const struct file *file, enum condition_is is, char *text,
		size_t len)
{
	switch (is) {
	case CONDITION_UNREADABLE:
		snprintf(text, len, "permission or its disk: it is tried again in %" PRIu64 " s",
			 seconds_to(file->retry_us, view->now_us));
		break;
	case CONDITION_HELD:
		say_held(view, file, text, len);
		break;
	case CONDITION_BACKOFF:
		snprintf(text, len, "another try in %" PRIu64 " s: records came back undelivered",
			 seconds_to(file->wake_us, view->now_us));
		break;
	case CONDITION_DRAINING:
		snprintf(text, len, "the report%s of %" PRIu32 " record%s",
			 file->account.in_flight == 1 ? "" : "s", file->account.in_flight,
			 file->account.in_flight == 1 ? "" : "s");
		break;
	case CONDITION_WAITING:
		snprintf(text, len, "an older file to be delivered: %s",
			 file->older ? file->older->path : "?");
		break;
	case CONDITION_READING:
		say_reading(view, file, text, len);
		break;
	case CONDITION_PARTIAL:
		snprintf(text, len, "the end of its last %s", file->tail.open ? "event" : "line");
		break;
	default:
		break;
	}
}

void condition_measure(const struct file *file, unsigned *asks, struct condition *ret_condition)
{
	measure(file, asks, ret_condition);
	ret_condition->is = state_of(file, ret_condition);
	ret_condition->state = condition_states[ret_condition->is];
	ret_condition->waits_for[0] = '\0';
}

/* A partition that stands still, if it is what holds up the first line that is not settled. */
static void add_slow(const struct view *view, const struct file *file, struct condition *condition)
{
	bool held = condition->is == CONDITION_HELD && file->waits_for == FILE_WAITS_TOPIC &&
		    file->waits_topic < view->conf->n_topics;
	size_t len = strlen(condition->waits_for);
	uint32_t topic = file->waits_topic;
	struct output_stats stats;
	int32_t partition = -1;
	char slow[400];

	if (!where_first(view, file, SLOW_QUIET_US / US_PER_MS, &topic, &partition) && !held)
		return;
	slow_stats(view, topic, &stats);
	if (!stats.reachable)
		return;
	slow_partition(view, topic, partition, slow, sizeof slow);
	if (*slow)
		snprintf(condition->waits_for + len, sizeof condition->waits_for - len, "%s%s",
			 len ? "; " : "", slow);
}

void condition_say(const struct view *view, const struct file *file, struct condition *condition)
{
	say(view, file, condition->is, condition->waits_for, sizeof condition->waits_for);
	if (condition->is <= CONDITION_READING)
		add_slow(view, file, condition);
}

void condition_of(const struct view *view, const struct file *file, struct condition *ret_condition)
{
	unsigned once = 1;

	condition_measure(file, &once, ret_condition);
	condition_say(view, file, ret_condition);
}

int64_t condition_lag_ms(const struct view *view, const struct file *file,
			 const struct condition *condition)
{
	if (!condition->lag && !file->account.in_flight)
		return 0;
	/* Whose last line has no end yet is not late; an open event ends by flush_after. */
	if (condition->is == CONDITION_PARTIAL && !file->tail.open &&
	    condition->lag == file->tail.pending)
		return 0;
	if (!file->sent_ms)
		return -1;
	return view->now_ms > file->sent_ms ? view->now_ms - file->sent_ms : 0;
}
