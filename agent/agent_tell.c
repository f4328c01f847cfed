/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running agent tells: systemd its state, the log its counters.
 */
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "agent_private.h"
#include "base/clock.h"
#include "conf/output.h"
#include "ops/notify.h"

#define STATUS_US (5 * US_PER_S)
/* How long the end waits for a reader of --print-acks that takes nothing. */
#define ACKS_END_US (5 * US_PER_S)
/* So many files are asked for their size for one status line. */
#define STATUS_FILES 1000

/* ".bootstrap_servers HOSTS", of several clusters each with its name. */
static void print_servers(const struct conf *conf, char *ret, size_t len)
{
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < conf->n_clusters && used < len; i++) {
		const struct cluster *cluster = &conf->clusters[i];
		const char *servers = cluster_value(cluster, "bootstrap.servers");
		bool several = conf->n_clusters > 1;

		used += (size_t)snprintf(ret + used, len - used, "%s%s%s.bootstrap_servers %s",
					 i ? ", " : "", several && !i ? " " : "",
					 several ? cluster->name : "", servers ? servers : "none");
	}
}

void agent_tell_start(const struct agent *agent)
{
	const struct passwd *user = getpwuid(geteuid());
	size_t n_files = files_count(&agent->files);
	char number[16], servers[512];

	print_servers(agent->conf, servers, sizeof servers);
	snprintf(number, sizeof number, "%u", (unsigned)geteuid());
	log_say(agent->log, LOG_INFO, "started",
		"started: waybill " WAYBILL_VERSION ", user %s, %zu source%s, %zu file%s, "
		"kafka%s",
		user ? user->pw_name : number, agent->conf->n_sources,
		agent->conf->n_sources == 1 ? "" : "s", n_files, n_files == 1 ? "" : "s", servers);
}

void agent_tell_left_behind(const struct agent *agent)
{
	if (!agent->letters.left_behind)
		return;
	log_say(agent->log, LOG_NOTICE, "letters-left-behind",
		"the state holds %" PRIu64 " bytes of dead letters of sources that are not in the "
		"configuration any more, or not under that name; they take no room from others, "
		"and stay until they are removed (see waybill(8), DEAD LETTERS)",
		agent->letters.left_behind);
}

void agent_count_now(struct agent *agent, uint64_t now_us)
{
	struct output_stats stats;

	output_stats(agent->output, &stats);
	agent_count_limits(agent);
	/* A dead letter that is sent again is no line. */
	agent->counters.in_flight = stats.records_in_flight +
				    pipeline_lines_joined(agent->pipeline) -
				    pipeline_replays(agent->pipeline);
	agent->counters.checkpoint_age_ms = agent_unsaved_us(agent, now_us) / US_PER_MS;
	agent->counters.producers_made = stats.producers_made;
	agent->counters.producers_failed = stats.producers_failed;
	agent->counters.kicks = stats.kicks;
	agent->counters.queue_full_surprises = stats.queue_full_surprises;
	agent->counters.reports_without_offset = stats.reports_without_offset;
}

void agent_log_counters(struct agent *agent)
{
	char text[COUNTERS_TEXT_MAX];

	agent_count_now(agent, clock_mono_us());
	counters_print(&agent->counters, text, sizeof text);
	log_say(agent->log, LOG_INFO, "counters", "counters: %s", text);
}

/*
 * The watchdog is fed when lines moved, or for a stated reason when none did: nothing to read, no
 * room, or nothing in the queue but files that wait (F05). A broker outage is such a reason,
 * however many are tried in it. It is seen at the tick, and told until the next one: files that
 * wait are tried behind it, and who looks meanwhile finds them in the queue.
 */
static bool is_stuck(const struct agent *agent, uint64_t now_us)
{
	struct output_stats stats;

	output_stats(agent->output, &stats);
	return stats.reachable && agent->state == AGENT_RUNNING &&
	       !TAILQ_EMPTY(&agent->files.ready) && agent_has_room(agent, now_us) &&
	       now_us - agent->progress_us > 10 * US_PER_S;
}

void agent_feed_watchdog(struct agent *agent, uint64_t now_us)
{
	agent->stuck = is_stuck(agent, now_us);
	if (!agent->stuck)
		notify_watchdog(&agent->notify);
}

bool agent_has_room(const struct agent *agent, uint64_t now_us)
{
	return output_has_room(agent->output) &&
	       (!agent->acks || acks_has_room(agent->acks, now_us));
}

void agent_flush_acks(struct agent *agent, uint64_t now_us)
{
	if (!agent->acks)
		return;
	acks_flush(agent->acks, now_us);
	if (agent->acks_ready)
		sd_event_source_set_enabled(agent->acks_ready,
					    acks_waits(agent->acks) ? SD_EVENT_ON : SD_EVENT_OFF);
}

/* What has become of the reader of --print-acks. */
static void tell_reader(struct agent *agent, const struct acks_news *news)
{
	switch (news->state) {
	case ACKS_FLOWING:
		log_limited(agent->log, LOG_NOTICE, "acks-flow",
			    "--print-acks: standard output is read again; %" PRIu64
			    " acknowledgements were left out so far",
			    news->lost);
		break;
	case ACKS_PATIENT:
		log_limited(agent->log, LOG_WARNING, "acks-patient",
			    "--print-acks: nobody reads standard output: no more lines are read "
			    "until somebody does, or for %llu s",
			    ACKS_PATIENCE_US / US_PER_S);
		break;
	case ACKS_GIVEN_UP:
		log_limited(agent->log, LOG_ERR, "acks-given-up",
			    "--print-acks: nobody reads standard output: shipping goes on, "
			    "acknowledgements that find no room are left out and counted");
		break;
	case ACKS_CLOSED:
		log_say(agent->log, LOG_ERR, "acks-closed",
			"--print-acks: standard output cannot be written (%s): shipping goes on, "
			"acknowledgements are not printed any more",
			strerror(-news->error));
		break;
	}
}

void agent_tell_acks(struct agent *agent, uint64_t now_us)
{
	char sample[512];
	struct acks_news news;
	uint64_t n;

	if (!agent->acks)
		return;
	if (acks_news(agent->acks, now_us, &news) == 0)
		tell_reader(agent, &news);
	agent->counters.acks_lost = news.lost;
	if (!agent->sample_acks || now_us - agent->acks_told_us < STATUS_US)
		return;
	agent->acks_told_us = now_us;
	n = acks_sample(agent->acks, sample, sizeof sample);
	if (n)
		log_say(agent->log, LOG_DEBUG, "acknowledged",
			"%" PRIu64 " lines acknowledged, one of them: %s", n, sample);
}

void agent_finish_acks(struct agent *agent)
{
	struct acks_news news;

	if (!agent->acks)
		return;
	acks_finish(agent->acks, ACKS_END_US);
	if (acks_news(agent->acks, clock_mono_us(), &news) == 0)
		tell_reader(agent, &news);
	agent->counters.acks_lost = news.lost;
	if (news.lost)
		log_say(agent->log, LOG_WARNING, "acks-lost",
			"--print-acks: %" PRIu64 " acknowledgements were not printed", news.lost);
}

static void tell_denied(struct agent *agent, const char *source, const char *dir, int error)
{
	int priority = agent->until_eof ? LOG_ERR : LOG_WARNING;
	bool denied = error == EACCES || error == EPERM;

	log_source(agent->log, priority, source,
		   denied ? "directory-denied" : "directory-unreadable",
		   "%s: %s: nothing below it is found%s%s", dir,
		   denied ? "permission denied" : strerror(error),
		   agent->until_eof ? "" :
		   denied ? "; it is tried again when its mode changes and every half minute" :
			    "; it is tried again every half minute",
		   error == EMFILE ? "; raise LimitNOFILE= of the service, or ulimit -n" : "");
}

void agent_tell_denied(struct agent *agent)
{
	int source, error;
	const char *dir;

	while ((dir = discover_next_denied(agent->discover, &source, &error))) {
		tell_denied(agent, source < 0 ? "" : agent->conf->sources[source].name, dir, error);
		agent->files.crowded |= error == EMFILE;
	}
}

void agent_tell_refused(struct agent *agent)
{
	const struct source *source;
	const char *link;
	int index;

	while ((link = discover_next_refused(agent->discover, &index))) {
		source = &agent->files.sources[index];
		if (follow_is_news(&agent->files, source, link))
			log_source(agent->log, LOG_WARNING, source->name, "directory-link",
				   "%s: a symbolic link whose owner is neither root nor that of "
				   "the directory to which it leads, or that leads where no logs "
				   "are (`follow_links`): nothing below it is found",
				   link);
	}
}

/* Bytes that files in this queue have behind their read position. */
static uint64_t unread(const struct file_list *queue)
{
	const struct file *file;
	uint64_t bytes = 0;
	struct stat st;
	int left = STATUS_FILES;

	TAILQ_FOREACH (file, queue, queue_link) {
		uint64_t position = account_read_position(&file->account);

		if (!left--)
			break;
		if (file->tail.fd >= 0 && fstat(file->tail.fd, &st) == 0 &&
		    (uint64_t)st.st_size > position)
			bytes += (uint64_t)st.st_size - position;
	}
	return bytes;
}

static uint64_t unread_of_all(const struct files *files)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i <= files->n_sources; i++)
		bytes += unread(&files->shares[i].ready) + unread(&files->shares[i].room);
	for (int wait = 0; wait < FILE_WAITS; wait++)
		bytes += unread(&files->held[wait]);
	return bytes;
}

/* What is sent again by an order, as the beginning of a status. */
static void print_order(const struct agent *agent, char *text, size_t len)
{
	const struct order *order = &agent->order;

	text[0] = '\0';
	if (order->state == ORDER_RUNNING && order->request.kind == REQUEST_REPLAY)
		snprintf(text, len, "dead letters: %" PRIu64 " sent again, %.1f MB; ", order->done,
			 (double)order->bytes / 1e6);
}

void agent_tell_status(struct agent *agent, uint64_t now_us)
{
	uint64_t lines = agent->counters.lines_delivered - agent->status_lines;
	uint64_t span_us = now_us - agent->status_us;
	size_t n_files = files_count(&agent->files);
	uint64_t behind;
	struct output_stats stats;
	char progress[128] = "", orders[96];

	if (span_us < STATUS_US)
		return;
	agent->status_us = now_us;
	agent->status_lines = agent->counters.lines_delivered;
	behind = unread_of_all(&agent->files);
	output_stats(agent->output, &stats);
	print_order(agent, orders, sizeof orders);
	notify_status(&agent->notify,
		      "%s%s%s%zu file%s, %" PRIu64 " bytes behind, %" PRIu64
		      " records/s, Kafka %s%s",
		      progress, agent_print_progress(agent, progress, sizeof progress) ? "; " : "",
		      orders, n_files, n_files == 1 ? "" : "s", behind + stats.bytes_in_flight,
		      (uint64_t)(lines * US_PER_S / span_us), stats.up ? "up" : "not ready",
		      agent->reload_refused ? "; the last reload was refused, see the log" : "");
}
