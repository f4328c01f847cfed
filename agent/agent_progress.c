/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the files are that were behind at the start, or are shipped by --until-eof: a line on the
 * terminal, and words in the status for systemd. Bytes of files that are there and not settled: of
 * compressed ones nobody knows how many there are.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "files/pace.h"

/* So near the end of all files nothing is behind: what lies in them is written now. */
#define CAUGHT_UP ((uint64_t)1 << 20)
/* All files are asked: of so many not at each tick. */
#define MANY_FILES 10000
#define MANY_US (5 * US_PER_S)

static uint64_t behind(const struct file *file)
{
	uint64_t reach = file_reach(file);
	struct stat st;

	if (!file->tail.packing && file->tail.fd >= 0 && fstat(file->tail.fd, &st) == 0 &&
	    (uint64_t)st.st_size > reach)
		reach = (uint64_t)st.st_size;
	return reach > file->account.committed ? reach - file->account.committed : 0;
}

static uint64_t behind_in_all(const struct agent *agent)
{
	const struct file *file;
	void *cursor = NULL;
	uint64_t bytes = 0;

	while ((file = map_next(agent->files.by_inode, &cursor)))
		bytes += behind(file);
	return bytes;
}

void agent_begin_progress(struct agent *agent)
{
	uint64_t left = behind_in_all(agent);

	agent->catches_up = agent->until_eof || left > PACE_BEHIND;
	if (agent->catches_up)
		progress_look(&agent->catch_up, left, 0, clock_mono_us());
}

static bool is_there(const struct progress *progress)
{
	return progress->left <= CAUGHT_UP || (double)progress->left < progress->rate;
}

/* "17 s", "5 min", "3 h"; "" where nobody knows. */
static void print_time(int64_t seconds, char *text, size_t len)
{
	text[0] = '\0';
	if (seconds >= 7200)
		snprintf(text, len, ", %" PRId64 " h left", seconds / 3600);
	else if (seconds >= 120)
		snprintf(text, len, ", %" PRId64 " min left", seconds / 60);
	else if (seconds >= 0)
		snprintf(text, len, ", %" PRId64 " s left", seconds);
}

bool agent_print_progress(const struct agent *agent, char *text, size_t len)
{
	const struct progress *progress = &agent->catch_up;
	char time[32], dead[48] = "";

	if (!agent->catches_up)
		return false;
	print_time(progress_seconds(progress), time, sizeof time);
	if (agent->counters.lines_dead)
		snprintf(dead, sizeof dead, ", %" PRIu64 " dead letter%s",
			 agent->counters.lines_dead, agent->counters.lines_dead == 1 ? "" : "s");
	snprintf(text, len, "%s%.1f %% of %.1f MB, %.1f MB/s%s%s",
		 agent->until_eof ? "" : "catching up: ", progress_percent(progress),
		 (double)progress->most / 1e6, progress->rate / 1e6, time, dead);
	return true;
}

static void end(struct agent *agent)
{
	const struct progress *progress = &agent->catch_up;

	agent->catches_up = false;
	log_say(agent->log, LOG_INFO, "caught-up",
		"caught up: of %.1f MB that were behind at the start next to nothing is left after "
		"%" PRIu64 " s",
		(double)progress->most / 1e6,
		(uint64_t)((progress->at_us - progress->since_us) / US_PER_S));
}

void agent_tick_progress(struct agent *agent, uint64_t now_us)
{
	char text[80] = "";

	if (!agent->catches_up)
		return;
	if (map_count(agent->files.by_inode) > MANY_FILES &&
	    now_us - agent->catch_up.at_us < MANY_US)
		return;
	progress_look(&agent->catch_up, behind_in_all(agent), agent->counters.bytes_read, now_us);
	if (!agent->until_eof && is_there(&agent->catch_up))
		end(agent);
	(void)agent_print_progress(agent, text, sizeof text);
	if (agent->draws)
		log_bottom(agent->log, text);
}
